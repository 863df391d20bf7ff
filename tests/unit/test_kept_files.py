"""Files as people keep them, after public bug reports of tools like this one: read right, or refused by a message.

Each case is a folder that a laboratory may have; the expectation is what is in it, or what the message says.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image

from raw_inputs import noise, write_avi, write_picture
from rbcflow.cells.splits import held_out
from rbcflow.core.errors import InputError
from rbcflow.sources import layouts, manifest, record, skipping
from rbcflow.sources.listing import listed
from rbcflow.sources.look import look
from rbcflow.sources.tiff import read_pages
from rbcflow.sources.video import counts_lost, numbered_frames

V = "v 0.12 cm_s"
GREY, COLOUR = noise(3, 6, 9), noise(3, 6, 9, 3)
GHOST = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(40)
"""What a Mac writes beside each file on a foreign disk, under the file's name after `._`."""


def accepted(layout: str, raw: Path, bad_files: str = "stop", **reading_options: object) -> Path:
    """Return the folder that later stages read, and write the record as the rule does."""
    links = raw.parent / "links"
    found = skipping.accept(layout, raw, links, bad_files, **{"without_polygons": "leave_out", **reading_options})
    sums = manifest.check(found.listing, raw.parent / "raw.sha256")
    record.write(raw.parent / "source.json", source="s", layout=layout, origin="raw", folder=links,
                 sums=found.sums(sums), **found.told)  # fmt: skip
    return links


def contents(layout: str, folder: Path) -> dict[str, list[np.ndarray]]:
    """Return the frames of each recording."""
    reader = layouts.READERS[layout]
    return {name: [frame.image for frame in reader.read(folder, name)] for name in reader.recordings(folder)}


def refused(layout: str, raw: Path, *parts: str) -> None:
    """Check that a folder is refused by a message with all parts, and with `skip` listed with the same."""
    with pytest.raises(InputError) as caught:
        accepted(layout, raw)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    str(caught.value).encode()


# TIFF stacks


def stack(raw: Path, images: np.ndarray, name: str = f"{V}/a.tif", **options: object) -> None:
    """Write pages with a header each."""
    (raw / name).parent.mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(raw / name) as writer:
        for image in images:
            writer.write(image, contiguous=False, metadata=None, **options)


def imagej(raw: Path, images: np.ndarray, axes: str, **options: object) -> None:
    """Write a stack as ImageJ does; with `truncate`, one header before all frames."""
    (raw / V).mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(raw / V / "a.tif", imagej=True) as writer:
        writer.write(images, metadata={"axes": axes}, **options)


def behind(raw: Path) -> None:
    """Write one page, and bytes for two more frames of which nothing speaks."""
    stack(raw, GREY[:1], photometric="minisblack")
    path = raw / V / "a.tif"
    path.write_bytes(path.read_bytes() + GREY[1:].tobytes())


