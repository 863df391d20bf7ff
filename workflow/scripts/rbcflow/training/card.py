"""Model cards (rules ``package_starter`` and ``write_model_card``); all their numbers come from files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.detector.fitting import Learned
from rbcflow.runtime.origin import Basis, limits, made_from, text
from rbcflow.runtime.provenance import sha256
from rbcflow.training.seeds import METRICS, best_row

CARD = """\
# Starter checkpoint: YOLO11n on simulated cells

What the embedded default of rbcflow starts its trainings from, so that a fresh clone needs no download. Made by
`make starter`, which is the recipe: `config/starter.yaml` over `config/config.yaml`.

| | |
|---|---|
| file | `{name}`, {megabytes:.1f} MB, half precision |
| sha256 | `{sha256}` |
| sha256 over the sorted state | `{state_sha256}` |
| network | {architecture}, {parameters:,} parameters, classes {classes} |
| started from | {start} |
| training data | {images} images of the variant `synthetic`, simulated by the phantom's cell model; no recorded image |
| data fingerprint | `{data_fingerprint}` |
| seed | {seed} |
| epochs | {epochs}, of which the best is {best_epoch} |
| time | {minutes:.0f} minutes, {rate:.0f} images/s, {precision}, {threads}, {processor} |
| versions | torch {torch}, ultralytics {ultralytics}, numpy {numpy} |
| licence | AGPL-3.0-or-later, as the project and Ultralytics |

On its own simulated validation images, at the best epoch: precision {precision_best:.3f}, recall {recall_best:.3f},
mAP50 {map50:.3f}, mAP50-95 {map50_95:.3f}. These say how well it knows simulated images and nothing about recordings.
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
    return CARD.format(**_facts(record, curves, metadata, weights))


def universal_card(
    record: Mapping[str, Any],
    *,
    banks: Sequence[str],
    curves: Path,
    metadata: Path,
    weights: Path,
    conditions: Path,
    gauge: Path,
) -> str:
    """Return the model card of the universal detector as Markdown.

    Args:
        record: the training's ``training.json``, of several seeds their mean's.
        banks: that the cells of its images are of.
        curves: its ``results.csv``.
        metadata: ``metadata.csv`` of the dataset.
        weights: the checkpoint as shipped.
        conditions: ``conditions.csv``: how well cells are found, by test set and condition.
        gauge: ``gauge.json``: how well that is told without truth.
    """
    facts = _facts(record, curves, metadata, weights)
    told = json.loads(gauge.read_text(encoding="utf-8"))
    ranks = {name: ", ".join(f"{key} {value:.3f}" for key, value in told[name].items()) for name in RANKS}
    basis, learned = Basis.of_training(record), Learned.of_cells(record["cells"])
    seeds = len(record["seed"]) if isinstance(record["seed"], list) else 1
    return UNIVERSAL_CARD.format(
        **facts,
        **ranks,
        share=record["average"],
        banks=" and ".join(f"`{name}`" for name in banks),
        made_from=made_from(basis.learned, basis.remarks),
        in_all=f" in all for {seeds} trainings" if seeds > 1 else "",
        mean_of=f" (means of the {seeds} trainings)" if seeds > 1 else "",
        low=record["cells"]["low_seen_px"],
        high=record["cells"]["high_seen_px"],
        smallest=learned.taken[0],
        largest=learned.taken[1],
        side=learned.side,
        found=_found(pd.read_csv(conditions)),
    )


RANKS = ("spearman", "spearman_of_mild")
"""Keys of ``gauge.json`` with rank correlations by laboratory."""


def _found(table: pd.DataFrame) -> str:
    """Return one row a test set, the models' average precision, recall and false positives side by side."""
    fitted = table["size"] == "fitted"
    table = table.fillna({"clusters": ""}).assign(model=table["model"] + np.where(fitted, ", size fitted", ""))
    models = list(dict.fromkeys(table["model"]))
    lines = [
        "| test set | frames as | condition | boxes | " + " | ".join(models) + " |",
        "|" + "---|" * (4 + len(models)),
    ]
    for (testset, seen, condition, clusters), own in table.groupby(
        ["testset", "input", "condition", "clusters"], sort=False
    ):
        values = own.set_index("model")
        cells = [
            testset,
            seen,
            f"{condition}, clusters {clusters}" if clusters else condition,
            f"{own['n_boxes'].iloc[0]}",
        ]
        for model in models:
            row = values.loc[model] if model in values.index else None
            found = "–" if row is None else "{ap50:.3f} / {recall:.3f} / {false_positives_per_frame:.2f}".format(**row)
            cells.append(found)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _seed(record: Mapping[str, Any]) -> str:
    """Return the seed in words, or those whose weights were averaged."""
    seed = record["seed"]
    return f"{', '.join(map(str, seed))}: the mean of their weights" if isinstance(seed, list) else str(seed)


