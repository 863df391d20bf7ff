"""Test sets of the Saarland's annotated frames and videos (rule ``build_testset``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rbcflow.cells.bank import touches_edge
from rbcflow.cells.splits import held_out, held_out_donor
from rbcflow.laboratories.nouaman2024 import reader as nouaman2024
from rbcflow.sources.extraction import Thresholds
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, write_testset
from rbcflow.testsets.labels import Labels
from rbcflow.testsets.truth import write_frames


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


def build_saarland_frames(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    exact_truth: bool,
    background: Thresholds,
    scheme: str,
    max_frames: int,
) -> TestSet:
    """Build the set of frames straight from the held-out Saarland videos, none of them an annotated one.

    The preprint's val23 was made on frames of its own, which differ from its annotated ones and whose labels are not
    published. Truth is exact where the source has it, else boxes by background subtraction without class.
    Arguments as ``build_saarland_donors``, ``exact_truth`` whether the source has it and ``background`` the thresholds.
    """
    annotated = _held_out_frames(raw, scheme)
    known = {(frame.recording, frame.index) for frame in annotated}
    videos = sorted({frame.recording for frame in annotated})
    places = [(rec, frame.index) for rec in videos for frame in nouaman2024.read(raw, rec)]
    return write_frames(
        [place for place in places if place not in known],
        raw,
        folder,
        read=nouaman2024.read,
        name=name,
        source=source,
        origin=origin,
        exact_truth=exact_truth,
        background=background,
        max_frames=max_frames,
    )


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
        folder, labelled, name=name, source=source, origin=origin, labels=Labels.ANNOTATIONS, classes_evaluated="true"
    )


def _with_polygons(annotated: nouaman2024.AnnotatedFrame, source: str) -> Labelled:
    """Return an annotated frame with the boxes of its polygons."""
    frame = annotated.load(source)
    boxes = [
        TrueBox(polygon.class_, polygon.box, "edge" if touches_edge(polygon.box, *frame.size) else "single")
        for polygon in annotated.polygons
    ]
    return frame, boxes
