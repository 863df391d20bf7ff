"""Every kind of recording gives the same grey frames and the facts its file states; a broken one is named."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
import pytest
import tifffile

from raw_inputs import noise, write_avi, write_picture, write_tiff
from rbcflow.config.recordings import Recording
from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.plan.disk import Disk
from rbcflow.recordings import events
from rbcflow.recordings import rtdc as exported
from rbcflow.recordings.media import frames_of, open_media, select
from rbcflow.recordings.pictures import listed, natural
from rbcflow.recordings.probe import described, probe, read
from recordings_inputs import write_mp4, write_pictures, write_rtdc

FRAMES = noise(12, 24, 40)
COLOURS = noise(5, 24, 40, 3)


def avi(path: Path) -> Path:
    write_avi(path / "a.avi", FRAMES)
    return path / "a.avi"


def pictures(path: Path) -> Path:
    write_picture(path / "p" / ".hidden.png", noise(9, 9))
    return write_pictures(path / "p", FRAMES)


def pages(path: Path) -> Path:
    write_tiff(path / "a.tif", FRAMES)
    return path / "a.tif"


def imagej(path: Path) -> Path:
    tifffile.imwrite(path / "a.tif", FRAMES, imagej=True, metadata={"axes": "TYX"})
    return path / "a.tif"


def one_page(path: Path) -> Path:
    with tifffile.TiffWriter(path / "a.tif") as writer:
        writer.write(FRAMES, truncate=True)
    return path / "a.tif"


def white_is_zero(path: Path) -> Path:
    tifffile.imwrite(path / "a.tif", 255 - FRAMES, photometric="miniswhite")
    return path / "a.tif"


def rtdc(path: Path) -> Path:
    return write_rtdc(path / "a.rtdc", FRAMES, list(range(12)))


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (avi, "video"),
        (pictures, "pictures"),
        (pages, "tiff"),
        (imagej, "tiff"),
        (one_page, "tiff"),
        (white_is_zero, "tiff"),
        (rtdc, "hdf5"),
    ],
)
def test_every_kind_gives_the_same_frames(tmp_path: Path, write, kind: str):
    media = open_media(write(tmp_path))
    found = list(select(media))
    assert (media.kind, media.channels, media.expected) == (kind, 1, 12)
    assert [number for number, _ in found] == list(range(12))
    np.testing.assert_array_equal([image for _, image in found], FRAMES)


def test_colours_are_weighted_to_grey(tmp_path: Path):
    smooth = cv2.resize(noise(6, 10, 3), (40, 24))
    wanted = to_grey(smooth)
    write_tiff(tmp_path / "a.tif", [smooth] * 3)
    write_pictures(tmp_path / "p", [smooth[..., ::-1]] * 3)
    video = write_mp4(tmp_path / "a.mp4", np.stack([smooth] * 3))
    for path, most in ((tmp_path / "a.tif", 0), (tmp_path / "p", 0), (video, 12)):
        media = open_media(path)
        found = [image for _, image in select(media)]
        assert (media.channels, len(found), found[0].shape) == (3, 3, (24, 40)), path
        assert np.abs(found[1].astype(int) - wanted).max() <= most, path


def test_the_rate_of_a_video_is_not_the_cameras(tmp_path: Path):
    found = probe(Recording(recording="a", file=str(avi(tmp_path))), "sheet")
    assert found["fps"] is None
    assert probe(Recording(recording="a", file=found["file"], fps=500), "sheet")["fps"] == 500


@pytest.mark.parametrize(
    ("unit", "interval", "facts"),
    [
        ("um", {"finterval": 0.002}, {"pixel_um": 0.2645, "fps": 500.0}),
        ("micron", {"finterval": 2, "tunit": "ms"}, {"pixel_um": 0.2645, "fps": 500.0}),
        ("nm", {}, {"pixel_um": 0.0002645}),
        ("Micron", {"finterval": 0.01, "tunit": "min"}, {"pixel_um": 0.2645, "fps": 1.66667}),
        ("inch", {}, {"pixel_um": 6718.3}),
        # the rate at which ImageJ plays
        ("pixel", {"fps": 7.0}, {}),
    ],
)
def test_imagejs_tags_are_read(tmp_path: Path, unit: str, interval: dict, facts: dict):
    metadata = {"unit": unit, "axes": "TYX", **interval}
    resolution = (1 / 0.2645, 1 / 0.2645)
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, resolution=resolution, metadata=metadata)
    media = open_media(tmp_path / "a.tif")
    assert media.facts == pytest.approx(facts, rel=1e-4) and not media.warnings


def test_a_unit_that_is_not_known_is_told(tmp_path: Path):
    metadata = {"unit": "furlong", "axes": "TYX", "finterval": 2.0, "tunit": "week"}
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, resolution=(2, 2), metadata=metadata)
    media = open_media(tmp_path / "a.tif")
    assert media.facts == {}
    assert [unit in said for unit, said in zip(["'furlong'", "'week'"], media.warnings, strict=True)] == [True, True]


def test_attributes_of_an_instrument_are_read(tmp_path: Path):
    attributes = {"imaging__pixel_size": 0.34, "imaging__frame_rate": 3000.0, "setup__flow_rate": 0.06,
                  "setup__channel_width": 20.0}  # fmt: skip
    path = write_rtdc(tmp_path / "a.rtdc", FRAMES[:3], [0, 1, 2], **attributes)
    assert open_media(path).facts == {"pixel_um": 0.34, "fps": 3000.0, "flow_ul_s": 0.06, "channel_um": 20.0}


@pytest.mark.parametrize(
    ("stored", "fact", "warning"),
    [
        ("0.34", 0.34, ""), (b"0.34", 0.34, ""), ([0.34], 0.34, ""), ("0.34 um", None, "'0.34 um', no positive number"),
        (0, None, "'0', no positive number"), ([0.3, 0.4], None, "no positive number"), ("nan", None, "'nan', no"),
    ],
)  # fmt: skip
def test_an_attribute_stored_as_text_is_a_number_or_named(tmp_path: Path, stored, fact: float | None, warning: str):
    path = write_rtdc(tmp_path / "a.rtdc", FRAMES[:3], [0, 1, 2], imaging__pixel_size=stored)
    media = open_media(path)
    assert media.facts.get("pixel_um") == fact
    assert warning in "".join(media.warnings) and bool(warning) is bool(media.warnings)


@pytest.mark.parametrize("kind", ["u1", ">u2", "<u2"])
def test_either_order_of_bytes_is_read(tmp_path: Path, kind: str):
    path = write_rtdc(tmp_path / "a.rtdc", FRAMES[:3].astype(kind), [0, 1, 2])
    images = [image for _, image in select(open_media(path))]
    np.testing.assert_array_equal(images, FRAMES[:3])
    assert {image.dtype for image in images} == {np.dtype("u1" if kind == "u1" else np.uint16)}


@pytest.mark.parametrize(
    ("facts", "parts"),
    [
        ({"pixel_um": 0.35}, ["my.tsv (recording a, column pixel_um): found 0.35; expected 0.34", "a.rtdc"]),
        ({"fps": 2500}, ["my.tsv (recording a, column fps): found 2500; expected 3000"]),
        ({"roi": (0, 0, 41, 9)}, ["column roi", "0,0,41,9", "40x24"]),
        ({"first": 50}, ["columns first and last", "first 50, last None", "frames 0 to 2"]),
    ],
)
def test_a_sheet_that_contradicts_the_file_is_refused(tmp_path: Path, facts: dict, parts: list[str]):
    attributes = {"imaging__pixel_size": 0.34, "imaging__frame_rate": 3000.0}
    path = write_rtdc(tmp_path / "a.rtdc", FRAMES[:3], [0, 1, 2], **attributes)
    with pytest.raises(InputError) as caught:
        probe(Recording(recording="a", file=str(path), **facts), "my.tsv")
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    # within a rounding they agree, and the sheet's is taken
    assert probe(Recording(recording="a", file=str(path), pixel_um=0.3401), "my.tsv")["pixel_um"] == 0.3401


def test_a_frame_with_several_events_is_one_and_gaps_are_kept(tmp_path: Path):
    path = write_rtdc(tmp_path / "a.rtdc", FRAMES[:6], [101, 101, 102, 105, 105, 106])
    found = list(select(open_media(path)))
    assert [number for number, _ in found] == [101, 102, 105, 106]
    np.testing.assert_array_equal([image for _, image in found], FRAMES[[0, 2, 3, 5]])
    numbers = probe(Recording(recording="a", file=str(path)), "s")["frame_numbers"]
    assert numbers == {"first": 101, "last": 106, "missing": 2, "n_gaps": 1, "gaps": [[102, 105]]}


@pytest.mark.parametrize(
    ("names", "numbers", "warning"),
    [
        (["2.png", "10.png", "1.png"], [0, 1, 9], ""),
        (["a_20mbar_007.png", "a_20mbar_008.png", "a_20mbar_010.png"], [0, 1, 3], ""),
        (["x0005.png", "x0010.png", "x0015.png"], [0, 1, 2], "steps of 5"),
        (["a1.png", "b2.png", "c7.png"], [0, 1, 2], "names do not differ in one number alone"),
        (["t_0.5.png", "t_0.25.png", "t_0.png"], [0, 1, 2], "have decimals, as times do"),
        (["t_0.25.png", "t_0.50.png", "t_1.00.png"], [0, 1, 2], "names do not differ in one number alone"),
        (["img_000_Default_000.png", "img_001_Default_000.png", "img_003_Default_000.png"], [0, 1, 3], ""),
        (["img_000_c0_z0.png", "img_001_c0_z1.png"], [0, 1], "a lost frame is not seen"),
        (["a.png"], [0], ""),
        (["a.png", "b.png", "notes.txt"], [0, 1], "1 file that is no picture was passed over"),
    ],
)
def test_numbers_of_pictures(tmp_path: Path, names: list[str], numbers: list[int], warning: str):
    for name in names:
        write_picture(tmp_path / name, FRAMES[0]) if name.endswith("png") else (tmp_path / name).write_text("x")
    media = open_media(tmp_path)
    assert [number for number, _ in media.frames()] == numbers
    assert warning in "".join(media.warnings)
    assert bool(warning) is bool(media.warnings)


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["0.5", "0.25", "1.0", "1.125"], ["0.25", "0.5", "1.0", "1.125"]),
        (["run2_t1.5s", "run2_t1.25s", "run2_t10s"], ["run2_t1.25s", "run2_t1.5s", "run2_t10s"]),
        (["1.9", "1.10", "1.11"], ["1.9", "1.10", "1.11"]),
        (["a0.5", "b0.25"], ["a0.5", "b0.25"]),
    ],
)
def test_decimals_in_names_are_numbers_unless_they_count(tmp_path: Path, names: list[str], order: list[str]):
    for name in names:
        write_picture(tmp_path / f"{name}.png", FRAMES[0])
    assert [path.stem for path in listed(tmp_path)[0]] == order


@pytest.mark.parametrize("plus", ["+", ""])
def test_frames_before_the_trigger_come_first_in_their_order(tmp_path: Path, plus: str):
    """High-speed cameras count backwards from the trigger."""
    names = ["img-0003", "img-0002", f"img{plus}0000", f"img{plus}0001"]
    for name in names:
        write_picture(tmp_path / f"{name}.png", FRAMES[0])
    files, numbers, warnings = listed(tmp_path)
    assert ([path.stem for path in files], numbers, warnings) == (names, [0, 1, 3, 4], ())


def test_a_minus_in_all_names_is_a_dash(tmp_path: Path):
    for name in ("a-1", "a-2", "a-4"):
        write_picture(tmp_path / f"{name}.png", FRAMES[0])
    assert listed(tmp_path)[1] == [0, 1, 3]


def test_a_jpeg_is_upright_as_in_any_viewer(tmp_path: Path):
    """Tag 0x112 of Exif is 6: turn it clockwise."""
    path = tmp_path / "frame_0.jpg"
    cv2.imwrite(str(path), np.zeros((24, 40), np.uint8))
    tag = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    part = b"Exif\0\0" + tag
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(part) + 2).to_bytes(2, "big") + part + content[2:])
    assert [image.shape for _, image in open_media(tmp_path).frames()] == [(40, 24)]


@pytest.mark.parametrize("suffix", [".czi", ".ND2", ".lif"])
def test_a_makers_format_is_named(tmp_path: Path, suffix: str):
    (tmp_path / f"a{suffix}").write_bytes(b"ZISRAWFILE")
    with pytest.raises(InputError, match=rf"a maker's own format \({suffix.lower()}\).*a TIFF stack"):
        open_media(tmp_path / f"a{suffix}")


def test_natural_order():
    assert sorted(["f10", "f9", "F1", "f"], key=natural) == ["f", "F1", "f9", "f10"]


def test_sixteen_bits_have_one_mapping_of_the_whole_recording(tmp_path: Path):
    # fewer than one in a thousand of a frame's 2000 pixels are darker than 1000, and as few brighter than 3000
    images = np.linspace(1000, 3000, 4 * 50 * 40).reshape(4, 50, 40).astype(np.uint16)
    images[0, 0, 0], images[3, -1, -1] = 0, 60000
    write_tiff(tmp_path / "a.tif", images)
    found = probe(Recording(recording="a", file=str(tmp_path / "a.tif")), "s")
    assert found["depth"] == 16
    assert found["mapping"]["low"] in range(995, 1010)
    assert found["mapping"]["high"] in range(2990, 3005)
    shown = np.stack([image for _, image in frames_of(found)])
    assert shown.dtype == np.uint8
    # the middle of the recording is the middle of the grey levels, and frames keep their order of brightness
    assert abs(float(shown.mean()) - 127.5) < 2
    assert np.all(np.diff(shown.mean(axis=(1, 2))) > 40)
    write_pictures(tmp_path / "p", images)
    again = probe(Recording(recording="a", file=str(tmp_path / "p")), "s")
    assert again["mapping"] == found["mapping"]


def test_a_cell_in_few_frames_is_not_clipped_and_a_flash_does_not_count(tmp_path: Path):
    """A cell of 600 pixels in two of 50 frames of 40,000 is less than a thousandth of all pixels."""
    rng = np.random.default_rng(0)
    images = rng.normal(2000, 20, (50, 100, 400))
    images[[10, 20], 40:60, 50:80] -= 500
    images[33] += 20000
    write_tiff(tmp_path / "a.tif", images.astype(np.uint16))
    mapping = probe(Recording(recording="a", file=str(tmp_path / "a.tif")), "s")["mapping"]
    assert mapping["low"] in range(1430, 1500) and mapping["high"] in range(2050, 2100)


def test_one_frame_in_two_pictures_and_times_in_names(tmp_path: Path):
    images = np.zeros((3, 20, 30), np.uint8)
    write_pictures(tmp_path / "twice", images)
    first = min((tmp_path / "twice").iterdir())
    first.with_suffix(".jpg").write_bytes(b"")
    with pytest.raises(InputError, match=rf"{first.stem}\.jpg and {first.name}.*each frame once"):
        open_media(tmp_path / "twice")
    for number, moment in enumerate((0, 2001, 4001, 6000)):
        cv2.imwrite(str(tmp_path / f"t_{moment}.png"), images[0] + number)
    media = open_media(tmp_path)
    assert [number for number, _ in media.frames()] == [0, 1, 2, 3]
    assert "go up by about 2000, as times do" in media.warnings[0]


def test_a_picture_of_another_size_is_named(tmp_path: Path):
    write_pictures(tmp_path, np.zeros((3, 20, 30), np.uint8))
    odd = sorted(tmp_path.iterdir())[2]
    cv2.imwrite(str(odd), np.zeros((20, 40), np.uint8))
    with pytest.raises(InputError, match=rf"{odd.name} \(frame 2\): found 40x20 pixels"):
        probe(Recording(recording="a", file=str(tmp_path)), "s")


def test_a_pixel_size_that_is_none_is_not_taken_from_a_file(tmp_path: Path):
    write_rtdc(tmp_path / "a.rtdc", np.zeros((3, 20, 30), np.uint8), imaging__pixel_size=264.5)
    row = Recording(recording="a", file=str(tmp_path / "a.rtdc"))
    metadata = read(row, "s")
    # boxes depend on all that is stated there
    assert "pixel_um" not in metadata["stated"]
    found = described(row, metadata, "s")
    assert found["pixel_um"] is None and "264.5 um, is no microscope's" in found["warnings"][-1]


@pytest.mark.parametrize(("kind", "first", "added"), [("hdf5", 1, 0), ("hdf5", 0, 1), ("tiff", 0, 1), ("video", 3, 1)])
def test_exported_frames_have_the_instruments_numbers_or_count_from_one(kind: str, first: int, added: int):
    assert exported._first({"kind": kind, "frame_numbers": {"first": first}}) == added


def test_a_file_replaced_by_an_older_one_is_seen(tmp_path: Path):
    file, state = tmp_path / "a.avi", Disk.recording_listing
    file.write_bytes(b"12")
    before = state(None, str(file))
    os.utime(file, (0, 0))
    older = state(None, str(file))
    # as large, as stacks of one setting of a camera are
    assert older != before
    file.write_bytes(b"123")
    os.utime(file, (0, 0))
    assert state(None, str(file)) not in (before, older)
    assert state(None, str(tmp_path / "none.avi")) == ""


def test_part_of_a_recording(tmp_path: Path):
    row = Recording(recording="a", file=str(avi(tmp_path)), roi=(3, 2, 30, 20), first=4, last=9)
    found = probe(row, "s")
    assert (found["n_frames"], found["width"], found["height"]) == (6, 40, 24)
    shown = list(frames_of(found))
    assert [number for number, _ in shown] == [4, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(shown[0][1], FRAMES[4, 2:20, 3:30])
    np.testing.assert_array_equal(next(frames_of(found, whole=True))[1], FRAMES[4])
    json.dumps(found)
    assert found["warnings"] == []
    beyond = probe(row.model_copy(update={"last": 12}), "s")
    assert beyond["n_frames"] == 8 and "last is 12 in the sheet, the last frame there is has number 11" in str(beyond)


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def jpegs(path: Path) -> Path:
    return write_pictures(path / "p", FRAMES, "f{}.jpg")


def mixed(path: Path) -> Path:
    write_pictures(path / "p", FRAMES)
    write_picture(path / "p" / "frame4.png", noise(24, 41))
    return path / "p"


def half_a_png(path: Path) -> Path:
    cut(write_pictures(path / "p", FRAMES) / "frame7.png", 0.5)
    return path / "p"


def half_a_jpeg(path: Path) -> Path:
    cut(jpegs(path) / "f3.jpg", 0.6)
    return path / "p"


def channels(path: Path) -> Path:
    tifffile.imwrite(path / "a.tif", noise(4, 2, 8, 9), imagej=True, metadata={"axes": "TCYX"})
    return path / "a.tif"


def oblong(path: Path) -> Path:
    metadata = {"unit": "um", "axes": "TYX"}
    tifffile.imwrite(path / "a.tif", FRAMES, imagej=True, resolution=(4, 2), metadata=metadata)
    return path / "a.tif"


def floats(path: Path) -> Path:
    tifffile.imwrite(path / "a.tif", FRAMES.astype(np.float32))
    return path / "a.tif"


def palette(path: Path) -> Path:
    tifffile.imwrite(path / "a.tif", FRAMES[0], photometric="palette", colormap=noise(3, 256).astype(np.uint16))
    return path / "a.tif"


def text(path: Path) -> Path:
    (path / "a.avi").write_text("no video")
    return path / "a.avi"


def sound(path: Path) -> Path:
    with av.open(str(path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return path / "a.mp4"


def empty_folder(path: Path) -> Path:
    (path / "p").mkdir()
    (path / "p" / "a.doc").write_text("x")
    return path / "p"


def one_picture(path: Path) -> Path:
    write_picture(path / "a.png", FRAMES[0])
    return path / "a.png"


def other_hdf5(path: Path) -> Path:
    with h5py.File(path / "a.h5", "w") as file:
        file["data"] = FRAMES
    return path / "a.h5"


def numbers_back(path: Path) -> Path:
    return write_rtdc(path / "a.rtdc", FRAMES[:3], [5, 4, 6])


def clear_png(path: Path) -> Path:
    return write_pictures(path / "p", np.dstack([FRAMES[0]] * 3 + [np.full((24, 40), 9, np.uint8)])[None])


WRONG = {
    "cut avi": (lambda path: cut(avi(path), 0.6), ["a.avi (frame ", "cut short"]),
    "cut mp4": (lambda path: cut(write_mp4(path / "a.mp4", COLOURS), 0.5), ["a.mp4", "cut short at byte"]),
    "cut tiff": (lambda path: cut(pages(path), 0.6), ["a.tif (page ", "cut short"]),
    "cut frames behind a page": (lambda path: cut(one_page(path), 0.6), ["a.tif (frame 7)", "cut short"]),
    "cut hdf5": (lambda path: cut(rtdc(path), 0.6), ["a.rtdc", "cut short"]),
    "cut picture": (half_a_png, ["frame7.png (frame 7)", "no readable picture"]),
    "cut jpeg": (half_a_jpeg, ["f3.jpg (frame 3)", "cut short"]),
    "two sizes": (mixed, ["(frame 4)", "41x24", "40x24"]),
    "channels": (channels, ["a.tif", "T of 4 x C of 2", "split the channels"]),
    "oblong pixels": (oblong, ["a.tif (ImageJ's tags)", "0.25 x 0.5 um", "square"]),
    "floats": (floats, ["a.tif (page 0)", "float32"]),
    "palette": (palette, ["a.tif (page 0)", "palette"]),
    "no video": (text, ["a.avi (frame 0)", "no decodable frame"]),
    "sound": (sound, ["a.mp4 (frame 0)", "no decodable frame"]),
    "empty folder": (empty_folder, ["files of the kinds .doc", "pictures"]),
    "one picture": (one_picture, ["one picture", "folder"]),
    "another hdf5": (other_hdf5, ["a.h5 (events/image)", "no such dataset"]),
    "numbers go back": (numbers_back, ["a.rtdc (events/frame, event 1)", "4 after 5"]),
    "see-through": (clear_png, ["frame0.png (frame 0)", "transparent"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, case: str):
    write, parts = WRONG[case]
    path = write(tmp_path)
    with pytest.raises(InputError) as caught:
        probe(Recording(recording="a", file=str(path)), "my.tsv")
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_header_that_names_more_frames_is_told(tmp_path: Path):
    path = avi(tmp_path)
    assert probe(Recording(recording="a", file=str(path)), "s")["warnings"] == []
    content = bytearray(path.read_bytes())
    # dwTotalFrames of the main header, and dwLength of the stream's
    for tag, offset in ((b"avih", 24), (b"strh", 40)):
        place = content.index(tag) + offset
        assert int.from_bytes(content[place : place + 4], "little") == 12
        content[place : place + 4] = (20).to_bytes(4, "little")
    path.write_bytes(content)
    found = probe(Recording(recording="a", file=str(path)), "s")
    assert (found["n_frames"], found["warnings"]) == (12, ["the header names 20 frames, 12 decode"])


@pytest.mark.parametrize("kind", ["tiff", "hdf5"])
def test_memory_does_not_grow_with_the_length(tmp_path: Path, kind: str, monkeypatch):
    monkeypatch.setattr(events, "BLOCK", 1 << 20)
    peaks = []
    for count in (20, 107):
        images = np.zeros((count, 128, 640), np.uint8)
        path = tmp_path / f"{count}.{'tif' if kind == 'tiff' else 'h5'}"
        if kind == "tiff":
            write_tiff(path, images)
        else:
            with h5py.File(path, "w") as file:
                file.create_dataset("events/image", data=images, chunks=(20, 128, 640))
        del images
        tracemalloc.start()
        found = probe(Recording(recording="a", file=str(path)), "s")
        assert sum(1 for _ in frames_of(found)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 87 frames more are 7 MB
    assert peaks[1] < peaks[0] + 2_000_000
