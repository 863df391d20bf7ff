"""Placement: boxes free where they must be, visible where they may overlap."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbcflow.core.boxes import iou_matrix
from rbcflow.datasets.place import Placer, _draw_free
from rbcflow.datasets.spec import VariantSpec

SIZES = st.lists(st.tuples(st.integers(3, 40), st.integers(3, 40)), min_size=1, max_size=14)


def placer(rows=(0, 80), **values) -> Placer:
    return Placer(VariantSpec.from_dict({"name": "x", "process_size": (100, 80)} | values), rows)


@settings(max_examples=80, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 10**6), margin=st.sampled_from([0, 0.5]))
def test_boxes_stay_apart_and_inside(sizes, seed, margin):
    subject, rng = placer(rows=(4.5, 70), block_margin=margin), np.random.default_rng(seed)
    for size in sizes:
        corner = subject.place(size, rng)
        if corner is not None:
            assert subject.boxes[-1].tolist() == [*corner, corner[0] + size[0], corner[1] + size[1]]
    boxes = subject.boxes
    assert (boxes[:, :2] >= [0, 5]).all() and (boxes[:, 2:] <= [100, 70]).all()
    for later in range(1, len(boxes)):
        margins = (boxes[:later, 2:] - boxes[:later, :2]) * margin / 2
        grown = np.hstack([boxes[:later, :2] - margins, boxes[:later, 2:] + margins])
        assert iou_matrix(grown, boxes[later : later + 1]).max() == 0


@settings(max_examples=80, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 10**6))
def test_overlapping_boxes_stay_visible(sizes, seed):
    subject, rng = placer(overlap=True), np.random.default_rng(seed)
    for size in sizes:
        subject.place(size, rng)
    owner = np.full((80, 100), -1)
    for number, (x0, y0, x1, y1) in enumerate(subject.boxes):
        owner[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = number
    for number, (x0, y0, x1, y1) in enumerate(subject.boxes):
        assert (owner == number).sum() >= 0.3 * (x1 - x0) * (y1 - y0)


def test_overlap_reaches_over_every_border():
    subject, rng = placer(overlap=True, block_margin=0), np.random.default_rng(1)
    for _ in range(60):
        subject.place((30, 30), rng)
    low, high = subject.boxes[:, :2].min(axis=0), subject.boxes[:, 2:].max(axis=0)
    assert (low < 0).all() and (high > [100, 80]).all()


def test_every_free_position_is_sampled():
    first = placer(process_size=(24, 20), block_margin=0.5, rows=(0, 20))
    first.place((6, 4), np.random.default_rng(0))
    x0, y0, x1, y1 = first.boxes[0] + [-1.5, -1, 1.5, 1]  # enlarged by half: a quarter on each side
    expected = {
        (x, y) for x in range(24 - 17) for y in range(20 - 2) if x + 18 <= x0 or x >= x1 or y + 3 <= y0 or y >= y1
    }
    seen = {copy.deepcopy(first).place((18, 3), np.random.default_rng(seed)) for seed in range(2500)}
    assert 20 < len(expected) < 24 * 20
    assert seen == expected


@pytest.mark.parametrize("size", [(101, 10), (10, 81)])
def test_too_large_is_not_placed(size):
    subject = placer()
    assert subject.place(size, np.random.default_rng(0)) is None
    assert len(subject.boxes) == 0


def test_a_narrow_gap_is_found():
    # a rectangle covers all but the last of 99 columns, or all
    rng, space, first = np.random.default_rng(0), np.array([99, 71]), np.array([[0, 0]])
    sampled = np.array([_draw_free(space, first, np.array([[98, 71]]), rng) for _ in range(400)])
    assert set(sampled[:, 0]) == {98}
    assert set(sampled[:, 1]) == set(range(71))
    assert _draw_free(space, first, np.array([[99, 71]]), rng) is None


@pytest.mark.parametrize(("rows", "columns_only"), [((0, 80), False), ((10, 70), True)])
def test_boxes_reach_over_the_border_as_far_as_asked_and_never_over_a_wall(rows, columns_only):
    boxes = []
    for seed in range(300):
        spec = VariantSpec.from_dict({"name": "x", "process_size": (100, 80)})
        subject = Placer(spec, rows, outside=0.75)
        subject.place((20, 12), np.random.default_rng(seed))
        boxes.append(subject.boxes[0])
    low, high = np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]
    assert low.tolist() == ([-15, 10] if columns_only else [-15, -9])
    assert high.tolist() == ([115, 70] if columns_only else [115, 89])
