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

ALIKE = 1.7
"""Sides up to this many times larger or smaller than the training's count as like them: training images are shown to a
network at 0.5 to 1.5 times their size."""

SAMPLE = 8
"""Frames of a recording that are looked at to find the factor."""

ENOUGH = 8
"""Fewest boxes on those frames that say how large cells are."""

LADDER = (0.25, 0.5, 2.0, 4.0)
"""Factors tried where frames as they are do not show cells like the training's."""

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

    Cells much larger than the training's are taken for many small ones, and much smaller ones are not found, so that
    their size on frames as they are says little. A factor counts by the scores of boxes that are, as the network sees
    them, like the training's, less the scores of all others.

    Args:
        probe: the content of its ``probe.json``.
        finder: the network.
    """
    if probe["scale"]:
        return Scale(float(probe["scale"]), f"x{probe['scale']:g}, as the sheet says", [])
    images = _sample(probe)
    looks = [_look(finder, probe, images, 1.0)]
    if not looks[0].fits:
        looks += [_look(finder, probe, images, factor) for factor in LADDER]
    tried = [look.told() for look in looks]
    best = max(looks, key=lambda look: look.score)
    if best.score <= 0 or best.like < ENOUGH:
        return Scale(1.0, "x1: at no factor are enough boxes like the cells of the training", tried)
    factor = finder.side / best.median
    if 1 / finder.near <= factor <= finder.near:
        return Scale(1.0, f"x1: cells of {best.median:.0f} px are like the training's, {finder.side:.0f} px", tried)
    reason = f"cells of {best.median:.0f} px are brought to the {finder.side:.0f} px of the training"
    return Scale(round(factor, 3), f"x{factor:.3g}: {reason}", tried)


@dataclass(frozen=True)
class _Look:
    """What is found at a factor: boxes in all and like the training's, their median side in the frame, the score."""

    factor: float
    boxes: int
    like: int
    median: float
    score: float

    @property
    def fits(self) -> bool:
        """Whether nearly all boxes are like the training's, so that no other factor has to be tried."""
        return self.like >= ENOUGH and self.like >= 0.75 * self.boxes

    def told(self) -> dict[str, float | None]:
        """Return the record of it."""
        median = round(self.median, 1) if self.like else None
        return {"factor": self.factor, "boxes": self.boxes, "like_training": self.like, "median_px": median}


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


def _look(finder: CellFinder, probe: dict[str, Any], images: list[NDArray[np.uint8]], factor: float) -> _Look:
    """Return what is found on frames shown at a factor."""
    size = batch_size(probe, factor)
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    boxes = pd.concat([table for batch in batches for table in finder.find(batch, factor)])
    x0, y0, x1, y1 = (boxes[name].to_numpy() for name in CORNERS)
    sides, scores = np.sqrt((x1 - x0) * (y1 - y0)), boxes["cell"].to_numpy()
    like = np.abs(np.log(np.maximum(sides, 1e-6) * factor / finder.side)) <= np.log(ALIKE)
    median = float(np.median(sides[like])) if like.any() else 0.0
    return _Look(factor, len(boxes), int(like.sum()), median, float(scores[like].sum() - scores[~like].sum()))
