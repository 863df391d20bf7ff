"""The variant with a domain: common draws of an image, looks, shapes, camera, and labels of what can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from compose_bank import cutout
from rbcflow.core.classes import CLASSES
from rbcflow.datasets import camera, clutter
from rbcflow.datasets.domain import SHARES, Domain
from rbcflow.datasets.image import compose, steps
from rbcflow.datasets.looks import Look, at_least, draw_look, margin, relative_change
from rbcflow.datasets.setting import Setting, draw_setting
from rbcflow.datasets.shapes import SHAPED, draw_shape
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.touching import ACROSS, ASIDE, FARTHEST, NEAREST, offsets

STOCK = {name: [cutout(33, 25, name), cutout(45, 25, name)] for name in CLASSES}
OFF = dict.fromkeys(SHARES, 0)
"""A domain without any ingredient."""
PLAIN = Setting(size=30, stretch=1, crowded=False, empty=False, upright=False, plain=False, cut=False)


def spec_of(**domain) -> VariantSpec:
    return VariantSpec.from_dict(
        {"name": "universal", "process_size": (112, 112), "channel_height": (40, 90), "domain": domain}
    )


def made(index: int = 0, **domain):
    return compose(spec_of(**domain), "train", index, 1, STOCK)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_labels_are_of_what_the_camera_leaves_to_be_seen():
    """The contrast of every label is measured between picture and plate; what is below the limit is counted alone."""
    spec, hidden = spec_of(plain=0, visible=9), 0
    for index in range(30):
        shown = dict(steps(spec, "train", index, 1, STOCK))
        scene = shown["labels"]
        pair = (scene.image.T, scene.plate) if scene.setting.upright else (scene.image, scene.plate)
        boxes = scene.boxes[:, [1, 0, 3, 2]] if scene.setting.upright else scene.boxes
        assert (camera.contrasts(pair, boxes) >= spec.domain.visible).all()
        assert len(scene.boxes) == len(scene.cells)
        hidden += scene.hidden
    assert hidden > 0


def test_nothing_is_labelled_where_nothing_counts_as_visible():
    seen, none = made(3), made(3, visible=300)
    assert len(none.boxes) == 0 and none.record["hidden"] == len(seen.boxes) + seen.record["hidden"]
    np.testing.assert_array_equal(seen.image, none.image)


def test_an_upright_image_is_the_other_one_turned():
    across, up = made(1, upright=0), made(1, upright=1)
    np.testing.assert_array_equal(up.image, across.image.T)
    np.testing.assert_array_equal(up.boxes, across.boxes[:, [1, 0, 3, 2]])


@pytest.mark.parametrize("share", ["empty", "crowded", "plain", "cut"])
def test_a_share_of_one_is_always_and_of_none_never(share):
    for value in (0, 1):
        records = [made(index, **{share: value}).record for index in range(8)]
        assert {row[share] for row in records} == {bool(value)}
        if share == "empty" and value:
            assert not any(row[f"{name}_placed"] for row in records for name in CLASSES)


def test_cells_of_a_cluster_lie_in_a_row_and_reach_into_each_other():
    sizes, rows = np.array([[20, 10], [20, 10], [20, 10]]), []
    for seed in range(200):
        corners = offsets(sizes, rng(seed))
        assert corners.min() == 0
        # corners are whole pixels: half a pixel of 10 on either side
        moved = np.diff(corners, axis=0) / sizes[0]
        along = ((moved > NEAREST - 0.1) & (moved < FARTHEST + 0.1)).all(axis=0)
        aside = (np.abs(moved) < ASIDE + 0.1).all(axis=0)
        ways = along & aside[::-1]
        assert ways.any()
        rows.append(not ways[0])
    assert np.mean(rows) == pytest.approx(ACROSS, abs=0.12)


def test_a_cluster_is_one_object_of_class_other_around_all_its_cells():
    """With clusters alone every object of class other has the names of its cells, and what changed lies in its box."""
    many = OFF | {"clusters": 1}
    found = 0
    for index in range(12):
        *_, (_, scene) = steps(spec_of(**many, size=(16, 18), floor=30, visible=0), "train", index, 1, STOCK)
        changed = np.abs(scene.image - scene.plate) > 14
        for cell, (x0, y0, x1, y1) in zip(scene.cells, scene.boxes, strict=True):
            members = len(cell.cell_id.split())
            assert (members > 1) == (cell.class_name == "other")
            found += members > 1
            # cells have no box of their own: each edge of the label is reached by one of them
            inside = changed[y0:y1, x0:x1]
            assert all(edge.any() for edge in (inside[:2], inside[-2:], inside[:, :2], inside[:, -2:]))
            changed[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = False
        assert changed.mean() < 0.003
    assert found > 8


def test_a_cell_that_the_border_cuts_is_labelled_by_what_is_seen_of_it():
    def at_borders(**domain):
        boxes = [made(index, **OFF | {"size": (24, 26)} | domain).boxes for index in range(40)]
        boxes = np.concatenate(boxes)
        return boxes[(boxes.min(axis=1) <= 0) | (boxes[:, 2:].max(axis=1) >= 112)]

    whole, cut = at_borders(cut=0), at_borders(cut=1)
    assert len(cut) > 15 + len(whole)
    sides = (cut[:, 2:] - cut[:, :2]).min(axis=1)
    assert sides.min() < 6 and sides.min() >= 3


def test_without_ingredients_cells_are_pasted_as_they_are():
    """No look, no camera: after the cells nothing but the labels follow."""
    names = [name for name, _ in steps(spec_of(**OFF), "train", 0, 1, STOCK)]
    assert names[-2:] == ["cells", "labels"]
    look = draw_look(Domain(**OFF), rng())
    assert look == Look(width=look.width, apart=look.apart, gain=(0.7, 1.3))


def test_steps_come_in_the_order_of_light():
    always = dict.fromkeys(("clutter", "tone", "sharpness", "light", "streaks", "noise"), 1) | {"plain": 0, "empty": 0}
    names = [name for name, _ in steps(spec_of(**always), "train", 0, 1, STOCK)]
    wanted = ["clutter", "cells", "tone", "sharpness", "light", "streaks", "noise", "labels"]
    assert [name for name in names if name in wanted] == wanted


def test_the_cells_of_an_image_are_of_one_size_and_over_images_of_all():
    domain = Domain()
    sizes = np.array([draw_setting(domain, rng(seed)).size for seed in range(400)])
    assert domain.size[0] <= sizes.min() < 11 and 70 < sizes.max() <= domain.size[1]
    # by the logarithm: as many below the geometric mean as above
    assert np.mean(sizes < np.sqrt(9 * 85)) == pytest.approx(0.5, abs=0.08)
    for index in range(6):
        result = made(index, empty=0, crowded=0, stretch=(0, 0), visible=0, **{"shapes": 0})
        whole = [box for box in result.boxes if min(box[:2]) > 0 and max(box[2:]) < 112]
        for x0, y0, x1, y1 in whole:
            # turned boxes are larger than the cell, rounding adds to small ones
            ratio = np.sqrt((x1 - x0) * (y1 - y0)) / max(result.record["cell_px"], 6)
            assert 0.6 < ratio < 1.9


def disc() -> np.ndarray:
    y, x = np.mgrid[-15:16, -15:16]
    return (x * x + y * y < 81).astype(np.uint8)


def test_looks():
    inside = disc()
    change = np.where(inside, np.float32(-0.3), np.float32(0)).astype(np.float32)
    change[15, 15] = 0.2

    def seen(**look):
        return relative_change(change, inside, Look(gain=(1, 1), **look), 18, rng())

    np.testing.assert_allclose(seen(), change, atol=1e-7)
    np.testing.assert_allclose(seen(bright=-2, dark=0.5)[15, [15, 16]], [-0.4, -0.15], atol=1e-6)
    halo, rim = seen(halo=0.2) - change, seen(rim=0.3, body=1) - change
    assert halo[inside == 1].max() == 0 and halo.max() == pytest.approx(0.2, abs=0.02) and halo[0, 0] == 0
    assert rim[inside == 0].max() == 0 and rim.max() == pytest.approx(0.3, abs=0.03) and rim[15, 15] < 0.01
    np.testing.assert_allclose(seen(rim=1e-9, body=0)[15, 16], 0, atol=1e-6)


@pytest.mark.parametrize("apart", [0, 1.125, 2.625])
def test_a_halo_is_strongest_where_it_is_said_to_be_and_gone_at_the_margin(apart):
    """Outside a straight edge; a width is 4 pixels. What lies outside the patch would be cut off at its border."""
    inside = np.zeros((9, 60), np.uint8)
    inside[:, :20] = 1
    look = Look(halo=-0.3, width=0.2, apart=apart)
    halo = relative_change(np.zeros(inside.shape, np.float32), inside, look, 20, rng())[4]
    assert halo.argmin() == int(20 + 4 * apart) and halo.min() == pytest.approx(-0.3, abs=0.01)
    assert not halo[:20].any() and abs(halo[20 + margin(look, 20)]) < 1e-4


def test_halos_lie_at_the_outline_or_apart_from_it():
    apart = np.array([draw_look(Domain(apart=(-1, 2)), rng(seed)).apart for seed in range(400)])
    assert 0.25 < (apart == 0).mean() < 0.42 and 1.8 < apart.max() <= 2
    assert not any(draw_look(Domain(apart=(0, 0)), rng(seed)).apart for seed in range(20))
    with pytest.raises(ValueError, match=r"apart \(2, 1\)"):
        Domain(apart=(2, 1))


def test_contrast_has_a_floor_and_brightness_too():
    inside = disc()
    change = inside * np.float32(-0.05)
    # 0.05 * 100 = 5 grey levels, wanted 10
    np.testing.assert_allclose(at_least(change, inside, 100, 10, 3)[15, 15], -0.1, atol=1e-6)
    np.testing.assert_allclose(at_least(change, inside, 100, 90, 3)[15, 15], -0.15, atol=1e-6)
    np.testing.assert_allclose(at_least(change, inside, 100, 2, 3)[15, 15], -0.05, atol=1e-6)
    assert at_least(change * 100, inside, 100, 2, 3).min() == pytest.approx(-0.96)


@pytest.mark.parametrize("name", sorted(SHAPED))
def test_shapes_are_whole_and_seen(name):
    for seed in range(12):
        cell = draw_shape(name, rng(seed))
        x0, y0, x1, y1 = cell.box
        assert cell.class_name == name and cell.background == 128
        assert min(x0, y0) >= 1 and x1 < cell.mask.shape[1] and y1 < cell.mask.shape[0]
        assert np.abs(cell.crop[cell.mask].astype(float) - 128).max() > 8
        assert max(cell.size) > 40


def test_contrasts_by_hand():
    without = np.full((20, 20), 100, np.float32)
    image = without.copy()
    image[5:10, 5:9] += 6
    image[15:, 15:] = 400
    boxes = np.array([[5, 5, 9, 10], [5, 5, 13, 10], [15, 15, 25, 25], [-4, -4, 0, 0]])
    # half of the second box is unchanged; grey ends at 255; a box outside shows nothing
    expected = [6, 6 / np.sqrt(2), 155, 0]
    np.testing.assert_allclose(camera.contrasts((image, without), boxes), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "grey", "expected"),
    [
        (np.linspace(0, 255, 7), [0, 100, 255], [0, 100, 255]),
        (np.linspace(255, 0, 7), [0, 100, 300], [255, 155, 0]),
        # knots every 42.5: half way between the second and the third
        (np.array([0, 10, 30, 30, 30, 30, 255.0]), [63.75], [20]),
    ],
)
def test_grey_curves(values, grey, expected):
    np.testing.assert_allclose(camera._through(np.array([grey], np.float32), values)[0], expected, atol=1e-4)


def test_curves_rise_unless_bent_and_fall_when_inverted():
    level = {"bent": 0, "steep": 0}
    for seed in range(20):
        assert (np.diff(camera._curve(Domain(**level, inverted=0), rng(seed))) > 0).all()
        assert (np.diff(camera._curve(Domain(**level, inverted=1), rng(seed))) < 0).all()
    bent = [np.diff(camera._curve(Domain(bent=1, inverted=0), rng(seed))) for seed in range(20)]
    assert sum(step.min() < 0 < step.max() for step in bent) > 15


def test_kernels_keep_brightness():
    assert camera._disc(2.2).sum() == pytest.approx(1) and camera._disc(2.2)[2, 2] > camera._disc(2.2)[0, 3] >= 0
    np.testing.assert_allclose(camera.movement(4), [[1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8]])
    np.testing.assert_allclose(camera.movement(3), np.full((1, 3), 1 / 3))


@pytest.mark.parametrize("step", ["tone", "sharpness"])
def test_transforms_treat_picture_and_plate_alike(step):
    image = rng(1).uniform(60, 180, (40, 40)).astype(np.float32)
    for seed in range(12):
        first, second = getattr(camera, step)((image, image), Domain(), PLAIN, rng(seed))
        np.testing.assert_array_equal(first, second)
        assert first.dtype == np.float32 and first.shape == (40, 40)


def test_a_faint_image_is_raised_to_the_floor():
    without = np.full((30, 30), 100, np.float32)
    image = without.copy()
    image[10:20, 10:20] += 3
    box = np.array([[10, 10, 20, 20]])
    raised = camera._raised((image, without), box, floor=12)
    np.testing.assert_allclose(camera.contrasts(raised, box), [12], rtol=1e-5)
    assert camera._raised((image, without), box, floor=2)[0] is image
    # at most eight times
    np.testing.assert_allclose(camera.contrasts(camera._raised((image, without), box, 100), box), [24], rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "limit"), [("light", 50 / 2 * 1.5 + 18 * 1.8), ("streaks", 25 * 4), ("noise", 30 * 6)]
)
def test_what_is_added_stays_within_its_strength(layer, limit):
    for seed in range(20):
        added = camera.LAYERS[layer]((50, 60), 40, Domain(), rng(seed))
        assert added.shape == (50, 60) and added.dtype == np.float32
        assert 0 < np.abs(added).max() < limit


def test_noise_goes_by_the_cells_contrast():
    deviations = [camera.noise((80, 80), 20, Domain(grain=0.5), rng(seed)).std() for seed in range(40)]
    assert 0.9 < min(deviations) < 3 and 8 < max(deviations) < 10.8


def test_clutter_stays_smaller_or_softer_than_cells():
    for seed in range(10):
        image = np.zeros((60, 60), np.float32)
        clutter.specks(image, 30, rng(seed))
        assert 0 < (np.abs(image) > 3).mean() < 0.15
        soft = np.zeros((60, 60), np.float32)
        clutter.blobs(soft, 20, rng(seed))
        # no edge: neighbours differ little
        assert 0.5 < np.abs(soft).max() < 60 and np.abs(np.diff(soft, axis=1)).max() < 3
