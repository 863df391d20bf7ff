"""Test sets: frames and true boxes that detectors are judged on (rule ``build_testset``), one function a kind.

Boxes of objects that the frame's edge cuts stay in the truth, with kind ``edge``; frames without objects stay in too,
since false alarms are counted on them. ``files`` has the format; its reading functions are found here too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.cells.bank import read_table, touches_edge
from rbcflow.cells.methods.background import (  # fmt: skip
    NAPLES,
    PARAMETERS,
    Parameters,
    find_objects,
    like_most,
    median_background,
)
from rbcflow.cells.splits import held_out, held_out_donor, read_splits
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame, to_grey
from rbcflow.core.tables import read_csv, refuse_rows
from rbcflow.phantom.truth import read_objects
from rbcflow.sources.flow_public import reader as flow_public
from rbcflow.sources.liang2024 import reader as liang2024
from rbcflow.sources.naples import reader as naples
from rbcflow.sources.nouaman2024 import reader as nouaman2024
from rbcflow.testsets.composed import evenly, labelled_images
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, read_testset, write_testset, write_unavailable

NAPLES_BOXES = replace(NAPLES, min_height=16, largest_only=False)
"""The preprint's 40 pixels in height pick one large cell a frame; in a truth, smaller cells must not be missing."""

__all__ = [
    "TestSet",
    "build_flow_public",
    "build_naples",
    "build_naples_published",
    "build_saarland_donors",
    "build_saarland_frames",
    "build_saarland_one_donor",
    "build_singapore_held_out",
    "build_singapore_raw",
    "build_variant_test",
    "read_testset",
    "write_unavailable",
]


def build_saarland_donors(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], scheme: str, max_frames: int
) -> TestSet:
    """Build the set of annotated Saarland frames of all held-out donors, the last quarter of them.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files: ``phantom`` or ``raw``.
        scheme: of the splits, which decides the recordings that are held out.
        max_frames: frames to keep, evenly spaced.

    Raises:
        InputError: an annotation or picture is wrong.
    """
    frames = _held_out_frames(raw, scheme)
    return _write_annotated(folder, frames, name, source, origin, max_frames)


def build_saarland_one_donor(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], scheme: str, max_frames: int
) -> TestSet:
    """Build the set of annotated Saarland frames of the held-out donor; arguments as ``build_saarland_donors``."""
    frames = _held_out_frames(raw, scheme)
    donor = held_out_donor(frame.recording for frame in frames)
    return _write_annotated(folder, [f for f in frames if f.donor == donor], name, source, origin, max_frames)


def build_naples(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], exact_truth: bool, max_frames: int
) -> TestSet:
    """Build the Naples set: exact truth where the source has it, else boxes by background subtraction.

    Boxes by background subtraction have no class: all are ``other`` and ``classes_judged`` is ``false``.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files: ``phantom`` or ``raw``.
        exact_truth: whether the source has it, as its record says.
        max_frames: frames to keep, evenly spaced over all recordings.

    Raises:
        InputError: a stack or the truth table is wrong.
    """
    places = [(rec, index) for rec in naples.recordings(raw) for index in range(naples.frame_count(raw, rec))]
    wanted: dict[str, set[int]] = {}
    for recording, index in evenly(places, max_frames):
        wanted.setdefault(recording, set()).add(index)
    labelled = (
        _with_truth(raw, wanted, source, naples.read)
        if exact_truth
        else _with_background(raw, wanted, source, naples.read, NAPLES_BOXES)
    )
    labels, judged = ("truth", "true") if exact_truth else ("background", "false")
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels=labels, classes_judged=judged
    )


def build_naples_published(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], max_frames: int
) -> TestSet:
    """Build the Naples set as the preprint's notebook wrote it: frames with an accepted cell, and its box alone.

    Boxes are by background subtraction at the notebook's settings, all of class other, so that classes are not judged;
    red and blue are exchanged, as they were when the frames were saved. Arguments as ``build_naples``.
    """
    accepted = [item for recording in naples.recordings(raw) for item in _accepted(raw, recording, source)]
    labelled = (
        (replace(frame, image=np.ascontiguousarray(frame.image[..., ::-1])), boxes)
        for frame, boxes in evenly(accepted, max_frames)
    )
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels="background", classes_judged="false"
    )


