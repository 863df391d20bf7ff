"""Intervals of headline numbers over recordings, and paired differences of models (rule ``compare_runs``).

Frames of a recording resemble each other, so recordings are drawn with replacement, not frames (Efron and Tibshirani
1993, "An Introduction to the Bootstrap"; blocks are recordings). All runs of a test set are counted on the same draws,
which makes differences between models paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.classes import CLASSES
from rbcflow.errors import InputError
from rbcflow.metrics.average_precision import coco_ap, hits
from rbcflow.metrics.inputs import read_pair
from rbcflow.metrics.matching import BACKGROUND, match

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


@dataclass(frozen=True)
class Sample:
    """One run's predictions and truth, with the recording of each.

    Attributes:
        conf: (P,) confidences.
        recording: (P,) number of a prediction's recording.
        hit: (P,) found a box of its own class at IoU 0.5.
        hit_any: (P,) found a box of any class at IoU 0.5.
        predicted: (P,) class.
        true_recording: (T,) number of a true box's recording.
        true: (T,) class.
        matched: at the operating point, rows of ``recording, true, predicted, iou``.
        n_recordings: recordings of the test set, those without boxes included.
        n_frames: its frames.
        named: whether classes are judged.
        classes: those the model can name.
    """

    conf: NDArray[np.float64]
    recording: NDArray[np.int64]
    hit: NDArray[np.bool_]
    hit_any: NDArray[np.bool_]
    predicted: NDArray[np.object_]
    true_recording: NDArray[np.int64]
    true: NDArray[np.object_]
    matched: pd.DataFrame
    n_recordings: int
    n_frames: int
    named: bool
    classes: tuple[str, ...] = CLASSES


def read_sample(predictions: Path, testset: Path, conf: float, iou: float) -> Sample:
    """Read a run.

    Raises:
        InputError: predictions or test set are malformed, or do not belong together.
    """
    predicted, judged = read_pair(predictions, testset)
    codes, names = pd.factorize(judged.frames["recording"], sort=True)
    number = pd.Series(codes, index=judged.frames["frame"])
    boxes, threshold = predicted.boxes, np.array([0.5])
    matched = match(judged.truth, boxes, iou).at(conf)
    return Sample(
        conf=boxes["conf"].to_numpy(dtype=float),
        recording=boxes["frame"].map(number).to_numpy(dtype=int),
        hit=hits(judged.truth, boxes, threshold)[:, 0],
        hit_any=hits(judged.truth, boxes, threshold, agnostic=True)[:, 0],
        predicted=boxes["class"].to_numpy(dtype=object),
        true_recording=judged.truth["frame"].map(number).to_numpy(dtype=int),
        true=judged.truth["class"].to_numpy(dtype=object),
        matched=matched.assign(recording=matched["frame"].map(number))[["recording", "true", "predicted", "iou"]],
        n_recordings=len(names),
        n_frames=len(judged.frames),
        named=judged.meta["classes_judged"] != "false",
        classes=predicted.classes,
    )


def draws(n_recordings: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return (1 + resamples, R) how often each recording counts: first all once, then draws with replacement."""
    rng = np.random.default_rng([seed, n_recordings])
    drawn = rng.multinomial(n_recordings, np.full(n_recordings, 1 / n_recordings), size=resamples)
    return np.vstack([np.ones(n_recordings), drawn]).astype(float)


