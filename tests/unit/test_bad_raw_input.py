"""Broken raw folders and files: each ends in an InputError that names the file and the place."""

from __future__ import annotations

import struct
import subprocess
import tarfile

import av
import cv2
import h5py
import numpy as np
import pytest
import tifffile

from raw_inputs import noise, write_avi, write_recording, write_tiff
from rbcflow.core.errors import InputError
from rbcflow.laboratories.flow_public import reader as flow_public
from rbcflow.sources import layouts
from rbcflow.sources.image import read_grey
from rbcflow.sources.tiff import page_count, read_pages
from rbcflow.sources.video import check_video, read_video


@pytest.mark.parametrize("layout", ["nouaman2024", "naples", "flow_public", "kihm2018", "liang2024"])
def test_empty_or_absent_folder(tmp_path, layout):
    with pytest.raises(InputError, match="expected"):
        layouts.check(layout, tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        layouts.check(layout, tmp_path / "absent")


def test_video_that_is_none(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"no video at all" * 50)
    with pytest.raises(InputError, match="codec unknown") as error:
        check_video(tmp_path / "a.avi")
    assert error.value.path.endswith("a.avi")


def test_video_with_header_only(tmp_path):
    write_avi(tmp_path / "a.avi", noise(3, 32, 48))
    content = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "b.avi").write_bytes(content[: content.index(b"movi")])
    with pytest.raises(InputError, match="no decodable frame") as error:
        list(read_video(tmp_path / "b.avi"))
    assert error.value.where == "frame 0"


def test_video_with_a_broken_frame_names_codec_and_frame(tmp_path):
    write_avi(tmp_path / "a.avi", noise(3, 64, 64), codec="png")
    content = bytearray((tmp_path / "a.avi").read_bytes())
    second = content.index(b"\x89PNG", content.index(b"\x89PNG") + 1)
    content[second : second + 8] = bytes(8)
    (tmp_path / "a.avi").write_bytes(content)
    with pytest.raises(InputError, match="codec png") as error:
        list(read_video(tmp_path / "a.avi"))
    assert error.value.where == "frame 1"


def test_video_with_sixteen_bits(tmp_path):
    with av.open(str(tmp_path / "a.avi"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "gray16le"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 48), np.uint16), format="gray16le")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"gray16le.*8-bit"):
        check_video(tmp_path / "a.avi")


@pytest.mark.parametrize(
    ("contiguous", "kept", "page"), [(True, 0.05, 0), (True, 0.5, 1), (True, 0.99, 4), (False, 0.5, 2), (False, 0.9, 4)]
)
def test_truncated_tiff_names_the_page(tmp_path, contiguous, kept, page):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in noise(5, 40, 30, 3):
            writer.write(image, photometric="rgb", contiguous=contiguous)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match=r"cut short|broken page header") as error:
        page_count(tmp_path / "a.tif")
    assert error.value.where == f"page {page}"


@pytest.mark.parametrize("kept", range(1, 100, 7))
def test_no_truncated_tiff_passes(tmp_path, kept):
    tifffile.imwrite(tmp_path / "a.tif", noise(4, 20, 30), photometric="minisblack")
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) * kept // 100])
    with pytest.raises(InputError):
        list(read_pages(tmp_path / "a.tif"))


