"""Sizes of boxes: in published labels, as the preprint made them, as meant (rule ``render_report``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.core.yamlfile import read_yaml
from rbcflow.report.stages import read_rows

WAYS = ("published sample", "published", "meant")
WORDS = {
    "published sample": "published labels, a sample",
    "published": "composed here as the preprint did",
    "meant": "composed here as meant",
}
COLUMNS = {"variant", "way", "class", "boxes", "wider"}
SIDES = ("width", "height")
PREPRINT = "config/preprint.yaml"


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


@dataclass(frozen=True)
class BoxFold:
    """What the page says of a variant's boxes.

    Attributes:
        rows: class by class in the order of ``WAYS``.
        files: published label files that were read, 0 where none were.
        boxes: boxes in them.
        pressed: the preprint's scripts press a turned cell into the box it had before.
        specks: they size simulated objects by the square these are drawn on.
    """

    rows: list[BoxSizes]
    files: int
    boxes: int
    pressed: bool
    specks: bool

    def of(self, class_: str, way: str) -> BoxSizes | None:
        """Return the row of a class made in one of ``WAYS``, None where there is none."""
        return next((row for row in self.rows if (row.class_, row.way) == (class_, WORDS[way])), None)


def read_box_folds(results: Path, project: Path, published: Mapping[str, Any]) -> dict[str, BoxFold]:
    """Return what the page says of the boxes of each variant of ``tables/box_sizes.csv``.

    Args:
        results: the results folder.
        project: folder with ``config/preprint.yaml``, which says what the preprint's scripts do.
        published: content of ``paper/published.yaml``, whose ``box_samples`` says how much was read.
    """
    file, samples = project / PREPRINT, published.get("box_samples") or {}
    variants = (read_yaml(file) if file.is_file() else {}).get("variants") or {}
    found = {}
    for name, rows in read_box_sizes(results).items():
        composed, sample = (variants.get(name) or {}).get("compose") or {}, samples.get(name) or {}
        pressed, specks = (bool(composed.get(key)) for key in ("pressed", "simulated_other_canvas"))
        found[name] = BoxFold(rows, sample.get("files", 0), sample.get("boxes", 0), pressed, specks)
    return found


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
