"""The confusion matrix by the match order of Ultralytics 8.3, the preprint's library (stage metrics).

There every prediction above the confidence keeps the true box it overlaps most, and every true box keeps, of the
predictions that are left, the one that overlaps it most; a prediction that loses its box gets no other. Ultralytics
8.4, and the matrix of this workflow, let the most confident prediction choose first (``matching``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import iou_matrix
from rbcflow.metrics.confusion import LABELS, ConfusionMatrix
from rbcflow.metrics.inputs import BOX

MEANING = (
    "counts as in confusion_matrix.csv, pairs of the highest overlap matched first as in Ultralytics 8.3; rows true, "
    "columns predicted; difference: the sum of absolute differences of the two matrices' cells"
)


def pairs(truth: NDArray, boxes: NDArray, iou: float) -> NDArray[np.int64]:
    """Match one frame's predictions to its true boxes, the highest overlap first.

    Args:
        truth: (T, 4) corners in pixels.
        boxes: (P, 4) corners in pixels.
        iou: overlap that a match must exceed.

    Returns:
        (P,) row of the true box a prediction found, -1 for a false positive.
    """
    partner = np.full(len(boxes), -1)
    if not len(truth) or not len(boxes):
        return partner
    overlap = iou_matrix(truth, boxes)
    chosen, best = overlap.argmax(axis=0), overlap.max(axis=0)
    for row in range(len(truth)):
        wanted = np.flatnonzero((chosen == row) & (best > iou))
        if len(wanted):
            partner[wanted[best[wanted].argmax()]] = row
    return partner


def matrix(truth: pd.DataFrame, predictions: pd.DataFrame, *, conf: float, iou: float) -> ConfusionMatrix:
    """Count the matrix of all frames.

    Args:
        truth: true boxes with columns ``frame, class, x0, y0, x1, y1``.
        predictions: boxes with columns ``frame, class, conf, x0, y0, x1, y1``.
        conf: confidence that counted predictions exceed.
        iou: overlap that matches exceed.
    """
    counts = np.zeros((len(LABELS),) * 2, dtype=np.int64)
    number = {name: place for place, name in enumerate(LABELS)}
    nothing = len(LABELS) - 1
    true_class, found_class = (table["class"].map(number).to_numpy(dtype=int) for table in (truth, predictions))
    true_boxes, boxes = truth[BOX].to_numpy(dtype=float), predictions[BOX].to_numpy(dtype=float)
    confident = predictions["conf"].to_numpy(dtype=float) > conf
    true_rows, rows_of = (table.reset_index(drop=True).groupby("frame").indices for table in (truth, predictions))
    none = np.zeros(0, dtype=int)
    for frame in true_rows.keys() | rows_of.keys():
        true, rows = true_rows.get(frame, none), rows_of.get(frame, none)
        rows = rows[confident[rows]]
        partner = pairs(true_boxes[true], boxes[rows], iou)
        behind = np.append(true_class[true], nothing)[partner]
        np.add.at(counts, (behind, found_class[rows]), 1)
        missed = np.setdiff1d(np.arange(len(true)), partner)
        np.add.at(counts, (true_class[true[missed]], nothing), 1)
    return ConfusionMatrix(counts, conf, iou)


def block(ours: ConfusionMatrix, truth: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, Any]:
    """Return what ``metrics.json`` says of the second matrix: its counts, and how far they are from the first's."""
    other = matrix(truth, predictions, conf=ours.conf, iou=ours.iou).counts
    return {"counts": other.tolist(), "difference": int(np.abs(other - ours.counts).sum()), "meaning": MEANING}


def read(metrics: dict[str, Any]) -> ConfusionMatrix:
    """Return the matrix that a run's ``metrics.json`` holds."""
    limits = {key: metrics["thresholds"][key] for key in ("conf", "iou")}
    return ConfusionMatrix(np.array(metrics["matrix"]["iou_first"]["counts"], dtype=np.int64), **limits)
