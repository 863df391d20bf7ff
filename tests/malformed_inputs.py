"""Whole inputs of every stage and what reads each first, for the suite of malformed inputs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from compose_bank import write_cells
from metrics_inputs import write_predictions, write_testset
from project_copy import PROJECT
from raw_inputs import write_coco, write_kihm, write_liang, write_naples, write_nouaman, write_recording
from rbcflow.cells.splits import write_splits
from rbcflow.config import load
from rbcflow.datasets.dataset import collect, write_shard
from rbcflow.datasets.spec import VariantSpec
from rbcflow.laboratories.flow_public.testsets import build_flow_public
from rbcflow.metrics.run import evaluate
from rbcflow.predictions.predict import Predictor
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import layouts, manifest, record, skipping
from rbcflow.sources.listing import listed
from rbcflow.testsets.composed import build_variant_test
from rbcflow.training.seeds import METRICS, seed_table
from rbcflow.training.train import train
from tiny_yolo import SIDE, write_dataset

SPLITS = ("train", "val", "test")
TRUTH = [(0, "slipper", 10.0, 10.0, 40.0, 40.0), (1, "croissant", 5.0, 5.0, 30.0, 30.0)]
FOUND = [(0, "slipper", 0.9, 11.0, 10.0, 40.0, 40.0)]
POLYGON = {"id": 7, "image_id": 0, "category_id": 1, "segmentation": [[10, 5, 20, 5, 20, 15, 10, 15]]}
ANNOTATIONS = """\
recording,frame_number,frame,object,x0,y0,x1,y1,kind,proxy_class
naiad2024,7,0,0,1,1,5,4,single,slipper
naiad2024,9,1,,,,,,,
"""


@dataclass(frozen=True)
class Reader:
    """An input's first reader.

    Attributes:
        make: writes a whole input into a folder.
        read: what the rule calls; gets the folder and what the spoiling of the input returned.
        work: the expensive function that follows in the rule, by its dotted name; empty where the rule's work is to
            read and check.
    """

    make: Callable[[Path], Any]
    read: Callable[[Path, Any], Any]
    work: str = ""


def configuration(root: Path, change: dict | None) -> None:
    """Load the default configuration with keys replaced, as every Snakefile does before it builds the DAG."""
    default = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    load(default | (change or {}))


def nothing(root: Path) -> None:
    """Write no input."""


def make_collected(root: Path) -> None:
    """Write a small dataset of one shard a split."""
    cells = write_cells(root / "cells")
    for split in SPLITS:
        shard = root / "set" / split / "shards/000"
        write_shard(variant(), split=split, indices=range(2), seed=1, folder=shard, **cells)


def make_variant(root: Path) -> None:
    """Write a small dataset with its lists."""
    make_collected(root)
    collected(root, None)


def collected(root: Path, _: object) -> None:
    """Collect the dataset of ``make_collected``."""
    shards = {split: [root / "set" / split / "shards/000"] for split in SPLITS}
    collect(variant(), shards=shards, folder=root / "set")


def variant() -> VariantSpec:
    """Return a variant that all cells of ``write_cells`` suit."""
    return VariantSpec.from_dict({"name": "synthetic", "other_simulated_share": 0})


def composed(root: Path, _: object) -> None:
    """Compose a shard of the cells of ``write_cells``."""
    cells = {"banks": [root / "bank"], "splits": root / "splits.csv"}
    write_shard(variant(), split="val", indices=range(2), seed=1, folder=root / "shard", **cells)


def divided(root: Path, _: object) -> None:
    """Divide the cells of ``write_cells``."""
    shares = {"train": 0.6, "val": 0.2, "test": 0.2}
    write_splits([root / "bank"], root / "out.csv", scheme="grouped", shares=shares, seed=0)


def trained(root: Path, change: dict | None) -> None:
    """Train on the dataset of ``write_dataset``."""
    arguments = {
        "architecture": "yolo11n.yaml", "weights": None, "weights_sha256": None, "epochs": 1, "batch": 4,
        "imgsz": SIDE, "seed": 0, "threads": 1, "precision": "float32", "data_fingerprint": "f" * 64, "overrides": {},
    }  # fmt: skip
    train(root / "data/data.yaml", root / "out", **arguments | (change or {}))


def make_evaluated(root: Path) -> None:
    """Write a test set, predictions on it, and a model folder whose checkpoint is the project's own."""
    write_testset(root / "set", 2, TRUTH)
    write_predictions(root / "predictions.parquet", FOUND)
    best = root / "model/weights/best.pt"
    best.parent.mkdir(parents=True)
    shutil.copyfile(PROJECT / "resources/starter/yolo11n-starter.pt", best)
    entry = {"weights/best.pt": {"sha256": sha256(best), "state_sha256": "a" * 64}}
    (root / "model/training.json").write_text(json.dumps({"files": entry}))


