"""What a number decides: every combination of what it was evaluated on and what its model learned from, and ways of
the data from the first record to a verdict."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from rbcflow.cells.method_job import recorder_of
from rbcflow.runtime.lineage import ORIGINS, OUTLINED, RECUT, STARTED, of_source, origins_of, remarks_of
from rbcflow.runtime.origin import (
    ADOPTED,
    Basis,
    Decision,
    Question,
    caveats,
    decide,
    limits,
    made_from,
    rebuilt,
    text,
    words,
)
from rbcflow.runtime.provenance import Recorder

TRAINING, RECORDINGS, SIMULATED_CELLS, COUNT = Question
MIXTURES = [tuple(chosen) for n in range(len(ORIGINS) + 1) for chosen in itertools.combinations(ORIGINS, n)]
DECIDES = {
    TRAINING: {("published", "published"), ("raw", "raw")},
    RECORDINGS: {("raw", "raw"), ("raw", "published")},
    SIMULATED_CELLS: {("raw", "phantom")},
}
"""All that decides: what was evaluated on, what the model learned from."""


@pytest.mark.parametrize("question", DECIDES)
def test_of_all_combinations_only_these_decide(question: Question):
    decisions = {
        (evaluated, learned): decide(question, Basis(evaluated, learned))
        for evaluated in MIXTURES
        for learned in MIXTURES
    }
    assert len(decisions) == 32 * 32
    decided = {pair for pair, decision in decisions.items() if decision.decides}
    assert decided == {((evaluated,), (learned,)) for evaluated, learned in DECIDES[question]}
    assert all(decision.decides == (not decision.missing) for decision in decisions.values())


def test_a_count_is_decided_by_recordings_of_the_laboratories_alone():
    assert [evaluated for evaluated in MIXTURES if decide(COUNT, Basis(evaluated)).decides] == [("raw",)]


SIMULATED = "evaluated on simulated images"
LEARNED = "the model learned from simulated images"
OTHERS = "public recordings of another instrument"


@pytest.mark.parametrize(
    ("case", "question", "evaluated", "learned", "missing"),
    [
        ("all simulated", RECORDINGS, "phantom", "phantom", (SIMULATED, LEARNED)),
        ("all simulated", TRAINING, "phantom", "phantom", (SIMULATED, LEARNED)),
        ("all simulated", COUNT, "phantom", None, ("counted on simulated images",)),
        ("all simulated", SIMULATED_CELLS, "phantom", "phantom", (SIMULATED,)),
        ("one real folder, simulated training", RECORDINGS, "raw", "phantom", (LEARNED,)),
        ("one real folder, its count", COUNT, "raw", None, ()),
        ("published.yaml", TRAINING, "published", "published", ()),
        ("published.yaml, simulated laboratory", RECORDINGS, "phantom", "published", (SIMULATED,)),
        ("published.yaml, real laboratory", RECORDINGS, "raw", "published", ()),
        ("published.yaml", COUNT, "published", None, ("counted on the preprint’s published images",)),
        ("paper scale", RECORDINGS, "raw", "raw", ()),
        ("paper scale", TRAINING, "raw", "raw", ()),
        ("paper scale", SIMULATED_CELLS, "raw", "phantom", ()),
        ("public recordings", RECORDINGS, "public", "raw", (f"evaluated on {OTHERS}",)),
        ("trained on public recordings", RECORDINGS, "raw", "public", (f"the model learned from {OTHERS}",)),
        ("one laboratory simulated", TRAINING, "phantom raw", "phantom raw",
         ("evaluated partly on simulated images", "the model learned partly from simulated images")),
        ("one laboratory simulated", RECORDINGS, "raw", "phantom raw",
         ("the model learned partly from simulated images",)),
        ("two good kinds mixed", RECORDINGS, "raw", "published raw",
         ("the model learned from the preprint’s published images and a laboratory’s recordings",)),
        ("two good kinds apart", TRAINING, "published", "raw", ("evaluated on other images than it learned from",)),
        ("a folder of images", TRAINING, "unknown", "unknown",
         ("evaluated on images of unknown origin", "the model learned from images of unknown origin")),
        ("no record", RECORDINGS, "", "",
         ("no record says what was evaluated on", "no record says what the model learned from")),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(case, question, evaluated, learned, missing):
    basis = Basis(words(evaluated.split()), None if learned is None else words(learned.split()))
    assert decide(question, basis) == Decision(not missing, missing)


@pytest.mark.parametrize(
    ("evaluated", "missing"),
    [
        ("raw", ("the images the checkpoint learned from are unknown",)),
        ("phantom", (SIMULATED, "the images the checkpoint learned from are unknown")),
    ],
)
def test_an_adopted_checkpoint_decides_nothing_and_is_never_called_rebuilt(evaluated, missing):
    basis = Basis((evaluated,), ("unknown",), adopted=True)
    for question in (RECORDINGS, SIMULATED_CELLS):
        assert decide(question, basis).missing == missing
        assert rebuilt(question, basis).startswith("checkpoint adopted, not trained here: ")
    training = Basis.of_training({"learned_from": ["unknown"], "weights": {"source": "a.pt", "adopted": True}})
    assert training == ADOPTED
    assert decide(TRAINING, ADOPTED).missing == ("the images the checkpoint learned from are unknown",)
    assert rebuilt(TRAINING, training).startswith("checkpoint adopted, not trained here: ")


def test_a_comparison_decides_where_both_runs_do():
    raw, published, simulated = (Basis(("raw",), (word,)) for word in ("raw", "published", "phantom"))
    assert decide(RECORDINGS, raw, published).decides
    assert decide(RECORDINGS, raw, simulated).missing == (LEARNED,)
    assert decide(RECORDINGS, simulated, simulated).missing == (LEARNED,)
    assert decide(RECORDINGS) == Decision(False, ("no number was counted",))


def test_a_verdict_is_what_was_found_or_why_there_is_none():
    assert decide(RECORDINGS, Basis(("raw",), ("raw",))).verdict("holds") == "holds"
    both = decide(RECORDINGS, Basis(("phantom",), ("phantom",)))
    assert both.verdict("holds") == "not decided: evaluated on and learned from simulated images"
    assert rebuilt(RECORDINGS, Basis(("raw",), ("raw",))) == "rebuilt"
    assert rebuilt(RECORDINGS, Basis(("raw",), ("phantom",))) == f"method rerun: {LEARNED}"
    assert Question.of_run("test_synthetic_test") is SIMULATED_CELLS
    assert (Question.of_run("val30"), Question.of_run(None)) == (RECORDINGS, RECORDINGS)


@pytest.mark.parametrize(
    ("evaluated", "learned", "sentences"),
    [
        ("raw", "raw", []),
        ("raw", "published", []),
        ("published", "published", []),
        ("phantom", "phantom",
         ["Evaluated on and learned from simulated images: no number here reproduces a published one."]),
        ("public", "published", [f"Evaluated on {OTHERS}: no number here reproduces a published one."]),
        ("raw", "phantom", ["The model learned from simulated images: its numbers are not those of one that learned "
                            "from a laboratory’s cells."]),
    ],
)  # fmt: skip
def test_caveats_speak_of_the_basis(evaluated, learned, sentences):
    basis = Basis((evaluated,), (learned,), remarks=(OUTLINED,))
    assert caveats(basis) == sentences
    assert limits(basis)[-1] == OUTLINED
    assert len(limits(basis)) == 1 + (learned == "phantom")


def test_words_for_notes():
    assert words("package") == ("public",)
    assert words(["raw", "simulated", "raw"]) == ("phantom", "raw")
    assert (text(["raw", "phantom"]), text(None)) == ("simulated + laboratory", "origin not recorded")
    assert made_from(["raw"]) == "images made from laboratory cells"
    assert made_from(["published"]) == "the preprint’s published images"
    assert made_from(["published"], [RECUT]) == "images composed here from published cells"
    assert made_from(["raw"], [RECUT]) == "images made from laboratory cells"
    assert Basis(("raw",), ("phantom",)).text == "evaluated on laboratory, learned from simulated"
    assert Basis(("raw",), ("raw",)).text == Basis(("raw",)).text == "laboratory"


@pytest.mark.parametrize(
    ("access", "layout", "origin"),
    [
        ("phantom", "naples", "phantom"),
        ("local", "naples", "raw"),
        ("url", "kihm2018", "raw"),
        ("package", "flow_public", "public"),
        ("local", "flow_public", "public"),
        ("simulated", "simulated", "phantom"),
    ],
)
def test_the_access_of_a_source_says_its_origin(access, layout, origin):
    assert of_source(access, layout) == origin


class Named(dict):
    """Stands in for Snakemake's named lists."""


