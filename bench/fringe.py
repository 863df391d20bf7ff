"""Why boxes on the Saarland phantom's frames come out too large: the cells' bright fringe, not the rule of the labels.

``PYTHONPATH=workflow/scripts python bench/fringe.py --json results/bench/fringe.json``, or `make bench`. Small
detectors are trained from the starter on the same cells, pasted in four ways, evaluated on held-out frames as they are
and on the same frames without the fringe, that is with light changed inside the cells alone. Where boxes are right
without the fringe and too large with it, whatever the labels, the fringe is what makes them so.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import yaml

from rbcflow.cells.bank import write_bank
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.cells.splits import write_splits
from rbcflow.core.boxes import area
from rbcflow.datasets import dataset
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Cutout, Stock, load_stock
from rbcflow.laboratories.nouaman2024 import phantom as nouaman2024
from rbcflow.laboratories.nouaman2024.testsets import build_saarland_donors
from rbcflow.metrics.coco import average_precision
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.metrics.localisation import localisation
from rbcflow.metrics.matching import match
from rbcflow.phantom import scene
from rbcflow.phantom.optics import Patch
from rbcflow.predictions.predict import Predictor
from rbcflow.training.train import train

SOURCE = "nouaman2024"
RECORDED = {"seed": 0, "donors": 7, "recordings_per_donor": 5, "frames_per_recording": 36, "annotate_every": 4}
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
PASTED = {
    "as in the preprint": {},
    "box at half of the weight": {"box_alpha": 0.5},
    "neither eroded nor feathered": {"erosion": (1, 1, 1), "feather": 0.3},
    "with five pixels of fringe": {"paste": "transmit", "gamma": (0.6, 1.4), "contrast": 14},
}
"""Ways of pasting, as they differ from the variant ``random_nosuperposition``."""
OVERRIDES = {"optimizer": "AdamW", "lr0": 0.005, "momentum": 0.9, "close_mosaic": 2, "warmup_epochs": 1.0, "freeze": 10}
"""As in the embedded default."""


def draw_frames(folder: Path, name: str, *, fringe: bool) -> Path:
    """Draw the recordings and return the held-out test set."""
    paste = scene.paste

    def inside_alone(ratio: np.ndarray, patch: Patch) -> np.ndarray:
        return paste(ratio, replace(patch, ratio=np.where(patch.mask, patch.ratio, 1).astype(np.float32)))

    with mock.patch.object(scene, "paste", paste if fringe else inside_alone):
        nouaman2024.write(folder / "raw" / name, **RECORDED, crops_per_class=400 if fringe else 1)
    common = {"name": name, "source": SOURCE, "origin": ["phantom"], "scheme": "grouped", "max_frames": 80}
    build_saarland_donors(folder / "raw" / name, folder / "testsets" / name, **common)
    return folder / "testsets" / name


def with_background(spec: VariantSpec, banks: list[Path], splits: Path, split: str) -> Stock:
    """Return the cells cut from frames, each on the median grey of its crop's border; segmented crops have none."""
    stock = load_stock(replace(spec, paste="alpha"), banks, splits, split)
    return {name: [own for cell in cells if (own := on_border_grey(cell))] for name, cells in stock.items()}


def on_border_grey(cell: Cutout) -> Cutout | None:
    """Return the cell with the grey of its surroundings, None where they are black."""
    border = ~cell.mask
    border[1:-1, 1:-1] = False
    grey = float(np.median(cell.crop[border])) if border.any() else 0.0
    return replace(cell, background=grey) if grey else None


def compose(folder: Path, spec: VariantSpec, images: int) -> None:
    """Compose a dataset of one way of pasting."""
    shards = {}
    load = with_background if spec.paste == "transmit" else load_stock
    for split, count in (("train", images), ("val", 60), ("test", 1)):
        shards[split] = [folder / split / "shards" / "000"]
        shards[split][0].parent.mkdir(parents=True)
        with mock.patch.object(dataset, "load_stock", load):
            dataset.write_shard(
                spec, split=split, indices=range(count), seed=0, banks=[folder.parent / "bank"],
                splits=folder.parent / "splits.csv", folder=shards[split][0],
            )  # fmt: skip
    dataset.collect(spec, shards=shards, folder=folder)


def evaluate(weights: Path, testset: Path, output: Path) -> dict[str, float]:
    """Return how large boxes of whole cells are, and AP50 and AP75 with classes ignored."""
    Predictor(weights, "bench", threads=2).predict(testset, output, run="bench")
    predicted, evaluated = read_pair(output, testset)
    # matched at a low overlap, so that boxes far too large are counted too
    matches = match(evaluated.truth, predicted.boxes, 0.2).at(0.25)
    bias = localisation(matches, evaluated.truth, predicted.boxes)["bias"]["whole"]
    found = average_precision(evaluated.truth, predicted.boxes, evaluated.frames["frame"], agnostic=True)["mean"]
    size = bias["size_ratio"]["median"]
    return {
        "n": bias["n"],
        "area_ratio": None if size is None else size**2,
        "dw": bias["dw"]["median"],
        "dh": bias["dh"]["median"],
        "ap50": found.ap50,
        "ap75": found.ap75,
        "median_true_area": float(np.median(area(evaluated.truth[BOX]))),
    }


def measure(folder: Path, images: int, epochs: int) -> dict[str, dict]:
    """Return the numbers of every way of pasting on frames with and without the fringe."""
    frames = {name: draw_frames(folder, name, fringe=name == "fringe") for name in ("fringe", "no_fringe")}
    cells = cut_cells(["polygon", "segmented_crop"], Job(SOURCE, SOURCE, folder / "raw" / "fringe"))
    write_bank(folder / "bank", cells)
    write_splits([folder / "bank"], folder / "splits.csv", scheme="grouped", shares=SHARES, seed=0)
    starter = yaml.safe_load(Path("resources/weights.yaml").read_text(encoding="utf-8"))["starter"]
    result = {}
    for number, (way, changes) in enumerate(PASTED.items()):
        spec = VariantSpec.from_dict({"name": "random_nosuperposition", "other_simulated_share": 0.5, **changes})
        data, model = folder / f"data{number}", folder / f"model{number}"
        compose(data, spec, images)
        train(
            data / "data.yaml", model, architecture="yolo11n.yaml", weights=Path(starter["path"]),
            weights_sha256=starter["sha256"], epochs=epochs, batch=16, imgsz=200, seed=0, threads=2,
            data_fingerprint=(data / "fingerprint.txt").read_text().strip(), overrides=OVERRIDES,
        )  # fmt: skip
        result[way] = {
            name: evaluate(model / "weights/best.pt", testset, folder / f"{number}-{name}.parquet")
            for name, testset in frames.items()
        }
        print(way, json.dumps(result[way]), flush=True)
    return result


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.images, options.epochs)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
