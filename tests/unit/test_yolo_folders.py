"""Folders of images and labels as people keep them: what Ultralytics reads is read alike, all else is named."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.datasets.imported import import_folder
from rbcflow.laboratories.yolo_folder.testsets import build_yolo_folder
from rbcflow.sources import layouts
from rbcflow.sources.labelled import read_folder, read_labels
from yolo_folders import BOX, LISTED, NAPLES, PATTERN, SPLITS, picture, splits, write


def replaced(files: dict, *pairs: tuple[str, str]) -> dict:
    """Return files under changed names."""
    for old, new in pairs:
        files = {name.replace(old, new): content for name, content in files.items()}
    return files


def test_a_name_that_cannot_be_written_is_named(tmp_path: Path):
    write(tmp_path / "own", splits())
    (tmp_path / "own" / os.fsdecode(b"\xe4.txt")).touch()
    with pytest.raises(InputError, match=r"\\xe4.txt: found a name that is not UTF-8"):
        import_folder(tmp_path / "own", tmp_path / "set", classes=3)


def taken(root: Path, target: Path, classes: int = 3) -> str:
    """Import a folder and return the label of the first training image."""
    import_folder(root, target, classes=classes)
    for split in SPLITS:
        assert len(list((target / split / "shards/000/images").glob("*.png"))) == 2
    return (target / "train/shards/000/labels/00000.txt").read_text()


READ = {
    "plain": (splits(), BOX),
    "crlf and blanks": (splits("0 0.5 0.5 0.2 0.4 \r\n\r\n"), BOX),
    "tabs": (splits("0\t0.5\t0.5\t0.2\t0.4"), BOX),
    "byte order mark": (splits("\ufeff" + BOX), BOX),
    "class as a decimal": (splits("0.0 0.5 0.5 0.2 0.4\n"), BOX),
    "a line twice": (splits(BOX * 2 + "1 0.5 0.5 0.2 0.4\n"), BOX + "1 0.5 0.5 0.2 0.4\n"),
    "rounded past 1": (splits("0 1.0000001 0.5 0.1 0.4\n"), "0 1 0.5 0.1 0.4\n"),
    "an outline": (splits("1 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.7\n"), "1 0.5 0.5 0.2 0.4\n"),
    "no label file": ({k: v for k, v in splits().items() if "labels/a1" not in k}, BOX),
    "jpeg": (splits(suffix=".jpg"), BOX),
    "suffix in capitals": (replaced(splits(), (".png", ".PNG"), (".txt", ".TXT")), BOX),
    "tiff": (splits(suffix=".tif"), BOX),
    "blanks and brackets": (splits(name="v 0.12 cm_s (1) [a] #ä"), BOX),
    "folders of donors": (replaced(splits(), ("images/", "images/donor 1/"), ("labels/", "labels/donor 1/")), BOX),
    "images above splits": (
        replaced(splits(), *((f"{s}/{kind}", f"{kind}/{s}") for s in SPLITS for kind in ("images", "labels"))), BOX,
    ),
    "valid": (replaced(splits(), ("val/", "valid/")), BOX),
    "hidden": (
        splits(**{"train/images/._a0.png": b"Mac", "train/labels/._a0.txt": b"\xb0", "train/.DS_Store": "x"}), BOX,
    ),
    "classes beside labels": (splits(**{"train/labels/classes.txt": "croissant\nslipper\nother\n"}), BOX),
    "order of classes.txt": (splits(**{"classes.txt": "Slipper\nOther\nParachute\n"}), "1 0.5 0.5 0.2 0.4\n"),
    "order of data.yaml": (
        splits(**{"data.yaml": LISTED + "names: [other, slipper, croissant]\n"}), "2 0.5 0.5 0.2 0.4\n",
    ),
    "numbered names": (splits(**{"data.yaml": "names: {1: croissant, 0: slipper}\n"}), "1 0.5 0.5 0.2 0.4\n"),
    "data.yaml of another machine": (
        splits(**{"data.yaml": "path: /content/set\ntrain: ../train/images\nval: ../val/images\ntest: ../test/images\n"
                               "names: [slipper, croissant, other]\n"}), "1 0.5 0.5 0.2 0.4\n",
    ),
    "lists of pictures": (
        replaced(splits(**{"data.yaml": "".join(f"{s}: {s}.txt\n" for s in SPLITS)
                           + "names: [slipper]\n", **{f"{s}.txt": f"./all/images/{s}0.png\n./all/images/{s}1.png\n"
                                                      for s in SPLITS}}),
                 *((f"{s}/{kind}/a", f"all/{kind}/{s}") for s in SPLITS for kind in ("images", "labels"))),
        "1 0.5 0.5 0.2 0.4\n",
    ),
    "an absolute list": (
        splits(**{"data.yaml": "".join(f"{s}: {s}.txt\n" for s in SPLITS)}
                 | {f"{s}.txt": f"D:\\set\\{s}\\images\\a0.png\r\n/home/x/set/{s}/images/a1.png\n" for s in SPLITS}),
        BOX,
    ),
    "sums that lie there": (splits(**{"fingerprint.txt": "0" * 64, "train/digests.csv": "index,sha256\n0,0\n"}), BOX),
}  # fmt: skip
"""What is read: files, and the first training label as it is written."""


@pytest.mark.parametrize("case", READ)
def test_what_ultralytics_reads_is_read(tmp_path: Path, case: str):
    files, label = READ[case]
    assert taken(write(tmp_path / "own", files), tmp_path / "set") == label
    again = tmp_path / "set/train/shards/000"
    # pixels are those of the file, whatever its kind, and the sum is of what is written
    assert cv2.imread(str(again / "images/00000.png"), cv2.IMREAD_UNCHANGED)[0, 0] == pytest.approx(60, abs=2)
    assert pd.read_csv(again / "metadata.csv")["slipper_placed"].tolist() == [
        sum(line.startswith("1 ") for line in label.splitlines()),
        0,
    ]
    assert len(set(pd.read_csv(again / "digests.csv")["sha256"])) == 2


def jpeg_16() -> bytes:
    return cv2.imencode(".png", np.full((10, 20), 3000, np.uint16))[1].tobytes()


def transparent() -> bytes:
    return cv2.imencode(".png", np.full((10, 20, 4), 100, np.uint8))[1].tobytes()


def pages() -> bytes:
    return cv2.imencodemulti(".tif", [np.full((10, 20), 60, np.uint8)] * 2)[1].tobytes()


REFUSED = {
    "confidence": (splits("0 0.5 0.5 0.2 0.4 0.9\n"), ["a0.txt (line 1)", "a sixth column is what predictions have"]),
    "word": (splits("slipper 0.5 0.5 0.2 0.4\n"), ["a0.txt (line 1)", "'slipper 0.5"]),
    "pixels": (splits("0 50 50 20 40\n"), ["a0.txt (line 1)", "0 to 1"]),
    "half a class": (splits("0.5 0.5 0.5 0.2 0.4\n"), ["a0.txt (line 1)", "class 0.5"]),
    "a class too many": (splits(BOX + "3 0.5 0.5 0.2 0.4\n"), ["a0.txt (line 2)", "class 3", "0 to 2"]),
    "no area": (splits("0 0.5 0.5 0 0.4\n"), ["a0.txt (line 1)", "0 by 0.4"]),
    "outlines and boxes": (splits(BOX + "1 0.4 0.3 0.6 0.3 0.6 0.7\n"), ["a0.txt (line 2)", "outlines or boxes alone"]),
    "half a corner": (splits("1 0.4 0.3 0.6 0.3 0.6 0.7 0.1\n"), ["a0.txt (line 1)"]),
    "no number": (splits("0 nan 0.5 0.2 0.4\n"), ["a0.txt (line 1)", "nan"]),
    "no label at all": ({k: v for k, v in splits().items() if "labels" not in k}, ["6 pictures and no label file"]),
    "no split": ({k: v for k, v in splits().items() if "val" not in k}, ["train, test", "none for val"]),
    "labels without picture": (splits(**{"val/labels/z.txt": BOX}), ["val/labels/z.txt", "without their picture"]),
    "another kind of picture": (splits(**{"val/images/z.heic": b"x"}), ["z.heic", "a kind that is not read"]),
    "no picture": (splits(**{"val/images/a0.png": b"x"}), ["val/images/a0.png", "no readable picture"]),
    "16 bits": (splits(**{"val/images/a0.png": jpeg_16()}), ["val/images/a0.png", "uint16"]),
    "transparent": (splits(**{"val/images/a0.png": transparent()}), ["val/images/a0.png", "transparent"]),
    "several pages": (
        replaced(splits(**{"val/images/a0.tif": pages()}), ("val/images/a0.png", "val/x.md")), ["2 pages"],
    ),
    "foreign class": (splits(**{"classes.txt": "croissant\nspherocyte\n"}), ["classes.txt", "class 1 'spherocyte'"]),
    "a class twice": (splits(**{"classes.txt": "croissant\nParachute\n"}), ["classes.txt", "each class once"]),
    "two orders": (
        splits(**{"classes.txt": "slipper\ncroissant\n", "data.yaml": "names: [croissant, slipper]\n"}),
        ["classes.txt", "slipper, croissant", "as in", "data.yaml"],
    ),
    "names with a gap": (
        splits(**{"data.yaml": "names: {0: slipper, 2: other}\n"}), ["data.yaml", "a name for each number"],
    ),
    "a split twice": (splits(**{"data.yaml": LISTED.replace("val/", "train/")}), ["train/images", "in another split"]),
    "a list with a gap": (
        splits(**{"data.yaml": LISTED.replace("val/images", "v.txt"), "v.txt": "val/images/a7.png\n"}),
        ["v.txt", "a7.png, which is not there"],
    ),
    "a folder elsewhere": (
        splits(**{"data.yaml": LISTED.replace("val/images", "[val/images, ../../x]")}),
        ["data.yaml (key val)", "../../x, which is not there"],
    ),
}  # fmt: skip
"""What is refused: files, and what the message says."""


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_named_and_leaves_nothing(tmp_path: Path, case: str):
    files, parts = REFUSED[case]
    root = write(tmp_path / "own", files)
    with pytest.raises(InputError) as caught:
        import_folder(root, tmp_path / "set", classes=3)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert not list((tmp_path / "set").rglob("*.png"))


def test_a_variant_of_two_classes_names_the_third(tmp_path: Path):
    root = write(tmp_path / "own", splits(**{"classes.txt": "other\nslipper\n"}))
    with pytest.raises(InputError, match=r"a0\.txt: found class other; expected one of croissant, slipper"):
        import_folder(root, tmp_path / "set", classes=2)


def test_labels_are_those_of_ultralytics(tmp_path: Path):
    from ultralytics.data.utils import verify_image_label

    for case in ("plain", "crlf and blanks", "class as a decimal", "a line twice", "an outline", "byte order mark"):
        root = write(tmp_path / case, READ[case][0])
        image, label = root / "train/images/a0.png", root / "train/labels/a0.txt"
        theirs = verify_image_label((str(image), str(label), "", False, 3, 0, 0, False))[1]
        ours = sorted((own.class_, *own.box) for own in read_labels(label))
        assert np.allclose(ours, sorted(theirs.tolist()), atol=1e-6), case


# Naples as the preprint left it: whole frames, the folder and stack in the name, every label of class 2
def build(raw: Path, folder: Path, **changes):
    arguments = {"name": "own", "source": "own", "origin": ["raw"], "pattern": None, "table": None, "classes": None,
                 "max_frames": 100} | changes  # fmt: skip
    return build_yolo_folder(raw, folder, **arguments)


def test_a_test_set_without_classes_says_so(tmp_path: Path):
    found = build(write(tmp_path / "own", NAPLES), tmp_path / "set", pattern=PATTERN)
    assert found.frames[["recording", "index", "condition"]].values.tolist() == [
        [f"glob00{stack}", frame, "v 0.12 cm_s"] for stack in (1, 2, 3) for frame in (4, 9)
    ]
    assert found.truth.values.tolist()[0] == [0, "other", 8, 3, 12, 7, "single"]
    # the line that was appended twice is one cell
    assert (found.meta["n_boxes"], found.meta["classes_evaluated"], found.meta["labels"]) == (6, "false", "given")
    assert (found.meta["n_unlabelled"], found.meta["origin"]) == (0, ["raw"])
    assert build(tmp_path / "own", tmp_path / "set", classes=True).meta["classes_evaluated"] == "true"


SAARLAND = {
    "images/a 1.png": picture(), "labels/a 1.txt": "1 0.05 0.5 0.1 0.4\n", "images/b.PNG": picture(1),
    "classes.txt": "croissant\nslipper\n",
}  # fmt: skip
TABLE = "file;donor;recording;condition\r\na 1.png;7;0300mbar_1;300 mbar\r\nb;8;0500mbar_1;500 mbar\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_says_of_which_donor_a_picture_is(tmp_path: Path, encoding: str):
    (tmp_path / "facts.csv").write_bytes(TABLE.encode(encoding))
    found = build(write(tmp_path / "own", SAARLAND), tmp_path / "set", table=tmp_path / "facts.csv")
    assert found.frames[["donor", "recording", "condition"]].values.tolist() == [
        ["7", "0300mbar_1", "300 mbar"], ["8", "0500mbar_1", "500 mbar"],
    ]  # fmt: skip
    # the edge is cut where the frame ends; the picture without a label file shows nothing and is counted
    assert found.truth.values.tolist() == [[0, "slipper", 0, 3, 2, 7, "edge"]]
    assert (found.meta["classes_evaluated"], found.meta["n_unlabelled"]) == ("true", 1)


def test_without_a_word_on_recordings_all_pictures_are_of_one(tmp_path: Path):
    found = build(write(tmp_path / "own", SAARLAND), tmp_path / "set")
    assert found.frames[["recording", "index"]].values.tolist() == [["own", 0], ["own", 1]]


@pytest.mark.parametrize(
    ("files", "evaluated", "classes"),
    [
        ({"classes.txt": "RBC\n"}, "false", ["other"]),
        ({"classes.txt": "slipper\ncroissant\n"}, "true", ["croissant"]),
        ({"classes.txt": ""}, "true", ["slipper"]),
    ],
)
def test_classes_go_by_name(tmp_path: Path, files: dict, evaluated: str, classes: list[str]):
    label = "0 0.05 0.5 0.1 0.4\n" if files["classes.txt"].startswith("RBC") else SAARLAND["labels/a 1.txt"]
    files = {**SAARLAND, "labels/a 1.txt": label, **files}
    found = build(write(tmp_path / "own", {k: v for k, v in files.items() if v}), tmp_path / "set")
    assert (found.meta["classes_evaluated"], found.truth["class"].tolist()) == (evaluated, classes)


def test_of_a_folder_with_splits_the_test_split_is_evaluated(tmp_path: Path):
    assert len(build(write(tmp_path / "own", splits()), tmp_path / "set").frames) == 2
    root = write(tmp_path / "other", {k: v for k, v in splits().items() if not k.startswith("test")})
    with pytest.raises(InputError, match="the splits train, val; expected a test split"):
        build(root, tmp_path / "set")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"pattern": "(?P<donor>d)"}, ["the name 'a 1'", "2 of 2 do not"]),
        ({"table": "file\tdonor\na 1\t7\n"}, ["facts.csv (column file)", "no row for b.PNG", "1 have none"]),
        ({"table": "file\tdonor\na 1\t7\nb\t8\na 1.png\t8\n"}, ["facts.csv (line 4, column file)", "'a 1' twice"]),
        ({"table": "file\tdoner\na 1\t7\n"}, ["facts.csv (line 1)", "columns file, doner"]),
        ({"table": "file\tframe\na 1\tx\nb\t1\n"}, ["frame 'x'", "a whole number"]),
        ({"table": b"PK\x03\x04"}, ["facts.csv", "a workbook"]),
    ],
)
def test_facts_that_do_not_fit_are_named(tmp_path: Path, change: dict, parts: list[str]):
    if "table" in change:
        change = {"table": write(tmp_path, {"facts.csv": change["table"]}) / "facts.csv"}
    with pytest.raises(InputError) as caught:
        build(write(tmp_path / "own", SAARLAND), tmp_path / "set", **change)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_the_layout_names_all_bad_files_and_leaves_pictures_out_with_their_labels(tmp_path: Path):
    root = write(tmp_path / "own", {**NAPLES, "images/z.png": b"no picture", "labels/z.txt": BOX})
    write(root, {"labels/v 0.12 cm_s_glob001_cell_004.txt": "2 7 7 7 7\n"})
    bad = layouts.bad_files("yolo_folder", root)
    stem = "v 0.12 cm_s_glob001_cell_004"
    assert sorted(bad) == [f"images/{stem}.png", "images/z.png", f"labels/{stem}.txt", "labels/z.txt"]
    with pytest.raises(InputError, match="found 2 bad files:") as caught:
        layouts.check("yolo_folder", root)
    listed = [line.strip() for line in str(caught.value).splitlines()[1:-1]]
    assert [line.partition(": found")[0] for line in listed] == [f"labels/{stem}.txt: line 1", "images/z.png"]
    reader = layouts.READERS["yolo_folder"]
    assert reader.recordings(root) == ["images"]
    (root / "images/z.png").write_bytes(picture())
    with pytest.raises(InputError, match=r"cell_004\.txt \(line 1\): found"):
        layouts.check("yolo_folder", root)
    assert len(list(reader.read(root, "images"))) == 7
    assert read_folder(root).class_ids() is None
    assert len(CLASSES) == 3
