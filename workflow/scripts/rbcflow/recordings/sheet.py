"""The sheet of recordings, read before the DAG is built: every rule of ``recordings.smk`` goes by it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from pathlib import Path

from pydantic import ValidationError

from rbcflow.config.config import Config
from rbcflow.config.recordings import Facts, Recording
from rbcflow.core.errors import InputError
from rbcflow.core.places import expanded
from rbcflow.core.textfile import read_text, rows

NEEDED = ("recording", "file")
COLUMNS = (*NEEDED, *Facts.model_fields)
"""Columns of a sheet, those that are needed first."""

EXPECTED = "a tab-separated text, as a spreadsheet saves it"
SHEET_OF_ONE = "configuration"
"""What messages call the sheet where one recording stands in the configuration instead."""


def recordings_of(config: Config) -> dict[str, Recording]:
    """Return the recordings that a configuration asks for, by name, each with an absolute path; it may ask for none.

    Raises:
        InputError: the sheet, or the one recording, is wrong; names file, line, column, what is there and should be.
    """
    if config.recordings and config.recording:
        found = f"recordings {config.recordings!r} and recording {config.recording!r}"
        raise InputError(SHEET_OF_ONE, found, "one of the two: a sheet, or one file", "keys recordings and recording")
    facts = {name: value for name in Facts.model_fields if (value := getattr(config, name)) is not None}
    if config.recording:
        return _one(config.recording, facts)
    if facts and not config.recordings:
        key = next(iter(facts))
        raise InputError(SHEET_OF_ONE, f"{key} without a recording", "the key `recording` with a file", f"key {key}")
    if facts:
        key = next(iter(facts))
        raise InputError(SHEET_OF_ONE, f"{key} beside a sheet", f"a column {key} in {config.recordings}", f"key {key}")
    return read_sheet(Path(config.recordings)) if config.recordings else {}


def _one(file: str, facts: dict) -> dict[str, Recording]:
    """Return the one recording of the configuration, named after its file."""
    path = _existing(Path(SHEET_OF_ONE), file, Path(), "key recording")
    name = slug(path.stem if path.is_file() else path.name)
    return {name: Recording(recording=name, file=str(path), **facts)}


def slug(text: str) -> str:
    """Return a name for a recording made from its file's: ``donor_a_20_mbar`` of ``Donor A 20 mbar``."""
    plain = unicodedata.normalize("NFKD", text.replace("µ", "u")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9-]+", "_", plain).strip("_-")[:64].rstrip("_-") or "recording"


def read_sheet(path: Path) -> dict[str, Recording]:
    """Return the recordings of a sheet by name, in its order, each with an absolute path.

    What spreadsheets do is passed over: a byte order mark, UTF-16, quotes, carriage returns, empty columns and rows,
    and semicolons or commas between the columns.

    Raises:
        InputError: names file, line, column, what is there and what should be.
    """
    lines = rows(path, read_text(path, f"a sheet of recordings: {EXPECTED}"), COLUMNS)
    header = next(lines, None)
    if header is None:
        raise InputError(path, "an empty file", f"{EXPECTED}, with the columns {', '.join(NEEDED)}", "line 1")
    columns = _columns(path, *header)
    recordings: dict[str, Recording] = {}
    at: dict[str, int] = {}
    for line, cells in lines:
        row = _recording(path, line, columns, cells)
        # two names that differ in case alone would share a folder on some systems
        if (key := row.recording.lower()) in at:
            found = f"{row.recording!r}, as in line {at[key]}"
            raise InputError(path, found, "another name in every line", f"line {line}, column recording")
        at[key] = line
        recordings[row.recording] = row
    if not recordings:
        raise InputError(path, "no recording", "a line for each recording", "line 2")
    return recordings


def _columns(path: Path, line: int, header: list[str]) -> list[str]:
    """Return the names of the columns, "" for an empty one."""
    where = f"line {line}"
    for name in header:
        if name and name not in COLUMNS:
            guess = difflib.get_close_matches(name.lower(), COLUMNS, n=1)
            hint = f"{guess[0]!r}, perhaps: " if guess else ""
            raise InputError(path, f"a column {name!r}", f"{hint}one of {', '.join(COLUMNS)}", where)
        if name and header.count(name) > 1:
            raise InputError(path, f"the column {name!r} twice", "each column once", where)
    if missing := [name for name in NEEDED if name not in header]:
        found = f"columns {', '.join(filter(None, header))}"
        raise InputError(path, found, f"also the column {' and '.join(missing)}", where)
    return header


def _recording(path: Path, line: int, columns: list[str], cells: list[str]) -> Recording:
    """Return one line as a recording whose file is there."""
    for number, cell in enumerate(cells):
        if cell and (number >= len(columns) or not columns[number]):
            expected = f"nothing there, as line 1 names {sum(map(bool, columns))} columns"
            raise InputError(path, repr(cell), expected, f"line {line}, column {number + 1}")
    row = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
    for name in NEEDED:
        if name not in row:
            raise InputError(path, "an empty cell", f"the {name} of every line", f"line {line}, column {name}")
    try:
        recording = Recording.model_validate(row)
    except ValidationError as error:
        raise _readable(path, line, error, row) from None
    file = _existing(path, recording.file, path.parent, f"line {line}, column file")
    return recording.model_copy(update={"file": str(file)})


def _readable(path: Path, line: int, error: ValidationError, row: dict[str, str]) -> InputError:
    """Return pydantic's first complaint as what a cell holds and what it should."""
    first = error.errors()[0]
    column = str(first["loc"][0])
    cell = row[column]
    message = (
        first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("input should be ")
    )
    if first["type"] == "float_parsing":
        message = "a number" + (" with a point, not a comma" if re.fullmatch(r"\d+,\d+", cell) else "")
    if first["type"] in ("int_parsing", "int_from_float"):
        message = "a whole number"
    if column == "recording":
        message = "letters, digits, - and _, up to 64, the first a letter or digit: it becomes a folder"
    return InputError(path, repr(cell), message, f"line {line}, column {column}")


def _existing(sheet: Path, file: str, folder: Path, where: str) -> Path:
    """Return the absolute path of a recording's file: ``~`` and ``$NAME`` replaced, the rest as seen from the sheet."""
    try:
        path = (folder / expanded(file, folder)).absolute()
    except ValueError as error:
        raise InputError(sheet, repr(file), str(error), where) from None
    try:
        there = path.exists()
    except OSError as error:
        raise InputError(sheet, repr(file), f"a file's path ({error.strerror})", where) from None
    if there and set("{}") & set(str(path)):
        raise InputError(sheet, repr(str(path)), "a path without { and }, which Snakemake takes for wildcards", where)
    if there:
        return path
    hint = "; folders are separated by /" if "\\" in file else ""
    aside = "" if sheet == Path(SHEET_OF_ONE) else "; a # before the line leaves it out"
    raise InputError(sheet, repr(file), f"an existing file or folder; there is no {path}{hint}{aside}", where)
