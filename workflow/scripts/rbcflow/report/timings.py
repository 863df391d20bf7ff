"""How long jobs took and what memory they had, from Snakemake's benchmark files (rule ``render_report``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rbcflow.report.stages import read_table

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
    jobs: dict[str, list[pd.DataFrame]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        if rule == RENDERING:
            continue
        table = read_table(path, {"s", "max_rss"}, "\t")
        jobs.setdefault(rule, []).append(table)
    timings = []
    for rule, tables in jobs.items():
        table = pd.concat(tables)
        seconds = pd.to_numeric(table["s"])
        memory = pd.to_numeric(table["max_rss"], errors="coerce").max()
        timings.append(
            Timing(
                rule,
                len(table),
                float(seconds.sum()),
                float(seconds.max()),
                None if pd.isna(memory) else float(memory),
            )
        )
    return sorted(timings, key=lambda timing: (-timing.seconds, timing.rule))
