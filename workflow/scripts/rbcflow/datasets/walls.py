"""Straight channel walls: the fringes along the whole frame that detectors mistake for rows of cells (stage datasets).

The preprint's walls are lines between random points of the borders, and its channel two triple lines. Real recordings
show a bundle of dark and bright fringes on either side of the channel, which is what is simulated here.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.portable import FloatImage, blur, warp
from rbcflow.datasets.decor import Stroke, draw, wiggle
from rbcflow.datasets.spec import VariantSpec

BORDER = 16
"""Rows the brightness profile is drawn beyond the frame, for the tilt."""


def fringe(distance: NDArray[np.float64], contrast: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the relative brightness change across a straight wall: alternating dark and bright lines and a soft glow.

    Args:
        distance: (N,) signed distance to the wall in pixels, positive on the side of the fluid.
        contrast: depth of the strongest line, 0..1.
        rng: source of randomness.
    """
    count = int(rng.integers(2, 6))
    places = np.cumsum(rng.uniform(3, 9, count))
    places -= rng.choice(places)
    signs = np.where((np.arange(count) + rng.integers(2)) % 2, 0.6, -1.0)
    depths = contrast * signs * rng.uniform(0.3, 1, count)
    widths = rng.uniform(0.9, 3, count)
    lines = depths[:, None] * np.exp(-0.5 * ((distance - places[:, None]) / widths[:, None]) ** 2)
    glow = rng.uniform(-0.08, 0.15) * np.exp(-np.abs(distance) / rng.uniform(5, 20))
    return lines.sum(axis=0) + glow


def straight_walls(
    shape: tuple[int, int], walls: tuple[float, float], contrast: float, inside: float, rng: np.random.Generator
) -> FloatImage:
    """Return the brightness factor of two straight parallel horizontal walls along the whole frame.

    Args:
        shape: height and width of the frame in pixels.
        walls: rows of the upper and the lower wall; outside the frame means not seen.
        contrast: depth of the strongest fringe, 0..1.
        inside: relative change of brightness between the walls.
        rng: source of randomness.

    Returns:
        (H, W) float32, 1 far from the walls; the walls are tilted by up to 1.5 %.
    """
    height, width = shape
    rows = np.arange(-BORDER, height + BORDER, dtype=np.float64)
    profile = fringe(rows - walls[0], contrast, rng) + fringe(walls[1] - rows, contrast, rng)
    fluid = 1 / (1 + np.exp(-np.minimum(rows - walls[0], walls[1] - rows).clip(-30, 30)))
    profile += inside * fluid + rng.uniform(-0.15, 0.15) * (1 - fluid)
    slope = rng.uniform(-0.015, 0.015)
    tilt = np.array([[0, 0, 0], [slope, 1, BORDER - slope * width / 2]])
    # Two equal columns: bilinear sampling at column 0 then never needs OpenCV's slow border path.
    columns = np.repeat(profile[:, None], 2, axis=1)
    return 1 + warp(columns, tilt, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def walls(image: FloatImage, gray: bool, rng: np.random.Generator) -> None:
    """Lay a pair of straight walls over the image in place: three of four horizontal, anywhere, one of them perhaps
    outside.

    Args:
        image: (H, W) float32 in grey levels.
        gray: faint fringes instead of strong ones.
        rng: source of randomness.
    """
    view = image if rng.random() < 0.75 else image.T
    height = view.shape[0]
    gap, centre = rng.uniform(0.25, 1.1) * height, rng.uniform(0, 1) * height
    contrast = rng.uniform(0.05, 0.2) if gray else rng.uniform(0.2, 0.65)
    view *= straight_walls(view.shape, (centre - gap / 2, centre + gap / 2), contrast, 0, rng)


def channel(image: FloatImage, state: str, spec: VariantSpec, rng: np.random.Generator) -> tuple[float, float]:
    """Lay a horizontal channel over the image in place.

    Args:
        image: (H, W) float32 in grey levels.
        state: ``normal``, ``lighten`` or ``darken``: whether the fluid is brighter or darker than what is outside.
        spec: the range of the channel's height.
        rng: source of randomness.

    Returns:
        The rows of its upper and lower wall.
    """
    height = rng.uniform(*spec.channel_height)
    top = rng.uniform(0, image.shape[0] - height)
    if spec.channel_walls == "lines":
        _lined_channel(image, state, (top, top + height), rng)
        return top, top + height
    inside = {"normal": 0, "lighten": 1, "darken": -1}[state] * rng.uniform(0.04, 0.2)
    image *= straight_walls(image.shape, (top, top + height), rng.uniform(0.1, 0.65), inside, rng)
    return top, top + height


def _lined_channel(image: FloatImage, state: str, rows: tuple[float, float], rng: np.random.Generator) -> None:
    """Draw the preprint's channel in place: two walls of three nested lines, and between them grey levels that are 20
    higher or lower and start anew at 0 above 255, with soft borders.

    Args:
        image: (H, W) float32 in grey levels.
        state: ``normal``, ``lighten`` or ``darken``.
        rows: of the upper and the lower wall.
        rng: source of randomness.
    """
    base = float(image.mean())
    inside = np.zeros_like(image)
    inside[round(rows[0]) : round(rows[1])] = 1
    change = {"normal": 0, "lighten": 20, "darken": -20}[state]
    image += blur(inside, 31, 5) * ((image + np.float32(change)) % 256 - image)
    greys = [base + rng.uniform(0, 15), base + rng.uniform(-80, -30), rng.uniform(200, 255)]
    thickness = [int(rng.integers(4, 6)), int(rng.integers(3, 5)), 1]
    across = np.arange(image.shape[1], dtype=float)
    for row in rows:
        line = wiggle(np.column_stack([across, np.full_like(across, row)]), 0.8, 6, rng)
        draw(image, [Stroke(line, *pair) for pair in zip(greys, thickness, strict=True)], blur=True)
