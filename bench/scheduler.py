"""Snakemake's own processor time: of jobs that only wait, or of any command that runs Snakemake.

``python bench/scheduler.py`` runs 200 jobs that sleep, with Snakemake's limit on job starts and without
(``no_limit_on_starts``), then the jobs of the embedded default with stand-ins for scripts, which sleep and leave empty
files. ``python bench/scheduler.py -- make report`` in an empty clone runs the embedded default itself.

Counted is what the kernel booked to Snakemake's process itself, all its threads: reading the rules, the DAG, choosing
and starting jobs, the timers behind benchmark files, what the terminal shows, records and checksums of files. Not
counted are its children: jobs, the shells they start in, and what a module asks git. Where Snakemake is not the command
itself but started by it, what it spent after the last look, a tenth of a second at most, is missing.

Stand-ins show less than real jobs do: benchmark files ask for a job's memory twice a second for its first fifteen
seconds, which takes the longer the more it has, and checksums of real files take longer than those of empty ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JOBS, SECONDS, AT_ONCE = 200, 4, 8
SNAKEFILE = f"""
import os

rule all:
    input: [f"done/{{number}}.txt" for number in range({JOBS})]

rule wait:
    output: "done/{{number}}.txt"
    shell: "sleep {SECONDS}; touch {{output}}"

onstart:
    if os.environ.get("UNLIMITED"):
        workflow.scheduler.job_rate_limiter = None
"""
STAND_IN = f"""
import time
from pathlib import Path

for output in map(Path, snakemake.output):
    output.parent.mkdir(parents=True, exist_ok=True)
    output.touch() if output.suffix else output.mkdir()
time.sleep({SECONDS})
"""
PROJECT = Path(__file__).resolve().parent.parent
EVERY = 0.1
"""Seconds between two looks at Snakemake's process, or for it."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """What a command took, in seconds.

    Attributes:
        own: processor seconds (user, system) of each Snakemake that the command was or started, without its children.
        whole: processor seconds of the command and of all it started.
        clock: seconds on the clock.
        status: the command's exit status.
    """

    own: list[tuple[float, float]]
    whole: float
    clock: float
    status: int

    def __str__(self) -> str:
        user, system = (sum(times) for times in zip(*self.own, strict=True)) if self.own else (0.0, 0.0)
        return (
            f"Snakemake's own process {user + system:.1f} s (user {user:.1f}, system {system:.1f}), "
            f"{(user + system) / self.clock:.0%} of a core; with all it started {self.whole:.1f} s; "
            f"{self.clock:.0f} s on the clock"
        )


def followed(command: list[str], **options: object) -> Spent:
    """Run a command to its end and look meanwhile at the Snakemake in it; ``options`` are those of ``Popen``."""
    clock, before = time.monotonic(), os.times()
    own: dict[int, tuple[float, float]] = {}
    with subprocess.Popen(command, **options) as running:
        ended = None
        while ended is None:
            # a process that ended keeps its times until it is waited for
            ended = os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            _look(running.pid, own)
            time.sleep(0 if ended else EVERY)
    after = os.times()
    whole = sum(after[2:4]) - sum(before[2:4])
    return Spent(list(own.values()), whole, time.monotonic() - clock, running.returncode)


def _look(command: int, own: dict[int, tuple[float, float]]) -> None:
    """Note the times of the Snakemake that runs; one that it started, or that is about to be a job, is its child."""
    known = {pid: times for pid in own if (times := _times(pid))}
    if not known:
        found = next((pid for pid in _descendants(command) if _is_snakemake(pid)), None)
        known = {found: times} if found and (times := _times(found)) else {}
    own.update(known)


def _descendants(first: int) -> Iterator[int]:
    """Yield a process and all below it, the upper ones first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(folder.name)):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    level = [first]
    while level:
        yield from level
        level = [child for pid in level for child in sorted(children.get(pid, []))]


def _is_snakemake(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    # `python [options] …/snakemake …` or `python -m snakemake …`
    program = next((word for word in words[1:] if not word.startswith("-")), "")
    return Path(program).name == "snakemake" and "python" in Path(words[0]).name


def _times(pid: int) -> tuple[float, float] | None:
    """Return the user and system seconds of a process without its children, None where it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) / TICKS, int(fields[12]) / TICKS) if fields else None


def _stat(pid: int) -> list[str] | None:
    """Return the fields of ``/proc/PID/stat`` from the state on (proc(5)): the name before may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def waiting(unlimited: str) -> Spent:
    """Return what a run of waiting jobs takes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(SNAKEFILE)
        return _snakemake(Path(folder), "--scheduler", "greedy", UNLIMITED=unlimited)


def standing_in() -> Spent:
    """Return what the jobs of the embedded default take that sleep and leave empty files."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "rbcflow"
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".*", "results", "__pycache__"))
        for script in (copy / "workflow/scripts").glob("*.py"):
            script.write_text(STAND_IN)
        return _snakemake(copy)


def _snakemake(folder: Path, *options: str, **environment: str) -> Spent:
    command = [sys.executable, "-m", "snakemake", "--cores", str(AT_ONCE), *options]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    spent = followed(command, cwd=folder, env=os.environ | environment, **silent)
    if spent.status:
        sys.exit(f"Snakemake ended with status {spent.status}.")
    return spent


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command = parser.parse_known_args()[1]
    if command := command[1:] if command[:1] == ["--"] else command:
        spent = followed(command)
        print(spent)
        sys.exit(spent.status)
    print(f"jobs that sleep {SECONDS} s, {AT_ONCE} at once")
    for name, unlimited in (("limit of 100 starts a second", ""), ("no limit", "1")):
        print(f"  {JOBS} jobs, {name}: {waiting(unlimited)}")
    print(f"  those of the embedded default: {standing_in()}")
