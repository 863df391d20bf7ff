"""Pictures of single cells in a channel (used by the phantoms of the laboratories whose data are folders of crops)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.phantom.optics import Optics, expose, render
from rbcflow.phantom.population import Cell, sample_cell
from rbcflow.phantom.scene import Instance, draw_kind, paste, visible
from rbcflow.phantom.walls import channel

TRIES = 60
"""Draws until a cell is of the wanted length and fits the channel; the last one is made smaller where it does not."""


@dataclass(frozen=True)
class Camera:
    """A recording from which crops of one size are cut: one channel, one microscope, one light.

    Attributes:
        width, height: of the crops, pixels.
        empty: (height, W) float32 transmittance of a stretch of channel, W >= width.
        axis: row of the channel's axis, pixels.
        half_width: of the channel, pixels.
        facing: 1 for flow to the right, -1 to the left.
        optics: the microscope in focus as it was set.
        focus_spread_um: standard deviation of the cells' distance from the plane of focus.
        level: grey level of the light.
        shot, read: noise of the sensor, grey levels.
    """

    width: int
    height: int
    empty: NDArray[np.float32]
    axis: float
    half_width: float
    facing: int
    optics: Optics
    focus_spread_um: float
    level: float
    shot: float
    read: float


@dataclass(frozen=True)
class Look:
    """What is cut out of a recording.

    Attributes:
        length_px: least and greatest length of a cell, its longer side.
        jitter_px: standard deviation of the cell's place along the channel about the crop's middle.
        neighbour: share of crops that show a second cell, cut off by the left or right edge.
        offset: largest distance of slippers and others from the axis, as share of the room there is.
    """

    length_px: tuple[float, float]
    jitter_px: float
    neighbour: float
    offset: float


def camera(
    width: int, height: int, half_width: float, optics: Optics, rng: np.random.Generator, **light: float
) -> Camera:
    """Return a camera on a channel with both walls, at a random place of its own.

    Args:
        width, height: of the crops, pixels.
        half_width: of the channel, pixels.
        optics: the microscope.
        rng: random numbers.
        light: ``contrast`` and ``dirt`` of the channel, and the fields of ``Camera`` from ``focus_spread_um`` on.
    """
    axis = height / 2 + rng.normal(0, 0.02 * height)
    contrast, dirt = light.pop("contrast"), light.pop("dirt")
    empty = channel(
        height, 6 * width, rng, walls=(axis - half_width, axis + half_width), contrast=contrast, dirt=dirt
    )  # fmt: skip
    return Camera(width, height, empty, axis, half_width, int(rng.choice([-1, 1])), optics, **light)


def draw_crop(
    cam: Camera, look: Look, kind: str, kinds: dict[str, dict[str, float]], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[Instance]]:
    """Draw a crop around a cell of a kind.

    Args:
        cam: the recording it is cut from.
        look: how cells lie in a crop.
        kind: a key of ``population.KINDS``.
        kinds: classes and kinds a neighbour may be of.
        rng: random numbers.

    Returns:
        (height, width) uint8 and the instances: the cell first, then its neighbour where one is seen.
    """
    start = int(rng.integers(cam.empty.shape[1] - cam.width + 1))
    ratio = np.ones((cam.height, cam.width), dtype=np.float32)
    cell, row = _cell(cam, look, kind, rng)
    x = cam.width / 2 + rng.normal(0, look.jitter_px)
    placed = [(cell, x, row)]
    if rng.random() < look.neighbour:
        placed.append(_neighbour(cam, look, cell, x, kinds, rng))
    instances = []
    for number, (body, column, line) in enumerate(placed):
        optics = replace(cam.optics, defocus_um=cam.optics.defocus_um + rng.normal(0, cam.focus_spread_um))
        instance = visible(paste(ratio, render(body, optics, (column, line))), number, body)
        if instance is not None:
            instances.append(instance)
    light = cam.level * rng.normal(1, 0.015) * cam.empty[:, start : start + cam.width] * ratio
    return expose(light, cam.shot, cam.read, rng), instances


def _cell(cam: Camera, look: Look, kind: str, rng: np.random.Generator) -> tuple[Cell, float]:
    """Return a cell of the wanted length that fits the channel, and its row."""
    low, high = look.length_px
    for _ in range(TRIES):
        cell = replace(sample_cell(kind, rng), facing=cam.facing)
        half_x, half_y = _half_px(cam, cell)
        if low <= 2 * max(half_x, half_y) <= high and half_y < cam.half_width - 1:
            break
    too_large = max(2 * max(half_x, half_y) / high, half_y / (cam.half_width - 1))
    if too_large > 1:
        cell = replace(cell, shape=cell.shape.scaled(1 / too_large))
        half_x, half_y = _half_px(cam, cell)
    room = max(cam.half_width - 1 - half_y, 0.0)
    offset = rng.normal(0, 0.15) if cell.class_ == "croissant" else rng.uniform(-1, 1) * look.offset
    return cell, cam.axis + float(np.clip(offset, -1, 1)) * room


def _half_px(cam: Camera, cell: Cell) -> tuple[float, float]:
    """Return half-width and half-height of a cell in pixels of the crop."""
    half_x, half_y = (half / cam.optics.pixel_um for half in cell.half_size)
    return half_x, half_y


def _neighbour(
    cam: Camera, look: Look, cell: Cell, x: float, kinds: dict[str, dict[str, float]], rng: np.random.Generator
) -> tuple[Cell, float, float]:
    """Return a second cell with its place: beyond the first by a gap, so that an edge of the crop cuts it off."""
    other, row = _cell(cam, look, draw_kind(dict.fromkeys(kinds, 1.0), kinds, rng), rng)
    half, own = _half_px(cam, other)[0], _half_px(cam, cell)[0]
    side = int(rng.choice([-1, 1]))
    # Clear of the first cell, a good part beyond the edge, and a few pixels of it seen where there is room.
    nearest = max(abs(x + side * (own + 4) - cam.width / 2) + half, cam.width / 2 - 0.5 * half)
    farthest = cam.width / 2 + half - 6
    distance = max(nearest, rng.uniform(min(nearest, farthest), farthest))
    return other, cam.width / 2 + side * distance, row


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a (H, W) grey or (H, W, 3) R, G, B picture in the format its suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])
    path.write_bytes(cv2.imencode(path.suffix.lower(), stored)[1].tobytes())
