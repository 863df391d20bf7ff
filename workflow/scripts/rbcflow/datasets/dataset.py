"""Shards of a data set, and the data set they make (rules ``compose_shard`` and ``collect_dataset``)."""

from __future__ import annotations

import csv
import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import yaml

from rbcflow.core.boxes import to_yolo
from rbcflow.core.classes import CLASS_ID
from rbcflow.core.digests import SHA256
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, refuse_rows
from rbcflow.core.yolo import read_labels
from rbcflow.datasets.coco import write_coco
from rbcflow.datasets.image import Composite, compose
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import load_stock

SPLITS = ("train", "val", "test")
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
logger = logging.getLogger(__name__)


def write_shard(
    spec: VariantSpec, *, split: str, indices: range, seed: int, banks: list[Path], splits: Path, folder: Path
) -> None:
    """Compose some images of one split and write them with their labels, metadata and digests.

    The shard appears under its name only when it is whole. The images do not depend on how a split is divided into
    shards.

    Args:
        spec: the variant.
        split: train, val or test.
        indices: numbers of the images in the split.
        seed: root seed of the workflow.
        banks: folders of the cell banks.
        splits: table that says which cell may appear in which split.
        folder: the shard; what is there is replaced.

    Raises:
        InputError: banks and splits do not hold the cells that are needed.
    """
    stock = load_stock(spec, banks, splits, split)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in ("images", "labels"):
        (partial / name).mkdir(parents=True)
    records, digests = [], []
    for index in indices:
        composite = compose(spec, split, index, seed, stock)
        digests.append({"index": index, "sha256": _write_image(composite, partial, index)})
        records.append(composite.record)
    write_table(partial / "metadata.csv", records)
    write_table(partial / "digests.csv", digests)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    logger.info("%s %s: %d images in %s", spec.name, split, len(records), folder)


def collect(spec: VariantSpec, *, shards: dict[str, list[Path]], folder: Path, generated: bool = True) -> None:
    """Join shards to a data set: image lists, ``data.yaml``, ``metadata.csv``, ``coco/``, ``fingerprint.txt``.

    Args:
        spec: the variant.
        shards: shard folders by split, below ``folder``.
        folder: the data set.
        generated: whether its boxes must lie inside the images to the last pixel; others' need not.

    Raises:
        InputError: an image is missing or there twice, or a label file is not valid.
    """
    fingerprint, tables = hashlib.sha256(), []
    for split in SPLITS:
        table = _read_split(shards[split])
        for row in table.itertuples():
            check_labels(row.shard / "labels" / f"{row.index:05d}.txt", len(spec.classes), inside=generated)
            fingerprint.update(bytes.fromhex(row.sha256))
        images = [
            f"./{(row.shard / 'images').relative_to(folder).as_posix()}/{row.index:05d}.png"
            for row in table.itertuples()
        ]
        (folder / f"{split}.txt").write_text("".join(f"{image}\n" for image in images))
        write_coco([folder / image for image in images], _names(spec), folder / "coco" / f"{split}.json")
        tables.append(table.drop(columns=["shard", "sha256"]))
    pd.concat(tables).to_csv(folder / "metadata.csv", index=False)
    (folder / "data.yaml").write_text(yaml.safe_dump(_data(spec), sort_keys=False))
    (folder / "fingerprint.txt").write_text(f"{fingerprint.hexdigest()}\n")


def label_text(composite: Composite) -> str:
    """Return an image's label file: ``class xc yc w h`` a line, normalised, six decimals."""
    height, width = composite.image.shape
    rows = to_yolo(composite.boxes, width, height)
    return "".join(
        f"{name} " + " ".join(f"{value:.6f}" for value in row) + "\n"
        for name, row in zip(composite.class_ids, rows, strict=True)
    )


def _write_image(composite: Composite, folder: Path, index: int) -> str:
    """Write image and label; return the sha256 over the pixels, then the label."""
    label = label_text(composite).encode()
    (folder / "images" / f"{index:05d}.png").write_bytes(cv2.imencode(".png", composite.image, PNG)[1])
    (folder / "labels" / f"{index:05d}.txt").write_bytes(label)
    return hashlib.sha256(composite.image.tobytes() + label).hexdigest()


def write_table(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV; the columns are the first row's."""
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read_split(shards: list[Path]) -> pd.DataFrame:
    """Return metadata and digests of a split's shards in order of index."""
    tables = []
    for shard in shards:
        table = read_csv(
            shard / "metadata.csv", "the images of a shard", ["index"], dtype={"index": int}, keep_default_na=False
        )
        # as text: pandas takes a sum such as 7e4119... for a number, and its parser can crash on so large an exponent
        digests = read_csv(
            file := shard / "digests.csv", "the sums of a shard's images", ["index", "sha256"],
            dtype={"index": int, "sha256": str}, keep_default_na=False,
        )  # fmt: skip
        refuse_rows(file, digests, digests["index"].duplicated(), "index", "each image once")
        refuse_rows(file, digests, ~digests["sha256"].str.fullmatch(SHA256), "sha256", "64 hexadecimal digits")
        if unknown := sorted(set(table["index"]) - set(digests["index"])):
            raise InputError(file, f"no sum of image {unknown[0]}", "a sum of every image of metadata.csv")
        tables.append(table.merge(digests, on="index", how="left").assign(shard=shard))
    table = pd.concat(tables).sort_values("index", kind="stable", ignore_index=True)
    wrong = np.flatnonzero(table["index"] != table.index)
    if wrong.size:
        raise InputError(shards[0].parent, f"index {table['index'][wrong[0]]}", f"{wrong[0]}: 0, 1, 2 ... once each")
    return table


def check_labels(file: Path, classes: int, inside: bool) -> list[int]:
    """Check a label file and return its class ids.

    Args:
        file: the label file; its image lies in the folder ``images`` beside ``labels``.
        classes: number of classes.
        inside: whether boxes must lie inside the image; else only centre and size must be in 0..1, which is what
            Ultralytics asks for.

    Raises:
        InputError: label or image are missing, or a line is not valid.
    """
    if not file.is_file() or not file.parent.with_name("images").joinpath(f"{file.stem}.png").is_file():
        raise InputError(file, "no label or no image", "both")
    return read_labels(file, classes, inside=inside).ids.tolist()


def _data(spec: VariantSpec) -> dict[str, Any]:
    """Return what Ultralytics reads; lists without ``path`` are looked for beside the file."""
    return {split: f"{split}.txt" for split in SPLITS} | {"names": _names(spec)}


def _names(spec: VariantSpec) -> dict[int, str]:
    return {CLASS_ID[name]: name for name in spec.classes}
