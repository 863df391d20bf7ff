"""The logs of jobs: how they end."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from rbcflow.runtime.logs import processor_seconds

PROJECT = Path(__file__).parents[2]

JOB = """
import os, subprocess, sys, time
from rbcflow.runtime import logs
logs.configure(sys.argv[1])
burn = "import time\\nwhile time.process_time() < 0.3: pass"
exec(burn)
subprocess.run([sys.executable, "-S", "-c", burn], check=True)
"""
"""Takes 0.3 s of processor time itself and as much in a process of its own."""


def used() -> float:
    """Return the processor seconds of all processes that were waited for."""
    of_all = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of_all.ru_utime + of_all.ru_stime


def test_a_log_ends_with_the_processor_time_of_the_job_and_its_processes(tmp_path: Path) -> None:
    log, before = tmp_path / "job.log", used()
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "workflow/scripts")}
    subprocess.run([sys.executable, "-c", JOB, log], env=environment, check=True)
    said, all_of_it = processor_seconds(log), used() - before
    assert said is not None
    assert 0.6 <= said <= all_of_it
    # the end of the interpreter is all that is left out
    assert all_of_it - said < 0.2


def test_a_log_that_ends_otherwise_says_nothing(tmp_path: Path) -> None:
    assert processor_seconds(tmp_path / "absent.log") is None
    (tmp_path / "job.log").write_text("12:00:00 INFO rbcflow: 3.00 s of processor time in vain\n", encoding="utf-8")
    assert processor_seconds(tmp_path / "job.log") is None
