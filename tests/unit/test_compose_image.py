"""Whole images: labels match pixels, steps are separable, noise and walls are what they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose_bank import cutout
from rbcflow.core.boxes import iou_matrix
from rbcflow.core.classes import CLASSES
from rbcflow.core.portable import shrink
from rbcflow.datasets.background import background, smooth_field
from rbcflow.datasets.image import compose, steps
from rbcflow.datasets.noise import add_noise
from rbcflow.datasets.spec import PRESETS, VariantSpec
from rbcflow.datasets.walls import straight_walls

ONE_LOOK = sorted(name for name in PRESETS if VariantSpec.from_dict({"name": name}).domain is None)
"""Variants whose cells can be seen as they were pasted."""
STOCK = {name: [cutout(33, 25, name), cutout(45, 25, name)] for name in CLASSES}


def make(name: str, index: int = 0, seed: int = 1, **values):
    return compose(VariantSpec.from_dict({"name": name} | values), "train", index, seed, STOCK)


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(PRESETS)), index=st.integers(0, 5000), seed=st.integers(0, 50))
def test_boxes_are_inside_and_apart(name, index, seed):
    spec = VariantSpec.from_dict({"name": name})
    result = make(name, index, seed)
    assert result.image.shape == spec.final_size[::-1] and result.image.dtype == np.uint8
    assert (result.boxes >= 0).all() and (result.boxes <= [*spec.final_size] * 2).all()
    assert (result.boxes[:, 2:] > result.boxes[:, :2]).all()
    overlap = iou_matrix(result.boxes, result.boxes) - np.eye(len(result.boxes))
    assert spec.overlap or result.record.get("crowded") or overlap.max(initial=0) == 0
    for number, class_name in enumerate(spec.classes):
        placed = result.record[f"{class_name}_placed"]
        assert placed == (result.class_ids == number).sum() <= result.record[f"{class_name}_count"]
    # a cluster's cells are all named and have one box
    names = len(result.record["cells"].split())
    assert names == len(result.boxes) or (spec.domain and names > len(result.boxes))


@pytest.mark.parametrize("name", ["random_nosuperposition", "synthetic"])
def test_labels_match_pixels(name):
    """What the step ``cells`` changed, thresholded, fills each label's box and lies in no other place."""
    spec = VariantSpec.from_dict({"name": name, "other_simulated_share": 0, "defocus_share": 0, "gamma": (1, 1)})
    for index in range(6):
        images = {step: scene.image.copy() for step, scene in steps(spec, "train", index, 1, STOCK)}
        names = list(images)
        changed = np.abs(images["cells"] - images[names[names.index("cells") - 1]]) > 14
        boxes = compose(spec, "train", index, 1, STOCK).boxes * spec.downscale
        for x0, y0, x1, y1 in np.rint(boxes).astype(int):
            inside = changed[y0:y1, x0:x1]
            assert inside.any(axis=0).mean() > 0.8 and inside.any(axis=1).mean() > 0.8
            changed[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = False
        assert changed.mean() < 0.003


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(ONE_LOOK), index=st.integers(0, 5000), seed=st.integers(0, 50))
def test_the_inside_of_every_box_differs_from_the_background_it_covers(name, index, seed):
    """Of every box a good part of the pixels changed by what a detector can see, and its border touches the change."""
    spec = VariantSpec.from_dict({"name": name})
    images = {step: scene.image.copy() for step, scene in steps(spec, "train", index, seed, STOCK)}
    names = list(images)
    before, after = (shrink(images[step], 2) for step in (names[names.index("cells") - 1], "cells"))
    changed = np.abs(after - before)
    for x0, y0, x1, y1 in compose(spec, "train", index, seed, STOCK).boxes:
        inside = changed[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))]
        assert inside.max() > 10
        assert (inside > 3).mean() > 0.15


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(PRESETS)), index=st.integers(0, 5000), split=st.sampled_from(("train", "val", "test"))
)
def test_an_image_depends_on_nothing_but_its_name(name, index, split):
    """Whatever was composed before, and whatever order, the same image comes out; another split gives another one."""
    spec = VariantSpec.from_dict({"name": name})
    first = compose(spec, split, index, 3, STOCK)
    other = compose(spec, {"train": "val", "val": "test", "test": "train"}[split], index, 3, STOCK)
    again = compose(spec, split, index, 3, STOCK)
    np.testing.assert_array_equal(first.image, again.image)
    assert first.record == again.record
    assert (first.image != other.image).any()


