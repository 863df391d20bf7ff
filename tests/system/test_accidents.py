"""Accidents: after each the same data, weights and numbers as without it, nothing done twice, and a word what to do.

What was measured is in docs/accidents.md.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from accident_project import (
    CELLS,
    DATA,
    EPOCHS,
    METRICS,
    MINI,
    MODEL,
    NAME,
    RECORDED,
    REPORT,
    Finished,
    Place,
    jobs_of,
    kill,
    wait_for,
)  # fmt: skip

pytestmark = pytest.mark.slow

KILLED = {
    "recorded": (
        ("simulate_phantom", "recorded/logs/simulate_phantom/naples.log"),
        ("cut_cells", "recorded/logs/cut_cells/naples.log"),
    ),
    "mini": (
        ("compose_shard", "results/logs/compose_shard/synthetic-train-001.log"),
        ("train_model", "train_model.py"),
        ("train_model", "results/models/synthetic/seed-0/work/key.json"),
        ("train_model", "results/models/synthetic/seed-0/work/run/weights/last.pt"),
        ("predict_synthetic", "results/logs/predict_model/synthetic.log"),
        ("draw_run_synthetic", "results/logs/draw_run/synthetic.log"),
        ("render_report", "results/logs/render_report.log"),
    ),
}
"""By scale: a rule, and a file that its job writes while it is at work, or its script, killed in its imports.

A training writes its first weights after an epoch.
"""
COUNTED_AFTER = (
    "collect_errors_synthetic",
    "check_metrics",
    "compare_runs",
    "compare_sizes",
    "evaluate_claims",
    "draw_run_synthetic",
)
"""Rules that follow from a run's metrics."""
ADVICE = "What is finished is kept: fix what is named above and run the same command again."


@pytest.fixture(scope="module")
def undisturbed(finished: Finished) -> Place:
    """A place in which everything was made without an accident."""
    finished.place.run(CELLS, *RECORDED)
    return finished.place


@pytest.fixture
def copied(undisturbed: Place, tmp_path: Path) -> Place:
    """Its whole folder somewhere else, with the times of its files."""
    shutil.copytree(undisturbed.folder, tmp_path / NAME, symlinks=True)
    return Place(tmp_path / NAME)


def finished_in(place: Place) -> Counter[str]:
    """Return how often a job of each rule has finished in all runs of a place."""
    return sum((run.finished for run in place.runs), Counter())


def planned(place: Place, *arguments: str) -> Counter[str]:
    """Return the jobs a dry run would run."""
    lines = place.run("--dry-run", *arguments).printed.splitlines()
    counted = (line.split() for line in lines if len(line.split()) == 2 and line.split()[1].isdecimal())
    return Counter({rule: int(count) for rule, count in counted if rule != "total"})


@pytest.mark.parametrize("scale", ["recorded", "mini"])
def test_killed_in_every_stage(undisturbed: Place, tmp_path: Path, record_property, scale: str):
    place, killed_at = Place.new(tmp_path / NAME), []
    target, files = (CELLS, RECORDED) if scale == "recorded" else (REPORT, MINI)
    for rule, sign in KILLED[scale]:
        run = place.start(target, *files)
        seen = partial(jobs_of, place, sign) if sign.endswith(".py") else (place.folder / sign).exists
        wait_for(seen, run)
        kill(run)
        killed_at.append((rule, sign, time.time(), len(place.runs)))
        # the job is an orphan now: it ends by itself, before it could write beside the next one
        wait_for(lambda: not jobs_of(place))
        logs = (path.read_text() for path in place.folder.glob("re*/logs/**/*.log"))
        # the last moments of a job need not see that it became one
        assert time.time() < killed_at[-1][2] + 2 or any("Snakemake is gone" in log for log in logs), sign
        if rule == "simulate_phantom":
            assert "--unlock" in place.run(target, *files, ok=False).printed
        if rule == KILLED[scale][0][0]:
            place.run("--unlock", *files)
        else:
            # what the command does, without a start of Snakemake
            shutil.rmtree(place.folder / ".snakemake/locks")
    place.run(target, *files)
    for rule, sign, moment, after in killed_at:
        again = next(when for run in place.runs[after:] if (when := run.finished_at(rule)))
        record_property(f"seconds to recover, {rule} after {Path(sign).name}", round(again - moment))
    assert "Nothing to be done" in place.run(target, *files).printed
    assert finished_in(place) == undisturbed.runs[scale == "recorded"].finished
    if scale == "recorded":
        cells = [pd.read_csv(one.folder / CELLS, dtype=str) for one in (place, undisturbed)]
        assert len(cells[0]) > 10
        assert cells[0].equals(cells[1])
    else:
        assert place.fingerprints() == undisturbed.fingerprints()
        # the job ends up to a second after Snakemake
        (epochs,) = json.loads((place.folder / MODEL).read_text())["resumed_after"]
        assert 1 <= epochs < EPOCHS


