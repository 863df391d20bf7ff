"""Test sets of Liang's pictures of single cells (rule ``build_testset``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rbcflow.cells.bank import read_table
from rbcflow.cells.splits import read_splits
from rbcflow.core.frames import Frame
from rbcflow.laboratories.liang2024 import reader as liang2024
from rbcflow.phantom.truth import read_objects
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import TestSet, write_testset, write_unavailable
from rbcflow.testsets.labels import Labels
from rbcflow.testsets.truth import bank_boxes, true_boxes

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
    boxes = true_boxes(read_objects(raw)) if exact_truth else bank_boxes(cells)
    # a picture's recording is the camera's, its folder is only how it was sorted
    labelled = (
        (
            replace(frame, recording=frame.group, condition=frame.recording),
            boxes.get((frame.recording, frame.index), []),
        )
        for frame in pictures
    )
    labels = Labels.TRUTH if exact_truth else Labels.OUTLINES
    return write_testset(folder, labelled, labels=labels, classes_evaluated="true", **common)
