"""CPU seconds until Snakemake says that there is nothing to do, beside `snakemake --version`: the least of three.

``python bench/startup.py`` in the project's folder after `make report`, or `make bench`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

TIMES = 3
COMMANDS = {
    "--version": ["--version"],
    "nothing to do": ["--cores", "all"],
    "a dry run": ["--dry-run", "--cores", "all"],
}


def seconds(arguments: list[str]) -> tuple[float, str]:
    """Return the CPU seconds of a command, and its output."""
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "snakemake", *arguments], capture_output=True, text=True, check=True)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system,
        done.stdout + done.stderr,
    )


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if "Nothing to be done" not in seconds(COMMANDS["a dry run"])[1]:
        raise SystemExit("Results are missing or old: run `make report` first.")
    least = {name: min(seconds(arguments)[0] for _ in range(TIMES)) for name, arguments in COMMANDS.items()}
    for name, value in least.items():
        print(f"{name:14} {value:5.2f} s, {value / least['--version']:.2f} times --version")
