"""How the cells of a test set look: shape, colour and halo of every whole one (rule ``measure_looks``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.frames import to_grey
from rbcflow.metrics.inputs import BOX
from rbcflow.runtime.lineage import SEPARATOR
from rbcflow.testsets.files import TestSet, read_testset

COLUMNS = ["testset", "origin", "recording", "frame", "class", "elongation", "saturation", "halo"]
LOOKS = ("elongation", "saturation", "halo")
CUT = "edge"
"""Kind of a box that the frame cuts: its sides say nothing about the cell's."""
RING = (0.8, 1.4)
"""Where a halo lies, in distances from the box's centre that are 1 on the ellipse inside the box."""
AROUND = (1.6, 2.4)
"""Where the background around a cell is taken from."""
BRIGHT = 90
"""Percentile of the ring's grey: a halo is a thin bright line in it, next to the cell's dark rim."""


def measure(testsets: list[Path]) -> pd.DataFrame:
    """Return one row a true box that the frame does not cut.

    Args:
        testsets: folders of test sets; an unavailable one gives no row.

    Returns:
        Columns ``COLUMNS``. ``elongation``: longer over shorter side of the box; ``saturation``: (max - min) / max of
        the three colours, mean over the box; ``halo``: how much brighter than the background around it the cell's
        border is, relative to that background, 0 being as bright. NaN where there is no background around.

    Raises:
        InputError: a test set or one of its images is malformed.
    """
    rows: list[tuple] = []
    for folder in testsets:
        testset = read_testset(folder)
        if testset.available:
            rows += _of_testset(testset)
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_testset(testset: TestSet) -> list[tuple]:
    recordings = testset.frames.set_index("frame")["recording"]
    origin = SEPARATOR.join(testset.meta["origin"])
    rows = []
    for frame, own in testset.truth[testset.truth["kind"] != CUT].groupby("frame"):
        image = testset.image(frame)
        grey, colourful = to_grey(image).astype(float), _saturation(image)
        for class_, box in zip(own["class"], own[BOX].to_numpy(dtype=float), strict=True):
            width, height = box[2] - box[0], box[3] - box[1]
            x0, y0, x1, y1 = np.rint(box).astype(int)
            inside = colourful[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
            looks = (max(width, height) / min(width, height), float(inside.mean()), halo(grey, box))
            rows.append((testset.meta["name"], origin, recordings[frame], frame, class_, *looks))
    return rows


def _saturation(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    if image.ndim == 2:
        return np.zeros(image.shape)
    high, low = image.max(axis=2).astype(float), image.min(axis=2).astype(float)
    return (high - low) / np.maximum(high, 1)


def halo(grey: NDArray[np.float64], box: NDArray[np.float64]) -> float:
    """Return how much brighter a cell's border is than the background around it, relative to that.

    Args:
        grey: (H, W) of the frame.
        box: (4,) corners in pixels.
    """
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    top, bottom = (int(np.clip(centre[1] + sign * AROUND[1] * half[1], 0, grey.shape[0])) for sign in (-1, 1))
    left, right = (int(np.clip(centre[0] + sign * AROUND[1] * half[0], 0, grey.shape[1])) for sign in (-1, 1))
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    distance = np.hypot((x - centre[0]) / half[0], (y - centre[1]) / half[1])
    near = grey[top:bottom, left:right]
    ring, around = (near[(distance >= low) & (distance < high)] for low, high in (RING, AROUND))
    if not len(ring) or not len(around):
        return np.nan
    background = float(np.median(around))
    return float(np.percentile(ring, BRIGHT)) / max(background, 1.0) - 1
