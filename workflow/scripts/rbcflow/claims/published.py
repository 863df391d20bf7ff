"""Counts the preprint states as text, beside those of this run (rule ``compare_published``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.runtime.lineage import SEPARATOR, origins_of

COLUMNS = ("id", "title", "published", "tolerance", "deviation", "status", "source", "here", "table", "origin", "note")


def compare(counts: list[dict[str, Any]], results: Path, output: Path) -> pd.DataFrame:
    """Write a table of published and own counts.

    Args:
        counts: entries of ``paper/published.yaml``.
        results: the results folder.
        output: CSV with the columns ``COLUMNS``; ``here`` is empty where this run has no such table or column.
    """
    rows = []
    for entry in counts:
        file = results / entry["ours"]["table"]
        fitting = _fitting(file, entry["ours"]) if file.is_file() else None
        found = None if fitting is None else _statistic(fitting, entry["ours"])
        origin = "" if found is None else _origin(fitting, file)
        here = "" if found is None else f"{found:.4g}" if found % 1 else f"{found:.0f}"
        rows.append((entry["id"], entry["title"], f"{entry['value']:g}", entry.get("tolerance", ""),
                     entry.get("deviation", ""), entry["status"], entry["source"], here, entry["ours"]["table"],
                     origin, entry.get("note", "")))  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def _origin(table: pd.DataFrame, file: Path) -> str:
    """Return what rows come from: as they say themselves where a table mixes origins, else as its record says."""
    found = sorted(set(table["origin"])) if "origin" in table else origins_of([file])
    return SEPARATOR.join(found)


def _fitting(file: Path, rule: dict[str, Any]) -> pd.DataFrame | None:
    """Return the rows of a table that a rule speaks of, or None where the table lacks a column."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    wanted = [
        *rule.get("where", {}),
        *rule.get("starts", {}),
        *rule.get("is", {}),
        *([rule["column"]] if "column" in rule else []),
    ]
    if any(name not in table for name in wanted):
        return None
    for name, value in rule.get("where", {}).items():
        table = table[table[name] == value]
    for name, value in rule.get("starts", {}).items():
        table = table[table[name].str.startswith(value)]
    return table


def _statistic(table: pd.DataFrame, rule: dict[str, Any]) -> float | None:
    """Return one number of the rows that fit, or None where there are none."""
    if rule["statistic"] == "rows":
        return float(len(table))
    if table.empty:
        return None
    if rule["statistic"] == "share":
        ((name, value),) = rule["is"].items()
        return float((table[name] == value).mean())
    values = pd.to_numeric(table[rule["column"]])
    return float({"mean": values.mean, "sd": values.std, "sum": values.sum}[rule["statistic"]]())
