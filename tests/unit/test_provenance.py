"""Provenance: origins travel along the data flow and are never mixed up or lost."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from rbcflow.runtime.lineage import origins_of
from rbcflow.runtime.provenance import Recorder, sha256


class Named(dict):
    """Stands in for Snakemake's named lists, which have `items`."""


def record(folder: Path, origin: list[str], name: str = "provenance.json") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"origin": origin}))


def test_origins_come_from_the_nearest_record_and_are_united(tmp_path: Path):
    record(tmp_path / "cells/a", ["phantom"])
    record(tmp_path / "cells/b", ["public"])
    record(tmp_path / "predictions", ["raw"], "run.json")
    shard = tmp_path / "cells/a/shards/000"
    shard.mkdir(parents=True)
    (tmp_path / "predictions/run.parquet").write_bytes(b"")
    inputs = [shard, tmp_path / "cells/b/cells.csv", tmp_path / "predictions/run.parquet"]
    assert origins_of(inputs) == ["phantom", "public", "raw"]
    assert origins_of(inputs[1:2]) == ["public"]
    assert origins_of([tmp_path / "nowhere/file.csv"]) == []


def test_a_json_beside_an_input_that_is_no_provenance_is_not_taken_for_one(tmp_path: Path):
    record(tmp_path, ["phantom"])
    (tmp_path / "metrics.json").write_text("{}")
    assert origins_of([tmp_path / "metrics.json"]) == ["phantom"]


def test_a_job_is_recorded_with_sums_of_its_inputs(tmp_path: Path):
    record(tmp_path / "raw", ["phantom"])
    table = tmp_path / "raw/table.csv"
    table.write_text("a\n1\n")
    job = SimpleNamespace(
        rule="cut_cells",
        input=Named(table=str(table), parts=[str(table), str(table)]),
        params=Named(seed=3),
        wildcards=Named(source="naples"),
    )
    Recorder.of_job(job).write(tmp_path / "out.json", key="k")
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["inputs"]["table"] == {"path": table.as_posix(), "sha256": sha256(table)}
    assert written["inputs"]["parts"]["files"] == 2
    assert (written["rule"], written["params"]) == ("cut_cells", {"seed": 3})
    assert written["wildcards"] == {"source": "naples"}
    assert (written["origin"], written["key"]) == (["phantom"], "k")
    assert written["seconds"] >= 0
    assert written["versions"]["numpy"]


def test_the_first_stage_states_its_origin(tmp_path: Path):
    job = SimpleNamespace(rule="fetch", input=Named(), params=Named(), wildcards=Named())
    Recorder.of_job(job, origin=["public"]).write(tmp_path / "provenance.json")
    assert json.loads((tmp_path / "provenance.json").read_text())["origin"] == ["public"]


@pytest.mark.parametrize("text", [b"", b"abc"])
def test_sha256_is_that_of_the_bytes(tmp_path: Path, text: bytes):
    known = {
        b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    (tmp_path / "f").write_bytes(text)
    assert sha256(tmp_path / "f") == known[text]
