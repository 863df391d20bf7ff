"""How fast detectors are trained: this workflow's trainer against ``yolo detect train`` on the same images and machine.

``PYTHONPATH=workflow/scripts python bench/training.py --json results/bench/training.json``, or `make bench`. Both
train all layers with the library's default arguments, which the preprint kept, in turn, each in a process of its own, a
pair a seed. A few epochs from random weights give no mAP worth comparing, so both begin with a checkpoint that was
trained on other images of the kind; the library evaluates the last checkpoints of both on 200 more. The rate is that of
whole epochs, validation and checkpoints included, without the first, which warms up. Ultralytics gets its own default
threads, precision and plots, ours the environment of the workflow's jobs. Other work on the machine disturbs two
threads that wait for each other more than it disturbs one.

What no trainer can do better is the arithmetic: forward, backward and step of the same network on one batch in memory.
Ours is stated as a share of that limit, and what the rest of its time is: the remainder of the training part
(augmentation, moving average, the loop), and validation with checkpoints. ``--alone`` measures this only, in minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Any

import cv2
import numpy as np
import pandas as pd
import yaml

from rbcflow.runtime.memory import HUGE_PAGES

BATCH, SIDE = 16, 200
OTHERS = (640, 200)
"""Images of the set that the first checkpoint is trained on, and of the one that all are evaluated by."""
BEGINNING = {
    "epochs": 5,
    "overrides": {"nbs": 16, "optimizer": "AdamW", "lr0": 0.002, "warmup_epochs": 1.0, "close_mosaic": 5},
}
"""How the checkpoint both begin with is trained: many small steps on whole images."""

OURS = """
import json, sys
from pathlib import Path
from rbcflow.training.train import train
start = Path(sys.argv[4]) if len(sys.argv) > 4 else None
train(Path(sys.argv[1]), Path(sys.argv[2]), weights=start, **json.loads(sys.argv[3]))
"""

LIMIT = """
import statistics, sys, time
from pathlib import Path
from rbcflow.detector.setup import import_ultralytics
import_ultralytics(Path(sys.argv[1]))
import torch
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel
from rbcflow.detector.hardware import choose_precision
from rbcflow.runtime.memory import keep_freed_memory
from rbcflow.training.processor import FullPrecisionLoss, fuse_steps

network, threads, images, side, gathered = sys.argv[2], *map(int, sys.argv[3:])
keep_freed_memory()
torch.set_num_threads(threads)
torch.manual_seed(0)
model = DetectionModel(f"{network}.yaml", nc=3, verbose=False).to(memory_format=torch.channels_last).train()
model.args = get_cfg()
model.criterion = FullPrecisionLoss(model.init_criterion())
optimizer = fuse_steps(torch.optim.AdamW(model.parameters(), 1e-3))
boxes = 8 * images
batch = {
    "img": torch.rand(images, 3, side, side).contiguous(memory_format=torch.channels_last),
    "batch_idx": torch.arange(images).repeat_interleave(8).float(),
    "cls": torch.randint(0, 3, (boxes, 1)).float(),
    "bboxes": torch.cat([0.2 + 0.6 * torch.rand(boxes, 2), 0.05 + 0.1 * torch.rand(boxes, 2)], 1),
}
low, seconds = choose_precision("auto", "cpu") == "bfloat16", []
for number in range(1, 6 * gathered + 1):
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        loss, _ = model(batch)
    loss.sum().backward()
    if number % gathered == 0:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()
    seconds.append(time.perf_counter() - began)
