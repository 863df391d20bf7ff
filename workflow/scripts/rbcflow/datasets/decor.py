"""What dirties a frame: hairs, dots, lines from border to border; never labelled (stage datasets)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.portable import FloatImage

FIXED_POINT = 4
"""Fractional bits of OpenCV's drawing coordinates."""


@dataclass(frozen=True)
class Stroke:
    """A line to draw: (N, 2) points in pixels (x, y), its grey level and its thickness in pixels."""

    points: NDArray[np.float64]
    grey: float
    thickness: int


def wiggle(points: NDArray[np.float64], amplitude: float, step: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Displace a line's points smoothly: the elastic deformation of the preprint, applied to the curve instead of the
    pixels.

    Args:
        points: (N, 2), one point about every pixel.
        amplitude: standard deviation of the displacement in pixels.
        step: distance in points over which displacements are independent.
        rng: source of randomness.
    """
    knots = rng.standard_normal((len(points) // step + 4, 2))
    smooth = cv2.resize(knots, (2, len(knots) * step), interpolation=cv2.INTER_CUBIC)
    return points + amplitude * smooth[step : step + len(points)]


def draw(image: FloatImage, strokes: list[Stroke], blur: bool) -> None:
    """Draw strokes in place, anti-aliased, later ones on top; ``blur`` softens them by a 5x5 Gaussian."""
    paint = np.clip(image, 0, 255).astype(np.uint8)
    cover = np.zeros(image.shape, np.uint8)
    for stroke in strokes:
        points = [np.rint(stroke.points * 2**FIXED_POINT).astype(np.int32)]
        for layer, grey in ((paint, stroke.grey), (cover, 255)):
            cv2.polylines(layer, points, False, float(grey), stroke.thickness, cv2.LINE_AA, FIXED_POINT)
    if blur:
        paint, cover = (cv2.GaussianBlur(layer, (5, 5), 0) for layer in (paint, cover))
    image += (paint - image) * (cover * np.float32(1 / 255))


def hair(image: FloatImage, rng: np.random.Generator) -> None:
    """Draw a thin black hair, 10-100 px long and 1-3 px thick, curled, at a random place."""
    length = int(rng.integers(10, 101))
    angle = rng.uniform(0, 2 * np.pi)
    along = np.linspace(-length / 2, length / 2, length + 1)[:, None] * [np.cos(angle), np.sin(angle)]
    place = rng.uniform(0, 1, 2) * image.shape[::-1]
    draw(image, [Stroke(wiggle(along, 6, 20, rng) + place, 0, int(rng.integers(1, 4)))], blur=False)


def dots(image: FloatImage, rng: np.random.Generator) -> None:
    """Draw five black specks of radius 1-3 px.

    An elastic deformation with a correlation of 12 px shears a disc of 3 px but does not bend it: the specks are
    ellipses.
    """
    for _ in range(5):
        place = np.rint(rng.uniform(0, 1, 2) * image.shape[::-1] * 2**FIXED_POINT).astype(int)
        axes = np.rint(rng.uniform(1, 3) * rng.uniform(0.7, 1.3, 2) * 2**FIXED_POINT).astype(int)
        cv2.ellipse(image, place, axes, rng.uniform(0, 180), 0, 360, 0.0, -1, cv2.LINE_8, FIXED_POINT)


def crossing_wall(image: FloatImage, gray: bool, rng: np.random.Generator, covering: bool = False) -> None:
    """Draw a wall between random points of two different borders (preprint: dark, middle and bright line, or only the
    first two).

    The preprint shifts its lines by one and two pixels, so that the thick bright line hides the others; here they lie
    side by side, as the fringes of a wall do, unless ``covering`` asks for the preprint's.
    """
    height, width = image.shape
    borders = [
        (rng.uniform(0, width), 0),
        (width, rng.uniform(0, height)),
        (rng.uniform(0, width), height),
        (0, rng.uniform(0, height)),
    ]
    first, second = rng.choice(4, 2, replace=False)
    start, end = np.array(borders[first], float), np.array(borders[second], float)
    length = max(2, int(np.hypot(*(end - start))))
    line = wiggle(start + np.linspace(0, 1, length)[:, None] * (end - start), 0.8, 6, rng)
    normal = np.array([start[1] - end[1], end[0] - start[0]]) / length * rng.choice([-1, 1])
    greys = [rng.uniform(0, 15), rng.uniform(85, 140), rng.uniform(200, 255)]
    thickness = [int(t) for t in rng.integers([1, 1, 3], [5, 5, 8])]
    if gray:
        thickness = [thickness[0]] * 2
    offsets = np.cumsum([0, *[1 if covering else (a + b) / 2 for a, b in pairwise(thickness)]])
    strokes = [Stroke(line + offset * normal, g, t) for offset, g, t in zip(offsets, greys, thickness, strict=False)]
    draw(image, strokes, blur=not gray)
