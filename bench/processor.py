"""Processor seconds of a run by rule, of all jobs beside what the whole command took: trainings, the rest, Snakemake.

``PYTHONPATH=workflow/scripts python bench/processor.py [arguments of snakemake]`` in an empty clone runs the embedded
default, as `make report` does, and says afterwards where its processor time went. Where results lie already, it counts
the jobs that ran in this command, which may be none.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from rbcflow.runtime.logs import processor_seconds

LOGS = Path("results/logs")


def spent(since: float) -> Counter[str]:
    """Return the processor seconds by rule of the jobs whose logs ended after a time."""
    by_rule: Counter[str] = Counter()
    for log in LOGS.rglob("*.log"):
        if log.stat().st_mtime >= since and (seconds := processor_seconds(log)) is not None:
            by_rule[log.relative_to(LOGS).parts[0].removesuffix(".log")] += seconds
    return by_rule


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments = parser.parse_known_args()[1] or ["--cores", "all"]
    began, clock, before = time.time(), time.monotonic(), os.times()
    subprocess.run([sys.executable, "-m", "snakemake", *arguments], check=True)
    after = os.times()
    whole = after.children_user + after.children_system - before.children_user - before.children_system
    by_rule = spent(began)
    for rule, seconds in by_rule.most_common():
        print(f"{rule:28} {seconds:8.1f} s {seconds / whole:6.1%}")
    jobs, trained = by_rule.total(), sum(by_rule[rule] for rule in by_rule if rule.startswith("train_"))
    print(f"{'all jobs':28} {jobs:8.1f} s {jobs / whole:6.1%}")
    print(f"{'trainings':28} {trained:8.1f} s {trained / whole:6.1%}")
    print(f"{'Snakemake, ends of jobs':28} {whole - jobs:8.1f} s {(whole - jobs) / whole:6.1%}")
    print(f"{'the whole command':28} {whole:8.1f} s, {time.monotonic() - clock:.0f} s on the clock")
