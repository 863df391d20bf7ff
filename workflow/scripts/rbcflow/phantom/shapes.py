"""Red-cell shapes as 3-D bodies seen along the optical axis: their thickness in micrometres (used by every phantom).

The image plane is (x, y), the optical axis z, lengths are micrometres. Cells swim with the nose towards +x.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

RESTING_RADIUS = 3.91
"""Micrometres: the disc of Evans and Fung at 300 mosmol."""

RAY_SAMPLES = 33
"""Points along a ray through a tilted disc."""


class Shape(ABC):
    """A body around the origin."""

    @abstractmethod
    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the length of the ray through (x, y) that lies inside the body, in micrometres, 0 outside; same shape as x."""

    @property
    @abstractmethod
    def half_size(self) -> tuple[float, float]:
        """Half-width and half-height of a box around the origin that holds the projected body, in micrometres."""

    @abstractmethod
    def scaled(self, factor: float) -> Shape:
        """Return the body with every length multiplied by ``factor``."""

    def rolled(self, angle: float) -> Shape:
        """Return the body tumbled by ``angle`` (radians) out of the image plane; bodies with a steady shape stay as they are."""
        return self


def half_chord(offset: FloatArray, radius: FloatArray) -> FloatArray:
    """Return sqrt(1 - (offset / radius)^2), 0 where the offset is outside the radius or the radius is 0."""
    ratio = np.divide(offset, radius, out=np.full(np.broadcast(offset, radius).shape, 2.0), where=radius > 0)
    return np.sqrt(np.clip(1 - ratio**2, 0, None))


@dataclass(frozen=True)
class Side:
    """One edge of a flow-aligned cell, from the tail (s = 0) to the nose (s = 1).

    Attributes:
        width: greatest distance from the midline, micrometres.
        tail: exponent at the tail: near 0 blunt, 0.5 round, 1 wedge, above 1 drawn out.
        nose: exponent at the nose: 0.5 round.
        stalk: width of a thin tail in units of ``width``; 0 for none.
    """

    width: float
    tail: float = 0.5
    nose: float = 0.5
    stalk: float = 0.0

    def edge(self, s: FloatArray) -> FloatArray:
        """Return the distance of the edge from the midline at 0 <= s <= 1, in micrometres."""
        peak = self.tail / (self.tail + self.nose)
        body = (s / peak) ** self.tail * ((1 - s) / (1 - peak)) ** self.nose
        stalk = self.stalk * np.sqrt(np.clip(s * (1 - s), 0, None)) * 2 * np.clip(1.4 - s, 0, 1)
        return self.width * (body**4 + stalk**4) ** 0.25


@dataclass(frozen=True)
class Hollow:
    """The concave rear of a parachute: a paraboloid cut out of the tail end.

    Attributes:
        reach: how far it goes towards the nose, as a share of the cell's length.
        width: half-width at the rear, micrometres.
        offset: distance of its axis from the midline, micrometres (0 for a parachute).
        depth: half-depth along the optical axis over half-width; above the body's own ratio it opens the outline (crescent).
    """

    reach: float
    width: float
    offset: float = 0.0
    depth: float = 1.0


@dataclass(frozen=True)
class Swimmer(Shape):
    """A flow-aligned cell as a stack of elliptic sections across the flow: parachute, bullet, tear-drop, slipper, ellipsoid, sphere.

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
        off = y - self.bend * (1 - s) ** 2
        up, low = self.upper.edge(s), self.lower.edge(s)
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
        hollow = self.hollow and replace(self.hollow, width=self.hollow.width * factor, offset=self.hollow.offset * factor)
        upper, lower = (replace(side, width=side.width * factor) for side in (self.upper, self.lower))
        return replace(
            self, length=self.length * factor, upper=upper, lower=lower, bend=self.bend * factor, hollow=hollow
        )


def sphere(radius: float) -> Swimmer:
    """Return a sphere: thickness 2 sqrt(radius^2 - x^2 - y^2)."""
    return Swimmer(length=2 * radius, upper=Side(radius), lower=Side(radius))


@dataclass(frozen=True)
class Disc(Shape):
    """The biconcave disc at rest after Evans and Fung, Microvasc. Res. 4 (1972) 335, tumbled about the y axis.

    Attributes:
        radius: micrometres (``RESTING_RADIUS`` at isotonicity).
        tilt: radians; 0 face-on, pi/2 edge-on.
        dimple: 1 for the resting disc, 0 for a disc swollen so far that the dimple is gone.
    """

    radius: float
    tilt: float = 0.0
    dimple: float = 1.0

    def half_height(self, r2: FloatArray) -> FloatArray:
        """Return half the disc's own thickness at the squared relative radius ``r2``, micrometres; 0 from 1 on."""
        r2 = np.clip(r2, 0, 1)
        c0 = 0.81 + (1 - self.dimple) * 1.9
        c2 = 7.83 - (1 - self.dimple) * 5.5
        c4 = 4.25 - c0 - c2
        return 0.5 * self.radius / RESTING_RADIUS * np.sqrt(1 - r2) * (c0 + (c2 + c4 * r2) * r2)

    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """See :class:`Shape`. The ray is sampled; a sample near the surface counts by its share."""
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        thick = np.zeros(x.shape, dtype=np.float32)
        hit = np.hypot(x / self.half_size[0], y / self.radius) < 1.2
        x, y = x[hit].astype(np.float32), y[hit].astype(np.float32)
        z, step = np.linspace(-self.radius, self.radius, RAY_SAMPLES, retstep=True, dtype=np.float32)
        along = x * np.float32(cos) - z[:, None] * np.float32(sin)
        across = x * np.float32(sin) + z[:, None] * np.float32(cos)
        height = self.half_height((along**2 + y**2) / self.radius**2)
        inside = np.clip((height - np.abs(across)) / step + 0.5, 0, 1) * (height > 0)
        thick[hit] = inside.sum(axis=0) * step
        return thick

    @property
    def half_size(self) -> tuple[float, float]:
        """See :class:`Shape`."""
        return self.radius * float(np.hypot(np.cos(self.tilt), 0.4 * np.sin(self.tilt))), self.radius

    def scaled(self, factor: float) -> Disc:
        """See :class:`Shape`."""
        return replace(self, radius=self.radius * factor)

    def rolled(self, angle: float) -> Disc:
        """See :class:`Shape`."""
        return replace(self, tilt=self.tilt + angle)


