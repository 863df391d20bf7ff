"""Splits: which cell may appear where, and which recordings test sets may show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbcflow.cells.bank import Cell, write_bank
from rbcflow.cells.leakage import measure_leakage
from rbcflow.cells.splits import held_out, held_out_donor, write_splits
from rbcflow.core.errors import InputError
from rbcflow.sources.laboratories import known

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def make_bank(folder, groups, source="nouaman2024", donors=False, reason=""):
    """Write a bank from ``{group: {class: number of cells}}``; with donors, a group is a recording ``donor/name``."""
    cells = []
    for group, counts in groups.items():
        classes = [class_ for class_, count in counts.items() for _ in range(count)]
        for frame, class_ in enumerate(classes):
            pixels = np.full((3, 3), frame % 256, np.uint8)
            donor = group.split("/")[0] if donors else ""
            cells.append(
                Cell(source, class_, donor, group, frame, (2.0, 2.0, 5.0, 5.0), "polygon", group, pixels,
                     np.ones((3, 3), bool), reason=reason)
            )  # fmt: skip
    write_bank(folder, cells)
    return folder


PAPER = {layout: own.paper_shares for layout, own in known().items() if own.paper_shares}


def split(tmp_path, *banks, scheme="grouped", shares=SHARES, seed=0, paper=PAPER):
    """Return the table of splits."""
    return write_splits(list(banks), tmp_path / "splits.csv", scheme=scheme, shares=shares, seed=seed, paper=PAPER)


def counts(table, class_):
    """Return cells of a class in train, val, test."""
    return [int(((table["class"] == class_) & (table["split"] == name)).sum()) for name in ("train", "val", "test")]


RECORDINGS = [f"blood_donor_{donor}/{pressure}mbar_1" for donor in (1, 2, 3) for pressure in ("0100", "0300", "1000")]


@pytest.mark.parametrize(
    ("recordings", "expected"),
    [
        (RECORDINGS, RECORDINGS[6:]),
        ([f"{donor}/1" for donor in "abcdefg"], ["f/1", "g/1"]),
        (["a/1", "a/2"], ["a/1"]),
        (["a/1"], []),
        (["a/1", "b/1"], ["b/1"]),
        (["a/1", "a/1", "b/2", "b/1"], ["b/1", "b/2"]),
        ([], []),
    ],
)
def test_held_out(recordings, expected):
    assert held_out(recordings, "grouped") == expected
    assert held_out(list(reversed(recordings)), "grouped") == expected


def test_paper_scheme_holds_nothing_back():
    assert held_out(RECORDINGS, "paper") == RECORDINGS
    assert held_out_donor(RECORDINGS) == "blood_donor_3"


def test_held_out_recordings_are_in_test(tmp_path):
    bank = make_bank(tmp_path / "bank", {name: {"croissant": 4, "slipper": 2} for name in RECORDINGS}, donors=True)
    table = split(tmp_path, bank)
    assert sorted(set(table.loc[table["split"] == "test", "group"])) == held_out(RECORDINGS, "grouped")
    assert counts(table, "croissant") == [12, 12, 12]  # one donor each
    assert table.assign(donor=table["group"].str[:13]).groupby("donor")["split"].nunique().max() == 1


def test_two_donors_keep_recordings_whole(tmp_path):
    bank = make_bank(tmp_path / "bank", {name: {"croissant": 4} for name in RECORDINGS[:6]}, donors=True)
    table = split(tmp_path, bank)
    assert counts(table, "croissant") == [8, 4, 12]
    assert table.groupby("group")["split"].nunique().max() == 1


def test_a_donor_whose_cells_were_all_dropped_still_counts(tmp_path):
    # The last donor gave no usable cell, but its frames are shown to the detectors.
    make_bank(tmp_path / "bank", {name: {"croissant": 2} for name in RECORDINGS[:6]}, donors=True)
    make_bank(tmp_path / "dropped", {RECORDINGS[6]: {"croissant": 1}}, donors=True, reason="too_small")
    kept, dropped = (pd.read_csv(tmp_path / name / "cells.csv", dtype={"sha256": str}) for name in ("bank", "dropped"))
    dropped["cell_id"] = "nouaman2024-99999"
    pd.concat([kept, dropped]).to_csv(tmp_path / "bank" / "cells.csv", index=False)
    table = split(tmp_path, tmp_path / "bank")
    assert counts(table, "croissant") == [6, 6, 0]
    assert "nouaman2024-99999" not in set(table["cell_id"])


def test_groups_come_near_to_the_shares(tmp_path):
    bank = make_bank(tmp_path / "bank", {f"g{number:02d}": {"croissant": 5, "slipper": 5} for number in range(20)})
    table = split(tmp_path, bank)
    assert counts(table, "croissant") == counts(table, "slipper") == [70, 15, 15]


def test_rare_class_reaches_train_first(tmp_path):
    groups = {f"g{number}": {"croissant": 10} for number in range(6)} | {"rare": {"slipper": 1, "croissant": 1}}
    table = split(tmp_path, make_bank(tmp_path / "bank", groups))
    assert counts(table, "slipper") == [1, 0, 0]


def test_split_without_share_gets_nothing(tmp_path):
    bank = make_bank(tmp_path / "bank", {f"g{number}": {"croissant": 1} for number in range(10)})
    assert counts(split(tmp_path, bank, shares={"train": 0.8, "val": 0.2, "test": 0.0}), "croissant") == [8, 2, 0]


def test_paper_shares_by_source_and_class(tmp_path):
    saarland = make_bank(tmp_path / "a", {"day": {"croissant": 19, "slipper": 81}}, source="nouaman2024")
    liang = make_bank(tmp_path / "b", {"day": {"croissant": 587, "slipper": 189}}, source="liang2024")
    simulated = make_bank(tmp_path / "c", {"day": {"other": 20}}, source="simulated")
    table = split(tmp_path, saarland, liang, simulated, scheme="paper")
    of = dict(list(table.groupby("source")))
    assert counts(of["nouaman2024"], "slipper") == [64, 8, 9]
    assert counts(of["nouaman2024"], "croissant") == [15, 1, 3]
    assert counts(of["liang2024"], "croissant") == [58, 0, 529]  # as published
    assert counts(of["liang2024"], "slipper") == [18, 0, 171]
    assert counts(of["simulated"], "other") == [14, 3, 3]


def test_one_source_does_not_depend_on_another(tmp_path):
    groups = {f"g{number}": {"croissant": 3} for number in range(9)}
    first = make_bank(tmp_path / "a", groups, source="nouaman2024")
    second = make_bank(tmp_path / "b", groups, source="kihm2018")
    both = split(tmp_path, first, second)
    alone = split(tmp_path, first)
    assert both[both["source"] == "nouaman2024"].reset_index(drop=True).equals(alone)
    assert sorted(both["cell_id"]) == list(both["cell_id"])


def test_cells_without_class_and_dropped_cells_are_left_out(tmp_path):
    bank = make_bank(tmp_path / "bank", {"g1": {"croissant": 3, "": 4}})
    assert list(split(tmp_path, bank)["class"]) == ["croissant"] * 3
    nothing = make_bank(tmp_path / "none", {"g1": {"croissant": 3}}, reason="too_small")
    assert len(split(tmp_path, nothing)) == 0


@pytest.mark.parametrize("scheme", ["grouped", "paper"])
def test_train_without_a_class_is_refused(tmp_path, scheme):
    groups = {"a/1": {"croissant": 9}, "a/2": {"croissant": 9}, "b/1": {"slipper": 1, "croissant": 9}}
    bank = make_bank(tmp_path / "bank", groups, donors=True)
    with pytest.raises(InputError, match="1 cells of class slipper") as error:
        split(tmp_path, bank, scheme=scheme)
    assert error.value.path.endswith("cells.csv")


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_group_is_divided(tmp_path_factory, sizes, seed):
    groups = {f"g{number:02d}": {"croissant": a, "slipper": b} for number, (a, b) in enumerate(sizes)}
    folder = tmp_path_factory.mktemp("splits")
    table = split(folder, make_bank(folder / "bank", groups), seed=seed)
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert len(table) == sum(a + b for a, b in sizes)
    in_train = set(table.loc[table["split"] == "train", "class"])
    assert in_train == set(table["class"])
    again = split(folder, folder / "bank", seed=seed)
    assert again.equals(table)


def test_written_table_is_the_contract(tmp_path):
    split(tmp_path, make_bank(tmp_path / "bank", {"g1": {"croissant": 2}}))
    assert (tmp_path / "splits.csv").read_text().splitlines()[:2] == [
        "cell_id,source,class,group,split",
        "nouaman2024-00000,nouaman2024,croissant,g1,train",
    ]


def leak(tmp_path, bank, scheme):
    """Return units and crossing units by unit, of one scheme."""
    files = {}
    for name in ("grouped", "paper"):
        # two variants of the same cells: none is counted twice
        files[name] = [tmp_path / f"{name}.csv", tmp_path / f"{name}.csv"]
        write_splits([bank], files[name][0], scheme=name, shares=SHARES, seed=0, paper=PAPER)
    table = measure_leakage([bank], files, tmp_path / "leakage.csv")
    assert pd.read_csv(tmp_path / "leakage.csv").equals(table)
    rows = table[table["scheme"] == scheme].set_index("unit")
    return {unit: tuple(map(int, rows.loc[unit, ["units", "crossing"]])) for unit in rows.index}


def test_leakage_counts_what_crosses(tmp_path):
    groups = {name: {"croissant": 20} for name in RECORDINGS}
    bank = make_bank(tmp_path / "bank", groups, donors=True)
    assert leak(tmp_path, bank, "grouped") == {
        "group": (9, 0), "recording": (9, 0), "donor": (3, 0), "test frame recording": (3, 0),
    }  # fmt: skip
    # 20 cells a recording, sampled 80/10/10: all on one side by chance is out of the question
    assert leak(tmp_path, bank, "paper") == {
        "group": (9, 9), "recording": (9, 9), "donor": (3, 3), "test frame recording": (9, 9),
    }  # fmt: skip


def test_leakage_of_a_source_without_donors_is_about_groups(tmp_path):
    bank = make_bank(tmp_path / "bank", {f"g{number}": {"slipper": 8} for number in range(7)})
    assert leak(tmp_path, bank, "grouped") == {"group": (7, 0)}
    assert set(leak(tmp_path, bank, "paper")) == {"group"}


@settings(max_examples=15, deadline=None)
@given(donors=st.integers(3, 9), recordings=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_no_donor_is_divided(tmp_path_factory, donors, recordings, seed):
    names = [f"d{donor}/{number}" for donor in range(donors) for number in range(recordings)]
    folder = tmp_path_factory.mktemp("splits")
    bank = make_bank(folder / "bank", {name: {"croissant": 2, "slipper": 1} for name in names}, donors=True)
    table = split(folder, bank, seed=seed)
    assert table.assign(donor=table["group"].str[:2]).groupby("donor")["split"].nunique().max() == 1
    assert set(table["split"]) == {"train", "val", "test"}
