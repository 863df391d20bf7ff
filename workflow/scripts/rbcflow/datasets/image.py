"""One image, step by step, from a variant, an index, a seed and the cells (stage datasets)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rbcflow.core import boxes as box_tools
from rbcflow.core.classes import CLASS_ID
from rbcflow.core.portable import FloatImage, shrink
from rbcflow.datasets import clutter, decor, noise, walls
from rbcflow.datasets.background import background, base_grey
from rbcflow.datasets.camera import contrasts, photograph
from rbcflow.datasets.looks import Look, draw_look
from rbcflow.datasets.objects import draw_ring
from rbcflow.datasets.paste import Patch, make_patch, paste, paste_under
from rbcflow.datasets.place import Placer
from rbcflow.datasets.plan import planned
from rbcflow.datasets.seeds import generator
from rbcflow.datasets.setting import Setting, draw_setting
from rbcflow.datasets.shapes import SHAPED, draw_shape
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Cutout, Stock
from rbcflow.datasets.touching import MEMBERS, offsets

OUTSIDE = 0.9
"""Largest share of a cell's width, or height, that the border may cut off."""


@dataclass
class Scene:
    """An image in the making.

    Attributes:
        plan: one level of every factor.
        image: (H, W) float32 in grey levels, at process size.
        rows: first and last row cells may use, half-open.
        boxes: (N, 4) corners of the objects placed, in pixels at process size; they may reach over the border.
        cells: the cutouts placed, in the same order.
        setting: what is common to the image, where the variant has a domain.
        plate: the image without its cells, where the variant has a domain.
        hidden: cells without a label, since nothing can be seen of them.
    """

    plan: dict[str, Any]
    image: FloatImage
    rows: tuple[float, float]
    boxes: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), int))
    cells: list[Cutout] = field(default_factory=list)
    setting: Setting | None = None
    plate: FloatImage | None = None
    hidden: int = 0


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
    if spec.domain:
        yield from _varied(scene, spec, stock, stream)
        return
    base = base_grey(spec, stream("background")) if spec.contrast_to == "base" else None
    _add_cells(scene, spec, stock, stream("cells"), base)
    yield "cells", scene
    scene.image = noise.add_noise(scene.image, plan.get("noise", "none"), spec, stream("noise"))
    yield "noise", scene


def compose(spec: VariantSpec, split: str, index: int, seed: int, stock: Stock) -> Composite:
    """Make one image; the arguments are those of ``steps``."""
    *_, (_, scene) = steps(spec, split, index, seed, stock)
    small = shrink(np.clip(scene.image, 0, 255, out=scene.image), spec.downscale)
    names = [cell.class_name for cell in scene.cells]
    record = {"index": index, "split": split, "seed": seed} | scene.plan
    record |= {f"{name}_placed": names.count(name) for name in spec.classes}
    if scene.setting:
        record |= {**scene.setting.record, "hidden": scene.hidden}
    record["cells"] = " ".join(cell.cell_id for cell in scene.cells)
    return Composite(
        image=np.rint(small).astype(np.uint8),
        class_ids=np.array([CLASS_ID[name] for name in names], dtype=np.int64),
        boxes=_labelled(scene.boxes, spec),
        record=record,
    )


def _labelled(boxes: NDArray[np.int64], spec: VariantSpec) -> NDArray[np.float64]:
    """Return boxes in pixels of the final image, inside it; cut to whole pixels as the preprint's where asked for."""
    small = box_tools.clip(boxes / spec.downscale, *spec.final_size)
    if not spec.whole_pixels:
        return small
    corners = np.floor(small)
    corners[:, 2:] = np.maximum(corners[:, 2:], corners[:, :2] + 1)
    return corners


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
        decor.crossing_wall(scene.image, step == "walls_gray", rng, covering=spec.wall_lines == "covering")


