"""Phantoms whose files are single-cell pictures: layouts, counts, exact truth, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from rbcflow.core.classes import CLASSES, class_name
from rbcflow.laboratories.kihm2018 import phantom as kihm2018
from rbcflow.laboratories.liang2024 import phantom as liang2024
from rbcflow.laboratories.nouaman2024 import phantom as nouaman2024
from rbcflow.phantom.truth import read_masks, read_objects
from rbcflow.sources import layouts


def write(layout: str, folder: Path, seed: int = 3) -> Path:
    """Write a small phantom of a layout."""
    if layout == "kihm2018":
        kihm2018.write(folder, seed=seed, kihm_per_class=3, kihm_s3_scale=0.01)
    elif layout == "liang2024":
        liang2024.write(folder, seed=seed, liang_scale=0.02)
    else:
        nouaman2024.write(
            folder, seed=seed, donors=2, recordings_per_donor=1, frames_per_recording=2, annotate_every=2,
            crops_per_class=5, raw_crops_per_folder=2,
        )  # fmt: skip
    return folder


LAYOUTS = ["kihm2018", "liang2024", "nouaman2024"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {layout: write(layout, tmp_path_factory.mktemp(layout)) for layout in LAYOUTS}


def crop_recordings(layout: str, folder: Path) -> list[str]:
    """Return the names of a source's folders of crops."""
    reader = layouts.READERS[layout]
    return reader.raw_crop_recordings(folder) if layout == "nouaman2024" else reader.recordings(folder)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_reader_takes_the_phantom(folders, layout):
    layouts.check(layout, folders[layout])
    assert crop_recordings(layout, folders[layout])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_crop_has_its_cell_in_truth(folders, layout):
    folder = folders[layout]
    objects = read_objects(folder)
    for recording in crop_recordings(layout, folder):
        rows = objects[objects.recording == recording]
        frames = list(layouts.READERS[layout].read(folder, recording))
        masks = read_masks(folder, recording) if frames else {}
        first = rows[rows.object == 0].set_index("frame")
        assert list(first.index) == [frame.index for frame in frames]
        assert list(first["class"]) == [frame.label for frame in frames]
        for frame in frames:
            row, (width, height) = first.loc[frame.index], frame.size
            mask = masks[frame.index, 0]
            assert mask.shape == (row.y1 - row.y0, row.x1 - row.x0)
            assert 0 <= row.x0 < row.x1 <= width
            assert 0 <= row.y0 < row.y1 <= height
            assert abs((row.x0 + row.x1) / 2 - width / 2) < 0.3 * width
            # the mask lies on the cell: it differs from what surrounds it more than the surroundings among themselves
            grey = frame.image if frame.image.ndim == 2 else frame.image[..., 0]
            whole = np.zeros((height, width), bool)
            whole[row.y0 : row.y1, row.x0 : row.x1] = mask
            ring = cv2.dilate(whole.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~whole
            assert grey[ring].mean() - grey[whole].mean() > 8


def test_second_cells_are_cut_off_by_the_edge(folders):
    for layout in LAYOUTS:
        objects = read_objects(folders[layout])
        second = objects[objects.recording.isin(crop_recordings(layout, folders[layout])) & (objects.object == 1)]
        assert second.touches_edge.all()
    assert len(second) > 0


def test_kihm2018_counts_follow_the_published_ones(folders):
    folder = folders["kihm2018"]
    names = [path.name for path in sorted((folder / "CNN input data").iterdir())]
    assert len(names) == 12
    assert names[0] == "001_Crop_Pics_w_parameters_20mbar"
    assert names[11] == "012_Crop_Pics_w_parameters_1000mbar"
    # 0.01 x 22, 210 and 252 at 200 mbar; 269, 39 and none at 1000 mbar, of which 39 counts as at least one
    for place, counts in ((names[3], (1, 2, 3)), (names[11], (3, 1, 0))):
        found = [
            len(list((folder / "CNN input data" / place / name).glob("*.bmp")))
            for name in ("Slippers", "Others", "Croissants")
        ]
        assert tuple(found) == counts
    assert len(list((folder / "Slipper").iterdir())) == len(list((folder / "Croissant").iterdir())) == 3
    assert cv2.imread(str(sorted((folder / "Slipper").iterdir())[0]), cv2.IMREAD_UNCHANGED).shape == (90, 90)


def test_liang2024_pictures_are_grey_content_in_rgb(folders):
    folder = folders["liang2024"]
    # 0.02 x 732, 390, 391, 311, 60, 201
    shapes = ("Parachute", "Rolling", "Slipper", "semi-Parachute", "semi-Rolling", "semi-Slipper")
    assert [len(list((folder / name).iterdir())) for name in shapes] == [15, 8, 8, 6, 1, 4]
    pictures = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.glob("*/*.bmp"))]
    assert {picture.shape for picture in pictures} == {(50, 100, 3), (66, 100, 3)}
    assert all((picture == picture[..., :1]).all() for picture in pictures)
    cameras = {path.stem.rpartition("_")[0] for path in folder.glob("*/*.bmp")}
    assert cameras <= {f"50_C001H001S000{number}" for number in range(1, 9)}
    assert len(cameras) >= 6


def test_segmented_crops_have_truth_by_their_number(folders):
    folder = folders["nouaman2024"]
    objects = {(row.recording, row.frame): row for row in read_objects(folder).itertuples()}
    crops = layouts.READERS["nouaman2024"].crop_files(folder)
    assert len(crops) == 10
    for crop in crops:
        row = objects[crop.recording, crop.number]
        image = cv2.imread(str(crop.path), cv2.IMREAD_UNCHANGED)
        assert (row[4], row.area_px) == (crop.class_, np.count_nonzero(image))
        mask = read_masks(folder, crop.recording)[crop.number, 0]
        assert np.array_equal(image[row.y0 : row.y1, row.x0 : row.x1] > 0, mask)


def test_raw_crops_have_every_category_at_every_pressure(folders):
    folder = folders["nouaman2024"]
    found = {(path.parent.parent.name, path.parent.name) for path in (folder / "raw_crops").rglob("*.BMP")}
    assert found == {
        (category, f"{p:04d}mbar") for category in ("Slipper", "Croissant", "Other") for p in nouaman2024.PRESSURES
    }
    assert {class_name(category) for category, _ in found} == set(CLASSES)


@pytest.mark.parametrize("layout", ["kihm2018", "liang2024"])
def test_the_same_seed_gives_the_same_bytes(folders, tmp_path, layout):
    def digest(folder: Path) -> str:
        names = sorted(path for path in folder.rglob("*.bmp"))
        text = b"".join(path.relative_to(folder).as_posix().encode() + path.read_bytes() for path in names)
        return hashlib.sha256(text).hexdigest()

    assert digest(write(layout, tmp_path / "again")) == digest(folders[layout])
    assert digest(write(layout, tmp_path / "other", seed=4)) != digest(folders[layout])