def stage(target: Path, origin: list[str] | None = None, tools=(), remarks=(), **inputs: Path) -> Path:
    """Write the record of a stage as its script does, and return its folder."""
    target.mkdir(parents=True)
    job = SimpleNamespace(rule="r", params=Named(), wildcards=Named(),
                          input=Named({name: str(path) for name, path in inputs.items()}))  # fmt: skip
    Recorder.of_job(job, origin, tools, remarks).write(target / "provenance.json")
    return target


def test_practice_pictures_of_a_network_are_a_remark_and_no_origin(tmp_path: Path):
    practice = stage(tmp_path / "segmentation", ["phantom"])
    network = stage(tmp_path / "segmentation/unet", practice=practice)
    raw = stage(tmp_path / "raw/liang2024", ["raw"])
    clusters = stage(tmp_path / "clusters/liang2024", tools=["unet", "cellpose"], record=raw, unet=network)
    bank = stage(tmp_path / "cells/liang2024", tools=["unet"], record=raw, unet=network, clusters=clusters)
    other = stage(tmp_path / "cells/nouaman2024", tools=["unet"], record=raw)
    dataset = stage(tmp_path / "datasets/random", banks=bank, more=other)
    model = stage(tmp_path / "models/random/seed-0", remarks=[STARTED], yaml=dataset)
    assert origins_of([network]) == ["phantom"]
    assert (origins_of([bank]), origins_of([dataset]), origins_of([model])) == (["raw"], ["raw"], ["raw"])
    assert (remarks_of([other]), remarks_of([bank])) == ([], [OUTLINED])
    assert remarks_of([model]) == [OUTLINED, STARTED]
    basis = Basis(("raw",), tuple(origins_of([model])), remarks=tuple(remarks_of([model])))
    assert decide(RECORDINGS, basis).verdict("holds") == "holds"


