"""The files the phantoms write: formats of the laboratories, exact truth, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import tifffile

from rbcflow.core.boxes import iou_matrix, mask_box
from rbcflow.core.classes import CLASSES, class_name
from rbcflow.core.errors import InputError
from rbcflow.datasets.spec import VariantSpec
from rbcflow.laboratories.naples import phantom as naples
from rbcflow.laboratories.nouaman2024 import phantom as nouaman2024
from rbcflow.phantom import single, truth
from rbcflow.phantom.population import KINDS
from rbcflow.phantom.truth import COLUMNS, read_masks, read_objects

SAARLAND = {
    "donors": 2, "recordings_per_donor": 2, "frames_per_recording": 5, "annotate_every": 2, "crops_per_class": 5,
}  # fmt: skip
NAPLES = {"velocities": [0.12, 1.0], "tiffs_per_velocity": 1, "pages": 3}


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def saarland(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saarland")
    nouaman2024.write(folder, seed=7, **SAARLAND)
    return folder


@pytest.fixture(scope="module")
def capillary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("naples")
    naples.write(folder, seed=7, **NAPLES)
    return folder


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_saarland_cells_are_as_large_for_a_detector_as_those_it_learns_from(saarland: Path) -> None:
    """At a long side of 224, the median cell lies within the sizes that cells get in composed images at 224."""
    frame = decode(sorted((saarland / "videos").rglob("*.avi"))[0])[0]
    assert frame.shape == (120, 304)
    objects = read_objects(saarland)
    objects = objects[objects["recording"].str.startswith("blood_donor")]
    sides = np.sqrt((objects["x1"] - objects["x0"]) * (objects["y1"] - objects["y0"]))
    spec = VariantSpec.from_dict({"name": "random_nosuperposition"})
    low, high = (side / spec.process_size[0] * 224 for side in spec.scale.range)
    assert (low, high) == pytest.approx((22.4, 44.8))
    assert low < np.median(sides) * 224 / max(frame.shape) < high


def test_saarland_layout(saarland: Path) -> None:
    names = [str(path.relative_to(saarland)) for path in sorted(saarland.rglob("*")) if path.is_file()]
    assert "videos/blood_donor_1/0100mbar_1.avi" in names
    assert "frames/blood_donor_2/0500mbar_1_00004.png" in names
    assert sum(name.endswith(".avi") for name in names) == 4
    assert sum(name.endswith(".png") for name in names) == 4 * 3
    assert sum(name.startswith("croissant/") for name in names) == 5
    assert "truth/masks/blood_donor_1__0100mbar_1.npz" in names


@pytest.mark.parametrize("donor", range(4))
def test_every_donor_has_low_and_high_pressures(donor: int) -> None:
    recordings = nouaman2024._recording_names(donor, 7)
    assert len({name for name, _ in recordings}) == 7
    assert {pressure for _, pressure in recordings} == set(nouaman2024.PRESSURES)
    assert len({pressure for _, pressure in recordings[:3]}) == 3


def test_annotated_frames_are_the_videos_frames(saarland: Path) -> None:
    for png in sorted((saarland / "frames").rglob("*.png")):
        stem, index = png.stem.rsplit("_", 1)
        video = decode(saarland / "videos" / png.parent.name / f"{stem}.avi")
        assert len(video) == 5
        np.testing.assert_array_equal(cv2.imread(str(png), cv2.IMREAD_UNCHANGED), video[int(index)])


def test_same_seed_same_bytes_and_another_seed_others(saarland: Path, capillary: Path, tmp_path: Path) -> None:
    nouaman2024.write(tmp_path / "a", seed=7, **SAARLAND)
    naples.write(tmp_path / "b", seed=7, **NAPLES)
    assert digests(tmp_path / "a") == digests(saarland)
    assert digests(tmp_path / "b") == digests(capillary)
    naples.write(tmp_path / "c", seed=8, **NAPLES)
    assert digests(tmp_path / "c") != digests(capillary)


@pytest.mark.parametrize("source", ["saarland", "capillary"])
def test_truth_agrees_with_its_masks(source: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(source)
    objects = read_objects(folder)
    assert len(objects) > 5
    masks = {name: read_masks(folder, name) for name in objects["recording"].unique()}
    for row in objects.itertuples():
        mask = masks[row.recording][row.frame, row.object]
        assert mask.shape == (row.y1 - row.y0, row.x1 - row.x0)
        assert mask_box(mask) == (0, 0, row.x1 - row.x0, row.y1 - row.y0)
        assert mask.sum() == row.area_px
    assert sum(len(found) for found in masks.values()) == len(objects)
    assert set(objects["class"]) <= set(CLASSES)


def test_truth_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "objects.csv").write_text("recording,frame\n")
    with pytest.raises(InputError, match="touches_edge"):
        read_objects(tmp_path)
    assert "touches_edge" in COLUMNS


def test_a_declared_truth_without_masks_is_refused(saarland: Path, tmp_path: Path) -> None:
    truth.check(saarland)
    (tmp_path / "truth").mkdir()
    shutil.copy2(saarland / "truth" / "objects.csv", tmp_path / "truth")
    with pytest.raises(InputError, match="no such file"):
        truth.check(tmp_path)


def test_cells_are_where_the_truth_says(saarland: Path) -> None:
    objects = read_objects(saarland)
    for recording, found in objects[objects.recording.str.startswith("blood_donor")].groupby("recording"):
        frames = np.array(decode(saarland / "videos" / f"{recording}.avi"), dtype=float)
        change = np.abs(frames - np.median(frames, axis=0))
        masks = read_masks(saarland, recording)
        inside = np.concatenate(
            [change[r.frame, r.y0 : r.y1, r.x0 : r.x1][masks[r.frame, r.object]] for r in found.itertuples()]
        )
        assert inside.mean() > 3 * np.median(change)


def rasterised(segmentation: list[float], height: int, width: int) -> np.ndarray:
    """Return the pixels whose centres lie in a polygon given in pixels (pixel 0 spans 0..1)."""
    points = np.array(segmentation).reshape(-1, 2) * 8
    large = np.zeros((height * 8, width * 8), dtype=np.uint8)
    cv2.fillPoly(large, [np.rint(points - 0.5).astype(np.int32)], 1)
    return large[4::8, 4::8] > 0


def test_coco_polygons_trace_the_masks(saarland: Path) -> None:
    coco = json.loads((saarland / "annotations" / "result.json").read_text())
    assert coco["categories"] == [
        {"id": 0, "name": "Croissant"},
        {"id": 1, "name": "Slipper"},
        {"id": 2, "name": "Other"},
    ]
    names = {category["id"]: class_name(category["name"]) for category in coco["categories"]}
    objects = read_objects(saarland)
    scores, sides = [], []
    for image in coco["images"]:
        donor, stem = image["file_name"].removeprefix("../../frames/").split("/")
        recording, index = f"{donor}/{stem[:-10]}", int(stem[-9:-4])
        assert (saarland / image["file_name"].removeprefix("../../")).is_file()
        found = [entry for entry in coco["annotations"] if entry["image_id"] == image["id"]]
        rows = objects[(objects["recording"] == recording) & (objects["frame"] == index)]
        assert [names[entry["category_id"]] for entry in found] == list(rows["class"])
        masks = read_masks(saarland, recording)
        for entry, row in zip(found, rows.itertuples(), strict=True):
            mask = np.zeros((image["height"], image["width"]), dtype=bool)
            mask[row.y0 : row.y1, row.x0 : row.x1] = masks[index, row.object]
            outlined = rasterised(entry["segmentation"][0], *mask.shape)
            scores.append((mask & outlined).sum() / (mask | outlined).sum())
            x, y, w, h = entry["bbox"]
            assert iou_matrix([[x, y, x + w, y + h]], [[row.x0, row.y0, row.x1, row.y1]])[0, 0] > 0.8
            sides.append((w / (row.x1 - row.x0), h / (row.y1 - row.y0)))
            assert set(entry) == {"id", "image_id", "category_id", "segmentation", "bbox", "ignore", "iscrowd", "area"}
    assert len(scores) == len(coco["annotations"]) > 10
    assert np.median(scores) > 0.93
    np.testing.assert_allclose(np.median(sides, axis=0), 1)
    assert np.mean(np.array(scores) > 0.8) > 0.9


def test_polygon_of_a_rectangle_is_its_edges() -> None:
    mask = np.zeros((6, 9), dtype=bool)
    mask[1:5, 2:8] = True
    points = nouaman2024.polygon(mask)
    np.testing.assert_allclose(points.min(axis=0), [2, 1])
    np.testing.assert_allclose(points.max(axis=0), [8, 5])


def test_polygon_of_cells_that_lie_apart_is_around_all() -> None:
    mask = np.zeros((6, 12), dtype=bool)
    mask[1:5, 1:5] = mask[2:6, 8:11] = True
    points = nouaman2024.polygon(mask)
    np.testing.assert_allclose(points.min(axis=0), [1, 1])
    np.testing.assert_allclose(points.max(axis=0), [11, 6])


def test_crops_are_segmented_grey_bmp(saarland: Path) -> None:
    for path in sorted(saarland.glob("*/*.bmp")):
        day, month, pressure, number = path.stem.split("_")
        assert pressure.endswith("mbar")
        assert int(pressure[:4]) in nouaman2024.PRESSURES
        assert f"{day}_{month}" in nouaman2024.DAYS
        assert 1 <= int(number) <= 5
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert image.shape == (92, 92)
        assert image[0, 0] == 0
        assert 200 < (image > 0).sum() < 4000
        assert cv2.connectedComponents((image > 0).astype(np.uint8))[0] == 2


def test_tiff_pages(capillary: Path) -> None:
    paths = sorted(capillary.glob("v */*.tif"))
    assert [str(path.relative_to(capillary)) for path in paths] == ["v 0.12 cm:s/glob001.tif", "v 1 cm:s/glob001.tif"]
    for path in paths:
        with tifffile.TiffFile(path) as tiff:
            assert [(page.shape, page.dtype) for page in tiff.pages] == [((128, 672, 3), np.uint8)] * 3
            assert {page.photometric.name for page in tiff.pages} == {"RGB"}


def test_simulated_cells_keep_their_halo_on_a_flat_background() -> None:
    cells = list(single.simulate_cells(25, seed=3))
    assert [cell.class_ for cell in cells] == [name for name in CLASSES for _ in range(25)]
    for cell in cells:
        assert KINDS[cell.kind].class_ == cell.class_
        assert cell.crop.shape == cell.mask.shape
        assert cell.crop.dtype == np.uint8
        height, width = cell.crop.shape
        x0, y0, x1, y1 = mask_box(cell.mask)
        assert min(x0, y0, width - x1, height - y1) >= single.MARGIN_PX
        border = np.concatenate([cell.crop[0], cell.crop[-1], cell.crop[:, 0], cell.crop[:, -1]]).astype(int)
        assert np.abs(border - cell.background).max() <= 0.012 * cell.background + 1
        contrast = cell.crop[cell.mask] / cell.background - 1
        assert np.sqrt(np.mean(contrast**2)) > 0.8 * single.MIN_CONTRAST


def test_simulated_cells_are_dark_and_bright_and_face_both_ways() -> None:
    cells = list(single.simulate_cells(60, seed=4))
    body = np.array([cell.crop[cell.mask].mean() / cell.background for cell in cells])
    assert 0.03 < np.mean(body > 1) < 0.5
    bullets = [cell.mask for cell in cells if cell.kind == "bullet"]
    heavier_right = [mask[:, mask.shape[1] // 2 :].sum() > mask[:, : mask.shape[1] // 2].sum() for mask in bullets]
    assert 0.2 < np.mean(heavier_right) < 0.8
    sizes = np.array([cell.crop.shape for cell in cells])
    assert sizes.max() < 130


def test_simulated_cells_depend_on_seed_class_and_number_alone() -> None:
    few, many = list(single.simulate_cells(2, seed=5)), list(single.simulate_cells(4, seed=5))
    for ours, theirs in zip(few, [many[i] for i in (0, 1, 4, 5, 8, 9)], strict=True):
        np.testing.assert_array_equal(ours.crop, theirs.crop)
        np.testing.assert_array_equal(ours.mask, theirs.mask)
    other = next(single.simulate_cells(1, seed=6))
    assert other.crop.shape != few[0].crop.shape or (other.crop != few[0].crop).any()
