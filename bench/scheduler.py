"""Snakemake's own processor time while jobs wait, with its limit on job starts and without (`no_limit_on_starts`)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

JOBS, SECONDS, AT_ONCE = 200, 4, 8
SNAKEFILE = f"""
import os

rule all:
    input: [f"done/{{number}}.txt" for number in range({JOBS})]

rule wait:
    output: "done/{{number}}.txt"
    shell: "sleep {SECONDS}; touch {{output}}"

onstart:
    if os.environ.get("UNLIMITED"):
        workflow.scheduler.job_rate_limiter = None
"""


def seconds(unlimited: str) -> float:
    """Return the CPU seconds of a run of waiting jobs and of all it started."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(SNAKEFILE)
        command = [sys.executable, "-m", "snakemake", "--cores", str(AT_ONCE), "--scheduler", "greedy"]
        environment = {**os.environ, "UNLIMITED": unlimited}
        before = os.times()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"{JOBS} jobs that sleep {SECONDS} s, {AT_ONCE} at once: CPU seconds of Snakemake and its jobs")
    for name, unlimited in (("limit of 100 starts a second", ""), ("no limit", "1")):
        print(f"  {name}: {seconds(unlimited):.1f}")
