"""Committed fingerprints: the composer still makes the images they were taken of."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from rbcflow import expected

PROJECT = Path(__file__).parents[1]
KNOWN = yaml.safe_load((PROJECT / expected.FILE).read_text())


def test_the_committed_file_is_about_the_versions_at_hand():
    assert KNOWN["versions"] == expected.installed(), "run `make fingerprints`"


def test_every_variant_has_a_fingerprint_at_both_scales():
    variants = set(yaml.safe_load((PROJECT / "config/variants.yaml").read_text()))
    assert {scale: set(known) for scale, known in KNOWN["datasets"].items()} == {"default": variants, "toy": variants}


def test_the_composer_makes_the_expected_images():
    assert expected.probe() == KNOWN["probe"], "if the change is meant, run `make fingerprints`"


def test_runs_are_compared_by_scale(tmp_path):
    files = {}
    for name, text in (("random", "aa"), ("synthetic", "bb"), ("other", "cc")):
        files[name] = tmp_path / name
        files[name].write_text(f"{text}\n")
    known = {"datasets": {"default": {"random": "aa", "synthetic": "xx"}, "toy": {"random": "aa", "synthetic": "bb"}}}
    table = expected.compare(files, known, tmp_path / "table.csv")
    assert table.values.tolist() == [["random", "aa", "default toy"], ["synthetic", "bb", "toy"], ["other", "cc", ""]]
    assert pd.read_csv(tmp_path / "table.csv", keep_default_na=False).equals(table)
