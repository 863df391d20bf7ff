"""Every model on every test set (figure ``overview``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from rbcflow.figures import style
from rbcflow.figures.validation import read_metrics
from rbcflow.runtime import origin

TITLES = {
    "ap50": "cells found: AP50, class ignored",
    "map50": "cells found and named: mAP50",
}


OWN = "composed images"
"""Row of the test splits of the variants: each model on its own."""


def overview(runs: list[Path], output: Path) -> None:
    """Draw two heat maps, test sets by models: AP at IoU 0.5 with classes ignored, and mean AP over classes.

    Args:
        runs: folders of validation runs.
        output: PNG file.
    """
    metrics = [read_metrics(folder) for folder in runs]
    models = list(dict.fromkeys(one["model"] for one in metrics))
    rows = list(dict.fromkeys(map(_row_of, metrics)))
    note = style.note(
        "IoU 0.5, COCO's 101 recall levels", "n: true boxes", "hatched: no number, for the reason given",
        "blank: not run", "* proxy classes", "† without classes that the model cannot name",
    )  # fmt: skip
    with style.canvas(output, style.SHEET_MM, 40 + 19 * len(rows), note) as figure:
        for axes, (key, title) in zip(figure.subplots(2, 1), TITLES.items(), strict=True):
            axes.set_title(title)
            _grid(axes, models, {row: _about(row, metrics) for row in rows})
            for one in metrics:
                _cell(axes, models.index(one["model"]), rows.index(_row_of(one)), one, key)


def _row_of(metrics: dict) -> str:
    """Return the test set of a run; the variants' own test splits go by one name."""
    return OWN if metrics["testset"].endswith("_test") else metrics["testset"]


def _about(row: str, metrics: list[dict]) -> str:
    """Return a row's label: the test set, what its frames are, and how many true boxes they have."""
    own = [one for one in metrics if _row_of(one) == row]
    boxes = sorted({one["n_boxes"]["total"] for one in own})
    counted = f"n = {boxes[0]}" if len(boxes) == 1 else f"n = {boxes[0]} to {boxes[-1]}"
    made = origin.text(own[0]["origin"]) if own[0]["origin"] else ""
    return f"{style.label(row)}\n{', '.join(filter(None, (made, counted)))}"


def _grid(axes: Axes, models: list[str], rows: dict[str, str]) -> None:
    axes.set(xlim=(-0.5, len(models) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(models)), [style.label(name, 10) for name in models])
    axes.set_yticks(range(len(rows)), list(rows.values()))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _cell(axes: Axes, column: int, row: int, metrics: dict, key: str) -> None:
    value = metrics["agnostic"]["ap50"] if key == "ap50" else metrics["coco"]["map50"]
    corner = (column - 0.48, row - 0.46)
    if value is None:
        blank = {"facecolor": "#F4F4F4", "edgecolor": "#CFCFCF", "hatch": "////", "linewidth": 0}
        axes.add_patch(Rectangle(corner, 0.96, 0.92, **blank))
        reason = "absent" if metrics["status"] != "available" else _short(metrics, key)
        box = {"facecolor": "#F4F4F4", "edgecolor": "none", "pad": 1}
        axes.text(column, row, reason, ha="center", va="center", fontsize=7, color="#444444", bbox=box)
        return
    shade = np.array([0.2, 0.45, 0.7]) * value + np.array([0.95, 0.97, 1.0]) * (1 - value)
    axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=shade, linewidth=0))
    unread = "" if metrics["interpretable"] else "\nnot inter-\npretable"
    axes.text(
        column, row, f"{value:.2f}{_marks(metrics, key)}{unread}", ha="center", va="center",
        fontsize=7 if unread else 9, color="white" if value > 0.55 else "black",
    )  # fmt: skip


def _marks(metrics: dict, key: str) -> str:
    """Return the signs behind a mean over classes that the note explains."""
    if key != "map50":
        return ""
    return ("*" if metrics["classes_evaluated"] == "proxy" else "") + ("†" if metrics["coco"]["left_out"] else "")


def _short(metrics: dict, key: str) -> str:
    if key == "map50" and metrics["classes_evaluated"] == "false":
        return "not\nevaluated"
    return "no true\nboxes"