def test_tiff_with_pixels_that_do_not_decode(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image in noise(3, 20, 30):
            writer.write(image, photometric="minisblack", compression="zlib", contiguous=False)
    with tifffile.TiffFile(tmp_path / "a.tif") as stack:
        offset = stack.pages[1].dataoffsets[0]
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[offset : offset + 100] = bytes(100)
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(InputError, match="do not decode") as error:
        list(read_pages(tmp_path / "a.tif"))
    assert error.value.where == "page 1"


@pytest.mark.parametrize(
    ("pages", "found", "page"),
    [
        ([np.zeros((6, 9), np.uint32)], "uint32 pixels", 0),
        ([np.zeros((6, 9, 3), np.uint16)], "uint16 pixels of shape", 0),
        ([np.zeros((6, 9), np.uint16), np.zeros((6, 9), np.uint8)], "uint8 pixels; expected uint16", 1),
        (
            [np.full((6, 9, 4), 255, np.uint8), np.full((6, 9, 4), 254, np.uint8)],
            "transparent pixels .alpha down to 254",
            1,
        ),
    ],
    ids=["32bit", "16bit colour", "both depths", "transparent"],
)
def test_tiff_of_other_pixels(tmp_path, pages, found, page):
    write_tiff(tmp_path / "a.tif", pages)
    with pytest.raises(InputError, match=found) as error:
        list(read_pages(tmp_path / "a.tif"))
    assert error.value.where == f"page {page}"


def test_tiff_that_is_none(tmp_path):
    (tmp_path / "a.tif").write_bytes(struct.pack("<4sI", b"RIFF", 0))
    with pytest.raises(InputError, match="no TIFF"):
        page_count(tmp_path / "a.tif")


def test_naples_folder_without_velocity(tmp_path):
    (tmp_path / "slow").mkdir()
    tifffile.imwrite(tmp_path / "slow" / "glob001.tif", noise(6, 9, 3), photometric="rgb")
    with pytest.raises(InputError, match=r"'slow'.*v 0.12 cm:s"):
        layouts.check("naples", tmp_path)


@pytest.mark.parametrize(
    ("name", "found"),
    [("bananas/12_8_0300mbar_0001.bmp", "unknown class 'bananas'"), ("slipper/cell1.bmp", "without black corners")],
)
def test_crop_folder_or_name_that_means_nothing(tmp_path, name, found):
    write_avi(tmp_path / "videos/blood_donor_1/0300mbar_1.avi", noise(1, 16, 16))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/result.json").write_text('{"images": [], "categories": [], "annotations": []}')
    layouts.check("nouaman2024", tmp_path)
    (tmp_path / name).parent.mkdir()
    cv2.imwrite(str(tmp_path / name), noise(4, 4))
    with pytest.raises(InputError, match=found):
        layouts.check("nouaman2024", tmp_path)


def test_picture_that_is_none_or_has_sixteen_bits(tmp_path):
    (tmp_path / "a.bmp").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((4, 4), np.uint16))
    for name, found in (("a.bmp", "no readable picture"), ("b.png", "uint16"), ("c.bmp", "no such file")):
        with pytest.raises(InputError, match=found):
            read_grey(tmp_path / name)


def test_hdf5_that_is_none_or_lacks_a_dataset(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF")
    with pytest.raises(InputError, match="no readable HDF5"):
        layouts.check("flow_public", tmp_path)
    write_recording(tmp_path / "a.h5", [1, 2])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["events/image_bg"]
    with pytest.raises(InputError, match="no such dataset") as error:
        layouts.check("flow_public", tmp_path)
    assert error.value.where == "events/image_bg"


def test_archive_with_another_sha256_is_not_opened(tmp_path):
    with tarfile.open(tmp_path / "dcnum-0.31.0.tar.gz", "w:gz"):
        pass
    with pytest.raises(flow_public.Unavailable, match="has sha256"):
        flow_public.unpack(tmp_path / "dcnum-0.31.0.tar.gz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_failing_pip_makes_the_recordings_unavailable(tmp_path):
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'ERROR: no matching distribution' >&2\nexit 1\n")
    pip.chmod(0o755)
    with pytest.raises(flow_public.Unavailable, match="no matching distribution"):
        flow_public.fetch(tmp_path / "out", str(pip))
    with pytest.raises(flow_public.Unavailable, match="could not download"):
        flow_public.fetch(tmp_path / "out", str(tmp_path / "no python"))
    assert not (tmp_path / "out").exists()


def test_slow_pip_makes_the_recordings_unavailable(tmp_path, monkeypatch):
    def too_slow(*_, **options):
        raise subprocess.TimeoutExpired("pip", options["timeout"])

    monkeypatch.setattr(subprocess, "run", too_slow)
    with pytest.raises(flow_public.Unavailable, match="timed out after 300 seconds"):
        flow_public.fetch(tmp_path / "out", "python")
