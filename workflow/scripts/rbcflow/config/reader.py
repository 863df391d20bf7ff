"""Read and validate the configuration and its tables; a wrong entry is answered with what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from rbcflow.config.config import Config
from rbcflow.config.run import Run
from rbcflow.core.errors import InputError
from rbcflow.core.strict import check_given, did_you_mean, validate
from rbcflow.core.textfile import read_text, rows
from rbcflow.core.yamlfile import check_once, read_yaml

M = TypeVar("M", bound=BaseModel)


def merged(base: dict, over: dict) -> dict:
    """Return base with over's values laid on top, dictionary by dictionary."""
    laid = deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(laid.get(key), dict)
        laid[key] = merged(laid[key], value) if both else value
    return laid


def read_table(model: type[M], path: str, overrides: dict[str, dict]) -> dict[str, M]:
    rows = read_yaml(Path(path))
    for name, row in rows.items():
        _check_row(name, row, path)
    needed = {key for key, field in model.model_fields.items() if field.is_required()}
    for name in sorted(set(overrides) - set(rows)):
        _check_row(name, overrides[name], "configuration")
        if not needed <= set(overrides[name]):
            check_given(model, overrides[name], Path(path), name)
            one = f"{did_you_mean(name, rows)} one of {', '.join(rows)}".strip()
            expected = f"{one}, or a whole row: keys {', '.join(sorted(needed))} at least"
            raise InputError(path, f"an override for {name!r}", expected, f"key {name}")
    whole = {name: merged(rows.get(name, {}), overrides.get(name, {})) for name in [*rows, *overrides]}
    return {name: validate(model, row, Path(path), name) for name, row in whole.items()}


def _check_row(name: str, row: Any, path: str) -> None:
    # names are wildcards: they become folders, parts of rule inputs, and ids on the page
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(path, f"the name {name!r}", "small letters, digits and _, a letter first", f"key {name}")
    if not isinstance(row, dict):
        raise InputError(path, repr(row), "a mapping of keys to values", f"key {name}")


RUN_COLUMNS = ("run", "model", "testset", "published_as")
"""Columns that a table of runs must have; others of `Run` may stand beside them."""


def read_runs(path: str, overrides: dict[str, dict]) -> dict[str, Run]:
    """Return the rows of a table of runs with the configuration's own columns and rows laid over them."""
    runs = _read_runs(path)
    for name, own in overrides.items():
        row = {"run": name} | (runs[name].model_dump() if name in runs else {}) | own
        runs[name] = validate(Run, row, Path("configuration"), f"runs.{name}")
    return runs


def _read_runs(path: str) -> dict[str, Run]:
    file, known = Path(path), list(Run.model_fields)
    lines = rows(file, read_text(file, "a table of runs, its columns separated by tabs"), known)
    line, header = next(lines, (1, []))
    named = [name for name in header if name]
    if not set(RUN_COLUMNS) <= set(named) <= set(known) or len(set(named)) < len(named):
        told = f"tab-separated columns {list(RUN_COLUMNS)}, and any of {known[len(RUN_COLUMNS) :]}, each once"
        raise InputError(file, f"columns {header}", told, f"row {line}")
    runs = {}
    for number, cells in lines:
        if any(cell for place, cell in enumerate(cells) if cell and (place >= len(header) or not header[place])):
            raise InputError(file, f"{len(cells)} fields", f"{len(named)}, as in the first row", f"row {number}")
        row = dict.fromkeys(RUN_COLUMNS) | {name: cell for name, cell in zip(header, cells, strict=False) if name}
        # an empty field of an optional column is the column's default
        run = validate(Run, {k: v or None for k, v in row.items() if v or k in RUN_COLUMNS}, file, f"row {number}")
        if run.run in runs:
            raise InputError(file, f"run {run.run!r} twice", "one row a run", f"row {number}")
        runs[run.run] = run
    if not runs:
        raise InputError(file, "no run", "at least one row", "row 2")
    return runs


def check_files(files: Iterable[Path]) -> None:
    """Check the files that a configuration was merged from, of which Snakemake says nothing once they are one.

    Raises:
        InputError: a key twice, or a file that is no configuration: a target after ``--configfile`` is taken for one.
    """
    for file in filter(Path.is_file, files):
        keys = check_once(file)
        if not set(keys) & set(Config.model_fields) and set(keys) - {"__use_yte__"}:
            found = f"keys {', '.join(map(str, keys))}"
            hint = next(filter(None, (did_you_mean(key, Config.model_fields) for key in keys)), "")
            target = "if this is a target, write it before --configfile, or -- before it"
            raise InputError(file, f"{found:.80}", f"{hint} keys of the configuration; {target}".strip())
