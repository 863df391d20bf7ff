"""Metrics of every seed of every model in one table: rule ``tabulate_seeds``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, read_object
from rbcflow.runtime.lineage import SEPARATOR

METRICS = {
    "precision": "metrics/precision(B)",
    "recall": "metrics/recall(B)",
    "map50": "metrics/mAP50(B)",
    "map50_95": "metrics/mAP50-95(B)",
}
"""Columns of Ultralytics' ``results.csv`` by the names of the table."""


def best_row(folder: Path) -> pd.Series | None:
    """Return the row of ``results.csv`` of a model folder's best epoch, None for a checkpoint without curves.

    Raises:
        InputError: record or curves are absent or broken, or do not belong together.
    """
    record = read_object(folder / "training.json", "the record of a training", ["best_epoch"])
    columns = ["epoch", *METRICS.values()]
    table = read_csv(file := folder / "results.csv", "the curves of a training", columns, skipinitialspace=True)
    rows = table[table["epoch"] == record["best_epoch"]]
    if record["best_epoch"] is not None and len(rows) != 1:
        raise InputError(file, f"{len(rows)} rows of epoch {record['best_epoch']}", "one, of the best epoch")
    return None if rows.empty else rows.iloc[0]


def _origin(folder: Path) -> str:
    """Return what the dataset of a model folder was made from."""
    record = read_object(folder / "training.json", "the record of a training", ["learned_from"])
    return SEPARATOR.join(record["learned_from"])


def seed_table(folders: Iterable[Path]) -> pd.DataFrame:
    """Return mean, spread and each value of the validation metrics over the seeds of each model.

    Args:
        folders: model folders, ``<model>/seed-<seed>``.

    Returns:
        One row a model and metric: ``model, metric, seeds, mean, sd, lowest, highest, values, origin``; ``sd`` is that
        of a sample and missing for a single seed, ``values`` reads ``seed:value`` joined by blanks, ``origin`` is that
        of the dataset, whose training and validation images these are. Metrics are those of the best epoch.
    """
    rows = [
        (folder.parent.name, int(folder.name.removeprefix("seed-")), metric, float(best[column]), _origin(folder))
        for folder in folders
        if (best := best_row(folder)) is not None
        for metric, column in METRICS.items()
    ]
    long = pd.DataFrame(rows, columns=["model", "seed", "metric", "value", "origin"]).sort_values("seed", kind="stable")
    grouped = long.groupby(["model", "metric"], sort=False)
    table = grouped["value"].agg(seeds="count", mean="mean", sd="std", lowest="min", highest="max")
    named = long["seed"].astype(str) + ":" + long["value"].map("{:.5f}".format)
    table["values"] = named.groupby([long["model"], long["metric"]], sort=False).agg(" ".join)
    table["origin"] = grouped["origin"].first()
    order = {metric: place for place, metric in enumerate(METRICS)}
    return table.reset_index().sort_values(["model", "metric"], key=lambda column: column.map(order).fillna(column))
