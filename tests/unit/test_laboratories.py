"""A laboratory is one folder: ours, and one from outside that the package does not know."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import pandas as pd
import pytest

from project_copy import PROJECT
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.config import load
from rbcflow.core.errors import InputError
from rbcflow.plan import Plan
from rbcflow.plan.disk import Disk
from rbcflow.runtime.fingerprint import Library
from rbcflow.sources import laboratories, layouts, record
from rbcflow.sources.counts import write_counts
from rbcflow.sources.extraction import Extraction, Thresholds
from rbcflow.sources.laboratories import OF_OTHERS, SIMULATED
from rbcflow.sources.phantoms import PHANTOMS
from rbcflow.sources.skipping import accept
from rbcflow.testsets.registry import BUILDERS, BUILDING, OF_DATASET, build, builder
from strips_inputs import STRIPS, rows, write_strips


@pytest.fixture(autouse=True)
def no_laboratory_stays() -> Iterator[None]:
    yield
    laboratories.tell([])


def test_every_laboratory_of_ours_has_its_parts():
    known = laboratories.known()
    folders = (PROJECT / "workflow/scripts/rbcflow/laboratories").glob("*/__init__.py")
    assert sorted(known) == sorted(file.parent.name for file in folders)
    assert list(layouts.READERS) == list(known)
    simulated = {layout for layout, own in known.items() if "phantom" in own.access}
    assert set(PHANTOMS) == simulated == {layout for layout, own in known.items() if own.phantom_sizes}
    assert set(laboratories.METHODS) == {method for own in known.values() for method in own.methods} | {SIMULATED}


def test_every_kind_of_test_set_has_a_builder():
    streamed = {"published"}  # by a rule of its own
    assert set(BUILDERS) | streamed == {*OF_OTHERS, OF_DATASET}
    for kind, (own, _) in laboratories.kinds().items():
        assert callable(builder(kind, own.layout))
    assert set(BUILDING) == {own.layout for own in laboratories.known().values() if own.kinds}
    with pytest.raises(InputError, match="naples"):
        builder("naples", "strips")


def test_a_sixth_laboratory_is_known_to_the_plan(tmp_path):
    plan = Plan.of(load(rows(write_strips(tmp_path / "files"))))
    assert {"sources", "banks", "testsets"} <= {
        table for table in vars(plan.possible) if "sixth" in getattr(plan.possible, table)
    }
    assert plan.raw.of("local") == ["sixth"]
    assert "sixth" in plan.cells.feeding
    assert plan.testsets.source("sixth") == "<results>/raw/sixth/source.json"
    assert plan.testsets.annotations("sixth") == []
    assert plan.testsets.annotations("flow_public") == "resources/annotations/flow_public.csv"
    assert "<results>/figures/raw_frames/sixth.png" in plan.figures.all()
    assert "random-on-sixth" in plan.runs.shown["random"]


def test_a_sixth_laboratory_goes_from_files_to_cells_and_a_test_set(tmp_path):
    plan = Plan.of(load(rows(write_strips(tmp_path / "files"))))
    files = tmp_path / "links"
    assert accept("strips", tmp_path / "files", files, "stop").skipped == []
    target = tmp_path / "source.json"
    record.write(target, source="sixth", layout="strips", origin="raw", folder=files, exact_truth=False, sums={})
    counted = write_counts([record.read(target)], tmp_path / "counts.csv")
    assert counted["frames"].tolist() == [4, 4]
    # its own thresholds, as a job gets them: 24 rows of a cell are too few for the preprint's
    job = Job("strips", "sixth", files, extraction=Extraction.of(plan.cells.extraction("sixth")))
    assert [cell.reason for cell in cut_cells(["background"], job)] == [""] * 8
    assert {cell.reason for cell in cut_cells(["background"], replace(job, extraction=Extraction()))} == {"too_small"}
    offered = {"name": "sixth", "source": "sixth", "origin": ["raw"], "max_frames": 5, "scheme": "grouped"}
    testset = build(builder("strips", "strips"), files, tmp_path / "set", offered)
    assert testset.truth[["frame", "x0", "x1"]].values.tolist() == [
        [0, 20, 50],
        [1, 50, 80],
        [2, 80, 110],
        [3, 110, 140],
        [4, 20, 50],
    ]
    assert pd.read_csv(tmp_path / "set/frames.csv")["donor"].tolist() == ["a"] * 4 + ["b"]
    # a kind with thresholds of its own
    spec = plan.testsets.spec("sixth_found", Disk(plan.settings))
    offered |= {"background": Thresholds(**spec["background"])}
    found = build(builder("strips_found", "strips"), files, tmp_path / "found", offered)
    assert found.truth[["x0", "x1"]].values.tolist() == [[20, 50], [50, 80], [80, 110], [110, 140]] * 2


def test_the_preprints_shares_of_a_laboratory_are_its_own(tmp_path):
    datasets = Plan.of(load(rows(write_strips(tmp_path / "files")))).datasets
    assert datasets.paper_shares("paper", "nouaman2024+sixth") == {
        "nouaman2024": {"train": 0.80, "val": 0.10, "test": 0.10},
        "sixth": {"train": 0.25, "val": 0.25, "test": 0.5},
    }
    assert datasets.paper_shares("paper", "simulated") == datasets.paper_shares("grouped", "nouaman2024+sixth") == {}


@pytest.mark.slow
def test_an_edit_of_a_sixth_laboratory_reruns_what_reads_files(tmp_path):
    copy = shutil.copytree(STRIPS, tmp_path / "strips")

    def fingerprints() -> dict[str, str]:
        library = Library(PROJECT / "workflow/scripts", outside=[copy])
        return {
            name: library.fingerprint(f"{name}.py")
            for name in ("register_raw", "cut_cells", "build_testset", "train_model", "simulate_phantom")
        }

    nobody = {name: Library(PROJECT / "workflow/scripts").fingerprint(f"{name}.py") for name in fingerprints()}
    before = fingerprints()
    assert {name for name in before if before[name] != nobody[name]} == {"register_raw", "cut_cells", "build_testset"}
    (copy / "laboratory.py").write_text((copy / "laboratory.py").read_text().replace("grey frames", "frames"))
    assert fingerprints() == before
    (copy / "reader.py").write_text((copy / "reader.py").read_text().replace("FRAMES = 4", "FRAMES = 5"))
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"register_raw", "cut_cells", "build_testset"}
    (copy / "testsets.py").write_text((copy / "testsets.py").read_text() + "SEEN = 1\n")
    last = fingerprints()
    assert {name for name in before if after[name] != last[name]} == {"build_testset"}


@pytest.mark.parametrize(
    ("removed", "replaced", "message"),
    [
        ("laboratory.py", {}, "no laboratory.py"),
        ("reader.py", {}, "no reader.py"),
        ("testsets.py", {}, r"kinds of test sets \(strips, strips_found\), but no testsets.py"),
        (None, {"access=(": 'access=("phantom", '}, "access phantom, but no phantom.py"),
        (None, {"LABORATORY = ": "LABORATORY = 1 or "}, "LABORATORY 1"),
        (None, {'layout="strips"': 'layout="naples"'}, "layout 'naples'"),
    ],
)
def test_a_folder_that_is_no_laboratory_is_named(tmp_path, removed, replaced, message):
    folder = shutil.copytree(STRIPS, tmp_path / "wrong")
    for old, new in replaced.items():
        text = (folder / "laboratory.py").read_text()
        assert old in text
        (folder / "laboratory.py").write_text(text.replace(old, new))
    if removed:
        (folder / removed).unlink()
    with pytest.raises(InputError, match=message):
        load({"laboratories": [str(folder)]})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "def bad_files",
            "def broken",
            r"reader\.py: found no bad_files; expected a reader with recordings, read, bad_f",
        ),
        ("def recordings", "def arrange", "found no recordings and no EXPECTED;"),
        ("def read(", "from elsewhere import read\n\ndef other(", None),
        ("def read(", "read = 1\n\ndef other(", None),
        ("def read(", "from elsewhere import *\n\ndef other(", None),
    ],
)
def test_a_function_that_a_reader_lacks_is_named(tmp_path, old, new, message):
    reader = shutil.copytree(STRIPS, tmp_path / "sixth") / "reader.py"
    reader.write_text(reader.read_text().replace(old, new))
    with pytest.raises(InputError, match=message) if message else nullcontext():
        laboratories.tell([str(reader.parent)])


def test_two_laboratories_folders_have_names_of_their_own(tmp_path):
    twins = [str(shutil.copytree(STRIPS, tmp_path / place / "strips")) for place in ("a", "b")]
    with pytest.raises(InputError, match="the name of another laboratory's folder"):
        load({"laboratories": twins})


def test_what_is_no_python_is_named_with_its_line(tmp_path):
    copy = shutil.copytree(STRIPS, tmp_path / "strips")
    (copy / "reader.py").write_text("FRAMES = 4\ndef read(:\n")
    with pytest.raises(InputError, match=r"reader.py \(line 2\): found invalid syntax; expected a Python file"):
        Library(PROJECT / "workflow/scripts", outside=[copy]).fingerprint("register_raw.py")


def test_a_row_besides_the_tables_is_whole_or_refused():
    with pytest.raises(InputError, match=r"'sixth'.*or a whole row: keys .*licence"):
        load({"sources": {"sixth": {"layout": "naples"}}})
