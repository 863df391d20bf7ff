"""The RO-Crate and the CODECHECK manifest name every figure, and everything they refer to."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from rbcflow.report.crate import write_codecheck, write_crate
from report_tree import RUNS, Tree, write_tree

BY_NAME = {row["run"]: row for row in RUNS}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return write_tree(tmp_path_factory.mktemp("tree"))


def crate_of(tree: Tree) -> dict:
    output = tree.results / "ro-crate-metadata.json"
    write_crate(tree.results, tree.registry, BY_NAME, tree.project / "CITATION.cff", output)
    return json.loads(output.read_text())


def test_every_figure_is_a_file_with_its_digest_and_its_job(tree: Tree) -> None:
    entities = {entity["@id"]: entity for entity in crate_of(tree)["@graph"]}
    files = {
        f"{folder}/{entry['id']}/{path.name}"
        for entry in tree.registry
        for folder in ("figures", "gifs")
        for path in (tree.results / folder / entry["id"]).glob("*.gif" if folder == "gifs" else "*.png")
    }
    assert {part["@id"] for part in entities["./"]["hasPart"]} == files
    file = entities["figures/confusion_matrix/random-on-flow_public.png"]
    assert file["sha256"] == hashlib.sha256((tree.results / file["@id"]).read_bytes()).hexdigest()
    assert file["description"] == (
        "Made from: phantom. Counterpart in the preprint's repository: the confusion matrices."
    )
    action = entities["#draw-confusion_matrix-random-on-flow_public"]
    assert (action["instrument"], action["result"]) == ({"@id": "#rule-draw_figure"}, {"@id": file["@id"]})


def test_every_reference_resolves_and_ids_are_unique(tree: Tree) -> None:
    graph = crate_of(tree)["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    values = [value for e in graph for key, value in e.items() if key not in {"@id", "conformsTo"}]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    assert {item["@id"] for item in items if isinstance(item, dict)} <= set(ids)


def test_two_writings_are_the_same_bytes(tree: Tree) -> None:
    assert crate_of(tree) == crate_of(tree)


def test_codecheck_lists_the_files_a_checker_compares(tree: Tree) -> None:
    output = tree.results / "codecheck.yml"
    write_codecheck(tree.results, tree.registry, BY_NAME, output)
    data = yaml.safe_load(output.read_text())
    assert [author["name"] for author in data["paper"]["authors"]] == ["Amrani, A.", "Caridi, I.", "Kaoui, B."]
    assert all((tree.results / row["file"]).is_file() for row in data["manifest"])
    assert {"file": "figures/time/all.png", "comment": "Time by rule; made from phantom"} in data["manifest"]


def test_a_run_is_the_counterpart_of_its_own_published_items_alone(tree: Tree) -> None:
    registry = [entry | {"rebuilds": ["runs/detect/val*/a.png", "media/val21_b.gif"]} for entry in tree.registry]
    output = tree.results / "codecheck-of-runs.yml"
    write_codecheck(tree.results, registry, BY_NAME, output)
    told = {row["file"]: row["comment"] for row in yaml.safe_load(output.read_text())["manifest"]}
    shown = {run: told[f"figures/confusion_matrix/{run}.png"].split("; ")[1] for run in BY_NAME if "naples" not in run}
    assert shown == {
        "random-on-saarland_donors": "counterpart of runs/detect/val*/a.png",
        "random-on-flow_public": "made from phantom", "plain-on-saarland_donors": "made from phantom",
    }  # fmt: skip
