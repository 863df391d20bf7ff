"""Readers of the layouts that are folders of single-cell pictures, on hand-made files in each laboratory's layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from raw_inputs import noise
from rbcflow.core.errors import InputError
from rbcflow.laboratories.crops import reader as crops
from rbcflow.laboratories.kihm2018 import reader as kihm2018
from rbcflow.laboratories.liang2024 import reader as liang2024
from rbcflow.laboratories.nouaman2024 import reader as nouaman2024
from rbcflow.sources import layouts

S3 = "CNN input data/002_Crop_Pics_w_parameters_50mbar"


def write(path: Path, image: np.ndarray) -> None:
    """Write a picture, with its folder; B, G, R as OpenCV has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


def test_kihm2018_folders_by_shape_and_by_pressure(tmp_path):
    grey = noise(90, 90)
    write(tmp_path / "Slipper/b_2.BMP", grey)
    write(tmp_path / "Slipper/a_10.bmp", np.dstack([grey] * 3))
    write(tmp_path / "Croissant/c.bmp", grey)
    write(tmp_path / f"{S3}/Others/x1.bmp", grey)
    (tmp_path / f"{S3}/Slippers").mkdir()
    layouts.check("kihm2018", tmp_path)
    assert kihm2018.recordings(tmp_path) == [f"{S3}/Others", f"{S3}/Slippers", "Croissant", "Slipper"]
    first, second = kihm2018.read(tmp_path, "Slipper")
    assert (first.label, first.group, first.file) == ("slipper", "Slipper/a_10", "Slipper/a_10.bmp")
    assert (first.index, second.index, second.file) == (0, 1, "Slipper/b_2.BMP")
    assert (first.source, first.recording, first.condition, first.donor) == ("kihm2018", "Slipper", "", "")
    assert np.array_equal(first.image, grey)
    assert np.array_equal(second.image, grey)
    (other,) = kihm2018.read(tmp_path, f"{S3}/Others", source="mine")
    assert (other.label, other.condition, other.source, other.unit) == ("other", "50 mbar", "mine", f"{S3}/Others/x1")
    assert list(kihm2018.read(tmp_path, f"{S3}/Slippers")) == []


def test_crops_of_any_size_by_class_or_by_donor_and_class(tmp_path):
    small, wide = noise(20, 33), noise(64, 151)
    write(tmp_path / "Slippers/b.png", small)
    write(tmp_path / "Slippers/a.TIF", wide)
    write(tmp_path / "donor_2/parachute/c.jpg", noise(40, 40))
    write(tmp_path / "donor_2/other/d.bmp", small)
    layouts.check("crops", tmp_path)
    assert crops.recordings(tmp_path) == ["Slippers", "donor_2/other", "donor_2/parachute"]
    first, second = crops.read(tmp_path, "Slippers", source="mine")
    assert (first.image.shape, second.image.shape) == ((64, 151), (20, 33))
    assert (first.label, first.donor, first.group, first.source) == ("slipper", "", "Slippers/a", "mine")
    (third,) = crops.read(tmp_path, "donor_2/parachute")
    assert (third.label, third.donor, third.group) == ("croissant", "donor_2", "donor_2")


def test_liang2024_folders_and_camera_recordings(tmp_path):
    colour = noise(50, 100, 3)
    write(tmp_path / "Parachute/50_C001H001S0002_0007.bmp", colour)
    write(tmp_path / "Parachute/50_C001H001S0001_0012.bmp", noise(66, 100))
    write(tmp_path / "semi-Slipper/50_C001H001S0001_0001.bmp", colour)
    layouts.check("liang2024", tmp_path)
    assert liang2024.recordings(tmp_path) == ["Parachute", "semi-Slipper"]
    first, second = liang2024.read(tmp_path, "Parachute")
    assert [frame.unit for frame in (first, second)] == ["50_C001H001S0001", "50_C001H001S0002"]
    assert (first.size, first.image.shape, second.image.shape) == ((100, 66), (66, 100, 3), (50, 100, 3))
    assert np.array_equal(second.image, colour[..., ::-1])  # R, G, B of a file written as B, G, R
    assert (second.label, second.index, second.file) == ("croissant", 1, "Parachute/50_C001H001S0002_0007.bmp")
    assert next(liang2024.read(tmp_path, "semi-Slipper")).label == "other"


def test_nouaman2024_raw_crops(tmp_path):
    folder = "raw_crops/12_8/Slipper/0300mbar"
    write(tmp_path / folder / "0002.BMP", noise(92, 92))
    write(tmp_path / folder / "0001.BMP", noise(92, 92))
    write(tmp_path / "raw_crops/12_8/Other/0100mbar/0001.BMP", noise(92, 92))
    assert nouaman2024.recordings(tmp_path) == []
    assert nouaman2024.raw_crop_recordings(tmp_path) == ["raw_crops/12_8/Other/0100mbar", folder]
    first, second = nouaman2024.read(tmp_path, folder)
    assert (first.label, first.condition, first.group) == ("slipper", "300 mbar", "12_8_0300mbar")
    assert (first.file, second.file, second.index) == (f"{folder}/0001.BMP", f"{folder}/0002.BMP", 1)
    assert np.array_equal(first.image, noise(92, 92))


def test_pictures_are_read_one_at_a_time(tmp_path):
    for number in range(3):
        write(tmp_path / f"Slipper/{number}.bmp", noise(90, 90))
    frames = kihm2018.read(tmp_path, "Slipper")
    next(frames)
    (tmp_path / "Slipper/1.bmp").unlink()
    with pytest.raises(InputError, match="no such file"):
        next(frames)


@pytest.mark.parametrize(
    ("layout", "file", "image", "found"),
    [
        ("kihm2018", "Bananas/a.bmp", noise(90, 90), "folder name 'Bananas'"),
        ("crops", "Bananas/a.bmp", noise(90, 90), "folder name 'Bananas'"),
        ("crops", "donor/Bananas/a.bmp", noise(90, 90), "folder name 'Bananas'"),
        ("crops", "Slipper/a.ppm", noise(90, 90, 3), "no picture"),
        ("crops", "Slipper/a.png", noise(7, 90), "90x7 pixels"),
        ("kihm2018", f"{S3}/Cups/a.bmp", noise(90, 90), "folder name 'Cups'"),
        ("kihm2018", "Slipper/a.bmp", noise(243, 243), "243x243 pixels"),
        ("kihm2018", "Slipper/a.bmp", noise(90, 90, 3), "with colours"),
        ("kihm2018", "Slipper/a.webp", noise(80, 90), "90x80 pixels"),
        ("liang2024", "Rods/50_C001H001S0001_0001.bmp", noise(50, 100, 3), "folder name 'Rods'"),
        ("liang2024", "Slipper/cell.bmp", noise(50, 100, 3), "found cell.bmp"),
        ("liang2024", "Slipper/50_C001H001S0001_0001.bmp", noise(100, 50, 3), "50x100 pixels"),
        ("liang2024", "Slipper/50_C001H001S0001_0001.tif", noise(60, 100, 3), "100x60 pixels"),
    ],
)
def test_folders_and_files_that_do_not_fit_the_layout(tmp_path, layout, file, image, found):
    write(tmp_path / file, image)
    with pytest.raises(InputError, match=found):
        layouts.check(layout, tmp_path)
