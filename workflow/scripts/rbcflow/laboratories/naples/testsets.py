"""Test sets of the Naples laboratory's stacks (rule ``build_testset``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rbcflow.cells.methods.background import find_objects, like_most
from rbcflow.core.frames import to_grey
from rbcflow.laboratories.naples import reader as naples
from rbcflow.sources.extraction import Thresholds
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, write_testset
from rbcflow.testsets.labels import Labels
from rbcflow.testsets.truth import write_frames


def build_naples(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    background: Thresholds,
    max_frames: int,
) -> TestSet:
    """Build the Naples set: exact truth where the source has it, else boxes by background subtraction.

    Boxes by background subtraction have no class: all are ``other`` and ``classes_evaluated`` is ``false``.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files: ``phantom`` or ``raw``.
        exact_truth: whether the source has it, as its record says.
        background: thresholds of background subtraction.
        max_frames: frames to keep, evenly spaced over all recordings.

    Raises:
        InputError: a stack or the truth table is wrong.
    """
    places = [(rec, index) for rec in naples.recordings(raw) for index in range(naples.frame_count(raw, rec))]
    return write_frames(
        places,
        raw,
        folder,
        read=naples.read,
        name=name,
        source=source,
        origin=origin,
        exact_truth=exact_truth,
        background=background,
        max_frames=max_frames,
    )


def build_naples_published(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], background: Thresholds, max_frames: int
) -> TestSet:
    """Build the Naples set as the preprint's notebook wrote it: frames with an accepted cell, and its box alone.

    Boxes are by background subtraction at the notebook's settings, all of class other, so classes are not evaluated;
    red and blue are exchanged, as they were when the frames were saved. Arguments as ``build_naples``.
    """
    accepted = [item for recording in naples.recordings(raw) for item in _accepted(raw, recording, source, background)]
    labelled = (
        (replace(frame, image=np.ascontiguousarray(frame.image[..., ::-1])), boxes)
        for frame, boxes in evenly(accepted, max_frames)
    )
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels=Labels.BACKGROUND, classes_evaluated="false"
    )


def _accepted(raw: Path, recording: str, source: str, thresholds: Thresholds) -> list[Labelled]:
    """Return the frames of a stack in which the preprint's notebook accepted a cell, with that cell's box."""
    frames = list(naples.read(raw, recording, source))
    greys = [to_grey(frame.image) for frame in frames]
    background = like_most(greys)
    found = (
        find_objects(grey, background, thresholds, frame.condition) for frame, grey in zip(frames, greys, strict=True)
    )
    return [
        (frame, [TrueBox("other", item.box, "single")])
        for frame, objects in zip(frames, found, strict=True)
        for item in objects[:1]
        if not item.reason
    ]
