"""Benchmarks say what they measure before they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from project_copy import PROJECT


@pytest.mark.parametrize("name", ["processor", "scheduler", "startup"])
def test_help_is_all_that_is_asked_for(name: str):
    file = PROJECT / "bench" / f"{name}.py"
    environment = {"PYTHONPATH": str(PROJECT / "workflow/scripts")}
    done = subprocess.run(
        [sys.executable, file, "--help"], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    title = file.read_text().partition("\n")[0].strip('"')
    assert done.stdout.startswith(f"usage: {name}.py")
    assert title in done.stdout


def test_every_benchmark_has_arguments_of_a_command():
    files = sorted((PROJECT / "bench").glob("*.py"))
    assert [file.name for file in files if "ArgumentParser(description=__doc__" not in file.read_text()] == []
