"""Cells named by hand: what they say of shares, on simulated donors too, and that nothing typed is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.recordings import checks, intervals
from rbcflow.recordings.stage import _checked
from rbcflow.runtime.fingerprint import filled_digest

# a detector that takes most slippers for croissants, rows: true class, columns: its class
WRONG = np.array([[0.90, 0.08, 0.02], [0.60, 0.37, 0.03], [0.30, 0.30, 0.40]])


@pytest.mark.parametrize(
    ("found", "hits", "checked", "expected"),
    [
        # one class: Wilson's
        ([50], [10], [20], (0.5, 0.2993, 0.7007)),
        # two classes, 30 and 70 of 100; 4 of 5 and 3 of 15: 0.3 * 0.8 + 0.7 * 0.2 = 0.38
        # Wilson of 4/5 (0.3755, 0.9638), of 3/15 (0.0705, 0.4519); between: 1.96^2 (0.3 * 0.42^2 + 0.7 * 0.18^2) / 100
        ([30, 70], [4, 3], [5, 15], (0.38, 0.2146, 0.5708)),
        # none of the second class checked: the share of the others, and anything is possible
        ([60, 40], [5, 0], [10, 0], (0.5, 0.2451, 0.7549)),
    ],
)
def test_corrected_shares_by_hand(found, hits, checked, expected):
    assert intervals.corrected(found, hits, checked) == pytest.approx(expected, abs=2e-4)


def cells(kinds: np.ndarray) -> pd.DataFrame:
    """Counted cells of a recording by the detector's class."""
    return pd.DataFrame({"recording": "a", "cell": range(1, len(kinds) + 1), "class": kinds})


def test_named_cells_correct_the_detector():
    all_ = cells(np.repeat(["croissant", "slipper"], [30, 70]))
    named = all_.iloc[[*range(5), *range(30, 45)]].drop(columns="class")
    named = named.assign(checked=["slipper"] * 4 + ["croissant"] + ["slipper"] * 3 + ["other"] * 12)
    found = checks.shares(all_, named)
    assert found.basis == "detector, corrected by 20 cells checked by hand"
    assert (found.share["slipper"], found.low["slipper"]) == pytest.approx((0.38, 0.2146), abs=2e-4)
    assert sum(found.share.values()) == pytest.approx(1)
    assert checks.shares(all_, named.assign(recording="b")).basis == "detector; classes not checked"


@pytest.mark.parametrize("share", [0.95, 0.7, 0.3])
def test_intervals_cover_the_truth_of_simulated_donors_where_unchecked_shares_miss_it(share):
    rng, covered, missed, donors = np.random.default_rng(int(share * 100)), 0, 0, 60
    for _ in range(donors):
        true = rng.choice(3, 150, p=[(1 - share) * 0.8, share, (1 - share) * 0.2])
        said = (rng.random(150)[:, None] > WRONG.cumsum(axis=1)[true]).sum(axis=1)
        all_ = cells(np.array(CLASSES)[said])
        rows = rng.permutation(150)[:20]
        named = all_.iloc[rows].drop(columns="class").assign(checked=np.array(CLASSES)[true[rows]])
        found = checks.shares(all_, named)
        covered += found.low["slipper"] <= share <= found.high["slipper"]
        # a reader would take a share of 150 cells for this certain
        low, high = intervals.wilson(int((all_["class"] == "slipper").sum()), 150)
        missed += not low <= share <= high
    assert covered >= 0.9 * donors
    assert missed >= 0.9 * donors or share == 0.3


def counted(names: list[str], n: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells of recordings and their boxes."""
    table = pd.DataFrame([(name, cell, True) for name in names for cell in range(1, n + 1)],
                         columns=["recording", "cell", "counted"])  # fmt: skip
    tracks = table.assign(
        frame=table["cell"] * 3, x0=10.0, y0=5.0, x1=31.0, y1=20.0, conf=0.9, edge=False, merged=False
    )
    return table, tracks


def simulated(conditions: dict[str, str]) -> pd.DataFrame:
    """The sample of recordings by their conditions."""
    return checks.sample(*counted(list(conditions)), conditions)


def typed(path: Path) -> list[str]:
    """What stands in the last column."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)["checked"].tolist()


def fill(path: Path, text: str) -> None:
    """Type a class for every cell."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table.assign(checked=text).to_csv(path, sep="\t", index=False)


def test_what_was_typed_outlives_a_new_recording_of_another_condition(tmp_path):
    path = tmp_path / "check.tsv"
    assert len(_checked(simulated({"b": "20 mbar"}), path)) == 0
    assert set(typed(path)) == {""}
    fill(path, "slipper")
    assert len(_checked(simulated({"b": "20 mbar"}), path)) == 20
    # it stands before the other one, so that every tile has another number
    named = _checked(simulated({"a": "10 mbar", "b": "20 mbar"}), path)
    assert typed(path) == [""] * 20 + ["slipper"] * 20
    assert set(named["recording"]) == {"b"} and len(named) == 20
    assert not list(tmp_path.glob("check.old*"))


def test_what_was_typed_for_other_cells_is_put_aside_and_never_overwritten(tmp_path):
    path = tmp_path / "check.tsv"
    _checked(simulated({"a": "x"}), path)
    for text, name in (("slipper", "check.old.tsv"), ("other", "check.old-2.tsv")):
        fill(path, text)
        # cells found anew: the same numbers, other places
        other = simulated({"a": "x"}).assign(x_px=len(text))
        assert len(_checked(other, path)) == 0
        assert set(typed(path)) == {""}
        assert typed(tmp_path / name) == [text] * 20
    assert typed(tmp_path / "check.old.tsv") == ["slipper"] * 20
    # the first sheet once more: what was typed for its cells is there again
    before = sorted(tmp_path.glob("check.old*"))
    assert len(_checked(simulated({"a": "x"}), path)) == 20
    assert set(typed(path)) == {"slipper"}
    assert sorted(tmp_path.glob("check.old*")) == before


@pytest.mark.parametrize(("between", "encoding"), [(";", "utf-8"), (",", "cp1252"), ("\t", "utf-16")])
def test_a_table_is_read_as_a_spreadsheet_saves_it(tmp_path, between, encoding):
    path = tmp_path / "check.tsv"
    _checked(simulated({"a": "10 µl/s", "b": "20 µl/s"}), path)
    assert filled_digest(path) == ""
    fill(path, "slipper")
    named = checks.read(path)
    text = path.read_text(encoding="utf-8").replace("\t", between)
    path.write_bytes(text.encode(encoding))
    assert filled_digest(path) != ""
    if encoding == "cp1252":
        with pytest.raises(InputError, match=r"check.tsv \(line 2\): found bytes that are not UTF-8.*Save as"):
            checks.read(path)
    else:
        assert checks.read(path).equals(named)
        assert len(_checked(simulated({"a": "10 µl/s", "b": "20 µl/s"}), path)) == 40


def test_a_wrong_word_stops_before_anything_is_rewritten(tmp_path):
    path = tmp_path / "check.tsv"
    _checked(simulated({"a": "x"}), path)
    fill(path, "donut")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"line 2, checked.*donut"):
        _checked(simulated({"c": "x"}), path)
    assert path.read_bytes() == before
