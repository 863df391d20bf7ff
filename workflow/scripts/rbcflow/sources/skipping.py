"""The files of a source that later stages read: good ones, at the places of the layout (``register_raw`` and others).

Whatever a laboratory's folders look like, what follows reads one form: a folder of links.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rbcflow.core.errors import InputError
from rbcflow.sources import layouts
from rbcflow.sources.arrange import Arrangement, link_files
from rbcflow.sources.listing import TRUTH, Listing, kind_of, listed, shown
from rbcflow.sources.problems import BadFiles, reason, refuse

Entries = list[dict[str, str]]
LOGGER = logging.getLogger("rbcflow")


@dataclass(frozen=True)
class Accepted:
    """What is read of a source's files.

    Attributes:
        arrangement: where each file went.
        skipped: ``file`` and ``reason`` of each that is left out as bad.
    """

    arrangement: Arrangement
    skipped: Entries

    @property
    def listing(self) -> Listing:
        """The source's files."""
        return self.arrangement.listing

    @property
    def told(self) -> dict[str, list]:
        """What the source's record tells of the files, see ``record.SourceRecord``."""
        remarks = list(self.arrangement.remarks)
        return {"skipped": self.skipped, "taken": self.taken, "ignored": self.ignored, "remarks": remarks}

    def sums(self, sums: Mapping[str, str]) -> dict[str, str]:
        """Return the sha256 of linked files by their places, of sums by name."""
        places = self.arrangement.places
        return {place: sums[name] for place, name in places.items()
                if name in sums and place not in self.arrangement.texts}  # fmt: skip

    @property
    def taken(self) -> list[dict[str, str | int]]:
        """How many files are read, by folder and kind."""
        return _by_folder(self.arrangement.places.values())

    @property
    def ignored(self) -> list[dict[str, str | int]]:
        """How many files are ignored as the source's entry says, by kind and by the folder that nothing is read of."""
        read = {parent for name in self.listing.files for parent in PurePosixPath(name).parents}
        above = {name: [folder for folder in PurePosixPath(name).parents if folder not in read]
                 for name in self.listing.ignored}  # fmt: skip
        # `x` stands for the file: what counts is the folder
        return _by_folder(str(above[name][-1] / f"x{PurePosixPath(name).suffix}") if above[name] else name
                          for name in self.listing.ignored)  # fmt: skip


def accept(
    layout: str,
    folder: Path,
    links: Path,
    bad_files: str,
    *,
    take: Collection[str] = (),
    ignore: Collection[str] = (),
    without_polygons: str = "empty",
) -> Accepted:
    """Check a folder of raw files and fill the folder that later stages read.

    Args:
        layout: a key of ``layouts.READERS``.
        folder: the source's files.
        links: is filled anew with links to the good files at the places of the layout.
        bad_files: ``stop`` or ``skip``.
        take, ignore: patterns, see ``listing``.
        without_polygons: see ``layouts.arrange``.

    Raises:
        InputError: with ``stop``, names every bad file; with ``skip``, nothing is left, or what is wrong is not a file
            that could be left out.
    """
    if not folder.is_dir():
        raise InputError(folder, "no such folder", f"a folder of layout {layout}")
    listing = listed(folder, layout, take=take, ignore=ignore)
    if listing.ignored and not listing.data:
        raise InputError(
            folder, f"{len(listing.ignored)} files, none of which `take` and `ignore` leave", "one that is read"
        )
    arrangement = layouts.arrange(layout, listing, without_polygons=without_polygons)
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    link_files(arrangement, links)
    try:
        bad = arrangement.bad | _told_by_name(arrangement, links, lambda: layouts.bad_files(layout, links))
    except InputError:
        # nothing may be left because nothing was in its place
        refuse(folder, arrangement.bad)
        raise
    if bad_files == "stop":
        refuse(folder, bad)
    _leave_out(arrangement, links, layout, bad)
    return Accepted(
        arrangement, [{"file": shown(name), "reason": reason(folder, name, error)} for name, error in bad.items()]
    )


def _leave_out(arrangement: Arrangement, links: Path, layout: str, bad: BadFiles) -> None:
    """Take bad files out of an arrangement and its links; raises InputError where what is left is no source."""
    gone = [place for place, name in arrangement.places.items() if name in bad]
    for place in gone:
        (links / place).unlink()
        del arrangement.places[place]
    if leave_out := getattr(layouts.READERS[layout], "leave_out", None):
        leave_out(links, gone)
    if gone:
        # What is left must be a source of this layout: the last recording may be gone.
        _told_by_name(arrangement, links, lambda: layouts.bad_files(layout, links))


def remark_copies(accepted: Accepted, sums: Mapping[str, str]) -> None:
    """Remark on files that are read twice under two names: their cells may stand on two sides of a split.

    Args:
        accepted: gets the remark.
        sums: sha256 of each file by name.
    """
    first: dict[str, str] = {}
    names = [name for name in accepted.arrangement.places.values() if name in sums and kind_of(name)]
    names = [name for name in names if not name.startswith(f"{TRUTH}/")]
    copies = [(name, other) for name in sorted(names) if (other := first.setdefault(sums[name], name)) != name]
    if copies:
        name, other = map(shown, copies[0])
        told = f"{len(copies)} files are copies of others, {name} of {other} first"
        if len(copies) == 1:
            told = f"{name} is a copy of {other}"
        accepted.arrangement.remarks.append(
            f"{told}: cells are read twice, and may stand on two sides of a split; `ignore:` the copies"
        )


def warn(source: str, accepted: Accepted) -> None:
    """Name the files that are left out, and all that a user should know, in the log and on the screen."""
    remarks = list(accepted.arrangement.remarks)
    if accepted.skipped:
        lines = "".join(f"\n    {one['file']}: {one['reason']}" for one in accepted.skipped)
        told = "1 file is" if len(accepted.skipped) == 1 else f"{len(accepted.skipped)} files are"
        remarks.append(f"{told} left out as bad, or with one that is (bad_files: skip):{lines}")
    for remark in remarks:
        LOGGER.warning("%s: %s", source, remark)
        print(f"\n{source}: {remark}\n", file=sys.stderr)


def _told_by_name(arrangement: Arrangement, links: Path, check: Callable[[], BadFiles]) -> BadFiles:
    """Return what is wrong with files by their own names, not by those of the links to them.

    Raises:
        InputError: what is wrong is no file that could be left out; names the laboratory's file or folder.
    """
    folder = arrangement.listing.folder

    def renamed(error: InputError) -> InputError:
        place = Path(error.path)
        if not place.is_relative_to(links):
            return error
        inside = place.relative_to(links).as_posix()
        return InputError(folder / arrangement.places.get(inside, inside), error.found, error.expected, error.where)

    try:
        bad = check()
    except InputError as error:
        raise renamed(error) from error
    return {arrangement.places.get(place, place): renamed(error) for place, error in bad.items()}


def _by_folder(names: Iterable[str]) -> list[dict[str, str | int]]:
    """Return how many files there are by folder and kind, folders sorted."""
    counts = Counter((shown(PurePosixPath(name).parent.as_posix()), kind_of(name) or "other") for name in names)
    return [{"folder": folder, "kind": kind, "files": count} for (folder, kind), count in sorted(counts.items())]
