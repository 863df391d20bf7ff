"""How fast detectors are trained: this workflow's trainer against ``yolo detect train`` on the same images and machine.

Run from the repository's root: ``python bench/training.py --json results/bench/training.json``. Both train YOLO11n from
random weights with the preprint's arguments, in turn, in a process of their own. The rate is that of whole epochs,
validation and checkpoints included, without the first, which warms up; Ultralytics gets its own default threads and
precision. Other work on the machine disturbs two threads that wait for each other more than it disturbs one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "workflow" / "scripts"
BATCH, SIDE = 16, 200

OURS = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from rbcflow.training.train import train
train(Path(sys.argv[2]), Path(sys.argv[3]), **json.loads(sys.argv[4]))
"""


def write_dataset(folder: Path, train: int, val: int) -> Path:
    """Write grey images with up to eight ellipses each and return ``data.yaml``."""
    rng = np.random.default_rng(0)
    shapes = ((14, 14), (24, 8), (8, 8))
    for split, count in (("train", train), ("val", val)):
        images, labels = folder / split / "images", folder / split / "labels"
        images.mkdir(parents=True)
        labels.mkdir()
        for index in range(count):
            image, rows = rng.normal(120, 6, (SIDE, SIDE)), []
            for kind in rng.integers(0, 3, rng.integers(1, 9)).tolist():
                (a, b), (x, y) = shapes[kind], rng.integers(26, SIDE - 26, 2).tolist()
                cv2.ellipse(image, (x, y), (a, b), 0, 0, 360, 60.0 + 60 * kind, -1)
                rows.append(f"{kind} {x / SIDE} {y / SIDE} {2 * a / SIDE} {2 * b / SIDE}\n")
            cv2.imwrite(str(images / f"{index:05d}.png"), image.clip(0, 255).astype(np.uint8))
            (labels / f"{index:05d}.txt").write_text("".join(rows), encoding="utf-8")
        lines = [f"./{split}/images/{index:05d}.png\n" for index in range(count)]
        (folder / f"{split}.txt").write_text("".join(lines), encoding="utf-8")
    names = ["croissant", "slipper", "other"]
    data = {"path": str(folder), "train": "train.txt", "val": "val.txt", "names": names}
    (folder / "data.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return folder / "data.yaml"


def epochs_per_second(results: Path) -> float:
    """Return the rate of all epochs but the first, from the running clock of ``results.csv``."""
    clock = pd.read_csv(results)["time"]
    return (len(clock) - 1) / (clock.iloc[-1] - clock.iloc[0])


def library(data: Path, folder: Path, epochs: int) -> float:
    """Train with ``yolo detect train``, offline and on a copy of the data, into which it writes."""
    copy = folder / "data"
    shutil.copytree(data.parent, copy)
    (copy / "data.yaml").write_text(data.read_text().replace(str(data.parent), str(copy)), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"YOLO_CONFIG_DIR": str(folder / "config"), "YOLO_OFFLINE": "true"}
    settings = {"model": "yolo11n.yaml", "data": copy / "data.yaml", "epochs": epochs, "imgsz": SIDE, "batch": BATCH}
    settings |= {"device": "cpu", "project": folder, "name": "run"}
    command = [Path(sys.executable).with_name("yolo"), "detect", "train", *(f"{k}={v}" for k, v in settings.items())]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return epochs_per_second(folder / "run" / "results.csv")


def workflow(data: Path, folder: Path, epochs: int, threads: int) -> float:
    """Train with this workflow."""
    settings = {"architecture": "yolo11n.yaml", "weights": None, "weights_sha256": None, "epochs": epochs}
    settings |= {"batch": BATCH, "imgsz": SIDE, "seed": 0, "threads": threads, "data_fingerprint": "", "overrides": {}}
    command = [sys.executable, "-c", OURS, str(LIBRARY), str(data), str(folder / "run"), json.dumps(settings)]
    subprocess.run(command, check=True, capture_output=True)
    return epochs_per_second(folder / "run" / "results.csv")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=192, help="training images; a quarter as many are validated")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of trainings; the median of their ratios counts")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="file to write")
    arguments = parser.parse_args()
    pairs = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            data = write_dataset(Path(folder) / "data", arguments.images, arguments.images // 4)
            (Path(folder) / "library").mkdir()
            theirs = library(data, Path(folder) / "library", arguments.epochs) * arguments.images
            ours = workflow(data, Path(folder) / "workflow", arguments.epochs, arguments.threads) * arguments.images
        pairs.append({"library": theirs, "workflow": ours, "ratio": ours / theirs})
        print(f"library {theirs:.1f}, workflow {ours:.1f} images/s: {ours / theirs:.2f} times", flush=True)
    result = {"median_ratio": median(pair["ratio"] for pair in pairs), "threads": arguments.threads, "pairs": pairs}
    print(f"median {result['median_ratio']:.2f} times")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
