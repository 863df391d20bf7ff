"""Logging of the scripts: all of it, uncaught errors included, goes to the rule's log; errors also to the screen."""

from __future__ import annotations

import atexit
import faulthandler
import logging
import os
import re
import resource
import shutil
import sys
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.runtime.board import SHOWN
from rbcflow.runtime.parent_watch import end_with_snakemake

FULL = 4 * 2**20
"""Bytes left on a disk that is as good as full: what could not be written is often larger than what still can."""

SPENT = re.compile(r" INFO rbcflow\.processor: (\d+\.\d\d) s of processor time$", re.MULTILINE)
"""The last line of the log of a job that ended by itself."""


def configure(log: str | Path) -> None:
    """Send logging to a file and make an uncaught exception end up there and, shortened to its cause, on the screen.

    The log's last line is the processor time of the job and of all processes it waited for, from its start:
    Snakemake's benchmark samples ever more rarely, and says nothing of a job's last half minute.

    Args:
        log: the rule's log file; its folder exists already when Snakemake starts the job.
    """
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # a crash inside a compiled library leaves its Python line in the log, not an empty file
    faulthandler.enable(handler.stream)
    end_with_snakemake()
    atexit.register(_log_processor_time)

    def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
        # what a user can fix needs no lines of code
        described, lines = (f": {error}", None) if issubclass(kind, InputError) else ("", (kind, error, trace))
        logging.getLogger("rbcflow").critical("the job failed%s", described, exc_info=lines)
        # where a board is shown, Snakemake prints this log above it
        if SHOWN not in os.environ:
            if issubclass(kind, InputError):
                print(f"\nInputError: {error}\n", file=sys.stderr)
            else:
                sys.__excepthook__(kind, error, trace)
        # each library has its own words for a write that failed, or hides it, so the disk is asked
        if (left := shutil.disk_usage(Path(log).parent).free) < FULL:
            print(
                f"\nThe disk with {Path(log).parent} is full ({left / 2**20:.1f} MiB left). Make room and run the same "
                "command again: what is finished is kept.\n",
                file=sys.stderr,
            )

    sys.excepthook = report


def _log_processor_time() -> None:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(part.ru_utime + part.ru_stime for part in used)
    logging.getLogger("rbcflow.processor").info("%.2f s of processor time", seconds)


def processor_seconds(log: Path) -> float | None:
    """Return the processor time that the log of a job ends with, or None where there is no such line."""
    if not log.is_file():
        return None
    said = SPENT.findall(log.read_text(encoding="utf-8", errors="replace"))
    return float(said[-1]) if said else None
