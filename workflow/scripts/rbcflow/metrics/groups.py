"""The same counts for each donor and each flow condition (stage metrics)."""

from __future__ import annotations

import pandas as pd

from rbcflow.metrics.matching import BACKGROUND

COLUMNS = ["by", "group", "frames", "n_boxes", "found", "named", "misses", "false_positives", "recall", "precision"]


def by_group(frames: pd.DataFrame, matches: pd.DataFrame) -> pd.DataFrame:
    """Count hits, misses and false positives by donor and by condition; what is unknown is no group.

    Args:
        frames: ``frame, donor, condition`` of every frame.
        matches: at the operating point, as ``Matching.at`` gives them.

    Returns:
        Columns ``COLUMNS``; ``found`` ignores classes, ``named`` are those of the right class. A ratio without
        denominator is NaN.
    """
    hit = (matches["true"] != BACKGROUND) & (matches["predicted"] != BACKGROUND)
    counted = pd.DataFrame(
        {
            "frame": matches["frame"],
            "found": hit,
            "named": hit & (matches["true"] == matches["predicted"]),
            "misses": matches["predicted"] == BACKGROUND,
            "false_positives": matches["true"] == BACKGROUND,
        }
    )
    sums = counted.groupby("frame").sum().reindex(frames["frame"], fill_value=0).astype(int)
    tables = []
    for by in ("donor", "condition"):
        own = pd.concat([frames.set_index("frame")[by], sums], axis=1)
        table = own[own[by] != ""].groupby(by).sum()
        sizes = own[own[by] != ""].groupby(by).size()
        tables.append(table.assign(by=by, frames=sizes).rename_axis("group").reset_index())
    table = pd.concat(tables, ignore_index=True)
    table["n_boxes"] = table["found"] + table["misses"]
    table["recall"] = table["found"] / table["n_boxes"].where(table["n_boxes"] > 0)
    predicted = table["found"] + table["false_positives"]
    table["precision"] = table["found"] / predicted.where(predicted > 0)
    return table[COLUMNS]
