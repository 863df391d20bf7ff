"""Precision, recall and F1 over confidence, from the same matching as the confusion matrix (stage metrics).

Three ways to count, by the column ``class``: a class's own name (found and classified correctly), ``all`` (the same,
the classes pooled) and ``any`` (found, whatever its predicted class).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.metrics.matching import Matching

ALL, ANY = "all", "any"
COUNTED: tuple[str, ...] = (*CLASSES, ALL, ANY)
CONFIDENCES: NDArray[np.float64] = np.linspace(0, 1, 201)
"""Thresholds of the curves; a prediction counts if its confidence exceeds the threshold."""


@dataclass(frozen=True)
class Counts:
    """Hits among true boxes and predictions, and the three ratios; a ratio without denominator is None.

    Attributes:
        hits: predictions that found a true box.
        n_boxes: true boxes.
        n_predictions: predictions.
    """

    hits: int
    n_boxes: int
    n_predictions: int

    @property
    def precision(self) -> float | None:
        return self.hits / self.n_predictions if self.n_predictions else None

    @property
    def recall(self) -> float | None:
        return self.hits / self.n_boxes if self.n_boxes else None

    @property
    def f1(self) -> float | None:
        """2 hits / (boxes + predictions): defined as soon as there is either."""
        total = self.n_boxes + self.n_predictions
        return 2 * self.hits / total if total else None


def _above(confidences: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    return len(confidences) - np.searchsorted(np.sort(confidences), thresholds, side="right")


def counts(matching: Matching, name: str, thresholds: NDArray[np.float64]) -> list[Counts]:
    """Count hits of one entry of ``COUNTED`` at each confidence threshold."""
    conf = matching.predictions["conf"].to_numpy(dtype=float)
    predicted, true = matching.predictions["class"].to_numpy(dtype=object), matching.true_classes()
    own = np.ones(len(conf), dtype=bool) if name in (ALL, ANY) else predicted == name
    hit = own & ((matching.partner >= 0) if name == ANY else (predicted == true))
    n_boxes = len(matching.truth) if name in (ALL, ANY) else int((matching.truth["class"] == name).sum())
    pairs = zip(_above(conf[hit], thresholds), _above(conf[own], thresholds), strict=True)
    return [Counts(int(hits), n_boxes, int(total)) for hits, total in pairs]


def curves(matching: Matching, names: tuple[str, ...] = COUNTED) -> pd.DataFrame:
    """Return ``class, conf, precision, recall, f1`` at ``CONFIDENCES``; an undefined ratio is NaN."""
    rows = [
        (name, round(float(conf), 4), count.precision, count.recall, count.f1)
        for name in names
        for conf, count in zip(CONFIDENCES, counts(matching, name, CONFIDENCES), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["class", "conf", "precision", "recall", "f1"])
    return table.astype({"precision": float, "recall": float, "f1": float})


def best_f1(table: pd.DataFrame, name: str) -> dict | None:
    """Return where one class's F1 is largest, at the lowest confidence among equals; None if it has no hit."""
    own = table[(table["class"] == name) & (table["f1"] > 0)]
    if own.empty:
        return None
    row = own.loc[own["f1"].idxmax()]
    return {key: float(row[key]) for key in ("conf", "precision", "recall", "f1")}
