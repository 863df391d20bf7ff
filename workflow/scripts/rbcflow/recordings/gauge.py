"""How far a recording is from what a detector learned, and what its boxes are therefore worth, without any truth.

What is measured on a few frames: whether second looks confirm the boxes (the frame mirrored, and smaller), how
sure they are, how far the network's own features lie from those of training images, and plain numbers (``looks``: size,
contrast, steepness, noise, polarity). Frames disturbed on purpose, whose truth is known, say how average precision
follows from these (``recordings.gauging``, target ``make universal``); the result lies beside a checkpoint as
``gauge.json``. Stability of boxes under small changes as a stand-in for accuracy: Yang et al. 2024, "Bounding box
stability against feature dropout reflects detector generalization across environments", ICLR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import iou_matrix
from rbcflow.core.tables import read_object
from rbcflow.detector import looks
from rbcflow.detector.sizes import resized
from rbcflow.recordings.network import CORNERS, CellFinder

NAME = "gauge.json"
"""Beside a checkpoint that has one."""

TERMS: dict[str, str] = {
    "unconfirmed": "second looks find only {:.0%} of the boxes again",
    "unsure": "boxes have a mean score of only {:.2f}",
    "unknown": "the network's features lie {:.1f} times as far from the training images as these from each other",
    "size": "cells are {:.1f} times as large as in training",
    "noise": "noise is {:.0%} of the cells' contrast",
    "looks": "contrast, edges, noise and polarity lie {:.1f} times as far out as nearly all training images",
}
"""What average precision is told from, each worse where it is larger, and the words for what is told."""

LAYER = 6
"""Of the backbone, whose features are pooled: the last of the middle resolution, 16 pixels a place."""

COMPONENTS = 16
"""Directions in which features of training images differ most; others are mostly chance."""

FACTORS = (0.8,)
"""Of the second looks that are not mirrored: another grid of places, the same cells."""

FAINT = 0.05
"""Score from which a box that does not count is still a sign of something."""

VALID, DOUBTFUL = 0.8, 0.6
"""Average precision that must be expected for a verdict."""

VERDICTS = ("valid", "doubtful", "not valid")


@dataclass(frozen=True)
class Seen:
    """What one frame shows.

    Attributes:
        scores: of the boxes, the faint ones included.
        overlaps: of every box of a first and a second look, with its best partner in the other; 0 without one.
        sides: of the boxes that count, pixels as the network saw them.
        features: (C,) of the backbone, pooled over the frame.
        look: of ``looks.look``, None without a box that is large enough.
    """

    scores: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    sides: NDArray[np.float64]
    features: NDArray[np.float64]
    look: dict[str, float] | None


@dataclass(frozen=True)
class Space:
    """Where the features of training images lie.

    Attributes:
        mean: (C,).
        axes: (COMPONENTS, C), each divided by the spread along it.
    """

    mean: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]

    @classmethod
    def of_images(cls, features: NDArray[np.float64]) -> Space:
        """Return the space of (N, C) features of training images."""
        mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
        _, lengths, axes = np.linalg.svd((features - mean) / spread, full_matrices=False)
        scaled = axes[:COMPONENTS] / spread / (lengths[:COMPONENTS, None] / np.sqrt(len(features)))
        return cls(tuple(np.round(mean, 5).tolist()), tuple(map(tuple, np.round(scaled, 4).tolist())))

    def distance(self, features: NDArray[np.float64]) -> float:
        """Return how far (C,) features lie from the mean, in units of the training images' own distances."""
        return float(np.sqrt(np.mean((np.array(self.axes) @ (features - np.array(self.mean))) ** 2)))


@dataclass(frozen=True)
class Reading:
    """What a gauge says of a recording.

    Attributes:
        expected: average precision of its boxes at IoU 0.5, between 0 and 1.
        verdict: one of ``VERDICTS``.
        numbers: by term; None without a box.
        reasons: what costs most, in words; empty where valid.
    """

    expected: float
    verdict: str
    numbers: dict[str, float] | None
    reasons: list[str]


@dataclass(frozen=True)
class Gauge:
    """Average precision of a detector as it follows from what needs no truth.

    Attributes:
        sha256: of the checkpoint's bytes.
        space: of its features.
        reference: how its training images look; None where nobody recorded it.
        side: of the cells it learned from, pixels as it saw them.
        start: average precision where every term is as at its best.
        best: by term, what costs nothing.
        costs: by term, average precision lost for each unit above that.
    """

    sha256: str
    space: Space
    reference: looks.Reference | None
    side: float
    start: float
    best: dict[str, float]
    costs: dict[str, float]

    def read(self, seen: Sequence[Seen]) -> Reading:
        """Return what frames of a recording say of its boxes."""
        numbers = terms(seen, self.space, self.reference, self.side)
        if numbers is None:
            return Reading(0.0, VERDICTS[-1], None, ["no boxes: nothing is like the cells that the detector knows"])
        lost = {name: self.costs[name] * max(numbers[name] - self.best[name], 0.0) for name in self.costs}
        expected = float(np.clip(self.start - sum(lost.values()), 0, 1))
        verdict = verdict_of(expected)
        dear = [name for name in sorted(lost, key=lambda name: -lost[name]) if lost[name] >= 0.03]
        reasons = [] if verdict == VERDICTS[0] else [TERMS[name].format(_told(name, numbers)) for name in dear[:3]]
        return Reading(expected, verdict, numbers, reasons)


