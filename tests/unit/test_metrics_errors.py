"""Errors by kind and place, calibration, groups, and the preprint's counting, on boxes worked out on paper."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from metrics_inputs import prediction_table, truth_table, write_predictions, write_testset
from rbcflow.metrics import error_kinds, image_labels, summary
from rbcflow.metrics.calibration import calibration, expected_error
from rbcflow.metrics.groups import by_group
from rbcflow.metrics.matching import match
from rbcflow.metrics.run import evaluate

TRUTH = [
    (0, "croissant", 10, 10, 30, 30),
    (0, "slipper", 50, 10, 80, 30),
    (0, "other", 90, 35, 110, 55),
    (1, "slipper", 10, 10, 40, 30),
]
FOUND = [
    (0, "croissant", 0.90, 10, 10, 30, 30),
    (0, "croissant", 0.85, 12, 10, 30, 30),
    (0, "croissant", 0.80, 50, 10, 80, 30),
    (0, "other", 0.70, 100, 35, 120, 55),
    (0, "slipper", 0.60, 30, 40, 60, 58),
    (1, "croissant", 0.50, 25, 10, 55, 30),
    (1, "slipper", 0.10, 10, 10, 40, 30),
]


def classified(truth=TRUTH, found=FOUND, walls=None, *, named=True):
    """Return the errors of some boxes at the preprint's thresholds."""
    truth, found = truth_table(truth), prediction_table(found)
    frames = pd.DataFrame({"frame": [0, 1], "width": [120, 120]})
    matches = match(truth, found, 0.45).at(0.25)
    return error_kinds.classify(matches, truth, found, frames, walls or {}, 0.45, named=named)


def test_each_kind_on_paper():
    table = classified()
    kinds = table[["frame", "kind", "true", "predicted"]].values.tolist()
    assert kinds == [
        [0, "duplicate", "croissant", "croissant"],
        [0, "classification", "slipper", "croissant"],
        # half a box aside: IoU 200/600, of the right class
        [0, "localisation", "other", "other"],
        [0, "background", "background", "slipper"],
        # IoU 300/900, and of another class; the slipper it points to is no further miss
        [1, "both", "slipper", "croissant"],
    ]
    assert table["iou"].round(4).tolist()[2] == pytest.approx(0.3333)


def test_the_matrix_background_row_is_divided_by_what_is_there():
    """One further box on the found croissant, two that overlap a cell by a third, one where there is nothing."""
    divided = summary.error_block(classified(), 2)["false_positives"]
    none = {"croissant": 0, "slipper": 0, "other": 0}
    assert divided == {
        "second": none | {"croissant": 1, "total": 1},
        "misplaced": none | {"other": 1, "croissant": 1, "total": 2},
        "background": none | {"slipper": 1, "total": 1},
    }
    matches = match(truth_table(TRUTH), prediction_table(FOUND), 0.45).at(0.25)
    row = matches[matches["true"] == "background"]["predicted"].value_counts()
    assert {name: sum(kind[name] for kind in divided.values()) for name in row.index} == row.to_dict()


def test_a_miss_that_no_error_points_to():
    table = classified(found=FOUND[:1])
    assert table[table["kind"] == "missed"][["frame", "true"]].values.tolist() == [
        [0, "slipper"], [0, "other"], [1, "slipper"],
    ]  # fmt: skip
    assert table["conf"].isna().all()


def test_without_classes_no_error_is_one_of_class():
    assert not set(classified(named=False)["kind"]) & {"classification", "both"}


def test_places():
    table = classified(walls={0: (50.0,)}).set_index("kind")
    assert table.loc["background", "place"] == "wall"
    assert table.loc["localisation", "place"] == "frame edge"
    assert table.loc["classification", "place"] == "open"


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ((20, 40), "wall"),  # the wall at 30 through its middle
        ((25, 45), "wall"),  # at its upper quarter, inclusive
        ((26, 46), "open"),  # beside the cell: above its middle half
        ((25, 105), "open"),  # from wall to wall
    ],
)
def test_a_box_lies_on_a_wall_that_its_middle_half_covers(rows, place):
    assert error_kinds._place(np.array([50.0, rows[0], 90.0, rows[1]]), 200.0, (30.0, 100.0)) == place