def test_a_simulated_laboratory_stays_an_origin_beside_a_simulated_network(tmp_path: Path):
    network = stage(tmp_path / "segmentation/unet", ["phantom"])
    raw = stage(tmp_path / "raw/liang2024", ["phantom"])
    bank = stage(tmp_path / "cells/liang2024", tools=["unet"], record=raw, unet=network)
    assert json.loads((bank / "provenance.json").read_text())["origin"] == ["phantom"]


@pytest.mark.parametrize(
    ("networks", "remarks"),
    [
        ({"yolo": ["a.pt", "0" * 64, "phantom"]}, [OUTLINED]),
        ({"cellpose": ["a.pt", "0" * 64, None]}, []),
        ({}, []),
    ],
)
def test_a_listed_network_that_learned_from_simulated_cells_is_remarked_upon(tmp_path: Path, networks, remarks):
    raw = stage(tmp_path / "raw/liang2024", ["raw"])
    job = SimpleNamespace(rule="cut_cells", input=Named(record=str(raw)), wildcards=Named(),
                          params=SimpleNamespace(networks=networks, items=lambda: []))  # fmt: skip
    recorder_of(job).write(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert (written["origin"], written["remarks"]) == (["raw"], remarks)


@pytest.mark.parametrize("value", [None, "", 3, float("nan"), [], [None], [""]])
def test_what_is_no_word_of_an_origin_says_nothing(value):
    basis = Basis.of_metrics({"origin": value, "learned_from": value})
    assert (basis.evaluated, basis.learned) == ((), ())
    assert decide(RECORDINGS, basis).missing == (
        "no record says what was evaluated on",
        "no record says what the model learned from",
    )
