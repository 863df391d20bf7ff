"""Shares of the classes, the empty channel, and recordings of the phantom."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rbcflow.core.boxes import mask_box
from rbcflow.laboratories.nouaman2024.phantom import KINDS
from rbcflow.phantom.flow import class_shares
from rbcflow.phantom.optics import Optics
from rbcflow.phantom.population import Cell
from rbcflow.phantom.scene import Scene, View, draw_kind, views, visible
from rbcflow.phantom.shapes import sphere
from rbcflow.phantom.walls import channel, random_walls

SCENE = Scene(
    width=240, height=90, axis=45.0, half_width=38.0, direction=1, step=30.0, spacing=25.0, gap=3.0,
    optics=Optics(pixel_um=0.2, absorption=0.05, defocus_um=-3.0), focus_spread_um=0.5,
    shares={"croissant": 0.3, "slipper": 0.3, "other": 0.4}, kinds=KINDS,
)  # fmt: skip


def recording(seed: int, **changes: object) -> list[View]:
    return list(views(replace(SCENE, **changes), 12, np.random.default_rng(seed)))


def in_frame(view: View) -> np.ndarray:
    """Return how many cells cover each pixel of a view."""
    cover = np.zeros(view.ratio.shape, dtype=int)
    for item in view.instances:
        x0, y0, x1, y1 = item.box
        cover[y0:y1, x0:x1] += item.mask
    return cover


@pytest.mark.parametrize(
    ("pressure", "croissant", "slipper", "other"),
    [
        (300, 102 / 475, 120 / 475, 253 / 475),
        (150, (165 / 205 + 252 / 484) / 2, (2 / 205 + 22 / 484) / 2, (38 / 205 + 210 / 484) / 2),
        (1, 9 / 107, 0, 98 / 107),
        (5000, 0, 269 / 308, 39 / 308),
    ],
)
def test_class_shares_follow_the_table(pressure: float, croissant: float, slipper: float, other: float) -> None:
    assert class_shares(pressure) == pytest.approx({"croissant": croissant, "slipper": slipper, "other": other})


def test_sampled_classes_follow_the_shares() -> None:
    rng = np.random.default_rng(0)
    shares = class_shares(300)
    kind_class = {kind: class_ for class_, kinds in KINDS.items() for kind in kinds}
    counts = Counter(kind_class[draw_kind(shares, KINDS, rng)] for _ in range(3000))
    for class_, share in shares.items():
        assert counts[class_] / 3000 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 3000))


def test_walls_are_where_they_were_put_and_nowhere_without() -> None:
    with_walls = np.mean(
        [channel(80, 200, np.random.default_rng(s), walls=(15, 62), dirt=0) for s in range(12)], axis=0
    )
    without = np.mean([channel(80, 200, np.random.default_rng(s), walls=None, dirt=0) for s in range(12)], axis=0)
    profile = with_walls.mean(axis=1)
    assert set(np.argsort(profile)[:2]) <= {14, 15, 61, 62}
    assert profile[30:48].mean() - profile[[14, 15, 61, 62]].mean() > 0.1
    assert np.ptp(without.mean(axis=1)) < 0.05


@pytest.mark.parametrize(("height", "width"), [(40, 64), (128, 672), (7, 9)])
@pytest.mark.parametrize("walled", [True, False])
def test_channel_is_a_positive_transmittance_of_any_size(height: int, width: int, walled: bool) -> None:
    rng = np.random.default_rng(5)
    walls = random_walls(height, rng) if walled else None
    light = channel(height, width, rng, walls=walls, dirt=3.0)
    assert light.shape == (height, width)
    assert light.dtype == np.float32
    assert light.min() > 0
    assert 0.7 < light.mean() < 1.3


def test_random_walls_lie_in_the_image_in_order() -> None:
    for seed in range(50):
        top, bottom = random_walls(100, np.random.default_rng(seed))
        assert 0 <= top < bottom <= 100


@pytest.mark.parametrize("direction", [1, -1])
def test_cells_stay_apart_in_both_directions(direction: int) -> None:
    seen = recording(1, direction=direction)
    assert sum(len(view.instances) for view in seen) > 15
    assert max(in_frame(view).max() for view in seen) == 1


def test_cells_overlap_when_asked() -> None:
    assert max(in_frame(view).max() for view in recording(1, gap=-25.0, spacing=1.0)) > 1


@pytest.mark.parametrize("direction", [1, -1])
def test_every_cell_moves_with_the_flow(direction: int) -> None:
    places: dict[int, list[float]] = {}
    for view in recording(2, direction=direction):
        for item in view.instances:
            if not item.touches_edge:
                places.setdefault(item.number, []).append((item.box[0] + item.box[2]) / 2)
    steps = np.concatenate([np.diff(way) for way in places.values()])
    assert steps.size > 5
    assert (direction * steps > 5).all()


def test_masks_fill_their_boxes_and_edges_are_flagged() -> None:
    items = [item for view in recording(3) for item in view.instances]
    for item in items:
        x0, y0, x1, y1 = item.box
        assert mask_box(item.mask) == (0, 0, x1 - x0, y1 - y0)
        assert item.touches_edge == (x0 == 0 or y0 == 0 or x1 == 240 or y1 == 90)
        assert item.class_ == {kind: class_ for class_, kinds in KINDS.items() for kind in kinds}[item.kind]
    assert {item.touches_edge for item in items} == {True, False}


def test_slivers_at_the_edge_do_not_count() -> None:
    cell = Cell("other", "sphere", sphere(1.0))
    mask = np.zeros((20, 20), dtype=bool)
    mask[5:15, :3] = True
    assert visible(mask, 0, cell) is None
    mask[5:15, :4] = True
    assert visible(mask, 0, cell).box == (0, 5, 4, 15)


def test_croissants_swim_on_the_axis_and_slippers_beside_it() -> None:
    offsets: dict[str, list[float]] = {"croissant": [], "slipper": []}
    for seed in range(6):
        for view in recording(seed, shares={"croissant": 0.5, "slipper": 0.5}):
            for item in view.instances:
                offsets[item.class_].append(abs((item.box[1] + item.box[3]) / 2 - SCENE.axis))
    assert np.mean(offsets["croissant"]) < 0.5 * np.mean(offsets["slipper"])
