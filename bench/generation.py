"""How fast data sets are made: images a second on one core, against the cost of writing the same files.

``PYTHONPATH=workflow/scripts python bench/generation.py --json results/bench/generation.json``, or `make bench`. It
pastes plain ellipses, which cost the same as cells of their size. The floor is what no composer can go below: encoding
and writing the same PNG and label files. Stages are timed one by one; one process is compared with two that start
together; the largest memory of a process is taken after few and after four times as many images. Two pieces are also
timed against the straightforward way to write them: finding a free place by testing positions one after another on an
occupancy mask, and a smooth random field pixel by pixel in Python. Times are CPU seconds, except for the processes side
by side, where they are seconds on the clock.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml

from rbcflow.cells.bank import Cell, write_bank
from rbcflow.core.boxes import mask_box
from rbcflow.core.classes import CLASSES
from rbcflow.datasets.background import smooth_field
from rbcflow.datasets.dataset import PNG, label_text, write_shard
from rbcflow.datasets.image import Composite, compose, steps
from rbcflow.datasets.place import Placer
from rbcflow.datasets.spec import PRESETS, VariantSpec
from rbcflow.datasets.stock import load_stock

ROOT = Path(__file__).resolve().parents[1]
VARIANTS = tuple(PRESETS)


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least CPU seconds of several runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def configured(name: str) -> VariantSpec:
    """Return a variant as config/variants.yaml has it."""
    rows = yaml.safe_load((ROOT / "config/variants.yaml").read_text())
    return VariantSpec.from_dict({"name": name, **rows[name].get("compose", {})})


def plain_cells(folder: Path, rng: np.random.Generator) -> tuple[list[Path], Path]:
    """Write a bank of ellipses of 20-60 px on flat grey and its split table."""
    cells = []
    for frame in range(90):
        width, height = rng.integers(20, 61, 2).tolist()
        mask = np.zeros((height + 16, width + 16), np.uint8)
        cv2.ellipse(mask, (8 + width // 2, 8 + height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
        crop = np.where(mask > 0, rng.normal(100, 10, mask.shape), 150).astype(np.uint8)
        name = CLASSES[frame % 3]
        cells.append(
            Cell("plain", name, "", "r", frame, mask_box(mask), "simulated", "g", crop, mask > 0, background=150)
        )
    table = write_bank(folder / "bank", cells)[["cell_id", "source", "class", "group"]]
    table.assign(split="train").to_csv(folder / "splits.csv", index=False)
    return [folder / "bank"], folder / "splits.csv"


def write_only(composites: list[Composite], folder: Path) -> None:
    """Encode and write finished images and labels."""
    for index, composite in enumerate(composites):
        (folder / f"{index:05d}.png").write_bytes(cv2.imencode(".png", composite.image, PNG)[1])
        (folder / f"{index:05d}.txt").write_text(label_text(composite))


def measure_variant(name: str, n: int, banks: list[Path], splits: Path, folder: Path) -> dict[str, float]:
    """Return rates and shares of one variant."""
    spec = configured(name)
    stock = load_stock(spec, banks, splits, "train")
    composites = [compose(spec, "train", index, 0, stock) for index in range(n)]
    (folder / name).mkdir()
    making = cpu_seconds(lambda: [compose(spec, "train", index, 0, stock) for index in range(n)])
    floor = cpu_seconds(lambda: write_only(composites, folder / name))
    shard = {"split": "train", "indices": range(n), "seed": 0, "folder": folder / "shard"}
    whole = cpu_seconds(lambda: write_shard(spec, banks=banks, splits=splits, **shard))
    records = pd.DataFrame([composite.record for composite in composites])
    planned, placed = (records.filter(like=suffix).to_numpy().sum() / n for suffix in ("_count", "_placed"))
    return {
        "images": n,
        "compose_ms": 1e3 * making / n,
        "floor_ms": 1e3 * floor / n,
        "shard_ms": 1e3 * whole / n,
        "images_per_second": n / whole,
        "times_floor": whole / floor,
        "planned": float(planned),
        "placed": float(placed),
    }


def measure_stages(name: str, n: int, banks: list[Path], splits: Path) -> dict[str, float]:
    """Return milliseconds an image that each step of the making takes; a step not taken in an image takes none."""
    spec = configured(name)
    stock = load_stock(spec, banks, splits, "train")
    seconds: dict[str, float] = defaultdict(float)
    for index in range(-3, n):
        start = time.process_time()
        for step, _ in steps(spec, "train", abs(index), 0, stock):
            now = time.process_time()
            if index >= 0:
                seconds[step] += now - start
            start = now
    return {step: 1e3 * total / n for step, total in seconds.items()}


def _side_by_side(name: str, n: int, banks: list[Path], splits: Path, folder: Path, barrier, results) -> None:
    """Write a shard when all processes are ready; report its seconds on the clock and this process's memory."""
    cv2.setNumThreads(1)
    spec = configured(name)
    shard = {"split": "train", "seed": 0, "banks": banks, "splits": splits, "folder": folder}
    write_shard(spec, indices=range(2), **shard)
    barrier.wait()
    start = time.perf_counter()
    write_shard(spec, indices=range(n), **shard)
    seconds = time.perf_counter() - start
    # not getrusage: its maximum starts with the parent's
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    results.put((seconds, int(status["VmHWM"].split()[0]) / 1024))