def predicted(root: Path, _: object) -> None:
    """Predict on the test set of ``make_evaluated``."""
    Predictor(root / "model/weights/best.pt", "model1", 1).predict(root / "set", root / "new.parquet", run="run1")


def evaluated(root: Path, _: object) -> None:
    """Count the predictions of ``make_evaluated``."""
    evaluate(root / "predictions.parquet", root / "set", root / "out", run="run1", model="model1")


def make_flow_public(root: Path) -> None:
    """Write a recording of two frames and its annotations."""
    write_recording(root / "naiad2024.h5", [7, 9])
    (root / "annotations.csv").write_text(ANNOTATIONS)


def flow_public_set(root: Path, _: object) -> None:
    """Build the test set of ``make_flow_public``."""
    names = {"name": "flow_public", "source": "flow_public", "origin": ["public"]}
    build_flow_public(root, root / "set", annotations=root / "annotations.csv", max_frames=9, **names)


def variant_set(root: Path, _: object) -> None:
    """Build the test set of the dataset of ``make_variant``."""
    build_variant_test(root / "set", root / "test", name="synthetic_test", origin=["phantom"], max_frames=9)


def make_source(root: Path) -> None:
    """Write a source's record with its files and their manifest."""
    write_kihm(root / "kihm2018/files")
    source, files = root / "kihm2018/source.json", root / "kihm2018/files"
    record.write(source, source="kihm2018", layout="kihm2018", origin="raw", folder=files)
    manifest.check(listed(root / "kihm2018/files"), root / "kihm2018.sha256")


def make_model(root: Path) -> None:
    """Write the record and the curves of a training."""
    folder = root / "random/seed-0"
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"best_epoch": 1, "learned_from": ["phantom"]}))
    (folder / "results.csv").write_text(f"epoch,{','.join(METRICS.values())}\n1,0.5,0.5,0.5,0.5\n")


def make_practice(root: Path) -> None:
    """Write two practice pictures."""
    pictures = np.zeros((2, 8, 8), np.uint8)
    np.savez_compressed(root / "practice.npz", images=pictures, labels=pictures)


def checked(layout: str) -> Callable[[Path, object], None]:
    """Return the check of files at the places of a layout."""
    return lambda root, _: layouts.check(layout, root)


def accepted(layout: str) -> Callable[[Path, object], None]:
    """Return the check of a source's own files."""
    return lambda root, _: skipping.accept(layout, root, root.with_name("links"), "stop") and None


READERS: dict[str, Reader] = {
    "configuration": Reader(nothing, configuration),
    "source": Reader(make_source, lambda root, _: record.read(root / "kihm2018/source.json")),
    "manifest": Reader(
        make_source, lambda root, _: manifest.check(listed(root / "kihm2018/files"), root / "kihm2018.sha256")
    ),
    "raw nouaman2024": Reader(write_nouaman, accepted("nouaman2024")),
    "raw naples": Reader(write_naples, accepted("naples")),
    "raw kihm2018": Reader(write_kihm, checked("kihm2018")),
    "raw liang2024": Reader(write_liang, checked("liang2024")),
    "raw flow_public": Reader(make_flow_public, checked("flow_public")),
    "coco": Reader(
        lambda root: write_coco(root, [POLYGON]),
        lambda root, _: layouts.READERS["nouaman2024"].annotated_frames(root),
    ),
    "annotations": Reader(make_flow_public, flow_public_set, "rbcflow.laboratories.flow_public.testsets.write_testset"),
    "bank": Reader(write_cells, divided, "rbcflow.cells.splits._divide"),
    "bank's pixels": Reader(write_cells, composed, "rbcflow.datasets.dataset.compose"),
    "splits": Reader(write_cells, composed, "rbcflow.datasets.dataset.compose"),
    "shards": Reader(make_collected, collected),
    "dataset": Reader(
        lambda root: write_dataset(root / "data"), trained, "rbcflow.training.train._train_or_halve"
    ),
    "variant's images": Reader(make_variant, variant_set),
    "test set": Reader(make_evaluated, predicted, "rbcflow.predictions.predict.load_detector"),
    "checkpoint": Reader(make_evaluated, predicted, "rbcflow.predictions.predict._detect_all"),
    "predictions": Reader(make_evaluated, evaluated, "rbcflow.metrics.run.match"),
    "model": Reader(make_model, lambda root, _: seed_table([root / "random/seed-0"])),
}  # fmt: skip
