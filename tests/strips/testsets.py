"""Builds the kinds of test sets that are made from strips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rbcflow.sources.extraction import Thresholds
from rbcflow.testsets.files import TestSet, TrueBox, write_testset
from rbcflow.testsets.truth import with_background

from . import reader

BOX = (20, 20, 50, 44)
"""Where the cell is in the first frame, half-open corners in pixels; it is 30 pixels farther to the right in each."""


def build_strips(raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], max_frames: int) -> TestSet:
    """Build the set of all frames."""
    frames = [frame for recording in reader.recordings(raw) for frame in reader.read(raw, recording, source)]
    labelled = ((frame, [TrueBox("other", moved(frame.index), "single")]) for frame in frames[:max_frames])
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels="truth", classes_evaluated="false"
    )


def build_strips_found(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], background: Thresholds
) -> TestSet:
    """Build the set of all frames, with the boxes that the laboratory's thresholds find."""
    wanted = {recording: set(range(reader.FRAMES)) for recording in reader.recordings(raw)}
    labelled = with_background(raw, wanted, source, reader.read, background)
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels="background", classes_evaluated="false"
    )


def moved(index: int) -> tuple[int, int, int, int]:
    """Return the box of the cell in a frame."""
    return BOX[0] + 30 * index, BOX[1], BOX[2] + 30 * index, BOX[3]