def test_walls_are_found_where_grey_jumps():
    image = np.full((40, 60), 150, np.uint8)
    image[:8], image[33:] = 90, 90
    noisy = [image + np.random.default_rng(n).integers(0, 3, image.shape).astype(np.uint8) for n in range(5)]
    upper, lower = error_kinds.wall_rows(noisy)
    assert abs(upper - 8) <= 1 and abs(lower - 33) <= 1
    assert error_kinds.wall_rows([image] * 5) == (8, 33)
    flat = [np.full((40, 60), 150, np.uint8) for _ in range(5)]
    assert error_kinds.wall_rows(flat) == ()


def test_calibration_on_paper():
    table = calibration(match(truth_table(TRUTH), prediction_table(FOUND), 0.45), named=True).set_index("low")
    assert table.loc[0.9, ["n", "right"]].tolist() == [1, 1.0]
    # 0.85 is a duplicate, 0.80 is misnamed
    assert table.loc[0.8, ["n", "right"]].tolist() == [2, 0.0]
    assert table["n"].sum() == 7
    by_hand = [(0.9, 1), (0.825, 0), (0.825, 0), (0.7, 0), (0.6, 0), (0.5, 0), (0.1, 1)]
    assert expected_error(table) == pytest.approx(np.mean([abs(conf - right) for conf, right in by_hand]))
    assert expected_error(table.assign(n=0)) is None


def test_groups_on_paper():
    frames = pd.DataFrame({"frame": [0, 1], "donor": ["a", ""], "condition": ["1", "1"]})
    matches = match(truth_table(TRUTH), prediction_table(FOUND), 0.45).at(0.25)
    table = by_group(frames, matches).set_index(["by", "group"])
    # frame 0: croissant found and named, slipper found; other missed; duplicate, misplaced and empty are false
    # positives
    assert table.loc[("donor", "a"), ["n_boxes", "found", "named", "misses", "false_positives"]].tolist() == [
        3,
        2,
        1,
        1,
        3,
    ]
    assert table.loc[("condition", "1"), ["frames", "n_boxes", "found"]].tolist() == [2, 4, 2]
    assert "" not in table.index.get_level_values("group")


def test_the_preprints_counting_on_paper():
    frames = pd.DataFrame({"frame": [0, 1, 2], "label": ["croissant", "slipper", "slipper"]})
    found = prediction_table(
        [(0, "croissant", 0.9, 0, 0, 1, 1), (0, "slipper", 0.8, 0, 0, 1, 1), (1, "slipper", 0.7, 0, 0, 1, 1),
         (1, "slipper", 0.2, 0, 0, 1, 1)]
    )  # fmt: skip
    counted = image_labels.count(frames, found, 0.25)
    assert (counted["images"], counted["detections"], counted["images_with_both_classes"]) == (3, 3, 1)
    assert counted["detections_per_image"] == {"mean": 1.0, "median": 1.0, "max": 2}
    assert counted["accuracy"] == pytest.approx(2 / 3)
    assert counted["classes"]["slipper"] == pytest.approx({"n": 1, "precision": 0.5, "recall": 1.0, "f1": 2 / 3})
    assert counted["classes"]["croissant"]["recall"] == 0.5
    assert image_labels.count(frames.assign(label=""), found, 0.25) is None


@pytest.mark.parametrize(
    ("n_frames", "truth", "found"),
    [(1, [], []), (3, [], FOUND[:1]), (1, TRUTH[:1], []), (1, TRUTH[:1], FOUND[:1]), (2, TRUTH[:2], FOUND[:3])],
    ids=["nothing at all", "no truth", "no prediction", "one frame", "a class absent"],
)
def test_nothing_undefined_is_a_number(tmp_path, n_frames, truth, found):
    testset = write_testset(tmp_path / "set", n_frames, truth)
    predictions = write_predictions(tmp_path / "run1.parquet", found)
    evaluate(predictions, testset, tmp_path / "run1", run="run1", model="model1")
    text = (tmp_path / "run1/metrics.json").read_text()
    assert "NaN" not in text
    numbers = json.loads(text)
    assert sum(numbers["errors"]["kinds"].values()) == len(pd.read_csv(tmp_path / "run1/errors.csv"))
    for name in ("groups", "calibration"):
        assert (tmp_path / f"run1/{name}.csv").is_file()
