"""How constructed images come about and differ: background steps, pairs of factors, overlaps (stage figures)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rbcflow.core.boxes import area
from rbcflow.core.exact import shrink
from rbcflow.datasets.background import flat
from rbcflow.datasets.image import steps
from rbcflow.datasets.seeds import generator
from rbcflow.datasets.spec import VariantSpec
from rbcflow.figures import pictures, style
from rbcflow.figures.datasets import factors_of, image_list, labels_of
from rbcflow.runtime import origin
from rbcflow.testsets.files import read_rgb

STEPS = {
    "colour": "colour", "background": "noise", "lines": "thin hair", "walls": "walls", "walls_gray": "grey walls",
    "artifacts": "artifacts", "channel": "channel",
}  # fmt: skip
"""Steps of a background in the order of the method, and what the preprint calls them."""

LEAST = 10
"""Expected images below which found over expected says nothing."""

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
    note = style.note("background of training image 00000 with every factor on", "drawn, no recording in it")
    heights = [spec.process_size[1] / spec.process_size[0] for spec, _ in made.values()]
    tall = 10 + sum(style.PAGE_MM / (len(STEPS) + 0.5) * height + 3.5 for height in heights)
    with style.canvas(output, style.PAGE_MM, tall, note) as figure:
        panels = figure.subplots(len(made), len(STEPS), squeeze=False, height_ratios=heights)
        for axes in panels.ravel():
            axes.set_axis_off()
        for (folder, (spec, seed)), row in zip(made.items(), panels, strict=True):
            shown = dict(_backgrounds(spec, seed))
            row[0].set_title(folder.name.replace("_", " "), fontsize=6)
            for axes, step in zip(row, STEPS, strict=True):
                if step in shown:
                    pictures.show(axes, pictures.as_rgb(shown[step]))
                    axes.text(0.5, -0.03, STEPS[step], transform=axes.transAxes, ha="center", va="top", fontsize=5.5)


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


def metadata_pairs(dataset: Path, output: Path) -> None:
    """Show how often two columns of the metadata have each pair of values, against what independence would give.

    Args:
        dataset: folder of the variant.
        output: PNG file.
    """
    metadata = pd.read_csv(dataset / "metadata.csv", keep_default_na=False).astype(str)
    columns = [*factors_of(metadata), *(name for name in metadata if name.endswith("_placed"))]
    if len(columns) < 2:
        style.notice(output, f"{dataset.name}: its table has fewer than two columns to compare.")
        return
    note = style.note(
        dataset.name,
        f"{len(metadata)} images of all splits",
        "diagonal: images at each value",
        f"grey: fewer than {LEAST} expected",
    )
    with style.canvas(output, style.PAGE_MM, 12 + 0.88 * style.PAGE_MM, note) as figure:
        panels = figure.subplots(len(columns), len(columns), squeeze=False)
        for row, below in enumerate(columns):
            for column, beside in enumerate(columns):
                axes = panels[row, column]
                axes.tick_params(labelsize=4, length=0, pad=1)
                if column > row:
                    axes.set_axis_off()
                elif column == row:
                    _marginal(axes, metadata[below])
                else:
                    shown = _pair(axes, metadata[below], metadata[beside])
                _edge_labels(axes, below, beside, row == len(columns) - 1, column == 0)
        bar = figure.colorbar(shown, ax=panels[:2, 3:].ravel().tolist() or panels.ravel().tolist(), shrink=0.6)
        bar.ax.tick_params(labelsize=5)
        bar.set_label("found / expected", fontsize=6)


def _marginal(axes: Axes, values: pd.Series) -> None:
    counts = values.value_counts().sort_index()
    axes.bar(range(len(counts)), counts, color=style.COLOURS["accent"], width=0.8)
    axes.set_xticks(range(len(counts)), [_short(level) for level in counts.index])
    axes.set_yticks([])


def _pair(axes: Axes, below: pd.Series, beside: pd.Series) -> Any:
    table = pd.crosstab(below, beside)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(below)
    ratio = np.ma.masked_where(expected < LEAST, table / expected)
    axes.set_facecolor("#CCCCCC")
    shown = axes.imshow(ratio, cmap="PuOr", vmin=0.5, vmax=1.5, aspect="auto")
    axes.set_xticks(range(table.shape[1]), [_short(level) for level in table.columns])
    axes.set_yticks(range(table.shape[0]), [_short(level) for level in table.index])
    return shown


def _short(level: str) -> str:
    return {"True": "on", "False": "off", "salt_pepper": "s&p", "gaussian": "gauss", "random": "rand"}.get(level, level)


def _edge_labels(axes: Axes, below: str, beside: str, bottom: bool, left: bool) -> None:
    """Name the columns at the lower and left edge of the matrix alone."""
    if bottom:
        axes.set_xlabel(beside.replace("_", " "), fontsize=5.5)
    else:
        axes.set_xticklabels([])
    if left:
        axes.set_ylabel(below.replace("_", " "), fontsize=5.5)
    else:
        axes.set_yticklabels([])


def overlaps(datasets: list[Path], output: Path) -> None:
    """Show how much of the training boxes others cover, and how many boxes an image has, by variant.

    Args:
        datasets: folders of the variants.
        output: PNG file.
    """
    covered, counts = {}, {}
    for folder in datasets:
        images = image_list(folder, "train")
        height, width = read_rgb(images[0]).shape[:2]
        boxes = [labels_of(image, width, height)[1] for image in images]
        covered[folder.name] = np.concatenate([_covered(one) for one in boxes])
        counts[folder.name] = np.array([len(one) for one in boxes])
    made_from = origin.made_from(style.folder_origins(*datasets))
    note = style.note("training images", "a box is covered where another lies over or under it", made_from)
    with style.canvas(output, style.PAGE_MM, 16 + 8 * len(datasets), note) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for row, shares in enumerate(covered.values()):
            start = 0.0
            for number, (low, high, _) in enumerate(COVERED):
                part = float(((shares >= low) & (shares < high)).mean()) if len(shares) else 0.0
                shade = style.SHADES[::-1][number]
                left.barh(row, part, left=start, height=0.7, color=shade, label=COVERED[number][2] if not row else None)
                if part > 0.06:
                    colour = "white" if number > 1 else "black"
                    left.text(start + part / 2, row, f"{part:.0%}", ha="center", va="center", fontsize=6, color=colour)
                start += part
        names = [f"{name.replace('_', ' ')}\n{len(covered[name])} boxes" for name in covered]
        left.set_yticks(range(len(names)), names, fontsize=6)
        left.invert_yaxis()
        left.set(title="largest share of a box that another covers", xlim=(0, 1), xlabel="share of boxes")
        right.boxplot(list(counts.values()), orientation="horizontal", widths=0.6, showfliers=False, whis=(0, 100))
        right.set_yticks(range(1, len(names) + 1), [""] * len(names))
        right.invert_yaxis()
        right.set(title="boxes an image", xlabel="median, quartiles, range", xlim=(0, None))
        figure.legend(loc="outside lower left", ncols=len(COVERED))


def _covered(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest share of each box's area that another single box covers, (N,)."""
    sides = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    common = np.clip(sides, 0, None).prod(axis=2)
    np.fill_diagonal(common, 0)
    return common.max(axis=1, initial=0) / area(boxes)
