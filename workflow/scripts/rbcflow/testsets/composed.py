"""Composed images as frames with true boxes, some of many (rules ``build_testset`` and ``fetch_testset``)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rbcflow.cells.bank import touches_edge
from rbcflow.core.boxes import clip
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.core.yolo import label_file, read_labels
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, read_image, write_testset
from rbcflow.testsets.labels import Labels


def evenly(items: Sequence, count: int) -> list:
    """Return up to ``count`` items, evenly spaced over a sequence."""
    if len(items) <= count:
        return list(items)
    return [items[index] for index in np.linspace(0, len(items) - 1, count).round().astype(int)]


def labelled_images(images: Sequence[Path], source: str) -> Iterator[Labelled]:
    """Yield composed images, named by their numbers, with the boxes of their label files; each is its own recording."""
    for path in images:
        frame = Frame(read_image(path), source, "", path.stem, int(path.stem))
        yield frame, read_yolo(path, *frame.size)


def read_yolo(image: Path, width: int, height: int) -> list[TrueBox]:
    """Return the boxes of an image's YOLO label file, in pixels."""
    labels = read_labels(label_file(image), len(CLASSES))
    boxes = [clip(box, width, height)[0] for box in labels.corners(width, height)]
    return [
        TrueBox(CLASSES[id_], tuple(box.tolist()), "edge" if touches_edge(box, width, height) else "single")
        for id_, box in zip(labels.ids, boxes, strict=True)
    ]


def build_variant_test(
    dataset: Path, folder: Path, *, name: str, origin: Sequence[str], max_frames: int, split: str = "test"
) -> TestSet:
    """Build the set of a variant's own test split, or of its validation split.

    Images are not copied but referred to, and each counts as a recording of its own.

    Args:
        dataset: the variant's folder, with ``<split>.txt``.
        folder: gets the test set.
        name: of the test set, ``<variant>_<split>``.
        origin: of the banks the variant was made from.
        max_frames: frames to keep, evenly spaced.
        split: ``test`` or ``val``.

    Raises:
        InputError: the list of images, an image or a label file is wrong.
    """
    listing = dataset / f"{split}.txt"
    if not listing.is_file():
        raise InputError(listing, "no such file", f"the list of a variant's {split} images")
    lines = [line for line in listing.read_text(encoding="utf-8", errors="replace").split("\n") if line]
    for number, line in enumerate(lines, start=1):
        if not Path(line).stem.isdecimal() or not (dataset / line).is_file():
            raise InputError(listing, line, "an image of the dataset, named by its number", where=f"line {number}")
    chosen = evenly([dataset / line for line in lines], max_frames)
    return write_testset(
        folder, labelled_images(chosen, dataset.name), name=name, source=dataset.name, origin=origin,
        labels=Labels.TRUTH, classes_evaluated="true", paths=[os.path.relpath(path, folder) for path in chosen],
    )  # fmt: skip
