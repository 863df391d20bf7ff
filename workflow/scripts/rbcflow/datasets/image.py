"""One image, step by step, from a variant, an index, a seed and the cells (stage datasets)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rbcflow.core import boxes as box_tools
from rbcflow.core.classes import CLASS_ID
from rbcflow.core.exact import FloatImage, shrink
from rbcflow.datasets import decor, noise, walls
from rbcflow.datasets.background import background
from rbcflow.datasets.objects import draw_ring
from rbcflow.datasets.paste import make_patch, paste
from rbcflow.datasets.place import Placer
from rbcflow.datasets.plan import planned
from rbcflow.datasets.seeds import generator
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Cutout, Stock


@dataclass
class Scene:
    """An image in the making.

    Attributes:
        plan: one level of every factor.
        image: (H, W) float32 in grey levels, at process size.
        rows: first and last row cells may use, half-open.
        boxes: (N, 4) corners of the objects placed, in pixels at process size; they may reach over the border.
        cells: the cutouts placed, in the same order.
    """

    plan: dict[str, Any]
    image: FloatImage
    rows: tuple[float, float]
    boxes: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), int))
    cells: list[Cutout] = field(default_factory=list)


@dataclass(frozen=True)
class Composite:
    """A finished image with its labels.

    Attributes:
        image: (h, w) uint8 at final size.
        class_ids: (N,) class of each box.
        boxes: (N, 4) float corners in pixels of the final image, inside it.
        record: one row of ``metadata.csv``.
    """

    image: NDArray[np.uint8]
    class_ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    record: dict[str, Any]


def steps(spec: VariantSpec, split: str, index: int, seed: int, stock: Stock) -> Iterator[tuple[str, Scene]]:
    """Make an image and show it after every step that changes it.

    Args:
        spec: the variant.
        split: train, val or test.
        index: zero-based number of the image in its split.
        seed: root seed of the workflow.
        stock: the split's cells.

    Yields:
        The step's name and the scene, which the next step changes in place: copy what is to be kept.
    """

    def stream(step: str) -> np.random.Generator:
        return generator(seed, spec.name, split, index, step)

    plan = planned(spec, split, index, seed)
    scene = Scene(plan, background(spec, stream("background")), rows=(0, spec.process_size[1]))
    yield "background", scene
    for step in ("lines", "walls", "walls_gray", "artifacts", "channel"):
        if plan.get(step, False) not in (False, "none"):
            _decorate(scene, step, spec, stream(step))
            yield step, scene
    _add_cells(scene, spec, stock, stream("cells"))
    yield "cells", scene
    scene.image = noise.add_noise(scene.image, plan.get("noise", "none"), spec, stream("noise"))
    yield "noise", scene


def compose(spec: VariantSpec, split: str, index: int, seed: int, stock: Stock) -> Composite:
    """Make one image; the arguments are those of ``steps``."""
    *_, (_, scene) = steps(spec, split, index, seed, stock)
    width, height = spec.final_size
    small = shrink(np.clip(scene.image, 0, 255, out=scene.image), spec.downscale)
    names = [cell.class_name for cell in scene.cells]
    record = {"index": index, "split": split, "seed": seed} | scene.plan
    record |= {f"{name}_placed": names.count(name) for name in spec.classes}
    record["cells"] = " ".join(cell.cell_id for cell in scene.cells)
    return Composite(
        image=np.rint(small).astype(np.uint8),
        class_ids=np.array([CLASS_ID[name] for name in names], dtype=np.int64),
        boxes=box_tools.clip(scene.boxes / spec.downscale, width, height),
        record=record,
    )


def _decorate(scene: Scene, step: str, spec: VariantSpec, rng: np.random.Generator) -> None:
    if step == "lines":
        decor.hair(scene.image, rng)
    elif step == "artifacts":
        decor.dots(scene.image, rng)
    elif step == "channel":
        scene.rows = walls.channel(scene.image, scene.plan["channel"], spec, rng)
    elif rng.random() < spec.straight_walls_share:
        walls.walls(scene.image, step == "walls_gray", rng)
    else:
        decor.crossing_wall(scene.image, step == "walls_gray", rng)


def _add_cells(scene: Scene, spec: VariantSpec, stock: Stock, rng: np.random.Generator) -> None:
    """Place the planned objects in random order; one that finds no place in the allowed attempts is left out."""
    names = [name for name in spec.classes for _ in range(scene.plan[f"{name}_count"])]
    placer = Placer(spec, scene.rows)
    for name in rng.permutation(names).tolist():
        for _ in range(spec.retries):
            cell = _draw_cell(name, spec, stock, rng)
            patch = make_patch(cell, spec, scene.rows[1] - scene.rows[0], rng)
            corner = patch and placer.place(patch.size, rng)
            if corner:
                paste(scene.image, patch, corner, spec, rng)
                scene.cells.append(cell)
                break
    scene.boxes = placer.boxes


def _draw_cell(name: str, spec: VariantSpec, stock: Stock, rng: np.random.Generator) -> Cutout:
    cells = stock[name]
    if name == "other" and (not cells or rng.random() < spec.other_drawn_share):
        return draw_ring(rng)
    return cells[rng.integers(len(cells))]