def metrics(sample: Sample, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return every headline number for each weighting of the recordings.

    Args:
        sample: of a run.
        weights: (B, R) from ``draws``.

    Returns:
        By name (B,): ``ap50`` (classes ignored), ``map50``, ``precision``, ``recall`` and ``f1`` of finding cells at
        the operating point, ``recall_<class>`` and ``precision_<class>`` of naming them too, and ``iou_median`` of
        matched boxes. NaN where undefined; those of classes are absent where classes are not judged, and of a class
        that the model cannot name.
    """
    on_predictions, n_true = weights[:, sample.recording], weights[:, sample.true_recording].sum(axis=1)
    result = {"ap50": coco_ap(sample.conf, sample.hit_any, n_true, on_predictions)}
    matched, own = sample.matched, weights[:, sample.matched["recording"].to_numpy(dtype=int)]
    true, predicted = (matched[name].to_numpy(dtype=object) for name in ("true", "predicted"))
    found = (true != BACKGROUND) & (predicted != BACKGROUND)
    result["precision"] = _ratio(own[:, found], own[:, predicted != BACKGROUND])
    result["recall"] = _ratio(own[:, found], own[:, true != BACKGROUND])
    result["f1"] = _ratio(2 * own[:, found], np.hstack([own[:, predicted != BACKGROUND], own[:, true != BACKGROUND]]))
    result["iou_median"] = _weighted_median(matched["iou"].to_numpy(dtype=float)[found], own[:, found])
    if sample.named:
        result["map50"] = _mean_ap(sample, weights)
        for name in sample.classes:
            both = (true == name) & (predicted == name)
            result[f"precision_{name}"] = _ratio(own[:, both], own[:, predicted == name])
            result[f"recall_{name}"] = _ratio(own[:, both], own[:, true == name])
    return result


def _mean_ap(sample: Sample, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of AP50 over the classes that the model can name and that have true boxes in each draw."""
    by_class = []
    for name in sample.classes:
        own, true = sample.predicted == name, sample.true == name
        n_boxes = weights[:, sample.true_recording[true]].sum(axis=1)
        by_class.append(coco_ap(sample.conf[own], sample.hit[own], n_boxes, weights[:, sample.recording[own]]))
    stacked = np.stack(by_class)
    present = ~np.isnan(stacked)
    n_classes = present.sum(axis=0)
    total = np.where(present, stacked, 0).sum(axis=0)
    return np.divide(total, n_classes, out=np.full(len(weights), np.nan), where=n_classes > 0)


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    above, below = part.sum(axis=1), whole.sum(axis=1)
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of values for each row of whole weights, as if each value stood there so many times."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values)
    summed = np.cumsum(weights[:, order], axis=1)
    half, ordered = summed[:, -1:] / 2, values[order]
    # the mean of two values where they part the weight evenly
    below, above = ordered[(summed >= half).argmax(axis=1)], ordered[(summed > half).argmax(axis=1)]
    return np.where(summed[:, -1] > 0, (below + above) / 2, np.nan)


def interval(values: NDArray[np.float64], n_recordings: int) -> tuple[float, float]:
    """Return the percentile interval of the draws (all but the first value), NaN where none is defined.

    Args:
        values: (1 + B,) of which the first is no draw.
        n_recordings: that were drawn from; fewer than ``LEAST_RECORDINGS`` give no interval.
    """
    if n_recordings < LEAST_RECORDINGS:
        return np.nan, np.nan
    drawn = values[1:][~np.isnan(values[1:])]
    if not len(drawn):
        return np.nan, np.nan
    low, high = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def same_frames(described: dict[str, dict]) -> None:
    """Refuse to compare runs of one test set that were judged on different frames.

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


def compare(
    runs: list[dict[str, str]], predictions: Path, testsets: Path, *, conf: float, iou: float, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return headline numbers with intervals, and differences between models on the same frames with theirs.

    Args:
        runs: rows of the table of runs, with ``run``, ``model`` and ``testset``; a companion has ``companion_of``.
        predictions: folder with ``<run>.parquet``.
        testsets: folder of test sets.
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
        counted: dict[str, dict] = {}
        for row in (row for row in runs if row["testset"] == testset):
            sample = read_sample(predictions / f"{row['run']}.parquet", testsets / testset, conf, iou)
            if not sample.n_recordings:
                continue
            numbers = metrics(sample, draws(sample.n_recordings, resamples, seed))
            size, of = (sample.n_recordings, sample.n_frames), row.get("companion_of")
            headline += [
                (
                    row["run"],
                    row["model"],
                    testset,
                    name,
                    values[0],
                    *interval(values, size[0]),
                    *size,
                    len(sample.true),
                    of,
                )
                for name, values in numbers.items()
            ]
            # a companion is its own run's other side, not another model
            if of is None:
                counted[row["model"]] = numbers
        for first, second in combinations(counted, 2):
            # means over other classes are other numbers
            shared = [name for name in counted[first] if name in counted[second]]
            if counted[first].keys() != counted[second].keys():
                shared.remove("map50")
            for name in shared:
                apart = counted[first][name] - counted[second][name]
                differences.append((testset, name, first, second, apart[0], *interval(apart, size[0]), *size))
    return pd.DataFrame(headline, columns=HEADLINE), pd.DataFrame(differences, columns=DIFFERENCES)
