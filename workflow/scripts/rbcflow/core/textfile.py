"""Text as people and spreadsheets save it, and tables in it (configuration, tables of runs, sheets, label files)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from rbcflow.core.errors import InputError

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of `.xlsx`, `.ods` and `.xls`."""
SEPARATORS = "\t;,"
"""What may stand between columns; spreadsheets write the semicolon where the comma is in numbers."""


SEP = re.compile(r"\"?sep=(.)", re.IGNORECASE)
"""A first line for Excel."""


def read_text(path: Path, meaning: str) -> str:
    """Return a file's text: UTF-8, with or without a byte order mark, or UTF-16 with one, as Windows saves it.

    Args:
        path: the file.
        meaning: what it is, for messages.

    Raises:
        InputError: no such file, a spreadsheet's workbook, or bytes that are no text; names the line.
    """
    if not path.is_file():
        raise InputError(path, "a folder" if path.is_dir() else "no such file", meaning)
    return decoded(path, path.read_bytes(), meaning)


def decoded(path: Path, content: bytes, meaning: str) -> str:
    """Return the text in a file's bytes; arguments and errors as ``read_text``."""
    if content.startswith(WORKBOOKS):
        raise InputError(path, "a workbook of a spreadsheet", f"{meaning} (Save as: CSV UTF-8, or Unicode text)")
    try:
        text = content.decode(encoding_of(content))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        expected = f"{meaning}, in UTF-8 (in an editor, Save with that encoding; in a spreadsheet, Save as: CSV UTF-8)"
        raise InputError(path, f"bytes that are not UTF-8 ({error.reason})", expected, f"line {line}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(path, "a zero byte", meaning, f"line {line}")
    return text


def encoding_of(content: bytes) -> str:
    """Return the encoding that a file's first bytes tell, one that passes over a byte order mark."""
    return "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def rows(path: Path, text: str, columns: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table as a spreadsheet saves it, the header first: number of the line, and stripped cells.

    Empty lines are passed over, and those put aside by a # before them; so is ``sep=;``, by which Excel is told what
    stands between columns.

    Args:
        path: the file, for messages.
        text: what is in it.
        columns: names that a header has; one with none of them is taken to be separated by tabs.

    Raises:
        InputError: a quote is not closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text, columns), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#") and not (line == 1 and SEP.match(text)):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(path, f"a quote that is not closed ({error})", "quotes in pairs", f"line {line}") from None


def separator(text: str, columns: Collection[str]) -> str:
    """Return what stands between the columns: what takes most names of columns out of the first line that is a row."""
    if told := SEP.match(text):
        return told[1]
    lines = (
        line for line in text.splitlines() if line.strip(SEPARATORS + " \"'") and not line.lstrip().startswith("#")
    )
    header = next(lines, "")
    return max(SEPARATORS, key=lambda one: sum(cell.strip(" \"'") in columns for cell in header.split(one)))
