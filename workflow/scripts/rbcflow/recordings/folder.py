"""A sheet from a folder of recordings, for a first look: ``make recordings VIDEOS=folder``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.core.textfile import read_text, rows, separator
from rbcflow.recordings.media import SUFFIXES
from rbcflow.recordings.pictures import SUFFIXES as PICTURES
from rbcflow.recordings.pictures import TIFF, natural
from rbcflow.recordings.sheet import COLUMNS, EXPECTED, read_sheet, slug
from rbcflow.sources import listing
from rbcflow.sources.tiff import page_count

VIDEOS = (*listing.SUFFIXES["video"], ".mj2", ".gif")
"""What is given to the decoder; a file that it does not know is refused by name when it is read, and stops no other."""

ARRAYS = (".npy", ".npz", ".mat", ".raw")
"""Files of numbers, which may hold frames; how they lie in them is not told, so none is read."""


def recordings_in(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the recordings below a folder, and what in it may be data and is passed over, both in natural order.

    Recordings are videos, stacks, HDF5 files, and folders of pictures: at least two of them, TIFFs of one frame each
    among them. Links are followed, hidden files are not looked at.

    Raises:
        InputError: no such folder, none in it, or a folder that may not be read.
    """
    if not folder.is_dir():
        raise InputError(folder, "a file" if folder.exists() else "no such folder", "a folder with recordings")
    found: list[Path] = []
    pictures: dict[Path, list[Path]] = {}
    stacks: dict[Path, list[Path]] = {}
    there = listing.listed(folder)
    passed = list(there.lost)
    for name, path in there.files.items():
        suffix = path.suffix.lower()
        if suffix in TIFF:
            stacks.setdefault(path.parent, []).append(path)
        elif suffix in VIDEOS or suffix in SUFFIXES:
            found.append(path)
        elif suffix in PICTURES:
            pictures.setdefault(path.parent, []).append(path)
        elif listing.kind_of(name) or suffix in (*listing.ARCHIVES, *ARRAYS):
            passed.append(name)
    for place, own in stacks.items():
        if len(own) > 1 and all(map(_of_one_frame, own)):
            pictures.setdefault(place, []).extend(own)
        else:
            found += own
    found += [place for place, own in pictures.items() if len(own) > 1]
    passed += [str(own[0].relative_to(folder)) for own in pictures.values() if len(own) == 1]
    if not found:
        kinds = dict.fromkeys([*VIDEOS, *SUFFIXES, *PICTURES])
        only = f", only {_few(passed)}" if passed else ""
        raise InputError(folder, f"no recording{only}", f"files of the kinds {', '.join(kinds)}; pictures: two or more")
    return sorted(found, key=lambda path: natural(str(path))), sorted(passed, key=natural)


def _of_one_frame(path: Path) -> bool:
    """Say whether a TIFF has one frame; a broken one is a recording of its own, which is refused by name."""
    try:
        return page_count(path) == 1
    except InputError:
        return False


def _few(names: list[str]) -> str:
    """Return up to five names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(listing.shown, names[:5])) + more


def write_sheet(folder: Path, sheet: Path) -> tuple[int, list[str]]:
    """Write or lengthen a sheet by the recordings below a folder; return how many lines are new, what is passed over.

    Lines that are there already stay as they are, those put aside by a # too, so that what was filled in is kept.

    Raises:
        InputError: no recording in the folder, or the sheet that is there cannot be read.
    """
    known = read_sheet(sheet) if sheet.exists() else {}
    text = read_text(sheet, EXPECTED) if known else "\t".join(COLUMNS) + "\n"
    between, lines = separator(text, COLUMNS), text.splitlines()
    _, columns = next(rows(sheet, text, COLUMNS))
    # lines put aside by a # too
    there = {row.file for row in known.values()} | {cell.strip('"') for line in lines for cell in line.split(between)}
    found, passed = recordings_in(folder)
    new = [str(path) for path in map(Path.absolute, found) if str(path) not in there]
    taken = {name.lower() for name in known}
    text = text if text.endswith("\n") else f"{text}\n"
    for file in new:
        row = {
            "recording": _free(slug(Path(file).stem if Path(file).is_file() else Path(file).name), taken),
            "file": file,
        }
        text += between.join(_cell(row.get(column, ""), between) for column in columns) + "\n"
    if new:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        part = sheet.with_suffix(".part")
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(sheet)
    return len(new), passed


def _cell(text: str, between: str) -> str:
    """Return a cell's text, in quotes where what separates columns stands in it."""
    return f'"{text}"' if between in text else text


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it."""
    number, first = 2, name
    while name in taken:
        name, number = f"{first}_{number}", number + 1
    taken.add(name)
    return name


def main(arguments: list[str] | None = None) -> int:
    """Write the sheet and say what to do with it; 1 where that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sheet", type=Path)
    asked = parser.parse_args(arguments)
    try:
        new, passed = write_sheet(asked.folder, asked.sheet)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    more = f"{new} more recording{'' if new == 1 else 's'}"
    if passed:
        print(f"Passed over: {_few(passed)}. They are no recording that is read here, or one picture alone.")
    print(f"{asked.sheet}: {more}. Pixel size, frames a second and conditions are for you to fill in.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
