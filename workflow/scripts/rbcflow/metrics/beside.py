"""The preprint's detectors of this run beside the shipped universal one: rule ``compare_with_universal``.

The shipped detector's numbers were counted where it was trained (``make universal``) and come with it. On the simulated
recordings of the embedded default and on the public ones they are of the very frames that this run's detectors are
evaluated on, which the fingerprints of the test sets say; where frames differ, the table says that too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.metrics.conditions import ALL, COLUMNS, Settings, table
from rbcflow.metrics.inputs import evaluation, read_predictions
from rbcflow.testsets.files import TestSet, read_testset

COLOURED = "_colour"
"""Ends the name of a test set that ``make universal`` has only to evaluate the same frames as recorded."""

FRAMES = ("these", "others")
"""Whether shipped numbers are of this run's frames."""


def beside_universal(
    results: Path,
    runs: Sequence[Mapping[str, Any]],
    shipped: pd.DataFrame,
    settings: Settings,
    testsets: Sequence[str],
) -> pd.DataFrame:
    """Return all detectors on some test sets, whatever they call the cells they find.

    Args:
        results: with ``predictions/`` and ``testsets/``.
        runs: rows of the table of runs, companions included, of the preprint's detectors.
        shipped: ``conditions.csv`` of the shipped detector.
        settings: what is counted with.
        testsets: recordings that none of the detectors learned from, in the order of the table.

    Returns:
        ``COLUMNS`` of ``conditions.table``, ``unnamed`` (true classes that a detector of this run cannot name, which
        count 0 in ``class_recall``; the shipped ones name all), ``made`` (``here`` or ``shipped``) and ``frames`` (of
        ``FRAMES``). Frames without colour count as grey. Only the best detector of this run on each test set and look
        has intervals.
    """
    sets = {name: read_testset(results / "testsets" / name) for name in {run["testset"] for run in runs}}
    evaluated = [run for run in runs if run["testset"] in testsets and sets[run["testset"]].available]
    quick = table(results, evaluated, Settings(settings.conf, settings.iou, 0, settings.seed))
    quick["input"] = _seen(quick)
    best = set(best_of(quick)["run"])
    own = pd.concat(
        [quick[~quick["run"].isin(best)], table(results, [r for r in evaluated if r["run"] in best], settings)]
    )
    own["input"] = _seen(own)
    own["unnamed"] = own["run"].map(
        {run["run"]: _unnamed(results, run["run"], sets[run["testset"]]) for run in evaluated}
    )
    known = {name: evaluated.meta["fingerprint"] for name, evaluated in sets.items()}
    other = shipped[shipped["condition"] == ALL].copy()
    other["testset"] = other["testset"].str.removesuffix(COLOURED)
    other = other[other["testset"].isin(testsets)]
    same = other["testset"].map(known) == other["fingerprint"]
    other["frames"] = same.map({True: FRAMES[0], False: FRAMES[1]})
    parts = [own.assign(made="here", frames=FRAMES[0]), other.assign(made="shipped")]
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    order = {name: place for place, name in enumerate(testsets)}
    whole = whole.sort_values("testset", key=lambda column: column.map(order), kind="stable")
    return whole.reindex(columns=[*COLUMNS, "unnamed", "made", "frames"])


def best_of(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the row of highest average precision of each test set and input, clusters as labelled."""
    whole = counted[counted["clusters"].isin(("", "evaluated"))].dropna(subset="ap50")
    return whole.loc[whole.groupby(["testset", "input"], sort=False)["ap50"].idxmax()]


def _unnamed(results: Path, run: str, evaluated: TestSet) -> str:
    """Return the true classes that a run's model cannot name, blanks between them; none where no class is truth."""
    predicted = read_predictions(results / f"predictions/{run}.parquet")
    if evaluation(evaluated, predicted) != "true":
        return ""
    return " ".join(sorted(set(evaluated.truth["class"]) - set(predicted.classes)))


def _seen(counted: pd.DataFrame) -> pd.Series:
    """Return what detectors saw: colours that a recording does not have are its grey."""
    return counted["input"].where(counted["testset"] == "naples", "grey")
