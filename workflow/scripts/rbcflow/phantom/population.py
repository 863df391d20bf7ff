"""Random cells: every kind of shape the phantoms draw, with continuous random size, aspect, curvature and tilt.

Red cells get their size from their volume (90 +- 12 fL), so that length, width and depth stay consistent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rbcflow.core import portable
from rbcflow.phantom.shapes import (
    FloatArray,
    Hollow,
    Shape,
    Side,
    Swimmer,
    mirrored,
    rotate,
    rotated_half_size,
    sphere,
    volume,
)
from rbcflow.phantom.tumblers import Disc, Group, Lobed


@dataclass(frozen=True)
class Cell:
    """A cell as it lies in the image plane.

    Attributes:
        class_: class name.
        kind: shape family, a key of ``KINDS``.
        shape: the body, nose towards +x.
        angle: turn in the image plane, radians.
        facing: 1 if the nose points to +x, -1 for flow to the left.
        spin, roll: turn per frame in the image plane and out of it, radians.
    """

    class_: str
    kind: str
    shape: Shape
    angle: float = 0.0
    facing: int = 1
    spin: float = 0.0
    roll: float = 0.0

    def thickness(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the projected thickness in micrometres at image-plane points relative to the centre, micrometres."""
        return self.shape.thickness(*rotate(x * self.facing, y, -self.angle))

    @property
    def half_size(self) -> tuple[float, float]:
        """Half-width and half-height in the image plane, micrometres."""
        return rotated_half_size(self.shape.half_size, self.angle)

    def after(self, frames: int) -> Cell:
        """Return the cell as it lies some frames later: tumbling cells turn, steady ones stay."""
        return replace(self, angle=self.angle + self.spin * frames, shape=self.shape.rolled(self.roll * frames))


def _croissant(rng: np.random.Generator) -> Shape:
    """A parachute: from a nearly flat bell to a deep cup, with a closed or an open (crescent) rear."""
    side = Side(width=1.0, tail=rng.uniform(0.10, 0.24), nose=rng.uniform(0.45, 0.68))
    other = replace(side, width=rng.uniform(0.94, 1.06))
    ratio = rng.uniform(0.75, 1.0)
    hollow = Hollow(
        reach=rng.uniform(0.3, 0.68),
        width=rng.uniform(0.45, 0.75),
        offset=rng.normal(0, 0.02),
        depth=ratio * rng.uniform(0.8, 1.8),
    )
    return Swimmer(rng.uniform(1.1, 2.2), side, other, ratio, bend=rng.normal(0, 0.02), hollow=hollow)


def _bullet(rng: np.random.Generator) -> Shape:
    """A tear-drop or bullet with the tail on the axis, as parachutes look in narrow channels."""
    stalk = rng.uniform(0.12, 0.35) * (rng.random() < 0.4)
    side = Side(1.0, tail=rng.uniform(0.35, 1.9) + stalk * 2, nose=rng.uniform(0.4, 0.6), stalk=stalk)
    hollow = Hollow(rng.uniform(0.15, 0.5), rng.uniform(0.2, 0.45)) if side.tail < 0.7 and rng.random() < 0.5 else None
    other = replace(side, width=rng.uniform(0.93, 1.07))
    return Swimmer(rng.uniform(3.0, 9.5), side, other, rng.uniform(0.75, 1.0), bend=rng.normal(0, 0.04), hollow=hollow)


def _slipper(rng: np.random.Generator) -> Shape:
    """A sheared cell off the axis: one arm long, the other short, hollow between them at the rear."""
    upper = Side(rng.uniform(0.55, 0.9), tail=rng.uniform(0.5, 1.3), nose=rng.uniform(0.4, 0.8))
    lower = Side(rng.uniform(0.8, 1.15), tail=rng.uniform(0.15, 0.5), nose=rng.uniform(0.4, 0.7))
    hollow = Hollow(
        reach=rng.uniform(0.3, 0.65),
        width=rng.uniform(0.35, 0.6),
        offset=-rng.uniform(0.1, 0.4),
        depth=rng.uniform(0.6, 1.6),
    )
    bend = rng.uniform(0.45, 0.95)
    return Swimmer(
        rng.uniform(2.2, 4.2), upper, lower, rng.uniform(0.6, 0.95), bend, hollow if rng.random() < 0.85 else None
    )


