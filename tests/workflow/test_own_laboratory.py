"""The laboratory that `docs/own-data.md` adds by its own commands, and one that no code here knows, to the report."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

import strips_inputs as strips
from project_copy import PROJECT
from rbcflow.phantom.truth import COLUMNS
from strips_inputs import STRIPS

pytestmark = pytest.mark.slow

STARTER = PROJECT / "resources/starter/yolo11n-starter.pt"
KEPT = {
    "sources": ["simulated"],
    "banks": ["simulated"],
    "variants": ["random"],
    "models": ["random"],
}
"""Rows that stay of each table, so that the rest of the workflow is as small as it goes."""


def blocks(language: str) -> list[str]:
    """Return the documented blocks of a language."""
    text = (PROJECT / "docs/own-data.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell(folder: Path, commands: str) -> str:
    """Run commands as a reader would, in the project's folder, and return what they printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", commands], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


def write_stacks(root: Path) -> None:
    """Write two stacks, a dark cell in every third page, and a table of objects that no table of sources declares."""
    for number in (1, 2):
        pages = np.full((6, 128, 300, 3), 150, np.uint8)
        for index in (0, 3):
            cv2.ellipse(pages[index], (120 + 20 * index, 60), (40, 25), 0, 0, 360, (60, 60, 60), -1)
        file = root / f"v 0.12 cm:s/glob00{number}.tif"
        file.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(file, pages, photometric="rgb")
    (root / "truth").mkdir()
    (root / "truth/objects.csv").write_text(
        ",".join(COLUMNS) + "\nv 0.12 cm:s/glob001,0,0,slipper,cell,1,1,9,9,64,False\n"
    )


def shrink(folder: Path) -> None:
    """Leave few rows in the tables and take the starter checkpoint for the one detector, as the page suggests."""
    (folder / "small").mkdir()
    for name, rows in KEPT.items():
        table = yaml.safe_load((folder / f"config/{name}.yaml").read_text())
        (folder / f"small/{name}.yaml").write_text(yaml.safe_dump({row: table[row] for row in rows}))
    # a table has a row; that of the page is laid over it
    testset = {"mylab": {"title": "to be renamed", "source": "mylab", "kind": "naples"}}
    (folder / "small/testsets.yaml").write_text(yaml.safe_dump(testset))
    (folder / "small/runs.tsv").write_text("run\tmodel\ttestset\tpublished_as\nrandom-on-mylab\trandom\tmylab\t\n")
    checkpoint = {"source": "local", "path": "best.pt", "sha256": hashlib.sha256(STARTER.read_bytes()).hexdigest()}
    shutil.copy2(STARTER, folder / "best.pt")
    small = yaml.safe_load((folder / "config/toy.yaml").read_text()) | {
        "tables": {name: f"small/{name}.yaml" for name in (*KEPT, "testsets")} | {"runs": "small/runs.tsv"},
        "variants": {"random": {"banks": ["simulated"], "images": None}},
        "models": {"random": {"weights": checkpoint}},
        "images": {"train": 6, "val": 2, "test": 2},
    }
    (folder / "small.yaml").write_text(yaml.safe_dump(small))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the documented commands have run."""
    folder = tmp_path_factory.mktemp("own laboratory") / "rbc flow"
    for name in ("config", "paper", "profiles", "resources", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__", "raw")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored if name == "resources" else None)
    for name in ("Snakefile", "environment.yml", "CITATION.cff"):
        shutil.copy2(PROJECT / name, folder / name)
    write_stacks(folder / "resources/raw/mylab")
    [row] = [block for block in blocks("bash") if "cat > my.yaml" in block]
    shell(folder, row)
    shrink(folder)
    # from outside of the project and its package
    outside = Path(shutil.copytree(STRIPS, folder.parent / "strips", ignore=shutil.ignore_patterns("__pycache__")))
    sixth = strips.rows(strips.write_strips(folder.parent / "frames"), outside)
    (folder / "sixth.yaml").write_text(yaml.safe_dump(sixth | {"variants": {}}))
    [commands] = [block for block in blocks("bash") if "results/raw/mylab/source.json" in block]
    shell(folder, commands.replace("my.yaml", "my.yaml sixth.yaml small.yaml"))
    return folder


def test_the_documented_laboratory_ends_with_a_report(project: Path):
    source = json.loads((project / "results/raw/mylab/source.json").read_text())
    assert (source["layout"], source["origin"], source["exact_truth"]) == ("naples", "raw", False)
    cells = pd.read_csv(project / "results/cells/mylab/cells.csv")
    assert cells["source"].unique().tolist() == ["mylab"]
    assert cells["kept"].sum() == 4
    testset = json.loads((project / "results/testsets/mylab/testset.json").read_text())
    assert (testset["labels"], testset["classes_evaluated"], testset["origin"]) == ("background", "false", ["raw"])
    metrics = json.loads((project / "results/validation/random-on-mylab/metrics.json").read_text())
    assert metrics["n_boxes"]["total"] == testset["n_boxes"] == 4
    page = (project / "results/report.html").read_text(encoding="utf-8")
    sixth = json.loads((project / "results/testsets/sixth/testset.json").read_text())
    assert (sixth["labels"], sixth["n_boxes"], sixth["origin"]) == ("truth", 8, ["raw"])
    assert 'id="run-random-on-sixth"' in page
    for anchor in ("run-random-on-mylab", "testset-mylab", "cells-mylab", "data-mylab", "fig-raw_frames-mylab"):
        assert f'id="{anchor}"' in page
    assert "was not drawn" not in page
