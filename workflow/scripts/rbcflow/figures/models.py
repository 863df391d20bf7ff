"""Training curves of the detectors (figure ``training_curves``)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from rbcflow.errors import InputError
from rbcflow.figures import style

LOSSES = {"box_loss": "box loss", "cls_loss": "class loss", "dfl_loss": "distribution focal loss"}
METRICS = {
    "metrics/precision(B)": ("precision", "#999999", ":"),
    "metrics/recall(B)": ("recall", "#999999", "--"),
    "metrics/mAP50(B)": ("mAP50", "#000000", "-"),
    "metrics/mAP50-95(B)": ("mAP50-95", style.COLOURS["accent"], "-"),
}
"""Columns of Ultralytics' ``results.csv``."""


def training_curves(model_folder: Path, output: Path) -> None:
    """Show losses on training and validation images, and metrics on validation images, over epochs.

    Args:
        model_folder: folder with ``results.csv`` and ``training.json``.
        output: PNG file.
    """
    path = model_folder / "results.csv"
    table = pd.read_csv(path, skipinitialspace=True)
    needed = ["epoch", *METRICS, *(f"{side}/{name}" for side in ("train", "val") for name in LOSSES)]
    if missing := [name for name in needed if name not in table]:
        raise InputError(path, f"no column {', '.join(missing)}", "the columns Ultralytics writes", "header")
    table = table.dropna(subset=["metrics/mAP50(B)"])
    marker = "o" if len(table) < 30 else ""
    with style.canvas(output, style.PAGE_MM, 52, _note(model_folder, table)) as figure:
        panels = figure.subplots(1, 4)
        for axes, (name, title) in zip(panels, LOSSES.items(), strict=False):
            for side, line in (("train", "-"), ("val", "--")):
                label = {"train": "training", "val": "validation"}[side]
                axes.plot(
                    table["epoch"], table[f"{side}/{name}"], line, color="#333333", label=label, marker=marker, ms=2
                )
            axes.set(title=title, ylim=(0, None))
        for column, (label, colour, line) in METRICS.items():
            panels[3].plot(table["epoch"], table[column], line, color=colour, label=label, marker=marker, ms=2)
        panels[3].set(title="on validation images", ylim=(0, 1.02))
        for axes in panels:
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.grid(True)
        panels[0].legend(loc="lower left")
        panels[3].legend(loc="lower right")


def _note(folder: Path, table: pd.DataFrame) -> str:
    record = folder / "training.json"
    values = json.loads(record.read_text()) if record.is_file() else {}
    name = folder.parent.name + " " + folder.name if folder.name.startswith("seed-") else folder.name
    speed = values.get("images_per_second")
    return style.note(
        name,
        f"trained on images made from {style.folder_origin(folder)} cells",
        f"{int(table['epoch'].max())} epochs" if len(table) else "no epoch",
        f"{speed:.0f} images/s" if speed else "",
    )
