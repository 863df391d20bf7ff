"""Which prediction found which true box: the one matching behind matrix, curves and operating point (stage metrics).

Predictions of a frame, in falling confidence, each take the true box they overlap most among those still free, whatever
its class, if the overlap exceeds the threshold. This is how the confusion matrix of Ultralytics (8.4) matches. As a
prediction never depends on less confident ones, matching once at the lowest confidence answers for every threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import iou_matrix
from rbcflow.metrics.inputs import BOX

BACKGROUND = "background"
"""The true class of a false positive and the predicted class of a miss."""

MATCH_COLUMNS = ["frame", "true", "predicted", "conf", "iou", "truth_row", "prediction_row"]


def match_boxes(truth: NDArray, boxes: NDArray, iou: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Match one frame's predictions to its true boxes, one to one.

    Args:
        truth: (T, 4) corners in pixels.
        boxes: (P, 4) corners in pixels, in falling confidence.
        iou: overlap that a match must exceed.

    Returns:
        (P,) row of the true box a prediction found, -1 for a false positive; (P,) their overlap, 0 for a false
        positive.
    """
    partner, best = np.full(len(boxes), -1), np.zeros(len(boxes))
    if len(truth) == 0:
        return partner, best
    overlap = iou_matrix(truth, boxes)
    for prediction in range(len(boxes)):
        found = overlap[:, prediction].argmax()
        if overlap[found, prediction] > iou:
            partner[prediction], best[prediction] = found, overlap[found, prediction]
            overlap[found] = 0
    return partner, best


@dataclass(frozen=True)
class Matching:
    """All predictions of a test set matched to its true boxes.

    Attributes:
        truth: (T rows) true boxes.
        predictions: (P rows) predicted boxes.
        partner: (P,) row of ``truth`` that each prediction found, -1 for none.
        overlap: (P,) their intersection over union.
        iou: the threshold that matches exceed.
    """

    truth: pd.DataFrame
    predictions: pd.DataFrame
    partner: NDArray[np.int64]
    overlap: NDArray[np.float64]
    iou: float

    def true_classes(self) -> NDArray[np.object_]:
        """Return (P,) the true class behind each prediction, ``background`` for a false positive."""
        labels = np.append(self.truth["class"].to_numpy(dtype=object), BACKGROUND)
        return labels[self.partner]

    def at(self, conf: float) -> pd.DataFrame:
        """Return hits, false positives and misses above a confidence.

        Returns:
            By frame, one row a prediction above ``conf`` (true class ``background`` for a false positive), then one a
            missed true box (predicted class ``background``). Columns ``MATCH_COLUMNS``; the last two are row numbers in
            the tables of truth and predictions.
        """
        rows = np.flatnonzero(self.predictions["conf"].to_numpy(dtype=float) > conf)
        predicted = self.predictions.iloc[rows]
        found = pd.DataFrame(
            {
                "frame": predicted["frame"],
                "true": self.true_classes()[rows],
                "predicted": predicted["class"],
                "conf": predicted["conf"].astype(float),
                "iou": np.where(self.partner[rows] >= 0, self.overlap[rows], np.nan),
                "truth_row": pd.array(self.partner[rows], dtype="Int64"),
                "prediction_row": pd.array(rows, dtype="Int64"),
            }
        )
        found["truth_row"] = found["truth_row"].mask(found["truth_row"] < 0)
        missed_rows = np.setdiff1d(np.arange(len(self.truth)), self.partner[rows])
        missed = self.truth.iloc[missed_rows][["frame", "class"]].rename(columns={"class": "true"})
        missed = missed.assign(predicted=BACKGROUND, conf=np.nan, iou=np.nan)
        missed["truth_row"] = pd.array(missed_rows, dtype="Int64")
        missed["prediction_row"] = pd.array([pd.NA] * len(missed), dtype="Int64")
        parts = [part for part in (found, missed) if len(part)] or [found]
        table = pd.concat(parts, ignore_index=True)[MATCH_COLUMNS]
        return table.sort_values("frame", kind="stable", ignore_index=True)


def match(truth: pd.DataFrame, predictions: pd.DataFrame, iou: float) -> Matching:
    """Match the predictions of all frames.

    Args:
        truth: true boxes with columns ``frame, class, x0, y0, x1, y1``.
        predictions: boxes with columns ``frame, class, conf, x0, y0, x1, y1``, falling confidence within a frame.
        iou: overlap that a match must exceed.
    """
    partner, overlap = np.full(len(predictions), -1), np.zeros(len(predictions))
    true_boxes, boxes = truth[BOX].to_numpy(dtype=float), predictions[BOX].to_numpy(dtype=float)
    true_rows = pd.DataFrame({"frame": truth["frame"].to_numpy()}).groupby("frame").indices
    rows_by_frame = pd.DataFrame({"frame": predictions["frame"].to_numpy()}).groupby("frame").indices
    for frame in sorted(rows_by_frame.keys() & true_rows.keys()):
        rows, candidates = rows_by_frame[frame], true_rows[frame]
        local, overlap[rows] = match_boxes(true_boxes[candidates], boxes[rows], iou)
        partner[rows] = np.where(local >= 0, candidates[local], -1)
    return Matching(truth, predictions, partner, overlap, iou)
