"""The constructed datasets: example images, and what their labels and plan add up to (stage figures)."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from matplotlib.axes import Axes

from rbcflow.core.classes import CLASSES
from rbcflow.core.yolo import label_file, read_labels
from rbcflow.figures import pictures, style
from rbcflow.figures.clouds import cloud
from rbcflow.testsets.files import read_image

SPLITS = ("train", "val", "test")
NOT_FACTORS = {"index", "split", "seed", "cells", "file"} | {
    f"{name}_{kind}" for name in CLASSES for kind in ("count", "placed")
}
"""Columns of ``metadata.csv`` that are no factor of the plan."""


def image_list(dataset: Path, split: str) -> list[Path]:
    """Return a split's images; entries of the list are relative to its folder."""
    return [dataset / line for line in (dataset / f"{split}.txt").read_text().splitlines()]


def labels_of(image: Path, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return class ids (N,) and boxes (N, 4) in pixels of an image's label file."""
    labels = read_labels(label_file(image))
    return labels.ids, labels.corners(width, height)


def factors_of(metadata: pd.DataFrame) -> list[str]:
    """Return the columns of a dataset's metadata that are factors of its plan."""
    return [name for name in metadata if name not in NOT_FACTORS]


def _names(dataset: Path) -> dict[int, str]:
    """Return the dataset's class names by id."""
    return yaml.safe_load((dataset / "data.yaml").read_text())["names"]


def _note(dataset: Path, *more: str) -> str:
    return style.note(style.label(dataset.name), style.made_from(dataset), *more)


def dataset_examples(dataset: Path, output: Path) -> None:
    """Show training images twice: as the detector sees them, and with their labels.

    Args:
        dataset: folder of the variant.
        output: PNG file.
    """
    images, names = image_list(dataset, "train"), _names(dataset)
    height, width = read_image(images[0]).shape[:2]
    columns = 5 if width < 1.5 * height else 3
    chosen = [images[index] for index in pictures.spread(len(images), columns)]
    note = _note(dataset, f"{len(images)} training images of {width}×{height} px")
    tall = 16 + 2 * style.SHEET_MM / columns * height / width
    with style.canvas(output, style.SHEET_MM, tall, note) as figure:
        panels = figure.subplots(2, columns, squeeze=False)
        for axes in panels.ravel():
            axes.set_axis_off()
        for plain, labelled, path in zip(*panels, chosen, strict=False):
            image = pictures.as_rgb(read_image(path))
            pictures.show(plain, image)
            pictures.show(labelled, image)
            plain.set_title(f"train {path.stem}", fontsize=style.LEAST_POINTS, weight="normal")
            for class_id, box in zip(*labels_of(path, width, height), strict=True):
                pictures.add_box(labelled, box, style.COLOURS[names[class_id]])
        figure.legend(handles=style.class_handles(names.values()), loc="outside lower center", ncols=3)


def dataset_statistics(dataset: Path, output: Path) -> None:
    """Show planned and placed cells, sizes of the training boxes, and how often each level of each factor occurs.

    Args:
        dataset: folder of the variant.
        output: PNG file.
    """
    metadata = pd.read_csv(dataset / "metadata.csv", keep_default_na=False)
    names, images = _names(dataset), image_list(dataset, "train")
    height, width = read_image(images[0]).shape[:2]
    pairs = [labels_of(path, width, height) for path in images]
    ids, boxes = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    factors = factors_of(metadata)
    sizes = ", ".join(f"{split} {(metadata['split'] == split).sum()}" for split in SPLITS)
    note = _note(
        dataset, f"images: {sizes}", "contours hold 50 and 90 % of the boxes of a class", _dependence(metadata, factors)
    )
    with style.canvas(output, style.SHEET_MM, 168, note) as figure:
        (left, balance), (middle, histogram), (positions, crowds) = figure.subplots(3, 2, width_ratios=(1, 1.15))
        _counts(left, metadata, list(names.values()))
        _balance(balance, metadata, factors)
        wide, high = (boxes[:, 2:] - boxes[:, :2]).max(axis=0, initial=1) * 1.15
        for class_id, name in names.items():
            own = boxes[ids == class_id]
            cloud(middle, *(own[:, 2:] - own[:, :2]).T, style.COLOURS[name], (wide, high))
        middle.set(title=f"training boxes (n = {len(boxes)})", xlabel="width (px)", ylabel="height (px)")
        middle.set(xlim=(0, wide), ylim=(0, high))
        middle.grid(True)
        _sizes(histogram, ids, boxes, names)
        _positions(positions, boxes, width, height)
        _crowds(crowds, metadata, list(names.values()))
        figure.legend(handles=style.class_handles(names.values()), loc="outside lower left", ncols=3)


def _dependence(metadata: pd.DataFrame, factors: list[str]) -> str:
    """Say by how much any two factors depend on each other: the largest Cramér's V of a pair, 0 in a full factorial."""
    pairs = [pd.crosstab(metadata[a], metadata[b]).to_numpy() for a, b in combinations(factors, 2)]
    values = [float(np.sqrt(association(table))) for table in pairs if min(table.shape) > 1]
    return f"factors go together by at most V = {max(values):.2f} (Cramér)" if values else ""


def association(table: np.ndarray) -> float:
    """Return the square of Cramér's V of a table of counts, (R, C) with no empty row or column."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum() / table.sum() / (min(table.shape) - 1))


def _positions(axes: Axes, boxes: np.ndarray, width: int, height: int) -> None:
    """Draw where the centres of the boxes lie, as counts a cell of a lattice."""
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    bins = (np.linspace(0, width, 21), np.linspace(0, height, max(3, round(20 * height / width)) + 1))
    counts, *_ = np.histogram2d(x, y, bins=bins)
    shown = axes.imshow(counts.T, extent=(0, width, height, 0), cmap="Blues", vmin=0)
    axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="boxes")
    axes.set(title="centres of training boxes", xlabel="x (px)", ylabel="y (px)")


def _sizes(axes: Axes, ids: np.ndarray, boxes: np.ndarray, names: dict[int, str]) -> None:
    """Draw the distribution of the boxes' sizes by class."""
    sizes = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    bins = np.linspace(0, max(sizes.max(initial=1), 1), 31)
    for class_id, name in names.items():
        axes.hist(sizes[ids == class_id], bins, histtype="step", color=style.COLOURS[name], linewidth=1.2)
    axes.set(title="sizes of training boxes", xlabel="root of the area (px)", ylabel="boxes")


def _crowds(axes: Axes, metadata: pd.DataFrame, names: list[str]) -> None:
    """Draw how many cells of each class an image has, all splits."""
    counts = metadata[[f"{name}_placed" for name in names]].astype(int)
    highest = int(counts.max().max())
    width = 0.8 / len(names)
    for offset, name in enumerate(names):
        places = np.arange(highest + 1) + (offset - (len(names) - 1) / 2) * width
        found = counts[f"{name}_placed"].value_counts(normalize=True).reindex(range(highest + 1), fill_value=0)
        axes.bar(places, found, width * 0.9, color=style.COLOURS[name])
    axes.set_xticks(range(highest + 1))
    axes.set(title="cells placed in an image", xlabel="cells of a class", ylabel="share of images")


def _counts(axes: Axes, metadata: pd.DataFrame, names: list[str]) -> None:
    """Draw placed cells as bars and planned ones as outlines, by split and class."""
    width = 0.8 / len(names)
    for offset, name in enumerate(names):
        places = np.arange(len(SPLITS)) + (offset - (len(names) - 1) / 2) * width
        columns = [column for column in (f"{name}_placed", f"{name}_count") if column in metadata]
        by_split = metadata.groupby("split")[columns].sum().reindex(SPLITS, fill_value=0)
        axes.bar(places, by_split[f"{name}_placed"], width * 0.9, color=style.COLOURS[name])
        # images that were not generated here have no plan
        if f"{name}_count" in by_split:
            axes.bar(places, by_split[f"{name}_count"], width * 0.9, fill=False, edgecolor="#333333", linewidth=0.6)
    axes.set_xticks(range(len(SPLITS)), SPLITS)
    axes.set(title="cells (outline: planned)")
    axes.tick_params(axis="x", length=0)


def _balance(axes: Axes, metadata: pd.DataFrame, factors: list[str]) -> None:
    """Draw the share of images at each level of each factor."""
    for row, factor in enumerate(factors):
        shares = metadata[factor].astype(str).value_counts(normalize=True).sort_index()
        left = 0.0
        for number, (level, share) in enumerate(shares.items()):
            axes.barh(row, share, left=left, height=0.75, color=style.SHADES[number % len(style.SHADES)])
            text = {"True": "on", "False": "off", "salt_pepper": "dots", "gaussian": "gauss", "random": "rand"}.get(
                level, level
            )
            colour = "white" if number == 0 else "black"
            axes.text(left + share / 2, row, text, ha="center", va="center", fontsize=7, color=colour, clip_on=True)
            left += share
    axes.set_yticks(range(len(factors)), [factor.replace("_", " ") for factor in factors])
    axes.invert_yaxis()
    axes.set(title="levels of the factors", xlim=(0, 1), xlabel="share of images")
    axes.tick_params(axis="y", length=0)
