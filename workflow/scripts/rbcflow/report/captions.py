"""What one picture shows, with its number; the registry's caption, how it is made, stands once a section.

Used by rule ``render_report``. No number is computed here but shares of what a stage has written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from rbcflow.core import names
from rbcflow.core.errors import InputError
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.report.records import read_json
from rbcflow.report.runs import Run
from rbcflow.report.stages import CellBank, Dataset, Model, Source, read_table
from rbcflow.report.text import count, percent, plural, ratio

LEAST = 10
"""True boxes below which no share is told."""

KINDS = {
    "missed": "missed cells",
    "background": "boxes on background",
    "classification": "wrong names",
    "localisation": "badly placed boxes",
    "both": "badly placed boxes with a wrong name",
    "duplicate": "second boxes",
}
"""Kinds of errors of ``errors.csv`` in words."""


def _table(path: Path, columns: set[str]) -> pd.DataFrame | None:
    table = read_table(path, columns)
    return None if table is None or table.empty else table


def _class(name: str) -> str:
    return {"croissant": "parachutes", "slipper": "slippers", "other": "others"}.get(name, name)


def confusions(results: Path, run: Run) -> str:
    """Return the largest shares of a true class that go astray, at most two."""
    path = results / "validation" / run.name / "confusion_matrix.csv"
    table = _table(path, {"true", "predicted", "count"})
    if table is None:
        return ""
    try:
        table["count"] = table["count"].astype(int)
    except ValueError as error:
        raise InputError(path, str(error), "whole numbers", "column count") from error
    table = table[table["true"] != BACKGROUND]
    total = table.groupby("true")["count"].sum()
    astray = table[(table["true"] != table["predicted"]) & table["true"].map(total).ge(LEAST) & table["count"].gt(0)]
    if astray.empty:
        return ""
    share = astray["count"] / astray["true"].map(total)
    worst = astray.assign(share=share).sort_values("share", ascending=False, kind="stable").head(2)
    said = [
        f"{percent_whole(row['share'])} of {_class(row['true'])} are "
        + ("missed" if row["predicted"] == BACKGROUND else f"called {names.CLASSES[row['predicted']]}")
        for row in worst.to_dict("records")
    ]
    return "; ".join(said) + "."


def percent_whole(share: float) -> str:
    """Return a share of 0..1 in whole percent."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def best_f1(results: Path, run: Run) -> str:
    """Return the F1 at the fixed confidence beside the best there is."""
    data = read_json(results / "validation" / run.name / "metrics.json") or {}
    best = (data.get("best_f1") or {}).get("any")
    if not best or not run.found:
        return ""
    return (
        f"F1 is {ratio(run.found['f1'], 2)} at the fixed confidence of {run.conf}, at best {ratio(best['f1'], 2)} at "
        f"{ratio(best['conf'], 2)} (classes ignored)."
    )


def by_condition(results: Path, run: Run) -> str:
    """Return the flow conditions in which most and fewest cells are found."""
    table = _table(results / "validation" / run.name / "groups.csv", {"by", "group", "n_boxes", "found"})
    if table is None:
        return ""
    own = table[table["by"] == "condition"].astype({"n_boxes": int, "found": int})
    own = own[own["n_boxes"] >= LEAST]
    if len(own) < 2:
        return ""
    own = own.assign(share=own["found"] / own["n_boxes"]).sort_values("share", kind="stable")
    low, high = own.iloc[0], own.iloc[-1]
    return (
        f"Found at {low['group']}: {percent_whole(low['share'])} of {low['n_boxes']} cells; "
        f"at {high['group']}: {percent_whole(high['share'])} of {high['n_boxes']}."
    )


def errors(results: Path, run: Run) -> str:
    """Return how many errors there are, and of which kind most."""
    table = _table(results / "validation" / run.name / "errors.csv", {"kind"})
    if table is None:
        return ""
    kinds = table["kind"].value_counts()
    most = KINDS.get(kinds.index[0], kinds.index[0])
    return f"{plural(len(table), 'error')}, most of them {most} ({count(kinds.iloc[0])})."


def overlap(_: Path, run: Run) -> str:
    """Return how well found cells are boxed."""
    if not run.localisation.get("n"):
        return ""
    text = f"Median overlap of a found cell with its box {ratio(run.localisation['iou_median'], 2)}"
    bias = (run.localisation.get("bias") or {}).get("whole") or {}
    return f"{text}; sides {ratio(bias['size_ratio']['median'], 2)} times the cell’s." if bias.get("n") else f"{text}."


def found(_: Path, run: Run) -> str:
    """Return found cells and false positives a frame."""
    if not run.n_boxes:
        return ""
    own = run.found
    false_positives = ratio(own["false_positives_per_frame"], 2)
    return f"{count(own['hits'])} of {plural(run.n_boxes, 'cell')} found, {false_positives} false positives a frame."


OF_RUN: dict[str, Callable[[Path, Run], str]] = {
    "front_frame": found,
    "confusion_matrix": confusions,
    "confidence_curves": best_f1,
    "sample_predictions": by_condition,
    "run_quality": overlap,
    "error_gallery": errors,
    "predicted_boxes": found,
}


def of_bank(id_: str, row: CellBank) -> str:
    """Return the numbers of a bank's picture."""
    bank = row.bank
    if bank is None:
        return ""
    if id_ in ("cell_sheet", "class_examples"):
        return "Kept: " + ", ".join(f"{count(n)} {_class(name)}" for name, n in bank.kept.items()) + "."
    if id_ == "cell_counts" and bank.n_dropped:
        reason, n = next(iter(bank.dropped.items()))
        objects = plural(bank.n_kept + bank.n_dropped, "object")
        return f"{count(bank.n_dropped)} of {objects} dropped, most for “{reason.replace('_', ' ')}” ({count(n)})."
    return f"{count(bank.n_kept)} cells kept, none dropped." if id_ == "cell_counts" else ""


def of_dataset(id_: str, dataset: Dataset) -> str:
    """Return the numbers of a dataset's picture."""
    images = sum(dataset.images.values())
    placed = sum(own for _, own in dataset.counts.values())
    planned = sum(own or 0 for own, _ in dataset.counts.values())
    if not images or not dataset.counts:
        return ""
    if id_ == "dataset_examples":
        training = plural(dataset.images.get("train", 0), "training image")
        return f"{placed / images:.1f} objects an image on average, {training}."
    if id_ == "dataset_statistics" and planned:
        return f"{percent(placed / planned)} of {count(planned)} planned objects found a place."
    return ""


def of_model(id_: str, model: Model, printed: dict[str, float]) -> str:
    """Return the numbers of a training's picture.

    Args:
        id_: of the figure.
        model: its first training.
        printed: values the preprint printed for its counterpart, empty where it has none.
    """
    best = model.evaluated_epoch.get("metrics/mAP50(B)")
    if not model.training or best is None:
        return ""
    if id_ == "training_curves":
        epochs = f"epoch {model.training['best_epoch']} of {model.training['epochs']}"
        text = f"mAP50 {ratio(best)} on composed validation images at {epochs}"
        return f"{text}; the preprint printed {ratio(printed['map50'])}." if "map50" in printed else f"{text}."
    return ""


def of_source(id_: str, source: Source) -> str:
    """Return the numbers of a source's picture."""
    return f"{plural(source.n_files, 'file')} read." if id_ == "raw_frames" and source.n_files else ""
