"""Published sets: streamed from a small archive on loopback, whole or not at all, refused when anything is wrong."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from rbcflow.core.errors import InputError
from rbcflow.datasets import VariantSpec
from rbcflow.datasets.dataset import collect
from rbcflow.datasets.imported import import_archive, import_folder

IMAGES = {"train": 3, "val": 2, "test": 2}
SET = "data/copy_paste_microfluidic"
LABEL = "0 0.5 0.5 0.1 0.2\n2 0.25 0.25 0.1 0.1\n"


def png(grey: int) -> bytes:
    return cv2.imencode(".png", np.full((100, 200, 3), grey, np.uint8))[1].tobytes()


def published() -> dict[str, bytes]:
    """Return the files of a repository in the layout of the preprint's, the set and what lies around it."""
    files = {"README.md": b"# read me\n", "data/copy_paste_random_pos/train/images/0000.png": png(1)}
    table = "filename,path,noise_fn,croissant_count,lines,channel_state\n"
    for split, n in IMAGES.items():
        for index in range(n):
            files[f"{SET}/{split}/images/{index:04d}.png"] = png(100 + index)
            files[f"{SET}/{split}/labels/{index:04d}.txt"] = LABEL.encode()
            path = f"./data/constructed_datasets/copy_paste_microfluidic/{split}/images/{index:04d}.png"
            table += f"{index:04d}.png,{path},gaussian,1.0,True,normal\n"
    return files | {f"{SET}/dataset_microfluidic.csv": table.encode(), f"{SET}/train/labels.cache": b"cache"}


def archive(file: Path, files: dict[str, bytes], link: str = "") -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name if name.startswith("/") else f"repository-67410be/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo(f"repository-67410be/{SET}/train/images/{link}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)


def take(address: str, tmp_path: Path, **changes) -> Path:
    """Import the set from a server's archive; return the dataset's folder."""
    arguments = {"images": IMAGES, "table": "dataset_microfluidic.csv", "classes": 3} | changes
    target = tmp_path / "microfluidic_nosuperposition"
    import_archive(f"{address}/a.tar.gz", SET, target, known=tmp_path / "known/set.fingerprint", **arguments)
    return target


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
        ["0000.png", "gaussian", "normal", 1, 0, 1], ["0001.png", "gaussian", "normal", 1, 0, 1],
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


BAD = published()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (BAD | {"../../outside.txt": b"x"}, r"path repository-67410be/\.\./\.\./outside\.txt"),
        (BAD | {f"{SET}/train/images/../../../../../out.png": b"x"}, r"archive\): found path .*out\.png"),
        (BAD | {"/tmp/outside.txt": b"x"}, r"found path /tmp/outside\.txt"),
        (
            BAD | {f"{SET}/val/labels/0001.txt": b"0 .5 .5 .1 .1\n3 .5 .5 .1 .1\n"},
            r"val/labels/0001\.txt, line 2\): found 3 \.5",
        ),
        (BAD | {f"{SET}/val/labels/0001.txt": b"0 .5 1.5 .1 .1\n"}, r"val/labels/0001\.txt, line 1"),
        (BAD | {f"{SET}/val/labels/0001.txt": b"0 nan .5 .1 .1\n"}, r"val/labels/0001\.txt, line 1"),
        (BAD | {f"{SET}/val/labels/0001.txt": b"\xff\xfe"}, r"val/labels/0001\.txt"),
        (BAD | {f"{SET}/val/images/0001.png": b"no picture"}, r"no readable picture"),
        ({k: v for k, v in BAD.items() if "test/labels/0001" not in k}, r"split test\): found 2 images and 1 labels"),
        ({k: v for k, v in BAD.items() if "train/" not in k}, r"split train\): found 0 images and 0 labels"),
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