def _facts(record: Mapping[str, Any], curves: Path, metadata: Path, weights: Path) -> dict[str, Any]:
    """Return what the cards of shipped checkpoints say, by the names in their text."""
    table = pd.read_csv(curves, skipinitialspace=True)
    best = table[table["epoch"] == record["best_epoch"]].iloc[0]
    counts = pd.read_csv(metadata)["split"].value_counts()
    return {
        "name": weights.name,
        "megabytes": weights.stat().st_size / 1e6,
        "sha256": sha256(weights),
        "state_sha256": record["state_sha256"],
        "architecture": record["architecture"].removesuffix(".yaml"),
        "parameters": record["parameters"],
        "classes": ", ".join(record["classes"]),
        "start": "random weights" if record["weights"]["source"] == "random" else record["weights"]["source"],
        "images": f"{counts['train']} (and {counts['val']} to validate)",
        "data_fingerprint": record["data_fingerprint"],
        "seed": _seed(record),
        "epochs": record["epochs"],
        "best_epoch": record["best_epoch"],
        "minutes": record["seconds"] / 60,
        "rate": record["images_per_second"],
        "precision": record["precision"],
        "threads": f"{record['threads']} thread{'s' if record['threads'] != 1 else ''}",
        "processor": record["processor"],
        "torch": record["versions"]["torch"],
        "ultralytics": record["versions"]["ultralytics"],
        "numpy": record["versions"]["numpy"],
        "precision_best": best["metrics/precision(B)"],
        "recall_best": best["metrics/recall(B)"],
        "map50": best["metrics/mAP50(B)"],
        "map50_95": best["metrics/mAP50-95(B)"],
    }


UNIVERSAL_CARD = """\
# Universal checkpoint: YOLO11n for recordings nobody trained it on

It looks for red cells in grey bright-field frames; nine of ten cells it learned from were {low:.0f} to {high:.0f} px
large (root of width times height), and `found.csv` says how many are found at which size. Made by `make universal`,
which is the recipe: `config/universal.yaml` over `config/config.yaml`.

| | |
|---|---|
| file | `{name}`, {megabytes:.1f} MB, half precision |
| sha256 | `{sha256}` |
| sha256 over the sorted state | `{state_sha256}` |
| network | {architecture}, {parameters:,} parameters, classes {classes} |
| started from | {start}, with which the trained weights were averaged (its share {share:g}) |
| training data | {images} images of the variant `universal`, composed of cells of the banks {banks}; {made_from} |
| data fingerprint | `{data_fingerprint}` |
| seed | {seed} |
| epochs | {epochs}, of which the best is {best_epoch} |
| time | {minutes:.0f} minutes{in_all}, {rate:.0f} images/s, {precision}, {threads}, {processor} |
| versions | torch {torch}, ultralytics {ultralytics}, numpy {numpy} |
| licence | AGPL-3.0-or-later, as the project and Ultralytics |

On its own validation images at the best epoch{mean_of}, before the averaging: precision {precision_best:.3f}, recall
{recall_best:.3f}, mAP50 {map50:.3f}, mAP50-95 {map50_95:.3f}.

## Cells found, whatever they are called

Average precision at IoU 0.5 / recall / false positives a frame at confidence 0.25, one box an object, by the sum of its
classes' scores, at the frames' own pixels. `conditions.csv` has more.

{found}

## Is a recording like what it learned?

`gauge.json` tells from frames alone what average precision to expect (`docs/recordings.md`), `gauge.csv` has every
condition it was calibrated on. Spearman's correlation of expected and measured average precision, over the conditions
of a laboratory that the gauge was fitted without: {spearman}; over the milder ones alone, whose average precision
differs little: {spearman_of_mild}.

**Use**: show it frames in grey (`input: grey`), cells of {smallest:.0f} to {largest:.0f} px as they are, others
brought to {side:.0f} px.
**Limits**: classes are those of a drawing model; cells that touch are often one box, as they were labelled so; of a
cell that the frame's border cuts, the box may take in its bright rim. The recipe was chosen by looking at these test
sets: on other recordings expect less. Not a diagnostic tool.
"""


