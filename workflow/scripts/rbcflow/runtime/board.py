"""What a terminal shows of a run: jobs done, what runs now and how far it is, and the time left (Snakefile, `onstart`).

Snakemake's events (``LogEvent`` of its logger plugins' interface) tell what starts and ends; how far a job is stands in
the last line of its log, and how long jobs take in the benchmark files of the run before. Warnings, errors and the logs
of failed jobs are printed above, as Snakemake prints them. Where there is no terminal, Snakemake's own lines remain.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rbcflow.core.errors import InputError
from rbcflow.runtime.benchmarks import read_benchmark

SHOWN = "RBCFLOW_BOARD"
"""Set in the environment of jobs while their run has a board: they draw no bars of their own."""

SELDOM = ("job_info", "job_started", "job_finished", "progress", "shellcmd", "resources_info", "group_info")
"""Events that the board stands for."""

CHATTER = "Select jobs to execute..."
TOLD = re.compile(r"^[\d:]+ INFO (?:rbcflow|cellpose)[\w.]*: (.+)$")
"""A line of a job's log (``logs.configure``) that tells how far it is."""

EVERY = 0.5
"""Seconds between two looks."""

TAIL = 2048
"""Bytes of a log that its last line is looked for in."""

WIDTH = 24
"""Characters of the bar."""


@dataclass
class Job:
    """A job of the run.

    Attributes:
        message: what it does.
        log: its log, if it has one.
        seconds: how long it took in the run before, None where that is not known.
        alone: whether it waits for others of its kind, since they share one GPU.
        started: by ``time.monotonic``, None before.
    """

    message: str
    log: Path | None = None
    seconds: float | None = None
    alone: bool = False
    started: float | None = None


class Board(logging.Handler):
    """Takes the place of the handler that prints on the terminal, which prints what the board does not stand for.

    Args:
        plain: that handler.
        jobs: what will run, by number.
        cores: how many cores jobs share.
        stream: the terminal.
    """

    def __init__(self, plain: logging.Handler, jobs: dict[int, Job], cores: int, stream: TextIO) -> None:
        super().__init__()
        self.plain, self.jobs, self.cores, self.stream = plain, jobs, cores, stream
        self.running: dict[int, Job] = {}
        self.left = dict(jobs)
        self.failed, self.height, self.began = 0, 0, time.monotonic()
        self.over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Note what starts and ends; print what the board does not stand for above it."""
        event = getattr(record, "event", None)
        if event == "job_info":
            job = self.jobs.setdefault(record.jobid, Job(record.rule_name))
            job.message, job.started = record.rule_msg or record.rule_name, time.monotonic()
            self.running[record.jobid] = job
        elif event == "job_finished":
            self.running.pop(record.job_id, None)
            self.left.pop(record.job_id, None)
        elif event == "job_error":
            self.running.pop(record.jobid, None)
            self.failed += 1
        if record.levelno > logging.INFO or not (event in SELDOM or record.getMessage() == CHATTER):
            self._clear()
            self.plain.handle(record)

    def lines(self, now: float) -> list[str]:
        """Return what the board shows at a time."""
        total, done = len(self.jobs), len(self.jobs) - len(self.left)
        full = round(WIDTH * done / max(total, 1))
        failed = f", {self.failed} failed" if self.failed else ""
        left = self.seconds_left(now)
        # one that takes longer than last time says nothing
        time_left = f", about {clock(left)} left" if left else ""
        bar = f"{'#' * full}{'-' * (WIDTH - full)}"
        first = f"[{bar}] {done} of {total} jobs{failed}, {clock(now - self.began)} gone{time_left}"
        return [first, *(f"{clock(now - job.started):>7}  {_told(job)}" for job in self.running.values())]

    def seconds_left(self, now: float) -> float | None:
        """Return about how long the run still takes by the run before, None where nothing is known of it.

        A job that is not known of takes as long as the others in the mean.
        """
        known = [job.seconds for job in self.jobs.values() if job.seconds is not None]
        if not known:
            return None
        mean = sum(known) / len(known)
        rest = [(_rest(job, mean, now), job.alone) for job in self.left.values()]
        return max(sum(seconds for seconds, _ in rest) / self.cores, sum(seconds for seconds, alone in rest if alone))

    def close(self) -> None:
        """Leave a last line in place of the board."""
        if not self.over.is_set():
            self.over.set()
            with self.lock:
                self._clear()
                self.stream.write(self.lines(time.monotonic())[0].partition(", about")[0] + "\n")
                self.stream.flush()
            self.plain.close()
        super().close()

    def _look(self) -> None:
        while not self.over.wait(EVERY):
            with self.lock:
                self._clear()
                size = shutil.get_terminal_size()
                shown = [line[: size.columns - 1] for line in self.lines(time.monotonic())[: size.lines - 1]]
                self.stream.write("".join(f"{line}\n" for line in shown))
                self.stream.flush()
                self.height = len(shown)

    def _clear(self) -> None:
        """Take the board away, so that what is printed next stands where it was."""
        if self.height:
            self.stream.write(f"\x1b[{self.height}F\x1b[J")
            self.stream.flush()
        self.height = 0


def clock(seconds: float) -> str:
    """Return seconds as minutes, or hours and minutes, and seconds."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def last_told(log: Path | None) -> str:
    """Return the last line of a log that tells how far its job is, without time and names; "" where there is none."""
    if log is None or not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return next((found[1] for line in reversed(lines) if (found := TOLD.match(line))), "")


def _told(job: Job) -> str:
    far = last_told(job.log)
    return f"{job.message}: {far}" if far else job.message


def _rest(job: Job, mean: float, now: float) -> float:
    seconds = mean if job.seconds is None else job.seconds
    return seconds if job.started is None else max(seconds - (now - job.started), 0.0)


def read_seconds(benchmark: Path | None) -> float | None:
    """Return how long a job took by Snakemake's benchmark file, None where there is none, or none that can be read."""
    try:
        return read_benchmark(benchmark)[-1].seconds if benchmark else None
    except (InputError, IndexError):
        return None


def bars() -> bool:
    """Return whether a job may draw a bar of its own."""
    return sys.stderr.isatty() and SHOWN not in os.environ


def show(workflow: Any, logger: logging.Logger) -> None:
    """Put up a board where Snakemake prints on a terminal and runs jobs itself, unless it was told what to print."""
    asked = workflow.output_settings
    plain = next((own for own in logger.handlers if own.name == "DefaultStreamHandler"), None)
    told = asked.quiet or asked.verbose or asked.printshellcmds
    if plain is None or told or not workflow.local_exec or not workflow.is_main_process:
        return
    if not plain.stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return
    logger.removeHandler(plain)
    logger.addHandler(Board(plain, _jobs(workflow.dag), workflow.cores, plain.stream))
    os.environ[SHOWN] = "1"


def _jobs(dag: Any) -> dict[int, Job]:
    """Return what Snakemake is about to run."""
    return {
        dag.jobid(job): Job(job.rule.name, _first(job.log), read_seconds(_first([job.benchmark])), _alone(job))
        for job in dag.needrun_jobs()
    }


def _alone(job: Any) -> bool:
    return bool(job.resources.get("gpu", 0))


def _first(files: Iterable[Any]) -> Path | None:
    return next((Path(str(file)) for file in files if file), None)
