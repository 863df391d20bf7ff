"""A project small enough to be killed often: one variant of a dozen images, one model of four epochs, one figure."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import snakemake_server
from project_copy import PROJECT
from raw_inputs import noise, write_tiff

EPOCHS = 4
RECORDED_AT = 1_600_000_000
TABLES = {
    "sources.yaml": """\
simulated: {title: simulated cells, layout: simulated, access: simulated, licence: x, availability: x, reference: x}
naples: {title: stacks, layout: naples, access: local, path: mini/raw, licence: x, availability: x, reference: x}
""",
    "banks.yaml": "simulated: {title: simulated cells, source: simulated, methods: [simulated]}\n",
    "cut.yaml": """\
simulated: {title: simulated cells, source: simulated, methods: [simulated]}
naples: {title: stacks, source: naples, methods: [background]}
""",
    "variants.yaml": "synthetic: {title: simulated cells, banks: [simulated]}\n",
    "models.yaml": f"""\
synthetic: {{title: a detector, variant: synthetic, training: {{epochs: {EPOCHS}}}}}
starter: {{title: starter, variant: synthetic}}
""",
    "runs.tsv": "run\tmodel\ttestset\tpublished_as\nsynthetic-on-synthetic_test\tsynthetic\tsynthetic_test\t\n",
    "figures.yaml": """\
- {id: matrix, per: run, draws: confusion_matrix, inputs: [run_folder], title: t, caption: c, section: validation}
""",
    "testsets.yaml": "naples: {title: stacks, source: naples, kind: naples}\n",
    "mini.yaml": """\
tables: {sources: mini/sources.yaml, banks: mini/banks.yaml, variants: mini/variants.yaml, models: mini/models.yaml,
  runs: mini/runs.tsv, figures: mini/figures.yaml, testsets: mini/testsets.yaml}
phantom: {simulated_per_class: 12}
images: {train: 12, val: 4, test: 4}
shard_size: 8
training: {batch: 4, imgsz: 64}
""",
    "recorded.yaml": """\
tables: {banks: mini/cut.yaml}
sources: {naples: {access: phantom}}
pathvars: {results: recorded}
phantom: {velocities: [0.7], tiffs_per_velocity: 2, pages: 5}
""",
}
MINI = ("--configfile", "mini/mini.yaml")
RECORDED = ("--configfile", "mini/mini.yaml", "mini/recorded.yaml")
REPORT = "results/report.html"
DATA = "results/datasets/synthetic/fingerprint.txt"
MODEL = "results/models/synthetic/seed-0/training.json"
METRICS = "results/validation/synthetic-on-synthetic_test/metrics.json"
NAME = "rbc flow – Größe 血"
"""Blanks, a dash, an umlaut and a sign of three bytes: nearly all places have them in their path."""
BLOCKED = """
import os, socket

def refuse(*arguments):
    with open(os.environ["ATTEMPTS"], "a") as file:
        file.write(f"{arguments}\\n")
    raise OSError("the network is blocked")

def guarded(function):
    def connect(self, address):
        return function(self, address) if self.family == socket.AF_UNIX else refuse(address)
    return connect

