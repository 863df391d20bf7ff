"""`bench/scheduler.py` tells Snakemake's own processor time from that of what it starts, wherever it was started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from project_copy import PROJECT

PROGRAM = """
import subprocess, sys, time

while time.process_time() < 0.15:
    pass
if len(sys.argv) < 2:
    subprocess.run([sys.executable, "-S", __file__, "job"])
    sys.exit(3)
"""


def test_snakemakes_own_time_is_told_from_its_jobs(tmp_path: Path, monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "bench")
    from scheduler import followed

    (program := tmp_path / "snakemake").write_text(PROGRAM)
    # as make does
    spent = followed(["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-S", str(program)])
    assert [sum(times) for times in spent.own] == [pytest.approx(0.18, abs=0.08)]
    assert 0.29 < spent.whole < 0.6
    assert spent.status == 3
