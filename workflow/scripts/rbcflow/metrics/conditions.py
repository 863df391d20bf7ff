"""How well cells are found on each test set and under each of its conditions: rules ``compare_universal`` and
``compare_with_universal``.

Every number is of ``cell_score``: one box an object, by the sum of its classes' scores, its name the surest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from rbcflow.metrics.average_precision import coco_ap, hits
from rbcflow.metrics.calibration import calibration, expected_error
from rbcflow.metrics.inputs import Predictions, evaluation, read_pair
from rbcflow.metrics.intervals import LEVEL, draws, interval
from rbcflow.metrics.matching import BACKGROUND, match
from rbcflow.metrics.summary import agnostic_block, by_cell_score
from rbcflow.testsets.files import TestSet

COLUMNS = (
    "run", "model", "testset", "size", "input", "condition", "clusters", "n_recordings", "n_frames", "n_boxes", "ap50",
    "ap50_low", "ap50_high", "recall", "recall_low", "recall_high", "precision", "false_positives_per_frame",
    "n_empty_frames", "false_positives_per_empty_frame", "class_recall", "calibration_error", "fingerprint",
    "difference", "difference_low", "difference_high",
)  # fmt: skip
ALL = "all"
MEAN = "mean of the disturbed"
"""Row of a test set with disturbances: the plain mean over them, the undisturbed frames left out."""
STARTER = "starter"
"""What others are compared with on the same frames, where it is evaluated too: what they were trained from."""
SAME = ["testset", "input", "condition", "clusters"]
"""Rows that agree in these are of the same frames, in colour or grey; the starter is evaluated at their own size."""


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
        Columns ``COLUMNS``; ``clusters`` is ``evaluated`` (one box as labelled), ``ignored``, or empty where there are
        none; ``class_recall`` is the mean over the classes of the share of their cells that are found and named
        rightly, 0 of a class that the model cannot name, empty where classes are no truth; ``calibration_error``
        compares scores with the share of right boxes; intervals hold 95 % of draws of recordings; ``fingerprint`` is
        the test set's; ``difference`` is the average precision less that of the model ``STARTER``, its interval of the
        same draws for both, empty where that model was not evaluated.
    """
    rows: list[dict] = []
    sampled: list[NDArray[np.float64]] = []
    for run in runs:
        path = results / f"predictions/{run['run']}.parquet"
        predicted, evaluated = read_pair(path, results / "testsets" / run["testset"])
        for condition, clusters, own, found in _views(evaluated, predicted):
            known = {key: run[key] for key in ("run", "model", "testset", "size", "input")}
            known |= {"condition": condition, "clusters": clusters, "fingerprint": evaluated.meta["fingerprint"]}
            numbers, ap50 = _numbers(own, found, settings)
            rows.append(known | numbers)
            sampled.append(ap50)
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    means, sampled_means = _means(made, sampled)
    return _compared(pd.concat([made, means], ignore_index=True), sampled + sampled_means)


def over_seeds(counted: pd.DataFrame, variants: Mapping[str, str], reference: str) -> pd.DataFrame:
    """Return the mean over the seeds of each variant, its spread, and the difference to one variant.

    Args:
        counted: what ``table`` returned, of models that differ from others of their variant in the seed alone.
        variants: variant of each model.
        reference: the variant that others are compared with.

    Returns:
        ``variant, testset, size, condition, clusters, seeds, ap50, ap50_sd, difference, difference_sd, low, high,
        recall, false_positives_per_frame``; the difference is of the means, its deviation that of means of independent
        seeds, from ``low`` to ``high`` its 95 % interval by Student's t; these are empty where there is one seed.
    """
    keys = ["variant", "testset", "size", "condition", "clusters"]
    named = counted.assign(variant=counted["model"].map(variants)).fillna({"clusters": ""})
    groups = named.groupby(keys, sort=False)
    made = groups[["ap50", "recall", "false_positives_per_frame"]].mean()
    made["seeds"], made["ap50_sd"] = groups.size(), groups["ap50"].std(ddof=1)
    own = made.reset_index()
    other = own[own["variant"] == reference].drop(columns="variant")
    own = own.merge(other, on=keys[1:], how="left", suffixes=("", "_reference"))
    own["difference"] = own["ap50"] - own["ap50_reference"]
    squares = own["ap50_sd"] ** 2 / own["seeds"] + own["ap50_sd_reference"] ** 2 / own["seeds_reference"]
    # a variant does not differ from itself
    same = own["variant"] == reference
    own["difference_sd"] = np.sqrt(squares).mask(same, 0.0)
    freedom = own["seeds"] + own["seeds_reference"] - 2
    half = own["difference_sd"] * freedom.map({n: stdtrit(n, 0.5 + LEVEL / 2) for n in set(freedom) if n > 0})
    half = half.mask(same, 0.0)
    own["low"], own["high"] = own["difference"] - half, own["difference"] + half
    columns = ["seeds", "ap50", "ap50_sd", "difference", "difference_sd", "low", "high", "recall"]
    return own[[*keys, *columns, "false_positives_per_frame"]]


