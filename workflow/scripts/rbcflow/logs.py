"""Logging of the scripts: all of it, uncaught errors included, goes to the rule's log; errors also to the screen."""

from __future__ import annotations

import faulthandler
import logging
import sys
from pathlib import Path

from rbcflow.errors import InputError


def configure(log: str | Path) -> None:
    """Send logging to a file and make an uncaught exception end up there and, shortened to its cause, on the screen.

    Args:
        log: the rule's log file; its folder exists already when Snakemake starts the job.
    """
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # a crash inside a compiled library leaves its Python line in the log, not an empty file
    faulthandler.enable(handler.stream)

    def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
        logging.getLogger("rbcflow").critical("the job failed", exc_info=(kind, error, trace))
        if issubclass(kind, InputError):
            print(f"\nInputError: {error}\n", file=sys.stderr)
        else:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = report