def cut_behind(raw: Path) -> None:
    """Write a stack as ImageJ does, with one header, and lose one and a half of its three frames."""
    imagej(raw, GREY, "TYX", truncate=True)
    os.truncate(raw / V / "a.tif", (raw / V / "a.tif").stat().st_size - GREY[0].size * 3 // 2)


def damaged_jpeg(raw: Path) -> None:
    """Write two pages as JPEG and lose a piece of the second, as a disk does."""
    stack(raw, noise(2, 64, 64, 3), photometric="rgb", compression="jpeg")
    path = raw / V / "a.tif"
    with tifffile.TiffFile(path) as written:
        page = written.pages[1]
        middle = page.dataoffsets[0] + page.databytecounts[0] // 2
    content = path.read_bytes()
    path.write_bytes(content[:middle] + bytes(200) + content[middle + 200 :])


def ramp(values: np.ndarray) -> np.ndarray:
    """Return a palette of grey levels, 16 bits as the format has them."""
    return np.tile(values.astype(np.uint16) * 257, (3, 1))


DOWN = np.arange(255, -1, -1)
TALL = np.full((150, 800, 3), (200, 100, 50), np.uint8)
JPEG = np.stack([np.full((16, 32, 3), colour, np.uint8) for colour in ((200, 100, 50), (30, 60, 90))])

STACKS: dict[str, tuple[Callable[[Path], None], np.ndarray, int]] = {
    "white is zero": (lambda raw: stack(raw, 255 - GREY, photometric="miniswhite"), GREY, 0),
    "grey palette": (lambda raw: stack(raw, 255 - GREY, photometric="palette", colormap=ramp(DOWN)), GREY, 0),
    "one header": (lambda raw: imagej(raw, GREY, "TYX", truncate=True), GREY, 0),
    "one header, colours": (lambda raw: imagej(raw, COLOUR, "TYXS", truncate=True), COLOUR, 0),
    "one header, slices": (lambda raw: imagej(raw, GREY, "ZYX", truncate=True), GREY, 0),
    "many channels are frames": (lambda raw: imagej(raw, noise(9, 6, 9), "CYX"), noise(9, 6, 9), 0),
    "planes of colour": (
        lambda raw: stack(raw, COLOUR.transpose(0, 3, 1, 2), photometric="rgb", planarconfig="separate"), COLOUR, 0),
    "jpeg": (lambda raw: stack(raw, JPEG, photometric="rgb", compression="jpeg"), JPEG, 3),
    "from the bottom": (
        lambda raw: stack(raw, GREY[:, ::-1], photometric="minisblack", extratags=[(274, "H", 1, 4, True)]), GREY, 0),
    # the first row is the right side, the first column the top
    "on its side": (
        lambda raw: stack(raw, GREY[:, :, ::-1].swapaxes(1, 2), photometric="minisblack",
                          extratags=[(274, "H", 1, 6, True)]), GREY, 0),
    "opaque grey": (
        lambda raw: stack(raw, np.stack([GREY, np.full_like(GREY, 255)], -1), photometric="minisblack",
                          extrasamples=["unassalpha"]), GREY, 0),
    "a frame with its stack's description": (
        lambda raw: stack(raw, GREY[:1], description="ImageJ=1.54f\nimages=3\nslices=3\n", photometric="minisblack"),
        GREY[:1], 0),
    "jpeg with tables apart": (
        lambda raw: Image.fromarray(TALL).save(folder(raw / V) / "a.tif", compression="jpeg"), TALL[None], 3),
    "ome": (lambda raw: tifffile.imwrite(folder(raw / V) / "a.tif", GREY, ome=True, metadata={"axes": "TYX"}), GREY, 0),
    "other suffix": (lambda raw: stack(raw, GREY, f"{V}/a.TIFF", photometric="minisblack"), GREY, 0),
}  # fmt: skip


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize("case", STACKS)
def test_a_stack_is_read_as_it_is_shown(tmp_path: Path, case: str):
    write, shown, most = STACKS[case]
    write(tmp_path / "raw")
    (found,) = contents("naples", accepted("naples", tmp_path / "raw")).values()
    assert np.shape(found) == shown.shape
    assert np.abs(np.array(found, int) - shown).max() <= most


def test_sixteen_bits_white_is_zero(tmp_path: Path):
    levels = np.linspace(0, 60000, 6 * 9).reshape(1, 6, 9).astype(np.uint16)
    stack(tmp_path, levels, "shown.tif", photometric="minisblack")
    stack(tmp_path, 65535 - levels, "turned.tif", photometric="miniswhite")
    shown, turned = (next(read_pages(tmp_path / f"{name}.tif")) for name in ("shown", "turned"))
    np.testing.assert_array_equal(shown, turned)
    assert (shown[0, 0], shown[-1, -1]) == (0, 255)


REFUSED_STACKS = {
    "channels": (lambda raw: imagej(raw, noise(4, 2, 6, 9), "TCYX"), "T of 4 x C of 2"),
    "two channels": (lambda raw: imagej(raw, noise(2, 6, 9), "CYX"), "C of 2"),
    "times and slices": (lambda raw: imagej(raw, noise(3, 2, 6, 9), "TZYX"), "T of 3 x Z of 2"),
    "palette of colours": (
        lambda raw: stack(raw, GREY, photometric="palette", colormap=noise(3, 256).astype(np.uint16)), "of colours"),
    "inks": (lambda raw: stack(raw, noise(2, 6, 9, 4), photometric="separated"), "mean SEPARATED"),
    "luma, not jpeg": (lambda raw: stack(raw, COLOUR, photometric="ycbcr"), "mean YCBCR"),
    "one bit": (lambda raw: stack(raw, GREY > 90, photometric="minisblack"), "bool pixels"),
    "bytes behind": (behind, "bytes enough for 2 frames behind it"),
    "cut behind one header": (
        lambda raw: (imagej(raw, GREY, "TYX", truncate=True), os.truncate(raw / V / "a.tif", 400)), "cut short"),
    "cut between frames behind one header": (cut_behind, "(frame 1): found the file cut short"),
    "a damaged jpeg": (damaged_jpeg, "(page 1): found a damaged picture"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_STACKS)
def test_a_stack_that_shows_something_else_is_refused(tmp_path: Path, case: str):
    write, part = REFUSED_STACKS[case]
    write(tmp_path / "raw")
    refused("naples", tmp_path / "raw", f"{V}/a.tif", part)


def test_nothing_is_passed_over_in_silence(tmp_path: Path):
    raw = tmp_path / "raw"
    for name in (f"{V}/a.tif", f"{V}/day2/b.tif", "c.tif"):
        stack(raw, GREY, name, photometric="minisblack")
    write_picture(raw / "pictures/a.bmp", noise(9, 9))
    write_picture(raw / "pictures/b.bmp", noise(9, 9))
    (raw / "film.bak").write_bytes(b"RIFF\0\0\0\0AVI LIST")
    (raw / "notes.txt").write_text("BM is how a bitmap begins")
    refused("naples", raw, "3 bad files", "c.tif: found a stack that is not read", "film.bak: found a video by",
            "pictures/: found 2 files (picture: a.bmp, b.bmp) not read", "`ignore: [pictures]`")  # fmt: skip
    links = accepted("naples", raw, "skip")
    assert list(contents("naples", links)) == [f"{V}/a", f"{V}/day2/b"]
    kept = record.read(tmp_path / "source.json")
    assert {one["file"] for one in kept.skipped} == {"c.tif", "film.bak", "pictures/"}
    links = accepted("naples", raw, ignore=["pictures", "*.bak", "c.tif"])
    kept = record.read(tmp_path / "source.json")
    assert (kept.n_files, kept.skipped) == (2, [])
    assert kept.taken == [{"folder": V, "kind": "stack", "files": 1},
                          {"folder": f"{V}/day2", "kind": "stack", "files": 1}]  # fmt: skip
    assert {(one["folder"], one["files"]) for one in kept.ignored} == {(".", 1), ("pictures", 2), (".", 1)}


@pytest.mark.parametrize(
    ("strange", "patterns"),
    [
        (["croissant/day 2/b.heic"], ["croissant/day 2/b.heic"]),
        (["croissant/b.heic", "croissant/c.heic"], ["croissant/*.heic"]),
        (["croissant/[1]/b.avi", "croissant/[1]/c.avi"], ["croissant/[[]1]"]),
        (["b.heic", "c.gif"], ["*.gif", "*.heic"]),
        # a picture at the top has no class
        (["b.bmp", "c.bmp"], ["b.bmp", "c.bmp"]),
    ],
)
def test_a_message_names_a_pattern_that_leaves_out_nothing_else(tmp_path: Path, strange: list, patterns: list):
    raw = tmp_path / "raw"
    write_picture(raw / "croissant/1.bmp", noise(9, 9))
    write_picture(raw / "slipper/2.bmp", noise(9, 9))
    for name in strange:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(b"any")
    with pytest.raises(InputError) as caught:
        accepted("crops", raw)
    told = re.search(r"`ignore: (.+)` in the source's entry", str(caught.value))[1]
    assert yaml.safe_load(told) == patterns
    accepted("crops", raw, ignore=yaml.safe_load(told))
    assert record.read(tmp_path / "source.json").n_files == 2


def test_hidden_files_never_count(tmp_path: Path):
    raw = tmp_path / "raw"
    stack(raw, GREY, photometric="minisblack")
    accepted("naples", raw)
    first = (tmp_path / "source.json").read_bytes()
    for name in (f"{V}/._a.tif", ".DS_Store", "Thumbs.db", f"__MACOSX/{V}/a.tif", ".git/x.bmp"):
        folder((raw / name).parent)
        (raw / name).write_bytes(GHOST)
    accepted("naples", raw)
    assert (tmp_path / "source.json").read_bytes() == first


def test_a_name_that_cannot_be_written_is_named_in_a_folder_that_is_read_as_it_lies(tmp_path: Path):
    for name in ("a", os.fsdecode(b"\xe4")):
        write_picture(tmp_path / f"raw/images/{name}.png", noise(9, 9))
    folder(tmp_path / "raw/labels").joinpath("a.txt").touch()
    refused("yolo_folder", tmp_path / "raw", "\\xe4.png", "a name that is not UTF-8", "the file renamed")
    accepted("yolo_folder", tmp_path / "raw", "skip")
    assert record.read(tmp_path / "source.json").n_files == 2


@pytest.mark.parametrize("name", [b"Pr\xe4parat.tif", b"two\nlines.tif"])
def test_a_name_that_cannot_be_written_is_named(tmp_path: Path, name: bytes):
    raw = tmp_path / "raw"
    stack(raw, GREY, photometric="minisblack")
    (raw / V / "a.tif").rename(raw / V / os.fsdecode(name))
    refused("naples", raw, "Pr\\xe4parat.tif" if b"Pr" in name else "lines.tif", "the file renamed")
    stack(raw, GREY, f"{V}/b.tif", photometric="minisblack")
    assert list(contents("naples", accepted("naples", raw, "skip"))) == [f"{V}/b"]


def test_links_are_followed_and_loops_end(tmp_path: Path):
    raw, elsewhere = folder(tmp_path / "raw"), tmp_path / "elsewhere"
    stack(elsewhere, GREY, f"{V}/a.tif", photometric="minisblack")
    (raw / V).symlink_to(elsewhere / V)
    (elsewhere / V / "again").symlink_to(raw)
    (elsewhere / V / "here").symlink_to(elsewhere / V)
    assert list(contents("naples", accepted("naples", raw))) == [f"{V}/a"]
    # what was moved away since is not passed over
    elsewhere.rename(tmp_path / "moved")
    with pytest.raises(InputError, match=r"1 links in .* not where they were"):
        record.read(tmp_path / "source.json")
    (tmp_path / "moved").rename(elsewhere)
    (raw / "gone.tif").symlink_to(tmp_path / "nowhere.tif")
    refused("naples", raw, "gone.tif", "a link that leads nowhere")


@pytest.mark.parametrize(("name", "condition"), [("v 0,12 cm_s", "0.12 cm/s"), ("v 1.0 cm:s", "1 cm/s")])
def test_velocities_as_people_write_them(tmp_path: Path, name: str, condition: str):
    stack(tmp_path / "raw", GREY, f"{name}/a.tif", photometric="minisblack")
    links = accepted("naples", tmp_path / "raw")
    assert next(layouts.READERS["naples"].read(links, f"{name}/a")).condition == condition


# videos


def jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def motion_jpeg(path: Path, frames: list[bytes], height: int = 32, width: int = 48) -> None:
    """Write an AVI by hand, pictures as they are; an empty one is a frame that the camera dropped."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)

    def numbers(*values: int) -> bytes:
        return b"".join(value.to_bytes(4, "little") for value in values)

    count = len(frames)
    main = numbers(40000, 0, 0, 0x10, count, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + numbers(0, 0, 0, 1, 25, 0, count, 0, 0xFFFFFFFF, 0, 0, 0)
    picture = numbers(40, width, height) + b"\1\0\x18\0MJPG" + numbers(width * height * 3, 0, 0, 0, 0)
    header = b"hdrl" + chunk(b"avih", main) + chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    body = b"movi" + b"".join(chunk(b"00dc", data) for data in frames)
    index, place = b"", 4
    for data in frames:
        index += b"00dc" + numbers(0x10, place, len(data))
        place += 8 + len(data) + len(data) % 2
    content = b"AVI " + chunk(b"LIST", header) + chunk(b"LIST", body) + chunk(b"idx1", index)
    folder(path.parent)
    path.write_bytes(b"RIFF" + len(content).to_bytes(4, "little") + content)


SMOOTH = [cv2.resize(noise(6, 3 + number), (48, 32)) for number in range(8)]
PICTURES = [jpeg(image) for image in SMOOTH]
VIDEO = "videos/blood_donor_1/0300mbar_1.avi"


def spoiled(number: int, data: bytes) -> list[bytes]:
    return [*PICTURES[:number], data, *PICTURES[number + 1 :]]


BROKEN_VIDEOS = {
    "first frame": (spoiled(0, b"\xff\xd8\xff\xe0 no picture at all " * 20), "frame 0"),
    "middle frame": (spoiled(5, b"\xff\xd8\xff\xe0 no picture at all " * 20), "frame 5"),
    "half a frame": (spoiled(5, PICTURES[5][: len(PICTURES[5]) // 2]), "frame 5"),
    "half of zeros": (spoiled(3, PICTURES[3][: len(PICTURES[3]) // 2].ljust(len(PICTURES[3]), b"\0")), "frame 3"),
    "another size": (spoiled(4, jpeg(SMOOTH[0][:24])), "frame 4"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN_VIDEOS)
def test_a_damaged_frame_is_named(tmp_path: Path, case: str):
    frames, part = BROKEN_VIDEOS[case]
    motion_jpeg(tmp_path / "raw" / VIDEO, frames)
    refused("nouaman2024", tmp_path / "raw", VIDEO, part)


def test_dropped_frames_keep_their_numbers(tmp_path: Path):
    motion_jpeg(tmp_path / "raw" / VIDEO, [PICTURES[0], PICTURES[1], b"", b"", *PICTURES[2:], b""])
    links = accepted("nouaman2024", tmp_path / "raw")
    frames = list(layouts.READERS["nouaman2024"].read(links, "blood_donor_1/0300mbar_1"))
    assert [frame.index for frame in frames] == [0, 1, 4, 5, 6, 7, 8, 9]
    assert np.abs(frames[2].image.astype(int) - SMOOTH[2]).max() < 40


def timed(path: Path, times: list[int]) -> None:
    """Write frames at times in hundredths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for image, time in zip(SMOOTH, times, strict=False):
            frame = av.VideoFrame.from_ndarray(image, format="gray")
            frame.pts, frame.time_base = time, Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    ("times", "numbers"),
    [
        ([0, 4, 8, 20, 24, 44], [0, 1, 2, 5, 6, 11]),
        # a telephone's frames come when they come
        ([0, 4, 10, 13, 19, 22], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_numbers_by_time_where_times_go_in_steps(tmp_path: Path, suffix: str, times: list[int], numbers: list[int]):
    timed(tmp_path / f"a.{suffix}", times)
    assert [number for number, _ in numbered_frames(tmp_path / f"a.{suffix}")] == numbers


@pytest.mark.parametrize(
    ("name", "rate", "lost", "numbers"),
    [
        # steps of 1.25 and 1.4 ms on a clock of whole ms are 1 and now and then 2: nothing was lost, or nobody knows
        ("a.mkv", 800, (), range(8)), ("a.mkv", 700, (), range(8)), ("a.flv", 800, (), range(8)),
        ("a.wmv", 700, (), range(8)), ("a.mkv", 800, (3,), range(7)),
        # here a step is a tick, and two are a frame that was lost
        ("a.mkv", 1000, (3,), [0, 1, 2, 4, 5, 6, 7]), ("a.avi", 800, (3,), [0, 1, 2, 4, 5, 6, 7]),
    ],
)  # fmt: skip
def test_a_coarse_clock_loses_no_frame(tmp_path: Path, name: str, rate: int, lost: tuple, numbers: Iterable[int]):
    codec = {"flv": "flv", "wmv": "wmv2"}.get(name[2:], "ffv1")
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = 32, 48, "gray" if codec == "ffv1" else "yuv420p"
        for time, image in enumerate(SMOOTH):
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame) if time not in lost else [])
        container.mux(stream.encode())
    assert [number for number, _ in numbered_frames(tmp_path / name)] == list(numbers)
    assert counts_lost(tmp_path / name) is (rate == 1000 or name == "a.avi")


def test_frames_that_an_avi_stores_out_of_order_have_their_numbers(tmp_path: Path):
    """An AVI has times for the order of storing alone, and H.264 stores a frame behind those that lean on it."""
    pictures = [np.full((32, 48), 20 + 25 * number, np.uint8) for number in range(9)]
    with av.open(str(tmp_path / "a.avi"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "3", "b-adapt": "0", "crf": "4"})
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        for image in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode())
    found = list(numbered_frames(tmp_path / "a.avi"))
    assert [number for number, _ in found] == list(range(9))
    assert np.abs([image.mean() - own.mean() for (_, image), own in zip(found, pictures, strict=True)]).max() < 6


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [("a.AVI", "ffv1", "gray"), ("a.mp4", "mpeg4", "yuv420p"), ("a.MOV", "mpeg4", "yuv420p"),
     ("a.mkv", "mpeg4", "yuv420p"), ("a.flv", "flv", "yuv420p"), ("a.wmv", "wmv2", "yuv420p")],
)  # fmt: skip
def test_videos_of_every_suffix_a_folder_deeper(tmp_path: Path, name: str, codec: str, pix_fmt: str):
    write_avi(tmp_path / f"raw/study/blood_donor_1/day 2/{name}", np.stack(SMOOTH), codec, pix_fmt)
    links = accepted("nouaman2024", tmp_path / "raw")
    ((recording, found),) = contents("nouaman2024", links).items()
    assert (recording, len(found)) == ("blood_donor_1/day 2/a", 8)
    assert [frame.index for frame in layouts.READERS["nouaman2024"].read(links, recording)] == list(range(8))
    assert held_out([recording], "paper") == [recording]


