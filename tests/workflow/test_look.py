"""A laboratory alone: a look at its files before any computing, the targets that they allow; a touch reruns nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from project_copy import copy_project, snakemake
from raw_inputs import WRITERS
from rbcflow.runtime.provenance import sha256
from rbcflow.sources.listing import listed
from rbcflow.sources.look import COLUMNS, look, table
from rbcflow.sources.seen import keep, state
from yolo_folders import NAPLES, PATTERN, splits, write

READING_OPTIONS = {"take": [], "ignore": [], "without_polygons": "empty"}


def seen(root: Path, layout: str, **reading_options) -> dict[str, str]:
    """Return what is told of a folder by column."""
    return dict(zip(COLUMNS[2:], look(layout, root, READING_OPTIONS | reading_options).cells(), strict=True))


def test_a_look_counts_what_is_read_ignored_and_bad(tmp_path: Path):
    root = write(tmp_path / "own", {**NAPLES, "images/z.png": b"no picture", "labels/z.txt": "", "images/b.png": b""})
    (root / "images/b.png").write_bytes(NAPLES["images/v 0.12 cm_s_glob001_cell_004.png"])
    found = seen(root, "yolo_folder", ignore=["labels.cache"])
    assert (found["read"], found["bad"]) == ("6 other, 7 picture", "1 other, 1 picture")
    assert (found["frames"], found["annotated"], found["without objects"]) == ("7", "7", "1")
    told = look("yolo_folder", root, READING_OPTIONS)
    assert sorted(told.bad) == ["images/z.png", "labels/z.txt"]
    assert any("1 of 7 pictures have no label file" in remark for remark in told.remarks)
    assert not [path for path in root.rglob("*") if path.suffix not in (".png", ".txt") and path.is_file()]


def test_a_look_at_a_laboratorys_videos_tells_donors_and_annotated_frames(tmp_path: Path):
    WRITERS["nouaman2024"](tmp_path / "own")
    found = seen(tmp_path / "own", "nouaman2024")
    assert (found["donors"], found["annotated"], found["bad"]) == ("1", "2", "0")
    assert int(found["frames"]) > 1


def test_a_folder_that_is_no_source_is_refused_with_the_reason_of_its_files(tmp_path: Path):
    root = write(tmp_path / "own", {"v 0.12 cm:s/a.tif": b"no stack"})
    assert look("naples", root, READING_OPTIONS).cells()[0] == "refused"
    assert "a.tif" in look("naples", root, READING_OPTIONS).refused
    assert "no such folder" in look("naples", tmp_path / "gone", READING_OPTIONS).refused


def test_a_changed_label_is_another_state_of_a_folder_and_a_touched_one_is_not(tmp_path: Path):
    root, kept = write(tmp_path / "own", NAPLES), tmp_path / "seen.json"
    first = state(listed(root, "yolo_folder"), kept)
    files = listed(root, "yolo_folder").data
    keep(listed(root, "yolo_folder"), {name: sha256(path) for name, path in files.items()}, kept, first)
    for path in files.values():
        path.touch()
    assert state(listed(root, "yolo_folder"), kept) == first
    (root / "labels/v 0.12 cm_s_glob001_cell_004.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    assert state(listed(root, "yolo_folder"), kept) != first


def test_a_table_is_aligned():
    assert table([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one laboratory's labelled frames, a dataset, and nothing else."""
    folder = tmp_path_factory.mktemp("a laboratory alone") / "rbc flow"
    copy_project(folder)
    write(folder / "home/frames", NAPLES)
    write(folder / "home/set", splits())
    source = {
        "title": "own",
        "layout": "yolo_folder",
        "path": "~/frames",
        "licence": "x",
        "availability": "x",
        "reference": "x",
    }
    sources = yaml.safe_load((folder / "config/sources.yaml").read_text()) | {"own": source}
    (folder / "sources.yaml").write_text(yaml.safe_dump(sources))
    row = {"source": "own", "kind": "yolo_folder", "pattern": PATTERN}
    own = {"phantoms": False, "tables": {"sources": "sources.yaml"}, "testsets": {"naples": row}}
    own |= {"variants": {"synthetic": {"dataset": "local", "path": "~/set"}}, "pathvars": {"results": "out"}}
    (folder / "own.yaml").write_text(yaml.safe_dump(own), encoding="utf-8-sig")
    return folder


def run(project: Path, *arguments: str, ok: bool = True) -> str:
    """Run Snakemake as the laboratory does and return what it printed."""
    own = ["--configfile", "config/toy.yaml", "own.yaml"]
    home = {"HOME": str(project / "home"), "XDG_CACHE_HOME": str(project / "cache")}
    printed = snakemake(project, *arguments, *own, ok=ok, **home)
    assert "Traceback" not in printed
    return printed


@pytest.mark.slow
def test_a_laboratory_alone_is_looked_at_and_read_and_a_touch_reruns_nothing(project: Path):
    targets = ["out/testsets/naples/testset.json", "out/datasets/synthetic/train/shards/000"]
    printed = run(project, "check_raw", *targets)
    assert re.search(r"own +\S.*home/frames +6 other, 6 picture +0 +0 +6 +0 +6 +0", printed)
    assert re.search(r"kihm2018 +resources/raw/kihm2018 +not there", printed)
    assert re.search(r"testsets: +naples, flow_public, synthetic_test", printed)
    assert '"classes_evaluated": "false"' in (project / targets[0]).read_text()
    for path in (project / "home").rglob("*.*"):
        path.touch()
    assert "Nothing to be done" in run(project, "-n", *targets)


@pytest.mark.slow
def test_what_needs_an_absent_laboratory_names_it_and_whom_to_ask(project: Path):
    printed = run(project, "-n", ok=False)
    for part in ("nouaman2024 (Saarland", "Christian Wagner", "resources/raw/liang2024/", "by the target `possible`"):
        assert part in printed
    assert re.search(r"affected files:\s+resources/raw/\w+/its-files", printed)