def verdict_of(expected: float) -> str:
    """Return the verdict on boxes of an expected average precision."""
    return VERDICTS[0] if expected >= VALID else VERDICTS[1] if expected >= DOUBTFUL else VERDICTS[2]


def read_gauge(checkpoint: Path, sha256: str, record: Mapping[str, Any], side: float) -> Gauge | None:
    """Return the gauge beside a checkpoint, None where there is none of this very file.

    Args:
        checkpoint: its file.
        sha256: of its bytes.
        record: its ``training.json``.
        side: of the cells it learned from.

    Raises:
        InputError: the file is no gauge.
    """
    path = checkpoint.parent / NAME
    if not path.is_file():
        return None
    stored = read_object(path, "a detector's gauge", ["sha256", "space", "start", "best", "costs"])
    if stored["sha256"] != sha256:
        return None
    known = {name: stored[name] for name in ("start", "best", "costs")}
    space = Space(tuple(stored["space"]["mean"]), tuple(map(tuple, stored["space"]["axes"])))
    return Gauge(sha256, space, looks.Reference.of_record(record), side, **known)


def features_of(finder: CellFinder, image: NDArray[np.uint8], scale: float) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the boxes of a frame, the faint ones included, and (C,) features of the backbone, pooled over it.

    Args:
        finder: the detector.
        image: (H, W) uint8 grey.
        scale: factor on both sides of the frame.
    """
    kept: list[Any] = []
    hook = finder.network.model[LAYER].register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        found = replace(finder, least=FAINT).find([image], scale)[0]
    finally:
        hook.remove()
    # a large frame is looked at in several tiles
    return found, np.mean([output.float().mean(dim=(0, 2, 3)).cpu().numpy() for output in kept], axis=0).astype(float)


def look_at(finder: CellFinder, image: NDArray[np.uint8], scale: float) -> Seen:
    """Return what a frame shows to a detector at a factor; arguments as ``features_of``."""
    found, features = features_of(finder, image, scale)
    corners = _corners(found[found["cell"] >= finder.least])
    mirrored = _corners(finder.find([np.ascontiguousarray(image[:, ::-1])], scale)[0])
    mirrored[:, [0, 2]] = image.shape[1] - mirrored[:, [2, 0]]
    others = [mirrored, *(_corners(finder.find([image], scale * factor)[0]) for factor in FACTORS)]
    height, width = image.shape
    shown = resized(image, (max(1, round(width * scale)), max(1, round(height * scale))))
    return Seen(
        scores=found["cell"].to_numpy(dtype=float),
        overlaps=np.concatenate([_overlaps(corners, other) for other in others]),
        sides=np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1)) * scale,
        features=features,
        look=looks.look(shown, corners * scale) if len(corners) else None,
    )


def terms(
    seen: Sequence[Seen], space: Space, reference: looks.Reference | None, side: float
) -> dict[str, float] | None:
    """Return what average precision is told from, by the names in ``TERMS``; None without a box.

    Args:
        seen: frames.
        space: of the training images' features.
        reference: how these look; without it that term is 0.
        side: of their cells.
    """
    sides = np.concatenate([one.sides for one in seen])
    if not len(sides):
        return None
    looked = [one.look for one in seen if one.look]
    ratio = float(np.median(sides)) / side
    noisy = [one["noise"] / one["contrast"] for one in looked]
    return {
        "unconfirmed": 1 - float(np.concatenate([one.overlaps for one in seen]).mean()),
        "unsure": 1 - float(np.concatenate([one.scores for one in seen]).mean()),
        "unknown": float(np.median([space.distance(one.features) for one in seen])),
        "size": abs(float(np.log2(ratio))),
        "noise": float(np.median(noisy)) if noisy else 1.0,
        "looks": (reference.unlike(looked) or 0.0) if reference else 0.0,
        "ratio": ratio,
    }


def _told(name: str, numbers: Mapping[str, float]) -> float:
    """Return the number that the words of a term are about."""
    if name in ("unconfirmed", "unsure"):
        return 1 - numbers[name]
    return numbers["ratio"] if name == "size" else numbers[name]


def _corners(found: pd.DataFrame) -> NDArray[np.float64]:
    return found[list(CORNERS)].to_numpy(dtype=float)


def _overlaps(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the overlap of every box of two looks with its best partner in the other."""
    overlap = iou_matrix(first, second)
    return np.concatenate([overlap.max(axis=1, initial=0.0), overlap.max(axis=0, initial=0.0)])
