"""Snakemake's benchmark files: what jobs took (the terminal's board, and rule ``render_report``)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rbcflow.core.errors import InputError
from rbcflow.core.textfile import read_text


class Taken(NamedTuple):
    """What a job took: seconds, and the largest memory in MiB (None where it was too short to be sampled)."""

    seconds: float
    memory: float | None


def read_benchmark(file: Path) -> list[Taken]:
    """Return what the jobs of a benchmark file took, a row a job.

    Raises:
        InputError: no such file, no column of seconds, or a row without a number there.
    """
    header, *lines = read_text(file, "Snakemake's benchmark file").splitlines() or [""]
    names = header.split("\t")
    if "s" not in names:
        raise InputError(file, "no column s", "Snakemake's benchmark file, columns separated by tabs", "header")
    jobs = []
    for number, line in enumerate(lines, start=2):
        row = dict(zip(names, line.split("\t"), strict=False))
        if (seconds := _number(row.get("s", ""))) is None:
            raise InputError(file, repr(line), "a row with a number of seconds", f"line {number}")
        jobs.append(Taken(seconds, _number(row.get("max_rss", ""))))
    return jobs


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
