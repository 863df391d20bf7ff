"""Whether a laboratory's files are still those that were read (param ``listing`` of the rules of stage ``raw``).

The param must not change where a file was only touched, copied or moved back: then nothing reruns. So the job keeps
size, time and sum of every file beside its record; a file of another time is summed again, and one of another sum
changes the param.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from rbcflow.runtime.provenance import sha256
from rbcflow.sources.listing import Listing, shown

NAME = "seen.json"
"""File in ``results/raw/<source>/``."""


def state(listing: Listing, seen: Path) -> str:
    """Return what the job that read the files saw, if they are the same, else a digest over names, sizes and times.

    Args:
        listing: the source's files.
        seen: where the job keeps what it saw; times of files that were only touched are brought up to date there.
    """
    found = {shown(name): _look(path) for name, path in listing.data.items()}
    known = _read(seen)
    files = known.get("files", {})
    if known and files.keys() == found.keys():
        moved = {name for name in found if files[name][:2] != found[name]}
        paths = {shown(name): path for name, path in listing.data.items()}
        if all(files[name][0] == found[name][0] and files[name][2] == sha256(paths[name]) for name in moved):
            if moved:
                _write(seen, known["listing"], {name: [*found[name], files[name][2]] for name in found})
            return known["listing"]
    text = "\\n".join(f"{name} {size} {time}" for name, (size, time) in found.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep(listing: Listing, sums: Mapping[str, str], seen: Path, param: str) -> None:
    """Keep what a job saw.

    Args:
        listing: the source's files.
        sums: sha256 of each file by name.
        seen: where to keep it.
        param: the job's param, which ``state`` returns as long as the files stay the same.
    """
    files = listing.data
    _write(seen, param, {shown(name): [*_look(files[name]), digest] for name, digest in sums.items()})


def _look(path: Path) -> list[int]:
    """Return size and time of change of a file."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _read(seen: Path) -> dict:
    """Return what a job kept, nothing where there is none."""
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(seen.read_text(encoding="utf-8"))
        if isinstance(known, dict) and isinstance(known.get("files"), dict) and isinstance(known.get("listing"), str):
            return known
    return {}


def _write(seen: Path, param: str, files: Mapping[str, list]) -> None:
    """Write the file whole or not at all; a folder that may not be written only costs time."""
    with contextlib.suppress(OSError):
        scratch = seen.with_name(f".{seen.name}.{os.getpid()}")
        scratch.write_text(json.dumps({"listing": param, "files": files}), encoding="utf-8")
        scratch.replace(seen)
