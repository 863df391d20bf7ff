"""A job ends with its Snakemake, also with one that was gone before the job could look for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rbcflow.runtime import parent_watch

JOB = """
import sys, time
from pathlib import Path
from rbcflow.runtime.parent_watch import end_with_snakemake
Path("started").touch()
while sys.argv[1:] and not Path("gone").exists():
    time.sleep(0.01)
end_with_snakemake()
Path("watched").touch()
time.sleep(600)
"""
"""With an argument it is still in its imports when its Snakemake is killed."""
SNAKEMAKE = """
import subprocess, sys
from rbcflow.runtime.parent_watch import announce
if "announced" in sys.argv:
    announce()
# by a shell, as Snakemake starts its scripts
subprocess.run(f"{sys.executable} job.py {' '.join(sys.argv[2:])} & echo $! > job.pid; wait", shell=True)
"""


def waited(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is the case."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    return parent_watch._state(pid) is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a stand-in for Snakemake, of its name, and a job."""
    monkeypatch.setenv("PYTHONPATH", str(Path(parent_watch.__file__).parents[2]))
    monkeypatch.delenv(parent_watch.STARTED_BY, raising=False)
    (tmp_path / "snakemake").write_text(SNAKEMAKE)
    (tmp_path / "job.py").write_text(JOB)
    return tmp_path


@pytest.mark.parametrize(
    ("announced", "importing"),
    [("announced", ""), ("announced", "importing"), ("found above", "")],
)
def test_a_job_ends_with_its_snakemake(folder: Path, announced: str, importing: str):
    arguments = [announced, *importing.split()]
    with subprocess.Popen([sys.executable, "snakemake", *arguments], cwd=folder) as process:
        waited((folder / ("started" if importing else "watched")).exists)
        job = int((folder / "job.pid").read_text())
        try:
            process.kill()
            process.wait()
            assert runs(job)
            (folder / "gone").touch()
            waited(lambda: not runs(job))
        finally:
            if runs(job):
                os.kill(job, signal.SIGKILL)


def test_processes_of_another_namespace_are_not_watched(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(parent_watch.STARTED_BY, "")
    parent_watch.announce()
    pid, start, _ = os.environ[parent_watch.STARTED_BY].split()
    assert parent_watch._announced() == {os.getpid(): start}
    for said in (f"{pid} {start} pid:[1]", f"{pid} {start} -", ""):
        monkeypatch.setenv(parent_watch.STARTED_BY, said)
        assert parent_watch._announced() == {}
