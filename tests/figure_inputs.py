"""Small runs, banks, datasets and models, as figures take them; shared by the tests of figures."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml

from metrics_inputs import write_predictions, write_testset
from project_copy import PROJECT
from rbcflow.cells.bank import Cell, write_bank
from rbcflow.core.classes import CLASSES
from rbcflow.metrics.run import evaluate
from rbcflow.testsets.files import write_unavailable

PUBLISHED, CURVES = (PROJECT / "paper" / name for name in ("published.yaml", "published_curves.csv"))
A, B = (10, 10, 30, 30), (60, 10, 80, 30)
TRUTH = [(0, "slipper", *A), (0, "croissant", *B), (1, "slipper", *A)]
FOUND = [(0, "slipper", 0.9, *A), (0, "slipper", 0.8, *B), (1, "other", 0.7, *B)]


def make_run(folder: Path, testset: Path, found: list[tuple], fingerprint: str | None = "f0") -> dict[str, Path]:
    predictions = write_predictions(folder / "run1.parquet", found, testset_fingerprint=fingerprint)
    evaluate(predictions, testset, folder / "run1", run="run1", model="model1")
    return {"run_folder": folder / "run1", "predictions": predictions, "testset": testset}


def poor_run(folder: Path, kind: str) -> dict[str, Path]:
    """Write a run on a test set that has something, nothing, or is not there."""
    made = _evaluated_once(kind)
    shutil.copytree(made.name, folder, dirs_exist_ok=True)
    return {"run_folder": folder / "run1", "predictions": folder / "run1.parquet", "testset": folder / "set"}


@functools.cache
def _evaluated_once(kind: str) -> tempfile.TemporaryDirectory:
    """Return a folder that is kept as long as the process: to evaluate a run takes ten times as long as to copy it."""
    kept = tempfile.TemporaryDirectory()
    _evaluate(Path(kept.name), kind)
    return kept


def _evaluate(folder: Path, kind: str) -> None:
    if kind == "unavailable":
        write_unavailable(folder / "set", name="set", source="flow_public", reason="no network")
        make_run(folder, folder / "set", [], None)
        return
    truth, found = ([], []) if kind == "no boxes" else (TRUTH, FOUND)
    evaluated = "false" if kind == "classes not evaluated" else "true"
    make_run(folder, write_testset(folder / "set", 4, truth, classes_evaluated=evaluated), found)


def make_bank(folder: Path, reasons: list[str]) -> Path:
    mask = np.zeros((20, 30), bool)
    mask[5:15, 5:25] = True
    crop = np.where(mask, 90, 140).astype(np.uint8)
    cells = [
        Cell(
            "nouaman2024", (*CLASSES, "")[i % 4], "d", "r", i, (5, 5, 25, 15), "polygon", "g", crop, mask, reason=reason
        )
        for i, reason in enumerate(reasons)
    ]
    write_bank(folder, cells)
    return folder


def make_dataset(folder: Path) -> Path:
    rows = []
    for split in ("train", "val", "test"):
        shard = folder / split / "shards/000"
        for name in ("images", "labels"):
            (shard / name).mkdir(parents=True)
        for index in range(3):
            cv2.imwrite(str(shard / f"images/{index:05d}.png"), np.full((50, 100), 120, np.uint8))
            (shard / f"labels/{index:05d}.txt").write_text("0 0.5 0.5 0.2 0.4\n" if index else "")
            rows.append((index, split, index % 2 == 0, 1, 1 if index else 0))
        lines = [f"./{split}/shards/000/images/{index:05d}.png\n" for index in range(3)]
        (folder / f"{split}.txt").write_text("".join(lines))
    columns = ["index", "split", "lines", "croissant_count", "croissant_placed"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "metadata.csv", index=False)
    lists = {split: f"{split}.txt" for split in ("train", "val", "test")}
    (folder / "data.yaml").write_text(yaml.safe_dump(lists | {"names": {0: "croissant"}}))
    return folder


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    names = [f"{side}/{loss}_loss" for side in ("train", "val") for loss in ("box", "cls", "dfl")]
    names += [f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95")]
    pd.DataFrame({"epoch": [1, 2], **{name: [0.5, 0.4] for name in names}}).to_csv(folder / "results.csv", index=False)
    (folder / "training.json").write_text(json.dumps({"classes": ["croissant"]}))
    (folder / "args.yaml").write_text(yaml.safe_dump({"imgsz": 96, "mosaic": 1.0, "close_mosaic": 1, "save_dir": None}))
    return folder


def made_datasets(folder: Path) -> list[Path]:
    """Return two generated datasets and one that was imported: no plan, no cells, no steps."""
    folders = []
    for name, kind in (("random", "generated"), ("synthetic", "generated"), ("theirs", "published")):
        folders.append(make_dataset(folder / name))
        params = {"compose": {}, "seed": 0, "dataset": kind}
        (folders[-1] / "provenance.json").write_text(json.dumps({"params": params, "origin": ["phantom"]}))
    metadata = pd.read_csv(folders[-1] / "metadata.csv").drop(columns="croissant_count")
    metadata.assign(file="0000.png").to_csv(folders[-1] / "metadata.csv", index=False)
    metadata.assign(cells="a-00001 a-00002 b-00001").to_csv(folders[0] / "metadata.csv", index=False)
    return folders
