"""How an image with cells looks, in plain numbers, and how far that is from what a detector learned from.

Training measures its own images; a recording's frames are measured at its boxes (stages models and recordings). Nothing
of the network is asked, so a checkpoint of any kind will do, as long as its record has the numbers of its training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import clip

NUMBERS: dict[str, str] = {
    "contrast": "contrast of the cells {} grey levels",
    "steepness": "their edges change by {} of the contrast a pixel",
    "noise": "noise {} grey levels",
    "polarity": "the middle of the cells is {} of the contrast brighter than what is around them",
}
"""What is measured, in this order and in pixels as the detector sees them, and the words for it."""

LOGARITHMS = ("contrast", "steepness", "noise")
"""Numbers whose ratios matter."""

LEAST_NOISE = 0.25
"""Grey levels added to the noise: rounding to whole levels hides less."""

LEAST_SIDE_PX = 8
"""Smaller boxes say nothing of edges."""

AUGMENTED = {"contrast": 0.24, "steepness": 0.29, "noise": 0.24, "polarity": 0.0}
"""Scatter that training adds to its images, standard deviations: Ultralytics draws a brightness of 0.6 to 1.4 and a
size of 0.5 to 1.5 (``hsv_v``, ``scale``); of the logarithm of a number sampled evenly from these, it is so much."""

QUANTILE = 0.99
FEWEST = 20
"""Images below which a training's scatter is not known."""


@dataclass(frozen=True)
class Reference:
    """How a detector's training images look.

    Attributes:
        mean: of the numbers, (4,), logarithms where ratios matter.
        covariance: (4, 4), what augmentation adds included.
        limit: distance that 99 % of the training images stay within.
        low, high: 1 % and 99 % of the training images, by number.
        images: how many were measured.
    """

    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    limit: float
    low: dict[str, float]
    high: dict[str, float]
    images: int

    @classmethod
    def of_record(cls, record: Mapping[str, Any] | None) -> Reference | None:
        """Return the reference in a ``training.json``, None where there is none."""
        stored = (record or {}).get("looks")
        return cls(**stored) if stored else None

    def unlike(self, measured: Iterable[dict[str, float]]) -> float | None:
        """Return how unlike the training's images are: their median distance over the reference's limit.

        Args:
            measured: of ``look``, an item an image; None where there is none.
        """
        # frames without noise are no harder to see than the training's
        points = _points(one | {"noise": max(one["noise"], self.low["noise"])} for one in measured)
        return float(np.median(_distances(points, self.mean, self.covariance))) / self.limit if len(points) else None

    def strange(self, measured: list[Mapping[str, float]]) -> list[str]:
        """Return in words which numbers lie, in the median, outside those of 98 % of the training images."""
        words = []
        for name, meaning in NUMBERS.items():
            value = float(np.median([one[name] for one in measured]))
            if value > self.high[name] or (value < self.low[name] and name != "noise"):
                low, high = _digits(self.low[name]), _digits(self.high[name])
                words.append(f"{meaning.format(_digits(value))} (in training {low} to {high})")
        return words


def _digits(value: float) -> str:
    """Return a number in two digits, whole where it has more before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def reference(measured: list[Mapping[str, float]]) -> Reference | None:
    """Return the reference of training images, None where there are too few.

    Args:
        measured: of ``look``, an item an image.
    """
    if len(measured) < FEWEST:
        return None
    points = _points(measured)
    mean = points.mean(axis=0)
    covariance = np.cov(points.T) + np.diag([AUGMENTED[name] ** 2 + 1e-4 for name in NUMBERS])
    limit = float(np.quantile(_distances(points, mean, covariance), QUANTILE))
    ends = {name: np.quantile([one[name] for one in measured], [1 - QUANTILE, QUANTILE]) for name in NUMBERS}
    return Reference(
        tuple(np.round(mean, 5).tolist()),
        tuple(map(tuple, np.round(covariance, 6).tolist())),
        round(limit, 4),
        {name: round(float(low), 4) for name, (low, _) in ends.items()},
        {name: round(float(high), 4) for name, (_, high) in ends.items()},
        len(measured),
    )


def look(image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> dict[str, float] | None:
    """Return the numbers of an image as a detector sees it; None without a box that is large enough.

    Args:
        image: (H, W) uint8 grey.
        boxes: (N, 4) corners of its cells in pixels.
    """
    height, width = image.shape
    corners = np.round(clip(boxes, width, height)).astype(int)
    large = corners[(corners[:, 2:] - corners[:, :2]).min(axis=1, initial=1 << 30) >= LEAST_SIDE_PX]
    if not len(large):
        return None
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    gradient = np.hypot(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    cells = np.array([_cell(smooth, gradient, box) for box in large])
    contrast, steepness, polarity = np.median(cells, axis=0)
    return {
        "contrast": float(contrast),
        "steepness": float(steepness),
        "noise": noise(image, corners),
        "polarity": float(polarity),
    }


def noise(image: NDArray[np.uint8], corners: NDArray[np.int64]) -> float:
    """Return the standard deviation of an image's noise outside of boxes, grey levels (Immerkaer 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(image, cv2.CV_32F, kernel))
    free = np.ones(image.shape, bool)
    for x0, y0, x1, y1 in corners:
        free[y0:y1, x0:x1] = False
    seen = rough[free] if free.sum() > 100 else rough
    # edges of the channel are no noise
    return float(np.sqrt(np.pi / 2) / 6 * np.minimum(seen, np.quantile(seen, 0.95)).mean())


def _cell(
    smooth: NDArray[np.float32], gradient: NDArray[np.float32], box: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return contrast, steepness and polarity of one cell."""
    x0, y0, x1, y1 = box
    inside = smooth[y0:y1, x0:x1]
    dark, bright = np.quantile(inside, [0.02, 0.98])
    contrast = max(float(bright - dark), 1.0)
    steep = float(np.quantile(gradient[y0:y1, x0:x1], 0.95)) / contrast
    width, height = x1 - x0, y1 - y0
    middle = smooth[y0 + height // 4 : y1 - height // 4, x0 + width // 4 : x1 - width // 4]
    wide = smooth[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2]
    rim = np.concatenate([wide[:2].ravel(), wide[-2:].ravel(), wide[:, :2].ravel(), wide[:, -2:].ravel()])
    return contrast, steep, float(middle.mean() - np.median(rim)) / contrast


def _points(measured: Iterable[Mapping[str, float]]) -> NDArray[np.float64]:
    """Return (N, 4) numbers of images, logarithms where ratios matter."""
    rows = [
        [
            np.log(one[name] + (LEAST_NOISE if name == "noise" else 0)) if name in LOGARITHMS else one[name]
            for name in NUMBERS
        ]
        for one in measured
    ]
    return np.array(rows, dtype=float).reshape(-1, len(NUMBERS))


def _distances(points: NDArray[np.float64], mean: Any, covariance: Any) -> NDArray[np.float64]:
    """Return (N,) Mahalanobis distances."""
    off = points - np.asarray(mean)
    return np.sqrt(np.einsum("ni,ij,nj->n", off, np.linalg.inv(np.asarray(covariance)), off))
