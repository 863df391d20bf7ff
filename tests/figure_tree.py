"""Inputs of every figure of the registry, small, but with as many models, test sets and digits as the default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from figure_inputs import CURVES, PUBLISHED, make_dataset, make_model
from metrics_inputs import write_predictions, write_testset
from raw_inputs import write_avi
from rbcflow.cells.bank import Cell, write_bank
from rbcflow.config.settings import Settings
from rbcflow.core.classes import CLASSES
from rbcflow.figures.error_tiles import error_tiles
from rbcflow.metrics.intervals import HEADLINE
from rbcflow.metrics.run import evaluate
from rbcflow.sources import record

MODEL = "random_nosuperposition_noother"
RUN = f"{MODEL}-on-saarland_donors"
PRESSURES = (100, 200, 300, 500, 700, 1000)


def write_tree(root: Path, settings: Settings) -> dict[str, Any]:
    """Write inputs of every figure; return them by the names that drawing functions know."""
    run = _run(root)
    banks = [_bank(root / name, name) for name in settings.sources]
    return run | {
        "raw": _raw(root / "raw"), "bank": banks[list(settings.sources).index("nouaman2024")],
        "banks": banks, "outlines": _outlines(root, settings),
        "clusters": _clusters(root / "liang2024.csv"), "raw_counts": _raw_counts(root / "raw_counts.csv"),
        "dataset": make_dataset(root / "dataset/random_nosuperposition_noother"),
        "datasets": _datasets(root / "datasets", settings), "published": PUBLISHED, "published_curves": CURVES,
        "model_folder": make_model(root / "models/random_nosuperposition_noother/seed-0"),
        "model_dataset": make_dataset(root / "model_dataset"), "seeds": _seeds(root / "seeds.csv", settings),
        "runs": _runs(root / "runs", run["run_folder"], settings), "headline": _headline(root, settings),
        "testsets": _testsets(root / "testsets", settings),
    }  # fmt: skip


def _run(root: Path) -> dict[str, Path]:
    """Write a run with hits, misses and errors of every kind on frames of two donors at six pressures."""
    truth = [(frame, CLASSES[frame % 3], x, 20, x + 40, 50) for frame in range(12) for x in (10, 90, 200)]
    found = [
        (frame, CLASSES[(frame + number) % 3], 0.95 - 0.07 * number, x + 3 * number, 22, x + 40 + 5 * number, 55)
        for frame in range(12)
        for number, x in enumerate((10, 90, 250, 150))
    ]
    testset = write_testset(root / "saarland_donors", 12, truth, size=(304, 120))
    frames = pd.read_csv(testset / "frames.csv", keep_default_na=False)
    frames["donor"] = [f"blood_donor_{6 + number % 2}" for number in range(12)]
    frames["condition"] = [f"{PRESSURES[number // 2]} mbar" for number in range(12)]
    frames["recording"] = [f"blood_donor_6/{PRESSURES[number // 2]:04d}mbar_1" for number in range(12)]
    frames.to_csv(testset / "frames.csv", index=False)
    predictions = write_predictions(root / f"{RUN}.parquet", found, run=RUN, model=MODEL, testset="saarland_donors")
    evaluate(predictions, testset, root / RUN, run=RUN, model=MODEL)
    error_tiles(root / RUN, predictions, testset, root / "errors")
    return {
        "run_folder": root / RUN, "predictions": predictions, "testset": testset, "errors": root / "errors",
    }  # fmt: skip


def _runs(root: Path, run: Path, settings: Settings) -> list[Path]:
    """Write the run's results under the name of each run of the shipped table, with four digits of boxes."""
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["n_boxes"]["total"] = 1680
    metrics["image_labels"] = {
        "conf": 0.25, "detections": 1682, "images": 1123, "images_by_detections": [0, 700, 300, 80, 30, 10, 3],
        "images_by_classes": {"none": 31, "croissant": 569, "slipper": 266, "other": 9, "several": 248},
        "confusion": {"croissant": {"croissant": 917, "slipper": 215, "other": 0},
                      "slipper": {"croissant": 204, "slipper": 346, "other": 0}},
    }  # fmt: skip
    for name, row in settings.runs.items():
        (root / name).mkdir(parents=True)
        own = metrics | {"run": name, "model": row.model, "testset": row.testset, "classes_evaluated": "proxy"}
        (root / name / "metrics.json").write_text(json.dumps(own))
        for file in ("confusion_matrix.csv", "matches.csv"):
            (root / name / file).write_bytes((run / file).read_bytes())
    return [root / name for name in settings.runs]


