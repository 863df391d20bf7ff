"""Broken files of every kind: all of them are named at once, or left out without loss to the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from raw_inputs import FRAME, WRITERS, noise, write_avi, write_kihm, write_nouaman, write_picture, write_tiff
from rbcflow.core.errors import InputError
from rbcflow.laboratories.naples import reader as naples
from rbcflow.laboratories.nouaman2024 import reader as nouaman2024
from rbcflow.sources import layouts, skipping
from rbcflow.sources.image import read_equal_grey, read_grey, read_rgb
from rbcflow.sources.tiff import read_pages
from rbcflow.sources.video import read_video


def cut(path: Path) -> None:
    """Leave the first 60 % of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])


def transparent(path: Path) -> None:
    """Make a picture half transparent."""
    image = cv2.imread(str(path))
    write_picture(path, np.dstack([image, np.full(image.shape[:2], 128, np.uint8)]))


def sixteen_bits(path: Path) -> None:
    """Put a 16-bit PNG under the picture's name: readers go by content."""
    path.write_bytes(cv2.imencode(".png", noise(90, 90).astype(np.uint16) * 256)[1].tobytes())


def bad_page(path: Path) -> None:
    """Write a stack whose second page is transparent."""
    write_tiff(path, [np.full((6, 9, 4), 255, np.uint8), np.zeros((6, 9, 4), np.uint8)])


CASES = [
    ("kihm2018", "Slipper/a.bmp", cut, "no readable picture"),
    ("kihm2018", "Slipper/a.bmp", transparent, "transparent pixels .alpha down to 128"),
    ("kihm2018", "Slipper/a.bmp", sixteen_bits, "uint16 pixels"),
    ("liang2024", "Slipper/50_C001H001S0001_0002.bmp", cut, "no readable picture"),
    ("liang2024", "Slipper/50_C001H001S0001_0002.bmp", transparent, "transparent pixels"),
    ("naples", "v 0.12 cm:s/glob001.tif", cut, "page"),
    ("naples", "v 0.12 cm:s/glob001.tif", bad_page, "page 1"),
    ("nouaman2024", "videos/blood_donor_1/0300mbar_1.avi", cut, "cut short"),
    ("nouaman2024", "slipper/12_8_0300mbar_0001.bmp", cut, "no readable picture"),
    ("nouaman2024", "raw_crops/12_8/Other/0100mbar/0001.BMP", transparent, "transparent pixels"),
    ("nouaman2024", FRAME, cut, "no readable picture"),
]


def contents(layout: str, folder: Path) -> dict[str, list[bytes]]:
    """Return every frame and crop of a source as bytes, and its polygons, by where they come from."""
    reader = layouts.READERS[layout]
    names = reader.recordings(folder)
    found = {}
    if layout == "nouaman2024":
        names += reader.raw_crop_recordings(folder)
        found |= {
            str(crop.path.relative_to(folder)): [read_grey(crop.path).tobytes()] for crop in reader.crop_files(folder)
        }
        for frame in reader.annotated_frames(folder):
            polygons = [polygon.points.tobytes() for polygon in frame.polygons]
            found[str(frame.path.relative_to(folder))] = [frame.load().image.tobytes(), *polygons]
    for name in names:
        for frame in reader.read(folder, name):
            found.setdefault(frame.file or name, []).append(frame.image.tobytes())
    return found


@pytest.mark.parametrize(("layout", "file", "spoil", "found"), CASES)
def test_one_bad_file_is_named(tmp_path: Path, layout: str, file: str, spoil: Callable, found: str):
    WRITERS[layout](tmp_path)
    layouts.check(layout, tmp_path)
    spoil(tmp_path / file)
    with pytest.raises(InputError, match=found) as error:
        skipping.accept(layout, tmp_path, tmp_path / "links", "stop")
    assert str(tmp_path / file) in str(error.value)


