"""Tiny test sets and predictions, written as their contracts say; shared by the tests of metrics and figures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rbcflow.core.classes import CLASSES

BOX = ["x0", "y0", "x1", "y1"]
CELL = (10, 10, 30, 30)
HALF = (10, 10, 30, 20)  # IoU 0.5 with CELL
FAR = (60, 10, 80, 30)


def truth_table(rows: list[tuple]) -> pd.DataFrame:
    """Rows of (frame, class, x0, y0, x1, y1) or, with a kind, one more."""
    padded = [row if len(row) == 7 else (*row, "single") for row in rows]
    return pd.DataFrame(padded, columns=["frame", "class", *BOX, "kind"]).astype(dict.fromkeys(BOX, float))


def prediction_table(rows: list[tuple]) -> pd.DataFrame:
    """Rows of (frame, class, conf, x0, y0, x1, y1) and, where a box has other names too, the sum of all scores."""
    padded = [row if len(row) == 8 else (*row, row[2]) for row in rows]
    table = pd.DataFrame(padded, columns=["frame", "class", "conf", *BOX, "cell"])
    table = table.astype(dict.fromkeys(("conf", *BOX, "cell"), float))
    return table.sort_values("conf", ascending=False, kind="stable").sort_values(
        "frame", kind="stable", ignore_index=True
    )


def write_testset(folder: Path, n_frames: int, rows: list[tuple], size: tuple[int, int] = (120, 60), **meta) -> Path:
    """Write a test set of grey frames, a bright ellipse in each true box; keyword arguments go into its JSON."""
    (folder / "images").mkdir(parents=True)
    truth = truth_table(rows)
    width, height = size
    frames = [
        (number, f"images/{number:05d}.png", "donor_1", "donor_1/0300mbar_1", number, "300 mbar", width, height, "")
        for number in range(n_frames)
    ]
    columns = ["frame", "path", "donor", "recording", "index", "condition", "width", "height", "label"]
    pd.DataFrame(frames, columns=columns).to_csv(folder / "frames.csv", index=False)
    truth.to_csv(folder / "truth.csv", index=False)
    for number in range(n_frames):
        image = np.full((height, width), 120, np.uint8)
        for x0, y0, x1, y1 in truth.loc[truth["frame"] == number, BOX].to_numpy():
            centre, axes = (int((x0 + x1) / 2), int((y0 + y1) / 2)), (int((x1 - x0) / 2), int((y1 - y0) / 2))
            cv2.ellipse(image, centre, axes, 0, 0, 360, 190, -1)
        cv2.imwrite(str(folder / f"images/{number:05d}.png"), image)
    record = {
        "name": folder.name, "status": "available", "reason": "", "source": "nouaman2024", "origin": ["phantom"],
        "labels": "truth", "classes_evaluated": "true",
        "n_frames": n_frames, "n_boxes": len(truth), "fingerprint": "f0",
    }  # fmt: skip
    (folder / "testset.json").write_text(json.dumps(record | meta))
    return folder


def write_predictions(path: Path, rows: list[tuple], **meta) -> Path:
    """Write predictions; keyword arguments go into the file's metadata."""
    record = {
        "run": "run1", "model": "model1", "model_hash": "abc", "testset": "set", "testset_fingerprint": "f0",
        "scale": 1.0, "size": {"asked": "native", "imgsz": None, "factor": [1.0, 1.0]}, "training_cells": None,
        "input": "recorded", "conf": 0.001, "iou": 0.7, "frames_per_second": 50.0, "status": "available",
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(prediction_table(rows), preserve_index=False)
    pq.write_table(table.replace_schema_metadata({b"rbcflow": json.dumps(record | meta).encode()}), path)
    return path


def random_case(rng: np.random.Generator, n_frames: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Crowded random boxes, some predictions jittered truth, on a grid coarse enough for boxes to compete."""
    truth, predictions = [], []
    for frame in range(n_frames):
        for _ in range(rng.integers(0, 9)):
            x, y = rng.uniform(0, 60, 2)
            w, h = rng.uniform(8, 40, 2)
            truth.append((frame, CLASSES[rng.integers(3)], x, y, x + w, y + h))
            for _ in range(rng.integers(0, 4)):
                box = np.array([x, y, x + w, y + h]) + rng.normal(0, 3, 4)
                predictions.append((frame, CLASSES[rng.integers(3)], rng.uniform(0.001, 1), *box))
        for _ in range(rng.integers(0, 3)):
            x, y = rng.uniform(0, 60, 2)
            predictions.append((frame, CLASSES[rng.integers(3)], rng.uniform(0.001, 1), x, y, x + 15, y + 12))
    return truth_table(truth), prediction_table(predictions)
