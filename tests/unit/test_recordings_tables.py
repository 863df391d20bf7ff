"""Counts by flux, tables, intervals, cells checked by hand and the workbook of own recordings."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.recordings import checks, dictionary, draw, flux, intervals, link, motion, stage, summarise, workbook
from rbcflow.recordings.simulated import Setup, simulate
from rbcflow.recordings.units import units
from recordings_inputs import summed

KNOWN = {"pixel_um": 0.25, "fps": 200.0}


@pytest.fixture(scope="module")
def three():
    """Two recordings of one condition and one that moves too fast to link, of another."""
    facts = [("a", "20 mbar", 30), ("b", "20 mbar", 33), ("c", "90 mbar", 420)]
    made = [
        summed(Setup(speed=speed, spacing=60, cells=40), seed=number, recording=name, condition=condition, **KNOWN)
        for number, (name, condition, speed) in enumerate(facts)
    ]
    return [one for one, _ in made], pd.concat([links.tracks.assign(recording=one.name) for one, links in made])


@pytest.mark.parametrize(
    ("hits", "trials", "expected"),
    # Wilson 1927 by hand, z = 1.959964
    [(0, 20, (0.0, 0.1611)), (10, 20, (0.2993, 0.7007)), (20, 20, (0.8389, 1.0)), (0, 0, (np.nan, np.nan))],
)
def test_wilson(hits, trials, expected):
    assert intervals.wilson(hits, trials) == pytest.approx(expected, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize(("count", "expected"), [(0, (0.0, 3.6889)), (10, (4.7954, 18.3904))])
def test_poisson_is_garwoods(count, expected):
    assert intervals.poisson(count) == pytest.approx(expected, abs=1e-4)


def test_a_total_over_recordings_is_as_wide_as_they_scatter():
    # 10 and 30 in equal times: residuals of -10 and 10, variance 2 * 200, t(1) = 12.706
    assert intervals.total([10, 30], [1, 1])[1] == pytest.approx(40 + 12.7062 * 20)
    # equal rates scatter not at all: Poisson's is the wider one
    assert intervals.total([20, 40], [1, 2]) == pytest.approx(intervals.poisson(60))


def test_a_mean_by_hand():
    # sd 1, n 3, t(2) = 4.3027
    assert intervals.mean([1, 2, 3]) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)


@pytest.mark.parametrize(
    "setup",
    [
        Setup(speed=20, spacing=40, cells=60),
        Setup(speed=90, spacing=120, cells=60),
        Setup(speed=45, spacing=80, cells=60, direction="up"),
    ],
)
def test_flux_counts_without_links(setup):
    simulated = simulate(replace(setup, slope=0.0, misses=0.0, false_boxes=0.0, merges=0.0), seed=3)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    unlinked = replace(links, tracks=links.tracks.assign(cell=pd.NA))
    counted = flux.count(unlinked, simulated.probe)
    assert counted.seen == pytest.approx(len(simulated.true), rel=0.06)


@pytest.mark.parametrize("kind", ["hdf5", "video"])
def test_flux_knows_that_a_file_of_events_lacks_empty_frames(kind):
    setup = Setup(speed=60, spacing=900, cells=40, slope=0.0, misses=0.0, false_boxes=0.0, merges=0.0)
    simulated = simulate(setup, seed=3)
    stored = simulated.frames[simulated.frames["frame"].isin(simulated.boxes["frame"])]
    assert len(stored) < 0.8 * len(simulated.frames)
    probe = simulated.probe | {"kind": kind}
    counted = flux.count(link.link(simulated.boxes, stored, probe), probe)
    if kind == "hdf5":
        assert counted.seen == pytest.approx(len(simulated.true), rel=0.1)
    else:
        # frames that a camera lost may have held as many cells as the others
        assert counted.seen > 1.2 * len(simulated.true)


def test_flux_by_hand():
    # one cell of 40 px at 20 px a frame through 400 px: seen in 22 frames, 17 of them with its middle in the window
    rows = [(k, max(20 * k - 40, 0), min(20 * k, 400)) for k in range(1, 22)]
    table = pd.DataFrame(rows, columns=["frame", "x0", "x1"]).assign(y0=30, y1=50)
    flags = dict.fromkeys(("repeated", "still", "double", "edge", "merged"), False)
    profile = {"centre": 40.0, "width": 1.0, "coefficients": [20.0], "low": 0.0, "high": 80.0}
    flow = link.Flow(direction="right", px_frame=20, profile=profile, spread_px=1.0, linkable=True)
    times = pd.DataFrame({"frame": range(23), "time": np.arange(23.0), "repeated": False})
    counted = flux.count(
        link.LinkResult(table.assign(**flags), flow, times), {"width": 400, "height": 80, "kind": "tiff"}
    )
    assert counted.window_px == 340
    assert counted.boxes == 17
    assert counted.rate == pytest.approx(17 * 20 / 340 / 23)
    assert counted.seen == pytest.approx(counted.rate * 22 + counted.rate * (400 + 40) / 20)


@pytest.mark.parametrize(
    ("facts", "endings"),
    [
        (KNOWN, ("um_s", "um")),
        ({"pixel_um": None, "fps": 200.0}, ("px_frame", "px")),
        ({"pixel_um": 0.5, "fps": None}, ("px_frame", "um")),
        ({"pixel_um": None, "fps": None}, ("px_frame", "px")),
    ],
)
def test_no_micrometre_without_pixel_size_and_no_second_without_rate(facts, endings):
    names = summarise.cell_columns(units(facts))
    assert f"velocity_{endings[0]}" in names and f"length_{endings[1]}" in names
    assert not [name for name in names if "um" in name] or facts["pixel_um"]
    assert not [name for name in names if name.endswith("_s")] or facts["fps"]


def test_units_scale_pixels():
    simulated = simulate(Setup(speed=30, spacing=100, cells=15), seed=1)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    plain = summarise.cells(links, simulated.probe)
    scaled = summarise.cells(links, simulated.probe | KNOWN)
    assert scaled["velocity_um_s"].to_numpy() == pytest.approx(plain["velocity_px_frame"].to_numpy() * 50, nan_ok=True)
    assert scaled["height_um"].to_numpy() == pytest.approx(plain["height_px"].to_numpy() * 0.25, nan_ok=True)


def test_cells_that_were_seen_once_do_not_widen_the_errors_of_others():
    simulated = simulate(Setup(speed=90, spacing=150, cells=12), seed=1)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    before = motion.motion(links, simulated.probe)
    once = links.tracks[links.tracks["cell"].notna()].drop_duplicates("cell").sample(12, random_state=1)
    once = once.assign(cell=pd.array(range(1001, 1013), dtype="Int64"))
    after = motion.motion(replace(links, tracks=pd.concat([links.tracks, once], ignore_index=True)), simulated.probe)
    assert after.loc[1001:, "speed_se"].isna().all() and len(after) == len(before) + 12
    assert after.loc[:1000, "speed_se"].to_numpy() == pytest.approx(before["speed_se"].to_numpy(), nan_ok=True)


def test_a_cells_class_is_that_of_its_summed_scores_over_whole_boxes():
    # by count of frames a croissant, by sum of scores a slipper; the edge box would turn it back
    tracks = pd.DataFrame(
        {
            "cell": pd.array([1, 1, 1, 1], dtype="Int64"),
            "class": ["croissant", "croissant", "slipper", "croissant"],
            "p_croissant": [0.5, 0.5, 0.0, 0.9],
            "p_slipper": [0.4, 0.4, 0.9, 0.0],
            "p_other": 0.0,
            "edge": [False, False, False, True],
            "merged": False,
            "repeated": False,
        }
    )
    found = summarise.classes(tracks, pd.Index([1]))
    assert found.loc[1].tolist() == ["slipper", 1]
    assert summarise.classes(tracks.assign(edge=True), pd.Index([1])).loc[1].tolist() == ["croissant", 3]


def test_a_detector_that_knows_no_shapes_gives_cells_without_shares(tmp_path):
    simulated = simulate(Setup(speed=30, spacing=60, cells=30), seed=1)
    boxes = simulated.boxes.assign(**{"class": "cell", "p_croissant": np.nan, "p_slipper": np.nan, "p_other": np.nan})
    links = link.link(boxes, simulated.frames, simulated.probe)
    cells = summarise.cells(links, simulated.probe)
    assert set(cells["class"]) == {"cell"}
    found = checks.shares(cells[cells["counted"].astype(bool)], None)
    assert np.isnan(list(found.share.values())).all() and "names no classes" in found.basis
    draw.kymograph(links, cells, simulated.probe, tmp_path / "k.png")
    named = cells.head(4).assign(checked=["slipper"] * 3 + ["other"])
    assert checks.shares(cells, named).share["slipper"] == 0.75


@pytest.mark.parametrize(
    ("hits", "expected", "counts"), [(1, 1, True), (1, 2, False), (2, 5, True), (2, 6, False), (9, 10, True)]
)
def test_a_cell_counts_if_it_was_seen_often_enough(hits, expected, counts):
    counted, reason = summarise.evaluated(pd.DataFrame({"hits": [hits], "expected": [expected]}))
    assert counted.tolist() == [counts]
    assert reason.tolist() == ["" if counts else f"seen in {hits} of {expected} frames"]


def test_the_summary_gives_numbers_of_usable_recordings_alone(three):
    recorded, _ = three
    table = summarise.summary(recorded).set_index(["level", "recording", "condition"])
    one, both = table.loc[("recording", "a", "20 mbar")], table.loc[("condition", "", "20 mbar")]
    assert [row.verdict for row in (one, both)] == ["usable", "usable"]
    assert both["cells"] == sum(len(r.counted) for r in recorded[:2])
    assert both["intervals_over"] == "2 recordings"
    assert one["cells_low"] < one["cells"] < one["cells_high"]
    assert one["velocity_low_um_s"] < one["velocity_um_s"] < one["velocity_high_um_s"]
    # a cell of 40 px takes 15 frames through 400 px at 30 px a frame; those of the first frame came before it
    assert one["cells_per_s"] == pytest.approx(one["cells"] / ((one["frames"] + 440 / 30) / 200), rel=0.03)
    for refused in (table.loc[("recording", "c", "90 mbar")], table.loc[("condition", "", "90 mbar")]):
        assert refused["verdict"] == "boxes only"
        assert refused["reasons"]
        assert refused[["cells", "velocity_um_s", "share_slipper", "cells_per_s", "cells_by_flux"]].isna().all()
    assert not [name for name in table.columns if "px" in name or name == "cells_per_frame"]


def test_a_copy_of_a_recording_adds_nothing_to_its_condition(three):
    one, other, _ = three[0]
    first = replace(one, probe=one.probe | {"digest": "1"})
    copy = replace(other, probe=other.probe | {"digest": "1"})
    region = replace(other, probe=other.probe | {"digest": "1", "roi": [0, 0, 200, 80]})
    table = summarise.summary([first, copy]).iloc[-1]
    assert (table["level"], table["recordings"], table["cells"]) == ("condition", 1, len(one.counted))
    assert table["reasons"] == "b left out (the same frames as a)"
    assert summarise.summary([first, region]).iloc[-1]["recordings"] == 2
    probes = [known.probe | {"warnings": ["of its own"]} for known in (first, copy)]
    expected = ["of its own", "the same frames as a, so it adds nothing to a condition that has both"]
    assert [stage.warnings_of(probe, probes) for probe in probes] == [expected[:1], expected]
    # what could not be read has no frames to compare
    assert summarise.copies([{"recording": name, "digest": ""} for name in "ab"]) == {}


def test_shares_have_no_interval_until_cells_are_checked(three, tmp_path):
    recorded, tracks = three
    cells = pd.concat([one.cells for one in recorded if len(one.cells)])
    sampled = checks.sample(cells, tracks, {one.name: one.condition for one in recorded})
    assert len(sampled) == checks.PER_CONDITION and set(sampled["recording"]) <= {"a", "b"}
    assert sampled["tile"].tolist() == list(range(1, 21))
    assert "class" not in sampled
    shown = sampled.merge(tracks.dropna(subset=["cell"]).astype({"cell": int}), on=["recording", "cell", "frame"])
    assert len(shown) == 20
    before = summarise.summary(recorded)
    assert set(before["basis"].dropna()) == {"detector; classes not checked"}
    assert before[[f"share_{name}{end}" for name in CLASSES for end in ("_low", "_high")]].isna().all().all()
    sampled["checked"] = ["Parachute"] * 5 + ["slipper "] * 13 + [""] * 2
    sampled.to_csv(tmp_path / "check.tsv", sep="\t", index=False)
    named = checks.read(tmp_path / "check.tsv")
    after = summarise.summary(recorded, named).set_index("level").loc["condition"].iloc[0]
    assert after["n_checked"] == 18
    assert after["basis"] == "detector, corrected by 18 cells checked by hand"
    own = named.merge(cells[["recording", "cell", "class"]], on=["recording", "cell"])
    said = [name for name in CLASSES if (cells["class"] == name).any()]
    strata = [(own["class"] == name) for name in said]
    counted = cells[cells["counted"].astype(bool)]
    sizes = [int((counted["class"] == name).sum()) for name in said]
    hits = [int((own["checked"][stratum] == "slipper").sum()) for stratum in strata]
    expected = intervals.corrected(sizes, hits, [int(stratum.sum()) for stratum in strata])
    found = [after[f"share_slipper{end}"] for end in ("", "_low", "_high")]
    assert found == pytest.approx(expected)


def test_an_unknown_class_in_the_checked_table_is_named(tmp_path):
    path = tmp_path / "check.tsv"
    rows = [["tile", "condition", "recording", "cell", "frame", "x_px", "y_px", "checked"]]
    rows += [["1", "x", "a", "3", "9", "40", "20", "slipper"], ["2", "x", "a", "4", "9", "90", "20", "donut"]]
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"line 3.*donut.*croissant"):
        checks.read(path)


def test_the_workbook_opens_elsewhere_and_explains_every_column(three, tmp_path):
    recorded, tracks = three
    summary = summarise.summary(recorded)
    sheets = {"summary": summary, "cells": recorded[0].cells, "boxes": tracks.head(50)}
    workbook.write(tmp_path / "recordings.xlsx", sheets)
    book = load_workbook(tmp_path / "recordings.xlsx", read_only=True)
    assert book.sheetnames == ["summary", "cells", "boxes", "columns"]
    # pandas' own reader, by the same format, sees the same numbers
    back = pd.read_excel(tmp_path / "recordings.xlsx", sheet_name="cells", keep_default_na=False, na_values=[""])
    assert list(back.columns) == list(recorded[0].cells.columns)
    assert back["length_um"].to_numpy() == pytest.approx(recorded[0].cells["length_um"].to_numpy(), nan_ok=True)
    explained = pd.read_excel(tmp_path / "recordings.xlsx", sheet_name="columns")
    assert set(explained["column"]) == {name for table in sheets.values() for name in table.columns}
    assert explained["meaning"].notna().all()


def test_equal_tables_give_equal_workbooks(three, tmp_path):
    recorded, _ = three
    workbook.write(tmp_path / "one.xlsx", {"cells": recorded[0].cells})
    # times inside the file have a step of two seconds
    time.sleep(2)
    workbook.write(tmp_path / "two.xlsx", {"cells": recorded[0].cells})
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_text_is_no_formula(tmp_path):
    workbook.write(tmp_path / "x.xlsx", {"cells": pd.DataFrame({"recording": ["=1+1"]})})
    cell = load_workbook(tmp_path / "x.xlsx")["cells"]["A2"]
    assert cell.data_type == "s" and cell.value.endswith("=1+1")


def test_every_column_of_the_tables_has_a_meaning():
    names = [*summarise.SUMMARY, *summarise.cell_columns(units(KNOWN)), *checks.COLUMNS[4:5]]
    assert len(dictionary.described(names)) == len(names)
    with pytest.raises(KeyError, match="colour"):
        dictionary.described(["colour"])
