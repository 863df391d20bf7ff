"""A copy of what Snakemake needs of the project, for tests that add files or tables of their own."""

from __future__ import annotations

import shutil
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
