"""Provenance records and the small files around them, as the report reads them (rule ``render_report``)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.report.text import plural
from rbcflow.runtime.origin import words

STAGE_RECORDS = (
    "raw/*/provenance.json",
    "segmentation/*.json",
    "segmentation/*/provenance.json",
    "clusters/*.json",
    "cells/*/provenance.json",
    "outlines/*/provenance.json",
    "splits/*/*.json",
    "datasets/*/provenance.json",
    "models/*/seed-*/provenance.json",
    "testsets/*/provenance.json",
    "predictions/*.json",
    "validation/*/provenance.json",
    "tables/*.json",
    "errors/*/provenance.json",
    "cards/*.json",
)
"""Where stages leave their records, in the order of the data flow."""

SHARD_RECORDS = "datasets/*/*/shards/*/provenance.json"

JOB_RECORDS = (*STAGE_RECORDS, SHARD_RECORDS)
"""Records of all jobs but those that draw figures."""


@dataclass(frozen=True)
class Input:
    """One thing a job read: its name in the rule, the file, and a fingerprint where one was taken.

    A list of files has their number as ``path``, their names as ``paths``, and one fingerprint over all.
    """

    name: str
    path: str
    fingerprint: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """How a folder or figure came about.

    Attributes:
        path: the record, relative to the results folder.
        subject: the folder or file it speaks for, relative to the results folder, a file without its suffix.
        origins: words of ``lineage.ORIGINS``, sorted.
        seconds: how long the job took, None where not recorded.
        ended: when it ended, as ISO 8601, empty where not recorded.
    """

    path: str
    subject: str
    rule: str
    wildcards: dict[str, str]
    inputs: tuple[Input, ...]
    params: dict[str, Any]
    versions: dict[str, str]
    seconds: float | None
    ended: str
    commit: str
    origins: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Fragment identifier of the record on the page."""
        return "prov-" + slug(self.subject)


def slug(text: str) -> str:
    """Return text as an HTML id: letters, digits, ``-`` and ``_`` stay, the rest becomes its code point."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else f".{ord(c):x}" for c in text)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None where there is no such file.

    Raises:
        InputError: the file is not JSON or holds something else than an object.
    """
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(path, f"no JSON ({error})", "a JSON object") from error
    if not isinstance(data, dict):
        raise InputError(path, type(data).__name__, "a JSON object")
    return data


def _inputs(value: dict[str, Any]) -> tuple[Input, ...]:
    rows = []
    for name, entry in value.items():
        for item in entry if isinstance(entry, list) else [entry]:
            item = item if isinstance(item, dict) else {"path": item}
            where = item.get("path") or plural(item.get("files", 0), "file")
            rows.append(Input(name, str(where), str(item.get("sha256") or ""), tuple(item.get("paths") or ())))
    return tuple(rows)


def read_provenance(path: Path, results: Path) -> Provenance | None:
    """Return the record in a ``provenance.json`` or a figure's sidecar, or None where there is none.

    Args:
        path: the record.
        results: folder it lies in, which names on the page are relative to.

    Raises:
        InputError: the file is not a JSON object.
    """
    data = read_json(path)
    if data is None:
        return None
    return Provenance(
        path=path.relative_to(results).as_posix(),
        subject=(path.parent if path.name == "provenance.json" else path.with_suffix(""))
        .relative_to(results)
        .as_posix(),
        rule=str(data.get("rule", "")),
        wildcards=data.get("wildcards") or {},
        inputs=_inputs(data.get("inputs") or {}),
        params=data.get("params") or {},
        versions={str(k): str(v) for k, v in (data.get("versions") or {}).items()},
        seconds=data.get("seconds"),
        ended=str(data.get("ended") or ""),
        commit=str(data.get("commit") or ""),
        origins=words(data.get("origin")),
    )


def read_records(results: Path, patterns: Iterable[str] = STAGE_RECORDS) -> list[Provenance]:
    """Return the provenance of every stage, in the order of the data flow, or the records of other patterns."""
    paths = [path for pattern in patterns for path in sorted(results.glob(pattern))]
    return [record for path in paths if (record := read_provenance(path, results))]