def test_a_video_of_no_donor_is_named(tmp_path: Path):
    for name in (VIDEO, "videos/0500mbar_9.avi", "videos/study/patients/0500mbar_9.avi"):
        motion_jpeg(tmp_path / "raw" / name, PICTURES)
    refused("nouaman2024", tmp_path / "raw", "2 bad files", "videos/0500mbar_9.avi", "in no donor's folder")


# annotations


def labelled(raw: Path, pictures: dict[str, str], *, donors: int = 1, document: dict | None = None) -> dict:
    """Write a video a donor, pictures (name to what the export calls it) with a polygon each, and the export."""
    for donor in range(1, donors + 1):
        motion_jpeg(raw / f"videos/blood_donor_{donor}/0300mbar_1.avi", PICTURES)
    images, annotations = [], []
    for number, (name, stated) in enumerate(pictures.items()):
        write_picture(raw / name, SMOOTH[number % 8])
        images.append({"id": number, "width": 48, "height": 32, "file_name": stated})
        polygon = [[4, 4, 20, 4, 20, 20 - number]]
        annotations.append({"id": number, "image_id": number, "category_id": 7, "segmentation": polygon})
    made = {"images": images, "categories": [{"id": 7, "name": "Slipper"}], "annotations": annotations}
    export(raw, document or made)
    return made


