"""The section "Towards a universal dataset": the shipped detector beside the preprint's (rule ``render_report``).

All numbers come from files: ``tables/universal.csv`` of this run, and the tables that ``make universal``, ``make
ablation`` and ``make laboratories`` leave in ``resources/universal/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.report.stages import read_rows, read_table

FOLDER = "resources/universal"
DETECTORS = ("universal", "starter")
"""The shipped detector, and the one that it was trained from."""

ALL, MEAN, UNDISTURBED = "all", "mean of the disturbed", "none"
COLUMNS = {"model", "testset", "input", "size", "clusters", "ap50", "recall", "class_recall", "made", "frames"}
PLOT = 260
"""Side of the gauge's picture, pixels."""


@dataclass(frozen=True)
class Line:
    """One detector on one test set, the frames in colour or in grey.

    Attributes:
        detector: its id.
        role: ``universal``, ``starter`` or ``best`` (the preprint's best here).
        row: as labelled.
        ignored: clusters left out; None where there are none.
    """

    detector: str
    role: str
    row: dict[str, str]
    ignored: dict[str, str] | None


@dataclass(frozen=True)
class Group:
    """A test set's lines, and the preprint's detector of the highest mean class recall there."""

    testset: str
    seen: str
    lines: list[Line]
    namer: dict[str, str] | None


@dataclass(frozen=True)
class Universal:
    """What is known of the shipped detector.

    Attributes:
        groups: test sets with all detectors.
        record: of its training.
        stress: a row a condition: its name, and average precision by (test set, detector).
        sets: test sets of ``stress``.
        gauge: a row a condition: measured, expected and verdict.
        ranks: rank correlations of measured and expected by laboratory, over all conditions and over the milder ones.
        found: recall by measure and bin: low end, high end, and the row of each detector.
        ablation, laboratories: rows of the tables over seeds; empty where those long comparisons were not made.
    """

    groups: list[Group]
    record: dict[str, Any]
    stress: list[tuple[str, dict[tuple[str, str], dict[str, str]]]]
    sets: list[str]
    gauge: list[dict[str, str]]
    ranks: dict[str, dict[str, float]]
    found: dict[str, list[tuple[str, str, dict[str, dict[str, str]]]]]
    ablation: list[dict[str, str]]
    laboratories: list[dict[str, str]]

    @property
    def other_frames(self) -> bool:
        """Whether shipped numbers are of other frames than this run's."""
        return any(line.row["frames"] == "others" for group in self.groups for line in group.lines)

    @property
    def points(self) -> list[dict[str, Any]]:
        """The gauge's picture: a place for each condition, x what was expected and y what was measured."""
        return [
            row
            | {"x": PLOT * float(row["expected"]), "y": PLOT * (1 - float(row["ap50"]))}
            | {"harder": row["testset"].startswith("stress_harder"), "plain": row["condition"] == UNDISTURBED}
            for row in self.gauge
        ]


def read_universal(results: Path, project: Path) -> Universal | None:
    """Return the section's content, None where nothing of it is there.

    Raises:
        InputError: a table is broken.
    """
    rows = read_rows(results, "universal", COLUMNS)
    folder = project / FOLDER
    if not rows or not (folder / "training.json").is_file():
        return None
    stress, sets = _stress(folder)
    gauge = folder / "gauge.json"
    return Universal(
        groups=list(_groups(rows)),
        record=json.loads((folder / "training.json").read_text(encoding="utf-8")),
        stress=stress,
        sets=sets,
        gauge=_table(
            folder / "gauge.csv", {"testset", "source", "condition", "ap50", "expected", "verdict", "reasons"}
        ),
        ranks=json.loads(gauge.read_text(encoding="utf-8")) if gauge.is_file() else {},
        found=_found(folder),
        ablation=_table(folder / "ablation.csv", OVER_SEEDS),
        laboratories=_table(folder / "laboratories.csv", OVER_SEEDS),
    )


OVER_SEEDS = {"variant", "testset", "condition", "clusters", "seeds", "ap50", "difference", "low", "high"}


def _table(path: Path, columns: set[str]) -> list[dict[str, str]]:
    table = read_table(path, columns)
    return [] if table is None else table.to_dict("records")


def _groups(rows: Sequence[dict[str, str]]) -> Iterator[Group]:
    """Yield the table's test sets, each with the preprint's best detector first."""
    for testset, seen in dict.fromkeys((row["testset"], row["input"]) for row in rows):
        own = [row for row in rows if (row["testset"], row["input"]) == (testset, seen)]
        whole = [row for row in own if row["clusters"] != "ignored"]
        here = [row for row in whole if row["made"] == "here"]
        chosen = [("best", max(here, key=lambda row: _value(row["ap50"])))] if here else []
        chosen += [(name, row) for name in reversed(DETECTORS) for row in whole if row["model"] == name]
        ignored = {row["run"]: row for row in own if row["clusters"] == "ignored"}
        lines = [Line(row["model"], role, row, ignored.get(row["run"])) for role, row in chosen]
        namers = [row for row in here if row["class_recall"]]
        yield Group(testset, seen, lines, max(namers, key=lambda row: _value(row["class_recall"]), default=None))


def _found(folder: Path) -> dict[str, list[tuple[str, str, dict[str, dict[str, str]]]]]:
    """Return recall by measure of the cells and bin."""
    bins: dict[str, dict[tuple[str, str], dict[str, dict[str, str]]]] = {}
    for row in _table(folder / "found.csv", {"model", "measure", "low", "high", "n_boxes", "recall"}):
        bins.setdefault(row["measure"], {}).setdefault((row["low"], row["high"]), {})[row["model"]] = row
    return {
        name: [(low, high, cells) for (low, high), cells in sorted(own.items(), key=lambda item: float(item[0][0]))]
        for name, own in bins.items()
    }


def _value(text: str) -> float:
    return float(text) if text else -1.0


def _stress(folder: Path) -> tuple[list[tuple[str, dict[tuple[str, str], dict[str, str]]]], list[str]]:
    """Return average precision under each disturbance, and the test sets that have some."""
    rows = _table(folder / "conditions.csv", {"model", "testset", "condition", "ap50", "ap50_low", "ap50_high"})
    rows = [row for row in rows if row["testset"].startswith("stress") and row["condition"] != ALL]
    made: dict[tuple[bool, str], dict[tuple[str, str], dict[str, str]]] = {}
    for row in rows:
        harder = row["testset"].startswith("stress_harder")
        place = row["testset"].removeprefix("stress_harder_").removeprefix("stress_")
        made.setdefault((harder, row["condition"]), {})[place, row["model"]] = row
    ordered = sorted(made.items(), key=lambda item: (item[0][0], item[0][1] == MEAN))
    sets = list(dict.fromkeys(place for _, cells in ordered for place, _ in cells))
    named = [
        (f"{name}, stronger ones" if harder and name == MEAN else name, cells) for (harder, name), cells in ordered
    ]
    return named, sets