def without_clusters(evaluated: TestSet, predicted: Predictions, iou: float) -> tuple[TestSet, Predictions]:
    """Return truth without clusters, and predictions without those that lie in one, which are neither right nor wrong.

    A box on a single cell stays also where the cell lies in a cluster's box, as COCO treats regions to be ignored (Lin
    et al. 2014, "Microsoft COCO: Common Objects in Context", ECCV).

    Args:
        evaluated: the test set.
        predicted: boxes on it.
        iou: share of a predicted box that must lie in a cluster for the box to be ignored, and its intersection over
            union with a cell for it to be one on the cell.
    """
    cluster = evaluated.truth["kind"] == "cluster"
    joined = predicted.boxes.reset_index().merge(evaluated.truth, on="frame", suffixes=("", "_in"))
    low = {axis: joined[[f"{axis}0", f"{axis}0_in"]].max(axis=1) for axis in "xy"}
    high = {axis: joined[[f"{axis}1", f"{axis}1_in"]].min(axis=1) for axis in "xy"}
    common = (high["x"] - low["x"]).clip(lower=0) * (high["y"] - low["y"]).clip(lower=0)
    own = (joined["x1"] - joined["x0"]) * (joined["y1"] - joined["y0"])
    other = (joined["x1_in"] - joined["x0_in"]) * (joined["y1_in"] - joined["y0_in"])
    in_cluster, single = joined["kind"] == "cluster", joined["kind"] != "cluster"
    inside = joined.loc[in_cluster & (common > iou * own), "index"]
    on_cell = joined.loc[single & (common >= iou * (own + other - common)), "index"]
    truth = evaluated.truth[~cluster].reset_index(drop=True)
    boxes = predicted.boxes.drop(index=inside[~inside.isin(on_cell)].unique()).reset_index(drop=True)
    return replace(evaluated, truth=truth), replace(predicted, boxes=boxes)


def _views(evaluated: TestSet, predicted: Predictions) -> Iterator[tuple[str, str, TestSet, Predictions]]:
    """Yield condition, what becomes of clusters, and the frames and boxes that count."""
    clusters = (evaluated.truth["kind"] == "cluster").any()
    yield ALL, "evaluated" if clusters else "", evaluated, predicted
    if clusters:
        yield ALL, "ignored", *without_clusters(evaluated, predicted, 0.5)
    if evaluated.meta["name"].startswith("stress"):
        for condition, frames in evaluated.frames.groupby("condition", sort=False):
            own = {frame: number for number, frame in enumerate(frames["frame"])}
            truth, boxes = (
                part[part["frame"].isin(own)].reset_index(drop=True) for part in (evaluated.truth, predicted.boxes)
            )
            yield condition, "", replace(evaluated, frames=frames, truth=truth), replace(predicted, boxes=boxes)


