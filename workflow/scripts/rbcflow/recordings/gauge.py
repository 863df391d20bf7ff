"""How far a recording is from what a detector learned, and what its boxes are therefore worth, without any truth.

What is measured on a few frames: how sure the boxes are, how far the network's own features lie from those of training
images, how large cells are, and plain numbers of their looks (``detector.looks``). Frames disturbed on purpose, whose
truth is known, say how average precision follows from these (``recordings.gauging``, target ``make universal``); the
result lies beside a checkpoint as ``gauge.json``. Confidence and features as stand-ins for accuracy: Guillory et al.
2021, "Predicting with confidence on unseen distributions", ICCV; Lee et al. 2018, "A simple unified framework for
detecting out-of-distribution samples", NeurIPS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.names import GAUGE, GAUGE_VERDICTS
from rbcflow.core.tables import read_object
from rbcflow.detector import looks
from rbcflow.detector.sizes import resized
from rbcflow.recordings.network import CORNERS, CellFinder

TERMS: dict[str, str] = {
    "unsure": "the boxes' mean score is only {:.2f}",
    "unknown": "the network's features lie {:.1f} times as far out as those of its training images",
    "small": "cells are {:.2f} times as large as they should be",
    "large": "cells are {:.2f} times as large as they should be",
}
"""What average precision is told from, each worse where it is larger, and the words for what is told."""

LAYER = 6
"""Of the backbone, whose features are pooled: the last of the middle resolution, 16 pixels a place."""

COMPONENTS = 16
"""Directions in which features of training images differ most; others are mostly chance."""

BORNE = float(np.log2(1.7))
"""Size of cells, in octaves from what it should be, that costs nothing."""

VALID, DOUBTFUL = 0.8, 0.6
"""Average precision that must be expected for a verdict."""

WORTH_A_WORD = 0.03
"""Average precision lost by a term from which it is named as a reason."""

FAR = 2.0
"""Distance of features that is named as a reason where boxes are not valid, also where it costs nothing by itself: the
boxes' scores fall with it."""


@dataclass(frozen=True)
class Seen:
    """What one frame shows.

    Attributes:
        scores: (N,) of the boxes.
        sides: (N,) of the boxes, pixels as the network saw them.
        features: (C,) of the backbone, pooled over the frame.
        look: of ``looks.look``, None without a box that is large enough.
    """

    scores: NDArray[np.float64]
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
        """Return how far (C,) features lie from the mean; 1 is the training images' root mean square."""
        return float(np.sqrt(np.mean((np.array(self.axes) @ (features - np.array(self.mean))) ** 2)))


@dataclass(frozen=True)
class GaugeResult:
    """What a gauge says of a recording.

    Attributes:
        expected: average precision of its boxes at IoU 0.5, between 0 and 1.
        verdict: one of ``GAUGE_VERDICTS``.
        numbers: by term; None without a box.
        reasons: what costs most, and what looks unlike the training images, in words; empty where valid.
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
        side: that cells should have, pixels as it sees them.
        start: average precision where every term is at its best.
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

    def read(self, seen: Sequence[Seen]) -> GaugeResult:
        """Return what frames of a recording say of its boxes."""
        numbers = terms(seen, self.space, self.side)
        if numbers is None:
            return GaugeResult(
                0.0, GAUGE_VERDICTS[-1], None, ["no boxes: nothing is like the cells that the detector knows"]
            )
        lost = {name: self.costs[name] * max(numbers[name] - self.best[name], 0.0) for name in self.costs}
        expected = float(np.clip(self.start - sum(lost.values()), 0, 1))
        if (verdict := verdict_of(expected)) == GAUGE_VERDICTS[0]:
            return GaugeResult(expected, verdict, numbers, [])
        dear = [name for name in sorted(lost, key=lambda name: -lost[name]) if lost[name] >= WORTH_A_WORD]
        dear += ["unknown"] if numbers["unknown"] > FAR and "unknown" not in dear else []
        reasons = [TERMS[name].format(_told(name, numbers)) for name in dear]
        looked = [one.look for one in seen if one.look]
        strange = self.reference.strange(looked) if self.reference and looked else []
        return GaugeResult(expected, verdict, numbers, reasons + strange)


def verdict_of(expected: float) -> str:
    """Return the verdict on boxes of an expected average precision."""
    return GAUGE_VERDICTS[0] if expected >= VALID else GAUGE_VERDICTS[1] if expected >= DOUBTFUL else GAUGE_VERDICTS[2]


def read_gauge(checkpoint: Path, sha256: str, record: Mapping[str, Any], side: float) -> Gauge | None:
    """Return the gauge beside a checkpoint, None where there is none of this very file.

    Args:
        checkpoint: its file.
        sha256: of its bytes.
        record: its ``training.json``.
        side: that cells should have.

    Raises:
        InputError: the file is no gauge.
    """
    path = checkpoint.parent / GAUGE
    if not path.is_file():
        return None
    stored = read_object(path, "a detector's gauge", ["sha256", "space", "start", "best", "costs"])
    if stored["sha256"] != sha256:
        return None
    known = {name: stored[name] for name in ("start", "best", "costs")}
    space = Space(tuple(stored["space"]["mean"]), tuple(map(tuple, stored["space"]["axes"])))
    return Gauge(sha256, space, looks.Reference.of_record(record), side, **known)


def look_at(finder: CellFinder, image: NDArray[np.uint8], scale: float) -> Seen:
    """Return what a frame shows to a detector.

    Args:
        finder: the detector.
        image: (H, W) uint8 grey.
        scale: factor on both sides of the frame.
    """
    kept: list[Any] = []
    hook = finder.network.model[LAYER].register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        found = finder.find([image], scale)[0]
    finally:
        hook.remove()
    # a large frame is looked at in several tiles
    features = np.mean([output.float().mean(dim=(0, 2, 3)).cpu().numpy() for output in kept], axis=0)
    corners = found[list(CORNERS)].to_numpy(dtype=float)
    height, width = image.shape
    shown = resized(image, (max(1, round(width * scale)), max(1, round(height * scale))))
    return Seen(
        scores=found["cell"].to_numpy(dtype=float),
        sides=np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1)) * scale,
        features=features.astype(float),
        look=looks.look(shown, corners * scale) if len(corners) else None,
    )


def terms(seen: Sequence[Seen], space: Space, side: float) -> dict[str, float] | None:
    """Return what average precision is told from, by the names in ``TERMS``; None without a box.

    Args:
        seen: frames.
        space: of the training images' features.
        side: that cells should have.
    """
    sides = np.concatenate([one.sides for one in seen])
    if not len(sides):
        return None
    octaves = float(np.log2(np.median(sides) / side))
    return {
        "unsure": 1 - float(np.concatenate([one.scores for one in seen]).mean()),
        "unknown": float(np.median([space.distance(one.features) for one in seen])),
        "small": max(-octaves - BORNE, 0.0),
        "large": max(octaves - BORNE, 0.0),
    }


def _told(name: str, numbers: Mapping[str, float]) -> float:
    """Return the number that the words of a term are about."""
    octaves = {"small": -BORNE - numbers["small"], "large": BORNE + numbers["large"]}
    return 1 - numbers[name] if name == "unsure" else 2 ** octaves[name] if name in octaves else numbers[name]
