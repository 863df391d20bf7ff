"""Cells that do not align with the flow: discs, polylobes, leukocytes, debris, groups (used by every phantom)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from rbcflow.core import portable
from rbcflow.phantom.shapes import FloatArray, Shape, half_chord, rotate, rotated_half_size

RESTING_RADIUS = 3.91
"""Micrometres: the disc of Evans and Fung at 300 mosmol."""

RAY_STEP = 0.05
"""Distance of the samples on a ray through a disc, in units of its radius."""


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
        """See :class:`Shape`. The ray is sampled near the disc; a sample at the surface counts by its share."""
        cos, sin = portable.turn(self.tilt)
        cos = max(abs(cos), 1e-3)
        near = 0.4 * self.radius
        low, high = (np.clip((end - x * sin) / cos, -self.radius, self.radius) for end in (-near, near))
        samples = math.ceil(min(2 * near / cos, 2 * self.radius) / (RAY_STEP * self.radius))
        step = (high - low) / samples + 1e-6
        z = low + step * (np.arange(samples, dtype=np.float32).reshape(-1, *[1] * x.ndim) + 0.5)
        height = self.half_height((np.square(x * cos - z * sin) + np.square(y)) / (self.radius * self.radius))
        depth = (height - np.abs(x * sin + z * cos)) / step
        # Only rays that truly enter count, or the half-counted samples would widen the outline.
        inside = np.clip(depth + 0.5, 0, 1) * (height > 0)
        return inside.sum(axis=0) * step * (depth.max(axis=0) > 0)

    @property
    def half_size(self) -> tuple[float, float]:
        """See :class:`Shape`."""
        rho = np.linspace(0, 1, 41)
        cos, sin = (abs(value) for value in portable.turn(self.tilt))
        reach = rho * self.radius * cos + self.half_height(np.square(rho)) * sin
        return float(reach.max()), self.radius

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
        distance = np.sqrt(np.square(x) + np.square(y))
        outline = self.radius * (1 + self._wave(x, y, distance))
        body = half_chord(distance, outline)
        thick = self.height * body
        for gx, gy, size, bump in self.grains:
            thick = thick + bump * body * portable.exp((np.square(x - gx) + np.square(y - gy)) * (-0.5 / (size * size)))
        return np.clip(thick, 0.05 * self.height * (body > 0), None)

    def _wave(self, x: FloatArray, y: FloatArray, distance: FloatArray) -> FloatArray:
        """Return the sum of amplitude cos(n angle + phase) at points, whose distance from the centre is known.

        Sine and cosine of the multiples of an angle follow from those of the angle.
        """
        cos = np.divide(x, distance, out=np.ones_like(x), where=distance > 0)
        sin = np.divide(y, distance, out=np.zeros_like(y), where=distance > 0)
        total, many_cos, many_sin, reached = np.zeros_like(x), np.ones_like(x), np.zeros_like(x), 0
        for n, amplitude, phase in sorted(self.waves):
            for _ in range(n - reached):
                many_cos, many_sin = many_cos * cos - many_sin * sin, many_cos * sin + many_sin * cos
            shift_cos, shift_sin = portable.turn(phase)
            total += amplitude * (many_cos * shift_cos - many_sin * shift_sin)
            reached = n
        return total

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
        total = np.zeros_like(x)
        for shape, cx, cy, angle in self.members:
            half_x, half_y = shape.half_size
            near = np.square(x - cx) + np.square(y - cy) < half_x * half_x + half_y * half_y
            total[near] += shape.thickness(*rotate(x[near] - cx, y[near] - cy, -angle))
        return total

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
