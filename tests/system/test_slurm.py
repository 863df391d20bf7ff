"""A DAG on a real Slurm of one node, through profiles/slurm, beside the same DAG run locally.

`make test` runs the DAG of ``accident_project``, `make test-slurm` the toy one as well. The tests of a scale share both
runs. On the cluster one job is given too little memory the first time, and another is cancelled while it runs, as a
user would do with ``scancel``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from accident_project import MINI, Finished, Place
from project_copy import PROJECT

pytestmark = pytest.mark.slurm

CLUSTER = PROJECT / "tests/slurm/cluster.sh"
ON_SLURM = [
    *("--workflow-profile", "profiles/slurm", "--cores", "2", "--latency-wait", "20"),
    # asks for jobs at once; keeps the logs of jobs that went well
    *("--slurm-init-seconds-before-status-checks", "1", "--slurm-keep-successful-logs"),
]
NOT_HERE = 77
"""What ``cluster.sh`` ends with where neither Slurm nor the right to install it is there."""
ASKED_OFTEN = """
import asyncio

sleep = asyncio.sleep
asyncio.sleep = lambda seconds, *rest: sleep(min(seconds, 2), *rest)
"""
"""A sitecustomize for a cluster nobody shares: each time that no job has ended the plugin asks ten seconds later."""
STARVED = "simulate_cells:simulated"
FIELDS = ["JobID", "State", "Partition", "ReqMem", "TimelimitRaw", "AllocTRES", "ElapsedRaw", "Comment"]
LONGEST = 3000
"""Seconds after which a run counts as hung."""


@dataclass(frozen=True)
class Scale:
    """A DAG: its configuration, what is special about it on the cluster, and how much of it there is at least.

    Attributes:
        files: Snakemake's arguments for it.
        cancelled: the job that the user cancels.
        groups: what shares Slurm jobs.
        local: rules of the login node.
        shards_a_job: how many share a job.
        most_jobs: a bound on Slurm jobs.
        tables: how many files are compared byte for byte; so with the report's texts and pictures.
    """

    files: tuple[str, ...]
    cancelled: str
    groups: tuple[str, ...]
    local: tuple[str, ...]
    shards_a_job: int
    most_jobs: int
    tables: int
    texts: int
    pictures: int


SCALES = {
    "small": Scale(
        files=MINI,
        cancelled="train_model:synthetic_0",
        groups=("shards", "testsets", "predictions", "metrics", "figures"),
        local=("split_cells", "collect_dataset", "render_report"),
        shards_a_job=2,
        most_jobs=20,
        tables=5,
        texts=300,
        pictures=0,
    ),
    "toy": Scale(
        files=("--configfile", "config/toy.yaml"),
        cancelled="train_model:random_0",
        groups=("phantoms", "networks", "outlines", "shards", "testsets", "predictions", "metrics", "figures"),
        local=("fetch_recordings", "split_cells", "collect_dataset", "compare_published", "render_report"),
        shards_a_job=4,
        most_jobs=60,
        tables=70,
        texts=5000,
        pictures=100,
    ),
}


@dataclass(frozen=True)
class Job:
    """A line of sacct: what a Slurm job asked for, what became of it, and the largest memory of its steps in KiB."""

    number: int
    state: str
    partition: str
    mem_mb: int
    minutes: int
    gpus: int
    seconds: int
    what: str
    used_kib: int

    def log(self, folder: Path) -> Path:
        """Return where its output went."""
        logs = list((folder / ".snakemake/slurm_logs").rglob(f"{self.number}.log"))
        assert len(logs) == 1, (self, logs)
        return logs[0]


@dataclass
class Run:
    """A clone of the project in which the toy DAG ran, what Snakemake printed, and its Slurm jobs where it had some."""

    folder: Path
    printed: str
    jobs: list[Job]

    def of(self, key: str) -> list[Job]:
        """Return the jobs of ``rule:wildcards``, or of a rule or group, oldest first."""
        rule, _, wildcards = key.partition(":")
        start = f"rule_{rule}_wildcards_{wildcards}" if wildcards else f"rule_{rule}_"
        return [job for job in self.jobs if f"{job.what}_".startswith(f"{start}_" if wildcards else start)]


@pytest.fixture(scope="module", params=["small", pytest.param("toy", marks=pytest.mark.long)])
def scale(request: pytest.FixtureRequest) -> Scale:
    """The DAG."""
    return SCALES[request.param]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which sbatch, squeue and sacct talk to a cluster that lives as long as the module."""
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([CLUSTER, "start", folder], capture_output=True, text=True)
    if started.returncode == NOT_HERE:
        pytest.skip(started.stderr.strip())
    try:
        assert started.returncode == 0, f"no Slurm to test on:\n{started.stderr}"
        yield {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    finally:
        subprocess.run([CLUSTER, "stop", folder], check=True)


def adapt_profile(profile: Path, shards: int) -> None:
    """Enter partitions, account and shards a job where docs/cluster.md says; let the job ``STARVED`` fail at first."""
    text = profile.read_text()
    for pattern, filled in (
        (r'(?s)(default-resources:.*?slurm_partition: )""', r"\1cpu"),
        (r'(slurm_account: )""', r"\1local"),
        (r'(?s)(&with_gpu.*?slurm_partition: )""', r"\1gpu"),
        (r"(  shards: )\d+", rf"\g<1>{shards}"),
        (r"(set-resources:\n)", r'\1  simulate_cells:\n    mem_mb: "100 if attempt == 1 else 2000"\n'),
    ):
        text, count = re.subn(pattern, filled, text, count=1)
        assert count == 1, pattern
    profile.write_text(text)


def snakemake(folder: Path, arguments: list[str], environment: dict[str, str]) -> str:
    """Run Snakemake and return what it printed."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-6000:]
    return printed


def cancel_once(what: str, environment: dict[str, str], stop: threading.Event) -> None:
    """Wait until the job with a comment runs, and cancel it."""
    comment = "rule_{}_wildcards_{}".format(*what.split(":"))
    while not stop.wait(1):
        queue = subprocess.run(
            ["squeue", "-h", "-t", "R", "-o", "%A %k"], env=environment, capture_output=True, text=True
        )
        running = [line.split()[0] for line in queue.stdout.splitlines() if line.split()[1:] == [comment]]
        if running:
            time.sleep(2)
            subprocess.run(["scancel", running[0]], env=environment, check=True)
            return


def read_jobs(environment: dict[str, str]) -> list[Job]:
    """Return every job that Slurm's accounting knows, oldest first."""
    asked = ["sacct", "--parsable2", "--noheader", "--units=K", "--format", ",".join([*FIELDS, "MaxRSS"])]
    listed = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True, timeout=60)
    jobs, used = [], {}
    for line in listed.stdout.splitlines():
        identity, state, partition, memory, minutes, allocated, seconds, what, rss = line.split("|")
        number = int(identity.split(".")[0])
        used[number] = max(used.get(number, 0), int(float(rss.rstrip("K") or 0)))
        if "." not in identity:
            gpus = re.search(r"gres/gpu=(\d+)", allocated)
            mem_mb = round(float(memory.rstrip("K")) / 1024)
            row = number, state, partition, mem_mb, int(minutes), int(gpus[1]) if gpus else 0, int(seconds), what
            jobs.append(row)
    return [Job(*row, used[row[0]]) for row in sorted(jobs)]


