"""Cells to be named by hand, and what that says of the shares of classes (rule ``summarise_recordings``).

A detector's shares may be far from the truth where light, optics or donors differ from its training images, and nothing
in the recording tells. Twenty cells sampled at random and named by eye do: they correct the shares, and give them an
interval.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASSES, class_name
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv
from rbcflow.core.textfile import encoding_of, read_text, separator
from rbcflow.recordings.intervals import corrected, wilson

PER_CONDITION = 20
COLUMNS = ["tile", "condition", "recording", "cell", "frame", "x_px", "y_px", "checked"]
KEYS = ["recording", "cell", "frame", "x_px", "y_px"]
"""What makes a cell the same one: its number alone means another cell once cells are found anew."""


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
        tracks: of all recordings: ``recording, frame, cell, conf, edge, merged`` and corners.
        conditions: by recording; where it is empty, the recording stands for its condition.
        seed: of the draw.

    Returns:
        Columns ``COLUMNS``: ``tile`` counts from 1, ``frame`` shows the cell surest and whole, with its middle at
        ``x_px, y_px``, ``checked`` is empty. What is sampled of a condition does not depend on the others.
    """
    counted = cells[cells["counted"].astype(bool)]
    group = counted["recording"].map(lambda name: conditions.get(name) or name)
    sampled = []
    for condition, rows in counted.groupby(group, sort=True):
        rng = np.random.default_rng([seed, zlib.crc32(str(condition).encode())])
        order = rng.permutation(len(rows))[:PER_CONDITION]
        sampled.append(rows.iloc[np.sort(order)][["recording", "cell"]].assign(condition=condition))
    if not sampled:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(sampled, ignore_index=True)
    shown = tracks[tracks["cell"].notna()].sort_values(["edge", "merged", "conf"], ascending=[True, True, False])
    shown = shown.drop_duplicates(["recording", "cell"])
    places = {f"{axis}_px": ((shown[f"{axis}0"] + shown[f"{axis}1"]) / 2).round().astype("int64") for axis in "xy"}
    shown = shown.assign(**places)[KEYS]
    table = table.merge(shown.astype({"cell": "int64"}), on=["recording", "cell"], how="left", validate="one_to_one")
    return table.assign(tile=np.arange(1, len(table) + 1), checked="")[COLUMNS]


def read(path: Path) -> pd.DataFrame:
    """Return the cells that were named by hand, with ``checked`` as a class.

    Raises:
        InputError: the file is missing or broken, or a name means no class; names line and value.
    """
    table = _table(path, {"condition": str, "recording": str, "checked": str})
    named = table[table["checked"].str.strip() != ""].copy()
    for row, label in named["checked"].items():
        try:
            named.loc[row, "checked"] = class_name(label)
        except KeyError:
            raise InputError(path, repr(label), f"one of {', '.join(CLASSES)}", f"line {row + 2}, checked") from None
    return named


def as_filled_in(path: Path) -> pd.DataFrame:
    """Return a table of cells to name as it was filled in, all of it as text; raises InputError as ``read`` does."""
    return _table(path, str)[COLUMNS]


def _table(path: Path, types: type | dict[str, type]) -> pd.DataFrame:
    meaning = "cells named by hand"
    # it was written with tabs and in UTF-8; a spreadsheet may save it with semicolons, or in UTF-16
    between, encoding = separator(read_text(path, meaning), COLUMNS), encoding_of(path.read_bytes())
    return read_csv(path, meaning, COLUMNS, sep=between, encoding=encoding, dtype=types, keep_default_na=False)


def taken_over(sample: pd.DataFrame, stored: list[pd.DataFrame]) -> pd.DataFrame:
    """Return a sample with what was typed for its cells before.

    Args:
        sample: newly sampled.
        stored: tables as they were filled in, all columns as text; the first that has something for a cell counts.
    """
    typed: dict[tuple, str] = {}
    for table in stored:
        for row, text in zip(_keys(table), table["checked"], strict=True):
            if text.strip():
                typed.setdefault(row, text)
    return sample.assign(checked=[typed.get(row, "") for row in _keys(sample)])


def left_over(sample: pd.DataFrame, stored: pd.DataFrame) -> bool:
    """Return whether something was typed for cells that a sample does not ask for."""
    asked = set(_keys(sample))
    return any(text.strip() and row not in asked for row, text in zip(_keys(stored), stored["checked"], strict=True))


def _keys(table: pd.DataFrame) -> list[tuple]:
    return [tuple(row) for row in table[KEYS].astype(str).to_numpy()]


def shares(cells: pd.DataFrame, named: pd.DataFrame | None) -> Shares:
    """Return the shares of classes among cells.

    Named cells correct the detector's shares (``intervals.corrected``). Where the detector names no classes, they speak
    for themselves, with Wilson's interval. Without named cells there is no interval.

    Args:
        cells: the counted ones of a recording or condition: ``recording, cell, class``.
        named: what was named by hand of all recordings, or None.
    """
    own = None if named is None else named.merge(cells[["recording", "cell", "class"]], on=["recording", "cell"])
    if own is not None and len(own):
        return _checked(cells, own)
    nothing = dict.fromkeys(CLASSES, np.nan)
    if not len(cells):
        return Shares(nothing, nothing, nothing, "no cells", 0)
    if not cells["class"].isin(CLASSES).any():
        return Shares(nothing, nothing, nothing, "the detector names no classes; none were checked", 0)
    share = {name: float((cells["class"] == name).mean()) for name in CLASSES}
    return Shares(share, nothing, nothing, "detector; classes not checked", 0)


def _checked(cells: pd.DataFrame, own: pd.DataFrame) -> Shares:
    """Return shares from cells of which some, at random, were named by hand.

    Args:
        cells: all: ``class``.
        own: the named ones: ``class``, ``checked``.
    """
    kinds = [name for name in CLASSES if (cells["class"] == name).any()]
    if not kinds:
        hits = {name: int((own["checked"] == name).sum()) for name in CLASSES}
        found = {name: (count / len(own), *wilson(count, len(own))) for name, count in hits.items()}
        basis = f"{len(own)} cells checked by hand"
    else:
        strata = [own["class"] == kind for kind in kinds]
        sizes = [int((cells["class"] == kind).sum()) for kind in kinds]
        checked = [int(stratum.sum()) for stratum in strata]
        hits = {name: [int((own["checked"][stratum] == name).sum()) for stratum in strata] for name in CLASSES}
        found = {name: corrected(sizes, counts, checked) for name, counts in hits.items()}
        basis = f"detector, corrected by {len(own)} cells checked by hand"
    share, low, high = ({name: values[place] for name, values in found.items()} for place in range(3))
    return Shares(share, low, high, basis, len(own))
