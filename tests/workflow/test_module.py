"""Others can take the workflow as a module, with its results in a folder of their own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from project_copy import PROJECT, snakemake

pytestmark = pytest.mark.slow

MODULE = """
module rbcflow:
    snakefile:
        "{project}/Snakefile"
    pathvars:
        results="results/rbc",


use rule * from rbcflow as rbc_*


rule everything:
    default_target: True
    input:
        "results/rbc/report.html",
"""


def test_a_module_plans_the_whole_way_into_its_own_folder(tmp_path: Path) -> None:
    for name in ("config", "paper"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    shutil.copytree(PROJECT / "resources", tmp_path / "resources", ignore=shutil.ignore_patterns("raw", "weights"))
    shutil.copy2(PROJECT / "CITATION.cff", tmp_path)
    (tmp_path / "Snakefile").write_text(MODULE.format(project=PROJECT))
    printed = snakemake(tmp_path, "--dry-run")
    planned = set(re.findall(r"^(\w+) +\d+$", printed, re.MULTILINE))
    assert {
        "rbc_simulate_phantom",
        "rbc_compose_shard",
        "rbc_train_model",
        "rbc_render_report",
        "everything",
    } <= planned
    # a rule's message hides its files in a dry run; the summary lists them
    listed = [line.split("\t")[0] for line in snakemake(tmp_path, "--summary").splitlines() if "\t" in line]
    written = listed[1:]
    assert len(written) > 200
    assert [name for name in written if not name.startswith("results/rbc/")] == []