def _accepted(raw: Path, recording: str, source: str) -> list[Labelled]:
    """Return the frames of a stack in which the preprint's notebook accepted a cell, with that cell's box."""
    frames = list(naples.read(raw, recording, source))
    greys = [to_grey(frame.image) for frame in frames]
    background = like_most(greys)
    found = (
        find_objects(grey, background, Parameters(), frame.condition) for frame, grey in zip(frames, greys, strict=True)
    )
    return [
        (frame, [TrueBox("other", item.box, "single")])
        for frame, objects in zip(frames, found, strict=True)
        for item in objects[:1]
        if not item.reason
    ]


def build_saarland_frames(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    scheme: str,
    max_frames: int,
) -> TestSet:
    """Build the set of frames straight from the held-out Saarland videos, none of them an annotated one.

    The preprint's val23 was made on frames of its own, which differ from its annotated ones and whose labels are not
    published. Truth is exact where the source has it, else boxes by background subtraction without class.
    Arguments as ``build_saarland_donors``, and ``exact_truth`` as ``build_naples``.
    """
    annotated = _held_out_frames(raw, scheme)
    known = {(frame.recording, frame.index) for frame in annotated}
    videos = sorted({frame.recording for frame in annotated})
    places = [(rec, frame.index) for rec in videos for frame in nouaman2024.read(raw, rec)]
    wanted: dict[str, set[int]] = {}
    for recording, index in evenly([place for place in places if place not in known], max_frames):
        wanted.setdefault(recording, set()).add(index)
    labelled = (
        _with_truth(raw, wanted, source, nouaman2024.read)
        if exact_truth
        else _with_background(raw, wanted, source, nouaman2024.read, PARAMETERS[nouaman2024.LAYOUT])
    )
    labels, judged = ("truth", "true") if exact_truth else ("background", "false")
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels=labels, classes_judged=judged
    )


SINGAPORE_FOLDERS = ("Parachute", "Slipper")
"""The folders whose pictures the preprint's two-class model was tried on (732 and 391 pictures)."""


def build_singapore_raw(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    cells: Path,
    max_frames: int,
) -> TestSet:
    """Build the set of whole pictures from Liang's folders of parachutes and of slippers, as recorded.

    Truth is exact where the source has it. The laboratory's own have no boxes: those of the bank's cells, which
    networks outlined, stand in for them, with the class of the folder.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files.
        exact_truth: whether the source has it, as its record says.
        cells: ``cells.csv`` of a bank cut from the source; read only where there is no exact truth.
        max_frames: pictures to keep, evenly spaced over both folders.

    Raises:
        InputError: a picture, the truth table or the bank is wrong.
    """
    pictures = [frame for shape in SINGAPORE_FOLDERS for frame in liang2024.read(raw, shape, source)]
    common = {"name": name, "source": source, "origin": origin}
    return _write_pictures(evenly(pictures, max_frames), raw, folder, exact_truth=exact_truth, cells=cells, **common)


def build_singapore_held_out(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    cells: Path,
    splits: Path,
    max_frames: int,
) -> TestSet:
    """Build the set of Liang's pictures whose cells the preprint's split keeps from every training: nine of ten.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files.
        exact_truth: whether the source has it; else the boxes of the bank's cells stand in for it.
        cells: ``cells.csv`` of a bank cut from the source.
        splits: table of the scheme ``paper`` that divides this bank's cells.
        max_frames: pictures to keep, evenly spaced.

    Raises:
        InputError: a picture, the truth table, the bank or the splits are wrong.
    """
    table = read_table(cells.parent).query("kept")
    apart = read_splits(splits).query("split == 'test'")["cell_id"]
    held = table[table["cell_id"].isin(apart)]
    if held.empty:
        reason = f"the bank {cells.parent.name} kept no cell, so the preprint's split holds none out"
        return write_unavailable(folder, name=name, source=source, reason=reason)
    wanted = set(zip(held["recording"], held["frame"], strict=True))
    pictures = [frame for shape in sorted(set(held["recording"])) for frame in liang2024.read(raw, shape, source)]
    kept = evenly([frame for frame in pictures if (frame.recording, frame.index) in wanted], max_frames)
    common = {"name": name, "source": source, "origin": origin}
    return _write_pictures(kept, raw, folder, exact_truth=exact_truth, cells=cells, **common)


