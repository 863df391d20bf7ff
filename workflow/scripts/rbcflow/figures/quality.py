"""What a run's hits and errors are made of: overlaps, bias, kinds, calibration, conditions (figure ``run_quality``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rbcflow.figures import style
from rbcflow.figures.error_tiles import WORDS
from rbcflow.figures.validation import read_metrics, run_note, thresholds, unavailable
from rbcflow.metrics.error_kinds import KINDS, PLACES

MOST_GROUPS = 12
DIFFERENCES = {"dw": "width", "dh": "height", "dx": "right", "dy": "down"}
"""Differences of boxes, as the figure names them."""


def run_quality(run_folder: Path, output: Path) -> None:
    """Draw overlaps and bias of matched boxes, errors by kind and place, calibration, and recall by group.

    Args:
        run_folder: folder with ``metrics.json`` and the run's tables.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    matches, calibration = (pd.read_csv(run_folder / f"{name}.csv") for name in ("matches", "calibration"))
    groups = pd.read_csv(run_folder / "groups.csv", dtype={"group": str})
    with style.canvas(output, style.SHEET_MM, 152, run_note(metrics, thresholds(metrics))) as figure:
        grid = figure.add_gridspec(3, 2, height_ratios=(1, 1.5, 1.2))
        _overlaps(figure.add_subplot(grid[0, 0]), matches, metrics)
        _bias(figure.add_subplot(grid[0, 1]), metrics["localisation"]["bias"]["whole"])
        _errors(figure.add_subplot(grid[1, 0]), metrics["errors"])
        _calibration(figure.add_subplot(grid[1, 1]), calibration, metrics["calibration"])
        _groups(figure.add_subplot(grid[2, :]), groups)


def _overlaps(axes: Axes, matches: pd.DataFrame, metrics: dict) -> None:
    overlap = matches["iou"].dropna()
    axes.set(title="overlap of found cells", xlabel="IoU", ylabel="cells", xlim=(metrics["thresholds"]["iou"], 1))
    if overlap.empty:
        _empty(axes, "no cell found")
        return
    axes.hist(overlap, bins=np.linspace(metrics["thresholds"]["iou"], 1, 23), color=style.COLOURS["accent"])
    axes.axvline(overlap.median(), color="black", linewidth=0.8)
    axes.set_xlabel(f"IoU (n = {len(overlap)},\nmedian {overlap.median():.2f})")


def _bias(axes: Axes, bias: dict) -> None:
    """Draw median and quartiles of the differences of whole cells' boxes."""
    axes.set(title="boxes off by", xlabel="pixels")
    axes.set_yticks(range(len(DIFFERENCES)), list(DIFFERENCES.values()))
    if not bias["n"]:
        _empty(axes, "no whole cell found")
        return
    axes.axvline(0, color="#999999", linewidth=0.8)
    for row, name in enumerate(DIFFERENCES):
        own = bias[name]
        axes.plot([own["q1"], own["q3"]], [row, row], color=style.COLOURS["accent"], linewidth=3, alpha=0.5)
        axes.plot(own["median"], row, "o", color=style.COLOURS["accent"], markersize=3)
    axes.invert_yaxis()
    axes.margins(x=0.15, y=0.15)
    axes.set_xlabel(f"pixels (n = {bias['n']},\nsides × {bias['size_ratio']['median']:.2f})")


def _errors(axes: Axes, errors: dict) -> None:
    left = np.zeros(len(KINDS))
    for place, shade in zip(PLACES, (style.SHADES[0], style.SHADES[1], style.SHADES[2]), strict=True):
        counts = np.array([errors["places"][kind][place] for kind in KINDS], dtype=float)
        axes.barh(range(len(KINDS)), counts, left=left, color=shade, label=place, height=0.7)
        left += counts
    for row, total in enumerate(left):
        axes.text(total, row, f" {total:.0f}", va="center", fontsize=style.LEAST_POINTS)
    axes.set_yticks(range(len(KINDS)), [WORDS[kind].replace(" and ", "\nand ") for kind in KINDS])
    axes.invert_yaxis()
    axes.set(title="errors", xlabel="boxes", xlim=(0, max(left.max(), 1) * 1.3))
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(-0.6, -0.28), ncols=3, columnspacing=0.8, handlelength=1)


def _calibration(axes: Axes, table: pd.DataFrame, numbers: dict) -> None:
    share = style.fold(f"share {numbers['right']}", 30)
    axes.set(title="calibration", xlabel="confidence", ylabel=share, xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], "--", color="#999999", linewidth=0.8)
    filled = table[table["n"] > 0]
    if filled.empty:
        _empty(axes, "no prediction")
        return
    axes.plot(filled["confidence"], filled["right"], "o-", color=style.COLOURS["accent"], markersize=3)
    text = f"mean distance {numbers['expected_error']:.2f}, n = {numbers['n']}"
    axes.set_xlabel(f"confidence > {numbers['floor']:g}\n{text}")


def _groups(axes: Axes, table: pd.DataFrame) -> None:
    axes.set(title="found by group (n)", xlabel="share of cells found", xlim=(0, 1.02))
    table = table[table["n_boxes"] > 0].sort_values(
        ["by", "group"], key=lambda column: column.map(lambda text: (text != "donor", *style.natural(text)))
    )
    table = table.head(MOST_GROUPS)
    if table.empty:
        _empty(axes, "no donor or flow\ncondition is known")
        axes.set_yticks([])
        return
    axes.barh(range(len(table)), table["recall"], color=style.SHADES[2], height=0.7)
    names = [f"{str(name).replace('_', ' ')} ({n})" for name, n in zip(table["group"], table["n_boxes"], strict=True)]
    axes.set_yticks(range(len(table)), names)
    axes.set_xticks([0, 0.5, 1])
    axes.invert_yaxis()


def _empty(axes: Axes, text: str) -> None:
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#666666", fontsize=style.LEAST_POINTS
    )
