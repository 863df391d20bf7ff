"""Extraction by networks and the comparison of outlines with truth, on masks drawn by hand."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from raw_inputs import write_coco
from rbcflow.cells import clusters
from rbcflow.cells.cut import Job
from rbcflow.cells.methods import cellpose, contrast, polygons, unet, yolo
from rbcflow.cells.outline import Found, Outlined, batches, frames_of, to_cells
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.core.masks import rasterise
from rbcflow.laboratories.kihm2018 import phantom as kihm2018
from rbcflow.laboratories.liang2024 import phantom as liang2024
from rbcflow.metrics import outlines
from rbcflow.metrics.outlines import Truth, boundary_f1, compare, summarised
from rbcflow.phantom.truth import read_masks, read_objects
from rbcflow.sources.laboratories import known
from rbcflow.sources.record import SourceRecord

KIHM, LIANG = (known()[layout].extraction for layout in ("kihm2018", "liang2024"))


def block(x0, y0, x1, y1, size=(60, 80)):
    """Return a mask with one rectangle."""
    mask = np.zeros(size, dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def frame(label="", size=(60, 80), index=0):
    """Return a flat frame."""
    return Frame(np.full(size, 120, np.uint8), "liang2024", "", "Slipper", index, label=label, group="g")


class Painted:
    """A foreground network that has been told the answer."""

    threshold = 0.5

    def __init__(self, mask):
        self.mask = mask

    def probability(self, images):
        large = cv2.resize(self.mask.astype(np.float32), images[0].shape[::-1], interpolation=cv2.INTER_NEAREST)
        return [large for _ in images]


class Labelled:
    """A Cellpose that has been told the answer; labels are scaled to the image it is given."""

    def __init__(self, labels):
        self.given = labels

    def labels(self, image):
        return cv2.resize(self.given.astype(np.uint8), image.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(int)


# compare


@pytest.mark.parametrize(
    ("found", "iou", "false_positives"),
    [
        ([block(10, 10, 20, 20)], 1.0, 0),
        ([block(10, 10, 20, 15)], 0.5, 0),
        ([block(15, 10, 25, 20)], 50 / 150, 0),  # half of it lies on the true cell
        ([block(16, 10, 26, 20)], 40 / 160, 1),
        ([block(40, 40, 50, 50)], 0.0, 1),
        ([], 0.0, 0),
        ([block(10, 10, 20, 15), block(10, 10, 20, 20)], 1.0, 0),  # the better one is the partner
    ],
)
def test_one_true_cell(found, iou, false_positives):
    truth = [Truth(0, "slipper", "tear", block(10, 10, 20, 20), True)]
    rows, extra = compare(Outlined(frame(), [Found.of_mask(mask) for mask in found]), truth)
    assert extra == false_positives
    assert rows[0][:6] == ("Slipper", 0, 0, "slipper", "tear", pytest.approx(iou))


def test_cells_cut_by_the_edge_are_neither_asked_for_nor_held_against_a_path():
    truth = [Truth(0, "slipper", "tear", block(0, 10, 10, 20), False)]
    assert compare(Outlined(frame(), [Found.of_mask(block(1, 10, 9, 20))]), truth) == ([], 0)
    assert compare(Outlined(frame(), [Found.of_mask(block(0, 40, 9, 50))]), truth) == ([], 0)


def test_boundary_f1_by_hand():
    square = block(10, 10, 30, 30)
    assert boundary_f1(square, square) == 1
    assert boundary_f1(block(11, 11, 29, 29), square) == 1  # everywhere one pixel inside
    assert boundary_f1(block(40, 40, 50, 50), square) == 0
    assert boundary_f1(np.zeros_like(square), square) == 0
    # the right half of the boundary is 5 pixels too far out: 20 + 2 * 14 of 98 found ones still fit, 58 of 76 true ones
    wider = block(10, 10, 35, 30)
    assert boundary_f1(wider, square) == pytest.approx(2 * (60 / 86) * (58 / 76) / (60 / 86 + 58 / 76), abs=0.02)


def test_missed_cells_count_as_zero():
    table = pd.DataFrame({"iou": [0.0, 0.9, 1.0], "boundary_f1": [0.0, 0.8, 1.0]})
    assert summarised(table) == {
        "n_cells": 3, "found": 2, "missed": 1, "iou_p10": 0.18, "iou_median": 0.9, "iou_p90": 0.98,
        "boundary_f1_median": 0.8,
    }  # fmt: skip
    empty = summarised(table.iloc[:0])
    assert (empty["n_cells"], empty["iou_median"]) == (0, None)


def test_a_sample_repeats_and_a_source_without_truth_is_named(tmp_path):
    liang2024.write(tmp_path / "raw", seed=1, liang_scale=0.005)
    job = Job("liang2024", "liang2024", tmp_path / "raw")
    # the folder has truth/objects.csv, but its record does not say so
    own = SourceRecord("mylab", "liang2024", "raw", False, "available", None, "raw", 0, "")
    with pytest.raises(InputError, match="no truth"):
        outlines.score("unet", job, own, frames=3)
    keys = outlines.sample("unet", job.layout, job.folder, 3)
    assert len(keys) == 3
    assert keys == outlines.sample("unet", job.layout, job.folder, 3)
    absent = SourceRecord("flow_public", "flow_public", "public", False, "unavailable", "no network", "raw", 0, "")
    outlines.write([outlines.unavailable("unet", absent)], tmp_path / "out")
    assert pd.read_csv(tmp_path / "out" / "objects.csv").empty
    [summary] = json.loads((tmp_path / "out" / "summary.json").read_text())["sources"]
    assert (summary["status"], summary["reason"], summary["n_cells"]) == ("unavailable", "no network", 0)


# paths


def test_unet_components_and_limits():
    mask = block(10, 20, 40, 40) | block(50, 10, 54, 40) | block(0, 50, 10, 58)
    (item,) = unet.outline([frame(size=(60, 80))], LIANG, Painted(mask))
    assert [(f.box, f.reason) for f in item.found] == [
        ((0, 50, 10, 58), "touches_edge"), ((10, 20, 40, 40), ""), ((50, 10, 54, 40), "too_small"),
    ]  # fmt: skip
    (wide,) = unet.outline([frame()], LIANG, Painted(block(5, 20, 70, 40)))
    assert [f.reason for f in wide.found] == ["too_wide"]


def test_square_window_is_clipped():
    assert unet.square_window((30, 20, 50, 30), 100, 50, 20) == (slice(0, 50), slice(10, 70))


@pytest.mark.parametrize(
    ("label", "labels", "box", "reason"),
    [
        ("croissant", block(30, 20, 50, 40) * 1 + block(2, 2, 9, 9) * 2, (30, 20, 50, 40), ""),
        ("croissant", block(2, 2, 9, 9) * 1, (0, 0, 0, 0), "empty"),  # background at the centre
        ("croissant", block(20, 28, 60, 36) * 1, (20, 28, 60, 36), "elongated"),  # 40 / 8 - 1 = 4 > 0.5
        ("slipper", block(25, 20, 55, 40) * 1 + block(60, 20, 70, 40) * 2, (25, 20, 70, 40), ""),  # every label
        ("slipper", block(10, 28, 70, 36) * 1, (10, 28, 70, 36), "elongated"),  # 60 / 8 - 1 = 6.5 > 2.5
        ("other", block(20, 28, 60, 36) * 1, (20, 28, 60, 36), ""),
    ],
)
def test_cellpose_rules_for_sorted_crops(label, labels, box, reason):
    (item,) = cellpose.outline([frame(label)], KIHM, Labelled(labels))
    assert [(f.box, f.reason) for f in item.found] == [(box, reason)]
    (cell,) = to_cells([item], "cellpose")
    assert (cell.class_, cell.group, cell.reason) == (label, "g", reason)


def test_cellpose_takes_every_label_of_a_recordings_frame():
    labels = block(5, 5, 20, 20) * 1 + block(30, 30, 60, 50) * 2
    (item,) = cellpose.outline([frame()], known()["nouaman2024"].extraction, Labelled(labels))
    assert [f.box for f in item.found] == [(5, 5, 20, 20), (30, 30, 60, 50)]


def test_a_cluster_that_is_dropped_names_its_objects():
    verdicts = clusters.Clusters({("Slipper", 0, 0): False})
    mask = block(20, 20, 50, 40)
    inside = np.ones((20, 20), dtype=int)
    (dropped,) = cellpose.outline_after_unet([frame("slipper")], LIANG, Painted(mask), Labelled(inside), verdicts)
    assert [f.reason for f in dropped.found] == ["cluster"]
    (nothing,) = cellpose.outline_after_unet([frame()], LIANG, Painted(mask & False), Labelled(inside), None)
    assert [f.reason for f in nothing.found] == ["empty"]


def test_boxes_of_one_object_are_one_box():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [60, 0, 70, 10]], dtype=float)
    kept = yolo.single_boxes(boxes, np.array([0.5, 0.9, 0.3, 0.2]))
    assert kept.tolist() == [[1, 0, 11, 10], [30, 0, 40, 10]]  # the last is not confident enough


def test_a_box_is_cropped_as_a_box():
    class Two:
        def detect(self, images):
            # at twice the size: corners, not centre and size
            rows = [("slipper", 0.9, 20.0, 40.0, 84.0, 82.0), ("other", 0.8, 120.0, 20.0, 140.0, 40.0)]
            return [pd.DataFrame(rows, columns=["class", "conf", "x0", "y0", "x1", "y1"]) for _ in images]

    mask = block(11, 21, 41, 40) | block(45, 40, 60, 55)
    (item,) = yolo.outline([frame()], LIANG, Two(), Painted(mask))
    assert [(f.box, f.reason) for f in item.found] == [((11, 21, 41, 40), ""), ((60, 10, 70, 20), "no_mask")]


def test_coarse_polygons_are_smoothed_towards_the_true_outline(tmp_path):
    angles = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    points = np.column_stack([20 + 14 * np.cos(angles), 15 + 11 * np.sin(angles)])
    exact = np.pi * 14 * 11
    coarse, fine = (np.count_nonzero(rasterise(p, 40, 30)) for p in (points, polygons.smoothed(points)))
    assert coarse < 0.93 * exact
    assert fine == pytest.approx(exact, rel=0.02)
    dense = np.column_stack([20 + 14 * np.cos(t := np.linspace(0, 6.28, 90)), 15 + 11 * np.sin(t)])
    assert np.array_equal(polygons.smoothed(dense), dense)
    flat = {"id": 1, "image_id": 0, "category_id": 1, "segmentation": [[5, 5, 15, 5, 10, 5]]}
    write_coco(tmp_path, [flat])
    (cell,) = to_cells(polygons.outline(tmp_path, "nouaman2024", "nouaman2024"), "polygon")
    assert cell.reason == "zero_area"


def test_batches_are_of_one_size_and_short():
    frames = [frame(size=(60, 80) if index % 3 else (50, 80), index=index) for index in range(40)]
    sizes = [{f.size for f in batch} for batch in batches(iter(frames))]
    assert all(len(size) == 1 for size in sizes)
    assert sorted(f.index for batch in batches(frames) for f in batch) == list(range(40))


# clusters


def test_clusters_by_hand(tmp_path):
    round_, broken = block(30, 20, 50, 40), block(30, 20, 36, 40) | block(44, 20, 50, 40)
    items = [Outlined(frame(index=index), [Found.of_mask(round_)]) for index in range(15)]
    items += [Outlined(frame(index=index), [Found.of_mask(broken)]) for index in range(15, 30)]
    table = clusters.write_clusters(tmp_path / "c.csv", items)
    first, second = table["cluster"].iloc[0], table["cluster"].iloc[-1]
    assert first != second
    assert table["kept"].tolist() == [True] * 15 + [False] * 15
    read = clusters.read_clusters(tmp_path / "c.csv")
    assert read.keeps("Slipper", 0, 0)
    assert not read.keeps("Slipper", 20, 0)
    (tmp_path / "c.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="columns a, b"):
        clusters.read_clusters(tmp_path / "c.csv")


def test_nothing_to_cluster(tmp_path):
    assert clusters.write_clusters(tmp_path / "c.csv", []).empty


# scores


def test_every_crop_is_read_under_the_name_that_truth_has(tmp_path):
    kihm2018.write(tmp_path, seed=2, kihm_per_class=2, kihm_s3_scale=0.001)
    frames = list(frames_of("kihm2018", tmp_path, "kihm2018"))
    truth = read_objects(tmp_path)
    assert {(f.recording, f.index) for f in frames} == set(zip(truth["recording"], truth["frame"], strict=True))


def test_a_path_that_finds_every_second_cell_exactly_scores_one_and_zero(tmp_path, monkeypatch):
    kihm2018.write(tmp_path, seed=2, kihm_per_class=4, kihm_s3_scale=0.001)
    objects = read_objects(tmp_path)

    def exact(job):
        for number, frame in enumerate(f for f in frames_of("kihm2018", tmp_path, "kihm2018", job.wanted)):
            mask = np.zeros(frame.image.shape, bool)
            row = objects[(objects.recording == frame.recording) & (objects.frame == frame.index)].iloc[0]
            mask[int(row.y0) : int(row.y1), int(row.x0) : int(row.x1)] = read_masks(tmp_path, frame.recording)[
                frame.index, row.object
            ]
            yield Outlined(frame, [Found.of_mask(mask & (number % 2 == 0))])

    monkeypatch.setitem(outlines.METHODS, "unet", exact)
    source = SourceRecord("kihm2018", "kihm2018", "phantom", True, "available", None, str(tmp_path), 0, "")
    scored = outlines.score("unet", Job("kihm2018", "kihm2018", tmp_path), source, frames=8)
    outlines.write([scored], tmp_path / "out")
    [summary] = json.loads((tmp_path / "out" / "summary.json").read_text())["sources"]
    table = pd.read_csv(tmp_path / "out/objects.csv")
    assert set(table["source"]) == {"kihm2018"}
    assert summary["n_frames"] == 8
    assert summary["false_positives"] == 0
    assert set(table["iou"]) == {0.0, 1.0}
    assert summary["found"] == (table["iou"] == 1).sum() > 0


@pytest.mark.parametrize(
    ("cells", "walls", "box"),
    [
        ([(45, 30, 18, 10)], False, (27, 20, 64, 41)),
        # walls run along the rows, and another cell at the frame's end is farther from the centre
        ([(45, 30, 18, 10), (86, 30, 8, 8)], True, (27, 20, 64, 41)),
        ([], True, (0, 0, 0, 0)),
    ],
)
def test_a_cell_by_its_contrast(cells, walls, box):
    grey = np.full((60, 90), 150, np.uint8)
    if walls:
        grey[[3, 4, 55, 56]] = [[60], [220], [220], [60]]
    for x, y, a, b in cells:
        cv2.ellipse(grey, (x, y), (a, b), 0, 0, 360, 100, -1)
    crop = Frame(grey, "kihm2018", "", "Slipper", 0, label="slipper")
    ((found,),) = (item.found for item in contrast.outline([crop], KIHM))
    assert found.box == pytest.approx(box, abs=1) and found.reason == ("" if cells else "empty")


def test_contrast_outlines_phantoms_crops_better_than_half(tmp_path):
    kihm2018.write(tmp_path, seed=1, kihm_per_class=8, kihm_s3_scale=0.004)
    source = SourceRecord("kihm2018", "kihm2018", "phantom", True, "available", None, str(tmp_path), 0, "")
    table = outlines.score("contrast", Job("kihm2018", "kihm2018", tmp_path, extraction=KIHM), source, frames=99).table
    assert len(table) > 20 and table["iou"].median() > 0.8 and (table["iou"] > 0.5).mean() > 0.9
