"""Headline numbers, intervals over recordings, paired differences, and the refusal to compare different frames."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics_inputs import write_predictions, write_testset
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.metrics.intervals import compare, draws, interval, read_run, same_frames
from rbcflow.metrics.numbers import metrics, weighted_median
from rbcflow.metrics.run import evaluate

CELL = (10, 10, 40, 30)
BELOW = (10, 35, 40, 55)
AWAY = (80, 10, 110, 30)


def write_runs(results: Path, true: list[tuple], runs: dict[str, list[tuple]], frames: int, **meta) -> list[dict]:
    """Write a test set in which each frame is a recording, and count models on it; `two` has two classes."""
    testset = write_testset(results / "testsets/set", frames, true, **meta)
    table = pd.read_csv(testset / "frames.csv", keep_default_na=False)
    table.assign(recording=[f"r{n}" for n in range(frames)]).to_csv(testset / "frames.csv", index=False)
    for model, boxes in runs.items():
        run = f"{model}-on-set"
        classes = CLASSES[:2] if model == "two" else CLASSES
        path = write_predictions(results / f"predictions/{run}.parquet", boxes, run=run, model=model, classes=classes)
        evaluate(path, testset, results / "validation" / run, run=run, model=model)
    return [{"run": f"{model}-on-set", "model": model, "testset": "set"} for model in runs]


def two_runs(results: Path, frames: int = 6) -> list[dict]:
    """Write a slipper a frame; `good` finds all, `half` every second."""
    runs = {
        model: [(n, "slipper", 0.9, *CELL) for n in range(0, frames, step)]
        for model, step in (("good", 1), ("half", 2))
    }
    return write_runs(results, [(n, "slipper", *CELL) for n in range(frames)], runs, frames)


def counted(results: Path, rows: list[dict], **options) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare runs, and return headline numbers by model and metric, and differences by metric."""
    options = {"conf": 0.25, "iou": 0.45, "resamples": 100, "seed": 0} | options
    headline, differences = compare(rows, results, **options)
    return headline.set_index(["model", "metric"]), differences.set_index("metric")


def test_numbers_intervals_and_differences(tmp_path):
    found, apart = counted(tmp_path, two_runs(tmp_path), resamples=300)
    assert found.loc[("good", "recall"), ["value", "low", "high"]].tolist() == [1, 1, 1]
    assert found.loc[("half", "recall"), "value"] == 0.5
    assert 0 <= found.loc[("half", "recall"), "low"] < 0.5 < found.loc[("half", "recall"), "high"] <= 1
    assert found.loc[("good", "recall"), ["n_recordings", "n_frames", "n_boxes"]].tolist() == [6, 6, 6]
    recall = apart.loc["recall"]
    assert (recall["first"], recall["second"], recall["difference"]) == ("good", "half", 0.5)
    # paired: whatever is sampled, the better model is not worse on it
    assert recall["low"] >= 0


