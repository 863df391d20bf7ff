"""The starter checkpoint's model card (rule ``package_starter``); all its numbers come from the training's files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.provenance import sha256

CARD = """\
# Starter checkpoint: YOLO11n on drawn cells

What the embedded default of rbcflow starts its trainings from, so that a fresh clone needs no download. Made by
`make starter`, which is the recipe: `config/starter.yaml` over `config/config.yaml`.

| | |
|---|---|
| file | `{name}`, {megabytes:.1f} MB, half precision |
| sha256 | `{sha256}` |
| sha256 over the sorted state | `{state_sha256}` |
| network | {architecture}, {parameters:,} parameters, classes {classes} |
| started from | {start} |
| training data | {images} images of the variant `synthetic`, drawn by the phantom's cell model; no recorded image |
| data fingerprint | `{data_fingerprint}` |
| seed | {seed} |
| epochs | {epochs}, of which the best is {best_epoch} |
| time | {minutes:.0f} minutes, {rate:.0f} images/s, {precision}, {threads} threads, {processor} |
| versions | torch {torch}, ultralytics {ultralytics}, numpy {numpy} |
| licence | AGPL-3.0-or-later, as the project and Ultralytics |

On its own validation images, also drawn, at the best epoch: precision {precision_best:.3f}, recall {recall_best:.3f},
mAP50 {map50:.3f}, mAP50-95 {map50_95:.3f}. These say how well it knows drawings and nothing about recordings.
`results.csv` has the curves, `training.json` the record.

**Use**: a start for trainings on recorded or composed images of red cells in flow. **Limits**: the classes are those of
a drawing model; it has seen straight channel walls, bright-field looks and cells up to about half the image height.
Not a diagnostic tool.
"""


def starter_card(record: Mapping[str, Any], *, curves: Path, metadata: Path, weights: Path) -> str:
    """Return the model card as Markdown.

    Args:
        record: the training's ``training.json``.
        curves: its ``results.csv``.
        metadata: ``metadata.csv`` of the dataset.
        weights: the checkpoint as shipped.
    """
    table = pd.read_csv(curves, skipinitialspace=True)
    best = table[table["epoch"] == record["best_epoch"]].iloc[0]
    counts = pd.read_csv(metadata)["split"].value_counts()
    return CARD.format(
        name=weights.name,
        megabytes=weights.stat().st_size / 1e6,
        sha256=sha256(weights),
        state_sha256=record["state_sha256"],
        architecture=record["architecture"].removesuffix(".yaml"),
        parameters=record["parameters"],
        classes=", ".join(record["classes"]),
        start="random weights" if record["weights"]["source"] == "random" else record["weights"]["source"],
        images=f"{counts['train']} (and {counts['val']} to validate)",
        data_fingerprint=record["data_fingerprint"],
        seed=record["seed"],
        epochs=record["epochs"],
        best_epoch=record["best_epoch"],
        minutes=record["seconds"] / 60,
        rate=record["images_per_second"],
        precision=record["precision"],
        threads=record["threads"],
        processor=record["processor"],
        torch=record["versions"]["torch"],
        ultralytics=record["versions"]["ultralytics"],
        numpy=record["versions"]["numpy"],
        precision_best=best["metrics/precision(B)"],
        recall_best=best["metrics/recall(B)"],
        map50=best["metrics/mAP50(B)"],
        map50_95=best["metrics/mAP50-95(B)"],
    )
