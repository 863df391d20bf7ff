"""The way of the data as it was gone: stages as a picture, rules as a table, from records and benchmarks.

Used by rule ``render_report``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from rbcflow.report.records import Provenance, read_provenance
from rbcflow.report.timings import Timing

STAGES = (
    "raw", "segmenters", "cells", "outlines", "splits", "datasets", "models", "test sets", "predictions", "metrics",
    "tables", "figures", "report",
)  # fmt: skip
"""Stages in the order of the way of the data."""

FOLDERS = {
    "clusters": "cells",
    "testsets": "test sets",
    "validation": "metrics",
    "errors": "metrics",
    "cards": "tables",
    "gifs": "figures",
}
"""Folders of the results that are not named after their stage."""

UNRECORDED = {
    "tabulate_seeds": "tables",
    "write_model_card": "tables",
    "write_crate": "report",
    "render_report": "report",
}
"""Rules that leave no record of their own."""

MORE_RECORDS = ("datasets/*/*/shards/*/provenance.json", "figures/*/*.json", "gifs/*/*.json")
"""Records that the graph needs besides those the page lists."""

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 104, 62, 24, 24, 6
"""Of a stage's box and of the space between boxes, in pixels of the drawing."""


@dataclass(frozen=True)
class Rule:
    """A rule as it ran: its stage, jobs, seconds in all, and the rules whose files it read."""

    name: str
    stage: str
    jobs: int
    seconds: float
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A stage in the drawing, with the place of its upper left corner."""

    stage: str
    jobs: int
    seconds: float
    rules: tuple[str, ...]
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    """Rules, and the drawing of their stages: boxes, and arrows as SVG paths with a name."""

    rules: list[Rule]
    boxes: list[Box]
    arrows: list[tuple[str, str]]
    width: int
    height: int


def read_graph(results: Path, records: Iterable[Provenance], timings: list[Timing]) -> Graph:
    """Return what ran and what read what, as records and benchmarks state it."""
    found = [read_provenance(path, results) for pattern in MORE_RECORDS for path in sorted(results.glob(pattern))]
    records = [*records, *(record for record in found if record)]
    makers = {record.subject: record.rule for record in records}
    stages = dict(UNRECORDED)
    reads: dict[str, set[str]] = {}
    for record in records:
        folder = record.subject.split("/")[0]
        stages[record.rule] = FOLDERS.get(folder, folder)
        read = [path for item in record.inputs for path in (item.paths or (item.path,))]
        made = {maker for path in read if (maker := _maker(path, makers))}
        reads.setdefault(record.rule, set()).update(made - {record.rule})
    rules = [
        Rule(t.rule, stages.get(t.rule, "other"), t.jobs, t.seconds, tuple(sorted(reads.get(t.rule, ()))))
        for t in timings
    ]
    place = {stage: number for number, stage in enumerate(STAGES)}
    return _draw(sorted(rules, key=lambda rule: (place.get(rule.stage, len(place)), rule.name)))


def _maker(path: str, makers: dict[str, str]) -> str | None:
    """Return the rule that made a file: of all folders and stems that end a record's subject, the longest."""
    parts = PurePath(path).with_suffix("").parts
    whole = PurePath(path).parts
    for end in range(len(parts), 0, -1):
        for start in range(end):
            for form in (parts, whole):
                if (maker := makers.get("/".join(form[start:end]))) is not None:
                    return maker
    return None


def _draw(rules: list[Rule]) -> Graph:
    stage_of = {rule.name: rule.stage for rule in rules}
    shown = [stage for stage in STAGES if stage in stage_of.values()]
    edges = {(stage_of[r], rule.stage) for rule in rules for r in rule.reads if r in stage_of}
    if "report" in shown:
        edges |= {(stage, "report") for stage in shown if stage not in {a for a, _ in edges} | {"report"}}
    edges = {(a, b) for a, b in edges if a in shown and b in shown and shown.index(a) < shown.index(b)}
    column: dict[str, int] = {}
    for stage in shown:
        column[stage] = 1 + max((column[a] for a, b in edges if b == stage), default=-1)
    row = {stage: sum(column[other] == column[stage] for other in shown[: shown.index(stage)]) for stage in shown}
    boxes = []
    for stage in shown:
        own = [rule for rule in rules if rule.stage == stage]
        x, y = MARGIN + column[stage] * (WIDTH + GAP_X), MARGIN + 22 + row[stage] * (HEIGHT + GAP_Y)
        names = tuple(rule.name for rule in own)
        boxes.append(Box(stage, sum(r.jobs for r in own), sum(r.seconds for r in own), names, x, y))
    at = {box.stage: box for box in boxes}
    arrows = [(f"{a} to {b}", _curve(at[a], at[b])) for a, b in sorted(_direct(edges))]
    right, low = max((b.x for b in boxes), default=0), max((b.y for b in boxes), default=0)
    return Graph(rules, boxes, arrows, right + WIDTH + MARGIN, low + HEIGHT + MARGIN + 16)


def _direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges that no longer way replaces."""
    after: dict[str, set[str]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)

    def reach(start: str) -> set[str]:
        ahead = after.get(start, set())
        return ahead.union(*(reach(step) for step in ahead))

    return {(a, b) for a, b in edges if not any(b in reach(step) for step in after[a] - {b})}


def _curve(a: Box, b: Box) -> str:
    x0, y0, x1, y1 = a.x + WIDTH, a.y + HEIGHT // 2, b.x - 5, b.y + HEIGHT // 2
    bend = max(16, (x1 - x0) // 2)
    return f"M{x0} {y0}C{x0 + bend} {y0} {x1 - bend} {y1} {x1} {y1}"
