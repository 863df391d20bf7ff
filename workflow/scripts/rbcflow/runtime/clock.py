"""Results that are newer than now: a wrong clock somewhere (looked for before the DAG is built).

``python -m rbcflow.runtime.clock results`` gives them times before now, in their old order.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

TOLERANCE = 60
"""Seconds by which the clocks of two machines may differ."""


def from_the_future(results: Path) -> str | None:
    """Return what to do where a record of a finished job is newer than now, None where none is.

    Snakemake refuses the next job, whose output would be older than its input, and removes what it made.

    Args:
        results: the results folder; the records of its stages are looked at, not every file.
    """
    now = time.time()
    records = (path for pattern in ("*/*.json", "*/*/*.json", "*/*/*/*.json") for path in results.glob(pattern))
    ahead, name = 0.0, ""
    for path in records:
        # Snakemake removes a job's old results while others are looked for
        with contextlib.suppress(FileNotFoundError):
            ahead, name = max((ahead, name), (path.stat().st_mtime - now, path.as_posix()))
    if ahead < TOLERANCE:
        return None
    return (
        f"{name} is {ahead / 3600:.1f} hours from the future: the clock of the machine that wrote it is ahead, or this "
        "one's is behind. Jobs that follow would be refused. When the clock is right, give such files times before now "
        f"with `PYTHONPATH=workflow/scripts python -m rbcflow.runtime.clock {results}` and run the same command again."
    )


def bring_back(results: Path) -> int:
    """Give files and folders from the future times just before now, in their old order, so that nothing is outdated.

    Args:
        results: the results folder.

    Returns:
        How many had their time changed.
    """
    now = time.time_ns()
    times = ((path.lstat().st_mtime_ns, path) for path in results.rglob("*"))
    ahead = sorted((when, path.as_posix()) for when, path in times if when > now)
    for place, (_, path) in enumerate(ahead):
        os.utime(path, ns=(now, now - (len(ahead) - place) * 1000), follow_symlinks=False)
    return len(ahead)


if __name__ == "__main__":
    print(f"{bring_back(Path(sys.argv[1]))} files and folders have times before now")
