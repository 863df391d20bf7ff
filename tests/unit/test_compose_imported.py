"""Published sets: streamed from a small archive on loopback, whole or not at all, refused when anything is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from imported_archive import IMAGES, SET, WHOLE, archive, png, published, take
from rbcflow.core.errors import InputError
from rbcflow.datasets.dataset import collect
from rbcflow.datasets.imported import import_folder
from rbcflow.datasets.spec import VariantSpec
from rbcflow.testsets.files import TestSet
from rbcflow.testsets.published import build_published


def test_the_set_is_taken_as_it_is(tmp_path, server):
    folder, address = server
    archive(folder / "a.tar.gz", published())
    target = take(address, tmp_path)
    shard = target / "train/shards/000"
    assert sorted(path.relative_to(shard).as_posix() for path in shard.rglob("*.*")) == [
        "digests.csv", "images/00000.png", "images/00001.png", "images/00002.png",
        "labels/00000.txt", "labels/00001.txt", "labels/00002.txt", "metadata.csv",
    ]  # fmt: skip
    assert (shard / "images/00001.png").read_bytes() == png(101)
    assert not (target / ".import.partial").exists()
    spec = VariantSpec.from_dict({"name": "microfluidic_nosuperposition"})
    shards = {split: [target / split / "shards/000"] for split in IMAGES}
    collect(spec, shards=shards, folder=target, generated=False)
    assert (target / "fingerprint.txt").read_text() == (tmp_path / "known/set.fingerprint").read_text()
    table = pd.read_csv(target / "metadata.csv").query("split == 'test'")
    columns = ["file", "noise", "channel", "croissant_placed", "slipper_placed", "other_placed"]
    assert table[columns].values.tolist() == [
        ["0000.png", "gaussian", "normal", 1, 0, 1], ["0001.png", "gaussian", "lighten", 1, 0, 1],
    ]  # fmt: skip


def test_a_set_that_changed_is_refused(tmp_path, server):
    folder, address = server
    archive(folder / "a.tar.gz", published())
    first = take(address, tmp_path)
    kept = (first / "train/shards/000/images/00000.png").read_bytes()
    archive(folder / "a.tar.gz", published() | {f"{SET}/train/images/0000.png": png(7)})
    with pytest.raises(InputError, match=r"fingerprint.*found a set with fingerprint"):
        take(address, tmp_path)
    assert (first / "train/shards/000/images/00000.png").read_bytes() == kept


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (WHOLE | {"../../outside.txt": b"x"}, r"path repository-67410be/\.\./\.\./outside\.txt"),
        (WHOLE | {f"{SET}/train/images/../../../../../out.png": b"x"}, r"archive\): found path .*out\.png"),
        (WHOLE | {"/tmp/outside.txt": b"x"}, r"found path /tmp/outside\.txt"),
        (
            WHOLE | {f"{SET}/val/labels/0001.txt": b"0 .5 .5 .1 .1\n3 .5 .5 .1 .1\n"},
            r"val/labels/0001\.txt, line 2\): found 3 \.5",
        ),
        (WHOLE | {f"{SET}/val/labels/0001.txt": b"0 .5 1.5 .1 .1\n"}, r"val/labels/0001\.txt, line 1"),
        (WHOLE | {f"{SET}/val/labels/0001.txt": b"0 nan .5 .1 .1\n"}, r"val/labels/0001\.txt, line 1"),
        (WHOLE | {f"{SET}/val/labels/0001.txt": b"\xff\xfe"}, r"val/labels/0001\.txt"),
        (WHOLE | {f"{SET}/val/images/0001.png": b"no picture"}, r"no readable picture"),
        ({k: v for k, v in WHOLE.items() if "test/labels/0001" not in k}, r"split test\): found 2 images and 1 labels"),
        ({k: v for k, v in WHOLE.items() if "train/" not in k}, r"split train\): found 0 images and 0 labels"),
    ],
)
def test_wrong_archives_leave_nothing(tmp_path, server, files, message):
    folder, address = server
    archive(folder / "a.tar.gz", files)
    with pytest.raises(InputError, match=message):
        take(address, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.tar.gz"]


def test_a_link_is_refused(tmp_path, server):
    folder, address = server
    archive(folder / "a.tar.gz", published(), link="0009.png")
    with pytest.raises(InputError, match="no plain file"):
        take(address, tmp_path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_an_archive_cut_off_is_refused(tmp_path, server, share):
    folder, address = server
    archive(folder / "a.tar.gz", published())
    whole = (folder / "a.tar.gz").read_bytes()
    (folder / "a.tar.gz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="cut off or damaged"):
        take(address, tmp_path)
    assert not list(tmp_path.rglob("*.png"))


def test_a_server_that_is_not_there_is_named(tmp_path, server):
    _, address = server
    with pytest.raises(InputError, match="no download"):
        take(address, tmp_path)


def test_a_folder_of_ones_own(tmp_path):
    for name, content in published().items():
        if name.startswith(SET):
            file = tmp_path / "own" / name.removeprefix(f"{SET}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    import_folder(tmp_path / "own", tmp_path / "set", classes=3)
    assert len(list((tmp_path / "set").rglob("*.png"))) == 7
    assert len(list((tmp_path / "own").rglob("*.png"))) == 7
    # a picture without a label file shows nothing, as in Ultralytics
    (tmp_path / "own/test/labels/0000.txt").unlink()
    import_folder(tmp_path / "own", tmp_path / "set", classes=3)
    assert pd.read_csv(tmp_path / "set/test/shards/000/metadata.csv")["croissant_placed"].tolist() == [0, 1]


def split_of(address: str, tmp_path: Path) -> TestSet:
    """Build the test set of the published set on a server."""
    published = {"url": f"{address}/a.tar.gz", "folder": SET, "images": IMAGES}
    known, folder = tmp_path / "known/set-test.fingerprint", tmp_path / "published_microfluidic"
    return build_published(published, folder, name="published_microfluidic", source="m", max_frames=50, known=known)


def test_the_test_split_alone_becomes_a_test_set(tmp_path, server):
    files, address = server
    archive(files / "a.tar.gz", published())
    made = split_of(address, tmp_path)
    assert (made.meta["status"], made.meta["origin"], made.meta["classes_evaluated"]) == (
        "available",
        ["published"],
        "true",
    )
    assert len(made.frames) == IMAGES["test"]
    assert made.truth["class"].tolist() == ["croissant", "other"] * IMAGES["test"]
    # 0.1 of 200 and 0.2 of 100 pixels about the middle of the image
    assert made.truth.iloc[0][["x0", "y0", "x1", "y1"]].tolist() == [90, 40, 110, 60]
    assert made.image(0)[0, 0].tolist() == [100, 100, 100]
    # nothing of the other splits is left, and another content is refused
    assert len(list((tmp_path / "published_microfluidic").rglob("*.png"))) == IMAGES["test"]
    archive(files / "a.tar.gz", published() | {f"{SET}/test/images/0000.png": png(7)})
    with pytest.raises(InputError, match="fingerprint"):
        split_of(address, tmp_path)


def test_without_the_network_the_test_set_is_unavailable(tmp_path, server):
    made = split_of(server[1], tmp_path)
    assert (made.meta["status"], len(made.frames)) == ("unavailable", 0)
    assert made.meta["reason"] == "the archive of the preprint's repository was not reachable"


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_test_set_of_half_an_archive_is_refused(tmp_path, server, share):
    files, address = server
    archive(files / "a.tar.gz", published())
    content = (files / "a.tar.gz").read_bytes()
    (files / "a.tar.gz").write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="cut off"):
        split_of(address, tmp_path)