MODEL_CARD = """\
# {name}: {title}

| | |
|---|---|
| file | `weights/best.pt`, {megabytes:.1f} MB, half precision |
| sha256 | `{sha256}` |
| sha256 over the sorted state | `{state_sha256}` |
| network | {architecture}, {parameters:,} parameters, classes {classes} |
| started from | {start} |
| training data | {data}, fingerprint `{data_fingerprint}` |
| seed | {seed} |
| epochs | {epochs}, of which the best is {best_epoch} |
| computed on | {computed} |
| licence | AGPL-3.0-or-later, as the project and Ultralytics |

## How it does

{own}

{table}

mAP is the mean over the classes that the model can name and that have true boxes on the test set.
Everything else that was counted stands in `metrics.json` of the runs.

## Limits

{limits}Not a diagnostic tool. Classes are shapes in flow as the training data defines them; other microscopes,
magnifications, channels and cell densities than those of the table are unknown ground.
"""


def model_card(folder: Path, *, title: str, metrics: list[Mapping[str, Any]]) -> str:
    """Return the card of a model folder as Markdown.

    Args:
        folder: ``<model>/seed-<seed>`` with ``training.json``, ``results.csv`` and the weights.
        title: of the model.
        metrics: ``metrics.json`` of its runs.
    """
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    basis = Basis.of_training(record)
    weights = folder / "weights" / "best.pt"
    start = "random weights" if record["weights"]["source"] == "random" else f"`{record['weights']['source']}`"
    if record.get("average"):
        start += f", with which the trained weights were averaged (its share {record['average']:g})"
    return MODEL_CARD.format(
        name=folder.parent.name,
        title=title,
        megabytes=weights.stat().st_size / 1e6,
        sha256=sha256(weights),
        state_sha256=record["state_sha256"],
        architecture=record["architecture"].removesuffix(".yaml"),
        parameters=record["parameters"],
        classes=", ".join(record["classes"]),
        start=f"{start}, taken as it is, not trained here" if basis.adopted else start,
        data=made_from(basis.learned, basis.remarks),
        data_fingerprint=record["data_fingerprint"] or "not recorded",
        seed=_seed(record),
        epochs=record["epochs"],
        best_epoch=record["best_epoch"] or "not recorded",
        computed=_computed(record),
        own=_own_validation(folder),
        table=_runs(metrics),
        limits="".join(f"{sentence}\n" for sentence in limits(basis)),
    )


def _computed(record: Mapping[str, Any]) -> str:
    """Return device, time and versions of a training as one cell."""
    if record["seconds"] is None:
        return "not recorded"
    where = record["processor"] if record["device"] == "cpu" else f"CUDA device {record['device']}"
    rate = f"{record['seconds'] / 60:.1f} minutes, {record['images_per_second']:.0f} images/s, {record['precision']}"
    versions = record["versions"]
    return f"{where}, {rate}, torch {versions['torch']}, ultralytics {versions['ultralytics']}"


def _own_validation(folder: Path) -> str:
    """Return a sentence about the validation images of the model's own dataset."""
    row = best_row(folder)
    if row is None:
        return "No curves came with the checkpoint."
    values = ", ".join(f"{name} {float(row[column]):.3f}" for name, column in METRICS.items())
    return f"On its dataset's own validation images at the best epoch: {values}."


def _runs(metrics: list[Mapping[str, Any]]) -> str:
    """Return one row a run."""
    lines = [
        "| test set | evaluated on | frames | boxes | size seen | mAP50 | mAP50-95 | caveats |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in metrics:
        values = ["–" if run["coco"][key] is None else f"{run['coco'][key]:.3f}" for key in ("map50", "map50_95")]
        size = str(run["size"]["asked"]) + (f", {run['size']['imgsz']} px" if run["size"]["imgsz"] else "")
        size += ", in grey" if run["input"] == "grey" else ""
        cells = [run["testset"], text(run["origin"]), str(run["n_frames"]), str(run["n_boxes"]["total"]), size, *values]
        lines.append(f"| {' | '.join([*cells, ' '.join(run['caveats'])])} |")
    return "\n".join(lines) if metrics else "It was evaluated on no test set."
