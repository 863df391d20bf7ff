"""A copy of what Snakemake needs of the project, for tests that add files or tables; and Snakemake in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import snakemake_server

PROJECT = Path(__file__).parent.parent
LONGEST = 3000
"""Seconds after which a run counts as hung."""
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
    arguments = ["--cores", "2", *arguments]
    handed_on = {**os.environ, **environment}
    if snakemake_server.can_run(environment):
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch, "printed.txt")
            code = snakemake_server.run(folder, arguments, handed_on, output, LONGEST)
            printed = output.read_text()
    else:
        command = [sys.executable, "-m", "snakemake", *arguments]
        done = subprocess.run(command, cwd=folder, env=handed_on, capture_output=True, text=True)
        code, printed = done.returncode, done.stdout + done.stderr
    assert (code == 0) is ok, printed[-6000:]
    return printed