def _raw(folder: Path) -> Path:
    for pressure in PRESSURES:
        images = np.full((8, 120, 304), 120, np.uint8)
        write_avi(folder / f"files/videos/blood_donor_1/{pressure:04d}mbar_1.avi", images)
    record.write(
        folder / "source.json", source="nouaman2024", layout="nouaman2024", origin="raw", folder=folder / "files"
    )
    return folder


def _bank(folder: Path, source: str) -> Path:
    mask = np.zeros((20, 60), bool)
    mask[5:15, 5:55] = True
    crop = np.where(mask, 90, 140).astype(np.uint8)
    reasons = [""] * 24 + ["touches_edge", "too_small", "not_one_cell"]
    recordings = [f"blood_donor_1/{PRESSURES[number % 6]:04d}mbar_1" for number in range(len(reasons))]
    cells = [
        Cell(
            source,
            (*CLASSES, "")[i % 4],
            "d",
            recordings[i],
            i,
            (5, 5, 55, 15),
            "polygon",
            "g",
            np.where(mask & (np.arange(60) < 20 + i), 60, crop).astype(np.uint8),
            mask,
            reason=reason,
        )
        for i, reason in enumerate(reasons)
    ]
    write_bank(folder, cells)
    return folder


def _outlines(root: Path, settings: Settings) -> list[Path]:
    methods = ("polygon", "segmented_crop", "background", "unet", "cellpose", "unet_cellpose", "yolo")
    for method in methods:
        summaries = [
            {"method": method, "source": source, "origin": "phantom", "n_cells": 40, "found": 38, "found_from_iou": 0.5}
            | {"iou_p10": 0.2, "iou_median": 0.8}
            for source in settings.sources if source != "simulated"
        ]  # fmt: skip
        rows = [
            {"source": summary["source"], "recording": "a", "frame": frame, "object": 0, "iou": iou}
            for summary in summaries for frame, iou in enumerate((0.1, 0.7, 0.9, 0.95))
        ]  # fmt: skip
        (root / method).mkdir()
        (root / method / "summary.json").write_text(json.dumps({"sources": summaries}))
        pd.DataFrame(rows).to_csv(root / method / "objects.csv", index=False)
    return [root / method for method in methods]


def _clusters(file: Path) -> Path:
    pd.DataFrame({"cluster": [-1, 0, 0], "kept": [True, True, False], "whole": 1.0}).to_csv(file, index=False)
    pictures = {
        f"{name}_{number}": np.zeros((50, 100)) for name in ("image", "probability", "mask") for number in range(6)
    }
    np.savez(file.with_suffix(".npz"), panels=np.arange(6), **pictures)
    return file


def _raw_counts(file: Path) -> Path:
    rows = [("kihm2018", "crops", name, f"{pressure} mbar", 90, 90) for pressure in PRESSURES for name in CLASSES]
    rows += [("nouaman2024", "crops", name, "", 92, 92) for name in CLASSES]
    rows += [("liang2024", "crops", name, "", 100, 50) for name in CLASSES]
    rows += [("nouaman2024", "recording", "", "100 mbar", 304, 120), ("naples", "recording", "", "", 672, 128)]
    rows += [("flow_public", "recording", "", "", width, 80) for width in (320, 400)]
    table = pd.DataFrame(rows, columns=["source", "kind", "class", "condition", "width", "height"])
    table.assign(origin="phantom", recording="r", folder="f", frames=1260).to_csv(file, index=False)
    return file


def _datasets(root: Path, settings: Settings) -> list[Path]:
    folders = [make_dataset(root / name) for name in settings.variants]
    for folder in folders:
        params = {"compose": settings.variants[folder.name].compose, "seed": 0, "dataset": "generated"}
        (folder / "provenance.json").write_text(json.dumps({"params": params, "origin": ["phantom"]}))
    return folders


def _seeds(file: Path, settings: Settings) -> Path:
    metrics = ("precision", "recall", "map50", "map50_95")
    rows = [(model, m, 2, 0.5, 0.1, 0.4, 0.6, "0:0.4 1:0.6") for model in settings.models for m in metrics]
    names = ["model", "metric", "seeds", "mean", "sd", "lowest", "highest", "values"]
    pd.DataFrame(rows, columns=names).to_csv(file, index=False)
    return file


def _headline(root: Path, settings: Settings) -> Path:
    rows = [
        (name, run.model, run.testset, metric, 0.5, 0.4, 0.6, 12, 160, 1680, "")
        for name, run in settings.runs.items()
        for metric in ("ap50", "map50")
    ]
    pd.DataFrame(rows, columns=HEADLINE).to_csv(root / "headline.csv", index=False)
    return root / "headline.csv"


def _testsets(root: Path, settings: Settings) -> list[Path]:
    return [write_testset(root / name, 4, [(0, "slipper", 5, 5, 20, 20)]) for name in settings.testsets]
