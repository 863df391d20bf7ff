"""A repository's archive with a published set, as ``imported`` takes it from a server; shared by tests."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np

from rbcflow.datasets.imported import import_archive

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
            table += f"{index:04d}.png,{path},gaussian,1.0,True,{('normal', 'lighten_channel')[index % 2]}\n"
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


WHOLE = published()
"""The files of a repository with nothing wrong."""
