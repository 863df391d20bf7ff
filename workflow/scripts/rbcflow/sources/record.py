"""`source.json`, written by every raw rule: where a source's files lie and what they are, or why there are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_object
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import listing


@dataclass(frozen=True)
class SourceRecord:
    """What later stages need to know of a source.

    Attributes:
        source: a key of ``config/sources.yaml``.
        layout: of its files, a key of ``layouts.READERS``.
        origin: ``phantom``, ``public`` or ``raw``.
        exact_truth: whether ``truth/`` below the folder has its objects: of a phantom, or because the table says so.
        status: ``available`` or ``unavailable``.
        reason: why it is unavailable, else None.
        folder: where its files lie, relative to the working folder.
        n_files: number of files below the folder, all of which are read.
        sha256: over the sorted relative names and sha256 sums of all files.
        skipped: files that are left out as bad, each with ``file`` and ``reason``.
        taken, ignored: number of a laboratory's files that are read, and ignored as its entry says, by ``folder`` and
            ``kind``.
        remarks: what a user should know.
    """

    source: str
    layout: str
    origin: str
    exact_truth: bool
    status: str
    reason: str | None
    folder: str
    n_files: int
    sha256: str
    skipped: list[dict[str, str]] = field(default_factory=list)
    taken: list[dict[str, str | int]] = field(default_factory=list)
    ignored: list[dict[str, str | int]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


OPTIONAL = ("skipped", "taken", "ignored", "remarks")


def write(
    target: Path,
    *,
    source: str,
    layout: str,
    origin: str,
    folder: Path,
    exact_truth: bool = False,
    reason: str | None = None,
    sums: Mapping[str, str] | None = None,
    **more: Sequence,
) -> SourceRecord:
    """Write ``source.json`` for a folder of files; a reason makes the source unavailable.

    Args:
        target: the record.
        source, layout, origin, folder, exact_truth, reason: see ``SourceRecord``.
        sums: sha256 of files by relative name, as far as they are known.
        more: ``OPTIONAL`` of ``SourceRecord``.
    """
    known, files = sums or {}, listing.files(folder)
    sums = "\n".join(f"{name} {known.get(name) or sha256(file)}" for name, file in files.items())
    status = "unavailable" if reason else "available"
    digest = hashlib.sha256(sums.encode()).hexdigest()
    result = SourceRecord(
        source, layout, origin, exact_truth, status, reason, folder.as_posix(), len(files), digest,
        **{name: list(value) for name, value in more.items()},
    )  # fmt: skip
    target.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    return result


def read(path: Path) -> SourceRecord:
    """Read ``source.json``.

    Raises:
        InputError: the record is broken, or its files are not where it says.
    """
    names = [entry.name for entry in fields(SourceRecord)]
    content = read_object(path, "the record of a source's files", [name for name in names if name not in OPTIONAL])
    # of a results folder that was moved, the files lie beside the record as before
    beside = path.parent / Path(str(content["folder"])).name
    if not Path(str(content["folder"])).is_dir() and beside.is_dir():
        content["folder"] = beside.as_posix()
    record = SourceRecord(**{name: content[name] for name in names if name in content})
    if record.status not in ("available", "unavailable"):
        raise InputError(path, repr(record.status), "'available' or 'unavailable'", "key status")
    if record.status == "available" and not Path(record.folder).is_dir():
        remedy = f"the files of {record.source} (delete this record to have them simulated, fetched or checked again)"
        raise InputError(path, f"no folder {record.folder}", remedy, "key folder")
    if record.status == "available" and (lost := listing.listed(Path(record.folder)).lost):
        # relative links move with the project; with the results alone they lead elsewhere
        found = f"{len(lost)} links in {record.folder} to files that are not where they were, {lost[0]} first"
        remedy = "the raw files or the results moved back (or this record deleted: they are linked again)"
        raise InputError(path, found, remedy, "key folder")
    return record
