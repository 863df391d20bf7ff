"""Average precision: hand-computed values and a fuzz of the library against a ten-line definition."""

from __future__ import annotations

import numpy as np
import pytest

from metrics_inputs import BOX, CELL, FAR, prediction_table, random_case, truth_table
from rbcflow.core.boxes import iou_matrix
from rbcflow.metrics.coco import average_precision

FRAMES = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("truth", "predictions", "ap50", "ap75", "ar"),
    [
        pytest.param([(0, "slipper", *CELL)], [(0, "slipper", 0.9, *CELL)], 1, 1, 1, id="perfect"),
        pytest.param([(0, "slipper", *CELL)], [], 0, 0, 0, id="nothing predicted"),
        pytest.param([], [(0, "slipper", 0.9, *CELL)], None, None, None, id="no truth"),
        # One of two cells found: precision 1 up to recall 0.5, that is at 51 of 101 recall levels.
        pytest.param(
            [(0, "slipper", *CELL), (1, "slipper", *FAR)],
            [(0, "slipper", 0.9, *CELL)],
            51 / 101,
            51 / 101,
            0.5,
            id="half",
        ),
        # A false positive ahead of the only hit halves precision at every level.
        pytest.param(
            [(0, "slipper", *CELL)],
            [(2, "slipper", 0.9, *CELL), (0, "slipper", 0.8, *CELL)],
            0.5,
            0.5,
            1,
            id="false positive first",
        ),
        # IoU 0.6: a hit at thresholds 0.50, 0.55 and, being equal to it, 0.60 of the ten.
        pytest.param([(0, "slipper", 0, 0, 10, 10)], [(0, "slipper", 0.9, 0, 0, 10, 6)], 1, 0, 0.3, id="loose box"),
        # IoU 0.8 is enough for 0.75: hits at seven of the ten
        pytest.param([(0, "slipper", 0, 0, 10, 10)], [(0, "slipper", 0.9, 0, 0, 10, 8)], 1, 1, 0.7, id="fair box"),
    ],
)
def test_by_hand(truth, predictions, ap50, ap75, ar):
    result = average_precision(truth_table(truth), prediction_table(predictions), FRAMES)
    assert result["slipper"].ap50 == (None if ap50 is None else pytest.approx(ap50))
    assert result["slipper"].ap75 == (None if ap75 is None else pytest.approx(ap75))
    assert result["slipper"].ar == (None if ar is None else pytest.approx(ar))
    assert result["croissant"].ap50 is None
    assert result["mean"] == result["slipper"]


def test_agnostic_ignores_names():
    truth, predictions = truth_table([(0, "slipper", *CELL)]), prediction_table([(0, "other", 0.9, *CELL)])
    assert average_precision(truth, predictions, FRAMES)["mean"].ap50 == 0
    assert average_precision(truth, predictions, FRAMES, agnostic=True)["mean"].ap50 == pytest.approx(1)


def own_ap(truth, predictions, threshold):
    """AP at 101 recall levels of one class: COCO's definition, written down once more."""
    order = predictions.sort_values("conf", ascending=False, kind="stable")
    taken, hits = set(), []
    for _, row in order.iterrows():
        own = truth[truth["frame"] == row["frame"]]
        overlap = iou_matrix(own[BOX], row[BOX].to_numpy(dtype=float)[None])[:, 0]
        free = [
            (value, key) for key, value in zip(own.index, overlap, strict=True)
            if key not in taken and value >= threshold
        ]  # fmt: skip
        hits.append(bool(free))
        if free:
            taken.add(max(free)[1])
    found = np.cumsum(hits)
    precision, recall = found / np.arange(1, len(found) + 1), found / len(truth)
    return np.mean([max(precision[recall >= level], default=0) for level in np.linspace(0, 1, 101)])


@pytest.mark.slow
def test_library_agrees_with_the_definition():
    rng = np.random.default_rng(11)
    for _ in range(15):
        truth, predictions = random_case(rng)
        result = average_precision(truth, predictions, FRAMES)
        for name in set(truth["class"]):
            own, found = truth[truth["class"] == name], predictions[predictions["class"] == name]
            assert result[name].ap50 == pytest.approx(own_ap(own, found, 0.5), abs=1e-6)
            assert result[name].ap75 == pytest.approx(own_ap(own, found, 0.75), abs=1e-6)
            levels = [own_ap(own, found, level) for level in np.linspace(0.5, 0.95, 10)]
            assert result[name].ap50_95 == pytest.approx(np.mean(levels), abs=1e-6)


def test_frames_without_boxes_cost_nothing_but_their_alarms():
    truth, hit = [(0, "slipper", *CELL)], (0, "slipper", 0.5, *CELL)
    one = average_precision(truth_table(truth), prediction_table([hit]), [0])
    many = average_precision(truth_table(truth), prediction_table([hit]), range(50))
    false_positive = average_precision(
        truth_table(truth), prediction_table([hit, (9, "slipper", 0.9, *CELL)]), range(50)
    )
    assert one == many
    assert false_positive["mean"].ap50 == pytest.approx(0.5)
