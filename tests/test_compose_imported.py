"""Published sets: streamed from a small archive on loopback, whole or not at all, refused when anything is wrong."""

from __future__ import annotations

import pandas as pd
import pytest

from imported_archive import IMAGES, SET, WHOLE, archive, png, published, take
from rbcflow.core.errors import InputError
from rbcflow.datasets.dataset import collect
from rbcflow.datasets.imported import import_folder
from rbcflow.datasets.spec import VariantSpec


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
