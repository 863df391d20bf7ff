"""Where found boxes lie against the true ones: their overlap, and by how much they are off in one direction (stage
metrics).

A low overlap says that boxes are off, not how. A box that is a few pixels too wide on every cell is a bias, which the
median of the differences shows; boxes that scatter about the true ones have a median near 0 and wide quartiles.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.metrics.inputs import BOX
from rbcflow.metrics.matching import BACKGROUND

MEASURES = ("dw", "dh", "dx", "dy", "size_ratio")
"""Width, height and centre of a predicted box less those of the true one, pixels; and its relative size."""

EDGE = "edge"
"""Kind of a true box that the frame's edge cuts; all others are whole."""

MEANING = (
    "of matched boxes, predicted less true: dw, dh of width and height, dx, dy of the centre (right and down), in "
    "pixels of the frame; size_ratio: square root of predicted over true area; whole: the frame's edge does not cut "
    "the true box; classes: whole boxes by true class"
)


def differences(truth: NDArray[np.float64], boxes: NDArray[np.float64]) -> pd.DataFrame:
    """Return how each predicted box differs from the true box it found.

    Args:
        truth: (N, 4) corners in pixels, none empty.
        boxes: (N, 4) corners of the predictions, row by row.

    Returns:
        (N rows) columns ``MEASURES``.
    """
    sides, own_sides = truth[:, 2:] - truth[:, :2], boxes[:, 2:] - boxes[:, :2]
    wider = own_sides - sides
    shift = (boxes[:, :2] + boxes[:, 2:] - truth[:, :2] - truth[:, 2:]) / 2
    ratio = np.sqrt(own_sides.prod(axis=1) / sides.prod(axis=1))
    return pd.DataFrame(np.column_stack([wider, shift, ratio]), columns=MEASURES)


def localisation(matches: pd.DataFrame, truth: pd.DataFrame, predictions: pd.DataFrame) -> dict:
    """Return median and quartiles of the overlap of matched boxes, and their bias.

    Args:
        matches: hits, false positives and misses at the operating point, as ``Matching.at`` gives them.
        truth: true boxes, with ``kind``.
        predictions: predicted boxes.

    Returns:
        ``n``, ``iou_median``, ``iou_q1``, ``iou_q3``, ``reason`` and ``bias``: for ``all``, ``whole`` and each of
        ``classes`` how many and, of each of ``MEASURES``, median and quartiles, None without a matched box.
    """
    rows = matches[(matches["true"] != BACKGROUND) & (matches["predicted"] != BACKGROUND)]
    true_rows, own_rows = (rows[name].to_numpy(dtype=int) for name in ("truth_row", "prediction_row"))
    apart = differences(
        truth[BOX].to_numpy(dtype=float)[true_rows], predictions[BOX].to_numpy(dtype=float)[own_rows]
    ).assign(iou=rows["iou"].to_numpy(dtype=float))
    whole = truth["kind"].to_numpy(dtype=object)[true_rows] != EDGE
    true = rows["true"].to_numpy(dtype=object)
    overlap = _quartiles(apart["iou"])
    return {
        "n": len(apart),
        **{f"iou_{name}": value for name, value in overlap.items()},
        "reason": None if len(apart) else "no matched boxes",
        "bias": {
            "all": _spread(apart),
            "whole": _spread(apart[whole]),
            "classes": {name: _spread(apart[whole & (true == name)]) for name in CLASSES},
            "meaning": MEANING,
        },
    }


def _spread(apart: pd.DataFrame) -> dict:
    return {"n": len(apart), **{name: _quartiles(apart[name]) for name in MEASURES}}


def _quartiles(values: pd.Series) -> dict[str, float | None]:
    if values.empty:
        return {"median": None, "q1": None, "q3": None}
    q1, median, q3 = (float(value) for value in np.percentile(values, [25, 50, 75]))
    return {"median": median, "q1": q1, "q3": q3}