def test_two_at_once_behind_a_symlinked_results_folder(undisturbed: Place, tmp_path: Path, record_property):
    place = Place.new(tmp_path / "plain")
    (tmp_path / "other disk").mkdir()
    (place.folder / "results").symlink_to(tmp_path / "other disk")
    first = place.start(MODEL, *MINI)
    wait_for((place.folder / "results/logs/simulate_cells/simulated.log").exists, first)
    second = place.run(MODEL, *MINI, ok=False)
    assert first.process.poll() is None
    assert "Directory cannot be locked" in second.printed
    assert "no other Snakemake process" in second.printed
    assert not second.finished
    record_property("seconds until the second gave up", round(second.seconds))
    assert first.end() == 0
    expected = undisturbed.fingerprints()
    assert place.fingerprints() == {name: expected[name] for name in ("data", "weights")}
    assert (tmp_path / "other disk" / "datasets/synthetic/data.yaml").is_file()
    assert "Nothing to be done" in place.run(MODEL, *MINI).printed


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, mounted where there is a right to."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a disk that can be filled needs the right to mount one: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def resize(disk: Path, kibibytes: int) -> None:
    """Leave so much room on the disk."""
    used = shutil.disk_usage(disk).used // 1024
    subprocess.run(["mount", "-o", f"remount,size={used + kibibytes}k", disk], check=True)


def test_disk_full_in_generation_and_in_training(undisturbed: Place, tmp_path: Path, disk: Path, record_property):
    place = Place.new(tmp_path / NAME)
    (place.folder / "results").symlink_to(disk)
    place.run("results/splits/grouped/simulated.csv", *MINI)
    for target, rule, room in ((DATA, "compose_shard", 120), (MODEL, "train_model", 3000)):
        resize(disk, room)
        printed = place.run(target, *MINI, ok=False).printed
        assert "is full (" in printed
        assert "Make room and run the same command again" in printed
        assert ADVICE in printed
        resize(disk, 256 * 1024)
        again = place.run(target, *MINI)
        record_property(f"seconds to recover, {rule}", round(again.seconds))
        assert again.finished[rule] >= 1
    assert len(pd.read_csv(place.folder / MODEL.replace("training.json", "results.csv"))) == EPOCHS
    expected = undisturbed.fingerprints()
    assert place.fingerprints() == {name: expected[name] for name in ("data", "weights")}
    ran = finished_in(place)
    assert ran == Counter({rule: count for rule, count in finished_in(undisturbed).items() if rule in ran}) - Counter(
        {"split_cells": 1}  # the report compares with the other scheme too
    )


def test_a_worker_killed_as_for_want_of_memory(copied: Place, undisturbed: Place, record_property):
    for name in ("models", "validation", "cards", "figures", "predictions", "testsets"):
        shutil.rmtree(copied.folder / "results" / name)
    run = copied.start(MODEL, *MINI)
    wait_for((copied.folder / "results/models/synthetic/seed-0/work/key.json").exists, run)
    (job,) = jobs_of(copied)
    os.kill(job, signal.SIGKILL)
    assert run.end() == 1
    assert "Error in rule train_model" in run.printed
    assert "SIGKILL" in run.printed or "exit status 137" in run.printed or "Killed" in run.printed
    assert "ran out of memory: fewer --cores" in run.printed
    again = copied.run(MODEL, *MINI)
    record_property("seconds to recover", round(again.seconds))
    assert again.finished == Counter(train_model=1)
    assert copied.fingerprints()["weights"] == undisturbed.fingerprints()["weights"]


