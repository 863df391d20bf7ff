"""Confusion matrices and curves of a validation run, drawn from the files of the metrics stage (stage figures)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rbcflow.core.classes import CLASSES
from rbcflow.figures import style
from rbcflow.metrics.confusion import LABELS, ConfusionMatrix
from rbcflow.metrics.curves import ALL, ANY
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.runtime import origin

CURVES = {
    **{name: (style.class_name(name), style.COLOURS[name], "-") for name in CLASSES},
    ALL: ("all classes pooled", style.COLOURS[ALL], "-"),
    ANY: ("found, class ignored", style.COLOURS[ANY], "--"),
}
"""Label, colour and line of each way of counting."""

FALSE_POSITIVES = {
    "second": "second box\non a found cell",
    "misplaced": "overlaps a cell\ntoo little",
    "background": "on background",
}
"""What the matrix's row of false positives is divided into, as in the errors of ``metrics.json``."""

HEAT = "Blues"
"""Colour map of every matrix."""

DARK = 0.55
"""Share above which a cell of a matrix is so dark that its text is white."""

EVALUATED = {"true": "", "proxy": "classes are by-eye proxies", "false": "true classes are not evaluated"}


def read_metrics(run_folder: Path) -> dict:
    """Return a run's ``metrics.json``."""
    return json.loads((run_folder / "metrics.json").read_text())


def run_note(metrics: dict, *more: str) -> str:
    """Return what every figure of a run must be read with."""
    return style.note(
        style.label(metrics["run"]),
        f"{origin.Basis.of_metrics(metrics).text} frames",
        f"n = {metrics['n_boxes']['total']} true boxes on {metrics['n_frames']} frames",
        *more,
        EVALUATED[metrics["classes_evaluated"]],
    )


def unavailable(metrics: dict, output: Path) -> bool:
    """Draw the reason and return True where the run's test set is unavailable."""
    if metrics["status"] == "available":
        return False
    style.notice(output, " ".join(metrics["caveats"]))
    return True


def thresholds(metrics: dict) -> str:
    """Return the operating point in words."""
    return f"confidence > {metrics['thresholds']['conf']:g}, IoU > {metrics['thresholds']['iou']:g}"


def confusion_matrix(run_folder: Path, output: Path) -> None:
    """Draw raw counts and shares of the true class, rows true, columns predicted.

    Args:
        run_folder: folder with ``metrics.json`` and ``confusion_matrix.csv``.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    limits = {key: metrics["thresholds"][key] for key in ("conf", "iou")}
    matrix = ConfusionMatrix.read_csv(run_folder / "confusion_matrix.csv", **limits)
    with style.canvas(output, style.SHEET_MM, 118, run_note(metrics, thresholds(metrics))) as figure:
        left, right = figure.subplots(2, 1, height_ratios=(6, 4))
        counts = np.vstack([matrix.counts[:-1], _false_positives(metrics)])
        heat(left, counts / max(1, counts.max()), [[f"{n}" for n in row] for row in counts], below=FALSE_POSITIVES)
        left.set_title(f"counts (n = {matrix.n})")
        shares = matrix.normalised()
        heat(right, shares, [["–" if np.isnan(x) else f"{x:.2f}" for x in row] for row in shares])
        right.set_title("shares (each row sums to 1)")


def _false_positives(metrics: dict) -> np.ndarray:
    """Return (3, C + 1) the row ``background`` divided as in ``FALSE_POSITIVES``; the last column counts nothing."""
    divided = metrics["errors"]["false_positives"]
    return np.array([[divided[kind].get(name, 0) for name in LABELS] for kind in FALSE_POSITIVES])


def heat(
    axes: Axes,
    values: np.ndarray,
    texts: list[list[str]],
    *,
    short: bool = False,
    below: Mapping[str, str] = MappingProxyType({BACKGROUND: "background\n(false positive)"}),
) -> None:
    """Draw a matrix as a heat map; background with background is no count.

    Args:
        axes: to draw in.
        values: (C + R, C + 1) of 0..1, which shade the cells; NaN is blank.
        texts: what stands in the cells.
        short: for small panels: initials for the classes, no axis titles.
        below: names of the R rows below the classes, of predictions that found no cell.
    """
    last = len(LABELS) - 1
    axes.imshow(np.ma.masked_invalid(values), cmap=HEAT, vmin=0, vmax=1, aspect="equal" if short else "auto")
    for row, column in np.ndindex(values.shape):
        text = "" if row >= last and column == last else texts[row][column]
        colour = "white" if values[row, column] > DARK else "black"
        axes.text(
            column, row, text, ha="center", va="center", color=colour, fontsize=style.LEAST_POINTS if short else 8.5
        )
    names = [style.class_name(name) for name in CLASSES]
    names = [name[0] for name in names] if short else names
    axes.set_xticks(range(last + 1), [*names, "b" if short else "missed"])
    axes.set_yticks(range(len(values)), [*names, *(["b"] if short else below.values())])
    if not short:
        axes.set(xlabel="predicted class", ylabel="true class")
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(last) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(values) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)


def confidence_curves(run_folder: Path, output: Path) -> None:
    """Draw precision, recall and F1 over confidence, and precision over recall.

    Args:
        run_folder: folder with ``metrics.json`` and ``curves.csv``.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    table = pd.read_csv(run_folder / "curves.csv")
    note = run_note(metrics, f"IoU > {metrics['thresholds']['iou']:g}")
    with style.canvas(output, style.SHEET_MM, 104, note) as figure:
        panels = figure.subplots(2, 2, sharey=True).ravel()
        for name, own in table.groupby("class", sort=False):
            label, colour, line = CURVES[name]
            for axes, measure in zip(panels, ("precision", "recall", "f1"), strict=False):
                axes.plot(own["conf"], own[measure], line, color=colour, label=label)
            panels[3].plot(own["recall"], own["precision"], line, color=colour)
        for axes, title in zip(panels, ("precision", "recall", "F1", "precision over recall"), strict=True):
            axes.set(title=title, xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence")
            axes.set_xticks([0, 0.5, 1])
            axes.grid(True)
        for axes in panels[:3]:
            axes.axvline(metrics["thresholds"]["conf"], color="#BBBBBB", linewidth=0.8, zorder=0)
        panels[3].set_xlabel("recall")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
