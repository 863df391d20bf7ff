"""What is on more than one side of train, val and test (rule ``measure_leakage``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from rbcflow.cells.bank import read_table
from rbcflow.cells.splits import GIVEN, held_out, read_splits

COLUMNS = ("scheme", "source", "unit", "units", "crossing", "cells", "cells_crossing")


def measure_leakage(banks: Iterable[Path], splits: Mapping[str, Sequence[Path]], output: Path) -> pd.DataFrame:
    """Count, by scheme and source, the units with cells in more than one split.

    Units are a cell's group (recording or source file family), its recording and its donor; the latter two for cells of
    a named donor alone. A ``test frame recording`` is one that test sets made of recordings show; it crosses where a
    cell of it is in train or val.

    Args:
        banks: folders of the cell banks that feed datasets.
        splits: tables of splits by scheme, one for each set of banks that feeds a dataset. A cell that two of them name
            is on the same side in both, since the draw of a source does not depend on other sources.
        output: CSV with the columns ``COLUMNS``.

    Raises:
        InputError: a bank is wrong.
    """
    cells = pd.concat([read_table(bank) for bank in banks])
    # nobody can say which recording a cell in a composed image is from
    cells = cells[cells["method"] != GIVEN]
    rows = []
    for scheme, files in splits.items():
        sides = pd.concat([read_splits(file)[["cell_id", "split"]] for file in files]).drop_duplicates()
        for source, part in cells.groupby("source", sort=True):
            rows += _count(scheme, source, part.merge(sides, on="cell_id", how="left"))
    table = pd.DataFrame(rows, columns=COLUMNS)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def _count(scheme: str, source: str, cells: pd.DataFrame) -> list[tuple]:
    """Return the rows of one source; cells without a split were not used."""
    used, named = cells[cells["split"].notna()], cells[cells["donor"] != ""]
    rows = [
        (scheme, source, unit, *_crossing(part, unit))
        for unit, part in (
            ("group", used),
            ("recording", used[used["donor"] != ""]),
            ("donor", used[used["donor"] != ""]),
        )
        if len(part)
    ]
    shown = held_out(named["recording"], scheme)
    if shown:
        learned = used[used["split"].isin(["train", "val"]) & used["recording"].isin(shown)]
        seen = used[used["recording"].isin(shown)]
        counts = (len(shown), learned["recording"].nunique(), len(seen), len(learned))
        rows.append((scheme, source, "test frame recording", *counts))
    return rows


def _crossing(cells: pd.DataFrame, unit: str) -> tuple[int, int, int, int]:
    """Return the number of units, of those on several sides, of cells, and of cells of units on several sides."""
    crosses = cells.groupby(unit)["split"].nunique() > 1
    return len(crosses), int(crosses.sum()), len(cells), int(cells[unit].map(crosses).sum())
