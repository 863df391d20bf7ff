"""The tables of recordings as one workbook (rule ``summarise_recordings``)."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from rbcflow.recordings.dictionary import described

MOST_ROWS = 1_048_575
"""A sheet holds no more below its header; what is longer is cut, and says so in its name."""
WIDEST = 60
STAMP = datetime.datetime(2000, 1, 1)
"""Written instead of the time of writing, so that equal tables give equal files."""


def write(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    """Write tables as sheets, and one more that says what their columns mean.

    Args:
        path: XLSX file.
        sheets: tables by name.
    """
    book = Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        cut = len(table) > MOST_ROWS
        _fill(book, f"{name} (cut)" if cut else name, table.head(MOST_ROWS))
    columns = dict.fromkeys(column for table in sheets.values() for column in table.columns)
    _fill(book, "columns", described(columns))
    book.properties.created = STAMP
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_timeless(book))


def _timeless(book: Workbook) -> bytes:
    """Return a workbook as a file without the time at which the library writes it."""
    saved, written = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as timeless:
        for part in parts.namelist():
            content = parts.read(part)
            if part == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + f"{STAMP:%Y-%m-%dT%H:%M:%SZ}".encode(), content
                )
            timeless.writestr(zipfile.ZipInfo(part, STAMP.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _fill(book: Workbook, name: str, table: pd.DataFrame) -> None:
    """Add a sheet: bold header that stays, columns as wide as their content."""
    sheet = book.create_sheet(name)
    sheet.append(list(table.columns))
    for row in table.itertuples(index=False):
        sheet.append([_plain(value) for value in row])
    for number, column in enumerate(table.columns, start=1):
        longest = max([len(column), *(len(str(value)) for value in table[column].head(200))])
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, WIDEST)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"


def _plain(value: object) -> object:
    """Return a value as a cell holds it: nothing where it is missing, and text never as a formula."""
    if pd.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    return f"'{value}" if isinstance(value, str) and value.startswith("=") else value