def _varied(
    scene: Scene, spec: VariantSpec, stock: Stock, stream: Callable[[str], np.random.Generator]
) -> Iterator[tuple[str, Scene]]:
    """Add cells to a scene and take its picture as the variant's domain says; yields as ``steps``."""
    domain, rng = spec.domain, stream("setting")
    scene.setting = setting = draw_setting(domain, rng)
    if rng.random() < domain.clutter:
        (clutter.specks, clutter.blobs)[rng.integers(2)](scene.image, setting.size, rng)
        yield "clutter", scene
    scene.plate = scene.image.copy()
    if not setting.empty:
        look = draw_look(domain, stream("look"))
        _add_varied(scene, replace(spec, overlap=setting.crowded), stock, stream("cells"), look)
        yield "cells", scene
    for step, pair in photograph((scene.image, scene.plate), scene.boxes, domain, setting, stream):
        scene.image, scene.plate = pair
        yield step, scene
    seen = contrasts((scene.image, scene.plate), scene.boxes) >= domain.visible
    scene.hidden = int((~seen).sum())
    scene.boxes, scene.cells = scene.boxes[seen], [cell for cell, kept in zip(scene.cells, seen, strict=True) if kept]
    if setting.upright:
        scene.image, scene.boxes = np.ascontiguousarray(scene.image.T), scene.boxes[:, [1, 0, 3, 2]]
    yield "labels", scene


def _add_cells(
    scene: Scene, spec: VariantSpec, stock: Stock, rng: np.random.Generator, base: float | None = None
) -> None:
    """Place the planned objects in random order; one that finds no place in the allowed attempts is left out."""
    placer = Placer(spec, scene.rows)
    for name in _planned_names(scene, spec, rng):
        for _ in range(spec.retries):
            cell = _draw_cell(name, spec, stock, rng)
            patch = make_patch(cell, spec, scene.rows[1] - scene.rows[0], rng)
            if corner := patch and placer.place(patch.size, rng):
                paste(scene.image, patch, corner, spec, rng, base)
                scene.cells.append(cell)
                break
    scene.boxes = placer.boxes


def _add_varied(scene: Scene, spec: VariantSpec, stock: Stock, rng: np.random.Generator, look: Look) -> None:
    """Place the planned objects under an image's look, as ``_add_cells``; labels are about what is seen of them."""
    setting, boxes = scene.setting, []
    placer = Placer(spec, scene.rows, OUTSIDE if setting.cut and not setting.crowded else 0)
    for name in _planned_names(scene, spec, rng):
        for _ in range(spec.retries):
            members = _members(name, scene, spec, stock, rng)
            if members is None:
                continue
            places = offsets(np.array([patch.size for _, patch in members]), rng)
            size = (places + [patch.size for _, patch in members]).max(axis=0)
            if not (corner := placer.place((int(size[0]), int(size[1])), rng)):
                continue
            starts = (places + corner).tolist()
            shown = [
                box
                for (_, patch), start in zip(members, starts, strict=True)
                if (box := paste_under(look, scene.image, patch, tuple(start), spec, setting.size, rng))
            ]
            if shown:
                boxes.append(box_tools.enclosing(np.array(shown)))
                scene.cells.append(_labelled_as(name, [cell for cell, _ in members]))
            break
    scene.boxes = np.array(boxes, int).reshape(-1, 4)


def _planned_names(scene: Scene, spec: VariantSpec, rng: np.random.Generator) -> list[str]:
    names = [name for name in spec.classes for _ in range(scene.plan[f"{name}_count"])]
    return rng.permutation(names).tolist()


def _members(
    name: str, scene: Scene, spec: VariantSpec, stock: Stock, rng: np.random.Generator
) -> list[tuple[Cutout, Patch]] | None:
    """Return the cell of an object, or the cells of a cluster, with their patches; None if one cannot be seen."""
    setting, names = scene.setting, [name]
    if name == "other" and not setting.crowded and rng.random() < spec.domain.clusters:
        names = [spec.classes[rng.integers(len(spec.classes))]] * MEMBERS[rng.integers(len(MEMBERS))]
    cells = [_draw_cell(member, spec, stock, rng) for member in names]
    patches = [make_patch(cell, spec, setting.size, rng, setting.stretch) for cell in cells]
    return None if None in patches else list(zip(cells, patches, strict=True))


def _labelled_as(name: str, cells: list[Cutout]) -> Cutout:
    """Return one cell as it is, and of a cluster its first with the class and all the names of the cluster."""
    if len(cells) == 1:
        return cells[0]
    return replace(cells[0], class_name=name, cell_id=" ".join(cell.cell_id for cell in cells))


def _draw_cell(name: str, spec: VariantSpec, stock: Stock, rng: np.random.Generator) -> Cutout:
    cells = stock[name]
    if spec.domain and name in SHAPED and rng.random() < spec.domain.shapes:
        return draw_shape(name, rng)
    if name == "other" and (not cells or rng.random() < spec.other_simulated_share):
        return draw_ring(rng)
    return cells[rng.integers(len(cells))]