def test_every_image_has_its_own_noise_field():
    spec = VariantSpec.from_dict({"name": "random"})
    fields = [background(spec, np.random.default_rng(seed)) for seed in (1, 2)]
    fields = [field - cv2.GaussianBlur(field, (0, 0), 8) for field in fields]
    assert abs(np.corrcoef(fields[0].ravel(), fields[1].ravel())[0, 1]) < 0.02


def test_a_step_left_out_leaves_the_others_alone():
    """The cells of an image are the same with and without walls: every step has its own random stream."""
    common = {"lines": (False,), "walls_gray": (False,), "artifacts": (False,), "noise": ("none",)}
    results = [make("random_nosuperposition", factors=common | {"walls": (state,)}) for state in (False, True)]
    np.testing.assert_array_equal(results[0].boxes, results[1].boxes)
    assert results[0].record["cells"] == results[1].record["cells"]
    assert (results[0].image != results[1].image).any()


def test_steps_come_in_the_order_of_the_method():
    always = {name: levels[-1:] for name, levels in VariantSpec.from_dict({"name": "synthetic"}).factors.items()}
    spec = VariantSpec.from_dict({"name": "synthetic", "factors": always})
    names = [step for step, _ in steps(spec, "train", 0, 0, STOCK)]
    assert names == ["background", "lines", "walls", "walls_gray", "artifacts", "channel", "cells", "noise"]


def test_cells_stay_in_the_channel():
    always = {"factors": {"channel": ("normal",)}, "counts": dict.fromkeys(CLASSES, (2,))}
    spec = VariantSpec.from_dict({"name": "synthetic"} | always)
    for index in range(10):
        *_, (_, scene) = steps(spec, "train", index, 0, STOCK)
        assert scene.rows[0] >= 0 and scene.rows[1] <= 200 and 90 <= scene.rows[1] - scene.rows[0] <= 190
        assert (scene.boxes[:, 1] >= scene.rows[0]).all() and (scene.boxes[:, 3] <= scene.rows[1]).all()


def test_an_object_without_a_place_is_left_out_and_counted():
    result = make("random_nosuperposition", scale={"range": (300, 300)})
    assert sum(result.record[f"{name}_placed"] for name in CLASSES) == len(result.boxes) < 9


@pytest.mark.parametrize(
    ("kind", "mean", "deviation"),
    [
        ("none", 100, 0),
        ("gaussian", 100, 0.08 * 255),
        # share 0.02 sampled with repetition: half white (+155), half black (-100)
        ("salt_pepper", 100 + 0.0198 * (155 - 100) / 2, (0.0198 * (155**2 + 100**2) / 2) ** 0.5),
        # 0.65 * 100 + 0.35 * 0.15 * 255; the width of a uniform distribution / sqrt(12)
        ("random", 65 + 0.35 * 0.15 * 255, 0.35 * 0.3 * 255 / 12**0.5),
    ],
)
def test_noise(kind, mean, deviation):
    image = np.full((300, 300), 100, np.float32)
    noisy = add_noise(image, kind, VariantSpec.from_dict({"name": "random"}), np.random.default_rng(3))
    assert noisy.mean() == pytest.approx(mean, abs=0.3)
    assert noisy.std() == pytest.approx(deviation, rel=0.05, abs=1e-6)
    assert (image == 100).all()


@pytest.mark.parametrize("step", [1, 3.7, 90])
def test_smooth_field(step):
    field = smooth_field((120, 170), step, np.random.default_rng(0))
    assert field.shape == (120, 170) and field.dtype == np.float32
    assert np.abs(field).max() < 1.6
    neighbours = np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1]
    assert neighbours > 1 - 2.5 / step**2 if step > 1 else abs(neighbours) < 0.03


@pytest.mark.parametrize("seed", range(5))
def test_straight_walls_run_along_the_whole_frame(seed):
    factor = straight_walls((200, 400), (60, 140), 0.5, 0, np.random.default_rng(seed))
    assert factor.shape == (200, 400) and factor.dtype == np.float32
    rows = np.abs(factor - 1).argmax(axis=0)
    near = np.minimum(abs(rows - 60), abs(rows - 140))
    assert near.max() < 45
    assert np.abs(factor[98:102] - 1).max() < 0.3
    # A straight wall: every column holds the same profile, shifted by a tilt of at most 1.5 %.
    profiles = np.sort(factor, axis=0)
    assert np.abs(profiles[:, :1] - profiles).mean() < 0.02
