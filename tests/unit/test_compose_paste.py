"""From crop to pixels: size, box, contrast, and nothing outside the cell."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose_bank import DARK, GREY, cutout
from rbcflow.core.boxes import mask_box
from rbcflow.datasets.objects import draw_ring
from rbcflow.datasets.paste import Patch, make_patch, paste
from rbcflow.datasets.spec import VariantSpec

STILL = {"name": "x", "rotation": (0, 0), "recolour": 0, "contrast": 0}
TRANSMIT = STILL | {"paste": "transmit"}


def spec(**values) -> VariantSpec:
    return VariantSpec.from_dict(values)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("scale", "rotation", "expected"),
    [
        ({"unit": "crop", "range": (1, 1)}, 0, (41, 21)),
        ({"unit": "crop", "range": (2, 2)}, 0, (82, 42)),
        ({"unit": "crop", "range": (0.5, 0.5)}, 0, (20.5, 10.5)),
        ({"unit": "crop", "range": (1, 1)}, 90, (21, 41)),
        # sqrt(41 * 21) = 29.34: a size of 58.7 px doubles the cell, whichever way it is long
        ({"unit": "pixels", "range": (58.69, 58.69)}, 0, (82, 42)),
        ({"unit": "crop", "range": (1, 1), "minimum": 58.69}, 0, (82, 42)),
        # half of a channel of 58.7 px keeps the size
        ({"unit": "channel", "range": (0.5, 0.5)}, 0, (41, 21)),
    ],
)
def test_size_of_the_box(scale, rotation, expected):
    patch = make_patch(cutout(), spec(**TRANSMIT | {"scale": scale, "rotation": (rotation, rotation)}), 58.69, rng())
    assert patch.size == pytest.approx(expected, abs=1.01)


def test_simulated_others_have_their_own_range():
    values = TRANSMIT | {"scale": {"unit": "crop", "range": (1, 1), "simulated_other": (3, 3)}}
    ring = draw_ring(rng(5))
    x0, _, x1, _ = mask_box(ring.mask)
    assert make_patch(ring, spec(**values), 0, rng()).size[0] == pytest.approx(3 * (x1 - x0), abs=3)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), degrees=st.floats(-180, 180), size=st.floats(20, 90))
def test_the_box_is_the_cells(seed, degrees, size):
    values = TRANSMIT | {"rotation": (degrees, degrees), "scale": {"range": (size, size)}, "flips": True}
    patch = make_patch(cutout(), spec(**values), 0, rng(seed))
    assert mask_box(patch.weight > 0.22) == patch.box
    # A turned ellipse keeps its area, within what a pixel of outline can hold.
    assert patch.weight.sum() == pytest.approx(np.pi / 4 * size**2, rel=0.12)


def test_transmit_multiplies_the_background():
    image = np.full((60, 80), 200, np.float32)
    values = TRANSMIT | {"scale": {"unit": "crop", "range": (1, 1)}}
    paste(image, make_patch(cutout(), spec(**values), 0, rng()), (20, 20), spec(**values), rng())
    assert image[30, 40] == pytest.approx(200 * DARK / GREY, abs=0.5)
    assert image[2, 2] == 200
    assert mask_box(image < 160) == pytest.approx((20, 20, 61, 41), abs=1)


def test_a_flat_crop_changes_nothing():
    image = np.full((60, 80), 200, np.float32)
    cell = cutout()
    cell.crop[:] = GREY
    values = TRANSMIT | {"rotation": (30, 30)}
    paste(image, make_patch(cell, spec(**values), 0, rng()), (-10, 20), spec(**values), rng())
    np.testing.assert_allclose(image, 200, rtol=1e-5)


def test_gamma_is_raised_for_faint_cells():
    image = np.full((60, 80), 100, np.float32)
    cell = cutout()
    cell.crop[cell.mask] = 147  # 2 % darker: 2 grey levels on 100
    values = TRANSMIT | {"scale": {"unit": "crop", "range": (1, 1)}, "contrast": 5, "gamma": (0.4, 1.3)}
    paste(image, make_patch(cell, spec(**values), 0, rng()), (20, 20), spec(**values), rng())
    assert 100 - image[30, 40] == pytest.approx(5, abs=0.5)


@settings(max_examples=60, deadline=None)
@given(grey=st.integers(0, 255), background=st.integers(60, 190), seed=st.integers(0, 10**6))
def test_recoloured_cells_stand_out(grey, background, seed):
    cell = cutout(61, 61)
    cell.crop[:] = grey
    values = {"name": "x", "rotation": (0, 0), "scale": {"range": (80, 80)}}
    patch = make_patch(cell, spec(**values), 0, rng(seed))
    image = np.full((120, 120), background, np.float32)
    paste(image, patch, (20, 20), spec(**values), rng(seed))
    centre = image[60, 60]
    assert abs(centre - background) >= 29
    assert abs(centre - grey) <= 41


@pytest.mark.parametrize("size", [(61, 61), (61, 15), (81, 7)])
def test_blending_stays_inside_the_mask_and_thin_cells_survive(size):
    values = {"name": "x", "rotation": (0, 0), "scale": {"unit": "crop", "range": (1, 1)}}
    patch = make_patch(cutout(*size), spec(**values), 0, rng())
    assert patch.weight.max() > 0.7
    assert patch.size == pytest.approx(size, abs=max(6, 0.4 * size[0]))
    assert (patch.weight > 0).sum() <= cutout(*size).mask.sum() * 1.1


def test_what_reaches_over_a_border_is_cut_off():
    patch = Patch(np.full((9, 9), 50, np.float32), np.ones((9, 9), np.float32), (0, 0, 9, 9))
    image = np.full((20, 20), 100, np.float32)
    paste(image, patch, (-4, 15), spec(**STILL), rng())
    assert mask_box(image < 75) == (0, 15, 5, 20)


def test_rings_are_whole_and_differ():
    rings = [draw_ring(rng(seed)) for seed in range(30)]
    for ring in rings:
        count, _ = cv2.connectedComponents(ring.mask.astype(np.uint8))
        assert count == 2
        assert np.abs(ring.crop[ring.mask].astype(float) - ring.background).max() > 30
        assert (np.abs(ring.crop[[0, -1]].astype(float) - ring.background) < 40).mean() > 0.7
    assert len({ring.crop.tobytes() for ring in rings}) == 30
