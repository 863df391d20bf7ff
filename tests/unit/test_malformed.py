"""Malformed inputs of every stage: each ends in an InputError that names file, place, what was found and expected.

A case is what is broken, who reads it first, and the pieces the message must have. `malformed_inputs.READERS` has
the whole inputs, the functions that the rules call first, and the expensive work that must not have started.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from malformed_cases import CASES, Case
from malformed_damage import Runs
from malformed_inputs import PROJECT, READERS
from rbcflow.config.checks import read_counts, read_published
from rbcflow.core.errors import InputError
from rbcflow.figures.registry import read_registry
from rbcflow.reproduction import fingerprints as expected_fingerprints


class Reached(Exception):
    """The expensive work has started."""


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def forbid_work(monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """Make the expensive function of a rule raise."""

    def reached(*arguments: object, **named: object) -> None:
        raise Reached(work)

    if work:
        monkeypatch.setattr(work, reached)


def marks_of(reader: str) -> list[pytest.MarkDecorator]:
    """Return the marks of what is read: a checkpoint is by PyTorch, whose import takes seconds."""
    return [pytest.mark.slow] if reader == "checkpoint" else []


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in READERS])
def test_a_whole_input_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    reader = READERS[name]
    reader.make(tmp_path)
    if not reader.work:
        reader.read(tmp_path, None)
        return
    forbid_work(monkeypatch, reader.work)
    with pytest.raises(Reached):
        reader.read(tmp_path, None)


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=marks_of(case.reader), id=f"{case.reader}: {case.what}") for case in CASES]
)
def test_a_malformed_input_is_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case):
    reader = READERS[case.reader]
    reader.make(tmp_path)
    given = case.spoil(tmp_path)
    forbid_work(monkeypatch, reader.work)
    with pytest.raises(InputError) as error:
        reader.read(tmp_path, given)
    assert error.value.path.endswith(case.file)
    for part in case.parts:
        assert part in str(error.value)


def test_there_are_as_many_cases_as_promised():
    assert len(CASES) >= 60
    assert len({(case.reader, case.what) for case in CASES}) == len(CASES)
    assert {case.reader for case in CASES} == set(READERS)


FIGURE = "- {id: a, per: none, draws: overview, title: t, caption: c, section: data, inputs: [runs]}\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (FIGURE.replace("id: a", "id: ../a"), ("figure ../a", "'../a'", "small letters")),
        (FIGURE.replace("[runs]", "runs"), ("figure a.inputs", "'runs'", "a valid list")),
        (FIGURE.replace("id: a", "id: a, id: b"), ("line 1", "key 'id' twice")),
    ],
)
def test_a_wrong_figure_is_named(tmp_path: Path, text: str, parts: tuple[str, ...]):
    (tmp_path / "figures.yaml").write_text(FIGURE)
    assert len(read_registry(tmp_path / "figures.yaml")) == 1
    (tmp_path / "figures.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        read_registry(tmp_path / "figures.yaml")
    for part in ("figures.yaml", *parts):
        assert part in str(error.value)


COUNT = "{id: a, title: t, value: 3, status: printed, source: s, ours: {table: t.csv, statistic: sum, column: n}}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("counts: 3", ("key counts", "3", "a list")),
        (f"counts: [{COUNT.replace('value: 3', 'value: many')}]", ("count a", "'many'", "a number")),
        (f"counts: [{COUNT.replace('statistic: sum', 'statistic: median')}]", ("count a", "median", "rows, mean")),
        (f"counts: [{COUNT.replace(', column: n', '')}]", ("count a", "a sum without column")),
        (f"counts: [{COUNT.replace(', status: printed', '')}]", ("count a", "status")),
    ],
)
def test_a_wrong_published_count_is_named_before_the_dag(tmp_path: Path, text: str, parts: tuple[str, ...]):
    (tmp_path / "published.yaml").write_text(f"counts: [{COUNT}]")
    assert len(read_counts(tmp_path / "published.yaml")) == 1
    (tmp_path / "published.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        read_counts(tmp_path / "published.yaml")
    for part in ("published.yaml", *parts):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sets: {}", ("key archive", "a mapping with url")),
        ("archive: {url: u}\nsets: 3", ("key sets", "3")),
        ("archive: {url: u}\nsets: {a: {folder: f}}", ("key sets.a", "no key table, images")),
        (
            "archive: {url: u}\nsets: {a: {folder: f, table: t, images: {train: 0}}}",
            ("key sets.a.images", "train, val"),
        ),
    ],
)
def test_a_wrong_table_of_published_sets_is_named_before_the_dag(tmp_path: Path, text: str, parts: tuple[str, ...]):
    (tmp_path / "sets.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        read_published(tmp_path / "sets.yaml")
    for part in ("sets.yaml", *parts):
        assert part in str(error.value)


def test_fingerprints_that_are_none_are_named(tmp_path: Path):
    (tmp_path / "fingerprint.txt").write_text("not yet\n")
    with pytest.raises(InputError, match=r"fingerprint\.txt: found 'not yet'"):
        item = expected_fingerprints.Item("dataset", "a", tmp_path / "fingerprint.txt", {})
        expected_fingerprints.compare([item], {"scales": {}}, tmp_path / "out.csv")
    with pytest.raises(InputError, match=r"fingerprints\.yaml: found scales None"):
        expected_fingerprints.compare([], {}, tmp_path / "out.csv")


@pytest.mark.slow
@pytest.mark.parametrize(
    "content", [b"", b"text", b"PK\x03\x04 cut", pickle.dumps(Runs())], ids=["empty", "text", "cut", "code"]
)
@pytest.mark.parametrize("network", ["U-Net", "Cellpose"])
def test_broken_weights_of_an_outlining_network_are_named_and_run_nothing(tmp_path: Path, network: str, content: bytes):
    import torch

    from rbcflow.segmentation.flows import Instances
    from rbcflow.segmentation.unet import Foreground

    path = tmp_path / "weights.pt"
    opened = {"U-Net": lambda: Foreground(path), "Cellpose": lambda: Instances(path, None, None)}[network]
    with pytest.raises(InputError, match=r"weights\.pt: found no such file"):
        opened()
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.pt: found no weights that fit"):
        opened()
    torch.save({"other.weight": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=r"no weights that fit \(.*Missing key"):
        opened()
