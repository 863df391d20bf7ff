"""Time and memory of the stages at 1, 4 and 16 times the images and frames, and what the preprint's scale would take.

``PYTHONPATH=workflow/scripts python bench/scale.py --json results/bench/scale.json --page docs/scale.md``, or `make
bench`. Each stage runs in a process of its own on small inputs of the project's own making. Seconds are processor
seconds of the stage with what it imports, which other work on the machine disturbs less than the clock; memory is the
process' largest, libraries included. How a stage grows is the exponent between 4 and 16 times (1: as its input). What
the preprint's scale (config/paper.yaml) would take is reckoned from the seconds an item at 16 times.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from generation import configured, plain_cells

from rbcflow.detector.hardware import processor
from rbcflow.runtime.memory import HUGE_PAGES

TIMES = (1, 4, 16)
VARIANT = "random_nosuperposition"
ITEMS = {"simulate": 4, "cut": 4, "compose": 40, "collect": 40, "train": 16, "predict": 20, "count": 20}
"""Items of each stage at 1 time."""

UNITS = {
    "simulate": "TIFF stacks of 14 pages",
    "cut": "TIFF stacks of 14 pages",
    "compose": "images",
    "collect": "images",
    "train": "images an epoch, YOLO11s, all layers",
    "predict": "images, YOLO11s",
    "count": "images",
}
PRODUCT = 1.15
"""Exponent above which a stage grows faster than its input, by more than the measurement's noise."""


def simulate(folder: Path, times: int) -> None:
    """Simulate a Naples phantom."""
    from rbcflow.laboratories.naples import phantom

    phantom.write(folder / f"raw{times}", seed=0, velocities=[0.12, 0.44, 0.7, 1.0], tiffs_per_velocity=times, pages=14)


def cut(folder: Path, times: int) -> None:
    """Cut the phantom's cells by background subtraction."""
    from rbcflow.cells.bank import write_bank
    from rbcflow.cells.cut import Job, cut_cells
    from rbcflow.sources.laboratories import known

    write_bank(
        folder / f"bank{times}",
        cut_cells(
            ["background"], Job("naples", "naples", folder / f"raw{times}", extraction=known()["naples"].extraction)
        ),
    )


def shards(folder: Path, times: int) -> dict[str, tuple[Path, range]]:
    """Return folder and indices of each split's shard: half of the items train, half test."""
    half = ITEMS["compose"] // 2 * times
    counts = {"train": half, "val": 4, "test": half}
    return {split: (folder / f"data{times}" / split / "shards/000", range(n)) for split, n in counts.items()}


def compose(folder: Path, times: int) -> None:
    """Compose images of plain cells."""
    from rbcflow.datasets.dataset import write_shard

    banks, splits = [folder / "cells/bank"], folder / "cells/splits.csv"
    for split, (shard, indices) in shards(folder, times).items():
        shard.parent.mkdir(parents=True)
        write_shard(configured(VARIANT), split=split, indices=indices, seed=0, banks=banks, splits=splits, folder=shard)


def collect(folder: Path, times: int) -> None:
    """Make one dataset of the shards."""
    from rbcflow.datasets import dataset

    made = {split: [shard] for split, (shard, _) in shards(folder, times).items()}
    dataset.collect(configured(VARIANT), shards=made, folder=folder / f"data{times}")


def train(folder: Path, times: int) -> None:
    """Train an epoch from random weights, on as many images as there are items."""
    from rbcflow.training.train import train as train_model

    data = folder / f"data{times}"
    listed = data / "train.txt"
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[: ITEMS["train"] * times]))
    train_model(
        data / "data.yaml", folder / f"model{times}", architecture="yolo11s.yaml", weights=None, weights_sha256=None,
        epochs=1, batch=16, imgsz=200, seed=0, threads=1, data_fingerprint="", overrides={"close_mosaic": 0},
    )  # fmt: skip


def predict(folder: Path, times: int) -> None:
    """Find the boxes of the test images."""
    from rbcflow.predictions.predict import Predictor
    from rbcflow.testsets.composed import build_variant_test

    testset = folder / f"testset{times}"
    frames = ITEMS["predict"] * times
    build_variant_test(folder / f"data{times}", testset, name="test", origin=["phantom"], max_frames=frames)
    predictor = Predictor(folder / "model1/weights/best.pt", "bench", threads=1)
    predictor.predict(testset, folder / f"boxes{times}.parquet", run="bench")


def count(folder: Path, times: int) -> None:
    """Count everything from boxes and truth."""
    from rbcflow.metrics.run import evaluate

    known = {"run": "bench", "model": "bench", "training": {"learned_from": ["phantom"], "remarks": []}}
    boxes, testset = folder / f"boxes{times}.parquet", folder / f"testset{times}"
    evaluate(boxes, testset, folder / f"counts{times}", conf=0.25, iou=0.45, **known)


STAGES: dict[str, Callable[[Path, int], None]] = {
    "simulate": simulate,
    "cut": cut,
    "compose": compose,
    "collect": collect,
    "train": train,
    "predict": predict,
    "count": count,
}


