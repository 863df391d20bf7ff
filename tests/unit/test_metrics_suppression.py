"""One box a cell: worked out by hand, and against the library's own suppression."""

from __future__ import annotations

import numpy as np
import pytest

from metrics_inputs import prediction_table
from rbcflow.core.boxes import remaining
from rbcflow.metrics.suppression import one_box_a_cell

WHOLE = (0, 0, 10, 10)


@pytest.mark.parametrize(
    ("boxes", "iou", "remains"),
    [
        pytest.param([], 0.7, [], id="none"),
        pytest.param([WHOLE, WHOLE, WHOLE], 0.7, [True, False, False], id="three of one place"),
        pytest.param([WHOLE, (20, 0, 30, 10)], 0.7, [True, True], id="apart"),
        # 7 of 10 rows: an overlap of exactly 0.7 does not exceed it
        pytest.param([WHOLE, (0, 0, 10, 7)], 0.7, [True, True], id="at the threshold"),
        pytest.param([WHOLE, (0, 0, 10, 7.1)], 0.7, [True, False], id="beyond the threshold"),
        # the third overlaps the second by 6 of 8, but the first, which removes the second, by 6 of 10
        pytest.param(
            [WHOLE, (2, 0, 10, 10), (4, 0, 10, 10)], 0.7, [True, False, True], id="a removed box removes nothing"
        ),
        pytest.param([WHOLE, (0, 0, 0, 0)], 0.7, [True, True], id="an empty box overlaps nothing"),
    ],
)
def test_by_hand(boxes, iou, remains):
    assert remaining(np.array(boxes, dtype=float).reshape(-1, 4), iou).tolist() == remains


def test_classes_compete_within_a_frame_only():
    rows = [
        (0, "slipper", 0.9, *WHOLE), (0, "other", 0.6, *WHOLE), (0, "other", 0.5, 40, 0, 50, 10),
        (1, "other", 0.3, *WHOLE),
    ]  # fmt: skip
    single = one_box_a_cell(prediction_table(rows), 0.7)
    assert single[["frame", "class", "conf"]].to_numpy().tolist() == [
        [0, "slipper", 0.9], [0, "other", 0.5], [1, "other", 0.3],
    ]  # fmt: skip
    assert list(single.index) == [0, 1, 2]
    assert one_box_a_cell(prediction_table([]), 0.7).empty


@pytest.mark.slow
def test_library_keeps_the_same_boxes():
    import torch
    from torchvision.ops import nms

    rng = np.random.default_rng(4)
    removed = 0
    for n in (1, 5, 60, 300):
        corners = rng.uniform(0, 40, (n, 2))
        boxes = np.hstack([corners, corners + rng.uniform(5, 20, (n, 2))])
        conf = np.sort(rng.random(n))[::-1].copy()
        theirs = nms(torch.from_numpy(boxes), torch.from_numpy(conf), 0.5).numpy()
        assert np.flatnonzero(remaining(boxes, 0.5)).tolist() == sorted(theirs.tolist())
        removed += n - len(theirs)
    assert removed > 50
