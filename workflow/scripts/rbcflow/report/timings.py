"""How long jobs took and what memory they had, from Snakemake's benchmark files (rule ``render_report``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from rbcflow.runtime.benchmarks import Taken, read_benchmark

RENDERING = "render_report"


@dataclass(frozen=True)
class Timing:
    """A rule's jobs: number, seconds in all and of the longest, largest memory in MiB (None where not sampled)."""

    rule: str
    jobs: int
    seconds: float
    longest: float
    memory: float | None


def read_timings(results: Path) -> list[Timing]:
    """Return what Snakemake's benchmark files say, by rule, longest first.

    The rendering of the page is left out: it ends after the page is written, so that the page could only tell of an
    earlier one. A rule's files are ``benchmarks/<rule>/<job>.tsv``, or ``benchmarks/<rule>.tsv`` where it has one job.
    """
    folder = results / "benchmarks"
    jobs: dict[str, list[Taken]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        if rule != RENDERING:
            jobs.setdefault(rule, []).extend(read_benchmark(path))
    timings = [_timing(rule, taken) for rule, taken in jobs.items() if taken]
    return sorted(timings, key=lambda timing: (-timing.seconds, timing.rule))


def _timing(rule: str, jobs: list[Taken]) -> Timing:
    seconds = [job.seconds for job in jobs]
    memory = max((job.memory for job in jobs if job.memory is not None), default=None)
    return Timing(rule, len(jobs), math.fsum(seconds), max(seconds), memory)
