"""Sizes of boxes: in published labels, as the preprint made them, as meant (rule ``render_report``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rbcflow.report.stages import read_rows

WAYS = ("published sample", "published", "meant")
WORDS = {"published sample": "published labels, a sample", "published": "as published", "meant": "as meant"}
COLUMNS = {"variant", "way", "class", "boxes", "wider"}
SIDES = ("width", "height")


@dataclass(frozen=True)
class BoxSizes:
    """Boxes of one class made in one way.

    Attributes:
        way: in words.
        class_: its name.
        boxes: how many were measured, None where that is not known.
        width: mean, least and most in pixels.
        height: likewise.
        wider: share of boxes that are wider than tall, None where that is not known.
    """

    way: str
    class_: str
    boxes: int | None
    width: tuple[float, float, float]
    height: tuple[float, float, float]
    wider: float | None


def read_box_sizes(results: Path) -> dict[str, list[BoxSizes]]:
    """Return the rows of ``tables/box_sizes.csv`` by variant, class by class in the order of ``WAYS``."""
    spans = {f"{side}{what}" for side in SIDES for what in ("", "_least", "_most")}
    found: dict[str, list[BoxSizes]] = {}
    rows = read_rows(results, "box_sizes", COLUMNS | spans)
    classes = list(dict.fromkeys(row["class"] for row in rows))
    for row in sorted(rows, key=lambda row: (classes.index(row["class"]), WAYS.index(row["way"]))):
        width, height = (tuple(float(row[f"{side}{what}"]) for what in ("", "_least", "_most")) for side in SIDES)
        boxes, wider = (kind(row[name]) if row[name] else None for name, kind in (("boxes", int), ("wider", float)))
        found.setdefault(row["variant"], []).append(
            BoxSizes(WORDS[row["way"]], row["class"], boxes, width, height, wider)
        )
    return found
