"""A copy of what Snakemake needs of the project, for tests that add files or tables; and Snakemake in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDERS = ("config", "paper", "profiles", "resources/annotations", "resources/expected", "workflow")
FILES = ("Snakefile", "environment.yml", "resources/weights.yaml", "resources/published_sets.yaml", "CITATION.cff")


def copy_project(folder: Path) -> Path:
    """Copy the rules, the library, the tables and what they name, without checkpoints and results."""
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(PROJECT / name, folder / name)
    return folder


def snakemake(folder: Path, *arguments: str, ok: bool = True, **environment: str) -> str:
    """Run Snakemake to its end and return everything it printed.

    Args:
        folder: the project.
        arguments: of Snakemake, ``--cores`` where it shall be another number than 2.
        ok: whether it shall succeed.
        environment: variables over those of the tests, which are handed on: the user's own settings of a package index
            are what ``fetch_recordings`` goes by.
    """
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    handed_on = {**os.environ, **environment}
    done = subprocess.run(command, cwd=folder, env=handed_on, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    assert (done.returncode == 0) is ok, printed[-6000:]
    return printed