def export(raw: Path, document: dict, encoding: str = "utf-8") -> None:
    (folder(raw / "annotations") / "result.json").write_text(json.dumps(document), encoding=encoding)


def frames_of(raw: Path, **reading_options: object) -> list[tuple[str, int, int]]:
    """Return recording, index and number of polygons of each annotated frame that is taken."""
    links = accepted("nouaman2024", raw, **reading_options)
    frames = layouts.READERS["nouaman2024"].annotated_frames(links)
    return [(frame.recording, frame.index, len(frame.polygons)) for frame in frames]


F = "frames/blood_donor_1/0300mbar_1"
STATED = {
    "as the layout has it": (f"{F}_00004.png", f"../../{F}_00004.png"),
    "upload's digits": ("frames/blood_donor_1/1f2e3d4c-0300mbar_1_00004.png",
                        "../../frames/blood_donor_1/1f2e3d4c-0300mbar_1_00004.png"),
    "digits in the export alone": (f"{F}_00004.png", "images/1f2e3d4c-0300mbar_1_00004.png"),
    "digits on the disk alone": ("frames/blood_donor_1/1f2e3d4c-0300mbar_1_00004.png", "0300mbar_1_00004.png"),
    "beside the export": ("annotations/images/1f2e3d4c-0300mbar_1_00004.png", "images/1f2e3d4c-0300mbar_1_00004.png"),
    "windows": (f"{F}_00004.png", "..\\..\\frames\\blood_donor_1\\0300mbar_1_00004.png"),
    "another disk": (f"{F}_00004.png", "D:\\Alex\\upload\\0300mbar_1_00004.png"),
    "a web address": (f"{F}_00004.png", "/data/local-files/?d=my%20project/0300mbar_1_00004.png"),
    "donor in the name": ("labelled/blood_donor_1_0300mbar_1_frame_4.png", "blood_donor_1_0300mbar_1_frame_4.png"),
}  # fmt: skip


