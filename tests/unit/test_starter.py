"""The shipped starter checkpoint is the one its table, its record and its card speak of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from project_copy import PROJECT
from rbcflow.core.classes import CLASSES
from rbcflow.runtime.provenance import sha256
from rbcflow.training.card import starter_card

FOLDER = PROJECT / "resources/starter"


@pytest.fixture
def entry() -> dict:
    return yaml.safe_load((PROJECT / "resources/weights.yaml").read_text())["starter"]


@pytest.fixture
def record() -> dict:
    return json.loads((FOLDER / "training.json").read_text())


def test_table_record_and_card_name_the_shipped_file(entry: dict, record: dict):
    weights = PROJECT / entry["path"]
    assert sha256(weights) == entry["sha256"] == record["files"]["weights/best.pt"]["sha256"]
    assert weights.stat().st_size < 6_000_000
    card = (FOLDER / "README.md").read_text()
    for stated in (entry["sha256"], record["state_sha256"], record["data_fingerprint"]):
        assert stated in card


def test_the_recipe_is_the_one_that_was_trained(record: dict):
    model = yaml.safe_load((PROJECT / "config/models.yaml").read_text())["starter"]
    assert tuple(record["classes"]) == CLASSES
    assert record["weights"]["source"] == "random"
    assert (record["architecture"], record["epochs"]) == (
        model["training"]["architecture"],
        model["training"]["epochs"],
    )
    assert len(pd.read_csv(FOLDER / "results.csv")) == record["epochs"]


def test_the_card_takes_its_numbers_from_the_files(tmp_path: Path, record: dict):
    curves, metadata = tmp_path / "results.csv", tmp_path / "metadata.csv"
    names = ["metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)"]
    rows = [[epoch, 0.1, 0.2, 0.3, 0.4] for epoch in range(1, record["epochs"] + 1)]
    rows[record["best_epoch"] - 1][1:] = [0.611, 0.622, 0.633, 0.644]
    pd.DataFrame(rows, columns=["epoch", *names]).to_csv(curves, index=False)
    pd.DataFrame({"split": ["train"] * 7 + ["val"] * 3 + ["test"] * 2}).to_csv(metadata, index=False)
    weights = tmp_path / "w.pt"
    shutil.copy(FOLDER / "results.csv", weights)
    card = starter_card(record, curves=curves, metadata=metadata, weights=weights)
    for stated in ("0.611", "0.622", "0.633", "0.644", "7 (and 3 to validate)", sha256(weights)):
        assert stated in card
