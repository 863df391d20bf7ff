"""Bias of found boxes: worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from metrics_inputs import prediction_table, truth_table
from rbcflow.metrics.localisation import differences, localisation
from rbcflow.metrics.matching import match

TRUE = (10, 10, 30, 20)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param(TRUE, (0, 0, 0, 0, 1), id="the same"),
        # 3 px wider on either side and 1 px higher on either: 26 x 12 for 20 x 10
        pytest.param((7, 9, 33, 21), (6, 2, 0, 0, np.sqrt(312 / 200)), id="too large about the same centre"),
        pytest.param((12, 7, 32, 17), (0, 0, 2, -3, 1), id="moved right and up"),
        # left and upper sides alone are off: half of it shows in the centre
        pytest.param((14, 12, 30, 20), (-4, -2, 2, 1, np.sqrt(128 / 200)), id="two sides off"),
    ],
)
def test_differences_by_hand(box, expected):
    table = differences(np.array([TRUE], dtype=float), np.array([box], dtype=float))
    assert table.columns.tolist() == ["dw", "dh", "dx", "dy", "size_ratio"]
    assert table.to_numpy()[0].tolist() == pytest.approx(expected)


def test_bias_by_class_and_of_whole_cells():
    far = (60, 10, 80, 20)
    truth = truth_table(
        [
            (0, "slipper", *TRUE), (0, "slipper", *far), (1, "croissant", *TRUE), (1, "slipper", *far, "edge"),
            (2, "other", *TRUE),
        ]
    )  # fmt: skip
    predictions = prediction_table(
        [
            (0, "slipper", 0.9, 9, 10, 31, 20),  # 2 px too wide
            (0, "other", 0.8, 58, 10, 82, 20),  # misnamed, 4 px too wide: counts for its true class
            (1, "croissant", 0.9, 10, 9, 30, 21),  # 2 px too high
            (1, "slipper", 0.8, 50, 10, 80, 20),  # of a cut cell, 10 px too wide
            (2, "other", 0.2, *TRUE),  # below the operating point
            (2, "other", 0.9, 40, 40, 50, 50),  # a false positive
        ]
    )
    numbers = localisation(match(truth, predictions, 0.45).at(0.25), truth, predictions)
    bias = numbers["bias"]
    assert numbers["n"] == bias["all"]["n"] == 4
    assert bias["whole"]["n"] == 3
    assert {name: own["n"] for name, own in bias["classes"].items()} == {"croissant": 1, "slipper": 2, "other": 0}
    # widths: 0, 2, 4 of whole cells, and 10 of the cut one
    assert bias["all"]["dw"] == pytest.approx({"q1": 1.5, "median": 3, "q3": 5.5})
    assert bias["whole"]["dw"] == pytest.approx({"q1": 1, "median": 2, "q3": 3})
    assert bias["classes"]["slipper"]["dw"] == pytest.approx({"q1": 2.5, "median": 3, "q3": 3.5})
    assert bias["classes"]["croissant"]["dh"] == pytest.approx({"q1": 2, "median": 2, "q3": 2})
    assert bias["all"]["dx"] == pytest.approx({"q1": -1.25, "median": 0, "q3": 0})
    assert bias["whole"]["size_ratio"]["median"] == pytest.approx(np.sqrt(1.2))
    assert bias["classes"]["other"]["dw"] == {"median": None, "q1": None, "q3": None}


def test_nothing_found_gives_null_with_a_reason():
    truth, predictions = truth_table([(0, "slipper", *TRUE)]), prediction_table([])
    numbers = localisation(match(truth, predictions, 0.45).at(0.25), truth, predictions)
    assert (numbers["n"], numbers["iou_median"], numbers["reason"]) == (0, None, "no matched boxes")
    assert numbers["bias"]["whole"]["size_ratio"]["median"] is None
