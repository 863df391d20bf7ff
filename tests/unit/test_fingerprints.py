"""Committed fingerprints, stage by stage: simulated data still has them, and the first stage that differs is named."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from project_copy import PROJECT
from rbcflow.core.errors import InputError
from rbcflow.report.pixels import read_pixels, statement
from rbcflow.reproduction import fingerprints, pixels
from rbcflow.reproduction.fingerprints import Item
from rbcflow.reproduction.probe import probe, write_probe
from rbcflow.sources import record

KNOWN = yaml.safe_load((PROJECT / fingerprints.FILE).read_text())
MEANT = "if the change is meant, run `make fingerprints`"


def test_the_committed_file_is_about_the_versions_at_hand():
    assert KNOWN["versions"] == fingerprints.installed(), MEANT


def test_every_stage_has_fingerprints_at_both_scales():
    variants = set(yaml.safe_load((PROJECT / "config/variants.yaml").read_text()))
    phantoms = {"nouaman2024", "naples", "kihm2018", "liang2024"}
    banks = {"nouaman2024", "simulated", "kihm2018_contrast", "liang2024_contrast"}
    names = {"raw": phantoms, "bank": banks, "split": variants, "dataset": variants}
    found = {scale: {stage: set(known) for stage, known in stages.items()} for scale, stages in KNOWN["scales"].items()}
    assert found == {"default": names, "toy": names}, MEANT


def test_this_processor_draws_the_expected_probe(tmp_path, caplog, monkeypatch):
    drawn = probe()
    assert drawn == KNOWN["probe"], MEANT
    monkeypatch.setattr("rbcflow.reproduction.probe.probe", lambda: drawn)
    assert write_probe(KNOWN["probe"], tmp_path / "probe.csv") == []
    assert not caplog.records
    assert write_probe(KNOWN["probe"] | {"cells": "0" * 64}, tmp_path / "probe.csv") == ["cells"]
    assert "compute other pixels: cells" in caplog.text
    table = pd.read_csv(tmp_path / "probe.csv")
    assert dict(zip(table["name"], table.as_committed, strict=True)) == {
        name: name != "cells" for name in KNOWN["probe"]
    }


@pytest.fixture
def made(tmp_path) -> list[Item]:
    """Return a source with one picture, a bank of two cells, its split and a dataset, and a bank of simulated cells."""
    files = tmp_path / "files"
    files.mkdir()
    (files / ".hidden").write_text("of no matter")
    cv2.imwrite(str(files / "a.png"), np.full((4, 5), 7, np.uint8))
    record.write(tmp_path / "source.json", source="lab", layout="naples", origin="phantom", folder=files)
    (tmp_path / "lab.csv").write_text("cell_id,sha256\nlab-0,aa\nlab-1,bb\n")
    (tmp_path / "simulated.csv").write_text("cell_id,sha256\nsimulated-0,cc\n")
    (tmp_path / "grouped.csv").write_text("cell_id,split\nsimulated-0,train\nlab-0,train\nlab-1,val\n")
    (tmp_path / "fingerprint.txt").write_text("ab\n")
    return [
        Item("raw", "lab", tmp_path / "source.json", {"seed": 0}),
        Item("bank", "lab", tmp_path / "lab.csv", {"paths": ["polygon"]}, ["lab"]),
        Item("bank", "simulated", tmp_path / "simulated.csv", {"per_class": 1}),
        Item("split", "random", tmp_path / "grouped.csv", {"scheme": "grouped"}, ["lab"]),
        Item("dataset", "random", tmp_path / "fingerprint.txt", {"images": 3}, ["random"]),
    ]


def compared(made: list[Item], committed: pd.DataFrame) -> dict[str, str]:
    """Return what the page says of each item, held against an earlier table."""
    scale: dict = {}
    for row in committed.itertuples():
        scale.setdefault(row.stage, {})[row.name] = {"recipe": row.recipe, "fingerprint": row.fingerprint}
    output = made[0].file.parent / "results/tables/fingerprints.csv"
    table = fingerprints.compare(made, {"scales": {"toy": scale}}, output)
    assert pd.read_csv(output, keep_default_na=False).equals(table)
    return read_pixels(output.parents[1]).statements


@pytest.mark.parametrize(
    ("file", "old", "new", "differ"),
    [
        ("files/a.png", None, None, {"raw lab": "raw lab"}),
        ("lab.csv", "bb", "b0", {"bank lab": "bank lab"}),
        ("grouped.csv", "lab-1,val", "lab-1,test", {"split random": "split random"}),
        ("grouped.csv", "simulated-0,train", "simulated-0,test", {}),
        ("simulated.csv", "cc", "c0", {"bank simulated": "bank simulated"}),
        ("fingerprint.txt", "ab", "a0", {"dataset random": "dataset random"}),
    ],
)
def test_the_first_stage_that_differs_is_named(made, tmp_path, file, old, new, differ):
    committed = fingerprints.compare(made, {"scales": {}}, tmp_path / "first.csv")
    assert set(compared(made, committed).values()) == {"Pixels: as committed with this project for the scale “toy”."}
    if old is None:
        cv2.imwrite(str(tmp_path / file), np.full((4, 5), 8, np.uint8))
    else:
        (tmp_path / file).write_text((tmp_path / file).read_text().replace(old, new))
    said = compared(made, committed)
    assert {name: text for name, text in said.items() if "as committed" not in text} == {
        name: f"Pixels: differ from the committed ones, first at: {first}." for name, first in differ.items()
    }


def test_a_dataset_of_a_changed_bank_names_the_bank(made, tmp_path):
    committed = fingerprints.compare(made, {"scales": {}}, tmp_path / "first.csv")
    committed.loc[committed.stage != "raw", "fingerprint"] = "00"
    said = compared(made, committed)
    assert said["raw lab"] == "Pixels: as committed with this project for the scale “toy”."
    assert (
        said["dataset random"] == said["split random"] == "Pixels: differ from the committed ones, first at: bank lab."
    )


def test_other_settings_are_not_compared(made, tmp_path):
    committed = fingerprints.compare(made, {"scales": {}}, tmp_path / "first.csv")
    (tmp_path / "fingerprint.txt").write_text("cd\n")
    other = [Item(made[0].stage, "lab", made[0].file, {"seed": 1}), *made[1:]]
    assert compared(other, committed)["dataset random"] == statement("", "")
    assert "no committed run" in statement("", "")


def test_fingerprints_are_over_decoded_values(tmp_path):
    image = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for name, options in (("a", []), ("b", [cv2.IMWRITE_PNG_COMPRESSION, 0])):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "x.png"), image, options)
    assert (tmp_path / "a/x.png").read_bytes() != (tmp_path / "b/x.png").read_bytes()
    assert pixels.digest_folder(tmp_path / "a") == pixels.digest_folder(tmp_path / "b")
    (tmp_path / "b/x.png").rename(tmp_path / "b/y.png")
    assert pixels.digest_folder(tmp_path / "a") != pixels.digest_folder(tmp_path / "b")


@pytest.mark.parametrize(
    ("scales", "place"),
    [({"embedded": None}, "scales.embedded"), ({"embedded": {"raw": {"lab": "abc"}}}, "scales.embedded.raw")],
)
def test_a_broken_file_of_expected_fingerprints_is_named(made, tmp_path, scales, place):
    with pytest.raises(InputError, match=rf"fingerprints\.yaml \(key {place}\)"):
        fingerprints.compare(made, {"scales": scales}, tmp_path / "table.csv")


@pytest.mark.parametrize(("name", "found"), [("notes.db", "a file .db"), ("crops.npz", "no arrays")])
def test_a_file_beside_a_phantom_that_does_not_decode_is_named(tmp_path, name, found):
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InputError, match=rf"{name}: found {found}"):
        pixels.digest_folder(tmp_path)