@pytest.mark.parametrize(("layout", "file", "spoil", "found"), CASES)
def test_one_bad_file_leaves_the_others_results(tmp_path: Path, layout: str, file: str, spoil: Callable, found: str):
    raw, links = tmp_path / "raw", tmp_path / "results/files"
    WRITERS[layout](raw)
    before = contents(layout, raw)
    spoil(raw / file)
    accepted = skipping.accept(layout, raw, links, "skip")
    assert [one["file"] for one in accepted.skipped] == [file]
    after = contents(layout, links)
    lost = {name for name in before if name not in after}
    assert lost == ({"blood_donor_1/0300mbar_1"} if file.endswith(".avi") else {file.removesuffix(".tif")})
    assert after == {name: before[name] for name in after}
    good = [path.relative_to(raw) for path in raw.rglob("*") if path.is_file() and path != raw / file]
    linked = [
        name for name in good if (links / name).is_symlink() and (links / name).resolve() == (raw / name).resolve()
    ]
    # the annotations are written anew, with the places of their pictures and without one that is left out
    assert {name.as_posix() for name in good} - {name.as_posix() for name in linked} == (
        {"annotations/result.json"} if layout == "nouaman2024" else set()
    )


def test_all_bad_files_are_named_at_once_with_what_is_wrong(tmp_path):
    write_nouaman(tmp_path)
    bad = {file: spoil for layout, file, spoil, _ in CASES if layout == "nouaman2024"}
    for file, spoil in bad.items():
        spoil(tmp_path / file)
    with pytest.raises(InputError, match="4 bad files") as error:
        skipping.accept("nouaman2024", tmp_path, tmp_path / "links", "stop")
    for file in bad:
        assert f"\n    {file}: " in str(error.value)
    assert "0001.BMP: found transparent pixels (alpha down to 128); expected opaque pixels" in str(error.value)
    assert "bad_files: skip" in str(error.value)


def test_no_more_than_twenty_bad_files_are_listed(tmp_path):
    write_kihm(tmp_path)
    for number in range(23):
        (tmp_path / f"Slipper/z{number:02d}.bmp").write_bytes(b"")
    with pytest.raises(InputError, match=r"23 bad files") as error:
        layouts.check("kihm2018", tmp_path)
    assert str(error.value).count("no readable picture") == 20
    assert "and 3 more" in str(error.value)


def test_without_bad_files_every_file_is_linked_and_old_links_go(tmp_path):
    raw, links = tmp_path / "raw", tmp_path / "links"
    write_kihm(raw)
    (raw / ".DS_Store").write_bytes(b"")
    (links / "Slipper").mkdir(parents=True)
    (links / "Slipper/old.bmp").write_bytes(b"")
    accepted = skipping.accept("kihm2018", raw, links, "skip")
    assert (accepted.skipped, accepted.ignored) == ([], [])
    assert accepted.taken == [{"folder": "Croissant", "kind": "picture", "files": 1},
                              {"folder": "Slipper", "kind": "picture", "files": 2}]  # fmt: skip
    found = {path.relative_to(links).as_posix() for path in links.rglob("*") if path.is_file()}
    assert found == {"Croissant/a.bmp", "Slipper/a.bmp", "Slipper/b.bmp"}


@pytest.mark.parametrize("bad_files", ["stop", "skip"])
def test_a_source_of_which_nothing_is_left_stops(tmp_path, bad_files):
    write_picture(tmp_path / "raw/Slipper/a.bmp", noise(20, 20))
    with pytest.raises(InputError):
        skipping.accept("kihm2018", tmp_path / "raw", tmp_path / "links", bad_files)


@pytest.mark.parametrize(
    ("points", "found"),
    [([1, 1, 41, 2, 3, 3], "vertex"), ([1, 1, float("nan"), 2, 3, 3], "NaN"), ([1, 1, 2, 2], "2 points")],
)
def test_a_wrong_polygon_stops_even_where_files_are_skipped(tmp_path, points, found):
    write_nouaman(tmp_path)
    file = tmp_path / "annotations/result.json"
    document = json.loads(file.read_text())
    document["annotations"][0]["segmentation"] = [points]
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=found) as error:
        skipping.accept("nouaman2024", tmp_path, tmp_path / "links", "skip")
    assert (error.value.path, error.value.where) == (str(file), "annotation 0")


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([5, 5, 20, 5, 20, 20], 112.5),
        ([5, 5, 10, 10, 20, 20], 0.0),
        ([7, 7, 7, 7, 7, 7], 0.0),
        ([0, 0, 4, 0, 4, 3, 0, 3], 12.0),
    ],
)
def test_polygons_tell_their_area_and_none_is_refused_for_it(tmp_path, points, area):
    write_nouaman(tmp_path)
    file = tmp_path / "annotations/result.json"
    document = json.loads(file.read_text())
    document["annotations"][0]["segmentation"] = [points]
    file.write_text(json.dumps(document))
    layouts.check("nouaman2024", tmp_path)
    (polygon,) = nouaman2024.annotated_frames(tmp_path)[0].polygons
    assert polygon.area == pytest.approx(area)


