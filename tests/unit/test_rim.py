"""Cells cut again out of composed images: masks, copies of one cell, images that are left out, and splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from published_images import SIZE, image
from raw_inputs import write_picture
from rbcflow.cells.bank import write_bank
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.cells.leakage import measure_leakage
from rbcflow.cells.methods import rim
from rbcflow.cells.splits import write_splits
from rbcflow.core.errors import InputError
from rbcflow.runtime.lineage import RECUT
from rbcflow.runtime.origin import Basis, Question, decide


def write(folder: Path, split: str, number: int, picture: np.ndarray, labels: str) -> None:
    write_picture(folder / split / f"images/{number:05d}.png", picture)
    (folder / split / "labels").mkdir(exist_ok=True)
    (folder / split / f"labels/{number:05d}.txt").write_text(labels)


def test_masks_are_those_of_the_cells(tmp_path):
    picture, labels, masks = image([(1, 0, 30), (2, 1, 100)])
    write(tmp_path, "train", 0, picture, labels + "2 0.8 0.2 0.1 0.1\n")
    (one,) = rim.outline(tmp_path, "set", "yolo_folder")
    assert [(found.class_, found.reason) for found in one.found] == [("croissant", ""), ("slipper", "")]
    for found, mask in zip(one.found, masks, strict=True):
        assert np.count_nonzero(found.mask & mask) / np.count_nonzero(found.mask | mask) > 0.9


def test_one_copy_of_a_cell_is_kept_in_a_split(tmp_path):
    """The same cell turned and darkened is a copy; another cell, another class and another split are none."""
    pasted = [
        ("train", [(1, 0, 0), (1, 1, 0)], 0), ("train", [(1, 0, 140)], -10), ("train", [(2, 0, 20)], 0),
        ("val", [(1, 0, 0)], 0),
    ]  # fmt: skip
    for number, (split, cells, shift) in enumerate(pasted):
        write(tmp_path, split, number, *image(cells, shift)[:2])
    table = write_bank(tmp_path / "bank", cut_cells(["rim"], Job("yolo_folder", "set", tmp_path)), "again")
    reasons = table.groupby(["recording", "class"])["reason"].apply(lambda own: sorted(own)).to_dict()
    assert reasons == {
        ("train/images", "croissant"): ["", "", "copy"], ("train/images", "slipper"): [""],
        ("val/images", "croissant"): [""],
    }  # fmt: skip


def test_noisy_images_and_cells_beside_a_wall_are_left_out(tmp_path):
    picture, labels, _ = image([(1, 0, 0), (1, 1, 0)])
    noise = np.random.default_rng(0).normal(0, 12, picture.shape)
    write(tmp_path, "train", 0, (picture + noise).clip(0, 255).astype(np.uint8), labels)
    salted = picture.copy()
    salted[np.random.default_rng(1).random(picture.shape) < 0.1] = 255
    write(tmp_path, "train", 1, salted, labels)
    wall = picture.copy()
    wall[52:58] = 20
    write(tmp_path, "train", 2, wall, labels)
    (one,) = rim.outline(tmp_path, "set", "yolo_folder")
    assert one.frame.index == 2
    beside, free = one.found
    assert beside.reason in ("background", "unlike_box") and free.reason == ""


@pytest.mark.parametrize("scheme", ["grouped", "paper"])
def test_cells_stay_in_their_published_split(tmp_path, scheme):
    for number, split in enumerate(("train", "train", "val", "test")):
        write(tmp_path / "files", split, number, *image([(number, 0, 0), (number, 1, 0)])[:2])
    job = Job("yolo_folder", "set", tmp_path / "files")
    table = write_bank(tmp_path / "bank", cut_cells(["rim"], job), "again")
    splits = write_splits([tmp_path / "bank"], tmp_path / "splits.csv", scheme=scheme, shares={}, seed=0)
    sides = dict(zip(splits["cell_id"], splits["split"], strict=True))
    assert {
        f"{sides[cell]}/images" == recording
        for cell, recording in zip(table["cell_id"], table["recording"], strict=True)
    } == {True}
    assert sorted(sides.values()) == ["test"] * 2 + ["train"] * 4 + ["val"] * 2
    # nobody knows whose cells these are, so nothing is said of leaks
    assert measure_leakage([tmp_path / "bank"], {scheme: [tmp_path / "splits.csv"]}, tmp_path / "leak.csv").empty


def test_images_without_a_split_divide_nothing(tmp_path):
    picture, labels, _ = image([(1, 0, 0)])
    write(tmp_path / "files", "", 0, picture, labels)
    write_bank(tmp_path / "bank", cut_cells(["rim"], Job("yolo_folder", "set", tmp_path / "files")), "again")
    with pytest.raises(InputError, match="images without a split"):
        write_splits([tmp_path / "bank"], tmp_path / "splits.csv", scheme="grouped", shares={}, seed=0)


def test_images_composed_anew_decide_no_printed_value_of_a_training():
    published = Basis(("published",), ("published",))
    again = Basis(("published",), ("published",), remarks=(RECUT,))
    assert decide(Question.TRAINING, published).decides
    assert not decide(Question.TRAINING, again).decides
    assert decide(Question.RECORDINGS, Basis(("raw",), ("published",), remarks=(RECUT,))).decides


def test_an_empty_label_file_has_no_cell(tmp_path):
    write(tmp_path, "train", 0, np.full((SIZE, SIZE), 120, np.uint8), "")
    write(tmp_path, "train", 1, *image([(1, 0, 0)])[:2])
    assert [len(one.found) for one in rim.outline(tmp_path, "set", "yolo_folder")] == [0, 1]
