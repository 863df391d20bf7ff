"""Training curves of the detectors (figure ``training_curves``)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import yaml
from matplotlib.ticker import MaxNLocator

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv
from rbcflow.figures import style
from rbcflow.runtime import origin

LOSSES = {"box_loss": "box loss", "cls_loss": "class loss", "dfl_loss": "distribution focal loss"}
METRICS = {
    "metrics/precision(B)": ("precision", "#999999", ":"),
    "metrics/recall(B)": ("recall", "#999999", "--"),
    "metrics/mAP50(B)": ("mAP50", "#000000", "-"),
    "metrics/mAP50-95(B)": ("mAP50-95", style.COLOURS["accent"], "-"),
}
"""Columns of Ultralytics' ``results.csv``."""


PUBLISHED = {
    "metrics/precision(B)": "precision",
    "metrics/recall(B)": "recall",
    "metrics/mAP50(B)": "map50",
    "metrics/mAP50-95(B)": "map50_95",
}
"""Columns by the names of ``paper/published.yaml`` and of ``paper/published_curves.csv``."""

SIDES = {"train": ("training", "-"), "val": ("validation", "--")}
"""What a loss is of: its name and its line."""

THEIRS = {"color": style.GROUP_COLOURS[1], "linewidth": 0.9, "zorder": 1.5}
"""Losses of the preprint's training."""


def training_curves(model_folder: Path, published: Path, published_curves: Path, output: Path) -> None:
    """Show losses and metrics over epochs, and under them those of the preprint's training.

    Args:
        model_folder: folder with ``results.csv`` and ``training.json``.
        published: ``paper/published.yaml``; its trainings are matched by the variant a model is named after.
        published_curves: ``paper/published_curves.csv``, every epoch of these trainings.
        output: PNG file.
    """
    path = model_folder / "results.csv"
    table = pd.read_csv(path, skipinitialspace=True)
    needed = ["epoch", *METRICS, *(f"{side}/{name}" for side in ("train", "val") for name in LOSSES)]
    if missing := [name for name in needed if name not in table]:
        raise InputError(path, f"no column {', '.join(missing)}", "the columns Ultralytics writes", "header")
    table = table.dropna(subset=["metrics/mAP50(B)"])
    if table.empty:
        style.notice(output, f"{style.label(model_folder.parent.name)}: its checkpoint came without training curves")
        return
    training, theirs = _published_epochs(published, published_curves, model_folder.parent.name)
    marker = "o" if len(table) < 30 else ""
    thin = f"thin: the preprint's {len(theirs)} epochs of {training['images']} images" if training else ""
    with style.canvas(output, style.SHEET_MM, 98, _note(model_folder, table, thin)) as figure:
        panels = figure.subplots(2, 2).ravel()
        for axes, (name, title) in zip(panels, LOSSES.items(), strict=False):
            for side, (label, line) in SIDES.items():
                values = table[f"{side}/{name}"]
                axes.plot(table["epoch"], values, line, color="#333333", label=label, marker=marker, ms=2)
            for side, (label, line) in SIDES.items() if len(theirs) else ():
                values = theirs[f"{side}_{name.removesuffix('_loss')}"]
                axes.plot(theirs["epoch"], values, line, label=f"preprint,\n{label}", **THEIRS)
            axes.set(title=title, ylim=(0, None))
        for column, (label, colour, line) in METRICS.items():
            if len(theirs):
                panels[3].plot(theirs["epoch"], theirs[PUBLISHED[column]], line, color=colour, alpha=0.5, linewidth=0.9)
            panels[3].plot(table["epoch"], table[column], line, color=colour, label=label, marker=marker, ms=2)
        panels[3].set(title="on validation images", ylim=(0, 1.02))
        for axes in panels:
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.grid(True)
        for axes in (panels[0], panels[3]):
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _published_epochs(published: Path, curves: Path, variant: str) -> tuple[dict[str, float], pd.DataFrame]:
    """Return what was printed of the preprint's training on a variant, and its epochs; both empty where it has none.

    Raises:
        InputError: the table lacks a column.
    """
    losses = [f"{side}_{name.removesuffix('_loss')}" for side in SIDES for name in LOSSES]
    table = read_csv(
        curves, "the preprint's trainings", ["training", "epoch", *PUBLISHED.values(), *losses], comment="#"
    )
    trainings = yaml.safe_load(published.read_text(encoding="utf-8"))["trainings"]
    named = [name for name, values in trainings.items() if values["variant"] == variant]
    return (trainings[named[0]] if named else {}), table[table["training"].isin(named)]


def seed_spread(seeds: Path, published: Path, output: Path) -> None:
    """Show each seed's metrics, their mean, and the published value, model by model.

    Args:
        seeds: ``seeds.csv`` of the rule ``tabulate_seeds``.
        published: ``paper/published.yaml``.
        output: PNG file.
    """
    table, known = pd.read_csv(seeds), _published(published)
    if table.empty:
        style.notice(output, "no model has training curves")
        return
    models = list(dict.fromkeys(table["model"]))
    most = int(table["seeds"].max())
    note = style.note(
        f"{most} seed{'s' if most > 1 else ''} a model at most",
        "best epoch, composed validation images; the preprint's values are on its own",
    )
    with style.canvas(output, style.SHEET_MM, 40 + 11 * len(models), note) as figure:
        panels = figure.subplots(2, len(PUBLISHED) // 2, sharey=True).ravel()
        for axes, (column, metric) in zip(panels, PUBLISHED.items(), strict=True):
            rows = table[table["metric"] == metric].set_index("model")
            for place, model in enumerate(models):
                values = [float(part.partition(":")[2]) for part in rows.loc[model, "values"].split()]
                axes.plot(values, [place] * len(values), "o", ms=3.5, mfc="none", color="#333333", label="seed")
                axes.plot([rows.loc[model, "mean"]], [place], "|", ms=11, mew=1.6, color="#000000", label="mean")
                if model in known:
                    axes.plot(
                        [known[model][metric]], [place], "D", ms=3.5, color=style.COLOURS["accent"], label="preprint"
                    )
            axes.set(title=METRICS[column][0], yticks=range(len(models)), xlim=(None, 1.02))
            axes.set_yticklabels([style.label(model) for model in models])
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.set_ylim(len(models) - 0.5, -0.5)
            axes.grid(True, axis="x")
        handles = {
            label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles.keys(), loc="outside lower right", ncols=3)


def _published(file: Path) -> dict[str, dict[str, float]]:
    """Return the published trainings by the variant they learned from."""
    trainings = yaml.safe_load(file.read_text(encoding="utf-8"))["trainings"]
    return {values["variant"]: values for values in trainings.values()}


def _note(folder: Path, table: pd.DataFrame, thin: str) -> str:
    record = folder / "training.json"
    values = json.loads(record.read_text()) if record.is_file() else {}
    seed = folder.name.replace("-", " ") if folder.name.startswith("seed-") else ""
    name = style.note(style.label(folder.parent.name), seed) if seed else style.label(folder.name)
    speed = values.get("images_per_second")
    return style.note(
        name,
        f"trained on {origin.made_from(values.get('learned_from'), values.get('remarks') or ())}",
        f"{len(table)} epoch{'s' if len(table) > 1 else ''}",
        f"{speed:.0f} images/s" if speed else "",
        thin,
    )
