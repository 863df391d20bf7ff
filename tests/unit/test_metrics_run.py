"""A whole validation run: files, numbers worked out by hand, and every way in which a test set can be poor."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from metrics_inputs import write_predictions, write_testset
from rbcflow.core import names
from rbcflow.core.errors import InputError
from rbcflow.metrics.run import evaluate
from rbcflow.testsets.files import write_unavailable

A, B, C = (10, 10, 30, 30), (60, 10, 80, 30), (90, 30, 110, 50)
TRUTH = [(0, "slipper", *A), (0, "croissant", *B), (1, "slipper", *A, "edge")]
FOUND = [
    (0, "slipper", 0.9, *A),
    (0, "slipper", 0.8, 60, 10, 80, 26),  # IoU 0.8 with B, misnamed
    (0, "other", 0.7, *C),
    (2, "slipper", 0.6, *A),
    (1, "slipper", 0.1, *A),  # right, but below the operating point
]


def run(tmp_path: Path, testset: Path, rows: list[tuple], **meta) -> tuple[dict, Path]:
    predictions = write_predictions(tmp_path / "predictions.parquet", rows, **meta)
    evaluate(predictions, testset, tmp_path / "out", run="run1", model="model1")
    return json.loads((tmp_path / "out" / "metrics.json").read_text()), tmp_path / "out"


def test_numbers_by_hand(tmp_path):
    numbers, folder = run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH), FOUND)
    assert numbers["n_frames"] == 4
    assert numbers["n_empty_frames"] == 2
    assert numbers["n_boxes"] == {"croissant": 1, "slipper": 2, "other": 0, "total": 3}
    at = numbers["agnostic"]["at"][0]
    assert (at["hits"], at["misses"], at["false_positives"]) == (2, 1, 2)
    assert at["precision"] == pytest.approx(2 / 4)
    assert at["recall"] == pytest.approx(2 / 3)
    assert at["f1"] == pytest.approx(4 / 7)
    assert at["false_positives_per_frame"] == pytest.approx(2 / 4)
    assert at["false_positives_per_empty_frame"] == pytest.approx(1 / 2)
    assert [block["iou"] for block in numbers["agnostic"]["at"]] == [0.45, 0.5]
    slipper = numbers["operating_point"]["slipper"]
    assert (slipper["n_boxes"], slipper["n_predictions"], slipper["hits"]) == (2, 3, 1)
    assert numbers["operating_point"]["croissant"]["precision"] is None
    assert numbers["operating_point"]["croissant"]["reason"] == "no predictions"
    assert numbers["operating_point"]["other"]["reason"] == "no true boxes"
    assert numbers["coco"]["classes"]["other"] == {
        "ap50": None, "ap75": None, "ap50_95": None, "ar": None, "n_boxes": 0, "reason": "no true boxes",
    }  # fmt: skip
    assert numbers["coco"]["classes"]["croissant"]["ap50"] == 0
    assert numbers["localisation"]["n"] == 2
    assert numbers["localisation"]["iou_median"] == pytest.approx(0.9)
    # one box is right, the other 4 px too low on its upper side: 2 px in the centre
    bias = numbers["localisation"]["bias"]["whole"]
    assert bias["dh"] == pytest.approx({"median": -2, "q1": -3, "q3": -1})
    assert bias["dy"]["median"] == pytest.approx(-1)
    assert (bias["n"], bias["dw"]["median"], bias["dx"]["median"]) == (2, 0, 0)
    assert numbers["classification"] == {"n": 2, "accuracy": 0.5, "evaluated": "true", "reason": None}
    assert numbers["recall_by_kind"] == {
        "edge": {"n_boxes": 1, "hits": 0, "recall": 0}, "single": {"n_boxes": 2, "hits": 2, "recall": 1},
    }  # fmt: skip
    assert numbers["interpretable"] is False
    assert "n = 3 true boxes: not interpretable." in numbers["caveats"]
    matches = pd.read_csv(folder / "matches.csv")
    assert list(matches.columns) == ["frame", "true", "predicted", "conf", "iou", "truth_row", "prediction_row"]
    assert list(matches["true"]) == ["slipper", "croissant", "background", "slipper", "background"]
    assert list(matches["predicted"]) == ["slipper", "slipper", "other", "background", "slipper"]
    assert set(pd.read_csv(folder / "curves.csv")["class"]) == {"croissant", "slipper", "other", "all", "any"}


def test_one_box_a_cell_by_hand(tmp_path):
    found = [
        *FOUND,
        (0, "other", 0.85, *A),  # a second box of a found cell
        (0, "croissant", 0.3, 60, 10, 80, 26),  # a second one, and the right name
        (2, "other", 0.5, 10, 10, 30, 29),  # a second one on nothing
    ]
    numbers, folder = run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH), found)
    assert (numbers["agnostic"]["at"][0]["hits"], numbers["agnostic"]["at"][0]["false_positives"]) == (2, 5)
    single = numbers["one_box_a_cell"]
    at = single["at"][0]
    assert (single["nms_iou"], len(single["at"]), at["iou"]) == (0.7, 1, 0.45)
    assert (at["hits"], at["misses"], at["false_positives"], at["false_positives_in_empty_frames"]) == (2, 1, 2, 1)
    assert (at["precision"], at["recall"], at["f1"]) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    # in falling confidence: hit, hit, two false positives, hit: precision 1 up to recall 2/3, then 3 of 5
    assert single["ap50"] == pytest.approx((67 + 34 * 3 / 5) / 101)
    assert numbers["agnostic"]["ap50"] < single["ap50"]
    # slipper: a hit, two false positives, a hit; the croissant's own box is gone
    assert single["map50"] == pytest.approx((51 + 50 * 2 / 4) / 101 / 2)
    assert single["classification"] == {"n": 2, "accuracy": 0.5, "evaluated": "true", "reason": None}
    # the tables are the preprint's view
    assert len(pd.read_csv(folder / "matches.csv")) == 8


def test_a_cell_with_two_weak_names_is_found_by_their_sum(tmp_path):
    found = [
        (0, "slipper", 0.2, *A, 0.4),
        (0, "croissant", 0.2, *A, 0.4),
        (0, "other", 0.22, *C, 0.22),  # weak under every name
        (0, "other", 0.3, 80, 40, 90, 50, 0.3),  # nothing
    ]
    truth = [(0, "slipper", *A), (0, "other", *C)]
    numbers, _ = run(tmp_path, write_testset(tmp_path / "set", 1, truth), found)
    assert [numbers[view]["at"][0]["hits"] for view in ("agnostic", "one_box_a_cell", "cell_score")] == [0, 0, 1]
    assert numbers["cell_score"]["at"][0]["false_positives"] == 1
    # false positive, hit, hit, and a second box of the found cell; by the sum: hit, false positive, hit
    assert numbers["agnostic"]["ap50"] == pytest.approx(2 / 3)
    assert numbers["cell_score"]["ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101)


@pytest.mark.parametrize(
    ("classes", "map50", "left_out", "reason"),
    [
        (["croissant", "slipper", "other"], 1 / 3, [], None),
        (["croissant", "slipper"], 0.5, ["other"], "the model cannot name this class"),
        (["slipper"], 1.0, ["croissant", "other"], "the model cannot name this class"),
    ],
)
def test_a_class_the_model_cannot_name_is_no_zero_in_the_mean(tmp_path, classes, map50, left_out, reason):
    truth = [(0, "slipper", *A), (0, "croissant", *B), (0, "other", *C)]
    numbers, _ = run(tmp_path, write_testset(tmp_path / "set", 1, truth), FOUND[:1], classes=classes)
    assert numbers["coco"]["map50"] == pytest.approx(map50)
    assert (numbers["coco"]["named"], numbers["coco"]["left_out"]) == (classes, left_out)
    assert numbers["coco"]["classes"]["other"]["ap50"] == (None if left_out else 0)
    assert numbers["coco"]["classes"]["other"]["reason"] == reason
    marked = [caveat for caveat in numbers["caveats"] if caveat.startswith("The model has no class")]
    told = [caveat.split(":")[0].removeprefix("The model has no class ") for caveat in marked]
    assert told == [names.CLASSES[name] for name in left_out]


@pytest.mark.parametrize(
    ("n_frames", "truth", "found"),
    [
        pytest.param(3, [], [], id="empty frames, no predictions"),
        pytest.param(3, [], FOUND[3:4], id="empty frames, a false positive"),
        pytest.param(3, TRUTH, [], id="no predictions"),
        pytest.param(1, TRUTH[:1], FOUND[:1], id="one frame"),
    ],
)
def test_poor_test_sets_give_null_with_a_reason(tmp_path, n_frames, truth, found):
    numbers, folder = run(tmp_path, write_testset(tmp_path / "set", n_frames, truth), found)
    for name in ("coco", "agnostic", "one_box_a_cell", "localisation", "classification"):
        block = numbers[name]
        assert (None in block.values()) >= (block["reason"] is not None)
    for block in numbers["operating_point"].values():
        undefined = block["precision"] is None or block["recall"] is None
        assert undefined == (block["reason"] is not None)
    assert (numbers["coco"]["map50"] is None) == (not truth)
    assert numbers["agnostic"]["at"][0]["misses"] == len(truth) - numbers["agnostic"]["at"][0]["hits"]
    assert pd.read_csv(folder / "confusion_matrix.csv")["count"].sum() == numbers["agnostic"]["at"][0]["misses"] + len(
        found
    )


def test_unavailable_test_set_states_its_reason(tmp_path):
    testset = tmp_path / "set"
    write_unavailable(testset, name="set", source="flow_public", reason="download refused")
    numbers, folder = run(tmp_path, testset, [], testset_fingerprint=None, status="unavailable")
    assert numbers["status"] == "unavailable"
    assert numbers["caveats"] == ["Test set set is unavailable: download refused."]
    assert numbers["coco"]["map50"] is None
    assert numbers["operating_point"] == {}
    assert pd.read_csv(folder / "curves.csv").empty
    assert pd.read_csv(folder / "confusion_matrix.csv")["count"].sum() == 0


@pytest.mark.parametrize(
    ("evaluated", "accuracy", "counted"), [("proxy", 0.5, {"slipper", "any"}), ("false", None, {"any"})]
)
def test_classes_that_are_no_truth_are_marked(tmp_path, evaluated, accuracy, counted):
    numbers, _ = run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH, classes_evaluated=evaluated), FOUND)
    assert numbers["classification"]["evaluated"] == evaluated
    assert numbers["classification"]["accuracy"] == accuracy
    assert (numbers["classification"]["reason"] is None) == (accuracy is not None)
    assert counted <= numbers["operating_point"].keys()
    assert (numbers["coco"]["map50"] is None) == (evaluated == "false")
    assert numbers["agnostic"]["ap50"] > 0
    assert any("prox" in sentence or "not evaluated" in sentence for sentence in numbers["caveats"])


def test_a_detector_of_one_class_is_evaluated_on_finding_alone(tmp_path):
    # one cell found, one missed, one false positive, whatever the true boxes are called
    truth = [(0, "slipper", *A), (1, "croissant", *A)]
    found = [(0, "cell", 0.9, *A), (1, "cell", 0.8, 80, 40, 100, 55)]
    numbers, _ = run(tmp_path, write_testset(tmp_path / "set", 2, truth), found, classes=["cell"])
    assert numbers["classes_evaluated"] == "false"
    assert list(numbers["operating_point"]) == ["any"]
    assert [numbers["operating_point"]["any"][key] for key in ("hits", "misses", "false_positives")] == [1, 1, 1]
    assert numbers["coco"]["map50"] is numbers["classification"]["accuracy"] is numbers["image_labels"] is None
    assert numbers["agnostic"]["ap50"] == pytest.approx(51 / 101, abs=1e-3)
    assert any("the detector finds cells and names no shape" in sentence for sentence in numbers["caveats"])
    assert not any("cannot name" in sentence for sentence in numbers["caveats"])


def test_predictions_of_another_test_set_are_refused(tmp_path):
    testset = write_testset(tmp_path / "set", 4, TRUTH)
    with pytest.raises(InputError, match=r"predictions\.parquet.*old.*f0.*set"):
        run(tmp_path, testset, FOUND, testset_fingerprint="old")


@pytest.mark.parametrize(
    ("rows", "meta", "message"),
    [
        ([(9, "slipper", 0.9, *A)], {}, r"column frame.*found 9"),
        ([(0, "blob", 0.9, *A)], {}, r"column class.*'blob'.*croissant"),
        ([(0, "slipper", float("nan"), *A)], {}, r"row 0.*nan.*finite"),
        (FOUND, {"run": "other"}, r"run 'other'.*'run1'"),
    ],
)
def test_bad_predictions_are_named(tmp_path, rows, meta, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH), rows, **meta)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("truth.csv", lambda text: text.replace("kind", "sort"), r"truth\.csv.*no column kind"),
        ("truth.csv", lambda text: text.replace("slipper", "blob"), r"truth\.csv.*'blob'"),
    ],
)
def test_bad_test_sets_are_named(tmp_path, name, change, message):
    testset = write_testset(tmp_path / "set", 4, TRUTH)
    (testset / name).write_text(change((testset / name).read_text()))
    with pytest.raises(InputError, match=message):
        run(tmp_path, testset, FOUND)


def test_files_that_are_no_predictions_are_named(tmp_path):
    testset = write_testset(tmp_path / "set", 1, [])
    (tmp_path / "text.parquet").write_text("no parquet")
    for name in ("absent.parquet", "text.parquet"):
        with pytest.raises(InputError, match=name):
            evaluate(tmp_path / name, testset, tmp_path / "out", run="run1", model="model1")
