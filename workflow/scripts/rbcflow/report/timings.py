"""How long jobs took, their memory and processor time, from their benchmark files and logs (rule ``render_report``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from rbcflow.report.text import duration, percent
from rbcflow.runtime.benchmarks import Taken, read_benchmark
from rbcflow.runtime.logs import processor_seconds

RENDERING = "render_report"


@dataclass(frozen=True)
class Timing:
    """A rule's jobs: number, seconds in all and of the longest, largest memory in MiB (None where not sampled).

    ``processor`` is their seconds of processor time, None where a job's log does not say.
    """

    rule: str
    jobs: int
    seconds: float
    longest: float
    memory: float | None
    processor: float | None


def read_timings(results: Path) -> list[Timing]:
    """Return what Snakemake's benchmark files and the ends of the logs say, by rule, longest first.

    The rendering of the page is left out: it ends after the page is written, so that the page could only tell of an
    earlier one. A rule's files are ``benchmarks/<rule>/<job>.tsv``, or ``benchmarks/<rule>.tsv`` where it has one job.
    """
    folder = results / "benchmarks"
    jobs: dict[str, list[Taken]] = {}
    used: dict[str, list[float | None]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        own = path.relative_to(folder)
        rule = own.parts[0].removesuffix(".tsv")
        if rule == RENDERING:
            continue
        jobs.setdefault(rule, []).extend(read_benchmark(path))
        used.setdefault(rule, []).append(processor_seconds(results / "logs" / own.with_suffix(".log")))
    timings = [_timing(rule, taken, used[rule]) for rule, taken in jobs.items() if taken]
    return sorted(timings, key=lambda timing: (-timing.seconds, timing.rule))


def _timing(rule: str, jobs: list[Taken], used: list[float | None]) -> Timing:
    """Return a rule's times from what its benchmark files and its jobs' logs say."""
    seconds = [job.seconds for job in jobs]
    memory = max((job.memory for job in jobs if job.memory is not None), default=None)
    processor = None if None in used else math.fsum(used)
    return Timing(rule, len(jobs), math.fsum(seconds), max(seconds), memory, processor)


def processor_sentence(timings: list[Timing]) -> str:
    """Return what processor time all jobs took and the share of trainings, or why that is not known."""
    unknown = [timing.rule for timing in timings if timing.processor is None]
    if unknown:
        rules = ", ".join(unknown[:3]) + (", …" if unknown[3:] else "")
        return f"Their processor time is not known, as logs do not end with it (rules {rules})."
    total = sum(timing.processor for timing in timings)
    trained = sum(timing.processor for timing in timings if timing.rule.startswith("train_"))
    return (
        f"By the last lines of their logs they took {duration(total)} of processor time, "
        f"{percent(trained / total if total else None)} of it in trainings (rules train_…); Snakemake’s own process "
        "is not among them."
    )
