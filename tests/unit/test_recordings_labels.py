"""Frames to correct: which are chosen, how they are packed, and how corrected labels come back by class name."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from project_copy import PROJECT
from rbcflow.core.boxes import from_yolo
from rbcflow.core.errors import InputError
from rbcflow.recordings import corrected, labels, link
from rbcflow.recordings.corrected import Known
from rbcflow.recordings.labels import Frame
from rbcflow.recordings.simulated import Setup, simulate

EXPORTED = PROJECT / "tests/label_studio"
SIZES = {"a": (120, 50), "b_2": (97, 61)}
KNOWN = {name: Known(*size, frozenset({3, 12, 40})) for name, size in SIZES.items()}
BOXES = {
    ("a", 12): [
        ("slipper", 3.21, 10.5, 33.33, 28.75),
        ("croissant", 60.0, 0.0, 95.4, 31.9),
        ("other", 97, 20, 120, 50),
    ],
    ("a", 40): [],
    ("b_2", 3): [("croissant", 0.0, 17.71, 21.13, 44.04), ("slipper", 48.6, 30.3, 96.9, 60.9)],
}
"""True boxes in pixels of frames of odd sizes, at edges and on fractions of pixels."""


def to_correct() -> list[Frame]:
    """The frames of ``BOXES`` as they are packed."""
    frames = []
    for (name, number), rows in BOXES.items():
        width, height = SIZES[name]
        boxes = pd.DataFrame(rows, columns=["class", "x0", "y0", "x1", "y1"]).assign(conf=0.8, cell=0.9)
        image = np.full((height, width), 100 + number, np.uint8)
        frames.append(Frame(name, number, "spread", image, boxes))
    return frames


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The unpacked archive."""
    folder = tmp_path_factory.mktemp("labels")
    labels.write(to_correct(), folder / "labels.zip", detector="starter")
    with zipfile.ZipFile(folder / "labels.zip") as packed:
        packed.extractall(folder / "open")
    return folder / "open"


def check(found: list[corrected.Corrected], tolerance: float) -> None:
    """Compare read frames with ``BOXES``: the same classes and places."""
    assert {(frame.recording, frame.number) for frame in found} == set(BOXES)
    for frame in found:
        own = BOXES[frame.recording, frame.number]
        assert list(frame.classes) == [row[0] for row in own]
        np.testing.assert_allclose(frame.boxes, np.array([row[1:] for row in own]).reshape(-1, 4), atol=tolerance)


def test_the_archive_says_the_same_in_three_ways(archive):
    check(corrected.read(only(archive, "labels", "classes.txt"), KNOWN), 1e-4)
    check(corrected.read(only(archive, "labels", "data.yaml"), KNOWN), 1e-4)
    check(corrected.read(only(archive, "annotations.json"), KNOWN), 1e-3)
    assert yaml.safe_load((archive / "data.yaml").read_text())["names"] == {0: "croissant", 1: "slipper", 2: "other"}
    image = cv2.imread(str(archive / "images/a_f000012.png"), cv2.IMREAD_UNCHANGED)
    assert image.shape == (50, 120) and (image == 112).all()
    assert pd.read_csv(archive / "frames.csv")["boxes"].tolist() == [3, 0, 2]


def only(archive: Path, *names: str) -> Path:
    """Copy some files of the archive into a folder of their own."""
    folder = archive.parent / "-".join(names)
    for name in names:
        for source in [archive / name, *(archive / name).rglob("*")]:
            if source.is_file():
                target = folder / source.relative_to(archive)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    return folder


def test_equal_frames_give_equal_bytes(archive, tmp_path):
    labels.write(to_correct(), tmp_path / "labels.zip", detector="starter")
    assert (tmp_path / "labels.zip").read_bytes() == (archive.parent / "labels.zip").read_bytes()


@pytest.mark.parametrize("kind", ["yolo", "coco"])
def test_label_studio_gives_boxes_back_within_half_a_pixel(kind):
    # exported by the converter of its SDK from our tasks, the classes in another order (label_studio/convert.py)
    assert (EXPORTED / "yolo/classes.txt").read_text().split() != ["croissant", "slipper", "other"]
    check(corrected.read(EXPORTED / kind, KNOWN), 0.5)


