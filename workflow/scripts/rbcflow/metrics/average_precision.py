"""Average precision from hits, in plain NumPy: for resampled recordings and to check the evaluator (stage metrics).

The number that is reported comes from the evaluator (``coco``); this is the second, independent way to it, and the one
that takes weights.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import iou_matrix
from rbcflow.metrics.inputs import BOX

THRESHOLDS: NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
"""COCO's overlaps."""
RECALLS: NDArray[np.float64] = np.linspace(0, 1, 101)
"""COCO's recall levels."""


def hits(
    truth: pd.DataFrame, predictions: pd.DataFrame, thresholds: NDArray[np.float64], *, agnostic: bool = False
) -> NDArray[np.bool_]:
    """Say which predictions find a true box of their own class at each overlap.

    In falling confidence, each prediction takes the free true box it overlaps most, if by the threshold at least (Lin
    et al. 2014; Ultralytics 8.4 does the same).

    Args:
        truth: ``frame, class, x0, y0, x1, y1``.
        predictions: the same, falling confidence within a frame.
        thresholds: (T,) overlaps.
        agnostic: any class will do.

    Returns:
        (P, T) bool.
    """
    found = np.zeros((len(predictions), len(thresholds)), dtype=bool)
    true_boxes, boxes = truth[BOX].to_numpy(dtype=float), predictions[BOX].to_numpy(dtype=float)
    true_class, own_class = truth["class"].to_numpy(dtype=object), predictions["class"].to_numpy(dtype=object)
    true_rows, own_rows = (_rows_by_frame(table) for table in (truth, predictions))
    for frame in own_rows.keys() & true_rows.keys():
        rows, candidates = own_rows[frame], true_rows[frame]
        overlap = iou_matrix(true_boxes[candidates], boxes[rows])
        if not agnostic:
            overlap *= true_class[candidates][:, None] == own_class[rows]
        found[rows] = _greedy(overlap, thresholds)
    return found


def _rows_by_frame(table: pd.DataFrame) -> dict:
    return pd.DataFrame({"frame": table["frame"].to_numpy()}).groupby("frame").indices


def _greedy(overlap: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Match (true, predicted) overlaps of one frame at every threshold at once."""
    found = np.zeros((overlap.shape[1], len(thresholds)), dtype=bool)
    taken = np.zeros((overlap.shape[0], len(thresholds)), dtype=bool)
    columns = np.arange(len(thresholds))
    for prediction in np.flatnonzero((overlap >= thresholds.min()).any(axis=0)):
        free = np.where(taken, 0, overlap[:, prediction, None])
        best = free.argmax(axis=0)
        found[prediction] = free[best, columns] >= thresholds
        taken[best, columns] |= found[prediction]
    return found


def coco_ap(
    conf: NDArray[np.float64],
    hit: NDArray[np.bool_],
    n_boxes: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return average precision at COCO's 101 recall levels for several weightings of the same predictions.

    Args:
        conf: (P,) confidences.
        hit: (P,) whether each prediction found a true box.
        n_boxes: (B,) sum of the weights of the true boxes in each weighting.
        weights: (B, P) how often each prediction counts, such as how often its recording was sampled.

    Returns:
        (B,) average precision; NaN without true boxes.
    """
    order = np.argsort(-conf, kind="stable")
    ordered, at_hits = weights[:, order], np.flatnonzero(hit[order])
    # precision only falls between hits, so its envelope is decided at hits
    tp = np.cumsum(ordered[:, at_hits], axis=1)
    seen = np.cumsum(ordered, axis=1)[:, at_hits]
    precision = np.divide(tp, seen, out=np.zeros_like(tp), where=seen > 0)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    result = np.full(len(weights), np.nan)
    for row in np.flatnonzero(n_boxes > 0):
        # as the evaluator: the first place where recall reaches the level, 0 where it never does
        places = np.searchsorted(tp[row] / n_boxes[row], RECALLS, side="left")
        result[row] = np.append(envelope[row], 0.0)[places].mean()
    return result


def ultralytics_ap(conf: NDArray[np.float64], hit: NDArray[np.bool_], n_boxes: int) -> float:
    """Return average precision as Ultralytics defines it: the area under the interpolated envelope over 101 levels.

    It exceeds COCO's by up to some hundredths where there are few boxes.

    Args:
        conf: (P,) confidences.
        hit: (P,) whether each prediction found a true box.
        n_boxes: true boxes, more than 0.
    """
    if not len(conf):
        return 0.0
    ordered = hit[np.argsort(-conf)]
    tp = np.cumsum(ordered)
    recall, precision = tp / n_boxes, tp / np.arange(1, len(tp) + 1)
    levels = np.concatenate([[0.0], recall, [recall[-1], 1.0]])
    envelope = np.maximum.accumulate(np.concatenate([[1.0], precision, [0.0, 0.0]])[::-1])[::-1]
    return float(np.trapezoid(np.interp(RECALLS, levels, envelope), RECALLS))
