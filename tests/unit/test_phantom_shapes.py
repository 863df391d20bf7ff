"""Geometry of the phantom's cells against formulas and literature values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbcflow.core.classes import CLASSES
from rbcflow.phantom.optics import thickness_map
from rbcflow.phantom.population import KINDS, sample_cell
from rbcflow.phantom.shapes import Hollow, Side, Swimmer, mirrored, rotated_half_size, sphere, volume
from rbcflow.phantom.tumblers import Disc, Group

PARACHUTE = Swimmer(6.0, Side(3.0, tail=0.2), Side(3.0, tail=0.2), hollow=Hollow(reach=0.5, width=2.0, depth=2.0))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0, 0, 6.0), (1.0, 2.0, 4.0), (-2.0, 2.0, 2.0), (0, 3.0, 0.0), (2.9, 2.9, 0.0)],
)
def test_sphere_thickness_is_the_chord(x: float, y: float, expected: float) -> None:
    assert sphere(3.0).thickness(np.array([float(x)]), np.array([float(y)]))[0] == pytest.approx(expected, abs=1e-9)


def test_sphere_volume() -> None:
    assert volume(sphere(2.0), 200) == pytest.approx(4 / 3 * np.pi * 8, rel=1e-3)


def test_resting_disc_has_the_volume_and_dimple_of_evans_and_fung() -> None:
    disc = Disc(3.91)
    assert volume(disc, 128) == pytest.approx(94, abs=1.5)
    assert disc.thickness(np.zeros(1), np.zeros(1))[0] == pytest.approx(0.81, abs=0.01)


def test_disc_seen_edge_on_is_as_deep_as_wide_and_keeps_its_volume() -> None:
    edge_on = Disc(3.91, tilt=np.pi / 2)
    assert edge_on.thickness(np.zeros(1), np.zeros(1))[0] == pytest.approx(2 * 3.91, rel=0.05)
    assert volume(edge_on, 128) == pytest.approx(94, rel=0.06)
    assert edge_on.half_size[0] < 0.5 * edge_on.half_size[1]


def test_open_parachute_is_hollow_at_the_rear_and_solid_at_the_nose() -> None:
    rear, nose, rim = PARACHUTE.thickness(np.array([-2.8, 1.5, -2.0]), np.array([0.0, 0.0, 2.4]))
    assert rear == 0
    assert nose > 2
    assert rim > 1


def test_mirrored_cell_is_the_mirror_image() -> None:
    slipper = Swimmer(6.0, Side(1.0, tail=1.2), Side(2.0), bend=1.0, hollow=Hollow(0.4, 0.5, offset=-0.3))
    x, y = np.meshgrid(np.linspace(-3, 3, 13), np.linspace(-3, 3, 13))
    np.testing.assert_allclose(mirrored(slipper).thickness(x, y), slipper.thickness(x, -y))


def test_group_adds_thicknesses() -> None:
    pair = Group(((sphere(1.0), -0.5, 0.0, 0.0), (sphere(1.0), 0.5, 0.0, 0.3)))
    assert pair.thickness(np.zeros(1), np.zeros(1))[0] == pytest.approx(2 * 2 * np.sqrt(0.75))


def test_rotated_half_size_swaps_at_a_right_angle() -> None:
    assert rotated_half_size((3.0, 1.0), np.pi / 2) == pytest.approx((1.0, 3.0))


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 2**32 - 1))
def test_every_cell_is_a_body_inside_its_box(kind: str, seed: int) -> None:
    cell = sample_cell(kind, np.random.default_rng(seed))
    half_x, half_y = cell.half_size
    x, y = np.meshgrid(np.linspace(-1.6, 1.6, 81) * half_x, np.linspace(-1.6, 1.6, 81) * half_y)
    thickness = cell.thickness(x, y)
    assert np.isfinite(thickness).all()
    assert (thickness >= 0).all()
    assert thickness.max() > 0
    outside = (np.abs(x) > half_x * 1.001) | (np.abs(y) > half_y * 1.001)
    assert not thickness[outside].any()


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 2**32 - 1), factor=st.floats(0.3, 4.0))
def test_volume_is_as_wanted_and_grows_with_the_cube(kind: str, seed: int, factor: float) -> None:
    shape = sample_cell(kind, np.random.default_rng(seed)).shape
    mean, spread = KINDS[kind].volume
    assert 0.29 * mean < volume(shape) < mean + 6 * spread
    assert volume(shape.scaled(factor)) == pytest.approx(volume(shape) * factor**3, rel=1e-3)


def test_every_class_has_a_kind() -> None:
    assert {recipe.class_ for recipe in KINDS.values()} == set(CLASSES)


def asymmetry(kind: str, seed: int) -> float:
    """Return the share of a cell's silhouette that its mirror image at the flow axis does not cover."""
    cell = replace(sample_cell(kind, np.random.default_rng(seed)), angle=0.0)
    mask = thickness_map(cell, 0.2, (60.0, 40.0), (80, 120))[1]
    return 1 - (mask & mask[::-1]).sum() / (mask | mask[::-1]).sum()


@pytest.mark.parametrize(("symmetric", "skewed"), [("croissant", "slipper"), ("bullet", "tear")])
def test_slippers_are_asymmetric_where_croissants_are_not(symmetric: str, skewed: str) -> None:
    straight = np.array([asymmetry(symmetric, seed) for seed in range(30)])
    bent = np.array([asymmetry(skewed, seed) for seed in range(30)])
    assert np.percentile(straight, 90) < np.percentile(bent, 10)


def test_steady_cells_keep_their_shape_and_discs_tumble() -> None:
    rng = np.random.default_rng(0)
    croissant, disc = sample_cell("croissant", rng), sample_cell("disc", rng)
    assert croissant.after(7) == croissant
    assert disc.after(7).shape.tilt == pytest.approx(disc.shape.tilt + 7 * disc.roll)