def run_processes(count: int, name: str, n: int, banks: list[Path], splits: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds the slowest of some processes takes for n images each, and the largest memory in MB."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    workers = [
        context.Process(
            target=_side_by_side, args=(name, n, banks, splits, folder / f"shard-{number}", barrier, results)
        )
        for number in range(count)
    ]
    for worker in workers:
        worker.start()
    seconds, memory = zip(*(results.get(timeout=600) for _ in workers), strict=True)
    for worker in workers:
        worker.join()
    return max(seconds), max(memory)


def measure_processes(name: str, n: int, banks: list[Path], splits: Path, folder: Path) -> dict[str, float]:
    """Return how much two processes do of what one does, and the memory of a process with few and with many images."""
    one, few = min(run_processes(1, name, n, banks, splits, folder) for _ in range(2))
    two, _ = min(run_processes(2, name, n, banks, splits, folder) for _ in range(2))
    _, many = run_processes(1, name, 4 * n, banks, splits, folder)
    return {
        "one_images_per_second": n / one,
        "two_images_per_second": 2 * n / two,
        "two_against_one": 2 * one / two,
        f"mb_after_{n}": few,
        f"mb_after_{4 * n}": many,
    }


def place_one_by_one(sizes: list[tuple[int, int]], rng: np.random.Generator) -> int:
    """Place boxes in a 400x400 image by testing every position of a shuffled list on an occupancy mask."""
    occupied = np.zeros((400, 400), bool)
    placed = 0
    for width, height in sizes:
        positions = [(x, y) for y in range(400 - height) for x in range(400 - width)]
        rng.shuffle(positions)
        for x, y in positions:
            if not occupied[y : y + height, x : x + width].any():
                occupied[max(y - height // 4, 0) : y + height * 5 // 4, max(x - width // 4, 0) : x + width * 5 // 4] = (
                    True
                )
                placed += 1
                break
    return placed


def field_pixel_by_pixel(side: int, step: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth field with a Python loop over pixels: bilinear between lattice values."""
    count = math.ceil(side / step) + 2
    lattice = rng.uniform(-1, 1, (count, count))
    field = np.empty((side, side), np.float32)
    for y in range(side):
        for x in range(side):
            (u, i), (v, j) = math.modf(y / step), math.modf(x / step)
            corners = lattice[int(i) : int(i) + 2, int(j) : int(j) + 2]
            field[y, x] = np.array([1 - u, u]) @ corners @ np.array([1 - v, v])
    return field


def measure_pieces() -> dict[str, dict[str, float]]:
    """Return milliseconds of two pieces here and in their straightforward form, and the ratio."""
    sizes = [tuple(size) for size in np.random.default_rng(0).integers(40, 81, (10, 2)).tolist()]
    spec = VariantSpec.from_dict({"name": "random_nosuperposition"})

    def place() -> None:
        rng = np.random.default_rng(0)
        for _ in range(20):
            placer = Placer(spec, (0, 400))
            for size in sizes:
                placer.place(size, rng)

    rng = np.random.default_rng(0)
    pairs = {
        "place 10 boxes in 400x400": (
            cpu_seconds(place) / 20,
            cpu_seconds(lambda: place_one_by_one(sizes, rng), repeats=1),
        ),
        "smooth field of 200x200": (
            cpu_seconds(lambda: [smooth_field((200, 200), 2, rng) for _ in range(50)]) / 50,
            cpu_seconds(lambda: field_pixel_by_pixel(200, 2, rng), repeats=1),
        ),
    }
    return {
        name: {"here_ms": 1e3 * here, "one_by_one_ms": 1e3 * naive, "ratio": naive / here}
        for name, (here, naive) in pairs.items()
    }


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100, help="images a variant")
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        banks, splits = plain_cells(folder, np.random.default_rng(0))
        variants = {v: measure_variant(v, arguments.images, banks, splits, folder) for v in VARIANTS}
        stages = {v: measure_stages(v, arguments.images, banks, splits) for v in VARIANTS}
        processes = {v: measure_processes(v, arguments.images, banks, splits, folder) for v in VARIANTS}
    result = {"variants": variants, "stages": stages, "processes": processes, "pieces": measure_pieces()}
    for table in result.values():
        print(pd.DataFrame(table).T.round(2).to_string(), end="\n\n")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
