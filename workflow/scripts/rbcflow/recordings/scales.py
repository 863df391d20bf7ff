"""The factor by which frames are enlarged before the network sees them: rule ``detect_recording``."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.recordings.media import frames_of
from rbcflow.recordings.network import CORNERS, CellFinder

TRAINED_PX = 34.0
"""Side of a cell, the root of width times height, in the images that detectors are trained on."""

SAMPLE = 24
"""Frames of a recording that are looked at to find the factor."""

ENOUGH = 10
"""Fewest boxes on those frames that say how large cells are."""

NEAR = 0.1
"""A factor this near to 1 is 1: frames that fit are left as they are."""

LIMITS = (0.1, 10.0)
PIXELS = 1 << 22
"""Most pixels of a frame before the network: larger ones take gigabytes."""

AT_ONCE = 1 << 19
"""Pixels of a batch: more are no faster on a processor and take more memory."""

BATCH = 16


@dataclass(frozen=True)
class Scale:
    """A factor on both sides of a frame.

    Attributes:
        factor: the factor.
        reason: why this one.
        tried: for each factor tried, how many boxes were found on the sample and how large they are in the frame.
    """

    factor: float
    reason: str
    tried: list[dict[str, float | None]]


def choose(probe: dict[str, Any], finder: CellFinder) -> Scale:
    """Return the factor for a recording: the sheet's, or the one that makes cells as large as in the training.

    Args:
        probe: the content of its ``probe.json``.
        finder: the network.
    """
    largest = float(np.sqrt(PIXELS / _pixels(probe)))
    if probe["scale"]:
        return Scale(float(probe["scale"]), f"x{probe['scale']:g}, as the sheet says", [])
    images = _sample(probe)
    sides = [_sides(finder, probe, images, 1.0)]
    tried = [_told(1.0, sides[0])]
    if len(sides[0]) < ENOUGH:
        return Scale(min(1.0, largest), f"x1: {len(sides[0])} boxes are too few to tell how large cells are", tried)
    median = float(np.median(sides[0]))
    factor = float(np.clip(TRAINED_PX / median, *LIMITS))
    if abs(factor - 1) <= NEAR:
        factor = 1.0
    reason = f"cells of {median:.0f} px are brought to the {TRAINED_PX:.0f} px of the training"
    if factor > largest:
        factor, reason = largest, f"{reason} as far as memory allows"
    return Scale(round(factor, 3), f"x{factor:.3g}: {reason}", tried)


def batch_size(probe: dict[str, Any], factor: float) -> int:
    """Return how many frames go through the network at once."""
    return int(np.clip(AT_ONCE // (_pixels(probe) * factor**2), 1, BATCH))


def _pixels(probe: dict[str, Any]) -> int:
    """Return the pixels of a frame, or of its region of interest."""
    x0, y0, x1, y1 = probe["roi"] or (0, 0, probe["width"], probe["height"])
    return (x1 - x0) * (y1 - y0)


def _sample(probe: dict[str, Any]) -> list[NDArray[np.uint8]]:
    """Return frames spread evenly over a recording."""
    wanted = set(np.linspace(0, probe["n_frames"] - 1, SAMPLE).round().astype(int).tolist())
    frames = itertools.islice(frames_of(probe), max(wanted) + 1)
    return [image for place, (_, image) in enumerate(frames) if place in wanted]


def _sides(
    finder: CellFinder, probe: dict[str, Any], images: list[NDArray[np.uint8]], factor: float
) -> NDArray[np.float64]:
    """Return the sides of all boxes on frames shown at a factor, in pixels of the frame."""
    size = batch_size(probe, factor)
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    boxes = pd.concat([table for batch in batches for table in finder.find(batch, factor)])
    x0, y0, x1, y1 = (boxes[name].to_numpy() for name in CORNERS)
    return np.sqrt((x1 - x0) * (y1 - y0))


def _told(factor: float, sides: NDArray[np.float64]) -> dict[str, float | None]:
    return {
        "factor": factor,
        "boxes": len(sides),
        "median_px": round(float(np.median(sides)), 1) if len(sides) else None,
    }