def test_results_moved_away_and_back(copied: Place, undisturbed: Place, record_property):
    results, away = copied.folder / "results", copied.folder.parent / "away"
    results.rename(away)
    assert planned(copied, REPORT, *MINI)["train_model"] == 1
    away.rename(results)
    again = copied.run(REPORT, *MINI)
    record_property("seconds to see that all is there", round(again.seconds))
    assert "Nothing to be done" in again.printed
    assert copied.fingerprints() == undisturbed.fingerprints()


def test_results_moved_elsewhere(copied: Place, undisturbed: Place, record_property):
    (copied.folder / "results").rename(copied.folder.parent / "elsewhere")
    (copied.folder / "recorded").rename(copied.folder.parent / "measured")
    elsewhere = ["--config", "pathvars={'results': '../elsewhere'}"]
    again = copied.run("../elsewhere/report.html", *MINI, *elsewhere)
    record_property("seconds to see that all is there", round(again.seconds))
    assert "Nothing to be done" in again.printed
    # what reads raw files finds them where they are now
    measured = ["--config", "pathvars={'results': '../measured'}", "--forcerun", "cut_cells"]
    assert copied.run("../measured/cells/naples/cells.csv", *RECORDED, *measured).finished == Counter(cut_cells=1)
    tables = [copied.folder.parent / "measured/cells/naples/cells.csv", undisturbed.folder / CELLS]
    assert tables[0].read_bytes() == tables[1].read_bytes()
    again = copied.run("../elsewhere/report.html", *MINI, *elsewhere, "--forcerun", "predict_synthetic")
    assert again.finished["evaluate_synthetic"] == 1
    assert not again.finished["train_model"]
    assert copied.fingerprints("../elsewhere") == undisturbed.fingerprints()


def test_a_clone_without_metadata_over_finished_results(undisturbed: Place, tmp_path: Path, record_property):
    place = Place.new(tmp_path / NAME)
    shutil.copytree(undisturbed.folder / "results", place.folder / "results")
    for file in place.folder.rglob("*"):
        if file.is_file() and "results" not in file.relative_to(place.folder).parts:
            file.touch()
    again = place.run(REPORT, *MINI)
    ran = again.finished
    record_property("seconds to recover", round(again.seconds))
    # a test set is evaluated again, since its annotations' file is newer; no cell is simulated or cut, nothing trained
    assert set(ran) <= {
        "build_testset", "predict_synthetic", "compare_with_universal", "evaluate_synthetic", "write_model_card",
        "render_report", *COUNTED_AFTER,
    }  # fmt: skip
    assert place.fingerprints() == undisturbed.fingerprints()
    assert "Nothing to be done" in place.run(REPORT, *MINI).printed


def test_files_from_the_future(copied: Place, undisturbed: Place, record_property):
    day = 24 * 3600
    for file in copied.folder.rglob("*"):
        if "results" in file.parts and not file.is_symlink():
            stat = file.stat()
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + day * 10**9))
    printed = copied.run(REPORT, *MINI).printed
    assert "Nothing to be done" in printed
    assert "hours from the future" in printed
    assert "python -m rbcflow.runtime.clock results" in printed
    for name in (METRICS, REPORT):
        (copied.folder / name).unlink()
    assert "clock skew" in copied.run(REPORT, *MINI, ok=False).printed
    # as the message says
    command = [sys.executable, "-m", "rbcflow.runtime.clock", "results"]
    subprocess.run(command, cwd=copied.folder, env={**os.environ, "PYTHONPATH": "workflow/scripts"}, check=True)
    again = copied.run(REPORT, *MINI)
    record_property("seconds to recover", round(again.seconds))
    assert set(again.finished) == {"evaluate_synthetic", "write_model_card", "render_report", *COUNTED_AFTER}
    assert "from the future" not in again.printed
    assert copied.fingerprints() == undisturbed.fingerprints()
    assert "Nothing to be done" in copied.run(REPORT, *MINI).printed
