"""Files of the kinds that laboratories keep and that were once read wrongly in silence: read right, or named."""

from __future__ import annotations

import json
import unicodedata
from fractions import Fraction
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
import pytest
import tifffile

from raw_inputs import noise, write_avi, write_picture, write_recording
from rbcflow.core.errors import InputError
from rbcflow.core.places import expanded
from rbcflow.core.textfile import rows
from rbcflow.core.yamlfile import parse_yaml
from rbcflow.sources import layouts, listing, manifest, skipping
from rbcflow.sources.coco import read_coco
from rbcflow.sources.exports import Pictures, Videos
from rbcflow.sources.image import read_grey
from rbcflow.sources.labelled import decode, read_folder
from rbcflow.sources.listing import listed
from rbcflow.sources.tiff import page_count
from rbcflow.sources.video import check_video, numbered_frames

FRAMES = noise(8, 48, 64)
DAYS = ("frames/donor_1/20230112-a_00000.png", "frames/donor_1/b_00003.png")
TWO_CASES = ("frames/donor_A/x_00000.png", "frames/donor_a/x_00000.png")


def two_stacks(path: Path) -> None:
    """Write two stacks of four frames into a file, with one header each."""
    with tifffile.TiffWriter(path) as writer:
        for _ in range(2):
            writer.write(FRAMES[:4], truncate=True, photometric="minisblack", contiguous=False)


def unnamed_axes(path: Path) -> None:
    """Write two channels of four times without saying what the axes are."""
    tifffile.imwrite(path, FRAMES.reshape(4, 2, 48, 64), photometric="minisblack")


def fewer_described(path: Path) -> None:
    """Write eight pages and say that there are three."""
    tifffile.imwrite(path, FRAMES, ome=True, metadata={"axes": "TYX"}, photometric="minisblack")
    path.write_bytes(path.read_bytes().replace(b'SizeT="8"', b'SizeT="3"'))


@pytest.mark.parametrize(
    ("write", "found"),
    [(two_stacks, "2 page headers"), (unnamed_axes, "Q of 4 x Q of 2"), (fewer_described, "8 page headers")],
)
def test_stack_that_contradicts_its_description_is_named(tmp_path, write, found):
    write(tmp_path / "a.tif")
    with pytest.raises(InputError, match=found):
        page_count(tmp_path / "a.tif")


