"""The phantom's image formation against Beer-Lambert, the transport-of-intensity equation and the sensor's noise."""

from __future__ import annotations

import numpy as np
import pytest

from rbcflow.phantom.optics import Optics, expose, intensity, render, thickness_map, without_crumbs
from rbcflow.phantom.population import Cell
from rbcflow.phantom.shapes import sphere

BALL = Cell("other", "sphere", sphere(3.0))
WIDE = {"aperture": 5.0, "condenser": 0.0, "blur_px": 0.0}


def ring(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the pixels of an image whose distance from its centre lies between two radii."""
    y, x = np.indices(image.shape) - (np.array(image.shape)[:, None, None] - 1) / 2
    radius = np.hypot(x, y)
    return image[(radius >= low) & (radius < high)]


def test_a_slab_follows_beer_lambert() -> None:
    slab = np.full((32, 32), 2.0)
    seen = intensity(slab, Optics(pixel_um=0.2, absorption=0.1, defocus_um=3.0))
    np.testing.assert_allclose(seen, np.exp(-0.2), rtol=1e-4)


@pytest.mark.parametrize("defocus", [-0.4, 0.4])
def test_small_defocus_follows_the_transport_of_intensity(defocus: float) -> None:
    y, x = (np.indices((96, 96)) - 47.5) * 0.2
    width, height, step = 1.5, 0.4, 0.05
    thickness = height * np.exp(-(x**2 + y**2) / (2 * width**2))
    laplacian = thickness * ((x**2 + y**2) / width**4 - 2 / width**2)
    seen = intensity(thickness, Optics(0.2, absorption=0.0, index_step=step, defocus_um=defocus, **WIDE))
    np.testing.assert_allclose(seen - 1, -defocus * step * laplacian, atol=0.04 * abs(defocus * step * laplacian).max())


def test_a_clear_cell_only_moves_light_about() -> None:
    thickness, _ = thickness_map(BALL, 0.2, (48.0, 48.0), (96, 96))
    seen = intensity(thickness, Optics(0.2, absorption=0.0, defocus_um=-4.0, **WIDE))
    assert seen.mean() == pytest.approx(1, abs=2e-3)
    assert seen.std() > 0.01


@pytest.mark.parametrize(("defocus", "sign"), [(-4.0, 1), (4.0, -1)])
def test_the_sign_of_defocus_is_the_sign_of_the_halo(defocus: float, sign: int) -> None:
    patch = render(BALL, Optics(0.2, absorption=0.0, defocus_um=defocus), (0.0, 0.0))
    size = min(patch.ratio.shape) // 2
    middle = -patch.x0
    halo = ring(patch.ratio[middle - size + 4 : middle + size - 4, middle - size + 4 : middle + size - 4], 15.5, 18)
    assert sign * (halo.mean() - 1) > 0.03


def test_a_patch_ends_in_the_empty_channel_and_its_mask_is_the_disc() -> None:
    patch = render(BALL, Optics(0.2, absorption=0.05, defocus_um=-3.0), (50.25, -7.5))
    border = np.concatenate([patch.ratio[0], patch.ratio[-1], patch.ratio[:, 0], patch.ratio[:, -1]])
    np.testing.assert_array_equal(border, 1)
    rows, columns = np.nonzero(patch.mask)
    assert patch.mask.sum() == pytest.approx(np.pi * 15**2, rel=0.01)
    assert columns.mean() + 0.5 + patch.x0 == pytest.approx(50.25, abs=0.1)
    assert rows.mean() + 0.5 + patch.y0 == pytest.approx(-7.5, abs=0.1)


def test_thickness_on_the_grid_keeps_the_volume() -> None:
    thickness, _ = thickness_map(BALL, 0.2, (24.3, 25.9), (50, 50))
    assert thickness.sum() * 0.04 == pytest.approx(4 / 3 * np.pi * 27, rel=2e-3)


def test_crumbs_of_a_mask_are_dropped_and_cells_that_lie_apart_stay() -> None:
    mask = np.array([[1, 0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1]], dtype=bool)
    np.testing.assert_array_equal(without_crumbs(mask), mask & (np.arange(7) > 1))
    apart = np.array([[1, 1, 0, 1, 1], [1, 0, 0, 1, 1]], dtype=bool)
    np.testing.assert_array_equal(without_crumbs(apart), apart)


def test_sensor_noise_has_the_stated_spread_and_clips() -> None:
    rng = np.random.default_rng(3)
    grey = expose(np.full((200, 200), 100.0), shot=0.3, read=4.0, rng=rng).astype(float)
    assert grey.mean() == pytest.approx(100, abs=0.15)
    assert grey.std() == pytest.approx(5.0, rel=0.03)
    assert set(np.unique(expose(np.array([[-50.0, 400.0]]), 0.0, 0.0, rng))) == {0, 255}
