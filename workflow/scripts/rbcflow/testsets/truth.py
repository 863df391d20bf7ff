"""Frames with true boxes for the test sets of any laboratory (rule ``build_testset``): exact, a bank's, by background.

Boxes of objects that the frame's edge cuts stay in the truth, with kind ``edge``; frames without objects stay in too,
since false positives are counted on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from rbcflow.cells.bank import read_table
from rbcflow.cells.methods.background import find_objects, median_background
from rbcflow.core.frames import Frame, to_grey
from rbcflow.phantom.truth import read_objects
from rbcflow.sources.extraction import Thresholds
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, write_testset
from rbcflow.testsets.labels import Labels

Reader = Callable[..., Iterable[Frame]]
"""``read`` of a layout: the frames of a recording in a folder, of a source."""


def write_frames(
    places: Sequence[tuple[str, int]],
    raw: Path,
    folder: Path,
    *,
    read: Reader,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    background: Thresholds,
    max_frames: int,
) -> TestSet:
    """Write frames straight from recordings: exact truth where the source has it, else boxes without class.

    Args:
        places: recording and number of the frames that may be taken.
        raw: the source's files.
        folder: gets the test set.
        read: of the source's layout.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files.
        exact_truth: whether the source has it, as its record says.
        background: thresholds of background subtraction, where there is none.
        max_frames: frames to keep, evenly spaced over all places.

    Raises:
        InputError: a recording or the truth table is wrong.
    """
    wanted: dict[str, set[int]] = {}
    for recording, index in evenly(places, max_frames):
        wanted.setdefault(recording, set()).add(index)
    if exact_truth:
        labelled, labels, evaluated = with_truth(raw, wanted, source, read), Labels.TRUTH, "true"
    else:
        labelled, labels, evaluated = with_background(raw, wanted, source, read, background), Labels.BACKGROUND, "false"
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels=labels, classes_evaluated=evaluated
    )


def with_truth(raw: Path, wanted: dict[str, set[int]], source: str, read: Reader) -> Iterator[Labelled]:
    """Yield the wanted frames of a phantom with the exact boxes of their objects."""
    boxes = true_boxes(read_objects(raw))
    for recording in sorted(wanted):
        for frame in read(raw, recording, source):
            if frame.index in wanted[recording]:
                yield frame, boxes.get((recording, frame.index), [])


def true_boxes(objects: pd.DataFrame) -> dict[tuple[str, int], list[TrueBox]]:
    """Return the exact boxes of a source's objects by recording and frame."""
    boxes: dict[tuple[str, int], list[TrueBox]] = {}
    for row in objects.to_dict("records"):
        kind = "edge" if row["touches_edge"] else row["kind"]
        box = TrueBox(row["class"], (row["x0"], row["y0"], row["x1"], row["y1"]), kind)
        boxes.setdefault((row["recording"], row["frame"]), []).append(box)
    return boxes


def bank_boxes(cells: Path) -> dict[tuple[str, int], list[TrueBox]]:
    """Return the boxes of a bank's kept cells by recording and frame."""
    boxes: dict[tuple[str, int], list[TrueBox]] = {}
    for row in read_table(cells.parent).query("kept").to_dict("records"):
        kind = "edge" if row["touches_edge"] else "single"
        box = TrueBox(row["class"], (row["x0"], row["y0"], row["x1"], row["y1"]), kind)
        boxes.setdefault((row["recording"], row["frame"]), []).append(box)
    return boxes


def with_background(
    raw: Path, wanted: dict[str, set[int]], source: str, read: Reader, thresholds: Thresholds
) -> Iterator[Labelled]:
    """Yield the wanted frames with the boxes of what differs from the recording's median."""
    for recording in sorted(wanted):
        background = median_background(to_grey(frame.image) for frame in read(raw, recording, source))
        for frame in read(raw, recording, source):
            if frame.index in wanted[recording]:
                found = find_objects(to_grey(frame.image), background, thresholds, frame.condition)
                cells = [item for item in found if item.reason != "too_small"]
                boxes = [TrueBox("other", item.box, "edge" if item.touches_edge else "single") for item in cells]
                yield frame, boxes