def test_label_studios_converter_reads_the_yolo_files_as_our_tasks_say(archive):
    ours, theirs = (
        {task["data"]["image"].rpartition("/")[2]: task["predictions"][0]["result"] for task in json.loads(text)}
        for text in ((archive / "label_studio.json").read_text(), (EXPORTED / "tasks.json").read_text())
    )
    assert set(ours) == set(theirs) == {"a_f000012.png", "a_f000040.png", "b_2_f000003.png"}
    for name, regions in ours.items():
        for one, other in zip(regions, theirs[name], strict=True):
            same = ("type", "from_name", "to_name", "original_width", "original_height", "image_rotation")
            assert [one[key] for key in same] == [other[key] for key in same]
            assert one["value"].pop("rectanglelabels") == other["value"].pop("rectanglelabels")
            assert one["value"] == pytest.approx(other["value"], abs=1e-4)


def test_a_zip_file_and_x_anylabelings_own_files_are_read(archive, tmp_path):
    check(corrected.read(zipped(archive, tmp_path), KNOWN), 1e-4)
    for (name, number), rows in BOXES.items():
        shapes = [
            {"label": kind.upper(), "shape_type": "rectangle", "points": [[x1, y0], [x1, y1], [x0, y1], [x0, y0]]}
            for kind, x0, y0, x1, y1 in rows
        ]
        document = {"shapes": shapes, "imageWidth": SIZES[name][0], "imageHeight": SIZES[name][1]}
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / f"{name}_f{number:06d}.json").write_text(json.dumps(document))
    check(corrected.read(tmp_path / "own", KNOWN), 1e-9)


def zipped(archive: Path, folder: Path) -> Path:
    """Pack the label files with their class names."""
    with zipfile.ZipFile(folder / "export.zip", "w") as packed:
        for source in [archive / "classes.txt", *sorted((archive / "labels").iterdir())]:
            packed.write(source, f"export/{source.relative_to(archive)}")
        packed.writestr("export/images/a_f000012.png", b"no picture")
        packed.writestr("../../outside.png", b"passed over")
    return folder / "export.zip"


LABEL = "labels/a_f000012.txt"
GOOD = "0 0.5 0.5 0.2 0.2\n"
COCO = {"images": [{"id": 1, "file_name": "a_f000012.png", "width": 120, "height": 50}],
        "categories": [{"id": 7, "name": "slipper"}],
        "annotations": [{"id": 4, "image_id": 1, "category_id": 7, "bbox": [1, 2, 30, 20]}]}  # fmt: skip


