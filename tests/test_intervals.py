"""Intervals over recordings, paired differences, and the refusal to compare different frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics_inputs import write_predictions, write_testset
from rbcflow.errors import InputError
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


def test_a_companion_has_numbers_of_its_own_and_is_compared_with_no_model(tmp_path):
    rows, predictions, testsets = two_runs(tmp_path)
    none = write_predictions(predictions / "good-on-set-at-native.parquet", [], model="good")
    rows.append({"run": none.stem, "model": "good", "testset": "set", "companion_of": "good-on-set"})
    headline, differences = compare(rows, predictions, testsets, conf=0.25, iou=0.45, resamples=50, seed=0)
    found = headline[headline["metric"] == "recall"].set_index("run")
    assert found["value"].to_dict() == {"good-on-set": 1, "half-on-set": 0.5, "good-on-set-at-native": 0}
    assert found["companion_of"].to_dict() == {
        "good-on-set": None, "half-on-set": None, "good-on-set-at-native": "good-on-set",
    }  # fmt: skip
    recall = differences[differences["metric"] == "recall"]
    assert recall[["first", "second", "difference"]].to_numpy().tolist() == [["good", "half", 0.5]]


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
    assert interval(np.array([9.0, 0.5, np.nan, 0.5])) == (0.5, 0.5)
    assert all(np.isnan(interval(np.array([0.5, np.nan]))))


def test_runs_on_other_frames_are_not_compared():
    described = {
        "a/metrics.json": {"testset": "naples", "testset_fingerprint": "one"},
        "b/metrics.json": {"testset": "naples", "testset_fingerprint": "two"},
    }
    with pytest.raises(InputError, match=r"b/metrics.json.*two.*one.*a/metrics.json"):
        same_frames(described)
    described["b/metrics.json"]["testset"] = "saarland_donors"
    same_frames(described)
