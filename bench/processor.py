"""Processor seconds of a run by rule, of all jobs beside what the whole command took: trainings, the rest, Snakemake.

``PYTHONPATH=workflow/scripts python bench/processor.py [arguments of snakemake]`` in an empty clone runs the embedded
default, as `make report` does, and says afterwards where its processor time went. Where results lie already, it counts
the jobs that ran in this command, which may be none. Snakemake's own process is counted apart (``scheduler.py``); what
is left are the starts and ends of jobs: shells, and Python before and after its log's last line.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from scheduler import followed

from rbcflow.runtime.logs import processor_seconds

LOGS = Path("results/logs")


def by_rules(since: float) -> Counter[str]:
    """Return the processor seconds by rule of the jobs whose logs ended after a time."""
    by_rule: Counter[str] = Counter()
    for log in LOGS.rglob("*.log"):
        if log.stat().st_mtime >= since and (seconds := processor_seconds(log)) is not None:
            by_rule[log.relative_to(LOGS).parts[0].removesuffix(".log")] += seconds
    return by_rule


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments = parser.parse_known_args()[1] or ["--cores", "all"]
    began = time.time()
    spent = followed([sys.executable, "-m", "snakemake", *arguments])
    if spent.status:
        sys.exit(f"Snakemake ended with status {spent.status}.")
    whole, own = spent.whole, sum(map(sum, spent.own))
    by_rule = by_rules(began)
    for rule, seconds in by_rule.most_common():
        print(f"{rule:28} {seconds:8.1f} s {seconds / whole:6.1%}")
    jobs, trained = by_rule.total(), sum(by_rule[rule] for rule in by_rule if rule.startswith("train_"))
    print(f"{'all jobs':28} {jobs:8.1f} s {jobs / whole:6.1%}")
    print(f"{'trainings':28} {trained:8.1f} s {trained / whole:6.1%}")
    print(f"{'Snakemake itself':28} {own:8.1f} s {own / whole:6.1%}")
    print(f"{'starts and ends of jobs':28} {whole - jobs - own:8.1f} s {(whole - jobs - own) / whole:6.1%}")
    print(f"{'the whole command':28} {whole:8.1f} s, {spent.clock:.0f} s on the clock")
