"""Predictions beside the truth: hits, misses, false positives, wrong names (figure ``sample_predictions``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rbcflow.core.classes import CLASSES
from rbcflow.figures import pictures, style
from rbcflow.figures.cells import UNNAMED
from rbcflow.figures.validation import read_metrics, run_note, thresholds, unavailable
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.testsets.files import TestSet

PANELS = 8
DASHED = (0, (2, 1.6))
INSET = np.array([2.5, 2.5, -2.5, -2.5])
"""Pixels of a frame between the box of a misnamed cell and the one inside it that shows the true class."""


def sample_predictions(run_folder: Path, predictions: Path, testset: Path, output: Path) -> None:
    """Show predicted and missed boxes on frames evenly taken from those with any box.

    Args:
        run_folder: folder with ``metrics.json`` and ``matches.csv``.
        predictions: Parquet file of boxes.
        testset: folder of the test set.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    predicted, content = read_pair(predictions, testset)
    matches = pd.read_csv(run_folder / "matches.csv")
    evaluated = metrics["classes_evaluated"] != "false"
    if not evaluated:
        matches["true"] = matches["true"].where(matches["true"] == BACKGROUND, UNNAMED)
    frames = content.frames.sort_values(["recording", "index"], kind="stable")
    shown = frames[frames["frame"].isin(matches["frame"])] if len(matches) else frames
    shown = shown.iloc[pictures.spread(len(shown), PANELS)]
    columns = 2 if (shown["width"] / shown["height"]).median() > 1.5 else 4
    rows = -(-len(shown) // columns)
    height = style.SHEET_MM / columns * (shown["height"] / shown["width"]).max() + (8 if columns == 2 else 14)
    with style.canvas(output, style.SHEET_MM, 24 + rows * height, run_note(metrics, thresholds(metrics))) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels:
            axes.set_axis_off()
        for axes, (_, frame) in zip(panels, shown.iterrows(), strict=False):
            own = matches[matches["frame"] == frame["frame"]]
            _panel(axes, content, frame, own, predicted.boxes, style.SHEET_MM / columns - 4)
        if len(shown):
            pictures.scale_bar(
                panels[len(shown) - 1], content.meta["source"], *shown.iloc[-1][["width", "height"]], below=True
            )
        figure.legend(
            handles=_legend(evaluated=evaluated),
            loc="outside lower center",
            ncols=4,
            handlelength=1.6,
            columnspacing=1.4,
        )


def _panel(
    axes: Axes, content: TestSet, frame: pd.Series, matches: pd.DataFrame, predictions: pd.DataFrame, wide: float
) -> None:
    """Show a frame with its boxes, under a title that fits so many millimetres."""
    pictures.show(axes, pictures.as_rgb(content.image(frame["frame"])))
    place = style.place(frame["recording"], frame["condition"], f"frame {frame['index']}")
    axes.set_title(style.fold(place, wide), fontsize=style.LEAST_POINTS, weight="normal")
    for _, pair in matches.iterrows():
        if pair["predicted"] == BACKGROUND:
            box = content.truth.loc[int(pair["truth_row"]), BOX]
            pictures.add_box(axes, box, style.COLOURS[pair["true"]], DASHED)
            continue
        box = predictions.loc[int(pair["prediction_row"]), BOX].to_numpy(dtype=float)
        pictures.add_box(axes, box, style.COLOURS[pair["predicted"]])
        if pair["true"] == BACKGROUND:
            line = {"color": style.COLOURS[pair["predicted"]], "linewidth": 0.8, "path_effects": pictures.CASED}
            axes.plot(box[[0, 2]] - 0.5, box[[1, 3]] - 0.5, **line)
        elif pair["true"] not in (UNNAMED, pair["predicted"]):
            pictures.add_box(axes, box + INSET, style.COLOURS[pair["true"]])


def _legend(*, evaluated: bool) -> list:
    dark = {"color": "#333333"}
    square = {"linestyle": "", "markersize": 7, "markeredgewidth": 0, **dark}
    return [
        *style.class_handles(CLASSES),
        Line2D([], [], marker="$□$", label="found", **square),
        Line2D([], [], linestyle=DASHED, label="missed" if evaluated else "missed (class not evaluated)", **dark),
        Line2D([], [], marker="$⧅$", label="false positive", **square),
        *([Line2D([], [], marker="$⧈$", label="misnamed (inside: true class)", **square)] if evaluated else []),
    ]
