"""Shards and data sets: the same bytes however divided, whole or absent, and refused when wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from faster_coco_eval import COCO

from compose_bank import write_cells
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.datasets import dataset
from rbcflow.datasets.dataset import collect, write_shard
from rbcflow.datasets.spec import VariantSpec

SPLITS = ("train", "val", "test")


def spec(name: str = "synthetic", **values) -> VariantSpec:
    return VariantSpec.from_dict({"name": name} | values)


@pytest.fixture
def cells(tmp_path: Path) -> dict:
    return write_cells(tmp_path)


def build(folder: Path, cells: dict, bounds: list[int], variant: VariantSpec | None = None) -> dict[str, list[Path]]:
    """Write every split in shards that end at the given indices and collect them."""
    variant = variant or spec()
    shards: dict[str, list[Path]] = {split: [] for split in SPLITS}
    for split in SPLITS:
        for start, stop in zip([0, *bounds], bounds, strict=False):
            shards[split].append(folder / split / "shards" / f"{start:03d}")
            indices = range(start, stop)
            write_shard(variant, split=split, indices=indices, seed=5, folder=shards[split][-1], **cells)
    collect(variant, shards=shards, folder=folder)
    return shards


def test_any_division_into_shards_gives_the_same_set(tmp_path, cells):
    for name, bounds in (("one", [7]), ("three", [2, 3, 7])):
        build(tmp_path / name, cells, bounds)
    for file in ("fingerprint.txt", "metadata.csv", "data.yaml"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "three" / file).read_bytes()


@pytest.mark.parametrize("name", ["random", "random_nosuperposition", "synthetic"])
def test_threads_do_not_change_a_byte(tmp_path, cells, name):
    before, found = cv2.getNumThreads(), []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        folder = tmp_path / str(threads)
        write_shard(spec(name), split="train", indices=range(6), seed=1, folder=folder, **cells)
        found.append((folder / "digests.csv").read_text())
    cv2.setNumThreads(before)
    assert found[0] == found[1]
    assert found[0].count("\n") == 7


def test_digests_are_over_pixels_then_label(tmp_path, cells):
    write_shard(spec(), split="val", indices=range(3, 5), seed=1, folder=tmp_path / "s", **cells)
    table = pd.read_csv(tmp_path / "s" / "digests.csv", dtype={"sha256": str})
    assert table["index"].tolist() == [3, 4]
    pixels = cv2.imread(str(tmp_path / "s/images/00003.png"), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == (100, 200)
    label = (tmp_path / "s/labels/00003.txt").read_bytes()
    assert table["sha256"][0] == hashlib.sha256(pixels.tobytes() + label).hexdigest()


def test_the_collected_set(tmp_path, cells):
    build(tmp_path / "set", cells, [2, 4])
    data = yaml.safe_load((tmp_path / "set/data.yaml").read_text())
    assert data["names"] == {0: "croissant", 1: "slipper", 2: "other"}
    images = (tmp_path / "set" / data["val"]).read_text().splitlines()
    assert images[0] == "./val/shards/000/images/00000.png"
    assert [Path(image).stem for image in images] == ["00000", "00001", "00002", "00003"]
    assert all((tmp_path / "set" / image).is_file() for image in images)
    table = pd.read_csv(tmp_path / "set/metadata.csv", keep_default_na=False)
    assert table.groupby("split", sort=False)["index"].apply(list).to_dict() == {s: [0, 1, 2, 3] for s in SPLITS}
    assert {"seed", "noise", "walls", "channel", "slipper_count", "slipper_placed", "cells"} <= set(table.columns)
    assert table["noise"].isin(["none", "gaussian", "salt_pepper", "random"]).all()


def test_two_classes(tmp_path, cells):
    variant = spec("random_nosuperposition_noother")
    build(tmp_path / "set", cells, [2], variant)
    assert yaml.safe_load((tmp_path / "set/data.yaml").read_text())["names"] == {0: "croissant", 1: "slipper"}
    labels = "".join(file.read_text() for file in sorted((tmp_path / "set").rglob("labels/*.txt")))
    assert {line.split()[0] for line in labels.splitlines()} == {"0", "1"}


def test_only_cells_of_the_split_are_used(tmp_path, cells):
    table = pd.read_csv(cells["splits"])
    table["split"] = ["train", "train", "val"] * 9
    table.to_csv(cells["splits"], index=False)
    allowed = set(table.query("split == 'val'")["cell_id"])
    write_shard(spec(other_simulated_share=0), split="val", indices=range(16), seed=1, folder=tmp_path / "s", **cells)
    used = set(" ".join(pd.read_csv(tmp_path / "s/metadata.csv")["cells"]).split())
    assert used == allowed


def test_another_seed_gives_other_images(tmp_path, cells):
    for seed in (1, 2):
        write_shard(spec(), split="val", indices=range(2), seed=seed, folder=tmp_path / str(seed), **cells)
    first, second = (
        pd.read_csv(tmp_path / str(seed) / "digests.csv", dtype={"sha256": str})["sha256"] for seed in (1, 2)
    )
    assert (first != second).all()


def test_a_shard_cut_off_does_not_look_whole(tmp_path, cells, monkeypatch):
    compose = dataset.compose

    def dies(variant, split, index, seed, stock):
        if index == 2:
            raise KeyboardInterrupt
        return compose(variant, split, index, seed, stock)

    monkeypatch.setattr(dataset, "compose", dies)
    with pytest.raises(KeyboardInterrupt):
        write_shard(spec(), split="val", indices=range(4), seed=1, folder=tmp_path / "s", **cells)
    assert not (tmp_path / "s").exists()
    monkeypatch.undo()
    write_shard(spec(), split="val", indices=range(4), seed=1, folder=tmp_path / "s", **cells)
    assert len(list((tmp_path / "s/images").iterdir())) == 4
    assert not list(tmp_path.glob(".s*"))


def test_a_class_without_cells_is_named_with_the_split_table(tmp_path):
    cells = write_cells(tmp_path, splits=("train", "val"), drop="slipper")
    with pytest.raises(InputError, match=r"splits\.csv \(split val\): found no cell of class slipper"):
        write_shard(spec(), split="val", indices=range(2), seed=1, folder=tmp_path / "s", **cells)


def test_transmit_needs_a_background(tmp_path, cells):
    table = pd.read_csv(tmp_path / "bank/cells.csv", dtype={"sha256": str})
    table.assign(background=np.nan).to_csv(tmp_path / "bank/cells.csv", index=False)
    with pytest.raises(InputError, match=r"cells\.csv \(cell test-00009\): found no background"):
        write_shard(spec(), split="val", indices=range(2), seed=1, folder=tmp_path / "s", **cells)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda s: s["val"].pop(0), r"val.*found index 2; expected 0"),
        (lambda s: s["val"].append(s["val"][0]), r"val.*found index 0; expected 1"),
        (lambda s: (s["val"][0] / "labels/00001.txt").unlink(), r"00001\.txt: found no label"),
        (lambda s: (s["val"][0] / "images/00001.png").unlink(), r"00001\.txt: found no label or no image"),
        (lambda s: (s["val"][0] / "labels/00001.txt").write_text("3 .5 .5 .1 .1\n"), r"line 1\): found 3 \.5"),
        (lambda s: (s["val"][0] / "labels/00001.txt").write_text("1 .5 .99 .1 .1\n"), "a box inside the image"),
        (lambda s: (s["val"][0] / "labels/00001.txt").write_text("1 .5 .5 .1\n"), "line 1"),
    ],
)
def test_incomplete_sets_are_refused(tmp_path, cells, damage, message):
    shards = build(tmp_path / "set", cells, [2, 4])
    damage(shards)
    with pytest.raises(InputError, match=message):
        collect(spec(), shards=shards, folder=tmp_path / "set")


def test_sums_that_look_like_numbers_stay_text(tmp_path, cells):
    # pandas parsed 7e4119... as a number with an exponent that crashed the process
    build(tmp_path / "set", cells, [2])
    file = tmp_path / "set/train/shards/000/digests.csv"
    sums = ["49e899259728c50e76f4b61c7c27e31c25ce8c921980152f3406393606ca437e", "7" + "e" + "9" * 62]
    file.write_text("index,sha256\n" + "".join(f"{index},{value}\n" for index, value in enumerate(sums)))
    shards = {split: [tmp_path / "set" / split / "shards/000"] for split in SPLITS}
    collect(spec(), shards=shards, folder=tmp_path / "set")
    others = [
        line.split(",")[1]
        for split in SPLITS[1:]
        for line in (shards[split][0] / "digests.csv").read_text().split()[1:]
    ]
    expected = hashlib.sha256(b"".join(bytes.fromhex(value) for value in [*sums, *others])).hexdigest()
    assert (tmp_path / "set/fingerprint.txt").read_text().strip() == expected


def test_coco_says_what_the_labels_say(tmp_path, cells):
    build(tmp_path / "set", cells, [2, 4], spec("random"))
    ground = COCO(str(tmp_path / "set/coco/val.json"))
    assert {one["id"]: one["name"] for one in ground.loadCats(ground.getCatIds())} == dict(enumerate(CLASSES))
    images = ground.loadImgs(sorted(ground.getImgIds()))
    assert [one["file_name"] for one in images] == [
        line.removeprefix("./") for line in (tmp_path / "set/val.txt").read_text().splitlines()
    ]
    for one in images:
        label = (tmp_path / "set" / one["file_name"].replace("images", "labels")).with_suffix(".txt")
        rows = np.array(label.read_text().split(), float).reshape(-1, 5)
        found = ground.loadAnns(ground.getAnnIds(imgIds=[one["id"]]))
        assert [annotation["category_id"] for annotation in found] == rows[:, 0].astype(int).tolist()
        boxes = np.array([annotation["bbox"] for annotation in found])
        assert (one["width"], one["height"]) == (200, 200)
        np.testing.assert_allclose(boxes[:, :2] + boxes[:, 2:] / 2, rows[:, 1:3] * 200, atol=2e-3)
        np.testing.assert_allclose(boxes[:, 2:], rows[:, 3:] * 200, atol=2e-3)
    assert len(set(ground.getAnnIds())) == sum(len(ground.imgToAnns[one["id"]]) for one in images) > 20
