"""How large cells are for the detector, beside those it learned from, and what its size does (stage metrics)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.detector.sizes import LIKE_TRAINING, factors, sides
from rbcflow.metrics.inputs import Predictions
from rbcflow.testsets.files import TestSet

METRICS = ("precision", "recall", "ap50", "map50")
"""Headline numbers of the table of sizes; precision, recall and AP50 ignore classes."""

COLUMNS = [
    "published_as", "run", "model", "testset", "size", "imgsz", "factor_low", "factor_high", "cell_side_px",
    "training_cell_side_px", "cell_side_ratio",
    *(f"{name}{part}" for name in METRICS for part in ("", "_low", "_high")),
    "false_positives_per_frame", "n_frames", "n_boxes",
]  # fmt: skip


def size_block(testset: TestSet, predictions: Predictions) -> dict[str, Any]:
    """Return what size was asked for and applied, and the median side of true cells beside the training's.

    A side is the geometric mean of a box's two, in pixels of the network's input.
    """
    made = predictions.meta
    size, learned = made["size"], (made["training_cells"] or {"side_seen_px": None})["side_seen_px"]
    side = None
    if len(testset.truth):
        applied = pd.Series(
            factors(testset.frames, size["imgsz"], made["scale"], size.get("fits")), index=testset.frames["frame"]
        )
        side = float(np.median(sides(testset.truth) * testset.truth["frame"].map(applied).to_numpy()))
    ratio = side / learned if side is not None and learned else None
    return {
        **size,
        "cell_side_px": None if side is None else round(side, 2),
        "training_cell_side_px": learned,
        "cell_side_ratio": None if ratio is None else round(ratio, 3),
        "meaning": "factor: least and largest over the frames; cell sides: medians of the square root of a box's area, "
        "in pixels of the network's input, before augmentation for the training's",
    }


def caveats(block: Mapping[str, Any]) -> list[str]:
    """Return a sentence where the cells' size is not like the training's."""
    ratio = block["cell_side_ratio"]
    if ratio is None or LIKE_TRAINING[0] <= ratio <= LIKE_TRAINING[1]:
        return []
    return [
        f"The detector sees cells of another size than it learned from: median side {block['cell_side_px']:.0f} px "
        f"against {block['training_cell_side_px']:.0f} px, {ratio:.2f} times "
        f"(outside {LIKE_TRAINING[0]:g} to {LIKE_TRAINING[1]:g})."
    ]


def compare_sizes(
    runs: Sequence[Mapping[str, Any]], metrics: Mapping[str, Mapping[str, Any]], headline: pd.DataFrame
) -> pd.DataFrame:
    """Return every published run that has a companion at another size, with that companion in the row after it.

    Args:
        runs: rows of all runs, companions among them.
        metrics: ``metrics.json`` by run.
        headline: ``headline.csv``.

    Returns:
        Columns ``COLUMNS``; a number that cannot be had is None. A companion has its run's ``published_as``.
    """
    values = headline.set_index(["run", "metric"])
    rows = []
    for row in runs:
        others = [other for other in runs if other.get("companion_of") == row["run"] and other["size"] != row["size"]]
        for own in [row, *others] if others else []:
            counted = metrics[own["run"]]
            size, found = counted["size"], counted["agnostic"]["at"][0]
            known = {
                **{key: own[key] for key in ("run", "model", "testset", "size")},
                **{key: size[key] for key in ("imgsz", "cell_side_px", "training_cell_side_px", "cell_side_ratio")},
                "published_as": row["published_as"],
                "factor_low": size["factor"][0],
                "factor_high": size["factor"][1],
                "false_positives_per_frame": found["false_positives_per_frame"],
                "n_frames": counted["n_frames"],
                "n_boxes": counted["n_boxes"]["total"],
            }
            for name in METRICS:
                if (own["run"], name) in values.index:
                    number = values.loc[(own["run"], name)]
                    known |= {name: number["value"], f"{name}_low": number["low"], f"{name}_high": number["high"]}
            rows.append(known)
    return pd.DataFrame(rows, columns=COLUMNS)