def _numbers(
    evaluated: TestSet, predicted: Predictions, settings: Settings
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Return the numbers of one row, and average precision over draws of recordings."""
    single = by_cell_score(predicted, predicted.meta["iou"])
    matching = match(evaluated.truth, single.boxes, settings.iou)
    block = agnostic_block(evaluated, single, settings.conf, [matching])
    at = block["at"][0]
    names = ("recall", "precision", "false_positives_per_frame", "n_empty_frames", "false_positives_per_empty_frame")
    n_recordings, sampled = _draws(evaluated, single, matching.at(settings.conf), settings)
    numbers = {
        "n_recordings": n_recordings,
        "n_frames": len(evaluated.frames),
        "n_boxes": len(evaluated.truth),
        "ap50": block["ap50"],
        **{name: at[name] for name in names},
        **{key: end for name, values in sampled.items() for key, end in _ends(name, values, n_recordings).items()},
        "class_recall": class_recall(matching.at(settings.conf), evaluated, single),
        "calibration_error": expected_error(calibration(matching, named=False)),
    }
    return numbers, sampled["ap50"]


def class_recall(matched: pd.DataFrame, evaluated: TestSet, predicted: Predictions) -> float | None:
    """Return the mean over the classes of the share of their true boxes that are found and classified correctly.

    A class that the model cannot name counts 0: means over fewer classes could not be compared with others.

    Args:
        matched: of ``Matching.at``.
        evaluated: the test set; where its classes are not truth there is no number.
        predicted: what the model found.
    """
    if evaluation(evaluated, predicted) != "true":
        return None
    true = matched[matched["true"] != BACKGROUND]
    right = (true["true"] == true["predicted"]).groupby(true["true"]).mean()
    return float(right.mean()) if len(right) else None


def _draws(
    evaluated: TestSet, single: Predictions, matched: pd.DataFrame, settings: Settings
) -> tuple[int, dict[str, NDArray[np.float64]]]:
    """Return the number of recordings, and (1 + resamples,) average precision and recall over draws of them.

    A test set's recordings are sampled alike whatever is evaluated on them, so that differences are of pairs.
    """
    codes, names = pd.factorize(evaluated.frames["recording"], sort=True)
    number = pd.Series(codes, index=evaluated.frames["frame"])
    weights = draws(len(names), settings.resamples, settings.seed, evaluated.meta["name"])
    true, own = (table["frame"].map(number).to_numpy(dtype=int) for table in (evaluated.truth, single.boxes))
    n_true = weights @ np.bincount(true, minlength=len(names))
    hit = hits(evaluated.truth, single.boxes, np.array([0.5]), agnostic=True)[:, 0]
    ap50 = coco_ap(single.boxes["conf"].to_numpy(dtype=float), hit, n_true, weights[:, own])
    found = matched[(matched["true"] != BACKGROUND) & (matched["predicted"] != BACKGROUND)]["frame"].map(number)
    n_found = weights @ np.bincount(found.to_numpy(dtype=int), minlength=len(names))
    recall = np.divide(n_found, n_true, out=np.full(len(weights), np.nan), where=n_true > 0)
    return len(names), {"ap50": ap50, "recall": recall}


def _ends(name: str, values: NDArray[np.float64], n_recordings: int) -> dict[str, float]:
    """Return the ends of the interval of draws, named after the number."""
    low, high = interval(values, n_recordings)
    return {f"{name}_low": low, f"{name}_high": high}


def _means(
    made: pd.DataFrame, sampled: Sequence[NDArray[np.float64]]
) -> tuple[pd.DataFrame, list[NDArray[np.float64]]]:
    """Return a row for each run on a stress set, the mean over its disturbances, and the means of the draws."""
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
    sampled_means = [np.mean([sampled[row] for row in own.index], axis=0) for _, own in groups]
    whole = pd.concat([means, sums, same], axis=1).assign(condition=MEAN, clusters="").reindex(columns=COLUMNS)
    ends = [_ends("ap50", values, n) for values, n in zip(sampled_means, whole["n_recordings"], strict=True)]
    return whole.assign(**pd.DataFrame(ends, index=whole.index, columns=["ap50_low", "ap50_high"])), sampled_means


def _compared(made: pd.DataFrame, sampled: Sequence[NDArray[np.float64]]) -> pd.DataFrame:
    """Return the rows with the difference to ``STARTER`` on the same frames."""
    keys = [tuple(row) for row in made[SAME].itertuples(index=False)]
    other = {keys[row]: sampled[row] for row in made.index[made["model"] == STARTER]}
    for row, model in enumerate(made["model"]):
        if model == STARTER or keys[row] not in other:
            continue
        apart = sampled[row] - other[keys[row]]
        made.loc[row, "difference"] = apart[0]
        for name, end in _ends("difference", apart, made.loc[row, "n_recordings"]).items():
            made.loc[row, name] = end
    return made