def _write_pictures(
    pictures: Iterable[Frame], raw: Path, folder: Path, *, exact_truth: bool, cells: Path, **common: Any
) -> TestSet:
    """Write Liang's pictures with exact truth, or with the boxes of a bank's cells where the source has none."""
    boxes = _true_boxes(read_objects(raw)) if exact_truth else _bank_boxes(cells)
    # a picture's recording is the camera's, its folder is only how it was sorted
    labelled = (
        (
            replace(frame, recording=frame.group, condition=frame.recording),
            boxes.get((frame.recording, frame.index), []),
        )
        for frame in pictures
    )
    labels = "truth" if exact_truth else "outlines"
    return write_testset(folder, labelled, labels=labels, classes_judged="true", **common)


def build_flow_public(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], annotations: Path, max_frames: int
) -> TestSet:
    """Build the set of public recordings, with boxes and proxy classes from a table.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: ``public``.
        annotations: CSV as described in ``resources/annotations/README.md``.
        max_frames: frames to keep, evenly spaced.

    Raises:
        InputError: a recording is wrong, or the table does not fit it; names the row.
    """
    table = read_annotations(annotations)
    frames = {
        (f.recording, f.index): f for rec in flow_public.recordings(raw) for f in flow_public.read(raw, rec, source)
    }
    numbers = {rec: flow_public.frame_numbers(raw, rec) for rec in flow_public.recordings(raw)}
    for line, row in enumerate(table.itertuples(), start=2):
        if numbers.get(row.recording, {}).get(row.frame) != row.frame_number:
            found = f"frame {row.frame} with number {row.frame_number} of {row.recording}"
            raise InputError(annotations, found, f"a frame of the recordings in {raw}", where=f"line {line}")
        width, height = frames[row.recording, row.frame].size
        if row.x1 > width or row.y1 > height:
            box = f"box {row.x0:g} {row.y0:g} {row.x1:g} {row.y1:g}"
            raise InputError(annotations, box, f"a box inside the {width}x{height} pixels", where=f"line {line}")
    groups = evenly(list(table.groupby(["recording", "frame"], sort=True)), max_frames)
    labelled = ((frames[key], [_proxy_box(row) for row in rows.dropna().itertuples()]) for key, rows in groups)
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels="proxy", classes_judged="proxy"
    )


def read_annotations(path: Path) -> pd.DataFrame:
    """Return the table of ``resources/annotations/README.md``; a frame without a cell has one row with an empty box.

    Raises:
        InputError: a column is missing, a class unknown, or a box half empty or ending before it starts.
    """
    text, box = ("recording", "kind", "proxy_class"), ["x0", "y0", "x1", "y1"]
    types = dict.fromkeys(text, str) | dict.fromkeys(("object", *box), float) | {"frame": int, "frame_number": int}
    table = read_csv(path, "boxes and proxy classes", list(types), dtype=types, keep_default_na=False,
                     na_values={key: [""] for key in ("object", *box)})  # fmt: skip
    boxed = table[box].notna()
    refuse_rows(path, table, boxed.any(axis=1) & ~boxed.all(axis=1), "object", "a whole box, or none")
    known = table["proxy_class"].isin(CLASSES) | ~boxed.any(axis=1)
    refuse_rows(path, table, ~known, "proxy_class", f"one of {', '.join(CLASSES)}")
    refuse_rows(path, table, (table["x1"] <= table["x0"]) | (table["x0"] < 0), "x0", "0 <= x0 < x1")
    refuse_rows(path, table, (table["y1"] <= table["y0"]) | (table["y0"] < 0), "y0", "0 <= y0 < y1")
    return table


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
        folder, labelled_images(chosen, dataset.name), name=name, source=dataset.name, origin=origin, labels="truth",
        classes_judged="true", paths=[os.path.relpath(path, folder) for path in chosen],
    )  # fmt: skip


