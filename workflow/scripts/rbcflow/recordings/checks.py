"""Cells to be named by hand, and what that says of the shares of classes (rule ``sample_cells``).

A detector's shares may be far from the truth where light, optics or donors differ from its training images, and nothing
in the recording tells. Twenty cells drawn at random and named by eye do: their shares have an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASSES, class_name
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv
from rbcflow.recordings.intervals import wilson

PER_CONDITION = 20
COLUMNS = ["tile", "condition", "recording", "cell", "frame", "checked"]


@dataclass(frozen=True)
class Shares:
    """Shares of the classes in a condition.

    Attributes:
        share: by class; NaN where there are no cells.
        low, high: of the 95 % interval by class; NaN where classes were not checked.
        basis: what the shares rest on, in words.
        checked: cells named by hand.
    """

    share: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    basis: str
    checked: int


def sample(cells: pd.DataFrame, tracks: pd.DataFrame, conditions: dict[str, str], seed: int = 0) -> pd.DataFrame:
    """Draw the cells to be named by hand.

    What the detector says is not in the table, so that it does not lead who names them.

    Args:
        cells: of all recordings: ``recording, cell, counted``.
        tracks: of all recordings: ``recording, frame, cell, conf, edge, merged``.
        conditions: by recording; where it is empty, the recording stands for its condition.
        seed: of the draw.

    Returns:
        Columns ``COLUMNS``: ``tile`` counts from 1, ``frame`` shows the cell surest and whole, ``checked`` is empty.
    """
    counted = cells[cells["counted"].astype(bool)]
    group = counted["recording"].map(lambda name: conditions.get(name) or name)
    drawn = []
    for condition, rows in counted.groupby(group, sort=True):
        rng = np.random.default_rng([seed, len(drawn)])
        order = rng.permutation(len(rows))[:PER_CONDITION]
        drawn.append(rows.iloc[np.sort(order)][["recording", "cell"]].assign(condition=condition))
    if not drawn:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(drawn, ignore_index=True)
    shown = tracks[tracks["cell"].notna()].sort_values(["edge", "merged", "conf"], ascending=[True, True, False])
    shown = shown.drop_duplicates(["recording", "cell"])[["recording", "cell", "frame"]]
    table = table.merge(shown.astype({"cell": "int64"}), on=["recording", "cell"], how="left", validate="one_to_one")
    return table.assign(tile=np.arange(1, len(table) + 1), checked="")[COLUMNS]


def read(path: Path) -> pd.DataFrame:
    """Return the cells that were named by hand, with ``checked`` as a class.

    Raises:
        InputError: the file is missing or broken, or a name means no class; names line and value.
    """
    text = {"condition": str, "recording": str, "checked": str}
    table = read_csv(path, "cells named by hand", COLUMNS, sep="\t", dtype=text, keep_default_na=False)
    named = table[table["checked"].str.strip() != ""].copy()
    for row, label in named["checked"].items():
        try:
            named.loc[row, "checked"] = class_name(label)
        except KeyError:
            raise InputError(path, repr(label), f"one of {', '.join(CLASSES)}", f"line {row + 2}, checked") from None
    return named


def shares(cells: pd.DataFrame, named: pd.DataFrame | None) -> Shares:
    """Return the shares of classes among cells.

    Args:
        cells: the counted ones of a recording or condition: ``recording, cell, class``.
        named: what was named by hand of all recordings, or None.
    """
    if named is not None and len(named):
        own = named.merge(cells[["recording", "cell"]], on=["recording", "cell"])
        if len(own):
            intervals = {name: wilson(int((own["checked"] == name).sum()), len(own)) for name in CLASSES}
            return Shares(
                {name: float((own["checked"] == name).mean()) for name in CLASSES},
                {name: low for name, (low, _) in intervals.items()},
                {name: high for name, (_, high) in intervals.items()},
                f"{len(own)} cells checked by hand",
                len(own),
            )
    nothing = dict.fromkeys(CLASSES, np.nan)
    if not len(cells):
        return Shares(nothing, nothing, nothing, "no cells", 0)
    if not cells["class"].isin(CLASSES).any():
        return Shares(nothing, nothing, nothing, "the detector names no classes; none were checked", 0)
    share = {name: float((cells["class"] == name).mean()) for name in CLASSES}
    return Shares(share, nothing, nothing, "detector; classes not checked", 0)
