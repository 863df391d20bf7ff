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
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from rbcflow.runtime.lineage import of_job

PACKAGES = ("numpy", "scipy", "opencv-python", "torch", "torchvision", "ultralytics", "faster-coco-eval", "snakemake")


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
        tools = self._paths(name for name in self.inputs if name in self.tools)
        record = {
            "rule": self.rule,
            "wildcards": dict(self.wildcards),
            "inputs": {name: _describe(value) for name, value in self.inputs.items()},
            "params": dict(self.params),
            "versions": versions(),
            "seconds": round(time.monotonic() - self.started, 2),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            **of_job(made_from, tools, self.origin, self.remarks),
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
