"""How average precision follows from what needs no truth, learned from disturbed frames: rule ``calibrate_gauge``.

Every frame of the stress sets is looked at as a recording's frames are (``gauge``), and its true boxes say what was
found. Costs are fitted for the shipped gauge on all laboratories' frames; what is claimed of it is what gauges fitted
without a laboratory say of that laboratory's frames.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.detector.sizes import long_side, resized
from rbcflow.recordings.gauge import TERMS, Gauge, Seen, Space, look_at, terms
from rbcflow.recordings.network import CellFinder
from rbcflow.sources.image import read_rgb
from rbcflow.testsets.files import read_testset

IMAGES = 200
"""Training images whose features are taken."""

FRAMES = 24
"""Frames of each condition that are looked at."""

UNDISTURBED, HARDER = "none", "stress_harder"
"""Name of the condition that is none, and how names of test sets under stronger disturbances start."""

COLUMNS = ("testset", "source", "condition", "n_boxes", "ap50", "expected", "verdict", "reasons", "shipped", *TERMS)


def training_space(listing: Path, imgsz: int, finder: CellFinder) -> Space:
    """Return where the features of a dataset's training images lie.

    Args:
        listing: image list of the dataset, relative to its folder.
        imgsz: longer side that the training was asked for.
        finder: the detector.
    """
    names = listing.read_text(encoding="utf-8").splitlines()
    chosen = np.unique(np.linspace(0, len(names) - 1, IMAGES).round().astype(int))
    images = [to_grey(read_rgb(listing.parent / names[place])) for place in chosen]
    return Space.of_images(np.array([look_at(finder, _shown(image, imgsz), 1.0).features for image in images]))


def _shown(image: NDArray[np.uint8], imgsz: int) -> NDArray[np.uint8]:
    """Return a training image at the size that the network saw."""
    factor = long_side("trained", imgsz) / max(image.shape)
    return resized(image, (round(image.shape[1] * factor), round(image.shape[0] * factor)))


def look_at_conditions(folder: Path, finder: CellFinder) -> dict[str, list[Seen]]:
    """Return by condition of a test set what its frames show, at their own pixels."""
    evaluated = read_testset(folder)
    evaluated.require_images()
    found = {}
    for condition, frames in evaluated.frames.groupby("condition", sort=False):
        chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int))
        own = [to_grey(evaluated.image(frame)) for frame in frames["frame"].iloc[chosen]]
        found[str(condition)] = [look_at(finder, image, 1.0) for image in own]
    return found


def rows_of(
    seen: Mapping[str, Mapping[str, Sequence[Seen]]],
    sources: Mapping[str, str],
    counted: pd.DataFrame,
    space: Space,
    side: float,
) -> pd.DataFrame:
    """Return a row for each condition.

    Args:
        seen: by test set and condition.
        sources: laboratory of each test set.
        counted: ``conditions.csv`` of this detector alone.
        space: of its training images' features.
        side: that cells should have.

    Returns:
        ``testset, source, condition, n_boxes, ap50`` and the terms, which are missing where there was no box.

    Raises:
        InputError: a condition has no average precision.
    """
    by = {(row["testset"], row["condition"]): row for row in counted.to_dict("records")}
    rows = []
    for testset, conditions in seen.items():
        for condition, frames in conditions.items():
            if (testset, condition) not in by:
                raise InputError(Path("conditions.csv"), f"no row {testset}, {condition}", "one of every condition")
            truth = by[testset, condition]
            known = {"testset": testset, "source": sources[testset], "condition": condition}
            known |= {"n_boxes": int(truth["n_boxes"]), "ap50": float(truth["ap50"])}
            rows.append(known | (terms(frames, space, side) or dict.fromkeys(TERMS)))
    return pd.DataFrame(rows).astype(dict.fromkeys(TERMS, float))


def fit(rows: pd.DataFrame) -> dict[str, Any]:
    """Return ``start, best, costs`` of a gauge: least squares, and no term may make boxes better.

    Args:
        rows: of ``rows_of``, with undisturbed frames, whose terms cost nothing; those without a box are left out.
    """
    rows = rows.dropna(subset=list(TERMS))
    undisturbed = rows[rows["condition"] == UNDISTURBED]
    best, start = undisturbed[list(TERMS)].max(), float(undisturbed["ap50"].mean())
    above = (rows[list(TERMS)] - best).clip(lower=0)
    costs, _ = nnls(above.to_numpy(dtype=float), np.maximum(start - rows["ap50"].to_numpy(dtype=float), 0))
    return {
        "start": round(start, 4),
        "best": {name: round(float(best[name]), 4) for name in TERMS},
        "costs": {name: round(float(cost), 4) for name, cost in zip(TERMS, costs, strict=True)},
    }


def calibrate(
    seen: Mapping[str, Mapping[str, Sequence[Seen]]],
    rows: pd.DataFrame,
    common: Mapping[str, Any],
) -> tuple[Gauge, pd.DataFrame]:
    """Return the gauge, and what gauges fitted without a laboratory say of its frames.

    Args:
        seen: by test set and condition.
        rows: of ``rows_of``.
        common: ``sha256, space, reference, side`` of the gauge.

    Returns:
        The gauge fitted on all rows; a table with ``COLUMNS``, ``expected``, ``verdict`` and ``reasons`` by the gauge
        that knows nothing of the row's laboratory, ``shipped`` what the gauge of all says.
    """
    whole = Gauge(**common, **fit(rows))
    told = []
    for source, own in rows.groupby("source", sort=False):
        apart = Gauge(**common, **fit(rows[rows["source"] != source]))
        for row in own.to_dict("records"):
            frames = seen[row["testset"]][row["condition"]]
            result, shipped = apart.read(frames), whole.read(frames)
            said = {"expected": result.expected, "verdict": result.verdict, "reasons": "; ".join(result.reasons)}
            told.append(row | said | {"shipped": shipped.expected})
    return whole, pd.DataFrame(told)[list(COLUMNS)]


def ranking(table: pd.DataFrame) -> dict[str, float]:
    """Return Spearman's correlation of expected and measured average precision, by laboratory.

    Args:
        table: of ``calibrate``.
    """
    return {
        str(source): round(float(own["expected"].corr(own["ap50"], method="spearman")), 3)
        for source, own in table.groupby("source", sort=False)
    }


def write(stored: Mapping[str, Any], path: Path) -> None:
    """Write a gauge, the numbers of each axis on a line of their own."""
    space = stored["space"]
    axes = ",\n  ".join(json.dumps(axis) for axis in space["axes"])
    head = json.dumps({name: value for name, value in stored.items() if name != "space"}, indent=1)[:-2]
    text = f'{head},\n "space": {{"mean": {json.dumps(space["mean"])}, "axes": [\n  {axes}]}}\n}}\n'
    path.write_text(text, encoding="utf-8")


def as_dict(gauge: Gauge, table: pd.DataFrame) -> dict[str, Any]:
    """Return a gauge as ``gauge.json`` holds it; how its training images look stands in the training's record."""
    kept = asdict(replace(gauge, reference=None))
    return {name: kept[name] for name in ("sha256", "start", "best", "costs")} | {
        "spearman": ranking(table),
        "spearman_of_mild": ranking(table[~table["testset"].str.startswith(HARDER)]),
        "space": kept["space"],
    }