socket.socket.connect = guarded(socket.socket.connect)
socket.socket.connect_ex = guarded(socket.socket.connect_ex)
socket.getaddrinfo = refuse
"""
"""A sitecustomize that notes and refuses every connection and look-up of a name."""
STAGES = (DATA, MODEL, METRICS)
CELLS = "recorded/cells/naples/cells.csv"
SECONDS = 180


@dataclass
class Run:
    """A Snakemake that was started: what it prints, the process, and how long it took if it was waited for."""

    process: subprocess.Popen | None
    output: Path
    seconds: float = 0.0

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(errors="replace")

    @property
    def finished(self) -> Counter[str]:
        """How many jobs of each rule have finished."""
        return Counter(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", self.printed, re.MULTILINE))

    def finished_at(self, rule: str) -> float | None:
        """When the first job of a rule finished, in seconds since the epoch, None where none did."""
        stamped = re.search(rf"^\[(.+)\]\nFinished jobid: \d+ \(Rule: {rule}\)$", self.printed, re.MULTILINE)
        return time.mktime(time.strptime(stamped[1])) if stamped else None

    def end(self) -> int:
        """Wait for it and return its exit code."""
        return self.process.wait(SECONDS)


@dataclass
class Place:
    """A copy of the project with the small tables; ``prefix`` is a program that is given Snakemake's command."""

    folder: Path
    runs: list[Run] = field(default_factory=list)
    prefix: tuple[str, ...] = ()

    @classmethod
    def new(cls, folder: Path) -> Place:
        """Copy what a run needs into a folder."""
        command = ["git", "ls-files", "-zco", "--exclude-standard"]
        listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
        for name in listed.stdout.split("\0"):
            if name and not name.startswith(("tests/", "bench/", ".ci/")) and (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, folder / name)
        (folder / "mini").mkdir()
        for name, text in TABLES.items():
            (folder / "mini" / name).write_text(text)
        recording = folder / "mini/raw/v 0.12 cm:s/glob001.tif"
        write_tiff(recording, [noise(32, 48, 3)] * 3)
        # the records of two places shall differ in no time of a raw file
        os.utime(recording, (RECORDED_AT, RECORDED_AT))
        return cls(folder)

    def start(self, *arguments: str, **environment: str) -> Run:
        """Start Snakemake and return at once."""
        output = self.folder / f"printed-{len(self.runs)}.txt"
        command = [*self.prefix, sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
        with output.open("w") as file:
            process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **environment}, stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.runs.append(Run(process, output))
        return self.runs[-1]

    def run(self, *arguments: str, ok: bool = True, **environment: str) -> Run:
        """Run Snakemake to its end."""
        started = time.monotonic()
        if self.prefix or not snakemake_server.can_run(environment):
            run = self.start(*arguments, **environment)
            code = run.end()
        else:
            run = Run(None, self.folder / f"printed-{len(self.runs)}.txt")
            self.runs.append(run)
            whole = {**os.environ, **environment}
            code = snakemake_server.run(self.folder, ["--cores", "1", *arguments], whole, run.output, SECONDS)
        assert (code == 0) is ok, run.printed[-6000:]
        run.seconds = time.monotonic() - started
        return run

    def fingerprints(self, results: str = "results") -> dict[str, str]:
        """Return what identifies data, weights and numbers, of those that are there; no time and no place is in it."""
        data, model, metrics = (self.folder / results / Path(name).relative_to("results") for name in STAGES)
        found = {}
        if data.is_file():
            found["data"] = data.read_text().strip()
        if model.is_file():
            found["weights"] = json.loads(model.read_text())["state_sha256"]
        if metrics.is_file():
            numbers = json.loads(metrics.read_text()) | {"frames_per_second": None}
            found["numbers"] = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()
        return found


@dataclass
class Finished:
    """A place in which everything was made without an accident, without a network and with an empty home."""

    place: Place
    home: Path
    attempts: Path
    environment: dict[str, str]


def finished_once(base: Path) -> Finished:
    """Return the finished place below a folder; of all processes that ask, the first makes it."""
    folder = base / "finished"
    home, attempts, site, done = (folder / name for name in ("home", "attempts", "site", "done"))
    folder.mkdir(exist_ok=True)
    environment = {"PYTHONPATH": str(site), "ATTEMPTS": str(attempts), "HOME": str(home)}
    environment |= {"XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            # a process that failed may have left some of it
            for path in (home, site, folder / NAME):
                shutil.rmtree(path, ignore_errors=True)
            for path in (home, site):
                path.mkdir()
            (site / "sitecustomize.py").write_text(BLOCKED)
            attempts.touch()
            place = Place.new(folder / NAME)
            # a network of its own with nobody in it, where that is permitted
            alone = ("unshare", "--net")
            place.prefix = alone if subprocess.run([*alone, "true"], capture_output=True).returncode == 0 else ()
            place.run(REPORT, *MINI, **environment)
            done.touch()
    place = Place(folder / NAME)
    place.runs.append(Run(None, place.folder / "printed-0.txt"))
    return Finished(place, home, attempts, environment)


def jobs_of(place: Place, name: str = "") -> list[int]:
    """Return the processes of Snakemake's scripts, or of one of a name, that run in a place."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command, folder = (entry / "cmdline").read_bytes(), (entry / "cwd").readlink()
            except OSError:
                continue
            program, _, scripts = command.partition(b"\0")
            script = b".snakemake/scripts" in scripts and name.encode() in scripts and b"python" in program
            if script and folder == place.folder.resolve():
                found.append(int(entry.name))
    return found


def wait_for(condition: Callable[[], object], run: Run | None = None, seconds: float = SECONDS) -> None:
    """Wait until something is the case; a run that ends meanwhile is an error."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        assert run is None or run.process.poll() is None, run.printed[-4000:]
        time.sleep(0.01)


def kill(run: Run) -> None:
    """Kill Snakemake alone, as `kill -9` does: its job is an orphan."""
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
