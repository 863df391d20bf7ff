"""Runs, models and counts by hand, as sentences of the preprint are evaluated by; shared by tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rbcflow.claims.statistics import Runs
from rbcflow.claims.table import Evidence
from rbcflow.claims.training import SETTINGS
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.metrics.sample import Sample

POWER = {"holds": 0.9, "fails": 0.5, "around": 0.5}
ROWS = [
    {"run": "a-on-set", "model": "a", "testset": "set", "published_as": "val1"},
    {"run": "b-on-set", "model": "b", "testset": "set", "published_as": "val2"},
    {"run": "a-on-far", "model": "a", "testset": "far", "published_as": "val3"},
    {"run": "c-on-pictures", "model": "c", "testset": "pictures", "published_as": "test_synthetic_test"},
]


def sample(found: list[list[int]], added: list[int] | None = None) -> Sample:
    """Return a run in which each recording has two frames and the given true slippers, found (1) or not (0)."""
    recording = np.repeat(np.arange(len(found)), [len(own) for own in found])
    hit, n = np.concatenate(found).astype(bool), len(recording)
    where = np.where(hit, 0.1, np.nan)
    matched = {
        "recording": recording, "true": np.full(n, "slipper", dtype=object), "truth_row": np.arange(n), "iou": where,
        "predicted": np.where(hit, "slipper", BACKGROUND).astype(object),
        "offset_px": where, "offset_share": where, "size_ratio": where,
    }  # fmt: skip
    return Sample(
        conf=np.full(hit.sum(), 0.9), recording=recording[hit], hit=np.ones(hit.sum(), bool),
        hit_any=np.ones(hit.sum(), bool), predicted=np.full(hit.sum(), "slipper", dtype=object),
        true_recording=recording, true=np.full(n, "slipper", dtype=object), matched=matched,
        single=matched, frames=np.full(len(found), 2.0), background=np.array(added or [0.0] * len(found), dtype=float),
        wall_slippers=np.zeros(len(found)), named=True,
    )  # fmt: skip


ALL, HALF, NONE = ([[share, 1]] * 8 if share != -1 else [[0, 0]] * 8 for share in (1, 0, -1))
SAMPLES = {"a-on-set": sample(ALL), "b-on-set": sample(HALF), "a-on-far": sample(NONE, [4] * 8)}


def evidence(origin="raw", samples=SAMPLES, **changes) -> Evidence:
    """Return what sentences are evaluated by: `a` finds all on `set` and nothing on `far`, `b` every second cell."""
    runs = Runs({row["run"]: row for row in ROWS}, Path("nowhere"), 0.25, 0.45, 100, 0, dict(samples))
    metrics = {
        row["run"]: {"status": "available", "model": row["model"], "testset": row["testset"],
                     "origin": [origin], "learned_from": [origin]}
        for row in ROWS
    }  # fmt: skip
    metrics["c-on-pictures"]["learned_from"] = ["phantom"]
    metrics["c-on-pictures"]["image_labels"] = {"detections": 104, "accuracy": 0.6}
    alike = dict.fromkeys(SETTINGS, "same")
    known = {
        "trainings": {"a": alike, "b": alike, "c": alike},
        "looks": pd.DataFrame(columns=["testset", "origin", "recording", "elongation", "saturation", "halo"]),
        "counts": pd.DataFrame(
            [{"id": "n", "title": "n", "published": 5, "here": 5, "origin": origin, "table": "t.csv"},
             {"id": "m", "title": "n", "published": 5, "here": None, "origin": None, "table": "t.csv"}]
        ),
        "seeds": pd.DataFrame([{"model": "a", "metric": "map50", "seeds": 1, "mean": 0.71, "origin": origin}]),
        "models": {"a": "train1"},
    }  # fmt: skip
    return Evidence(runs=runs, metrics=metrics, **known | changes)
