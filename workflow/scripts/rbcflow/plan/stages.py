"""The stages in the order of the data flow: rule files, rooms of the library, folders of the results."""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """A stage.

    Attributes:
        name: for readers.
        rules: names of its rule files.
        library: rooms or modules of the library.
        writes: below ``results``.
        says: what it is for, in one line.
    """

    name: str
    rules: tuple[str, ...]
    library: tuple[str, ...]
    writes: tuple[str, ...]
    says: str


STAGES = (
    Stage(
        "raw", ("raw",), ("sources/", "laboratories/", "phantom/"), ("raw/{source}/",),
        "get and verify a laboratory's files; simulate them where there are none",
    ),
    Stage(
        "segmentation", ("segmentation",), ("segmentation/",), ("segmentation/",),
        "U-Net and the network inside Cellpose, trained on simulated practice pictures",
    ),
    Stage(
        "cells", ("cells",), ("cells/",), ("cells/{bank}/", "clusters/"),
        "single cells with masks and classes, and how each was cut",
    ),
    Stage(
        "outlines", ("cells",), ("metrics/outlines.py",), ("outlines/{method}/",),
        "every extraction method against true masks",
    ),
    Stage(
        "splits", ("datasets",), ("cells/splits.py",), ("splits/{scheme}/{banks}.csv",),
        "which cell may appear in train, val, test",
    ),
    Stage(
        "datasets", ("datasets",), ("datasets/",), ("datasets/{variant}/",),
        "cut-and-paste images with labels, or images that exist",
    ),
    Stage(
        "tables", ("tables",), ("cells/leakage.py", "reproduction/"), ("tables/",),
        "what is counted over all datasets: boxes, leakage, fingerprints",
    ),
    Stage(
        "models", ("models",), ("training/",), ("models/{model}/seed-{seed}/", "cards/"),
        "trained YOLO11 detectors",
    ),
    Stage(
        "test sets", ("testsets",), ("testsets/",), ("testsets/{testset}/",),
        "frames and true boxes a model is evaluated on",
    ),
    Stage(
        "predictions", ("predictions",), ("predictions/", "detector/"), ("predictions/{run}.parquet",),
        "boxes of one model on one test set, computed once",
    ),
    Stage(
        "metrics", ("metrics",), ("metrics/",), ("validation/{run}/", "errors/{run}/", "tables/"),
        "everything counted from predictions and truth, run by run and over all runs",
    ),
    Stage(
        "claims", ("claims",), ("claims/",), ("tables/published_counts.csv", "tables/claims.csv"),
        "what the preprint says and prints, held against what was counted",
    ),
    Stage(
        "figures", ("figures",), ("figures/",), ("figures/", "gifs/"),
        "pictures and GIFs, each an entry of `paper/figures.yaml`",
    ),
    Stage(
        "recordings", ("recordings",), ("recordings/",), ("recordings/",),
        "own recordings from a sheet to cells and verdicts; apart from all other stages (`docs/recordings.md`)",
    ),
    Stage(
        "retraining", ("retraining",), ("recordings/",), ("detectors/{name}/",),
        "a detector trained on from corrected frames of own recordings, kept if it is better on held-out ones "
        "(`docs/correcting.md`)",
    ),
    Stage(
        "universal", ("universal",), ("metrics/conditions.py",), ("tables/conditions.csv", "universal/"),
        "the detector for recordings nobody trained it on, and what it is worth; apart from the report",
    ),
    Stage(
        "report", ("report",), ("report/",), ("report.html", "ro-crate-metadata.json", "codecheck.yml"),
        "the one page a reader opens, and the results and their provenance for machines",
    ),
)  # fmt: skip