@pytest.mark.parametrize("case", STATED)
def test_a_picture_belongs_to_its_video_whatever_the_export_calls_it(tmp_path: Path, case: str):
    name, stated = STATED[case]
    labelled(tmp_path / "raw", {name: stated})
    assert frames_of(tmp_path / "raw") == [("blood_donor_1/0300mbar_1", 4, 1)]


def test_the_donors_folder_tells_pictures_of_one_name_apart(tmp_path: Path):
    names = [f"frames/blood_donor_{donor}/0300mbar_1_00002.png" for donor in (1, 2)]
    labelled(tmp_path / "raw", {name: f"/else/where/{name.split('/', 1)[1]}" for name in names}, donors=2)
    assert frames_of(tmp_path / "raw") == [("blood_donor_1/0300mbar_1", 2, 1), ("blood_donor_2/0300mbar_1", 2, 1)]


NOWHERE = {
    "no such frame": ({f"{F}_00400.png": f"{F}_00400.png"}, 1, ["0300mbar_1_00400.png", "frame 400", "0 to 7"]),
    "behind the last": ({f"{F}_00008.png": f"{F}_00008.png"}, 1, ["frame 8", "8 frames, 0 to 7"]),
    "no such video": ({"frames/blood_donor_1/0800mbar_1_00004.png": "0800mbar_1_00004.png"}, 1, ["no video's frame"]),
    "no such donor": ({"frames/blood_donor_9/0300mbar_1_00004.png": "0300mbar_1_00004.png"}, 1, ["of blood_donor_9"]),
    "no number": ({"frames/blood_donor_1/0300mbar.png": "0300mbar.png"}, 1, ["<video>_<number>"]),
    "either donor's": ({"frames/0300mbar_1_00004.png": "0300mbar_1_00004.png"}, 2, ["2 videos could have"]),
    "one frame twice": ({f"{F}_00004.png": f"{F}_00004.png", f"{F}_4.png": f"{F}_4.png"}, 1, ["a second file for"]),
}


