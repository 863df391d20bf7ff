"""`source.json`, written by every raw rule: where a source's files lie, of which origin, or why there are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rbcflow.provenance import sha256


@dataclass(frozen=True)
class SourceRecord:
    """What later stages need to know of a source.

    Attributes:
        source: a key of ``config/sources.yaml``.
        origin: ``phantom``, ``public`` or ``raw``.
        status: ``available`` or ``unavailable``.
        reason: why it is unavailable, else None.
        folder: where its files lie, relative to the working folder.
        n_files: number of files below the folder.
        sha256: over the sorted relative names and sha256 sums of all files.
        skipped: files that are left out as bad, each with ``file`` and ``reason``.
    """

    source: str
    origin: str
    status: str
    reason: str | None
    folder: str
    n_files: int
    sha256: str
    skipped: list[dict[str, str]] = field(default_factory=list)


def write(
    target: Path,
    *,
    source: str,
    origin: str,
    folder: Path,
    reason: str | None = None,
    skipped: Sequence[dict[str, str]] = (),
) -> SourceRecord:
    """Write ``source.json`` for a folder of files; a reason makes the source unavailable."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sums = "\n".join(f"{file.relative_to(folder).as_posix()} {sha256(file)}" for file in files)
    status = "unavailable" if reason else "available"
    digest = hashlib.sha256(sums.encode()).hexdigest()
    result = SourceRecord(source, origin, status, reason, folder.as_posix(), len(files), digest, list(skipped))
    target.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    return result


def read(path: Path) -> SourceRecord:
    """Read ``source.json``."""
    return SourceRecord(**json.loads(path.read_text(encoding="utf-8")))
