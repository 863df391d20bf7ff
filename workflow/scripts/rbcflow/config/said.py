"""Which of a run's configuration files said what is wrong: Snakemake merges them, and tables are under them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rbcflow.config.config import Tables
from rbcflow.core.errors import InputError
from rbcflow.core.yamlfile import parse_yaml

ABSENT = object()


def said_by(error: InputError, raw: Mapping[str, Any], files: Iterable[Path]) -> InputError:
    """Return an error of the configuration with the file to mend.

    A table's row is checked with what the configuration lays over it. Where the key, or the row if the key is missing,
    is among the latter, the file is named that said it last, and the table with it. What no file says came from the
    command line (``--config``).

    Args:
        error: of ``load``, its place a key of the configuration or of a table.
        raw: the merged configuration.
        files: the files it was merged from, the last of most weight.
    """
    section = _section(error.path, raw)
    if section is None or not (error.where or "").startswith("key "):
        return error
    keys = [*filter(None, [section]), *error.where.removeprefix("key ").split(".")]
    least = 2 if section else 1
    while len(keys) > least and _at(raw, keys) is ABSENT:
        keys.pop()
    value = _at(raw, keys)
    if value is ABSENT:
        return error
    saying = [file for file in files if _says(_at(_content(file), keys), value)]
    if not saying and not section:
        return error
    below = f", laid over {error.path}" if section else ""
    place = f"key {section}.{error.where.removeprefix('key ')}" if section else error.where
    return InputError(saying[-1] if saying else "configuration", error.found, error.expected, f"{place}{below}")


def _section(path: str, raw: Mapping[str, Any]) -> str | None:
    """Return the section whose rows lie over a table, empty for the configuration itself, None for another file."""
    if path == "configuration":
        return ""
    try:
        tables = Tables.model_validate(raw.get("tables", {})).model_dump()
    except ValidationError:
        # the error is of a file that was read before the configuration was
        return None
    return next((section for section, table in tables.items() if Path(table) == Path(path) and section in raw), None)


def _at(content: Any, keys: list[str]) -> Any:
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            return ABSENT
        content = content[key]
    return content


def _content(file: Path) -> Any:
    """Return what a file says; one that is gone says nothing, nor does a template, no YAML before it is filled in."""
    try:
        return parse_yaml(file)
    except InputError:
        return None


def _says(own: Any, merged: Any) -> bool:
    """Whether what a file says at a key is, or is a part of, what came of all of them."""
    return own == merged or (isinstance(own, Mapping) and isinstance(merged, Mapping))
