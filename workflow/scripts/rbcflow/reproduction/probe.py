"""A quick look at what this processor draws: a few cells, channels and images, against the committed ones.

Used by rule ``probe_pixels``, on which all that draws waits, and by ``make fingerprints``. What is compared with the
laboratories' 8 bits is rounded sixteen times finer here, so that few cells tell as much as many.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.classes import CLASSES
from rbcflow.datasets.dataset import label_text
from rbcflow.datasets.image import compose
from rbcflow.datasets.spec import PRESETS, VariantSpec
from rbcflow.datasets.stock import Cutout, Stock
from rbcflow.phantom.optics import expose, render
from rbcflow.phantom.population import KINDS, sample_cell
from rbcflow.phantom.single import random_optics
from rbcflow.phantom.walls import channel, random_walls

LOGGER = logging.getLogger(__name__)
COLUMNS = ["name", "fingerprint", "as_committed"]
CELLS, CHANNELS, IMAGES = 3, 4, 8
"""Cells of every kind, empty channels, and images of every variant."""

FINE = 255 * 16


def probe() -> dict[str, str]:
    """Return the sha256 over a few pictures of each kind: ``cells``, ``channels``, and every variant by its name."""
    stock: Stock = {name: [_ellipse(name, side) for side in (25, 37, 49)] for name in CLASSES}
    return {"cells": _cells(), "channels": _channels()} | {name: _images(name, stock) for name in sorted(PRESETS)}


def write_probe(committed: Mapping[str, str], output: Path) -> list[str]:
    """Draw the probe, write what is as committed, and warn of what is not.

    Args:
        committed: the committed fingerprints.
        output: CSV with the columns ``COLUMNS``.

    Returns:
        What this processor draws differently.
    """
    found = probe()
    rows = [(name, digest, committed.get(name) == digest) for name, digest in found.items()]
    output.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=COLUMNS).to_csv(output, index=False)
    different = [name for name, _, same in rows if not same]
    if different:
        LOGGER.warning(
            "this processor, or these versions of the packages, compute other pixels: %s", ", ".join(different)
        )
    return different


def _digest(pictures: list[NDArray]) -> str:
    return hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()


def _fine(light: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.rint(light * FINE).astype(np.int32)


def _cells() -> str:
    """Return the digest over cells of every kind under random optics, with and without colour, and their masks."""
    pictures: list[NDArray] = []
    for number, kind in enumerate(sorted(KINDS)):
        rng = np.random.default_rng([number, 1])
        for _ in range(CELLS):
            cell = sample_cell(kind, rng)
            patch = render(cell, random_optics(cell, rng), (rng.uniform(0, 1), rng.uniform(0, 1)))
            pictures += [_fine(patch.ratio), _fine(portable.power(patch.ratio, 0.7)), patch.mask]
            pictures.append(expose(130 * patch.ratio, 0.1, 1.2, rng))
    return _digest(pictures)


def _channels() -> str:
    """Return the digest over empty channels."""
    generators = [np.random.default_rng([number, 2]) for number in range(CHANNELS)]
    return _digest([_fine(channel(96, 128, rng, walls=random_walls(96, rng), dirt=2.0)) for rng in generators])


def _images(name: str, stock: Stock) -> str:
    """Return the digest over images of a variant and their labels."""
    spec = VariantSpec.from_dict({"name": name})
    digest = hashlib.sha256()
    for index in range(IMAGES):
        composite = compose(spec, "train", index, 0, stock)
        digest.update(composite.image.tobytes() + label_text(composite).encode())
    return digest.hexdigest()


def _ellipse(name: str, side: int) -> Cutout:
    """Return a dark ellipse with a darker core on flat grey; integer arithmetic draws it."""
    rows, columns = np.mgrid[: side + 12, : 2 * side + 12] - np.array([side // 2 + 6, side + 6])[:, None, None]
    distance = 4 * rows**2 + columns**2
    mask = distance < side**2
    crop = np.where(mask, np.where(distance < side**2 // 4, 70, 100 + 5 * CLASSES.index(name)), 150).astype(np.uint8)
    return Cutout(f"probe-{name}-{side}", name, crop, mask, background=150.0)
