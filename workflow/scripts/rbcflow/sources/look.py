"""A look at a source's own files before anything is computed from them (rule ``check_raw``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.sources import layouts
from rbcflow.sources.labelled import read_folder, read_labels
from rbcflow.sources.listing import kind_of, listed
from rbcflow.sources.nouaman2024 import reader as nouaman2024
from rbcflow.sources.problems import reason
from rbcflow.sources.yolo_folder import reader as yolo_folder

MOST = 5
"""Bad files that are named; the others are counted."""


@dataclass
class Look:
    """What is there of a source.

    Attributes:
        refused: why the folder as a whole is no source, "" where it is one.
        kinds: number of files by kind: whole ones, ignored ones and bad ones.
        bad: what is wrong with each bad file, by its name.
        recordings: how many there are.
        frames: in them, crops included.
        donors: their names.
        annotated: annotated frames with an object, and those without.
        remarks: what is assumed of the folder because it does not say so.
    """

    refused: str = ""
    kinds: dict[str, Counter] = field(
        default_factory=lambda: {"read": Counter(), "ignored": Counter(), "bad": Counter()}
    )
    bad: dict[str, str] = field(default_factory=dict)
    recordings: int = 0
    frames: int = 0
    donors: set[str] = field(default_factory=set)
    annotated: tuple[int, int] | None = None
    remarks: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Return the columns after source and folder."""
        if self.refused:
            return ["refused", "", "", "", "", "", ""]
        counts = [", ".join(f"{n} {kind}" for kind, n in sorted(own.items())) or "0" for own in self.kinds.values()]
        with_, without = map(str, self.annotated) if self.annotated else ("", "")
        return [*counts, str(self.frames), str(len(self.donors)), with_, without]


COLUMNS = ("source", "folder", "read", "ignored", "bad", "frames", "donors", "annotated", "of them empty")


def look(layout: str, folder: Path) -> Look:
    """Return what lies in a source's folder; every file is decoded, none is written.

    Args:
        layout: a key of ``layouts.READERS``.
        folder: the source's files.
    """
    found = Look()
    try:
        bad = layouts.bad_files(layout, folder)
        listing = listed(folder)
        for name in listing.files:
            found.kinds["bad" if name in bad else "read"][kind_of(name) or "other"] += 1
        found.kinds["ignored"] += Counter(kind_of(name) or "other" for name in listing.ignored)
        found.bad = {name: reason(folder, name, error) for name, error in bad.items()}
        _count(found, layout, folder, set(bad))
    except InputError as error:
        found.refused = str(error)
    return found


def _count(found: Look, layout: str, folder: Path, bad: Collection[str]) -> None:
    """Count recordings, frames, donors and annotated frames of a folder without its bad files."""
    reader = layouts.READERS[layout]
    names = list(reader.recordings(folder))
    if layout == nouaman2024.LAYOUT:
        names += nouaman2024.raw_crop_recordings(folder)
        found.frames += sum(
            crop.path.relative_to(folder).as_posix() not in bad for crop in nouaman2024.crop_files(folder)
        )
    for name in names:
        try:
            for frame in reader.read(folder, name):
                found.frames += 1
                found.donors |= {frame.donor} - {""}
        except InputError:
            continue
        found.recordings += 1
    if layout == nouaman2024.LAYOUT:
        frames = nouaman2024.annotated_frames(folder, without=bad)
        found.donors |= {frame.donor for frame in frames}
        with_ = sum(bool(frame.polygons) for frame in frames)
        found.annotated = (with_, len(frames) - with_)
    if layout == yolo_folder.LAYOUT:
        found.annotated, found.remarks = _labelled(folder, bad), read_folder(folder).remarks()


def _labelled(folder: Path, bad: Collection[str]) -> tuple[int, int]:
    """Return how many pictures have a box, and how many have none."""
    pictures = yolo_folder.pictures(read_folder(folder))
    whole = [one for one in pictures if yolo_folder.name_of(folder, one.path) not in bad]
    with_ = sum(bool(one.label and read_labels(one.label)) for one in whole)
    return with_, len(whole) - with_


def table(rows: list[list[str]]) -> str:
    """Return rows as text, the columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
