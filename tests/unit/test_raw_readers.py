"""Readers of stage raw: videos, TIFF stacks, pictures, and the three layouts built on them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile

from raw_inputs import noise, write_avi, write_recording
from rbcflow.laboratories.flow_public import reader as flow_public
from rbcflow.laboratories.naples import reader as naples
from rbcflow.laboratories.nouaman2024 import reader as nouaman2024
from rbcflow.sources import layouts
from rbcflow.sources.image import read_grey
from rbcflow.sources.tiff import page_count, read_pages
from rbcflow.sources.video import read_video


def test_lossless_video_gives_the_pixels_back(tmp_path):
    images = noise(3, 32, 48)
    write_avi(tmp_path / "a.avi", images)
    assert np.array_equal(list(read_video(tmp_path / "a.avi")), images)


def test_limited_range_video_keeps_black_and_white(tmp_path):
    images = np.zeros((2, 32, 48), np.uint8)
    images[1] = 255
    write_avi(tmp_path / "a.avi", images, codec="mpeg4", pix_fmt="yuv420p")
    black, white = read_video(tmp_path / "a.avi")
    assert black.mean() < 2
    assert white.mean() > 253


def test_video_is_decoded_lazily(tmp_path):
    write_avi(tmp_path / "a.avi", noise(5, 32, 48))
    frames = read_video(tmp_path / "a.avi")
    next(frames)
    assert frames.gi_frame is not None
    frames.close()


@pytest.mark.parametrize("pages", [1, 2, 3, 15])
@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "rgb"])
@pytest.mark.parametrize("contiguous", [True, False])
def test_tiff_pages_are_unpacked(tmp_path, pages, channels, contiguous):
    images = noise(pages, 6, 9, *channels)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in images:
            writer.write(image, photometric="rgb" if channels else "minisblack", contiguous=contiguous)
    found = list(read_pages(tmp_path / "a.tif"))
    assert page_count(tmp_path / "a.tif") == len(found) == pages
    assert np.array_equal(found, images)


def test_colour_picture_becomes_grey_with_the_601_weights(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((2, 2, 3), (0, 0, 200), np.uint8))  # B, G, R: pure red
    assert (read_grey(tmp_path / "a.png") == 60).all()  # 0.299 * 200 = 59.8


def test_nouaman2024_recordings_and_frames(tmp_path):
    for donor, name in ((2, "0100mbar_1"), (1, "1000mbar_2"), (1, "0300mbar_1")):
        write_avi(tmp_path / f"videos/blood_donor_{donor}/{name}.avi", noise(2, 16, 24))
    names = nouaman2024.recordings(tmp_path)
    assert names == ["blood_donor_1/0300mbar_1", "blood_donor_1/1000mbar_2", "blood_donor_2/0100mbar_1"]
    first, second = nouaman2024.read(tmp_path, names[1])
    assert (second.source, second.donor, second.recording) == ("nouaman2024", "blood_donor_1", names[1])
    assert (first.index, second.index, second.condition, second.size) == (0, 1, "1000 mbar", (24, 16))


def test_nouaman2024_crop_files(tmp_path):
    for name in ("Slippers/12_8_0300mbar_0002.bmp", "croissant/12_8_1000mbar_0001.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), noise(4, 4))
    (tmp_path / "videos").mkdir()
    found = [(crop.class_, crop.family, crop.number) for crop in nouaman2024.crop_files(tmp_path)]
    assert found == [("slipper", "12_8_0300mbar", 2), ("croissant", "12_8_1000mbar", 1)]


@pytest.mark.parametrize(
    ("folder", "velocity"), [("v 0.12 cm:s", "0.12 cm/s"), ("v 1 cm:s", "1 cm/s"), ("v 1.56 cm_s", "1.56 cm/s")]
)
def test_naples_velocity_from_folder(tmp_path, folder, velocity):
    (tmp_path / folder).mkdir()
    tifffile.imwrite(tmp_path / folder / "glob001.tif", noise(2, 6, 9, 3), photometric="rgb")
    layouts.check("naples", tmp_path)
    assert naples.recordings(tmp_path) == [f"{folder}/glob001"]
    frames = list(naples.read(tmp_path, f"{folder}/glob001", source="other_naples"))
    assert [frame.index for frame in frames] == [0, 1]
    assert {(frame.condition, frame.source, frame.image.shape) for frame in frames} == {
        (velocity, "other_naples", (6, 9, 3))
    }
    assert naples.frame_count(tmp_path, f"{folder}/glob001") == 2


def test_flow_public_takes_the_first_event_of_each_frame(tmp_path):
    write_recording(tmp_path / "naiad2024.h5", [7, 7, 9, 12, 12])
    layouts.check("flow_public", tmp_path)
    frames = list(flow_public.read(tmp_path, "naiad2024"))
    assert [(frame.index, int(frame.image[0, 0]), frame.condition) for frame in frames] == [
        (0, 0, "0.06 ul/s"),
        (2, 20, "0.06 ul/s"),
        (3, 30, "0.06 ul/s"),
    ]
    assert flow_public.frame_numbers(tmp_path, "naiad2024") == {0: 7, 2: 9, 3: 12}
    assert (flow_public.read_background(tmp_path, "naiad2024", 2) == 200).all()
