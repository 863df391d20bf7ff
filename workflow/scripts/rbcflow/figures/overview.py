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


def overview(runs: list[Path], output: Path) -> None:
    """Draw two heat maps, models by test sets: AP at IoU 0.5 with classes ignored, and mean AP over classes.

    Args:
        runs: folders of validation runs.
        output: PNG file.
    """
    metrics = [read_metrics(folder) for folder in runs]
    models = list(dict.fromkeys(one["model"] for one in metrics))
    testsets = list(dict.fromkeys(one["testset"] for one in metrics))
    note = style.note(
        "IoU 0.5, COCO's 101 recall levels", "n: true boxes", "hatched: no number, for the reason given",
        "blank: not run", "* proxy classes", "† without classes that the model cannot name",
    )  # fmt: skip
    height = 24 + 13 * len(testsets)
    with style.canvas(output, style.PAGE_MM, height, note) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (key, title) in zip(panels, TITLES.items(), strict=True):
            axes.set_title(title)
            _grid(axes, models, testsets)
            for one in metrics:
                _cell(axes, models.index(one["model"]), testsets.index(one["testset"]), one, key)
        origins = {one["testset"]: one["origin"] for one in metrics}
        labels = {name: f"{name}\n({origin.text(own)})" if own else name for name, own in origins.items()}
        panels[0].set_yticks(range(len(testsets)), [labels[name] for name in testsets])


def _grid(axes: Axes, models: list[str], testsets: list[str]) -> None:
    axes.set(xlim=(-0.5, len(models) - 0.5), ylim=(len(testsets) - 0.5, -0.5))
    axes.set_xticks(range(len(models)), [name.replace("_", "_\n") for name in models], fontsize=5.5)
    axes.set_xlabel("model")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _cell(axes: Axes, column: int, row: int, metrics: dict, key: str) -> None:
    value = metrics["agnostic"]["ap50"] if key == "ap50" else metrics["coco"]["map50"]
    corner = (column - 0.48, row - 0.46)
    if value is None:
        axes.add_patch(
            Rectangle(corner, 0.96, 0.92, facecolor="#F4F4F4", edgecolor="#CFCFCF", hatch="////", linewidth=0)
        )
        reason = "unavailable" if metrics["status"] != "available" else _short(metrics, key)
        box = {"facecolor": "#F4F4F4", "edgecolor": "none", "pad": 1.5}
        axes.text(column, row, reason, ha="center", va="center", fontsize=6.5, color="#444444", bbox=box)
        return
    shade = np.array([0.2, 0.45, 0.7]) * value + np.array([0.95, 0.97, 1.0]) * (1 - value)
    axes.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=shade, linewidth=0))
    colour, shown = "white" if value > 0.55 else "black", f"{value:.2f}{_marks(metrics, key)}"
    axes.text(column, row - 0.1, shown, ha="center", va="center", fontsize=9, color=colour)
    remark = f"n = {metrics['n_boxes']['total']}"
    remark += "" if metrics["interpretable"] else ", not interpretable"
    axes.text(column, row + 0.25, remark, ha="center", va="center", fontsize=6, color=colour)


def _marks(metrics: dict, key: str) -> str:
    """Return the signs behind a mean over classes that the note explains."""
    if key != "map50":
        return ""
    return ("*" if metrics["classes_judged"] == "proxy" else "") + ("†" if metrics["coco"]["left_out"] else "")


def _short(metrics: dict, key: str) -> str:
    if key == "map50" and metrics["classes_judged"] == "false":
        return "classes not judged"
    return "no true boxes"
