"""Whether confidence means what it says: the share of right predictions by confidence (stage metrics)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from rbcflow.metrics.matching import Matching

BINS = np.linspace(0, 1, 11)
FLOOR = 0.05
"""Predictions below are left out: thousands of them say only that nearly nothing is there."""


def calibration(matching: Matching, *, named: bool) -> pd.DataFrame:
    """Return the share of right predictions by confidence.

    Args:
        matching: of a run.
        named: whether a right prediction must have the right class, or only find a box.

    Returns:
        ``low, high, n, confidence, right``: bin, predictions in it, their mean confidence, the share that are right;
        NaN in an empty bin.
    """
    conf = matching.predictions["conf"].to_numpy(dtype=float)
    right = matching.partner >= 0
    if named:
        right &= matching.true_classes() == matching.predictions["class"].to_numpy(dtype=object)
    bins = np.clip(np.digitize(conf, BINS) - 1, 0, len(BINS) - 2)
    rows = []
    for number, (low, high) in enumerate(pairwise(BINS)):
        own = (bins == number) & (conf > FLOOR)
        means = (conf[own].mean(), right[own].mean()) if own.any() else (np.nan, np.nan)
        rows.append((round(float(low), 2), round(float(high), 2), int(own.sum()), *map(float, means)))
    return pd.DataFrame(rows, columns=["low", "high", "n", "confidence", "right"])


def expected_error(table: pd.DataFrame) -> float | None:
    """Return the mean distance between confidence and share of right predictions, weighted by n; None without any."""
    filled = table[table["n"] > 0]
    if filled.empty:
        return None
    return float(np.average((filled["confidence"] - filled["right"]).abs(), weights=filled["n"]))