def encode(path: Path, tracks: int = 1) -> None:
    """Write eight frames as the suffix says, as one track or more."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mjpeg", rate=Fraction(25)) for _ in range(tracks)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for image in FRAMES:
            for stream in streams:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray")))
        for stream in streams:
            container.mux(stream.encode())


def cut(path: Path) -> None:
    """Write a video and take its last frames and what follows away, where a frame begins."""
    encode(path)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"00dc", len(content) // 2)] if path.suffix == ".avi" else content[:-9000])


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.mp4"])
def test_video_that_is_cut_short_is_named(tmp_path, name):
    encode(tmp_path / f"whole_{name}")
    assert check_video(tmp_path / f"whole_{name}") == list(range(8))
    cut(tmp_path / name)
    with pytest.raises(InputError, match="cut short"):
        check_video(tmp_path / name)


def test_video_whose_recorder_stopped_is_read(tmp_path):
    encode(tmp_path / "a.avi")
    content = bytearray((tmp_path / "a.avi").read_bytes())
    for place in (4, content.index(b"movi") - 4):
        content[place : place + 4] = bytes(4)
    (tmp_path / "a.avi").write_bytes(content[: content.index(b"idx1")])
    assert check_video(tmp_path / "a.avi") == list(range(8))


def test_several_tracks_and_a_picture_are_no_video(tmp_path):
    encode(tmp_path / "a.mkv", tracks=2)
    (tmp_path / "b.avi").write_bytes(cv2.imencode(".png", FRAMES[0])[1].tobytes())
    for name, found in (("a.mkv", "2 video tracks"), ("b.avi", "a picture by its content")):
        with pytest.raises(InputError, match=found):
            check_video(tmp_path / name)


def test_video_is_turned_as_players_do(tmp_path):
    encode(tmp_path / "a.mp4")
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    place = content.index(b"tkhd") + 44
    quarter = np.array([0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000], ">i4").tobytes()
    upright = next(numbered_frames(tmp_path / "a.mp4"))[1]
    content[place : place + 36] = quarter
    (tmp_path / "a.mp4").write_bytes(content)
    turned = next(numbered_frames(tmp_path / "a.mp4"))[1]
    # a quarter clockwise
    assert np.array_equal(turned, upright[::-1].T)


@pytest.mark.parametrize(
    ("names", "stated", "found"),
    [
        # eight digits that are a date tell recordings apart
        (DAYS, "images/20230113-a_00000.png", "missing image"),
        (DAYS, "images/0af20113-20230112-a_00000.png", DAYS[0]),
        (DAYS, "images/20230112-a_00000.png", DAYS[0]),
        # a number of a hash, not a date: there is no month 99
        (DAYS, "images/20239912-b_00003.png", DAYS[1]),
        (DAYS, "../../frames/donor_2/b_00003.png", "a picture of donor_2"),
        (DAYS, "/data/upload/b_00003.png", DAYS[1]),
        (DAYS, "https://host/b_00003.png?X-Amz-Date=1&y=/z", DAYS[1]),
        (TWO_CASES, "../../frames/donor_A/x_00000.png", TWO_CASES[0]),
        (TWO_CASES, "../../frames/donor_a/x_00000.png", TWO_CASES[1]),
        (("frames/50%25x_1.png",), "frames/50%25x_1.png", "frames/50%25x_1.png"),
    ],
)
def test_picture_that_an_export_means(names, stated, found):
    pictures = Pictures(names)
    if found in names:
        assert pictures.find(Path("e.json"), "image 0", stated, "annotations") == found
        return
    with pytest.raises(InputError, match=found):
        pictures.find(Path("e.json"), "image 0", stated, "annotations")


def test_frame_of_another_day_is_of_no_video():
    with pytest.raises(InputError, match="no video's frame"):
        Videos(["donor_1/a"]).frame(Path("x"), "frames/donor_1/20230113-a_00003.png")
    videos = Videos(["donor_1/A", "donor_1/a"])
    assert videos.frame(Path("x"), "frames/donor_1/A_00003.png") == ("donor_1/A", 3)
    assert videos.frame(Path("x"), "frames/donor_1/a_00004.png") == ("donor_1/a", 4)


def test_polygon_in_shares_of_the_image_is_named(tmp_path):
    write_picture(tmp_path / "a.png", FRAMES[0])
    document = {
        "images": [{"id": 0, "width": 64, "height": 48, "file_name": "a.png"}],
        "categories": [{"id": 0, "name": "Slipper"}],
        "annotations": [{"id": 0, "image_id": 0, "category_id": 0, "segmentation": [[0.1, 0.1, 0.4, 0.1, 0.4, 0.5]]}],
    }
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="shares of the image"):
        read_coco(tmp_path / "result.json", tmp_path)


def laboratory(root: Path) -> None:
    """Write one video of a donor."""
    write_avi(root / "videos/donor_1/a.avi", FRAMES[:2])


def test_what_systems_put_aside_is_hidden(tmp_path):
    laboratory(tmp_path)
    for name in ("#recycle", "System Volume Information", "@Recycle", "lost+found", "$Recycle.Bin"):
        laboratory(tmp_path / name)
    for name in ("THUMBS.DB", "Desktop.ini", "~$a.avi"):
        (tmp_path / "videos" / name).write_bytes(b"x")
    assert list(listing.files(tmp_path)) == ["videos/donor_1/a.avi"]


def test_one_file_under_two_names_and_a_lost_folder_are_named(tmp_path):
    laboratory(tmp_path)
    (tmp_path / "videos/donor_2").symlink_to("donor_1")
    (tmp_path / "videos/donor_3").symlink_to("nowhere")
    (tmp_path / "videos/donor_4.zip").write_bytes(b"PK\3\4")
    for name, content in {"b.asf": b"", "c.bin": b"OggS", "d.vob": b"", "e.bin": b"\x30\x26\xb2\x75"}.items():
        (tmp_path / "notes").mkdir(exist_ok=True)
        (tmp_path / "notes" / name).write_bytes(content)
    found = layouts.arrange("nouaman2024", listed(tmp_path))
    assert found.bad.pop("videos/donor_2/a.avi").found.startswith("a link to videos/donor_1/a.avi")
    assert found.bad.pop("videos/donor_3").found == "a link that leads nowhere"
    assert sorted(found.bad) == ["notes/b.asf", "notes/c.bin", "notes/d.vob", "notes/e.bin"]
    assert "donor_4.zip" in " ".join(found.remarks)


def test_yaml_takes_in_mappings_and_names_dates_that_are_none(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\n")
    assert parse_yaml(tmp_path / "a.yaml")["b"] == {"x": 1, "y": 2}
    (tmp_path / "b.yaml").write_text("a: 2024-13-45\n")
    with pytest.raises(InputError, match="month must be in"):
        parse_yaml(tmp_path / "b.yaml")


@pytest.mark.parametrize("quality", [30, 95])
def test_jpeg_that_is_damaged_is_named(tmp_path, quality):
    content = bytearray(cv2.imencode(".jpg", noise(90, 90), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    (tmp_path / "a.jpg").write_bytes(content + b"a camera's note")
    # notes that FFmpeg does not understand are no damage
    noted = content[:2] + b"\xff\xe1\x00\x0aExif\0\0II" + content[2:]
    (tmp_path / "b.jpg").write_bytes(noted)
    assert np.array_equal(read_grey(tmp_path / "a.jpg"), read_grey(tmp_path / "b.jpg"))
    middle = len(content) // 2
    for name, bad in (
        ("c", content[:middle] + content[-2:]),
        ("d", content[:middle] + bytes(90) + content[middle + 90 :]),
    ):
        (tmp_path / f"{name}.jpg").write_bytes(bad)
        for read in (read_grey, decode):
            with pytest.raises(InputError, match="damaged picture"):
                read(tmp_path / f"{name}.jpg")


def soften(file: h5py.File) -> None:
    """Put a link to nothing in place of the images."""
    del file["events/image"]
    file["events/image"] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (soften, "events/image"),
        (lambda file: file.create_group("events/mask"), "events/mask"),
        (lambda file: file["events/frame"].__setitem__(0, 0.5), "events/frame"),
        (lambda file: file.attrs.__setitem__("setup:flow rate", np.nan), "flow rate"),
    ],
)
def test_recording_with_a_part_that_is_none_is_named(tmp_path, spoil, where):
    write_recording(tmp_path / "a.h5", [1.0, 2.0])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        spoil(file)
    assert where in str(layouts.bad_files("flow_public", tmp_path)["a.h5"])


def test_donor_in_two_spellings_of_its_accents_is_named(tmp_path):
    for number, form in enumerate(("NFC", "NFD")):
        write_picture(tmp_path / unicodedata.normalize(form, "é") / f"slipper/{number}.png", noise(20, 20))
    assert len(layouts.arrange("crops", listed(tmp_path)).bad) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{here} ", "{here}"),
        ("'{here}'", "{here}"),
        ("file://{here}", "{here}"),
        ("%USERPROFILE%/x", "Windows"),
        ("${{HOME/x", "HOME is not"),
    ],
)
def test_path_that_was_copied_from_elsewhere(tmp_path, text, found):
    text, found = text.format(here=tmp_path), found.format(here=tmp_path)
    if found == str(tmp_path):
        assert expanded(text) == found
    else:
        with pytest.raises(ValueError, match=found):
            expanded(text)


def test_copies_are_told(tmp_path):
    laboratory(tmp_path / "own")
    copy = tmp_path / "own/videos/donor_2/copy of a.avi"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "own/videos/donor_1/a.avi").read_bytes())
    accepted = skipping.accept("nouaman2024", tmp_path / "own", tmp_path / "links", "stop")
    skipping.remark_copies(accepted, manifest.check(accepted.listing, tmp_path / "sums"))
    (remark,) = accepted.arrangement.remarks
    assert remark.startswith("videos/donor_2/copy of a.avi is a copy of videos/donor_1/a.avi: cells are")


ORDER = ("slipper", "croissant")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("classes.txt", "slipper\n\ncroissant\n", "empty line between classes"),
        ("classes.txt", "slipper\ncroissant\n\n", ORDER),
        ("Classes.TXT", "slipper\ncroissant\n", ORDER),
        ("_darknet.labels", "slipper\ncroissant\n", ORDER),
        ("data.YAML", "names: [slipper, croissant]\n", ORDER),
        ("notes.json", '{"categories": [{"id": 1, "name": "croissant"}, {"id": 0, "name": "slipper"}]}', ORDER),
        ("notes.json", '{"author": "me"}', None),
        ("data.yaml", "nc: 3\nnames: [slipper, croissant]\n", "nc 3 and 2 names"),
        ("data.yaml", "kpt_shape: [2, 3]\nnames: [slipper, croissant]\n", "kpt_shape"),
    ],
)
def test_classes_that_a_folder_names(tmp_path, name, text, found):
    write_picture(tmp_path / "images/a.png", FRAMES[0])
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.2 0.3\n")
    (tmp_path / name).write_text(text)
    if isinstance(found, str):
        with pytest.raises(InputError, match=found):
            read_folder(tmp_path)
    else:
        assert read_folder(tmp_path).names == found


@pytest.mark.parametrize("first", ["sep=|\r\n", '"sep=|"\r\n', ""])
def test_table_that_tells_excel_its_separator(first):
    sign = "|" if first else ";"
    text = f"{first}file{sign}donor\r\na.png{sign}d1\r\n"
    assert [row for _, row in rows(Path("t.csv"), text, ("file", "donor"))] == [["file", "donor"], ["a.png", "d1"]]