def _tear(rng: np.random.Generator) -> Shape:
    """An elongated slipper: a tear-drop whose tail leaves the midline."""
    stalk = rng.uniform(0.12, 0.35) * (rng.random() < 0.35)
    upper = Side(
        rng.uniform(0.75, 1.0), tail=rng.uniform(0.8, 2.4) + stalk * 2, nose=rng.uniform(0.45, 0.7), stalk=stalk
    )
    lower = Side(1.0, tail=rng.uniform(0.5, 1.2) + stalk * 2, nose=rng.uniform(0.4, 0.6), stalk=stalk)
    return Swimmer(rng.uniform(4.0, 9.5), upper, lower, rng.uniform(0.7, 1.0), bend=rng.uniform(0.4, 1.1))


def _disc(rng: np.random.Generator) -> Shape:
    """A tumbling disc, all tilts but edge-on, which is ``rod``."""
    return Disc(1.0, tilt=portable.arccos(rng.uniform(0.2, 1.0)), dimple=rng.uniform(0.6, 1.0))


def _rod(rng: np.random.Generator) -> Shape:
    """A disc seen (nearly) edge-on."""
    return Disc(1.0, tilt=np.pi / 2 + rng.normal(0, 0.12), dimple=rng.uniform(0.5, 1.0))


def _sphere(rng: np.random.Generator) -> Shape:
    """A sphere or a slightly elongated one."""
    return replace(sphere(1.0), length=2 * rng.uniform(0.95, 1.3))


def _polylobe(rng: np.random.Generator) -> Shape:
    """Trilobes and their like."""
    lobes = int(rng.integers(2, 5))
    waves = (
        (lobes, rng.uniform(0.08, 0.20), rng.uniform(0, 2 * np.pi)),
        (lobes + 1, rng.uniform(0, 0.10), rng.uniform(0, 6)),
    )
    pits = tuple(
        (*rng.normal(0, 0.35, 2).tolist(), rng.uniform(0.2, 0.4), -rng.uniform(0.2, 0.8))
        for _ in range(int(rng.integers(1, 4)))
    )
    return Lobed(1.0, rng.uniform(0.8, 1.5), waves, pits)


def _leukocyte(rng: np.random.Generator) -> Shape:
    """A large round cell full of granules, sometimes elongated."""
    waves = tuple((n, rng.uniform(0, 0.12 / n), rng.uniform(0, 2 * np.pi)) for n in (2, 3, 5))
    places = rng.uniform(-0.8, 0.8, (int(rng.integers(12, 40)), 2))
    grains = tuple((x, y, rng.uniform(0.05, 0.16), rng.normal(0, 0.30)) for x, y in places.tolist())
    return Lobed(1.0, rng.uniform(0.9, 1.6), waves, grains)


def _debris(rng: np.random.Generator) -> Shape:
    """A small irregular scrap."""
    waves = tuple((n, rng.uniform(0, 0.4 / n), rng.uniform(0, 2 * np.pi)) for n in (2, 3, 4, 5))
    return Lobed(1.0, rng.uniform(0.6, 1.8), waves)


def _doublet(rng: np.random.Generator) -> Shape:
    """Two to four cells that touch or lie on each other, one after the other along a random way."""
    makers = (_disc, _sphere, _croissant, _bullet, _rod)
    members, x, y = [], 0.0, 0.0
    for _ in range(int(rng.choice([2, 3, 4], p=[0.7, 0.2, 0.1]))):
        shape = makers[int(rng.integers(len(makers)))](rng)
        shape = shape.scaled(_cube_root(4.0 / volume(shape, 24)))
        members.append((shape, x, y, rng.normal(0, 0.5)))
        way, step = rng.uniform(-0.9, 0.9), rng.uniform(0.7, 1.7)
        cos, sin = portable.turn(way)
        x, y = x + step * cos, y + step * sin
    middle_x, middle_y = (float(np.mean([member[place] for member in members])) for place in (1, 2))
    return Group(tuple((shape, x - middle_x, y - middle_y, angle) for shape, x, y, angle in members))