groups = [sum(seconds[first : first + gathered]) for first in range(gathered, len(seconds), gathered)]
print(gathered * images / statistics.median(groups))
"""

EVALUATED = """
import sys
from ultralytics import YOLO
checkpoint, data, side, folder = sys.argv[1:]
settings = {"imgsz": int(side), "device": "cpu", "plots": False, "verbose": False, "project": folder}
print(YOLO(checkpoint).val(data=data, **settings).box.map)
"""


def write_dataset(folder: Path, train: int, val: int, seed: int) -> Path:
    """Write grey images with up to eight ellipses each and return ``data.yaml``."""
    rng = np.random.default_rng(seed)
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


def rate(results: Path, images: int) -> float:
    """Return images a second over all epochs but the first from ``results.csv``."""
    clock = pd.read_csv(results)["time"]
    return float(images * (len(clock) - 1) / (clock.iloc[-1] - clock.iloc[0]))


def evaluate(checkpoint: Path, data: Path, config: Path) -> float:
    """Return a checkpoint's mAP50-95 on ``val``, by the library's own validation."""
    environment = os.environ | {"YOLO_CONFIG_DIR": str(config), "YOLO_OFFLINE": "true"}
    command = [sys.executable, "-c", EVALUATED, checkpoint, data, str(SIDE), config / "val"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def limit(network: str, threads: int, config: Path) -> float:
    """Return how many images a second the arithmetic of a training alone takes: forward, backward and step."""
    padded, gathered = -(-SIDE // 32) * 32, 64 // BATCH
    command = [sys.executable, "-c", LIMIT, config, network, *map(str, (threads, BATCH, padded, gathered))]
    done = subprocess.run(command, env=HUGE_PAGES | os.environ, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def shares(results: Path, images: int, most: float) -> dict[str, float]:
    """Return what a training's time went to, as shares, by its ``results.csv`` and the rate that is the limit.

    ``arithmetic`` is the share of the limit that is reached; ``augmentation_and_loop`` the rest of the training part;
    ``validation_and_checkpoints`` what is left of an epoch. The first epoch warms up and is left out.
    """
    table = pd.read_csv(results).iloc[1:]
    whole = table["epoch_seconds"].sum()
    training = (images / table["images_per_second"]).sum()
    arithmetic = len(table) * images / most
    parts = {
        "arithmetic": arithmetic,
        "augmentation_and_loop": training - arithmetic,
        "validation_and_checkpoints": whole - training,
    }
    return {name: float(seconds / whole) for name, seconds in parts.items()}


def library(start: Path, data: Path, folder: Path, epochs: int, seed: int) -> Path:
    """Train with ``yolo detect train``, offline and on a copy of the data, into which it writes; return its folder."""
    copy = folder / "data"
    shutil.copytree(data.parent, copy)
    (copy / "data.yaml").write_text(data.read_text().replace(str(data.parent), str(copy)), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {"YOLO_CONFIG_DIR": str(folder / "config"), "YOLO_OFFLINE": "true"}
    settings = {"model": start, "data": copy / "data.yaml", "epochs": epochs, "imgsz": SIDE, "batch": BATCH}
    settings |= {"seed": seed, "device": "cpu", "project": folder, "name": "run"}
    command = [Path(sys.executable).with_name("yolo"), "detect", "train", *(f"{k}={v}" for k, v in settings.items())]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder / "run"


def workflow(network: str, start: Path | None, data: Path, folder: Path, **settings: Any) -> Path:
    """Train with this workflow and return its model folder."""
    digest = hashlib.sha256(start.read_bytes()).hexdigest() if start else None
    settings = {"overrides": {}, "architecture": f"{network}.yaml", "weights_sha256": digest, **settings}
    settings |= {"batch": BATCH, "imgsz": SIDE, "data_fingerprint": ""}
    command = [sys.executable, "-c", OURS, data, folder / "run", json.dumps(settings), *([start] if start else [])]
    subprocess.run(command, env=HUGE_PAGES | os.environ, check=True, capture_output=True)
    return folder / "run"


def near_limit(
    network: str, start: Path | None, data: Path, folder: Path, images: int, **settings: Any
) -> tuple[Path, float, dict[str, float]]:
    """Train with this workflow; return its model folder, the limit in images a second, and the shares of its time."""
    most = limit(network, settings["threads"], folder / "config")
    run = workflow(network, start, data, folder, **settings)
    # before and after, as other work on the machine can only make it look slower
    most = max(most, limit(network, settings["threads"], folder / "config"))
    return run, most, shares(run / "results.csv", images, most)


def alone(network: str, arguments: argparse.Namespace) -> dict:
    """Train one network from random weights with this workflow alone, once; return its rate, limit and shares."""
    settings = {"epochs": arguments.epochs, "seed": 0, "threads": arguments.threads}
    with tempfile.TemporaryDirectory() as name:
        data = write_dataset(Path(name) / "data", arguments.images, arguments.images // 8, seed=0)
        run, most, parts = near_limit(network, None, data, Path(name) / "run", arguments.images, **settings)
        reached = rate(run / "results.csv", arguments.images)
    print(f"{network}: {reached:.1f} of at most {most:.1f} images/s, {reached / most:.0%}")
    return {"images_per_second": reached, "limit_images_per_second": most, "median_shares": parts}


def compare(network: str, arguments: argparse.Namespace) -> dict:
    """Train one network in turn with both, once a seed, and return rates, mAP50-95 and their summary."""
    pairs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        others = write_dataset(folder / "others", *OTHERS, seed=1)
        begun = workflow(network, None, others, folder / "begun", seed=0, threads=arguments.threads, **BEGINNING)
        start = folder / f"{network}.pt"
        shutil.copyfile(begun / "weights" / "last.pt", start)
        data = write_dataset(folder / "data", arguments.images, arguments.images // 8, seed=0)
        for seed in range(arguments.rounds):
            own, theirs = folder / f"workflow-{seed}", folder / f"library-{seed}"
            theirs.mkdir()
            settings = {"epochs": arguments.epochs, "seed": seed, "threads": arguments.threads}
            runs = {"library": library(start, data, theirs, arguments.epochs, seed)}
            runs["workflow"], most, parts = near_limit(network, start, data, own, arguments.images, **settings)
            pair = {
                who: {
                    "images_per_second": rate(run / "results.csv", arguments.images),
                    "map50_95": evaluate(run / "weights" / "last.pt", others, folder / "config"),
                }
                for who, run in runs.items()
            }
            ratio = pair["workflow"]["images_per_second"] / pair["library"]["images_per_second"]
            pairs.append({"seed": seed, "ratio": ratio, "limit_images_per_second": most, "shares": parts, **pair})
            rates = [f"{who} {pair[who]['images_per_second']:.1f}" for who in runs]
            maps = [f"{pair[who]['map50_95']:.3f}" for who in runs]
            print(f"{network}: {', '.join(rates)} images/s: {ratio:.2f} times; mAP50-95 {', '.join(maps)}", flush=True)
    means = {who: mean(pair[who]["map50_95"] for pair in pairs) for who in ("library", "workflow")}
    parts = {name: median(pair["shares"][name] for pair in pairs) for name in pairs[0]["shares"]}
    return {
        "median_ratio": median(pair["ratio"] for pair in pairs),
        "mean_map50_95": means,
        "median_shares": parts,
        "pairs": pairs,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["yolo11n", "yolo11s"])
    parser.add_argument(
        "--images",
        type=int,
        default=160,
        help="training images; an eighth as many are validated, as in the embedded default",
    )
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of trainings, a seed each")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--alone", action="store_true", help="not the library: one training a network, two minutes")
    parser.add_argument("--json", type=Path, help="file to write")
    arguments = parser.parse_args()
    result = {"threads": arguments.threads, "images": arguments.images, "epochs": arguments.epochs}
    measure = alone if arguments.alone else compare
    result["networks"] = {network: measure(network, arguments) for network in arguments.networks}
    for network, own in result["networks"].items():
        if not arguments.alone:
            maps = own["mean_map50_95"]
            means = f"{maps['library']:.3f}, {maps['workflow']:.3f}"
            print(f"{network}: median {own['median_ratio']:.2f} times; mean mAP50-95 {means}")
        parts = ", ".join(f"{name.replace('_', ' ')} {share:.0%}" for name, share in own["median_shares"].items())
        print(f"{network}: of the training's time, {parts}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