@pytest.mark.parametrize("broken", [b"", b"idx1" + bytes(60), b"idx1\xff\xff\xff\x7f" + b"\xff" * 60])
@pytest.mark.parametrize(("codec", "pix_fmt"), [("ffv1", "gray"), ("mjpeg", "yuvj420p"), ("mpeg4", "yuv420p")])
def test_video_with_a_broken_index_is_read_frame_after_frame(tmp_path, codec, pix_fmt, broken):
    write_avi(tmp_path / "a.avi", noise(6, 64, 64), codec=codec, pix_fmt=pix_fmt)
    whole = list(read_video(tmp_path / "a.avi"))
    content = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "b.avi").write_bytes(content[: content.index(b"idx1")] + broken)
    assert len(whole) == 6
    assert np.array_equal(list(read_video(tmp_path / "b.avi")), whole)


@pytest.mark.parametrize(
    ("codec", "pix_fmt"), [("ffv1", "gray"), ("mjpeg", "yuvj420p"), ("mpeg4", "yuv420p"), ("rawvideo", "gray")]
)
def test_video_cut_in_a_frame_names_it(tmp_path, codec, pix_fmt):
    write_avi(tmp_path / "a.avi", noise(6, 64, 64), codec=codec, pix_fmt=pix_fmt)
    cut(tmp_path / "a.avi")
    with pytest.raises(InputError, match="a frame cut short") as error:
        list(read_video(tmp_path / "a.avi"))
    assert error.value.where in {"frame 1", "frame 2", "frame 3"}


def test_opaque_alpha_is_dropped(tmp_path):
    grey, colour = noise(90, 90), noise(90, 90, 3)
    opaque = np.full((90, 90), 255, np.uint8)
    write_picture(tmp_path / "grey.bmp", np.dstack([grey, grey, grey, opaque]))
    write_picture(tmp_path / "colour.png", np.dstack([colour, opaque]))
    assert np.array_equal(read_equal_grey(tmp_path / "grey.bmp"), grey)
    assert np.array_equal(read_grey(tmp_path / "grey.bmp"), grey)
    assert np.array_equal(read_rgb(tmp_path / "colour.png"), colour[..., ::-1])
    write_tiff(tmp_path / "a.tif", [np.dstack([colour, opaque])])
    assert np.array_equal(list(read_pages(tmp_path / "a.tif")), [colour])


def test_sixteen_bit_stack_is_mapped_by_the_percentiles_of_the_recording(tmp_path):
    # 2000 pixels each: 0.1 and 99.9 % are reached with the 2nd and the 1998th in order of brightness, 1000 and 3000
    first = np.full((20, 100), 1000, np.uint16)
    first[0, :2] = 0, 2000
    second = np.full((20, 100), 3000, np.uint16)
    second[0, 0] = 60000
    write_tiff(tmp_path / "v 1 cm:s/a.tif", [first, second])
    dark, bright = (frame.image for frame in naples.read(tmp_path, "v 1 cm:s/a"))
    assert (dark.dtype, bright.dtype) == (np.uint8, np.uint8)
    assert dark[0, :3].tolist() == [0, 128, 0]  # below the window, 255 * 1000 / 2000, its lower end
    assert set(np.unique(bright).tolist()) == {255}


def test_sixteen_bit_stack_of_one_level_is_black(tmp_path):
    write_tiff(tmp_path / "a.tif", [np.full((6, 9), 700, np.uint16)])
    assert not np.any(list(read_pages(tmp_path / "a.tif")))