def run(stage: str, folder: Path, times: int) -> dict[str, float]:
    """Run a stage in this process and return its processor seconds and the process' largest memory in MB."""
    began = time.process_time()
    STAGES[stage](folder, times)
    seconds = time.process_time() - began
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {"seconds": seconds, "mb": int(status["VmHWM"].split()[0]) / 1024}


def measure(folder: Path, times: tuple[int, ...]) -> dict[str, list[dict[str, float]]]:
    """Return seconds and memory of every stage at every scale."""
    (folder / "cells").mkdir()
    _, splits = plain_cells(folder / "cells", np.random.default_rng(0))
    cells = pd.read_csv(splits)
    cells.assign(split=np.resize(["train"] * 3 + ["val"] * 3 + ["test"] * 3, len(cells))).to_csv(splits, index=False)
    rows: dict[str, list[dict[str, float]]] = {stage: [] for stage in STAGES}
    for scale in times:
        for stage in STAGES:
            command = [sys.executable, __file__, "--stage", stage, str(folder), str(scale)]
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=HUGE_PAGES | dict(os.environ)
            )
            row = json.loads(done.stdout.splitlines()[-1])
            rows[stage].append({"times": scale, "items": ITEMS[stage] * scale, **row})
            print(f"{stage:8} x{scale:<3} {row['seconds']:7.2f} s {row['mb']:7.0f} MB", flush=True)
    return rows


def exponent(rows: list[dict[str, float]]) -> float:
    """Return how a stage's seconds grow with its items between the last two scales: 1 is as fast as they do.

    Seconds that do not depend on the number of items, such as imports, are those of the first scale's and are left out.
    """
    first, middle, last = rows[0], rows[-2], rows[-1]
    fixed = max(0.0, first["seconds"] - (middle["seconds"] - first["seconds"]) / (middle["items"] / first["items"] - 1))
    growth = (last["seconds"] - fixed) / max(middle["seconds"] - fixed, 1e-6)
    return math.log(growth) / math.log(last["items"] / middle["items"])


def paper_items() -> dict[str, int]:
    """Return how many items the preprint's scale has where its configuration says: composed, trained, own tests."""
    paper = yaml.safe_load(Path("config/paper.yaml").read_text(encoding="utf-8"))
    models = [name for name, row in paper["models"].items() if row.get("training")]
    images = sum(paper["images"].values()) * len(models)
    own = paper["images"]["test"] * len(models)
    passes = sum(paper["models"][name]["training"]["epochs"] for name in models) * paper["images"]["train"]
    return {"compose": images, "collect": images, "train": passes, "predict": own, "count": own}


def table(rows: dict[str, list[dict[str, float]]]) -> list[str]:
    """Return the page's table: what was run, how it grows, and what is reckoned from it."""
    header = "".join(f" x{times}: s | MB |" for times in TIMES)
    lines = [f"| stage | items at x1 |{header} grows as | reckoned at the preprint's scale |"]
    lines.append("|" + "---|" * (4 + 2 * len(TIMES)))
    items = paper_items()
    for stage, own in rows.items():
        cells = "".join(f" {row['seconds']:.2f} | {row['mb']:.0f} |" for row in own)
        each = (own[-1]["seconds"] - own[0]["seconds"]) / (own[-1]["items"] - own[0]["items"])
        reckoned = (
            f"{items[stage]:,} items: {each * items[stage] / 3600:.2f} h" if stage in items else "as the files are"
        )
        power = exponent(own)
        mark = " (**faster than its input**)" if power > PRODUCT else ""
        lines.append(f"| {stage} | {own[0]['items']} {UNITS[stage]} |{cells} n^{power:.2f}{mark} | {reckoned} |")
    return lines


def page(result: dict[str, Any]) -> str:
    """Return docs/scale.md."""
    middle, last = result["stages"]["train"][-2:]
    grown = (last["mb"] - middle["mb"]) / (last["items"] - middle["items"])
    return "\n".join(
        [
            "# Scale",
            "",
            f"Written by `bench/scale.py` (`make bench`). Measured on one thread of: {result['processor']}.",
            "Columns with s and MB were really run, each stage in a process of its own: processor seconds, its imports",
            "included, and the largest memory. The last column is reckoned from the seconds an item between first and",
            "last scale, never run. Images are of plain ellipses, which cost what cells of their size do; x16 is",
            "about a variant of the embedded default. Figures, segmentation networks and the report are not in it.",
            "",
            *table(result["stages"]),
            "",
            f"A training keeps its images decoded (`cache: ram`, 0.12 MB each); its memory grew by {grown:.2f} MB",
            "an image between the last two scales, batches that fill the allocator's cache among it.",
            "",
        ]
    )


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path, help="Markdown file to write")
    parser.add_argument("--stage", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        stage, folder, times = options.stage
        print(json.dumps(run(stage, Path(folder), int(times))))
        return
    with tempfile.TemporaryDirectory() as folder:
        result = {"processor": processor(), "stages": measure(Path(folder), TIMES)}
    print("\n".join(table(result["stages"])))
    for target, text in ((options.json, json.dumps(result, indent=1) + "\n"), (options.page, page(result))):
        if target:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
