"""What tests a sentence, counted for every draw of the recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.claims.statements import Part, Statement
from rbcflow.metrics.intervals import draws, interval, read_run
from rbcflow.metrics.numbers import known, metrics, on_both, weighted_median
from rbcflow.metrics.sample import Sample

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Number:
    """A statistic with its interval over recordings.

    Attributes:
        metric: what was counted.
        value: on all recordings.
        low: lower end, NaN where there is no interval.
        high: upper end.
    """

    metric: str
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, metric: str, values: Values, n_recordings: int) -> Number:
        """Return the number of all recordings, the first value, and the interval of the draws."""
        return cls(metric, float(values[0]), *interval(values, n_recordings))


@dataclass
class Runs:
    """Samples of runs, each read when it is first asked for, and the draws of each test set.

    Attributes:
        rows: of the table of runs, by run.
        results: the results folder.
        conf: confidence of the operating point.
        iou: its overlap.
        resamples: draws.
        seed: root seed of the draws.
    """

    rows: Mapping[str, dict]
    results: Path
    conf: float
    iou: float
    resamples: int
    seed: int
    _samples: dict[str, Sample] = field(default_factory=dict)

    def sample(self, run: str) -> Sample:
        """Return a run's sample."""
        if run not in self._samples:
            self._samples[run] = read_run(self.results, self.rows[run], self.conf, self.iou)
        return self._samples[run]

    @property
    def companions(self) -> dict[str, dict[str, str]]:
        """The companion of each run that has one, by switch."""
        found: dict[str, dict[str, str]] = {}
        for row in self.rows.values():
            if row.get("companion_of"):
                found.setdefault(row["switch"], {})[row["companion_of"]] = row["run"]
        return found

    def weights(self, run: str) -> Values:
        """Return the draws of a run's recordings, the same as those behind ``headline.csv``."""
        return draws(self.sample(run).n_recordings, self.resamples, self.seed, self.rows[run]["testset"])


def metric_of(part: Part, samples: Mapping[str, Sample]) -> str | None:
    """Return the first number of a part that all runs have, None if there is none."""
    return next((name for name in part.metric if all(name in known(sample) for sample in samples.values())), None)


def of_runs(statement: Statement, metric: str, samples: Mapping[str, Sample], weights: Mapping[str, Values]) -> Values:
    """Return a sentence's statistic in every draw.

    Args:
        statement: with our names of the runs.
        metric: a headline number.
        samples: by run.
        weights: (B, R) draws by run; those of one test set are the same, so that models are compared in pairs.

    Returns:
        (B,) the weighted sum of the runs' numbers, or the lowest of them.
    """
    if statement.both:
        first, second = statement.runs
        samples = dict(zip((first, second), on_both(samples[first], samples[second]), strict=True))
    found = {run: metrics(samples[run], weights[run], [metric])[metric] for run in statement.runs}
    if statement.lowest:
        return np.min(list(found.values()), axis=0)
    return np.sum([weight * found[run] for run, weight in statement.runs.items()], axis=0)


@dataclass(frozen=True)
class Cells:
    """The cells of one test set with a look, and how often each counts.

    Attributes:
        rows: (N,) their places in the table of looks.
        recording: (N,) number of each one's recording.
        weights: (B, N) in every draw.
    """

    rows: NDArray[np.int64]
    recording: NDArray[np.int64]
    weights: Values

    @property
    def n_recordings(self) -> int:
        """Recordings with such cells."""
        return int(self.recording.max(initial=-1)) + 1


def cells_of(looks: pd.DataFrame, testset: str, look: str, resamples: int, seed: int) -> Cells:
    """Return the cells of a test set that have a look.

    Args:
        looks: as ``metrics.looks.measure`` gives it.
        testset: its name.
        look: a column.
        resamples: draws of the recordings.
        seed: root seed of the draws.
    """
    rows = np.flatnonzero((looks["testset"] == testset) & looks[look].notna())
    codes, recordings = pd.factorize(looks["recording"].to_numpy()[rows], sort=True)
    weights = draws(len(recordings), resamples, seed, testset) if len(rows) else np.zeros((resamples + 1, 0))
    return Cells(rows, codes, weights[:, codes])


def of_looks(values: Values, groups: Sequence[Cells]) -> Values:
    """Return the median look of the first test set's cells less that of the second's, in every draw.

    Args:
        values: the look of every cell in the table.
        groups: two test sets.
    """
    first, second = (weighted_median(values[own.rows], own.weights) for own in groups)
    return first - second
