"""The data flow as it ran: stages as a picture, rules as a table, from records and benchmarks.

Used by rule ``render_report``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePath
from statistics import mean

import numpy as np

from rbcflow.report.records import SHARD_RECORDS, Provenance, read_records
from rbcflow.report.timings import Timing

STAGES = (
    "raw", "segmentation", "cells", "outlines", "splits", "datasets", "models", "test sets", "predictions", "metrics",
    "tables", "figures", "report",
)  # fmt: skip
"""Stages in the order of the data flow."""

FOLDERS = {
    "clusters": "cells",
    "testsets": "test sets",
    "validation": "metrics",
    "errors": "metrics",
    "cards": "tables",
    "gifs": "figures",
}
"""Folders of the results that are not named after their stage."""

UNRECORDED: dict[str, tuple[str, set[str]]] = {
    "tabulate_seeds": ("tables", {"train_model"}),
    "write_model_card": ("tables", {"train_model", "evaluate_model"}),
    "render_report": ("report", set()),
}
"""Rules that leave no record of their own: their stages, and rules whose files they read."""

MORE_RECORDS = (SHARD_RECORDS, "figures/*/*.json", "gifs/*/*.json")
"""Records that the graph needs besides those the page lists."""

STAGE_SIZE, RULE_SIZE = (104, 62), (142, 40)
"""Width and height of a stage's and of a rule's box in pixels of the drawing."""

GAP_X, GAP_Y, MARGIN = 24, 24, 6
"""Space between boxes and around them, in pixels of the drawing."""

HEADROOM = 22
"""Space above the boxes, and twice that below them, which arrows bend into."""

RISES = tuple(sign * rise for rise in range(0, 241, 20) for sign in (1, -1))
"""By how many pixels the middle of an arrow is pulled down (or up) to pass other boxes, tried in this order."""

STEPS = 120
"""Points of an arrow that are looked at."""

CLEAR = 3
"""Pixels that a bent arrow keeps off other boxes."""

TRACKS = (0, -4, 4, -8, 8)
"""By how many pixels arrows that run along the same gap between rows lie beside its middle."""


Track = tuple[int, int, int]
"""First and last x and the y of an arrow along a gap between rows, in pixels of the drawing."""


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
    """A stage or a rule in a drawing, with the place of its upper left corner."""

    name: str
    jobs: int
    seconds: float
    rules: tuple[str, ...]
    x: int
    y: int


@dataclass(frozen=True)
class Drawing:
    """Boxes of one size, and arrows as SVG paths with a name; all in pixels of the drawing."""

    boxes: list[Box]
    arrows: list[tuple[str, str]]
    box: tuple[int, int]
    width: int
    height: int


@dataclass(frozen=True)
class Graph:
    """Rules as they ran, and two drawings: of their stages, and of themselves."""

    rules: list[Rule]
    stages: Drawing
    detail: Drawing


def read_graph(results: Path, records: Iterable[Provenance], timings: list[Timing]) -> Graph:
    """Return what ran and what read what, as records and benchmarks state it."""
    records = [*records, *read_records(results, MORE_RECORDS)]
    makers = {record.subject: record.rule for record in records}
    stages = {rule: stage for rule, (stage, _) in UNRECORDED.items()}
    reads = {rule: set(read) for rule, (_, read) in UNRECORDED.items() if read}
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
    rules = sorted(rules, key=lambda rule: (place.get(rule.stage, len(place)), rule.name))
    return Graph(rules, _draw_stages(rules), _draw_rules(rules))


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


def _draw_stages(rules: list[Rule]) -> Drawing:
    stage_of = {rule.name: rule.stage for rule in rules}
    shown = {stage: [rule for rule in rules if rule.stage == stage] for stage in STAGES if stage in stage_of.values()}
    edges = {(stage_of[r], rule.stage) for rule in rules for r in rule.reads if r in stage_of}
    return _draw(shown, edges, STAGE_SIZE, "report")


def _draw_rules(rules: list[Rule]) -> Drawing:
    names = {rule.name: [rule] for rule in rules}
    edges = {(read, rule.name) for rule in rules for read in rule.reads if read in names}
    before = TopologicalSorter({name: {a for a, b in edges if b == name} for name in names})
    try:
        order = list(before.static_order())
    except CycleError:  # records of several states of the project lie side by side
        order = list(names)
    # it reads everything, which no record says
    order.sort(key=lambda name: name == "render_report")
    return _draw({name: names[name] for name in order}, edges, RULE_SIZE, "render_report")


def _draw(shown: dict[str, list[Rule]], edges: set[tuple[str, str]], size: tuple[int, int], last: str) -> Drawing:
    """Return boxes in columns, each right of all that it reads from, and the arrows that no longer way replaces.

    Args:
        shown: the boxes' names in order of the data flow, with the rules in each.
        edges: from what is read to what reads it.
        size: of a box.
        last: what is made of everything; its record does not say so.
    """
    order = list(shown)
    if last in shown:
        edges = edges | {(name, last) for name in order if name not in {a for a, _ in edges} | {last}}
    edges = {(a, b) for a, b in edges if a in shown and b in shown and order.index(a) < order.index(b)}
    column: dict[str, int] = {}
    for name in order:
        column[name] = 1 + max((column[a] for a, b in edges if b == name), default=-1)
    direct = _direct(edges)
    at: dict[str, Box] = {}
    for number in range(max(column.values(), default=-1) + 1):
        inside = [name for name in order if column[name] == number]
        # level with what it reads from, so that arrows cross little
        inside.sort(key=lambda name: mean(at[a].y for a, b in direct if b == name) if number else 0)
        for row, name in enumerate(inside):
            rules = shown[name]
            x, y = MARGIN + number * (size[0] + GAP_X), MARGIN + HEADROOM + row * (size[1] + GAP_Y)
            jobs, seconds = sum(rule.jobs for rule in rules), sum(rule.seconds for rule in rules)
            at[name] = Box(name, jobs, seconds, tuple(rule.name for rule in rules), x, y)
    taken: list[Track] = []
    arrows = [(f"{a} to {b}", _curve(at[a], at[b], size, at.values(), taken)) for a, b in sorted(direct)]
    right, low = max((b.x for b in at.values()), default=0), max((b.y for b in at.values()), default=0)
    return Drawing([at[name] for name in order], arrows, size, right + size[0] + MARGIN, low + size[1] + 2 * HEADROOM)


def _direct(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges that no longer way replaces."""
    after: dict[str, set[str]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)

    def reach(start: str) -> set[str]:
        ahead = after.get(start, set())
        return ahead.union(*(reach(step) for step in ahead))

    return {(a, b) for a, b in edges if not any(b in reach(step) for step in after[a] - {b})}