@dataclass(frozen=True)
class Lobed(Shape):
    """A lens with a wavy outline: polylobes, debris, and with grains inside leukocytes.

    Attributes:
        radius: mean radius, micrometres.
        height: thickness at the centre, micrometres.
        waves: (number of lobes, amplitude as share of the radius, phase) of each harmonic of the outline.
        grains: (x, y, radius, thickness) of each bump or pit inside, micrometres.
    """

    radius: float
    height: float
    waves: tuple[tuple[int, float, float], ...]
    grains: tuple[tuple[float, float, float, float], ...] = ()

    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """See :class:`Shape`."""
        angle = np.arctan2(y, x)
        outline = self.radius * (1 + sum(amplitude * np.cos(n * angle + phase) for n, amplitude, phase in self.waves))
        body = half_chord(np.hypot(x, y), outline)
        thick = self.height * body
        for gx, gy, size, bump in self.grains:
            thick = thick + bump * body * np.exp(-((x - gx) ** 2 + (y - gy) ** 2) / (2 * size**2))
        return np.clip(thick, 0.05 * self.height * (body > 0), None)

    @property
    def half_size(self) -> tuple[float, float]:
        """See :class:`Shape`."""
        reach = self.radius * (1 + sum(abs(amplitude) for _, amplitude, _ in self.waves))
        return reach, reach

    def scaled(self, factor: float) -> Lobed:
        """See :class:`Shape`."""
        grains = tuple(tuple(factor * value for value in grain) for grain in self.grains)
        return replace(self, radius=self.radius * factor, height=self.height * factor, grains=grains)


@dataclass(frozen=True)
class Group(Shape):
    """Cells on top of or against each other: their thicknesses add.

    Attributes:
        members: (shape, x, y, angle) of each cell, micrometres and radians.
    """

    members: tuple[tuple[Shape, float, float, float], ...]

    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """See :class:`Shape`."""
        return sum(shape.thickness(*rotate(x - cx, y - cy, -angle)) for shape, cx, cy, angle in self.members)

    @property
    def half_size(self) -> tuple[float, float]:
        """See :class:`Shape`."""
        halves = [rotated_half_size(shape.half_size, angle) for shape, _, _, angle in self.members]
        half_x = max(abs(cx) + half[0] for (_, cx, _, _), half in zip(self.members, halves, strict=True))
        half_y = max(abs(cy) + half[1] for (_, _, cy, _), half in zip(self.members, halves, strict=True))
        return half_x, half_y

    def scaled(self, factor: float) -> Group:
        """See :class:`Shape`."""
        return Group(tuple((s.scaled(factor), x * factor, y * factor, angle) for s, x, y, angle in self.members))


def rotate(x: FloatArray, y: FloatArray, angle: float) -> tuple[FloatArray, FloatArray]:
    """Return the points turned by ``angle`` (radians) about the origin."""
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos - y * sin, x * sin + y * cos


def rotated_half_size(half: tuple[float, float], angle: float) -> tuple[float, float]:
    """Return the half-size of the upright box around a box of half-size ``half`` turned by ``angle`` (radians)."""
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    return half[0] * cos + half[1] * sin, half[0] * sin + half[1] * cos


def volume(shape: Shape, points: int = 64) -> float:
    """Return the volume of a body in cubic micrometres, by the sum of its thickness over a grid of points x points."""
    half_x, half_y = shape.half_size
    x = (np.arange(points) + 0.5) / points * 2 * half_x - half_x
    y = (np.arange(points) + 0.5) / points * 2 * half_y - half_y
    grid_x, grid_y = np.meshgrid(x, y)
    return float(shape.thickness(grid_x, grid_y).sum()) * 4 * half_x * half_y / points**2