def _held_out_frames(raw: Path, scheme: str) -> list[nouaman2024.AnnotatedFrame]:
    """Return the annotated frames of the recordings that the splits of a scheme set apart."""
    frames = nouaman2024.annotated_frames(raw)
    apart = set(held_out((frame.recording for frame in frames if frame.polygons), scheme))
    return [frame for frame in frames if frame.recording in apart]


def _write_annotated(
    folder: Path,
    frames: list[nouaman2024.AnnotatedFrame],
    name: str,
    source: str,
    origin: Sequence[str],
    max_frames: int,
) -> TestSet:
    """Write annotated Saarland frames with the boxes of their polygons."""
    labelled = (_with_polygons(frame, source) for frame in evenly(frames, max_frames))
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels="annotations", classes_judged="true"
    )


def _with_polygons(annotated: nouaman2024.AnnotatedFrame, source: str) -> Labelled:
    """Return an annotated frame with the boxes of its polygons."""
    frame = annotated.load(source)
    boxes = [
        TrueBox(polygon.class_, polygon.box, "edge" if touches_edge(polygon.box, *frame.size) else "single")
        for polygon in annotated.polygons
    ]
    return frame, boxes


Reader = Callable[..., Iterable[Frame]]
"""``read`` of a layout: the frames of a recording in a folder, of a source."""


def _with_truth(raw: Path, wanted: dict[str, set[int]], source: str, read: Reader) -> Iterator[Labelled]:
    """Yield the wanted frames of a phantom with the exact boxes of their objects."""
    boxes = _true_boxes(read_objects(raw))
    for recording in sorted(wanted):
        for frame in read(raw, recording, source):
            if frame.index in wanted[recording]:
                yield frame, boxes.get((recording, frame.index), [])


def _true_boxes(objects: pd.DataFrame) -> dict[tuple[str, int], list[TrueBox]]:
    """Return the exact boxes of a phantom's objects by recording and frame."""
    boxes: dict[tuple[str, int], list[TrueBox]] = {}
    for row in objects.to_dict("records"):
        kind = "edge" if row["touches_edge"] else row["kind"]
        box = TrueBox(row["class"], (row["x0"], row["y0"], row["x1"], row["y1"]), kind)
        boxes.setdefault((row["recording"], row["frame"]), []).append(box)
    return boxes


def _bank_boxes(cells: Path) -> dict[tuple[str, int], list[TrueBox]]:
    """Return the boxes of a bank's kept cells by recording and frame."""
    boxes: dict[tuple[str, int], list[TrueBox]] = {}
    for row in read_table(cells.parent).query("kept").to_dict("records"):
        kind = "edge" if row["touches_edge"] else "single"
        box = TrueBox(row["class"], (row["x0"], row["y0"], row["x1"], row["y1"]), kind)
        boxes.setdefault((row["recording"], row["frame"]), []).append(box)
    return boxes


def _with_background(
    raw: Path, wanted: dict[str, set[int]], source: str, read: Reader, parameters: Parameters
) -> Iterator[Labelled]:
    """Yield the wanted frames with the boxes of what differs from the recording's median."""
    for recording in sorted(wanted):
        background = median_background(to_grey(frame.image) for frame in read(raw, recording, source))
        for frame in read(raw, recording, source):
            if frame.index in wanted[recording]:
                found = find_objects(to_grey(frame.image), background, parameters, frame.condition)
                cells = [item for item in found if item.reason != "too_small"]
                boxes = [TrueBox("other", item.box, "edge" if item.touches_edge else "single") for item in cells]
                yield frame, boxes


def _proxy_box(row) -> TrueBox:
    """Return the box of a row of the annotation table."""
    return TrueBox(row.proxy_class, (row.x0, row.y0, row.x1, row.y1), row.kind)
