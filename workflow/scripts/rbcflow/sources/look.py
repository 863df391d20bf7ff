"""A look at a source's own files before anything is computed from them (rule ``check_raw``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rbcflow.core.errors import InputError
from rbcflow.sources import layouts, skipping
from rbcflow.sources.labelled import read_folder, read_labels
from rbcflow.sources.listing import kind_of

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
        annotated = [str(sum(self.annotated)), str(self.annotated[1])] if self.annotated else ["", ""]
        return [*counts, str(self.frames), str(len(self.donors)), *annotated]


COLUMNS = ("source", "folder", "read", "ignored", "bad", "frames", "donors", "annotated", "without objects")


def look(layout: str, folder: Path, reading_options: Mapping[str, object]) -> Look:
    """Return what lies in a source's folder; every file is decoded, nothing is written there.

    Args:
        layout: a key of ``layouts.READERS``.
        folder: the source's files.
        reading_options: what else ``skipping.accept`` is given.
    """
    found = Look()
    try:
        with TemporaryDirectory() as scratch:
            links = Path(scratch) / "files"
            accepted = _accept(layout, folder, links, reading_options)
            read = set(accepted.arrangement.places.values())
            for name in (
                accepted.listing.data if hasattr(layouts.READERS[layout], "arrange") else accepted.listing.files
            ):
                found.kinds["read" if name in read else "bad"][kind_of(name) or "other"] += 1
            found.kinds["ignored"] += Counter(kind_of(name) or "other" for name in accepted.listing.ignored)
            found.bad = {one["file"]: one["reason"] for one in accepted.skipped}
            found.remarks, found.annotated = list(accepted.arrangement.remarks), accepted.arrangement.annotated
            _count(found, layout, links)
    except InputError as error:
        found.refused = str(error)
    return found


def _accept(layout: str, folder: Path, links: Path, reading_options: Mapping[str, object]) -> skipping.Accepted:
    """Return what is read of a folder without its bad files.

    Raises:
        InputError: nothing is left, for which the reasons of the bad files are given.
    """
    try:
        return skipping.accept(layout, folder, links, "skip", **reading_options)
    except InputError:
        return skipping.accept(layout, folder, links, "stop", **reading_options)


def _count(found: Look, layout: str, folder: Path) -> None:
    """Count recordings, frames, donors and annotated frames of a folder of good files."""
    reader = layouts.READERS[layout]
    if hasattr(reader, "crop_files"):
        found.frames += len(reader.crop_files(folder))
    if hasattr(reader, "annotated_frames"):
        found.donors |= {frame.donor for frame in reader.annotated_frames(folder)}
    for name in layouts.recordings(layout, folder):
        for frame in reader.read(folder, name):
            found.frames += 1
            found.donors |= {frame.donor} - {""}
        found.recordings += 1
    if hasattr(reader, "labelled_pictures"):
        labelled = read_folder(folder)
        pictures = [one for own in reader.labelled_pictures(folder, labelled).values() for one in own]
        with_boxes = sum(bool(one.label and read_labels(one.label)) for one in pictures)
        found.annotated = with_boxes, len(pictures) - with_boxes
        found.remarks += labelled.remarks()


def table(rows: list[list[str]]) -> str:
    """Return rows as text, the columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