def _curve(a: Box, b: Box, size: tuple[int, int], boxes: Collection[Box], taken: list[Track]) -> str:
    """Return the arrow from one box to another: the least bent that passes the other boxes and stays in the drawing.

    Where no single bend does, it runs along a gap between rows, which is added to ``taken``.
    """
    x0, y0, x1, y1 = a.x + size[0], a.y + size[1] // 2, b.x - 5, b.y + size[1] // 2
    half, low = max(16, (x1 - x0) // 2), max(box.y for box in boxes) + size[1] + 2 * HEADROOM
    others = [box for box in boxes if box not in (a, b)]
    ways = [
        ((x0, y0), (x0 + bend, y0 + rise), (x1 - bend, y1 + rise), (x1, y1))
        for rise in RISES
        for bend in (half, max(16, half // 2), 16)
    ]
    way = next((way for way in ways if _passes(way, others, size, low)), None)
    if way is None:
        return _between_rows((x0, y0), (x1, y1), b.x - GAP_X, {box.y for box in boxes}, size[1], taken)
    (_, (xa, ya), (xb, yb), _) = way
    return f"M{x0} {y0}C{xa} {ya} {xb} {yb} {x1} {y1}"


def _between_rows(
    start: tuple[int, int], end: tuple[int, int], leave: int, rows: set[int], height: int, taken: list[Track]
) -> str:
    """Return an arrow that goes up or down between columns alone and runs along a gap between rows in between.

    Args:
        start: where the arrow begins.
        end: where it ends.
        leave: the x at which it leaves the gap, left of the column it ends at.
        rows: upper edges of the rows of boxes.
        height: of a box.
        taken: where arrows run already; this one's is added.
    """
    (x0, y0), (x1, y1) = start, end
    enter, turn = x0 + GAP_X, GAP_X // 2
    gaps = {y - GAP_Y // 2 for y in rows} | {max(rows) + height + GAP_Y // 2}
    ways = sorted((abs(gap - y0) + abs(gap - y1), order, gap + by) for order, by in enumerate(TRACKS) for gap in gaps)
    used = {y for first, last, y in taken if first < leave and enter < last}
    y = next((y for _, _, y in ways if y not in used), ways[0][2])
    taken.append((enter, leave, y))
    up, down = f"C{x0 + turn} {y0} {x0 + turn} {y} {enter} {y}", f"C{leave + turn} {y} {leave + turn} {y1} {x1} {y1}"
    return f"M{x0} {y0}{up}H{leave}{down}"


def _passes(way: tuple[tuple[int, int], ...], boxes: Iterable[Box], size: tuple[int, int], low: int) -> bool:
    """Return whether a cubic curve of four points keeps off all boxes and between the top and ``low``."""
    t = np.linspace(0, 1, STEPS)
    weights = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    x, y = (weights @ np.array(way)).T
    if y.min() < 0 or y.max() > low:
        return False
    wide, high = size[0] / 2 + CLEAR, size[1] / 2 + CLEAR
    return not any(
        ((abs(x - box.x - size[0] / 2) < wide) & (abs(y - box.y - size[1] / 2) < high)).any() for box in boxes
    )
