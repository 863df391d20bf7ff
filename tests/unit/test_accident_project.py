"""The small project that tests of accidents share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import accident_project
from accident_project import Place, finished_once


def test_after_a_failure_the_project_is_made_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = []

    def new(folder: Path) -> Place:
        (folder / "mini").mkdir(parents=True)
        made.append(folder)
        return Place(folder)

    def run(place: Place, *arguments: str, **environment: str) -> None:
        if len(made) == 1:
            raise subprocess.TimeoutExpired("snakemake", 1)

    monkeypatch.setattr(accident_project.Place, "new", new)
    monkeypatch.setattr(accident_project.Place, "run", run)
    with pytest.raises(subprocess.TimeoutExpired):
        finished_once(tmp_path)
    # another process asks, and a third one takes what it made
    assert finished_once(tmp_path).place.folder == finished_once(tmp_path).place.folder == made[1]
    assert len(made) == 2
