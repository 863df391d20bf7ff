"""Where a stage's output comes from: rule, inputs, params, versions, seconds, commit, and its origin."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "opencv-python", "torch", "torchvision", "ultralytics", "faster-coco-eval", "snakemake")

PHANTOM, PUBLIC, PUBLISHED, RAW, UNKNOWN = ORIGINS = ("phantom", "public", "published", "raw", "unknown")
"""What files can come from: drawn here; public recordings the preprint did not use; the images it published;
laboratories' recordings; made elsewhere. ``runtime/origin.py`` says what each lets a number decide."""

SEPARATOR = " + "
"""Stands between the origins of one row of a table."""

WAYS = {"phantom": PHANTOM, "drawn": PHANTOM, "package": PUBLIC, "path": RAW, "url": RAW}
"""The origin of a source's files by the way the configuration gets them; a laboratory's own are ``raw`` by any way."""

OUTLINED = "Cells were outlined by a network trained on simulated pictures."
STARTED = "The training started from a checkpoint that had learned from drawn cells."
"""Remarks on the method: they travel beside the origin and decide nothing."""


def sha256(file: Path) -> str:
    """Return the sha256 of a file's bytes in hexadecimal."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@cache
def commit() -> str:
    """Return the checked-out git commit, with ``+changes`` when files differ from it, or ``unknown``."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True).stdout
        changes = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+changes" if changes.strip() else "")


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape results."""
    installed = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed[package] = "absent"
    return installed


def _record_of(path: Path) -> Path | None:
    """Return the provenance that speaks for a path: beside it under its own name, or in the nearest folder above."""
    beside = path.with_suffix(".json")
    places = [beside] if beside != path and beside.is_file() else []
    places += [folder / "provenance.json" for folder in (path, *list(path.parents)[:4])]
    return next((place for place in places if place.is_file() and "origin" in json.loads(place.read_text())), None)


def of_source(way: str, layout: str) -> str:
    """Return the origin of a source's files by the way they come; other people's recordings stay public on any disk."""
    return PUBLIC if layout == "flow_public" else WAYS[way]


def _stated(inputs: Iterable[Path], key: str) -> set[str]:
    """Return the union of what the provenance of several inputs states under a key."""
    records = [record for path in inputs if (record := _record_of(path)) is not None]
    return {word for record in records for word in json.loads(record.read_text(encoding="utf-8")).get(key, [])}


def origins_of(inputs: Iterable[Path]) -> list[str]:
    """Return the union of the origins that the provenance of several inputs states, in the order of ORIGINS."""
    found = _stated(inputs, "origin")
    return [origin for origin in ORIGINS if origin in found]


def remarks_of(inputs: Iterable[Path]) -> list[str]:
    """Return the remarks on the method that the provenance of several inputs states, sorted."""
    return sorted(_stated(inputs, "remarks"))


@dataclass
class Recorder:
    """Times a job and writes its provenance.

    Attributes:
        rule: name of the rule.
        inputs: files or folders by name; files are recorded with their sha256, lists by the sha256 over their members'.
        params: what the rule was given besides files.
        wildcards: the job's wildcards.
        origin: words of ORIGINS if the job is the first on the way; else taken from the inputs.
        tools: names of the inputs that are networks which outline cells. What they learned from is no origin of the
            cells, but a remark on the method.
        remarks: sentences on the method, besides those of the inputs.
    """

    rule: str
    inputs: Mapping[str, Path | list[Path]]
    params: Mapping[str, Any]
    wildcards: Mapping[str, str] = field(default_factory=dict)
    origin: list[str] | None = None
    tools: Sequence[str] = ()
    remarks: Sequence[str] = ()
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of_job(
        cls, job: Any, origin: list[str] | None = None, tools: Sequence[str] = (), remarks: Sequence[str] = ()
    ) -> Recorder:
        """Return a recorder for a Snakemake script's job.

        Args:
            job: the object Snakemake injects into scripts; its named inputs, params and wildcards are recorded.
            origin, tools, remarks: see the class.
        """
        inputs = {
            name: Path(value) if isinstance(value, str) else [Path(item) for item in value]
            for name, value in job.input.items()
        }
        return cls(job.rule, inputs, dict(job.params.items()), dict(job.wildcards.items()), origin, tools, remarks)

    def write(self, target: Path | str, **more: Any) -> None:
        """Write the record.

        Args:
            target: ``provenance.json`` of a stage's folder, or ``<name>.json`` beside a single file.
            more: further fields, such as the figure's name.
        """
        made_from = self._paths(name for name in self.inputs if name not in self.tools)
        drawn = PHANTOM in origins_of(self._paths(name for name in self.inputs if name in self.tools))
        remarks = {*self.remarks, *remarks_of(made_from), *([OUTLINED] if drawn else [])}
        record = {
            "rule": self.rule,
            "wildcards": dict(self.wildcards),
            "inputs": {name: _describe(value) for name, value in self.inputs.items()},
            "params": dict(self.params),
            "versions": versions(),
            "seconds": round(time.monotonic() - self.started, 2),
            "commit": commit(),
            "origin": self.origin if self.origin is not None else origins_of(made_from),
            "remarks": sorted(remarks),
            **more,
        }
        Path(target).write_text(json.dumps(record, indent=1, default=str) + "\n", encoding="utf-8")

    def _paths(self, names: Iterable[str]) -> list[Path]:
        """Return the files and folders of some inputs."""
        values = [self.inputs[name] for name in names]
        return [path for value in values for path in (value if isinstance(value, list) else [value])]


def _describe(value: Path | list[Path]) -> dict[str, Any]:
    if isinstance(value, list):
        digests = [sha256(path) for path in value if path.is_file()]
        return {
            "files": len(value),
            "paths": [path.as_posix() for path in value],
            "sha256": hashlib.sha256("".join(digests).encode()).hexdigest() if digests else None,
        }
    return {"path": value.as_posix(), "sha256": sha256(value) if value.is_file() else None}
