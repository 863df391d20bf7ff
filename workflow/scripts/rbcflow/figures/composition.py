"""How constructed images come about and differ: background steps, overlaps (stage figures)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import area
from rbcflow.core.portable import shrink
from rbcflow.datasets.background import flat
from rbcflow.datasets.image import steps
from rbcflow.datasets.seeds import generator
from rbcflow.datasets.spec import VariantSpec
from rbcflow.figures import pictures, style
from rbcflow.figures.datasets import image_list, labels_of
from rbcflow.testsets.files import read_image

STEPS = {
    "colour": "colour", "background": "noise", "lines": "hair", "walls": "walls", "walls_gray": "grey walls",
    "artifacts": "specks", "channel": "channel",
}  # fmt: skip
"""Steps of a background in the order of the method, and what the preprint calls them."""

COVERED = ((0, 0.001, "none"), (0.001, 0.25, "up to 1/4"), (0.25, 0.5, "up to 1/2"), (0.5, 1.01, "more"))
"""Classes of the share of a box that another box covers, and their names."""


def background_steps(datasets: list[Path], output: Path) -> None:
    """Show the background of an image after every step, one row a variant, with every factor switched on.

    Args:
        datasets: folders of the variants; those that were not generated have no steps.
        output: PNG file.
    """
    made = {folder: spec for folder in datasets if (spec := _spec(folder))}
    if not made:
        style.notice(output, "No dataset of this run was generated: there are no steps to show.")
        return
    note = style.note("background of training image 00000 with every factor on", "simulated, no recording in it")
    heights = [spec.process_size[1] / spec.process_size[0] for spec, _ in made.values()]
    tall = 8 + sum(style.SHEET_MM / (len(STEPS) + 0.2) * height + 9 for height in heights)
    with style.canvas(output, style.SHEET_MM, tall, note) as figure:
        wide = style.SHEET_MM / (len(STEPS) + 0.2)
        rows = figure.subfigures(len(made), 1, squeeze=False, height_ratios=[wide * height + 9 for height in heights])
        for (folder, (spec, seed)), (row,) in zip(made.items(), rows, strict=True):
            shown = dict(_backgrounds(spec, seed))
            row.suptitle(style.label(folder.name), x=0.005, ha="left", fontsize=8, weight="bold")
            for axes, step in zip(row.subplots(1, len(STEPS)), STEPS, strict=True):
                axes.set_axis_off()
                if step in shown:
                    pictures.show(axes, pictures.as_rgb(shown[step]))
                    axes.text(0.5, -0.04, STEPS[step], transform=axes.transAxes, ha="center", va="top",
                              fontsize=style.LEAST_POINTS)  # fmt: skip


def _spec(dataset: Path) -> tuple[VariantSpec, int] | None:
    """Return the parameters a dataset was generated with, all factors on, and its seed."""
    record = json.loads((dataset / "provenance.json").read_text(encoding="utf-8"))["params"]
    if record.get("dataset") != "generated":
        return None
    spec = VariantSpec.from_dict({"name": dataset.name, **record["compose"]})
    on = {name: levels[-1:] if name != "noise" else ("none",) for name, levels in spec.factors.items()}
    return VariantSpec.from_dict({"name": dataset.name, **record["compose"], "factors": on}), record["seed"]


def _backgrounds(spec: VariantSpec, seed: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return the image after every step before cells are added, as uint8 at final size."""
    made = [("colour", flat(spec, generator(seed, spec.name, "train", 0, "background")))]
    for step, scene in steps(spec, "train", 0, seed, {}):
        made.append((step, scene.image.copy()))
        if step == list({**dict.fromkeys(name for name in STEPS if name in spec.factors)} or ["background"])[-1]:
            break
    return [(step, shrink(image.clip(0, 255), spec.downscale).astype(np.uint8)) for step, image in made]


def overlaps(datasets: list[Path], output: Path) -> None:
    """Show how much of the training boxes others cover, and how many boxes an image has, by variant.

    Args:
        datasets: folders of the variants.
        output: PNG file.
    """
    covered, counts = {}, {}
    for folder in datasets:
        images = image_list(folder, "train")
        height, width = read_image(images[0]).shape[:2]
        boxes = [labels_of(image, width, height)[1] for image in images]
        covered[folder.name] = np.concatenate([_covered(one) for one in boxes])
        counts[folder.name] = np.array([len(one) for one in boxes])
    made_from = style.made_from(*datasets)
    note = style.note("training images", "a box is covered where another lies over or under it", made_from)
    with style.canvas(output, style.SHEET_MM, 26 + 9 * len(datasets), note) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for row, shares in enumerate(covered.values()):
            start = 0.0
            for number, (low, high, _) in enumerate(COVERED):
                part = float(((shares >= low) & (shares < high)).mean()) if len(shares) else 0.0
                shade = style.SHADES[::-1][number]
                left.barh(row, part, left=start, height=0.7, color=shade, label=COVERED[number][2] if not row else None)
                if part > 0.12:
                    colour = "white" if number > 1 else "black"
                    left.text(start + part / 2, row, f"{part:.0%}", ha="center", va="center", fontsize=7, color=colour)
                start += part
        names = [f"{style.label(name)}\n{len(covered[name])} boxes" for name in covered]
        left.set_yticks(range(len(names)), names)
        left.invert_yaxis()
        left.set(title="how much is covered", xlim=(0, 1), xlabel="share of boxes")
        right.boxplot(
            list(counts.values()),
            orientation="horizontal",
            widths=0.6,
            showfliers=False,
            whis=(0, 100),
            medianprops={"color": style.COLOURS["accent"]},
        )
        right.set_yticks(range(1, len(names) + 1), [""] * len(names))
        right.invert_yaxis()
        right.set(title="boxes an image", xlabel="median, quartiles, range", xlim=(0, None))
        figure.legend(loc="outside lower left", ncols=len(COVERED), title="largest share of a box that another covers")


def _covered(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest share of each box's area that another single box covers, (N,)."""
    sides = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    common = np.clip(sides, 0, None).prod(axis=2)
    np.fill_diagonal(common, 0)
    return common.max(axis=1, initial=0) / area(boxes)
