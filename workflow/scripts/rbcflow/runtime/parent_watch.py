"""A job ends with the Snakemake that started it (all scripts): after a kill no orphan writes beside the next job."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

SECONDS = 0.5
"""Between two looks."""

PROC = Path("/proc")


STARTED_BY = "RBCFLOW_STARTED_BY"
"""The variable of the environment by which jobs know their Snakemake: its process, its start time, its namespace."""


def announce() -> None:
    """Tell the jobs to come that this process, a Snakemake that reads its rules, starts them.

    A job looks once its imports are done. A Snakemake that was killed before is not above it any more.
    """
    os.environ.pop(STARTED_BY, None)
    if state := _state(os.getpid()):
        os.environ[STARTED_BY] = f"{os.getpid()} {state[1]} {_namespace()}"


def end_with_snakemake() -> None:
    """Watch the Snakemake that started this process from a thread, and end this process at once where it is gone.

    A killed Snakemake leaves its jobs running. The next one, once unlocked, would start the same jobs again. Without
    ``/proc``, or where the script was started by hand, nothing is watched.
    """
    watched = snakemakes(os.getpid()) | _announced()
    if watched:
        threading.Thread(target=_watch, args=(watched,), daemon=True, name="watch").start()


def _announced() -> dict[int, str]:
    pid, start, namespace = (os.environ.get(STARTED_BY) or "- - -").split()
    # in a container with processes of its own, numbers mean others
    return {int(pid): start} if namespace != "-" and namespace == _namespace() else {}


def _namespace() -> str:
    try:
        return str((PROC / "self/ns/pid").readlink())
    except OSError:
        return "-"


def snakemakes(pid: int) -> dict[int, str]:
    """Return the processes above another that are Snakemake, with their start times.

    A shell that started Snakemake in the background and has ended must not end its jobs, so only Python counts.
    """
    found: dict[int, str] = {}
    while (state := _state(pid)) and (pid := state[0]) > 1:
        above = _state(pid)
        program, *arguments = (word.rpartition(b"/")[2] for word in _read(pid, "cmdline").split(b"\0"))
        if above and b"python" in program and b"snakemake" in arguments[:3]:
            found[pid] = above[1]
    return found


def _watch(watched: dict[int, str]) -> None:
    while all((state := _state(pid)) and state[1] == start for pid, start in watched.items()):
        time.sleep(SECONDS)
    logging.getLogger("rbcflow").critical("Snakemake is gone: this job ends, so that it does not write beside the next")
    os._exit(1)


def _state(pid: int) -> tuple[int, str] | None:
    """Return the parent and the start time of a process, None where there is no such process, or only its zombie."""
    # the name of the program, in brackets, may hold blanks and brackets
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return (int(fields[1]), fields[19].decode()) if fields and fields[0] not in (b"Z", b"X") else None


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
