"""Which cells are found, by their size and their contrast: rule ``compare_universal``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import clip
from rbcflow.core.frames import to_grey
from rbcflow.metrics.conditions import Settings
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.metrics.matching import BACKGROUND, match
from rbcflow.metrics.summary import by_cell_score
from rbcflow.testsets.files import TestSet

EDGES = {"side_px": (0, 12, 17, 24, 34, 48, 68, 96, np.inf), "contrast": (0, 8, 16, 32, 64, 128, np.inf)}
"""Bins: the root of width times height in pixels of the frame; grey levels between 2 % and 98 % of a cell's pixels."""

COLUMNS = ("model", "size", "measure", "low", "high", "n_boxes", "recall")


def found_by(results: Path, runs: Sequence[Mapping[str, Any]], settings: Settings) -> pd.DataFrame:
    """Return recall of each model, at each size it saw frames at, by size and by contrast of the true cells.

    It is over the test sets that all saw in grey.

    Args:
        results: with ``predictions/`` and ``testsets/``.
        runs: rows of the table of runs.
        settings: confidence and overlap.

    Returns:
        Columns ``COLUMNS``, bins from ``low`` to below ``high``; clusters are left out.
    """
    grey = [run for run in runs if run["input"] == "grey"]
    seen: dict[tuple[str, str], set[str]] = {}
    for run in grey:
        seen.setdefault((run["model"], str(run["size"])), set()).add(run["testset"])
    shared = set.intersection(*seen.values()) if seen else set()
    cells = [_cells(results, run, settings) for run in grey if run["testset"] in shared]
    whole = pd.concat(cells) if cells else pd.DataFrame(columns=["model", "size", "found", *EDGES])
    rows = [
        (*name, measure, low, high, len(own), float(own["found"].mean()))
        for name, of_model in whole.groupby(["model", "size"], sort=False)
        for measure, edges in EDGES.items()
        for low, high in pairwise(edges)
        if len(own := of_model[(of_model[measure] >= low) & (of_model[measure] < high)])
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells(results: Path, run: Mapping[str, Any], settings: Settings) -> pd.DataFrame:
    """Return ``model, size, found, side_px, contrast`` of every true cell of a run."""
    predicted, evaluated = read_pair(
        results / f"predictions/{run['run']}.parquet", results / "testsets" / run["testset"]
    )
    single = by_cell_score(predicted, predicted.meta["iou"])
    matched = match(evaluated.truth, single.boxes, settings.iou).at(settings.conf)
    missed = matched.loc[matched["predicted"] == BACKGROUND, "truth_row"]
    corners = evaluated.truth[BOX].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "model": run["model"],
            "size": str(run["size"]),
            "found": ~evaluated.truth.index.isin(missed),
            "side_px": np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1)),
            "contrast": contrasts(evaluated),
        }
    )
    return table[(evaluated.truth["kind"] != "cluster").to_numpy()]


def contrasts(evaluated: TestSet) -> NDArray[np.float64]:
    """Return (N,) grey levels between the 2 % darkest and the 2 % brightest pixels of each true box."""
    found = np.zeros(len(evaluated.truth))
    for frame, rows in evaluated.truth.groupby("frame").indices.items():
        image = to_grey(evaluated.image(frame))
        boxes = np.round(clip(evaluated.truth[BOX].to_numpy(dtype=float)[rows], *image.shape[::-1])).astype(int)
        for row, (x0, y0, x1, y1) in zip(rows, boxes, strict=True):
            dark, bright = np.quantile(image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], [0.02, 0.98])
            found[row] = bright - dark
    return found
