"""The confusion matrix, with the thresholds and the orientation it cannot be read without (stage metrics)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.metrics.matching import BACKGROUND

LABELS: tuple[str, ...] = (*CLASSES, BACKGROUND)


@dataclass(frozen=True)
class ConfusionMatrix:
    """Counts by true and predicted class; the last row holds false positives, the last column misses.

    Attributes:
        counts: (C + 1, C + 1) int64, rows true, columns predicted, in the order of ``LABELS``.
        conf: confidence that counted predictions exceed.
        iou: overlap that matches exceed.
    """

    counts: NDArray[np.int64]
    conf: float
    iou: float
    orientation: str = "rows are true classes, columns predicted classes"

    @classmethod
    def from_matches(cls, matches: pd.DataFrame, *, conf: float, iou: float) -> ConfusionMatrix:
        """Count a table of matches (columns ``true`` and ``predicted``), taken at the given thresholds."""
        counts = pd.crosstab(matches["true"], matches["predicted"]).reindex(index=LABELS, columns=LABELS, fill_value=0)
        return cls(counts.to_numpy(dtype=np.int64), conf, iou)

    @classmethod
    def read_csv(cls, path: Path, *, conf: float, iou: float) -> ConfusionMatrix:
        """Read what ``write_csv`` wrote.

        Raises:
            InputError: a pair of classes is missing.
        """
        table = pd.read_csv(path).pivot(index="true", columns="predicted", values="count")
        counts = table.reindex(index=LABELS, columns=LABELS)
        if counts.isna().any(axis=None):
            raise InputError(path, f"{table.size} pairs of classes", f"every pair of {', '.join(LABELS)}")
        return cls(counts.to_numpy(dtype=np.int64), conf, iou)

    @property
    def n(self) -> int:
        """Number of true boxes."""
        return int(self.counts[:-1].sum())

    def normalised(self) -> NDArray[np.float64]:
        """Return the shares of each true class (rows sum to 1); a row without counts is NaN.

        The row ``background`` gives how false positives divide among predicted classes, as nothing else can be its
        total.
        """
        totals = self.counts.sum(axis=1, keepdims=True).astype(float)
        return np.divide(self.counts, totals, out=np.full(self.counts.shape, np.nan), where=totals > 0)

    def write_csv(self, path: Path) -> None:
        """Write the counts in long form: ``true, predicted, count``."""
        pairs = [(true, predicted) for true in LABELS for predicted in LABELS]
        table = pd.DataFrame(pairs, columns=["true", "predicted"])
        table.assign(count=self.counts.ravel()).to_csv(path, index=False)