def coco(**changed) -> str:
    """COCO's JSON with its one annotation changed."""
    return json.dumps({**COCO, "annotations": [{**COCO["annotations"][0], **changed}]})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"found 0 files and no label of a frame; expected label files"),
        ({LABEL: GOOD}, r"a_f000012.txt: found no list of class names; expected classes.txt"),
        ({LABEL: "0 0.5 0.5 0.2\n"}, r"a_f000012.txt \(line 1\): found 4 values; expected 5"),
        ({LABEL: f"{GOOD}3 0.5 0.5 0.2 0.2\n"}, r"\(line 2\): found class 3; expected 0 to 2: croissant, slipper, odd"),
        ({LABEL: f"{GOOD}2 0.5 0.5 0.2 0.2\n"}, r"\(line 2\): found class 'odd'; expected one of croissant"),
        ({LABEL: "0 x 0.5 0.2 0.2\n"}, r"line 1.*expected numbers"),
        ({LABEL: "0 nan 0.5 0.2 0.2\n"}, r"line 1.*expected finite numbers"),
        ({LABEL: "0 0.5 0.5 0 0.2\n"}, r"line 1.*found box 60.0.*expected width and height above 0"),
        ({LABEL: "0 1.2 0.5 0.2 0.2\n"}, r"line 1.*expected a box inside 120x50 pixels"),
        ({"labels/c_f000012.txt": GOOD}, r"'c_f000012'; expected the name of a frame.*of a, b_2"),
        ({"labels/a_f000013.txt": GOOD}, r"found frame 13; expected a frame that a has"),
        ({LABEL: GOOD, "r.json": coco()}, r"r.json: found labels of a, frame 12; expected labels of a frame once"),
        ({"r.json": "{"}, r"r.json: found no JSON"),
        ({"r.json": coco(category_id=1)}, r"annotation 4.*category_id 1; expected an id listed"),
        ({"r.json": coco(image_id=2)}, r"annotation 4.*image_id 2; expected an id listed"),
        ({"r.json": coco(bbox=[1, 2, 3])}, r"annotation 4.*expected four numbers"),
        ({"r.json": coco(bbox=[100, 2, 30, 20])}, r"annotation 4.*box inside 120x50"),
        ({"r.json": coco().replace('"width": 120', '"width": 240')}, r"image 1.*240x50 pixels; expected 120x50"),
        ({"r.json": coco().replace('"slipper"', '"donut"')}, r"annotation 4.*class 'donut'; expected one of croissant"),
        ({"r.json": '[{"data": {}, "annotations": [1]}]'}, r"Label Studio's own JSON; expected its export as YOLO"),
        ({LABEL: b"\xff\xfe0"}, r"found no text"),
    ],
)
def test_wrong_labels_are_named(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if files and "no list of class names" not in message:
        (tmp_path / "classes.txt").write_text("croissant\nslipper\nodd\n")
    with pytest.raises(InputError, match=message):
        corrected.read(tmp_path, KNOWN)


def test_frames_are_shared_among_recordings():
    assert labels.shares({"a": 500}) == {"a": 30}
    assert labels.shares({"a": 500, "b": 4, "c": 500}) == {"a": 13, "b": 4, "c": 13}
    many = labels.shares({str(number): 9 for number in range(50)})
    assert (sum(many.values()), max(many.values())) == (40, 1)
    assert labels.shares({"a": 0, "b": 3}) == {"a": 0, "b": 3}


def test_a_third_each_is_spread_unsure_and_broken_and_neighbours_are_not_taken():
    numbers = np.arange(100, 400)
    unsure = pd.Series({200: 5.0, 201: 4.9, 150: 3.0, 160: 2.0})
    broken = pd.Series({250: 2, 260: 1, 399: 0})
    chosen = labels.choose(numbers, {"unsure": unsure, "broken": broken}, 12)
    assert len(chosen) == 12 and list(chosen) == sorted(chosen)
    assert {number for number, reason in chosen.items() if reason == "broken"} == {250, 260}
    assert {number for number, reason in chosen.items() if reason == "unsure"} == {150, 160}
    spread = [number for number, reason in chosen.items() if reason == "spread"]
    # 200 is among them already and 201 beside it; gaps are filled
    assert len(spread) == 8 and {100, 200, 299, 399} <= set(spread)
    assert np.diff(list(chosen)).max() <= 50
    few = labels.choose(np.arange(3), {"unsure": pd.Series(dtype=float), "broken": pd.Series(dtype=float)}, 12)
    assert list(few) == [0, 1, 2]


def test_broken_links_are_cells_that_are_missing_and_boxes_of_no_cell():
    simulated = simulate(Setup(speed=30, spacing=80, cells=30, misses=0.0, false_boxes=0.0, merges=0.0), seed=3)
    boxes = simulated.boxes
    whole = link.link(boxes, simulated.frames, simulated.probe)
    # one cell in the middle of its way is not found in one frame
    middle = whole.tracks[(whole.tracks["frame"] == 20) & whole.tracks["cell"].notna()]
    gone = middle.iloc[(middle["x0"] - 180).abs().argmin()]
    left = boxes[~((boxes["frame"] == 20) & (boxes["x0"] == gone["x0"]))]
    found = labels.doubts(left, link.link(left, simulated.frames, simulated.probe))
    before = labels.doubts(boxes, whole)["broken"].reindex(range(60)).fillna(0)
    assert (found["broken"].reindex(range(60)).fillna(0) - before)[20] == 1
    own = left[left["frame"] == 20]
    assert found["unsure"][20] == pytest.approx((1 - own["conf"]).sum())


def test_yolo_files_hold_a_pixels_hundredth_in_large_frames():
    boxes = pd.DataFrame([{"class": "slipper", "x0": 1000.123, "y0": 7.5, "x1": 1033.3, "y1": 41.7, "conf": 1.0}])
    frame = Frame("a", 1, "spread", np.zeros((3000, 4096), np.uint8), boxes)
    row = np.array(labels.yolo_text(frame, ["croissant", "slipper"]).split(), float)
    assert row[0] == 1
    np.testing.assert_allclose(from_yolo(row[1:], 4096, 3000)[0], [1000.123, 7.5, 1033.3, 41.7], atol=0.01)
