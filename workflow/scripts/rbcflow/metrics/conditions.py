"""How well cells are found on each test set and under each of its conditions: rules ``compare_universal`` and
``compare_with_universal``.

Every number is of the ``cell_score`` view: one box an object, by the sum of its classes' scores, its name the surest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from rbcflow.metrics.average_precision import coco_ap, hits
from rbcflow.metrics.calibration import calibration, expected_error
from rbcflow.metrics.inputs import Predictions, judgement, read_pair
from rbcflow.metrics.intervals import LEVEL, draws, interval
from rbcflow.metrics.matching import BACKGROUND, match
from rbcflow.metrics.summary import agnostic_block, by_cell_score
from rbcflow.testsets.files import TestSet

COLUMNS = (
    "run", "model", "testset", "size", "input", "condition", "clusters", "n_recordings", "n_frames", "n_boxes", "ap50",
    "ap50_low", "ap50_high", "recall", "recall_low", "recall_high", "precision", "false_positives_per_frame",
    "n_empty_frames", "false_positives_per_empty_frame", "class_recall", "calibration_error", "fingerprint",
)  # fmt: skip
ALL = "all"
MEAN = "mean of the disturbed"
"""Row of a test set with disturbances: the plain mean over them, the undisturbed frames left out."""


@dataclass(frozen=True)
class Settings:
    """What numbers are counted with.

    Attributes:
        conf: confidence of the operating point.
        iou: its overlap.
        resamples: draws of recordings for the intervals.
        seed: of the draws.
    """

    conf: float
    iou: float
    resamples: int
    seed: int


def table(results: Path, runs: Sequence[Mapping[str, Any]], settings: Settings) -> pd.DataFrame:
    """Return a row for each run, and for each condition of a stress set; sets with clusters also without them.

    Args:
        results: with ``predictions/`` and ``testsets/``.
        runs: rows of the table of runs.
        settings: what is counted with.

    Returns:
        Columns ``COLUMNS``; ``clusters`` is ``judged`` (one box as labelled), ``ignored``, or empty where there are
        none; ``class_recall`` is the mean over the classes of the share of their cells that are found and named
        rightly, 0 of a class that the model cannot name, empty where classes are no truth; ``calibration_error``
        compares scores with the share of right boxes; intervals hold 95 % of draws of recordings; ``fingerprint`` is
        the test set's.
    """
    rows: list[dict] = []
    for run in runs:
        path = results / f"predictions/{run['run']}.parquet"
        predicted, judged = read_pair(path, results / "testsets" / run["testset"])
        for condition, clusters, own, found in _views(judged, predicted):
            known = {key: run[key] for key in ("run", "model", "testset", "size", "input")}
            known |= {"condition": condition, "clusters": clusters, "fingerprint": judged.meta["fingerprint"]}
            rows.append(known | _numbers(own, found, settings))
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    return pd.concat([made, _means(made)], ignore_index=True)


def over_seeds(counted: pd.DataFrame, variants: Mapping[str, str], reference: str) -> pd.DataFrame:
    """Return the mean over the seeds of each variant, its spread, and the difference to one variant.

    Args:
        counted: what ``table`` returned, of models that differ from others of their variant in the seed alone.
        variants: variant of each model.
        reference: the variant that others are compared with.

    Returns:
        ``variant, testset, condition, clusters, seeds, ap50, ap50_sd, difference, difference_sd, low, high, recall,
        false_positives_per_frame``; the difference is of the means, its deviation that of means of independent seeds,
        from ``low`` to ``high`` its 95 % interval by Student's t; these are empty where there is one seed.
    """
    keys = ["variant", "testset", "condition", "clusters"]
    named = counted.assign(variant=counted["model"].map(variants)).fillna({"clusters": ""})
    groups = named.groupby(keys, sort=False)
    made = groups[["ap50", "recall", "false_positives_per_frame"]].mean()
    made["seeds"], made["ap50_sd"] = groups.size(), groups["ap50"].std(ddof=1)
    own = made.reset_index()
    other = own[own["variant"] == reference].drop(columns="variant")
    own = own.merge(other, on=keys[1:], how="left", suffixes=("", "_reference"))
    own["difference"] = own["ap50"] - own["ap50_reference"]
    squares = own["ap50_sd"] ** 2 / own["seeds"] + own["ap50_sd_reference"] ** 2 / own["seeds_reference"]
    own["difference_sd"] = np.sqrt(squares)
    freedom = own["seeds"] + own["seeds_reference"] - 2
    half = own["difference_sd"] * freedom.map({n: t.ppf(0.5 + LEVEL / 2, n) for n in set(freedom) if n > 0})
    # a variant does not differ from itself
    half[own["variant"] == reference] = 0.0
    own["low"], own["high"] = own["difference"] - half, own["difference"] + half
    columns = ["seeds", "ap50", "ap50_sd", "difference", "difference_sd", "low", "high", "recall"]
    return own[[*keys, *columns, "false_positives_per_frame"]]


def without_clusters(judged: TestSet, predicted: Predictions, iou: float) -> tuple[TestSet, Predictions]:
    """Return truth without clusters, and predictions without those that lie in one, which are neither right nor wrong.

    Args:
        judged: the test set.
        predicted: boxes on it.
        iou: share of a predicted box that must lie in a cluster for the box to be ignored.
    """
    cluster = judged.truth["kind"] == "cluster"
    joined = predicted.boxes.reset_index().merge(judged.truth[cluster], on="frame", suffixes=("", "_in"))
    low = {axis: joined[[f"{axis}0", f"{axis}0_in"]].max(axis=1) for axis in "xy"}
    high = {axis: joined[[f"{axis}1", f"{axis}1_in"]].min(axis=1) for axis in "xy"}
    common = (high["x"] - low["x"]).clip(lower=0) * (high["y"] - low["y"]).clip(lower=0)
    own = (joined["x1"] - joined["x0"]) * (joined["y1"] - joined["y0"])
    inside = joined.loc[common > iou * own, "index"]
    truth = judged.truth[~cluster].reset_index(drop=True)
    boxes = predicted.boxes.drop(index=inside.unique()).reset_index(drop=True)
    return replace(judged, truth=truth), replace(predicted, boxes=boxes)


def _views(judged: TestSet, predicted: Predictions) -> Iterator[tuple[str, str, TestSet, Predictions]]:
    """Yield condition, what becomes of clusters, and the frames and boxes that count."""
    clusters = (judged.truth["kind"] == "cluster").any()
    yield ALL, "judged" if clusters else "", judged, predicted
    if clusters:
        yield ALL, "ignored", *without_clusters(judged, predicted, 0.5)
    if judged.meta["name"].startswith("stress"):
        for condition, frames in judged.frames.groupby("condition", sort=False):
            own = {frame: number for number, frame in enumerate(frames["frame"])}
            truth, boxes = (
                part[part["frame"].isin(own)].reset_index(drop=True) for part in (judged.truth, predicted.boxes)
            )
            yield condition, "", replace(judged, frames=frames, truth=truth), replace(predicted, boxes=boxes)


def _numbers(judged: TestSet, predicted: Predictions, settings: Settings) -> dict[str, Any]:
    """Return the numbers of one row."""
    single = by_cell_score(predicted, predicted.meta["iou"])
    matching = match(judged.truth, single.boxes, settings.iou)
    block = agnostic_block(judged, single, settings.conf, [matching])
    at = block["at"][0]
    names = ("recall", "precision", "false_positives_per_frame", "n_empty_frames", "false_positives_per_empty_frame")
    return {
        "n_frames": len(judged.frames),
        "n_boxes": len(judged.truth),
        "ap50": block["ap50"],
        **{name: at[name] for name in names},
        **_intervals(judged, single, matching.at(settings.conf), settings),
        "class_recall": class_recall(matching.at(settings.conf), judged, single),
        "calibration_error": expected_error(calibration(matching, named=False)),
    }


def class_recall(matched: pd.DataFrame, judged: TestSet, predicted: Predictions) -> float | None:
    """Return the mean over the classes of the share of their true boxes that are found and named rightly.

    A class that the model cannot name counts 0: means over fewer classes could not be compared with others.

    Args:
        matched: of ``Matching.at``.
        judged: the test set; where its classes are not truth there is no number.
        predicted: what the model found.
    """
    if judgement(judged, predicted) != "true":
        return None
    true = matched[matched["true"] != BACKGROUND]
    right = (true["true"] == true["predicted"]).groupby(true["true"]).mean()
    return float(right.mean()) if len(right) else None


def _intervals(judged: TestSet, single: Predictions, matched: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Return the number of recordings, and the intervals of average precision and recall over draws of them."""
    codes, names = pd.factorize(judged.frames["recording"], sort=True)
    number = pd.Series(codes, index=judged.frames["frame"])
    weights = draws(len(names), settings.resamples, settings.seed, judged.meta["name"])
    true, own = (table["frame"].map(number).to_numpy(dtype=int) for table in (judged.truth, single.boxes))
    n_true = weights @ np.bincount(true, minlength=len(names))
    hit = hits(judged.truth, single.boxes, np.array([0.5]), agnostic=True)[:, 0]
    ap50 = coco_ap(single.boxes["conf"].to_numpy(dtype=float), hit, n_true, weights[:, own])
    found = matched[(matched["true"] != BACKGROUND) & (matched["predicted"] != BACKGROUND)]["frame"].map(number)
    n_found = weights @ np.bincount(found.to_numpy(dtype=int), minlength=len(names))
    recall = np.divide(n_found, n_true, out=np.full(len(weights), np.nan), where=n_true > 0)
    ends = {name: interval(values, len(names)) for name, values in (("ap50", ap50), ("recall", recall))}
    sides = {
        f"{name}_{side}": end for name, both in ends.items() for side, end in zip(("low", "high"), both, strict=True)
    }
    return {"n_recordings": len(names), **sides}


def _means(made: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each run on a stress set: the mean over its disturbances."""
    disturbed = made[~made["condition"].isin((ALL, "none"))]
    keys = ["run", "model", "testset", "size", "input"]
    values = [
        "ap50", "recall", "precision", "false_positives_per_frame", "false_positives_per_empty_frame", "class_recall",
        "calibration_error",
    ]  # fmt: skip
    groups = disturbed.astype(dict.fromkeys(values, float)).groupby(keys, sort=False)
    means = groups[values].mean().reset_index()
    sums = groups[["n_frames", "n_boxes", "n_empty_frames"]].sum().reset_index(drop=True)
    same = groups[["n_recordings", "fingerprint"]].first().reset_index(drop=True)
    return pd.concat([means, sums, same], axis=1).assign(condition=MEAN, clusters="").reindex(columns=COLUMNS)
