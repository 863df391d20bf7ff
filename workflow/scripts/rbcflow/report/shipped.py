"""What is known of the shipped detector, from files (rule ``render_report``).

All numbers come from ``tables/universal.csv`` of this run, and the tables that ``make universal``, ``make ablation``
and ``make laboratories`` leave in ``resources/universal/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from rbcflow.core.names import GAUGE
from rbcflow.report.runs import read_testset
from rbcflow.report.stages import read_rows, read_table
from rbcflow.report.universal import ALL, MEAN, SHIPPED, Group, Line, Universal

FOLDER = "resources/universal"
DETECTORS = ("universal", "starter")
"""The shipped detector, and the one that it was trained from."""

RECIPE = "config/universal.yaml"
"""Says how many images the shipped detector was trained on."""

COLUMNS = {
    "unnamed",
    "run",
    "model",
    "testset",
    "input",
    "size",
    "clusters",
    "ap50",
    "recall",
    "class_recall",
    "made",
    "frames",
    "difference_low",
    "difference_high",
}

OVER_SEEDS = {
    "variant",
    "testset",
    "size",
    "condition",
    "clusters",
    "seeds",
    "ap50",
    "ap50_sd",
    "difference",
    "low",
    "high",
}


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
    gauge = folder / GAUGE
    return Universal(
        groups=list(_groups(results, rows)),
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
        seeds=_table(folder / "seeds.csv", OVER_SEEDS),
        images=_images(project / RECIPE),
        banks=_banks(project / RECIPE),
        shipped={
            tuple(row[key] for key in SHIPPED): row["ap50"]
            for row in _table(folder / "conditions.csv", {"model", "ap50", *SHIPPED})
            if row["model"] == DETECTORS[0]
        },
    )


def _table(path: Path, columns: set[str]) -> list[dict[str, str]]:
    table = read_table(path, columns)
    return [] if table is None else table.to_dict("records")


def _banks(recipe: Path) -> tuple[str, ...]:
    variants = recipe.with_suffix("") / "variants.yaml"
    if not variants.is_file():
        return ()
    return tuple(yaml.safe_load(variants.read_text(encoding="utf-8"))[DETECTORS[0]]["banks"])


def _images(recipe: Path) -> int | None:
    return yaml.safe_load(recipe.read_text(encoding="utf-8"))["images"]["train"] if recipe.is_file() else None


def _groups(results: Path, rows: Sequence[dict[str, str]]) -> Iterator[Group]:
    """Yield the table's test sets, each with this run's best detector first; of equals one that has an interval."""
    for testset, seen in dict.fromkeys((row["testset"], row["input"]) for row in rows):
        own = [row for row in rows if (row["testset"], row["input"]) == (testset, seen)]
        whole = [row for row in own if row["clusters"] != "ignored"]
        here = [row for row in whole if row["made"] == "here"]
        chosen = [("best", max(here, key=lambda row: (_value(row["ap50"]), bool(row["ap50_low"]))))] if here else []
        chosen += [(_role(row), row) for name in reversed(DETECTORS) for row in whole if row["model"] == name]
        ignored = {row["run"]: row for row in own if row["clusters"] == "ignored"}
        lines = [Line(row["model"], role, row, ignored.get(row["run"])) for role, row in chosen]
        namers = [row for row in here if row["class_recall"]]
        namer = max(namers, key=lambda row: _value(row["class_recall"]), default=None)
        yield Group(testset, seen, lines, namer, read_testset(results, testset, {}).origins)


def _found(folder: Path) -> dict[str, list[tuple[str, str, dict[str, dict[str, str]]]]]:
    """Return recall by measure of the cells and bin."""
    bins: dict[str, dict[tuple[str, str], dict[str, dict[str, str]]]] = {}
    for row in _table(folder / "found.csv", {"model", "size", "measure", "low", "high", "n_boxes", "recall"}):
        bins.setdefault(row["measure"], {}).setdefault((row["low"], row["high"]), {})[_role(row)] = row
    return {
        name: [(low, high, cells) for (low, high), cells in sorted(own.items(), key=lambda item: float(item[0][0]))]
        for name, own in bins.items()
    }


def _role(row: dict[str, str]) -> str:
    return f"{row['model']} fitted" if row["size"] == "fitted" else row["model"]


def _value(text: str) -> float:
    return float(text) if text else -1.0


def _stress(folder: Path) -> tuple[list[tuple[str, dict[tuple[str, str], dict[str, str]]]], list[str]]:
    """Return average precision under each disturbance, and the test sets that have some."""
    columns = {"model", "testset", "size", "condition", "ap50", "ap50_low", "ap50_high"}
    rows = _table(folder / "conditions.csv", columns)
    rows = [row for row in rows if row["testset"].startswith("stress") and row["condition"] != ALL]
    made: dict[tuple[bool, str], dict[tuple[str, str], dict[str, str]]] = {}
    for row in rows:
        harder = row["testset"].startswith("stress_harder")
        place = row["testset"].removeprefix("stress_harder_").removeprefix("stress_")
        made.setdefault((harder, row["condition"]), {})[place, _role(row)] = row
    ordered = sorted(made.items(), key=lambda item: (item[0][0], item[0][1] == MEAN))
    sets = list(dict.fromkeys(place for _, cells in ordered for place, _ in cells))
    named = [
        (f"{name}, stronger ones" if harder and name == MEAN else name, cells) for (harder, name), cells in ordered
    ]
    return named, sets
