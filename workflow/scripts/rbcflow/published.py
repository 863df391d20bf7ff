"""Counts the preprint states as text, beside those of this run (rule ``compare_published``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.provenance import origins_of

COLUMNS = ("id", "title", "published", "status", "source", "here", "table", "origin", "note")


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
        found = _statistic(file, entry["ours"]) if file.is_file() else None
        origin = " + ".join(origins_of([file])) if found is not None else ""
        here = "" if found is None else f"{found:.4g}" if found % 1 else f"{found:.0f}"
        rows.append((entry["id"], entry["title"], f"{entry['value']:g}", entry["status"], entry["source"], here,
                     entry["ours"]["table"], origin, entry.get("note", "")))  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def _statistic(file: Path, rule: dict[str, Any]) -> float | None:
    """Return one number of a table, or None where it lacks a column or has no row that fits."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    wanted = [*rule.get("where", {}), *rule.get("is", {}), *([rule["column"]] if "column" in rule else [])]
    if any(name not in table for name in wanted):
        return None
    for name, value in rule.get("where", {}).items():
        table = table[table[name] == value]
    if rule["statistic"] == "rows":
        return float(len(table))
    if table.empty:
        return None
    if rule["statistic"] == "share":
        ((name, value),) = rule["is"].items()
        return float((table[name] == value).mean())
    values = pd.to_numeric(table[rule["column"]])
    return float({"mean": values.mean, "sd": values.std}[rule["statistic"]]())
