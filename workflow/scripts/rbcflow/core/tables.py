"""JSON and CSV files that one stage leaves for the next, read so that a broken one is named (used by all stages)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rbcflow.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ANEW = "what another version left is made anew by the same command without `--rerun-triggers mtime`"
"""What to do where a result lacks what is read of it: params tell versions apart, times do not."""


def read_object(path: Path, meaning: str, keys: Collection[str] = ()) -> dict[str, Any]:
    """Return the object in a JSON file that an earlier job wrote.

    Args:
        path: the file.
        meaning: what it is, for messages.
        keys: that it must have.

    Raises:
        InputError: no such file, no JSON, something else than an object, or a key is missing.
    """
    if not path.is_file():
        raise InputError(path, "no such file", meaning)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError(path, f"no JSON ({error})", meaning) from error
    if not isinstance(content, dict):
        raise InputError(path, f"a JSON {type(content).__name__}", f"an object: {meaning}")
    if missing := [key for key in keys if key not in content]:
        raise InputError(path, f"no key {', '.join(missing)}", f"the keys {', '.join(keys)}; {ANEW}")
    return content


def read_csv(path: Path, meaning: str, columns: Collection[str], **options: Any) -> pd.DataFrame:
    """Return a table.

    Args:
        path: CSV file.
        meaning: what it is, for messages.
        columns: that it must have; others may stand beside them.
        options: of ``pandas.read_csv``.

    Raises:
        InputError: no such file, no table, a missing column, or a value that is not of its column's type; of such a
            value it names line (the header is line 1) and column.
    """
    # the configuration reads JSON and YAML through here on every dry run, and must not wait for pandas
    import pandas as pd

    if not path.is_file():
        raise InputError(path, "no such file", meaning)
    try:
        table = pd.read_csv(path, **options)
    # pandas' own errors are ValueErrors, as are those of decoding and of types
    except (ValueError, OverflowError) as error:
        refuse_values(path, options)
        raise InputError(path, f"no table that can be read ({error})", f"{meaning}: {', '.join(columns)}") from error
    if missing := [name for name in columns if name not in table.columns]:
        raise InputError(path, f"no column {', '.join(missing)}", f"the columns {', '.join(columns)}", "header")
    return table


NUMBERS = {int: "a whole number", "Int64": "a whole number", float: "a number"}
"""What is expected of a value, by the types of columns that pandas refuses values of without a place."""


def refuse_values(path: Path, options: Mapping[str, Any]) -> None:
    """Raise for the first value of a table that is not of its column's type.

    Args:
        path: a table that pandas refuses.
        options: of ``pandas.read_csv``.

    Raises:
        InputError: there is such a value; names line, column and value.
    """
    import pandas as pd

    types, empty = options.get("dtype"), options.get("na_values", {})
    numbers = {name: kind for name, kind in types.items() if kind in NUMBERS} if isinstance(types, dict) else {}
    as_text = {"dtype": str, "keep_default_na": False, "na_values": None, "skip_blank_lines": False}
    try:
        table = pd.read_csv(path, **{**options, **as_text})
    # no table at all: what pandas said of it stands
    except ValueError:
        return
    table = table[(table.fillna("") != "").any(axis=1)]
    places = [
        (row, name)
        for name in table.columns.intersection(list(numbers))
        for row, value in table[name].items()
        if value not in empty.get(name, ()) and not _is_number(value, whole=numbers[name] is not float)
    ]
    if places:
        row, name = min(places, key=lambda place: place[0])
        expected = NUMBERS[numbers[name]] + (" or nothing" if "" in empty.get(name, ()) else "")
        raise InputError(path, repr(table.loc[row, name]), expected, f"line {row + 2}, column {name}")


def _is_number(value: object, *, whole: bool) -> bool:
    try:
        return (int if whole else float)(value) is not None
    except (TypeError, ValueError):
        return False


def refuse_rows(path: Path, table: pd.DataFrame, wrong: pd.Series, column: str, expected: str) -> None:
    """Raise for the first row that is wrong.

    Args:
        path: the table's file.
        table: as read, its index counting from 0.
        wrong: bool by row.
        column: where the wrong value stands.
        expected: what should stand there.

    Raises:
        InputError: there is such a row; names line (the header is line 1), column and value.
    """
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        # pandas passes over empty lines, an editor counts them
        lines = [number for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1) if line]
        raise InputError(path, repr(table[column].tolist()[row]), expected, f"line {lines[row + 1]}, column {column}")