@pytest.fixture(scope="module")
def local(scale: Scale, finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The DAG on this machine without Slurm."""
    if scale.files == MINI:
        return Run(finished.place.folder, "", [])
    folder = Place.new(tmp_path_factory.mktemp("local")).folder
    return Run(folder, snakemake(folder, ["--cores", "2", *scale.files], dict(os.environ)), [])


@pytest.fixture(scope="module")
def slurm(scale: Scale, cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The DAG on Slurm; its jobs are printed."""
    folder = Place.new(tmp_path_factory.mktemp("submitted")).folder
    adapt_profile(folder / "profiles/slurm/profile.yaml", scale.shards_a_job)
    hurried = tmp_path_factory.mktemp("hurried")
    (hurried / "sitecustomize.py").write_text(ASKED_OFTEN)
    stop = threading.Event()
    user = threading.Thread(target=cancel_once, args=(scale.cancelled, cluster, stop))
    user.start()
    try:
        printed = snakemake(folder, [*ON_SLURM, *scale.files], {**cluster, "PYTHONPATH": str(hurried)})
    finally:
        stop.set()
        user.join()
    run = Run(folder, printed, read_jobs(cluster))
    for job in run.jobs:
        print(f"{job} {job.log(folder).relative_to(folder)}")
    return run


def test_the_profile_is_used_and_small_jobs_share_slurm_jobs(scale: Scale, slurm: Run):
    assert "Using workflow specific profile profiles/slurm" in slurm.printed
    assert len(slurm.jobs) < scale.most_jobs
    for group in scale.groups:
        assert slurm.of(group), group


def test_images_are_generated_in_several_jobs(scale: Scale, slurm: Run, local: Run):
    made, here = (
        {shard.relative_to(run.folder) for shard in (run.folder / "results/datasets").glob("*/*/shards/*")}
        for run in (slurm, local)
    )
    assert made == here
    assert len(slurm.of("shards")) == -(-len(made) // scale.shards_a_job) > 1


def test_downloads_tables_and_the_report_stay_on_the_login_node(scale: Scale, slurm: Run):
    for rule in scale.local:
        assert f"(Rule: {rule})" in slurm.printed
        assert slurm.of(rule) == []


def test_a_job_asks_for_what_its_rule_says(slurm: Run):
    first = slurm.of("train_model:synthetic_0")[0]
    assert (first.gpus, first.partition, first.mem_mb, first.minutes) == (1, "gpu", 6000, 720)
    assert all(job.gpus == 1 and job.partition == "gpu" for job in slurm.of("train_model"))
    assert all(job.gpus == 1 and job.partition == "gpu" for job in slurm.of("predictions"))
    others = set(slurm.jobs) - set(slurm.of("train_model")) - set(slurm.of("predictions"))
    assert {(job.gpus, job.partition) for job in others} == {(0, "cpu")}


def test_a_job_that_failed_is_sent_again_with_more(slurm: Run):
    first, second = slurm.of(STARVED)
    assert (first.state, first.mem_mb, first.minutes) == ("FAILED", 100, 20)
    assert (second.state, second.mem_mb, second.minutes) == ("COMPLETED", 2000, 40)
    assert "memory limit" in first.log(slurm.folder).read_text()


def test_a_job_that_was_cancelled_is_sent_again_with_more(scale: Scale, slurm: Run):
    first, second = slurm.of(scale.cancelled)
    assert first.state.startswith("CANCELLED by")
    assert (second.state, second.gpus) == ("COMPLETED", 1)
    assert (first.mem_mb, second.mem_mb, first.minutes, second.minutes) == (6000, 12000, 720, 1440)


def test_every_other_job_went_well_at_once_and_its_use_was_recorded(scale: Scale, slurm: Run):
    failed = {slurm.of(STARVED)[0], slurm.of(scale.cancelled)[0]}
    others = [job for job in slurm.jobs if job not in failed]
    assert {job.state for job in others} == {"COMPLETED"}
    assert all(0 < job.used_kib < job.mem_mb * 1024 and job.seconds > 0 for job in others)


def test_the_second_time_there_is_nothing_to_do(scale: Scale, slurm: Run, cluster: dict[str, str]):
    assert "Nothing to be done" in snakemake(slurm.folder, [*ON_SLURM, *scale.files], cluster)
    assert len(read_jobs(cluster)) == len(slurm.jobs)


def test_the_cluster_makes_what_this_machine_makes(scale: Scale, slurm: Run, local: Run):
    kinds = ["datasets/*/fingerprint.txt", "cells/*/cells.csv", "splits/*/*.csv", "testsets/*/truth.csv"]
    kinds.append("validation/*/*.csv")
    names = sorted(path.relative_to(local.folder) for kind in kinds for path in (local.folder / "results").glob(kind))
    assert len(names) > scale.tables
    assert [name for name in names if (slurm.folder / name).read_bytes() != (local.folder / name).read_bytes()] == []


TIMED_INPUTS = (
    "benchmarks", "metrics", "model_folder", "outlines", "predictions", "record", "records", "run_folder", "trainings",
    "weights",
)  # fmt: skip
"""Inputs in provenance records whose files hold times: their sums differ."""


def timed_texts(results: Path) -> Iterator[str]:
    """Yield the times, and the sums of files that hold times, that the report of some results shows."""
    for path in sorted(results.rglob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "training.json" and record.get("images_per_second"):
            yield f"{record['images_per_second']:.1f}"
        if path.name == "summary.json":
            yield from (f"{source['milliseconds_a_frame']:.1f}" for source in record["sources"])
        inputs = record.get("inputs") if isinstance(record, dict) else None
        for name, made_from in inputs.items() if isinstance(inputs, dict) else ():
            if name in TIMED_INPUTS and made_from.get("sha256"):
                yield made_from["sha256"][:12]


class Page(HTMLParser):
    """Texts and pictures of a run's report in their order, with times, and sums of files that hold times, masked."""

    TIMED_PARTS = ("speed",)
    TIMED_PICTURES = "fig-training_curves-"
    """Name the images a second."""

    def __init__(self, results: Path, timed: set[str]) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._within = ""
        self._timed = timed
        self.feed((results / "report.html").read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where we are, and pictures."""
        found = dict(attrs)
        self._within = found.get("id") or self._within
        if tag == "img" and not self._within.startswith(self.TIMED_PICTURES):
            self._add(found.get("src") or "")

    def handle_data(self, data: str) -> None:
        """Note a text with what is timed masked."""
        text = " ".join(data.split())
        text = re.sub(r"\b\d+(\.\d+)? (s|min|h)\b( \d+ (s|min)\b)?|\b\d+ frames a second", "TIME", text)
        self._add("TIME" if text in self._timed else text)

    def _add(self, shown: str) -> None:
        if shown and self._within not in self.TIMED_PARTS:
            self.shown.append(shown)


def test_the_report_from_slurm_is_the_local_one_but_for_times(scale: Scale, slurm: Run, local: Run):
    folders = [run.folder / "results" for run in (slurm, local)]
    # of both: what is a time here may by chance be another number there
    timed = {text for folder in folders for text in timed_texts(folder)}
    ours, theirs = (Page(folder, timed).shown for folder in folders)
    assert len(ours) == len(theirs) > scale.texts
    assert sum(shown.startswith("data:image") for shown in ours) > scale.pictures
    different = [(a[:200], b[:200]) for a, b in zip(ours, theirs, strict=True) if a != b]
    assert different == []
