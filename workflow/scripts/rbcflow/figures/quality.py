"""What a run's hits and errors are made of: overlaps, kinds, calibration, conditions (figure ``run_quality``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rbcflow.figures import style
from rbcflow.figures.errors import WORDS
from rbcflow.figures.validation import read_metrics, run_note, thresholds, unavailable
from rbcflow.metrics.errors import KINDS, PLACES

MOST_GROUPS = 12


def run_quality(run_folder: Path, output: Path) -> None:
    """Draw overlaps of matched boxes, errors by kind and place, calibration, and recall by donor and flow condition.

    Args:
        run_folder: folder with ``metrics.json`` and the run's tables.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    with style.canvas(output, style.PAGE_MM, 58, run_note(metrics, thresholds(metrics))) as figure:
        panels = figure.subplots(1, 4, width_ratios=[1, 1.25, 1, 1.1])
        _overlaps(panels[0], pd.read_csv(run_folder / "matches.csv"), metrics)
        _errors(panels[1], metrics["errors"])
        _calibration(panels[2], pd.read_csv(run_folder / "calibration.csv"), metrics["calibration"])
        _groups(panels[3], pd.read_csv(run_folder / "groups.csv", dtype={"group": str}))


def _overlaps(axes: Axes, matches: pd.DataFrame, metrics: dict) -> None:
    overlap = matches["iou"].dropna()
    axes.set(title="overlap of found cells", xlabel="IoU", ylabel="cells", xlim=(metrics["thresholds"]["iou"], 1))
    if overlap.empty:
        _empty(axes, "no cell found")
        return
    axes.hist(overlap, bins=np.linspace(metrics["thresholds"]["iou"], 1, 23), color=style.COLOURS["accent"])
    axes.axvline(overlap.median(), color="black", linewidth=0.8)
    axes.text(
        0.03,
        0.97,
        f"n = {len(overlap)}\nmedian {overlap.median():.2f}",
        transform=axes.transAxes,
        va="top",
        fontsize=6.5,
    )


def _errors(axes: Axes, errors: dict) -> None:
    left = np.zeros(len(KINDS))
    for place, shade in zip(PLACES, (style.SHADES[0], style.SHADES[1], style.SHADES[2]), strict=True):
        counts = np.array([errors["places"][kind][place] for kind in KINDS], dtype=float)
        axes.barh(range(len(KINDS)), counts, left=left, color=shade, label=place, height=0.7)
        left += counts
    for row, total in enumerate(left):
        axes.text(total, row, f" {total:.0f}", va="center", fontsize=6)
    axes.set_yticks(range(len(KINDS)), [WORDS[kind].replace(" and ", "\nand ") for kind in KINDS])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set(title="errors", xlabel="boxes")
    axes.legend(fontsize=5.5, loc="lower right")


def _calibration(axes: Axes, table: pd.DataFrame, numbers: dict) -> None:
    axes.set(title="calibration", xlabel="confidence", ylabel=f"share {numbers['right']}", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], "--", color="#999999", linewidth=0.8)
    filled = table[table["n"] > 0]
    if filled.empty:
        _empty(axes, "no prediction")
        return
    axes.plot(filled["confidence"], filled["right"], "o-", color=style.COLOURS["accent"], markersize=3)
    text = f"mean distance {numbers['expected_error']:.2f}\nn = {numbers['n']}, conf > {numbers['floor']:g}"
    axes.text(0.04, 0.97, text, transform=axes.transAxes, va="top", fontsize=6)


def _groups(axes: Axes, table: pd.DataFrame) -> None:
    axes.set(title="found by group", xlabel="recall", xlim=(0, 1.02))
    table = table[table["n_boxes"] > 0].head(MOST_GROUPS)
    if table.empty:
        _empty(axes, "no donor or flow\ncondition is known")
        axes.set_yticks([])
        return
    axes.barh(range(len(table)), table["recall"], color=style.SHADES[2], height=0.7)
    for row, (recall, n) in enumerate(zip(table["recall"], table["n_boxes"], strict=True)):
        axes.text(0.02, row, f"{recall:.2f}  n = {n}", va="center", fontsize=6)
    axes.set_yticks(range(len(table)), [str(name).replace("_", " ") for name in table["group"]], fontsize=6)
    axes.invert_yaxis()


def _empty(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#666666", fontsize=7)