def test_mean_class_recall_is_the_mean_of_the_matrix_diagonal_over_nameable_classes(tmp_path):
    true = [(0, "croissant", *CELL), (0, "slipper", *BELOW), (1, "slipper", *CELL), (2, "other", *CELL)]
    # croissant 1 of 1, slipper 1 of 2 (the other is named croissant), other found and misnamed
    boxes = [(0, "croissant", 0.9, *CELL), (0, "croissant", 0.9, *BELOW), (1, "slipper", 0.9, *CELL),
             (2, "slipper", 0.9, *CELL)]  # fmt: skip
    found, _ = counted(tmp_path, write_runs(tmp_path, true, {"a": boxes, "two": boxes}, 3))
    assert found.loc[("a", "class_recall_mean"), "value"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert found.loc[("two", "class_recall_mean"), "value"] == pytest.approx((1 + 1 / 2) / 2)


def test_a_class_that_a_model_cannot_name_has_no_number(tmp_path):
    true = [(n, name, *CELL) for n, name in enumerate(("slipper", "slipper", "other"))]
    boxes = [(n, "slipper", 0.9, *CELL) for n in (0, 1)]
    headline, differences = counted(tmp_path, write_runs(tmp_path, true, {"three": boxes, "two": boxes}, 3))
    found = headline["value"]
    assert (found["three", "map50"], found["two", "map50"]) == (0.5, 1.0)  # (1 + 0) / 2, and slippers alone
    assert found["three", "recall_other"] == 0
    assert ("two", "recall_other") not in found
    # means over different classes are different numbers
    assert not {"map50", "class_recall_mean", "recall_other"} & set(differences.index)
    assert {"ap50", "recall_slipper"} <= set(differences.index)


def test_one_box_a_cell_by_hand(tmp_path):
    # a second box of a found cell, and a second one on nothing; the third cell is missed
    true = [(n, "slipper", *CELL) for n in range(3)]
    boxes = [(0, "slipper", 0.9, *CELL), (0, "other", 0.8, *CELL), (1, "other", 0.7, *CELL), (2, "other", 0.9, *AWAY),
             (2, "slipper", 0.6, *AWAY), (2, "slipper", 0.2, *CELL)]  # fmt: skip
    found = counted(tmp_path, write_runs(tmp_path, true, {"a": boxes}, 3))[0].loc["a"]["value"]
    assert (found["precision"], found["recall"], found["f1"]) == pytest.approx((2 / 5, 2 / 3, 4 / 8))
    single = [found[f"{name}_one_box"] for name in ("precision", "recall", "f1")]
    assert single == pytest.approx([2 / 3, 2 / 3, 4 / 6])
    metrics_of_run = json.loads((tmp_path / "validation/a-on-set/metrics.json").read_text())
    at = metrics_of_run["one_box_a_cell"]["at"][0]
    assert single == pytest.approx([at[name] for name in ("precision", "recall", "f1")])


def test_boxes_on_background_are_those_of_the_errors_table(tmp_path):
    # a second box of a found cell and a badly placed one are no background; two of four frames show one that is
    true = [(n, "slipper", *CELL) for n in range(4)]
    boxes = [(0, "slipper", 0.9, *CELL), (0, "slipper", 0.8, 11, 10, 41, 30), (1, "slipper", 0.9, 30, 10, 60, 30),
             (2, "slipper", 0.9, *AWAY), (3, "croissant", 0.9, *AWAY), (3, "croissant", 0.2, *BELOW)]  # fmt: skip
    rows = write_runs(tmp_path, true, {"a": boxes}, 4)
    found, _ = counted(tmp_path, rows)
    errors = pd.read_csv(tmp_path / "validation/a-on-set/errors.csv")
    assert found.loc[("a", "background_per_frame"), "value"] == (errors["kind"] == "background").sum() / 4 == 0.5
    assert found.loc[("a", "wall_slippers_per_frame"), "value"] == 0
    errors.loc[errors["kind"] == "background", "place"] = "wall"
    errors.to_csv(tmp_path / "validation/a-on-set/errors.csv", index=False)
    assert counted(tmp_path, rows)[0].loc[("a", "wall_slippers_per_frame"), "value"] == 0.25


def test_alignment_is_compared_on_the_cells_both_found(tmp_path):
    """Of 20 x 20 cells, `a` is 3 and 4 px off; `b` is right on the first, misses the second, and far off on a third."""
    cells = [(10, 10, 30, 30), (50, 10, 70, 30), (90, 10, 110, 30)]
    true = [(n, "slipper", *cell) for n in range(3) for cell in cells]
    off = {"a": [(0, "slipper", 0.9, 13, 14, 33, 34), (0, "slipper", 0.9, 50, 10, 74, 34)],
           "b": [(0, "slipper", 0.9, *cells[0]), (0, "slipper", 0.9, 98, 10, 118, 30)]}  # fmt: skip
    rows = write_runs(tmp_path, true, off, 3)
    found, apart = counted(tmp_path, rows, iou=0.3, resamples=50)
    # of a's two cells, offsets 5 and sqrt(8) px, sizes 20 and sqrt(24 * 24) px
    assert found.loc[("a", "offset_px"), "value"] == pytest.approx((5 + 8**0.5) / 2)
    assert found.loc[("a", "size_ratio"), "value"] == pytest.approx(1.1)
    assert apart.loc["offset_px", "difference"] == pytest.approx(5)
    assert apart.loc["offset_share", "difference"] == pytest.approx(5 / 20)
    assert apart.loc["size_ratio", "difference"] == 0


def test_the_first_draw_is_the_evaluators_number(tmp_path):
    rows = two_runs(tmp_path)
    numbers = json.loads((tmp_path / "validation/half-on-set/metrics.json").read_text())
    sample = read_run(tmp_path, rows[1], 0.25, 0.45)
    ours = metrics(sample, draws(sample.n_recordings, 50, 0, "set"))
    assert ours["map50"][0] == pytest.approx(numbers["coco"]["map50"])
    assert ours["ap50"][0] == pytest.approx(numbers["agnostic"]["ap50"])
    assert ours["iou_median"][0] == pytest.approx(numbers["localisation"]["iou_median"])
    assert ours["f1"][0] == pytest.approx(numbers["operating_point"]["any"]["f1"])


def test_numbers_of_classes_are_absent_where_classes_are_not_evaluated(tmp_path):
    rows = write_runs(
        tmp_path, [(0, "other", *CELL)], {"a": [(0, "slipper", 0.9, *CELL)]}, 3, classes_evaluated="false"
    )
    names = set(counted(tmp_path, rows)[0].loc["a"].index)
    assert "recall" in names and not names & {"class_recall_mean", "map50", "recall_other", "precision_slipper"}


def test_draws_keep_the_number_of_recordings():
    weights = draws(7, 50, 3, "set")
    assert weights.shape == (51, 7)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(weights, draws(7, 50, 3, "set"))
    # two test sets with as many recordings are not sampled alike
    assert (weights[1:] != draws(7, 50, 3, "other")[1:]).any()
    # the first value is no draw: the interval is that of the others
    assert interval(np.array([9.0, 0.5, 0.5, 0.5]), 3) == (0.5, 0.5)
    assert all(np.isnan(interval(np.array([0.5, np.nan]), 3)))


@pytest.mark.parametrize("recordings", [4, 7, 10, 30])
@pytest.mark.parametrize(("defining", "defined"), [(1, False), (2, False), (3, True), (4, True)])
def test_recordings_without_what_a_number_is_made_of_do_not_count(recordings, defining, defined):
    weights = draws(recordings, 400, 0, "set")
    values = np.where(weights[:, :defining].sum(axis=1) > 0, 0.9, np.nan)
    assert interval(values, recordings) == (0.9, 0.9) if defined else all(np.isnan(interval(values, recordings)))


@pytest.mark.parametrize(("recordings", "defined"), [(1, False), (2, False), (3, True)])
def test_fewer_than_three_recordings_give_no_interval(tmp_path, recordings, defined):
    found, apart = counted(tmp_path, two_runs(tmp_path, frames=recordings))
    for recall in (found.loc[("half", "recall")], apart.loc["recall"]):
        assert recall[["low", "high"]].notna().all() == defined
        assert recall["n_recordings"] == recordings


@pytest.mark.parametrize(
    ("weights", "median"),
    [([1, 1, 1, 1], 0.5), ([1, 1, 1, 0], 0.4), ([3, 0, 0, 0], 0.2), ([1, 2, 0, 1], 0.4), ([2, 0, 0, 2], 0.55),
     ([0, 0, 0, 0], np.nan)],
)  # fmt: skip
def test_the_median_of_draws_is_the_median_of_their_values(weights, median):
    values = np.array([0.9, 0.2, 0.6, 0.4])
    weights = np.array(weights, dtype=float)[[3, 0, 2, 1]]
    found = weighted_median(values, weights[None])[0]
    repeated = np.repeat(values, weights.astype(int))
    assert found == pytest.approx(median, nan_ok=True)
    assert found == pytest.approx(np.median(repeated) if len(repeated) else np.nan, nan_ok=True)


def test_a_companion_has_numbers_of_its_own_and_is_compared_with_no_model(tmp_path):
    rows = two_runs(tmp_path)
    run, testset = "good-on-set-at-native", tmp_path / "testsets/set"
    none = write_predictions(tmp_path / f"predictions/{run}.parquet", [], run=run, model="good")
    evaluate(none, testset, tmp_path / "validation" / run, run=run, model="good")
    rows.append({"run": run, "model": "good", "testset": "set", "companion_of": "good-on-set"})
    headline, differences = compare(rows, tmp_path, conf=0.25, iou=0.45, resamples=50, seed=0)
    found = headline[headline["metric"] == "recall"].set_index("run")
    assert found["value"].to_dict() == {"good-on-set": 1, "half-on-set": 0.5, run: 0}
    assert found["companion_of"].to_dict() == {"good-on-set": None, "half-on-set": None, run: "good-on-set"}
    recall = differences[differences["metric"] == "recall"]
    assert recall[["first", "second", "difference"]].to_numpy().tolist() == [["good", "half", 0.5]]


def test_runs_on_other_frames_are_not_compared():
    described = {
        "a/metrics.json": {"testset": "naples", "testset_fingerprint": "one"},
        "b/metrics.json": {"testset": "naples", "testset_fingerprint": "two"},
    }
    with pytest.raises(InputError, match=r"b/metrics.json.*two.*one.*a/metrics.json"):
        same_frames(described)
    described["b/metrics.json"]["testset"] = "saarland_donors"
    same_frames(described)