@pytest.mark.parametrize("case", NOWHERE)
def test_a_picture_without_video_donor_or_number_is_named_or_left_out(tmp_path: Path, case: str):
    pictures, donors, parts = NOWHERE[case]
    good = "frames/blood_donor_1/0300mbar_1_00001.png"
    labelled(tmp_path / "raw", {good: good, **pictures}, donors=donors)
    refused("nouaman2024", tmp_path / "raw", *parts)
    # left out, it goes with its polygons
    left = [("blood_donor_1/0300mbar_1", 4, 1)] if case == "one frame twice" else []
    assert frames_of(tmp_path / "raw", bad_files="skip") == [("blood_donor_1/0300mbar_1", 1, 1), *left]


def test_pictures_that_an_export_does_not_tell_apart_stop(tmp_path: Path):
    names = [f"frames/blood_donor_{donor}/0300mbar_1_00002.png" for donor in (1, 2)]
    labelled(tmp_path / "raw", {names[0]: "0300mbar_1_00002.png", names[1]: names[1]}, donors=2)
    refused("nouaman2024", tmp_path / "raw", "image 0", "which 2 pictures have", "tells them apart")


def test_an_export_is_read_however_it_was_written(tmp_path: Path):
    raw = tmp_path / "raw"
    document = labelled(raw, {f"{F}_00004.png": f"{F}_00004.png"})
    for entry in [*document["images"], *document["annotations"], *document["categories"]]:
        entry |= {key: float(entry[key]) for key in ("id", "image_id", "category_id") if key in entry}
    for entry in document["annotations"]:
        entry["image_id"] = str(int(entry["image_id"]))
    for number, encoding in enumerate(("utf-8-sig", "utf-16")):
        export(raw, document, encoding)
        (tmp_path / "raw.sha256").unlink(missing_ok=True)
        assert frames_of(raw) == [("blood_donor_1/0300mbar_1", 4, 1)], number
    again = [{**one, "id": 100 + number} for number, one in enumerate(document["annotations"])]
    export(raw, {**document, "annotations": [*document["annotations"], *again]})
    (tmp_path / "raw.sha256").unlink()
    assert frames_of(raw) == [("blood_donor_1/0300mbar_1", 4, 1)]
    assert record.read(tmp_path / "source.json").remarks == [
        "1 polygons are there twice, point by point: each counts once"
    ]


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda document: document["images"].append({**document["images"][0], "id": 9}), ["image", "2 times"]),
        (lambda document: document["images"][0].update(file_name="x.png"), ["missing image x.png", "anywhere below"]),
        (lambda document: document["annotations"][0].update(segmentation={"counts": [1]}), ["no brush"]),
        (lambda document: document["images"][0].pop("id"), ["images, entry 1", "without id"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_an_export_is_named(tmp_path: Path, spoil: Callable[[dict], None], parts: list[str]):
    document = labelled(tmp_path / "raw", {f"{F}_00004.png": f"{F}_00004.png"})
    spoil(document)
    export(tmp_path / "raw", document)
    refused("nouaman2024", tmp_path / "raw", "annotations/result.json", *parts)


@pytest.mark.parametrize(("answer", "frames"), [("leave_out", 2), ("empty", 4)])
def test_pictures_that_nobody_labelled_are_counted_and_no_empty_ones_unless_said(tmp_path: Path, answer, frames):
    document = labelled(tmp_path / "raw", {f"{F}_0000{n}.png": f"{F}_0000{n}.png" for n in range(4)})
    export(tmp_path / "raw", {**document, "annotations": document["annotations"][:2]})
    assert len(frames_of(tmp_path / "raw", without_polygons=answer)) == frames
    (remark,) = record.read(tmp_path / "source.json").remarks
    assert remark.startswith("2 of 4 annotated pictures have no polygon")


# crops and HDF5


def test_crops_of_every_kind_and_depth(tmp_path: Path):
    raw, grey = tmp_path / "raw", noise(90, 90)
    write_picture(raw / "Croissant/0000.bmp", grey)
    write_picture(raw / "Croissant/day2/0000.bmp", grey)
    write_picture(raw / "Sheared/a.PNG", np.dstack([grey, grey, grey, np.full_like(grey, 255)]))
    write_picture(raw / "Parachute/a.jpg", cv2.resize(noise(9, 9), (90, 90)))
    write_picture(raw / "anything/20mbar/Others/a.bmp", grey)
    links = accepted("kihm2018", raw)
    reader = layouts.READERS["kihm2018"]
    found = {name: [(frame.label, frame.condition) for frame in reader.read(links, name)]
             for name in reader.recordings(links)}  # fmt: skip
    assert found == {
        "CNN input data/20mbar/Others": [("other", "20 mbar")],
        "Croissant": [("croissant", "")],
        "Croissant/day2": [("croissant", "")],
        "Parachute": [("croissant", "")],
        "Sheared": [("other", "")],
    }
    assert record.read(tmp_path / "source.json").n_files == 5
    write_picture(raw / "Croissant/0000.png", grey)
    (tmp_path / "raw.sha256").unlink()
    refused("kihm2018", raw, "a second file for Croissant/0000", "the other is Croissant/0000.bmp")


def test_hdf5_of_every_suffix_and_depth(tmp_path: Path):
    for name in ("a.rtdc", "b.h5", "day2/c.HDF5"):
        folder((tmp_path / "raw" / name).parent)
        with h5py.File(tmp_path / "raw" / name, "w") as file:
            file["events/image"] = file["events/image_bg"] = GREY
            file["events/frame"] = [1, 2, 3]
    found = contents("flow_public", accepted("flow_public", tmp_path / "raw"))
    assert {name: len(images) for name, images in found.items()} == {"a": 3, "b": 3, "day2/c": 3}


def test_patterns_of_a_source(tmp_path: Path):
    for name in ("a/x.bmp", "a/b/x.bmp", "b/x.bmp", "b/x_zoomed/y.bmp", "c.bmp"):
        write_picture(tmp_path / name, noise(2, 2))
    patterns = {("b",): ["a/x.bmp", "c.bmp"], ("a/b",): ["a/x.bmp", "b/x.bmp", "b/x_zoomed/y.bmp", "c.bmp"],
                ("*_zoomed", "a/*"): ["b/x.bmp", "c.bmp"]}  # fmt: skip
    for ignore, names in patterns.items():
        assert list(listed(tmp_path, ignore=ignore).files) == names
    assert list(listed(tmp_path, take=["a", "c.*"], ignore=["a/b"]).files) == ["a/x.bmp", "c.bmp"]


def test_a_segmented_crop_must_be_black_around_its_cell(tmp_path: Path):
    whole = np.pad(cv2.resize(noise(4, 4), (40, 40)) | 1, 8)
    cases = {"a.jpg": (whole, "a JPEG, in which black"), "b.bmp": (noise(40, 40) | 1, "without black corners")}
    for name, (image, part) in cases.items():
        write_picture(tmp_path / name / "slipper" / name, image)
        refused("nouaman2024", tmp_path / name, f"slipper/{name}", part)


def test_an_export_of_another_format_and_nothing_taken_are_named(tmp_path: Path):
    labelled(tmp_path / "raw", {f"{F}_00004.png": f"{F}_00004.png"})
    (tmp_path / "raw/project-1.json").write_text('[{"annotations": [{"result": [{"original_width": 48}]}]}]')
    refused("nouaman2024", tmp_path / "raw", "project-1.json", "Export > COCO")
    with pytest.raises(InputError, match="none of which `take`"):
        accepted("nouaman2024", tmp_path / "raw", take=["video"])


def test_a_look_counts_what_would_be_read(tmp_path: Path):
    raw = tmp_path / "raw"
    document = labelled(raw, {f"{F}_0000{n}.png": f"{F}_0000{n}.png" for n in range(3)}, donors=2)
    export(raw, {**document, "annotations": document["annotations"][:2]})
    motion_jpeg(raw / "videos/blood_donor_2/0500mbar_1.avi", spoiled(2, b"no picture"))
    write_picture(raw / "slipper/0000.bmp", np.pad(noise(20, 20), 4))
    write_picture(raw / "old/x.bmp", noise(9, 9))
    write_picture(raw / "bananas/x.bmp", noise(9, 9))
    found = look("nouaman2024", raw, {"ignore": ["old"]})
    assert found.refused == ""
    assert {kind: dict(counts) for kind, counts in found.kinds.items()} == {
        # the export is one of the others
        "read": {"video": 2, "picture": 4, "other": 1}, "ignored": {"picture": 1}, "bad": {"video": 1, "picture": 1},
    }  # fmt: skip
    assert (found.frames, found.recordings, found.donors) == (8 + 8 + 1, 2, {"blood_donor_1", "blood_donor_2"})
    assert found.annotated == (2, 1)
    assert set(found.bad) == {"videos/blood_donor_2/0500mbar_1.avi", "bananas/x.bmp"}
