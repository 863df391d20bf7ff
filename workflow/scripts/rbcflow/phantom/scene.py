"""A recording: cells swim along a channel, enter and leave the field of view (used by the laboratories' writers)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import mask_box
from rbcflow.phantom.optics import Optics, Patch, render
from rbcflow.phantom.population import Cell, sample_cell

MIN_VISIBLE_PX = 4
"""A cell counts as soon as its visible part is this wide and high: nobody could see or outline less."""


@dataclass(frozen=True)
class Scene:
    """What is recorded, and how.

    Attributes:
        width, height: of the frames, pixels.
        axis: row of the channel's axis, pixels.
        half_width: of the channel, pixels.
        direction: 1 for flow to the right, -1 to the left.
        step: way of a cell on the axis from frame to frame, pixels.
        spacing: mean free way between cells, pixels.
        gap: least distance between the ends of neighbouring cells, pixels; negative lets them overlap.
        optics: the microscope.
        focus_spread_um: standard deviation of the cells' distance from the plane of focus.
        shares: of each class, by name.
        kinds: for each class the weights of its kinds.
    """

    width: int
    height: int
    axis: float
    half_width: float
    direction: int
    step: float
    spacing: float
    gap: float
    optics: Optics
    focus_spread_um: float
    shares: dict[str, float]
    kinds: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Instance:
    """The visible part of a cell in a frame.

    Attributes:
        number: of the cell in its recording, the same in all frames.
        class_, kind: as in :class:`Cell`.
        box: half-open integer box (x0, y0, x1, y1) of the visible part.
        mask: (y1 - y0, x1 - x0) bool.
        touches_edge: the box ends at the frame's edge.
    """

    number: int
    class_: str
    kind: str
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    touches_edge: bool


@dataclass(frozen=True)
class View:
    """One frame before the sensor: (H, W) float32 light relative to the empty channel, and the cells in it."""

    index: int
    ratio: NDArray[np.float32]
    instances: list[Instance]


@dataclass(frozen=True)
class _Swim:
    """A cell on its way: start (pixels along the flow), speed (pixels per frame), row, and half-length for spacing."""

    cell: Cell
    optics: Optics
    start: float
    speed: float
    row: float
    half: float


def draw_kind(shares: dict[str, float], kinds: dict[str, dict[str, float]], rng: np.random.Generator) -> str:
    """Draw a class by its share, then one of its kinds by weight."""
    name = rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values()))
    weights = kinds[str(name)]
    return str(rng.choice(list(weights), p=np.array(list(weights.values())) / sum(weights.values())))


def views(scene: Scene, frames: int, rng: np.random.Generator) -> Iterator[View]:
    """Yield the frames of a recording.

    Cells keep their order: one that catches up swims on behind its neighbour, as in the trains of real recordings.

    Args:
        scene: what is recorded.
        frames: how many frames.
        rng: random numbers.
    """
    swims = _swims(scene, frames, rng)
    places = _places(swims, frames, scene.gap)
    for index in range(frames):
        ratio = np.ones((scene.height, scene.width), dtype=np.float32)
        instances = []
        for number, (swim, place) in enumerate(zip(swims, places[:, index], strict=True)):
            if not -swim.half - 20 < place < scene.width + swim.half + 20:
                continue
            x = place if scene.direction > 0 else scene.width - place
            patch = render(swim.cell.after(index), swim.optics, (x, swim.row))
            mask = paste(ratio, patch)
            instance = visible(mask, number, swim.cell)
            if instance is not None:
                instances.append(instance)
        yield View(index, ratio, instances)


def paste(ratio: NDArray[np.float32], patch: Patch) -> NDArray[np.bool_]:
    """Multiply a patch onto (H, W) light in place and return the cell's mask in the frame, (H, W) bool."""
    height, width = ratio.shape
    mask = np.zeros((height, width), dtype=bool)
    rows = slice(max(patch.y0, 0), max(min(patch.y0 + patch.mask.shape[0], height), 0))
    columns = slice(max(patch.x0, 0), max(min(patch.x0 + patch.mask.shape[1], width), 0))
    inner = (
        slice(rows.start - patch.y0, max(rows.stop - patch.y0, 0)),
        slice(columns.start - patch.x0, max(columns.stop - patch.x0, 0)),
    )
    ratio[rows, columns] *= patch.ratio[inner]
    mask[rows, columns] = patch.mask[inner]
    return mask


def visible(mask: NDArray[np.bool_], number: int, cell: Cell) -> Instance | None:
    """Return the visible part of a cell, or None if it is less than ``MIN_VISIBLE_PX`` wide or high."""
    box = mask_box(mask)
    if box is None:
        return None
    x0, y0, x1, y1 = (int(value) for value in box)
    if min(x1 - x0, y1 - y0) < MIN_VISIBLE_PX:
        return None
    height, width = mask.shape
    touches = x0 == 0 or y0 == 0 or x1 == width or y1 == height
    return Instance(number, cell.class_, cell.kind, (x0, y0, x1, y1), mask[y0:y1, x0:x1].copy(), touches)


def _swims(scene: Scene, frames: int, rng: np.random.Generator) -> list[_Swim]:
    """Draw the cells that pass, the foremost first."""
    swims: list[_Swim] = []
    start = scene.width * rng.uniform(0.5, 1.2)
    while start > -scene.step * frames:
        cell = replace(sample_cell(draw_kind(scene.shares, scene.kinds, rng), rng), facing=scene.direction)
        half_x, half_y = (half / scene.optics.pixel_um for half in cell.half_size)
        half = max(cell.shape.half_size) / scene.optics.pixel_um if cell.spin or cell.roll else half_x
        offset = _offset(cell.class_, max(scene.half_width - half_y, 0.0), rng)
        # Poiseuille flow; a cell spans many streamlines and lags a little behind the one at its centre.
        aside = offset / scene.half_width
        speed = scene.step * (1 - 0.8 * aside * aside) * rng.uniform(0.97, 1.0)
        optics = replace(scene.optics, defocus_um=scene.optics.defocus_um + rng.normal(0, scene.focus_spread_um))
        start -= half + (swims[-1].half + scene.gap if swims else 0)
        swims.append(_Swim(cell, optics, start, speed, scene.axis + offset, half))
        start -= rng.exponential(scene.spacing)
    return swims


def _offset(class_: str, room: float, rng: np.random.Generator) -> float:
    """Return a cell's distance from the axis: parachutes on it, slippers beside it, others anywhere within ``room``."""
    if class_ == "croissant":
        return float(rng.normal(0, 0.1) * room)
    if class_ == "slipper":
        return float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.9) * room)
    return float(rng.uniform(-1, 1) * room)


def _places(swims: list[_Swim], frames: int, gap: float) -> NDArray[np.floating]:
    """Return every cell's place along the flow in every frame, (cells, frames) pixels."""
    places = np.array([[swim.start + swim.speed * frame for frame in range(frames)] for swim in swims])
    for i in range(1, len(swims)):
        places[i] = np.minimum(places[i], places[i - 1] - swims[i].half - swims[i - 1].half - gap)
    return places
