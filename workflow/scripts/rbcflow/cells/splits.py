"""Which cell may appear in train, val and test (rule ``split_cells``), and which recordings test sets may show.

Scheme ``grouped`` divides whole donors and, where a source names none, whole groups (file families): nothing that
belongs together is on two sides.
Scheme ``paper`` divides single cells as the preprint did, by source and class, and leaks: frames and cells of one video
are on both sides.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.bank import read_table
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, refuse_rows

LOGGER = logging.getLogger(__name__)
SPLITS = ("train", "val", "test")

HELD_OUT_DONORS = 4
"""One of this many donors, at least one, is held out for the test sets made of recordings."""
GIVEN = "rim"
"""Method of cells from composed images: they stay in the split their image was published in, whatever the scheme."""
SEEDED_AS = {"simulated": "drawn"}
"""Older names of sources, by which their draw stays seeded: a rename must move no cell to another split."""
COLUMNS = ("cell_id", "source", "class", "group", "split")


def write_splits(
    banks: Iterable[Path],
    output: Path,
    *,
    scheme: str,
    shares: Mapping[str, float],
    seed: int,
    paper: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
) -> pd.DataFrame:
    """Assign every kept cell that has a class to a split and write the table.

    Args:
        banks: folders of cell banks.
        output: CSV with the columns ``cell_id, source, class, group, split``, sorted by cell_id.
        scheme: ``grouped`` or ``paper``.
        shares: train, val, test summing to 1; scheme ``paper`` takes them for sources that are not in ``paper``.
        seed: root of the draw.
        paper: by source, the shares that the preprint gave its laboratory's cells (section on the datasets).

    Returns:
        The table as written.

    Raises:
        InputError: a bank is wrong, or a class of a source would have no cell in train; names the bank.
    """
    tables = []
    for bank in banks:
        table = read_table(bank)
        table["split"] = _divide(table, scheme, shares, paper, seed)
        table = table[table["kept"] & (table["class"] != "")]
        _check_train(bank / "cells.csv", table, scheme)
        tables.append(table)
    table = pd.concat(tables).sort_values("cell_id", ignore_index=True)[list(COLUMNS)]
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    LOGGER.info("cells a split:\n%s", pd.crosstab([table["source"], table["class"]], table["split"]))
    return table


def read_splits(path: Path) -> pd.DataFrame:
    """Read and validate the table of ``write_splits``; all columns are text.

    Raises:
        InputError: the file is absent or broken, a class or split is unknown, or a cell is there twice: it could be on
            two sides.
    """
    table = read_csv(path, "which cell may appear where", COLUMNS, dtype=str, keep_default_na=False)
    refuse_rows(path, table, table["cell_id"].duplicated(), "cell_id", "each cell once")
    refuse_rows(path, table, ~table["split"].isin(SPLITS), "split", f"one of {', '.join(SPLITS)}")
    refuse_rows(path, table, ~table["class"].isin(CLASSES), "class", f"one of {', '.join(CLASSES)}")
    return table


def held_out(recordings: Iterable[str], scheme: str) -> list[str]:
    """Return the recordings, ``<donor>/<name>``, from which test sets are made.

    Scheme ``grouped``: every recording of the last quarter of the donors (in sorted order), at least one donor. With a
    single donor, one recording. Their cells are in split ``test``. Scheme ``paper``: every recording, as in the
    preprint.

    Args:
        recordings: names of recordings from which at least one cell was cut or refused, in any order.
        scheme: ``grouped`` or ``paper``.
    """
    names = sorted(set(recordings))
    if scheme == "paper":
        return names
    donors = sorted({name.split("/")[0] for name in names})
    if len(donors) == 1:
        return names[:1] if len(names) > 1 else []
    apart = donors[-max(1, round(len(donors) / HELD_OUT_DONORS)) :] if donors else []
    return [name for name in names if name.split("/")[0] in apart]


def held_out_donor(recordings: Iterable[str]) -> str:
    """Return the donor of the one-donor test set: the last in sorted order, "" where there is no recording."""
    return max((name.split("/")[0] for name in recordings), default="")


def _divide(
    table: pd.DataFrame,
    scheme: str,
    shares: Mapping[str, float],
    paper: Mapping[str, Mapping[str, float]],
    seed: int,
) -> pd.Series:
    """Return the split of every kept cell with a class; the draw of a source does not depend on other sources."""
    cells = table[table["kept"] & (table["class"] != "")]
    source = "".join(cells["source"].head(1))
    rng = np.random.default_rng([seed, *SEEDED_AS.get(source, source).encode()])
    if set(cells["method"]) == {GIVEN}:
        return cells["recording"].map(_published_split)
    if scheme == "paper":
        return _divide_cells(cells, paper.get(source, shares), rng)
    # Dropped cells count here, so that the same recordings are found as by the test sets, which have no bank.
    apart = held_out(table.loc[table["donor"] != "", "recording"], scheme)
    return _divide_groups(cells, shares, apart, rng)


def _published_split(recording: str) -> str:
    """Return the split that the folder of an image names."""
    named = [part for part in recording.split("/") if part in SPLITS]
    if len(named) != 1:
        raise InputError(recording, "images without a split", "a folder of train, val or test", "recording")
    return named[0]


def _check_train(path: Path, cells: pd.DataFrame, scheme: str) -> None:
    """Refuse splits that leave train without a class which the source has."""
    for class_ in sorted(set(cells["class"])):
        splits = cells.loc[cells["class"] == class_, "split"]
        if not (splits == "train").any():
            found = f"{len(splits)} cells of class {class_}, of which scheme {scheme} can put none into train"
            raise InputError(path, found, "cells of every class in more groups or, for scheme paper, more cells")
        if missing := [name for name in SPLITS if not (splits == name).any()]:
            LOGGER.warning("%s: class %s has no cell in %s", path, class_, " and ".join(missing))


def _divide_cells(cells: pd.DataFrame, shares: Mapping[str, float], rng: np.random.Generator) -> pd.Series:
    """Return the split of every cell as in the preprint: shuffled by class, shares truncated, rest in test."""
    split = pd.Series("test", index=cells.index)
    for _, part in cells.sort_values("cell_id").groupby("class", sort=True):
        order = rng.permutation(part.index.to_numpy())
        n_train, n_val = int(shares["train"] * len(order)), int(shares["val"] * len(order))
        split[order[:n_train]] = "train"
        split[order[n_train : n_train + n_val]] = "val"
    return split


def _divide_groups(
    cells: pd.DataFrame, shares: Mapping[str, float], apart: list[str], rng: np.random.Generator
) -> pd.Series:
    """Return the split of every cell: recordings set apart in test, other units as near to the shares as they get."""
    units = _units(cells, apart)
    counts = pd.crosstab(units, cells["class"])
    assigned = dict.fromkeys(sorted(set(units[cells["recording"].isin(apart)])), "test")
    order = [name for name in counts.index[rng.permutation(len(counts))] if name not in assigned]
    order.sort(key=lambda name: -int(counts.loc[name].sum()))
    _cover(counts, order, assigned, [split for split in SPLITS if shares[split]])
    _balance(counts, order, assigned, shares)
    return units.map(assigned)


def _units(cells: pd.DataFrame, apart: list[str]) -> pd.Series:
    """Return what must not be divided, for every cell: its donor, else its group.

    Train and val need two donors besides the one held out; with fewer, recordings are all that can be kept whole.
    """
    free = set(cells.loc[~cells["recording"].isin(apart), "donor"]) - {""}
    named = (cells["donor"] != "") & (len(free) > 1)
    return cells["group"].mask(named, "donor " + cells["donor"])


def _cover(counts: pd.DataFrame, order: list[str], assigned: dict[str, str], splits: list[str]) -> None:
    """Give every split a group of every class as far as groups suffice, train first, rare classes first.

    Train takes the largest group, val and test the smallest.
    """
    classes = (counts > 0).sum().sort_values(kind="stable").index
    for split in splits:
        for class_ in classes:
            if any(name_split == split and counts.at[name, class_] for name, name_split in assigned.items()):
                continue
            free = [name for name in order if name not in assigned and counts.at[name, class_]]
            if free:
                assigned[free[0] if split == "train" else free[-1]] = split


def _balance(counts: pd.DataFrame, order: list[str], assigned: dict[str, str], shares: Mapping[str, float]) -> None:
    """Assign the remaining groups, large ones first, each where it lessens the distance to the shares most."""
    wanted = np.array([shares[split] for split in SPLITS])[:, None] * counts.sum().to_numpy()[None, :]
    have = np.zeros_like(wanted)
    for name, split in assigned.items():
        have[SPLITS.index(split)] += counts.loc[name]
    for name in order:
        if name not in assigned:
            best = _nearest(have, wanted, counts.loc[name].to_numpy())
            have[best] += counts.loc[name]
            assigned[name] = SPLITS[best]


def _nearest(have: NDArray, wanted: NDArray, group: NDArray) -> int:
    """Return the split to which adding a group lowers the chi-square distance most; a split without share gets none."""
    scale = np.maximum(wanted, 1e-9)
    change = (((have + group - wanted) ** 2 - (have - wanted) ** 2) / scale).sum(axis=1)
    return int(np.argmin(change))
