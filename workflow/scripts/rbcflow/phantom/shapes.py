"""Flow-aligned cells as 3-D bodies seen along the optical axis: their thickness in micrometres (used by every phantom).

The image plane is (x, y), the optical axis z, lengths are micrometres. Cells swim with the nose towards +x.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable

FloatArray = NDArray[np.floating]


class Shape(ABC):
    """A body around the origin."""

    @abstractmethod
    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the length (micrometres, same shape as x) of the ray through (x, y) that lies inside the body."""

    @property
    @abstractmethod
    def half_size(self) -> tuple[float, float]:
        """Half-width and half-height of a box around the origin that holds the projected body, in micrometres."""

    @abstractmethod
    def scaled(self, factor: float) -> Shape:
        """Return the body with every length multiplied by ``factor``."""

    def rolled(self, angle: float) -> Shape:
        """Return the body tumbled by ``angle`` (radians) out of the image plane; steady bodies stay as they are."""
        return self


def half_chord(offset: FloatArray, radius: FloatArray) -> FloatArray:
    """Return sqrt(1 - (offset / radius)^2), 0 where the offset is outside the radius or the radius is 0."""
    ratio = np.divide(offset, radius, out=np.full_like(offset, 2), where=radius > 0)
    return np.sqrt(np.clip(1 - np.square(ratio), 0, None))


@dataclass(frozen=True)
class Side:
    """One edge of a flow-aligned cell, from the tail (s = 0) to the nose (s = 1).

    Attributes:
        width: greatest distance from the midline, micrometres.
        tail: exponent at the tail: near 0 blunt, 0.5 round, 1 wedge, above 1 elongated.
        nose: exponent at the nose: 0.5 round.
        stalk: width of a thin tail in units of ``width``; 0 for none.
    """

    width: float
    tail: float = 0.5
    nose: float = 0.5
    stalk: float = 0.0

    def edge(self, s: FloatArray) -> FloatArray:
        """Return the distance of the edge from the midline at 0 <= s <= 1, in micrometres."""
        return self._edge(s, *_logarithms(s))

    def _edge(self, s: FloatArray, from_tail: FloatArray, from_nose: FloatArray) -> FloatArray:
        """Return the edge, given the logarithms of s and 1 - s."""
        peak = self.tail / (self.tail + self.nose)
        highest = self.tail * float(portable.log(peak)) + self.nose * float(portable.log(1 - peak))
        body = portable.exp(self.tail * from_tail + self.nose * from_nose - highest)
        body *= (s > 0) & (s < 1)
        if not self.stalk:
            return self.width * body
        stalk = self.stalk * np.sqrt(np.clip(s * (1 - s), 0, None)) * 2 * np.clip(1.4 - s, 0, 1)
        body, stalk = np.square(body), np.square(stalk)
        return self.width * np.sqrt(np.sqrt(body * body + stalk * stalk))


@dataclass(frozen=True)
class Hollow:
    """The concave rear of a parachute: a paraboloid cut out of the tail end.

    Attributes:
        reach: how far it goes towards the nose, as a share of the cell's length.
        width: half-width at the rear, micrometres.
        offset: distance of its axis from the midline, micrometres (0 for a parachute).
        depth: half-depth along the optical axis over half-width; above the body's own the outline opens (crescent).
    """

    reach: float
    width: float
    offset: float = 0.0
    depth: float = 1.0


@dataclass(frozen=True)
class Swimmer(Shape):
    """A flow-aligned cell as a stack of elliptic sections across the flow: parachute, bullet, slipper, sphere.

    Attributes:
        length: along the flow, micrometres.
        upper, lower: the two edges in the image plane (towards -y and +y).
        depth: half-depth along the optical axis over the mean half-width of the section.
        bend: sideways way of the tail's end from the midline, micrometres (0 for mirror-symmetric cells).
        hollow: concave rear, if any.
    """

    length: float
    upper: Side
    lower: Side
    depth: float = 1.0
    bend: float = 0.0
    hollow: Hollow | None = None

    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """See :class:`Shape`. A section of half-width a and half-depth b has thickness 2 b sqrt(1 - (y / a)^2)."""
        s = np.clip(x / self.length + 0.5, 0, 1)
        off = y - self.bend * np.square(1 - s)
        logarithms = _logarithms(s)
        up, low = (side._edge(s, *logarithms) for side in (self.upper, self.lower))
        solid = self.depth * (up + low) * half_chord(off, np.where(off < 0, up, low))
        if self.hollow is None:
            return solid
        hollow = self.hollow
        half = hollow.width * np.sqrt(np.clip(1 - s / hollow.reach, 0, None))
        return np.clip(solid - 2 * hollow.depth * half * half_chord(off - hollow.offset, half), 0, None)

    @property
    def half_size(self) -> tuple[float, float]:
        """See :class:`Shape`."""
        widest = max(self.upper.width, self.lower.width)
        return self.length / 2, widest * max(1.0, self.upper.stalk, self.lower.stalk) + abs(self.bend)

    def scaled(self, factor: float) -> Swimmer:
        """See :class:`Shape`."""
        hollow = self.hollow and replace(
            self.hollow, width=self.hollow.width * factor, offset=self.hollow.offset * factor
        )
        upper, lower = (replace(side, width=side.width * factor) for side in (self.upper, self.lower))
        return replace(
            self, length=self.length * factor, upper=upper, lower=lower, bend=self.bend * factor, hollow=hollow
        )


def _logarithms(s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the logarithms of s and 1 - s; where one of them is 0, some very small number's."""
    least = 1e-30
    return portable.log(np.maximum(s, least)), portable.log(np.maximum(1 - s, least))


def sphere(radius: float) -> Swimmer:
    """Return a sphere: thickness 2 sqrt(radius^2 - x^2 - y^2)."""
    return Swimmer(length=2 * radius, upper=Side(radius), lower=Side(radius))


def mirrored(shape: Swimmer) -> Swimmer:
    """Return the cell mirrored at the flow axis."""
    hollow = shape.hollow and replace(shape.hollow, offset=-shape.hollow.offset)
    return replace(shape, upper=shape.lower, lower=shape.upper, bend=-shape.bend, hollow=hollow)


def rotate(x: FloatArray, y: FloatArray, angle: float) -> tuple[FloatArray, FloatArray]:
    """Return the points turned by ``angle`` (radians) about the origin."""
    cos, sin = portable.turn(angle)
    return x * cos - y * sin, x * sin + y * cos


def rotated_half_size(half: tuple[float, float], angle: float) -> tuple[float, float]:
    """Return the half-size of the upright box around a box of half-size ``half`` turned by ``angle`` (radians)."""
    cos, sin = (abs(value) for value in portable.turn(angle))
    return half[0] * cos + half[1] * sin, half[0] * sin + half[1] * cos


def volume(shape: Shape, points: int = 64) -> float:
    """Return the volume of a body in cubic micrometres, by the sum of its thickness over a grid of points x points."""
    half_x, half_y = shape.half_size
    x = (np.arange(points) + 0.5) / points * 2 * half_x - half_x
    y = (np.arange(points) + 0.5) / points * 2 * half_y - half_y
    grid_x, grid_y = np.meshgrid(x, y)
    return float(shape.thickness(grid_x, grid_y).sum()) * 4 * half_x * half_y / (points * points)
