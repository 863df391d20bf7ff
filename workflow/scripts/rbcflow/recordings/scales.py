"""The factor by which frames are enlarged before the network sees them: rule ``detect_recording``."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import area
from rbcflow.detector import fitting
from rbcflow.detector.fitting import Fit
from rbcflow.recordings.media import frames_of
from rbcflow.recordings.network import CORNERS, CellFinder
from rbcflow.recordings.units import CELL_UM

SAMPLE = 24
"""Frames of a recording that are looked at to find the factor."""

AT_ONCE = 1 << 19
"""Pixels of a batch: more are no faster on a processor and take more memory."""

BATCH = 16


def choose(probe: dict[str, Any], finder: CellFinder) -> Fit:
    """Return the factor for a recording: the sheet's, or the one that makes cells as large as in the training.

    Args:
        probe: the content of its ``probe.json``.
        finder: the network.
    """
    if probe["scale"]:
        return Fit(float(probe["scale"]), "sheet", None, 0, f"x{probe['scale']:g}, as the sheet says")
    if probe.get("pixel_um"):
        return fitting.of_side(CELL_UM / probe["pixel_um"], finder.learned)
    images = _sample(probe)
    return fitting.fit(lambda factor: _sides(finder, probe, images, factor), finder.learned)


def batch_size(probe: dict[str, Any], factor: float) -> int:
    """Return how many frames go through the network at once."""
    return int(np.clip(AT_ONCE // (_pixels(probe) * factor**2), 1, BATCH))


def _pixels(probe: dict[str, Any]) -> int:
    """Return the pixels of a frame, or of its region of interest."""
    x0, y0, x1, y1 = probe["roi"] or (0, 0, probe["width"], probe["height"])
    return (x1 - x0) * (y1 - y0)


def places(probe: dict[str, Any]) -> set[int]:
    """Return places of frames spread evenly over a recording."""
    return set(np.linspace(0, probe["n_frames"] - 1, SAMPLE).round().astype(int).tolist())


def _sample(probe: dict[str, Any]) -> list[NDArray[np.uint8]]:
    """Return frames spread evenly over a recording."""
    wanted = places(probe)
    frames = itertools.islice(frames_of(probe), max(wanted) + 1)
    return [image for place, (_, image) in enumerate(frames) if place in wanted]


def _sides(
    finder: CellFinder, probe: dict[str, Any], images: list[NDArray[np.uint8]], factor: float
) -> NDArray[np.float64]:
    """Return (N,) the sides of the boxes on frames shown at a factor, pixels of the frame."""
    size = batch_size(probe, factor)
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    boxes = pd.concat([table for batch in batches for table in finder.find(batch, factor)])
    return np.sqrt(area(boxes[list(CORNERS)].to_numpy(dtype=float)))
