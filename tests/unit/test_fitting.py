"""The factor at which frames are shown where nobody says how large their cells are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rbcflow.detector.fitting import Learned, alike, fit, of_side, sides_of

ALL_SIZES = Learned(40.0, 1.75)


@pytest.mark.parametrize(
    ("cells", "side", "near"),
    [
        # the middle of 10 to 70 is 40, and 70 is 1.75 times that
        ({"low_seen_px": 10.0, "side_seen_px": 25.0, "high_seen_px": 70.0}, 40.0, 1.75),
        # a training with one size of cells forbids no other that is nearly as large
        ({"low_seen_px": 29.0, "side_seen_px": 30.0, "high_seen_px": 31.0}, 30.0, 1.25),
        ({"n": 3, "side_seen_px": 21.5}, 21.5, 1.25),
        (None, 34.0, 1.25),
    ],
)
def test_a_record_says_what_a_detector_learned_from(cells: dict | None, side: float, near: float):
    assert Learned.of_cells(cells) == Learned(side, near)


@pytest.mark.parametrize(
    ("found", "factor", "source", "median", "n", "looks"),
    [
        # 40 / 1.75 = 22.9 and 40 x 1.75 = 70 are left as they are, what lies beyond is brought to 40
        ({1: [60] * 12}, 1.0, "native", 60.0, 12, [1]),
        ({1: [70] * 12}, 1.0, "native", 70.0, 12, [1]),
        ({1: [23] * 12}, 1.0, "native", 23.0, 12, [1]),
        ({1: [80] * 12, 0.5: [80] * 12}, 0.5, "fitted", 80.0, 12, [1, 0.5]),
        ({1: [16] * 12, 2.5: [15] * 13}, 2.5, "fitted", 16.0, 12, [1, 2.5]),
        # half of the boxes and one more decide, whatever the others are
        ({1: [20] * 7 + [300] * 6, 2: [20] * 13}, 2.0, "fitted", 20.0, 13, [1, 2]),
        # cells too small to be found show at twice the size, in pixels of the frame
        ({1: [30] * 2, 2: [10] * 12, 4: [10] * 12}, 4.0, "fitted", 10.0, 12, [1, 2, 4]),
        ({1: [30] * 2, 2: [30] * 12}, 1.0, "native", 30.0, 12, [1, 2]),
        # and only if they are as large at the factor: what fell apart falls apart again
        ({1: [15] * 2, 2: [16] * 12, 2.5: [3] * 20}, 1.0, "native", None, 2, [1, 2, 2.5]),
        # cells that were found once and fall apart at twice the size
        ({1: [60] * 11, 2: [15] * 21}, 1.0, "native", None, 11, [1, 2]),
        # cells far too large fell apart: seen at 0.5 they are 100 px there, still too large
        ({1: [80] * 12, 0.5: [200] * 13}, 0.2, "fitted", 200.0, 13, [1, 0.5]),
        # half of the small cells are missed as they are, so that the factor may show several times as many, not more
        ({1: [10] * 12, 4: [10] * 36}, 4.0, "fitted", 10.0, 12, [1, 4]),
        ({1: [10] * 12, 4: [10] * 37}, 1.0, "native", 10.0, 12, [1, 4]),
        # what is not there any more at the factor was no cell
        ({1: [10] * 12, 4: [10] * 11}, 1.0, "native", 10.0, 12, [1, 4]),
        # too few say nothing: false positives on empty frames make no factor
        ({1: [8] * 5, 2: [8] * 11}, 1.0, "native", None, 5, [1, 2]),
        ({1: [], 2: []}, 1.0, "native", None, 0, [1, 2]),
    ],
)  # fmt: skip
def test_cells_are_brought_to_the_middle_of_what_was_learned(
    found: dict, factor: float, source: str, median: float | None, n: int, looks: list
):
    asked: list[float] = []

    def look(scale: float) -> np.ndarray:
        asked.append(scale)
        return np.array(found[scale], dtype=float)

    chosen = fit(look, ALL_SIZES)
    assert (chosen.factor, chosen.source, chosen.median_px, chosen.n) == (factor, source, median, n)
    assert asked == looks
    assert chosen.reason.startswith(f"x{factor:g}: ")


def test_a_known_size_asks_no_box():
    assert (of_side(16, ALL_SIZES).factor, of_side(16, ALL_SIZES).source) == (2.5, "pixel size")
    assert (of_side(30, ALL_SIZES).factor, of_side(30, ALL_SIZES).source) == (1.0, "native")


def test_an_object_counts_once_whatever_its_class_and_by_the_sum_of_its_scores():
    rows = [
        # one object under two classes, each of which is unsure
        (0, "slipper", 0.2, 0.35, 0, 0, 20, 20),
        (0, "croissant", 0.15, 0.35, 1, 0, 21, 20),
        (0, "other", 0.3, 0.30, 40, 0, 49, 4),
        # the same place in another frame is another object
        (1, "slipper", 0.9, 0.90, 0, 0, 10, 10),
        (1, "slipper", 0.24, 0.24, 50, 50, 90, 90),
    ]
    boxes = pd.DataFrame(rows, columns=["frame", "class", "conf", "cell", "x0", "y0", "x1", "y1"])
    assert sorted(sides_of(boxes)) == [6.0, 10.0, 20.0]
    assert len(sides_of(boxes[:0])) == 0


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("a", "20 mbar"), ("b", "20 mbar"), ("a", "20 mbar")], ["a", "b", "a"]),
        # frames of a recording under several disturbances
        ([("a", "none"), ("b", "none"), ("a", "scale x2")], ["none", "none", "scale x2"]),
    ],
)
def test_a_recording_or_a_disturbance_has_one_factor(rows: list, names: list):
    assert alike(pd.DataFrame(rows, columns=["recording", "condition"])).tolist() == names
