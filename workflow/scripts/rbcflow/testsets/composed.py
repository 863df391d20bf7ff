"""Composed images as frames with true boxes, some of many (rules ``build_testset`` and ``fetch_testset``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rbcflow.cells.bank import touches_edge
from rbcflow.core.boxes import clip
from rbcflow.core.classes import CLASSES
from rbcflow.core.frames import Frame
from rbcflow.core.yolo import label_file, read_labels
from rbcflow.testsets.files import Labelled, TrueBox, read_image


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
