"""Models by test sets: found and right boxes with intervals, as frames were seen and under both suppressions.

Used by rule ``render_report``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rbcflow.core.names import OWN
from rbcflow.report.runs import Run, TestSetSummary
from rbcflow.report.stages import read_rows, read_table
from rbcflow.report.text import MISSING, number

LOOKS = ("", "native", "grey")
"""How a frame was seen, by the end of a companion's name: as the run says, at its own pixels, turned grey."""
SUPPRESSIONS = {"class": "", "one": "_one_box"}
"""What may stay on one cell (a box a class, as in the preprint, or one box), and what its numbers' names end with."""
COLUMNS = {"run", "testset", "metric", "value", "low", "high", "n_recordings", "companion_of"}


@dataclass(frozen=True)
class Cell:
    """A model on a test set; ``shown`` has by look and suppression (``-class``, ``native-one``) the numbers in words.

    Attributes:
        run: None where the model was not evaluated there.
        shares: of found cells, for the ground's colour.
    """

    run: Run | None
    shown: dict[str, tuple[str, str]] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A test set of the table; ``testset`` is None for the models' own composed images."""

    testset: TestSetSummary | None
    cells: list[Cell]

    @property
    def n(self) -> tuple[int, int, int]:
        """Recordings, frames and true boxes; of composed images those of the first model."""
        runs = [cell.run for cell in self.cells if cell.run]
        testset = self.testset or (runs[0].testset if runs else None)
        return (testset.n_recordings, testset.n_frames, testset.n_boxes) if testset else (0, 0, 0)


@dataclass(frozen=True)
class Matrix:
    """Rows are ``models``, columns the test sets, the own composed images first."""

    models: list[str]
    columns: list[Column]

    def row(self, model: str) -> list[Cell]:
        """Return the cells of a model."""
        return [column.cells[self.models.index(model)] for column in self.columns]


def read_matrix(results: Path, config: dict[str, Any], groups: list[tuple[TestSetSummary, list[Run]]]) -> Matrix:
    """Return the table of all models that have a run.

    Args:
        results: the results folder.
        config: the configuration with its tables.
        groups: runs by test set.

    Raises:
        InputError: ``tables/headline.csv`` lacks a column.
    """
    runs = [run for _, own in groups for run in own]
    models = list(dict.fromkeys(run.model for run in runs))
    table = read_table(results / "tables/headline.csv", COLUMNS)
    rows: dict[tuple[str, str], dict] = {}
    for row in [] if table is None else table.to_dict("records"):
        own = row["companion_of"] or row["run"]
        rows[own, f"{row['run'].removeprefix(own).rpartition('-')[2]}/{row['metric']}"] = row
    own = [next((r for r in runs if r.model == model and r.testset.name.endswith(OWN)), None) for model in models]
    foreign = [testset for testset, evaluated in groups if evaluated and testset.name in config["testsets"]]
    columns = [Column(None, [_cell(run, rows) for run in own])] if any(own) else []
    for testset in foreign:
        there = {run.model: run for run in runs if run.testset.name == testset.name}
        columns.append(Column(testset, [_cell(there.get(model), rows) for model in models]))
    return Matrix(models, columns)


def _cell(run: Run | None, rows: dict[tuple[str, str], dict]) -> Cell:
    if run is None or run.status != "evaluated" or not run.interpretable:
        return Cell(run)
    shown, shares = {}, {}
    for look in LOOKS:
        for name, suffix in SUPPRESSIONS.items():
            pair = [rows.get((run.name, f"{look}/{metric}{suffix}")) for metric in ("recall", "precision")]
            if all(pair):
                shown[f"{look}-{name}"] = tuple(_in_percent(row) for row in pair)
                shares[f"{look}-{name}"] = float(pair[0]["value"] or 0)
    if not shown:
        shown["-class"] = tuple(f"{100 * run.found[key]:.0f}" for key in ("recall", "precision"))
        shares["-class"] = run.found["recall"]
    return Cell(run, shown, shares)


def _in_percent(row: dict[str, str]) -> str:
    """Return a number in percent with its interval."""
    if not row["value"]:
        return MISSING
    value, *ends = (f"{100 * float(row[key]):.0f}" if row[key] else "" for key in ("value", "low", "high"))
    return f"{value} ({ends[0]}–{ends[1]})" if all(ends) else value


def read_pairs(results: Path, runs: Iterable[Run]) -> dict[str, Any]:
    """Return what the page's comparison of two runs needs: values by run, and differences by test set and pair.

    Differences are counted on the same draws of the recordings (``tables/comparisons.csv``).
    """
    evaluated = {run.name: run for run in runs if run.status == "evaluated"}
    companions = {row["run"] for row in read_rows(results, "headline", COLUMNS) if row["companion_of"]}
    values: dict[str, dict[str, str]] = {}
    for row in read_rows(results, "headline", COLUMNS):
        if row["run"] in evaluated and row["value"]:
            values.setdefault(row["run"], {})[row["metric"]] = number(row["value"], 3)
    columns = {"testset", "metric", "first", "second", "difference", "low", "high", "n_recordings"}
    pairs: dict[str, dict[str, list[str]]] = {}
    for row in read_rows(results, "comparisons", columns):
        key = f"{row['testset']}|{row['first']}|{row['second']}"
        if not {row["first"], row["second"]} & companions:
            three = [number(row[name], 3) for name in ("difference", "low", "high")]
            pairs.setdefault(key, {})[row["metric"]] = [*three, row["n_recordings"]]
    return {"values": values, "pairs": pairs}
