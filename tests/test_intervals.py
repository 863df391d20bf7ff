"""Intervals over recordings, paired differences, and the refusal to compare different frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics_inputs import write_predictions, write_testset
from rbcflow.errors import InputError
from rbcflow.metrics import intervals
from rbcflow.metrics.intervals import compare, draws, interval, metrics, read_sample, same_frames
from rbcflow.metrics.run import evaluate

CELL = (10, 10, 40, 30)


def two_runs(root: Path, frames: int = 6) -> tuple[list[dict], Path, Path]:
    """Write a test set with a slipper a frame, each frame a recording; `good` finds all, `half` every second."""
    testset = write_testset(root / "testsets/set", frames, [(n, "slipper", *CELL) for n in range(frames)])
    table = pd.read_csv(testset / "frames.csv", keep_default_na=False)
    table.assign(recording=[f"r{n}" for n in range(frames)]).to_csv(testset / "frames.csv", index=False)
    rows = []
    for model, step in (("good", 1), ("half", 2)):
        found = [(n, "slipper", 0.9, *CELL) for n in range(0, frames, step)]
        write_predictions(root / f"predictions/{model}-on-set.parquet", found, model=model)
        rows.append({"run": f"{model}-on-set", "model": model, "testset": "set"})
    return rows, root / "predictions", root / "testsets"


def test_numbers_intervals_and_differences(tmp_path):
    rows, predictions, testsets = two_runs(tmp_path)
    headline, differences = compare(rows, predictions, testsets, conf=0.25, iou=0.45, resamples=300, seed=0)
    found = headline.set_index(["model", "metric"])
    assert found.loc[("good", "recall"), ["value", "low", "high"]].tolist() == [1, 1, 1]
    assert found.loc[("half", "recall"), "value"] == 0.5
    assert 0 <= found.loc[("half", "recall"), "low"] < 0.5 < found.loc[("half", "recall"), "high"] <= 1
    assert found.loc[("good", "recall"), ["n_recordings", "n_frames", "n_boxes"]].tolist() == [6, 6, 6]
    apart = differences.set_index("metric").loc["recall"]
    assert (apart["first"], apart["second"], apart["difference"]) == ("good", "half", 0.5)
    # paired: whatever is drawn, the better model is not worse on it
    assert apart["low"] >= 0


def test_the_first_draw_is_the_evaluators_number(tmp_path):
    _, predictions, testsets = two_runs(tmp_path)
    evaluate(predictions / "half-on-set.parquet", testsets / "set", tmp_path / "v", run="run1", model="half")
    numbers = json.loads((tmp_path / "v/metrics.json").read_text())
    sample = read_sample(predictions / "half-on-set.parquet", testsets / "set", 0.25, 0.45)
    ours = metrics(sample, draws(sample.n_recordings, 50, 0))
    assert ours["map50"][0] == pytest.approx(numbers["coco"]["map50"])
    assert ours["ap50"][0] == pytest.approx(numbers["agnostic"]["ap50"])
    assert ours["iou_median"][0] == pytest.approx(numbers["localisation"]["iou_median"])
    assert ours["f1"][0] == pytest.approx(numbers["operating_point"]["any"]["f1"])


def test_draws_keep_the_number_of_recordings():
    weights = draws(7, 50, 3)
    assert weights.shape == (51, 7)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(weights, draws(7, 50, 3))
    # the first value is no draw: the interval is that of the others, and undefined ones are left out
    assert interval(np.array([9.0, 0.5, np.nan, 0.5]), 3) == (0.5, 0.5)
    assert all(np.isnan(interval(np.array([0.5, np.nan]), 3)))


@pytest.mark.parametrize(("recordings", "defined"), [(1, False), (2, False), (3, True)])
def test_fewer_than_three_recordings_give_no_interval(tmp_path, recordings, defined):
    rows, predictions, testsets = two_runs(tmp_path, frames=recordings)
    for table in compare(rows, predictions, testsets, conf=0.25, iou=0.45, resamples=50, seed=0):
        recalls = table[table["metric"] == "recall"]
        assert recalls[["low", "high"]].notna().all(axis=None) == defined
        assert (recalls["n_recordings"] == recordings).all()


@pytest.mark.parametrize(
    ("weights", "median"),
    [([1, 1, 1, 1], 0.5), ([1, 1, 1, 0], 0.4), ([3, 0, 0, 0], 0.2), ([1, 2, 0, 1], 0.4), ([2, 0, 0, 2], 0.55),
     ([0, 0, 0, 0], np.nan)],
)  # fmt: skip
def test_the_median_of_draws_is_the_median_of_their_values(weights, median):
    values = np.array([0.9, 0.2, 0.6, 0.4])
    weights = np.array(weights, dtype=float)[[3, 0, 2, 1]]
    found = intervals._weighted_median(values, weights[None])[0]
    repeated = np.repeat(values, weights.astype(int))
    assert found == pytest.approx(median, nan_ok=True)
    assert found == pytest.approx(np.median(repeated) if len(repeated) else np.nan, nan_ok=True)


def test_a_class_that_a_model_cannot_name_has_no_number(tmp_path):
    truth = [(n, name, *CELL) for n, name in enumerate(("slipper", "slipper", "other"))]
    testset = write_testset(tmp_path / "testsets/set", 3, truth)
    rows = []
    for model, classes in (("three", ["croissant", "slipper", "other"]), ("two", ["croissant", "slipper"])):
        found = [(n, "slipper", 0.9, *CELL) for n in (0, 1)]
        write_predictions(tmp_path / f"predictions/{model}-on-set.parquet", found, model=model, classes=classes)
        rows.append({"run": f"{model}-on-set", "model": model, "testset": "set"})
    options = {"conf": 0.25, "iou": 0.45, "resamples": 50, "seed": 0}
    headline, differences = compare(rows, tmp_path / "predictions", testset.parent, **options)
    found = headline.set_index(["model", "metric"])["value"]
    assert (found["three", "map50"], found["two", "map50"]) == (0.5, 1.0)  # (1 + 0) / 2, and slippers alone
    assert found["three", "recall_other"] == 0
    assert ("two", "recall_other") not in found
    # means over different classes are different numbers
    assert not {"map50", "recall_other"} & set(differences["metric"])
    assert {"ap50", "recall_slipper"} <= set(differences["metric"])


def test_runs_on_other_frames_are_not_compared():
    described = {
        "a/metrics.json": {"testset": "naples", "testset_fingerprint": "one"},
        "b/metrics.json": {"testset": "naples", "testset_fingerprint": "two"},
    }
    with pytest.raises(InputError, match=r"b/metrics.json.*two.*one.*a/metrics.json"):
        same_frames(described)
    described["b/metrics.json"]["testset"] = "saarland_donors"
    same_frames(described)
