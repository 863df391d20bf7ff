"""The RO-Crate conforms to its profile and names every job and file; the CODECHECK manifest names every figure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.report.codecheck import list_figures, write_codecheck
from rbcflow.report.crate import Workflow, write_crate
from report_tree import RUNS, Tree, write_tree

BY_NAME = {row["run"]: row for row in RUNS}
VALIDATOR = Path(sys.prefix) / "validator/bin/python"
"""Python of the environment that ``make validator`` sets up: the validator pins older packages than the project."""

UNMET = {
    "The Action SHOULD have an agent that is a Person or Organization": "who ran the workflow is not recorded",
    "The Application SHOULD have a url": "a rule is no program that one could download",
    "The SoftwareApplication id SHOULD be an absolute URI": "the same",
    "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`": "nobody published it yet",
    "The organization SHOULD have a URL.": "CITATION.cff has none",
    "The Action SHOULD have a result": "of the tree here, some records lie without the files they are of",
    "The README.md SHOULD be about the crate": "the report is what a reader opens",
    "The README.md SHOULD have text/markdown as its encodingFormat": "the same",
}
"""Recommendations that the crate does not follow, and why. Requirements there are none."""


def write(tree: Tree) -> dict[str, Any]:
    """Write manifest and crate of a results folder, and return the crate's entities by id."""
    results = Path(tree.results.name)
    tables = {"runs": PROJECT / "config/runs.tsv"}
    workflow = Workflow(PROJECT / "Snakefile", PROJECT / "CITATION.cff", tables, {"seed": 7})
    # records name files from the project's folder
    with contextlib.chdir(tree.results.parent):
        (results / "report.html").write_text("<html></html>")
        figures = list_figures(results, tree.registry, BY_NAME)
        write_codecheck(results, figures, results / "codecheck.yml")
        write_crate(results, figures, workflow)
    graph = json.loads((tree.results / "ro-crate-metadata.json").read_text())["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = write_tree(tmp_path_factory.mktemp("tree"))
    weights = tree.results / "models/random/seed-0/weights/best.pt"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    network = tree.results / "segmentation/unet/weights.pt"
    network.parent.mkdir(parents=True, exist_ok=True)
    network.write_bytes(b"network")
    return tree


@pytest.fixture(scope="module")
def crate(tree: Tree) -> dict[str, Any]:
    return write(tree)


def ids(value: Any) -> set[str]:
    return {item["@id"] for item in (value if isinstance(value, list) else [value])}


@pytest.mark.slow
def test_the_profile_is_met_and_a_broken_crate_is_not(tree: Tree, crate: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(tree.results, tmp_path / "broken")
    broken = tmp_path / "broken/ro-crate-metadata.json"
    data = json.loads(broken.read_text())
    entities = {entity["@id"]: entity for entity in data["@graph"]}
    del entities["./"]["datePublished"], entities["#job-cells/nouaman2024"]["instrument"]
    entities["workflow/Snakefile"]["programmingLanguage"] = "Snakemake"
    broken.write_text(json.dumps(data))
    assert VALIDATOR.is_file(), f"{VALIDATOR} is missing: `make validator` sets it up"
    command = [VALIDATOR, PROJECT / "tests/validate_crate.py", "RECOMMENDED", tree.results, broken.parent]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    whole, damaged = json.loads(done.stdout)
    assert [issue for issue in whole if issue["severity"] == "REQUIRED"] == []
    assert {issue["message"] for issue in whole} == UNMET.keys()
    refused = " ".join(issue["message"] for issue in damaged if issue["severity"] == "REQUIRED")
    assert "datePublished" in refused
    assert "The Action MUST have an instrument" in refused
    assert "The Main Workflow must refer to its language" in refused


def test_the_root_lists_report_tables_figures_weights_and_configuration_with_their_sums(tree, crate) -> None:
    figures = {
        f"{folder}/{entry['id']}/{path.name}"
        for entry in tree.registry
        for folder in ("figures", "gifs")
        for path in (tree.results / folder / entry["id"]).glob("*.gif" if folder == "gifs" else "*.png")
    }
    tables = {path.relative_to(tree.results).as_posix() for path in tree.results.glob("tables/*.csv")}
    own = {"report.html", "codecheck.yml", "models/random/seed-0/weights/best.pt", "segmentation/unet/weights.pt"}
    run = {"workflow/Snakefile", "workflow/config.yaml", "workflow/runs.tsv"}
    assert len(figures) > 20 and len(tables) > 3
    parts = ids(crate["./"]["hasPart"])
    assert figures | tables | own | run <= parts
    for part in parts:
        path = tree.results / part
        assert path.is_dir() or crate[part]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert yaml.safe_load((tree.results / "workflow/config.yaml").read_text()) == {"seed": 7}


def test_the_root_says_by_whom_when_and_under_which_licence(crate) -> None:
    root = crate["./"]
    (licence,), (author,) = ids(root["license"]), ids(root["author"])
    assert licence == "https://spdx.org/licenses/AGPL-3.0-or-later"
    assert (crate[author]["@type"], crate[author]["name"]) == ("Organization", "The rbcflow developers")
    assert len(root["datePublished"]) == len("2026-11-25")
    assert crate["https://w3id.org/workflowhub/workflow-ro-crate#snakemake"]["name"] == "Snakemake"


def test_a_figure_says_its_origin_and_a_job_what_it_read_and_wrote_and_when(crate) -> None:
    figure = crate["figures/confusion_matrix/random-on-flow_public.png"]
    assert figure["description"] == (
        "Made from: phantom. Counterpart in the preprint's repository: the confusion matrices."
    )
    job = crate["#job-figures/confusion_matrix/random-on-flow_public"]
    assert (job["@type"], job["instrument"]) == ("CreateAction", {"@id": "#rule-draw_figure"})
    assert figure["@id"] in ids(job["result"])
    trained = crate["#job-models/random/seed-0"]
    assert (trained["instrument"], trained["result"]) == (
        {"@id": "#rule-train_model"},
        {"@id": "models/random/seed-0/"},
    )
    assert ids(trained["object"]) == {"datasets/random/"}
    # 1.5 seconds, of which ISO 8601 to the second keeps one
    assert (trained["startTime"], trained["endTime"]) == ("2026-11-25T10:00:01+00:00", "2026-11-25T10:00:03+00:00")
    # what lies outside the results has a name and a sum, but is no file of the crate
    assert ids(crate["#run"]["object"]) == {"workflow/config.yaml", "workflow/runs.tsv"}
    assert {"report.html", "tables/claims.csv"} <= ids(crate["#run"]["result"])


def test_every_reference_resolves(crate) -> None:
    values = [value for e in crate.values() for key, value in e.items() if key not in {"@id", "conformsTo"}]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    outside = {"https://doi.org/10.1093/bioinformatics/bts480", "https://snakemake.readthedocs.io"}
    assert {item["@id"] for item in items if isinstance(item, dict)} <= crate.keys() | outside


def test_two_writings_are_the_same_bytes(tree: Tree, crate: dict[str, Any]) -> None:
    before = (tree.results / "ro-crate-metadata.json").read_bytes()
    write(tree)
    assert (tree.results / "ro-crate-metadata.json").read_bytes() == before


def test_codecheck_lists_the_files_a_checker_compares(tree: Tree, crate: dict[str, Any]) -> None:
    data = yaml.safe_load((tree.results / "codecheck.yml").read_text())
    assert [author["name"] for author in data["paper"]["authors"]] == ["Amrani, A.", "Caridi, I.", "Kaoui, B."]
    assert all((tree.results / row["file"]).is_file() for row in data["manifest"])
    assert {"file": "figures/time/all.png", "comment": "Time by rule; made from phantom"} in data["manifest"]


def test_a_run_is_the_counterpart_of_its_own_published_items_alone(tree: Tree, tmp_path: Path) -> None:
    registry = [entry | {"rebuilds": ["runs/detect/val*/a.png", "media/val21_b.gif"]} for entry in tree.registry]
    output = tmp_path / "codecheck.yml"
    write_codecheck(tree.results, list_figures(tree.results, registry, BY_NAME), output)
    told = {row["file"]: row["comment"] for row in yaml.safe_load(output.read_text())["manifest"]}
    shown = {run: told[f"figures/confusion_matrix/{run}.png"].split("; ")[1] for run in BY_NAME if "naples" not in run}
    assert shown == {
        "random-on-saarland_donors": "counterpart of runs/detect/val*/a.png",
        "random-on-flow_public": "made from phantom", "plain-on-saarland_donors": "made from phantom",
    }  # fmt: skip
