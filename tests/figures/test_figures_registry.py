"""The registry: what it refuses, which files it promises, and that it agrees with the drawing functions."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.core.errors import InputError
from rbcflow.figures.registry import DRAWS, counterparts, read_registry
from rbcflow.plan import Plan

ENTRY = {
    "id": "matrix", "per": "run", "draws": "confusion_matrix", "inputs": ["run_folder"], "title": "Matrix",
    "caption": "What. How.", "section": "validation",
}  # fmt: skip


def registry(tmp_path: Path, *entries: dict) -> Path:
    path = tmp_path / "figures.yaml"
    path.write_text(yaml.safe_dump(list(entries)))
    return path


def test_shipped_registry_agrees_with_the_drawing_functions():
    entries = read_registry(PROJECT / "paper/figures.yaml")
    assert {entry.draws for entry in entries} == set(DRAWS)
    for entry in entries:
        module = importlib.import_module(f"rbcflow.figures.{DRAWS[entry.draws]}")
        parameters = inspect.signature(getattr(module, entry.draws)).parameters
        required = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
        assert [*entry.inputs, "output"] == required, entry.id
        assert entry.caption.count(". ") >= 1
        assert entry.caption.endswith(".")


def test_registry_needs_no_plotting_library():
    """A dry run reads it, and must not wait for imports it has no use for."""
    program = (
        "import sys, rbcflow.figures.registry; print([m for m in ('matplotlib', 'cv2', 'torch') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(PROJECT / "workflow/scripts")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_by_key(tmp_path):
    gif = ENTRY | {"id": "boxes", "draws": "predicted_boxes", "format": "gif"}
    once = ENTRY | {"id": "overview", "per": "none", "draws": "overview", "inputs": ["runs"]}
    figures = registry(tmp_path, ENTRY, gif, once)
    runs = tmp_path / "runs.tsv"
    runs.write_text("run\tmodel\ttestset\tpublished_as\na-on-b\trandom\tnaples\t\nc-on-d\trandom\trandom_test\t\n")
    plan = Plan.of(load({"tables": {"figures": str(figures), "runs": str(runs)}}))
    assert plan.figures.all() == [
        "<results>/figures/matrix/a-on-b.png",
        "<results>/figures/matrix/c-on-d.png",
        "<results>/gifs/boxes/a-on-b.gif",
        "<results>/gifs/boxes/c-on-d.gif",
        "<results>/figures/overview/all.png",
    ]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{**ENTRY, "per": "donor"}], r"key figure matrix\.per.*'donor'.*'none', 'bank'"),
        ([{**ENTRY, "draws": "pie"}], r"key figure matrix\.draws.*'pie'.*'confusion_matrix'"),
        ([ENTRY | {"id": "a"}, {**ENTRY, "inputs": ["x"]}], r"key figure matrix\.inputs\.0.*'x'.*'run_folder'"),
        ([{**ENTRY, "capton": "x"}], r"unknown key 'figure matrix\.capton'.*did you mean 'caption'.*allowed here: id"),
        ([{key: value for key, value in ENTRY.items() if key != "caption"}], r"no key 'figure matrix\.caption'"),
        ([{**ENTRY, "rebuilds": "a plot"}], r"key figure matrix\.rebuilds.*'a plot'.*a valid list"),
        ([{**ENTRY, "per": "none", "vector": False}], r"figure matrix\.vector.*found False; expected true: a figure"),
        ([{**ENTRY, "format": "gif", "vector": True}], r"figure matrix\.vector.*found True; expected false: an"),
        ([{**ENTRY, "format": "jpg"}], r"key figure matrix\.format.*'jpg'.*'png' or 'gif'"),
        ([ENTRY, ENTRY], r"2 entries with id 'matrix'"),
    ],
)
def test_wrong_entries_are_named(tmp_path, entries, message):
    with pytest.raises(InputError, match=message):
        read_registry(registry(tmp_path, *entries))


def test_missing_registry_is_named(tmp_path):
    with pytest.raises(InputError, match=r"figures\.yaml.*no such file"):
        read_registry(tmp_path / "figures.yaml")


@pytest.mark.parametrize(
    ("published_as", "testset", "expected"),
    [
        ("val29", "naples", ["media/gifs/val29_a.gif", "runs/detect/val*/m.png", "b"]),
        ("val2", "naples", ["runs/detect/val*/m.png", "b"]),
        ("test_synthetic_test", "singapore_raw", ["b"]),
        (None, "naples", ["b"]),
        (None, "random_test", ["runs/detect/train*/m.png", "b"]),
        (None, "random_nosuperposition_test", ["b"]),
    ],
)
def test_a_figure_of_a_run_has_the_items_of_that_run_alone(published_as, testset, expected):
    rebuilds = ["media/gifs/val29_a.gif", "runs/detect/train*/m.png", "runs/detect/val*/m.png", "b"]
    run = {"model": "random", "testset": testset, "published_as": published_as}
    assert counterparts(rebuilds, run) == expected
    assert counterparts(rebuilds) == rebuilds


def test_readme_names_the_file_of_every_figure_with_a_counterpart():
    entries = [entry for entry in read_registry(PROJECT / "paper/figures.yaml") if entry.rebuilds]
    listed = re.findall(r"^\| (.+?) \| .+? \| `results/(.+?)` \|$", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert {title for title, _ in listed} == {entry.title for entry in entries}
    promised = {file.removeprefix("<results>/") for file in Plan.of(load({})).figures.all()}
    assert {file for _, file in listed} <= promised
