"""A sheet from a folder of recordings, for a first look: ``make recordings VIDEOS=folder``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.core.textfile import read_text, rows, separator
from rbcflow.recordings.media import SUFFIXES
from rbcflow.recordings.pictures import SUFFIXES as PICTURES
from rbcflow.recordings.pictures import natural
from rbcflow.recordings.sheet import COLUMNS, EXPECTED, read_sheet, slug

VIDEOS = (".avi", ".mp4", ".mov", ".mkv", ".m4v", ".wmv", ".mpg", ".mpeg", ".webm", ".mj2", ".ogv")


def recordings_in(folder: Path) -> list[Path]:
    """Return the recordings below a folder in natural order: videos, stacks, HDF5 files, and folders of pictures.

    Raises:
        InputError: no such folder, or none in it.
    """
    if not folder.is_dir():
        raise InputError(folder, "a file" if folder.exists() else "no such folder", "a folder with recordings")
    found, pictures = [], set()
    for path in folder.rglob("*"):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        suffix = path.suffix.lower()
        if suffix in VIDEOS or suffix in SUFFIXES:
            found.append(path)
        elif suffix in PICTURES:
            pictures.add(path.parent)
    found = sorted([*found, *pictures], key=lambda path: natural(str(path)))
    if not found:
        raise InputError(
            folder, "no recording", f"files of the kinds {', '.join(dict.fromkeys([*VIDEOS, *SUFFIXES, *PICTURES]))}"
        )
    return found


def write_sheet(folder: Path, sheet: Path) -> int:
    """Write or lengthen a sheet by the recordings below a folder, and return how many lines are new.

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
    new = [str(path) for path in map(Path.absolute, recordings_in(folder)) if str(path) not in there]
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
    return len(new)


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
        new = write_sheet(asked.folder, asked.sheet)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    more = f"{new} more recording{'' if new == 1 else 's'}"
    print(f"{asked.sheet}: {more}. Pixel size, frames a second and conditions are for you to fill in.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