def _semi_parachute(rng: np.random.Generator) -> Shape:
    """On its way to a parachute: bell-shaped, the rear flat or only just hollow, seldom mirror-symmetric."""
    side = Side(width=1.0, tail=rng.uniform(0.12, 0.3), nose=rng.uniform(0.45, 0.65))
    other = replace(side, width=rng.uniform(0.82, 1.0), tail=side.tail * rng.uniform(1.0, 1.6))
    ratio = rng.uniform(0.75, 1.0)
    hollow = Hollow(
        reach=rng.uniform(0.12, 0.26),
        width=rng.uniform(0.35, 0.6),
        offset=rng.normal(0, 0.1),
        depth=ratio * rng.uniform(0.6, 1.1),
    )
    return Swimmer(rng.uniform(1.5, 2.3), side, other, ratio, bend=rng.normal(0, 0.08), hollow=hollow)


def _semi_slipper(rng: np.random.Generator) -> Shape:
    """On its way to a slipper: one arm a little longer, weakly bent, the hollow shallow."""
    upper = Side(rng.uniform(0.75, 0.95), tail=rng.uniform(0.3, 0.6), nose=rng.uniform(0.4, 0.65))
    lower = Side(rng.uniform(0.9, 1.1), tail=rng.uniform(0.2, 0.4), nose=rng.uniform(0.4, 0.65))
    hollow = Hollow(
        reach=rng.uniform(0.15, 0.3),
        width=rng.uniform(0.3, 0.5),
        offset=-rng.uniform(0.05, 0.3),
        depth=rng.uniform(0.5, 1.0),
    )
    bend = rng.uniform(0.15, 0.4)
    return Swimmer(
        rng.uniform(1.9, 2.9), upper, lower, rng.uniform(0.65, 0.95), bend, hollow if rng.random() < 0.6 else None
    )


def _cube_root(value: float) -> float:
    """Return the cube root of a positive number."""
    return float(portable.power(value, 1 / 3))


@dataclass(frozen=True)
class Kind:
    """How a kind of cell is simulated.

    Attributes:
        class_: class name.
        make: draws the shape, in arbitrary units.
        volume: mean and standard deviation of the volume in cubic micrometres (femtolitres).
        angle: standard deviation of the turn in the image plane, radians; None for any angle.
    """

    class_: str
    make: Callable[[np.random.Generator], Shape]
    volume: tuple[float, float] = (90.0, 12.0)
    angle: float | None = None


KINDS: dict[str, Kind] = {
    "croissant": Kind("croissant", _croissant, angle=0.06),
    "bullet": Kind("croissant", _bullet, angle=0.02),
    "slipper": Kind("slipper", _slipper, angle=0.10),
    "tear": Kind("slipper", _tear, angle=0.04),
    "disc": Kind("other", _disc),
    "rod": Kind("other", _rod),
    "sphere": Kind("other", _sphere, angle=0.1),
    "polylobe": Kind("other", _polylobe),
    "doublet": Kind("other", _doublet, volume=(200.0, 30.0), angle=0.3),
    "leukocyte": Kind("other", _leukocyte, volume=(380.0, 90.0)),
    "debris": Kind("other", _debris, volume=(8.0, 3.0)),
    "semi_parachute": Kind("other", _semi_parachute, angle=0.08),
    "semi_slipper": Kind("other", _semi_slipper, angle=0.10),
}
"""Kinds of cell and the class each belongs to."""


def sample_cell(kind: str, rng: np.random.Generator) -> Cell:
    """Draw a random cell of a kind, nose towards +x, above or below the axis with equal chance.

    Args:
        kind: a key of ``KINDS``.
        rng: random numbers.
    """
    recipe = KINDS[kind]
    shape = recipe.make(rng)
    mean, spread = recipe.volume
    wanted = max(rng.normal(mean, spread), 0.3 * mean)
    shape = shape.scaled(_cube_root(wanted / volume(shape)))
    if isinstance(shape, Swimmer) and rng.random() < 0.5:
        shape = mirrored(shape)
    angle = rng.uniform(0, 2 * np.pi) if recipe.angle is None else rng.normal(0, recipe.angle)
    tumbles = kind in ("disc", "rod", "polylobe")
    spin, roll = (rng.normal(0, 0.15), rng.normal(0, 0.2)) if tumbles else (0.0, 0.0)
    return Cell(recipe.class_, kind, shape, angle, spin=spin, roll=roll)
