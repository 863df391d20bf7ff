"""Intervals of headline numbers over recordings, and paired differences of models (rule ``compare_runs``).

Frames of a recording resemble each other, so recordings are sampled with replacement, not frames (Efron and Tibshirani
1993, "An Introduction to the Bootstrap"; blocks are recordings). All runs of a test set are counted on the same draws,
which makes differences between models paired.
"""

from __future__ import annotations

import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.metrics.numbers import ALIGNMENT, MEANS_OF_CLASSES, metrics, on_both
from rbcflow.metrics.sample import Sample, read_sample

LEVEL = 0.95
"""Share of the draws that an interval holds."""
MIN_RECORDINGS = 5
"""With fewer recordings to draw from, an interval says little and is marked."""
LEAST_RECORDINGS = 3
"""With fewer, there is no interval."""
HEADLINE = [
    "run", "model", "testset", "metric", "value", "low", "high", "n_recordings", "n_frames", "n_boxes", "companion_of",
]  # fmt: skip
DIFFERENCES = ["testset", "metric", "first", "second", "difference", "low", "high", "n_recordings", "n_frames"]


def draws(n_recordings: int, resamples: int, seed: int, testset: str) -> NDArray[np.float64]:
    """Return (1 + resamples, R) how often each recording counts: first all once, then draws with replacement.

    Those of two test sets are independent, those of one the same whoever asks.
    """
    rng = np.random.default_rng([seed, zlib.crc32(testset.encode())])
    sampled = rng.multinomial(n_recordings, np.full(n_recordings, 1 / n_recordings), size=resamples)
    return np.vstack([np.ones(n_recordings), sampled]).astype(float)


def interval(values: NDArray[np.float64], n_recordings: int) -> tuple[float, float]:
    """Return the percentile interval of the draws (all but the first value), NaN where none is defined.

    Args:
        values: (1 + B,) of which the first is no draw.
        n_recordings: that were sampled from; fewer than ``LEAST_RECORDINGS`` give no interval, nor do as few that have
            what the number is made of.
    """
    if n_recordings < LEAST_RECORDINGS:
        return np.nan, np.nan
    undefined = np.isnan(values[1:])
    sampled = values[1:][~undefined]
    # Where k of R recordings have what the number is made of, a share of ((R - k) / R) ** R of the draws has none
    # of it; the limit lies between the shares of two and of three recordings.
    most = ((n_recordings - LEAST_RECORDINGS + 0.5) / n_recordings) ** n_recordings
    if not len(sampled) or undefined.mean() > most:
        return np.nan, np.nan
    low, high = np.percentile(sampled, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def same_frames(described: dict[str, dict]) -> None:
    """Refuse to compare runs of one test set that were evaluated on different frames.

    Args:
        described: ``metrics.json`` by its path.

    Raises:
        InputError: names both files and both fingerprints.
    """
    paths = list(described)
    for first, second in combinations(paths, 2):
        one, other = (described[path]["testset_fingerprint"] for path in (first, second))
        if described[first]["testset"] == described[second]["testset"] and one != other:
            expected = f"{one}, the frames of {first}"
            raise InputError(second, f"a run on frames with fingerprint {other}", expected, "testset_fingerprint")


def read_run(results: Path, row: dict, conf: float, iou: float) -> Sample:
    """Read a run from the results folder; arguments as ``compare``."""
    run, testset = row["run"], row["testset"]
    return read_sample(
        results / "predictions" / f"{run}.parquet", results / "testsets" / testset,
        results / "validation" / run / "errors.csv", conf, iou,
    )  # fmt: skip


def compare(
    runs: list[dict], results: Path, *, conf: float, iou: float, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return headline numbers with intervals, and differences between models on the same frames with theirs.

    Args:
        runs: rows of the table of runs, with ``run``, ``model`` and ``testset``; a companion has ``companion_of``.
        results: folder with predictions, test sets and validation runs.
        conf: confidence of the operating point.
        iou: its overlap.
        resamples: draws.
        seed: root seed of the draws.

    Returns:
        Tables with columns ``HEADLINE`` and ``DIFFERENCES``. Runs on unavailable test sets have no row. Numbers of
        classes are compared of models that can name the same classes alone.
    """
    headline: list[tuple] = []
    differences: list[tuple] = []
    for testset in dict.fromkeys(row["testset"] for row in runs):
        own = [row for row in runs if row["testset"] == testset]
        samples = {row["run"]: read_run(results, row, conf, iou) for row in own}
        models = {row["run"]: row["model"] for row in own if samples[row["run"]].n_recordings}
        if not models:
            continue
        of = {row["run"]: row.get("companion_of") for row in own}
        first = samples[next(iter(models))]
        weights = draws(first.n_recordings, resamples, seed, testset)
        size = (first.n_recordings, first.n_frames)
        counted = {run: metrics(samples[run], weights) for run in models}
        headline += [
            (run, models[run], testset, name, values[0], *interval(values, size[0]), *size, len(first.true), of[run])
            for run in models
            for name, values in counted[run].items()
        ]
        # a companion is its own run's other side, not another model
        for pair in combinations([run for run in models if of[run] is None], 2):
            apart = _apart([samples[run] for run in pair], [counted[run] for run in pair], weights)
            differences += [
                (testset, name, *(models[run] for run in pair), values[0], *interval(values, size[0]), *size)
                for name, values in apart.items()
            ]
    return pd.DataFrame(headline, columns=HEADLINE), pd.DataFrame(differences, columns=DIFFERENCES)


def _apart(
    samples: list[Sample], counted: list[dict[str, NDArray[np.float64]]], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return first minus second of every number, of alignment on the cells both found."""
    first, second = counted
    both = [metrics(sample, weights, ALIGNMENT) for sample in on_both(*samples)]
    other = MEANS_OF_CLASSES if samples[0].classes != samples[1].classes else ()
    apart = {name: first[name] - second[name] for name in first if name in second and name not in other}
    return apart | {name: both[0][name] - both[1][name] for name in ALIGNMENT}
