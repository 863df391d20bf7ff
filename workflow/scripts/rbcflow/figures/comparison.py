"""Models side by side on the same frames (figures ``published_matrices``, ``headline`` and ``localisation``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rbcflow.figures import style
from rbcflow.figures.validation import heat, read_metrics
from rbcflow.metrics.confusion import ConfusionMatrix
from rbcflow.metrics.intervals import LEAST_RECORDINGS, MIN_RECORDINGS
from rbcflow.runtime import origin

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
PUBLISHED = {
    "saarland_donors": ("val28", "val29", "val31", "val27"),
    "naples": ("val21", "val30", "val32", "val22"),
}
"""The preprint's eight matrices by test set: overlaps allowed, no overlap, two classes, in a channel."""


def _published_as(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["published_as"]: row["run"] for row in rows if row.get("published_as")}


def published_matrices(runs: list[Path], output: Path, table: list[dict[str, str]] | None = None) -> None:
    """Draw the preprint's eight matrices in one panel: counts above, shares of the true class below.

    Args:
        runs: folders of the runs.
        output: PNG file.
        table: rows of the table of runs, which say what a run was published as.
    """
    folders, named = {folder.name: folder for folder in runs}, _published_as(table or [])
    wanted = {testset: [named.get(item) for item in items] for testset, items in PUBLISHED.items()}
    metrics = {run: read_metrics(folders[run]) for items in wanted.values() for run in items if run in folders}
    limits = next(iter(metrics.values()))["thresholds"] if metrics else {"conf": np.nan, "iou": np.nan}
    note = style.note(
        f"confidence > {limits['conf']:g}, IoU > {limits['iou']:g}",
        "rows true classes, columns predicted; b: background (last row false alarms, last column missed)",
        "shares: each row sums to 1",
    )
    with style.canvas(output, style.PAGE_MM, 190, note) as figure:
        grid = figure.subplots(2 * len(wanted), 4)
        for block, (testset, items) in enumerate(wanted.items()):
            for column, (item, run) in enumerate(zip(PUBLISHED[testset], items, strict=True)):
                pair = grid[2 * block : 2 * block + 2, column]
                _pair(pair, folders.get(run or ""), item)


def _pair(panels: np.ndarray, folder: Path | None, item: str) -> None:
    metrics = read_metrics(folder) if folder else None
    if metrics is None or metrics["status"] != "available":
        for axes in panels:
            axes.set_axis_off()
            axes.text(0.5, 0.5, f"{item}\nnot made", ha="center", va="center", color="#666666")
        return
    limits = {key: metrics["thresholds"][key] for key in ("conf", "iou")}
    matrix = ConfusionMatrix.read_csv(folder / "confusion_matrix.csv", **limits)
    heat(
        panels[0],
        matrix.counts / max(1, matrix.counts.max()),
        [[f"{n}" for n in row] for row in matrix.counts],
        short=True,
    )
    shares = matrix.normalised()
    heat(panels[1], shares, [["–" if np.isnan(x) else f"{x:.2f}" for x in row] for row in shares], short=True)
    model = metrics["model"].replace("_nosuperposition", ",\nno overlap").replace("_noother", ", two classes")
    panels[0].set_title(f"{item}: {model}\non {metrics['testset']}, n = {matrix.n}", fontsize=6)
    panels[1].set_title(origin.text(metrics["origin"]) + " frames, shares", fontsize=6, weight="normal")


def headline(headline: Path, output: Path) -> None:
    """Draw the main numbers of every run with their intervals, one panel a test set.

    Args:
        headline: ``headline.csv``.
        output: PNG file.
    """
    table = pd.read_csv(headline)
    table = table[table["companion_of"].isna()]
    shown = {"ap50": "AP50, classes ignored", "map50": "mAP50"}
    testsets = list(dict.fromkeys(table["testset"]))
    models = list(dict.fromkeys(table["model"]))
    colours = dict(zip(models, PALETTE * 2, strict=False))
    heights = [table.loc[table["testset"] == name, "model"].nunique() for name in testsets]
    note = (
        "dots: all recordings; bars: 95 % of draws of recordings with replacement; hollow: fewer than five recordings, "
        "without a bar: fewer than three"
    )
    with style.canvas(output, style.PAGE_MM, 26 + 5.2 * sum(heights) + 3 * len(testsets), note) as figure:
        grid = figure.subplots(len(testsets), 2, sharex=True, squeeze=False, height_ratios=heights)
        for row, testset in zip(grid, testsets, strict=True):
            for axes, (metric, title) in zip(row, shown.items(), strict=True):
                _forest(axes, table[(table["testset"] == testset) & (table["metric"] == metric)], colours)
                if testset == testsets[0]:
                    axes.set_title(title)
            row[1].set_yticklabels([])
            sizes = table.loc[table["testset"] == testset].iloc[0]
            # of a variant's own test split each image counts as a recording
            unit = "images" if testset.endswith("_test") else "recordings"
            text = f"{testset.replace('_', ' ')}\n{sizes['n_recordings']} {unit}, n = {sizes['n_boxes']}"
            text += "\nno interval" if sizes["n_recordings"] < LEAST_RECORDINGS else ""
            row[1].text(1.02, 0.5, text, transform=row[1].transAxes, va="center", fontsize=6)


def _forest(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    for place, row in enumerate(rows.itertuples()):
        few = row.n_recordings < MIN_RECORDINGS
        colour = colours[row.model]
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.6, alpha=0.4 if few else 1)
        axes.plot(row.value, place, "o", color=colour, markersize=4, markerfacecolor="white" if few else colour)
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows["model"]], fontsize=6)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
    axes.grid(True, axis="x")


def localisation(runs: list[Path], output: Path) -> None:
    """Draw how well found cells are boxed, every model on the same frames: share of found cells over their overlap.

    Args:
        runs: folders of the runs.
        output: PNG file.
    """
    described = [(folder, read_metrics(folder)) for folder in runs]
    described = [(folder, own) for folder, own in described if own["localisation"]["n"]]
    shared = [own["testset"] for _, own in described if not own["testset"].endswith("_test")]
    testsets = [name for name in dict.fromkeys(shared) if shared.count(name) > 1]
    if not testsets:
        style.notice(output, "No test set was seen by two models.")
        return
    models = list(dict.fromkeys(own["model"] for _, own in described))
    colours = dict(zip(models, PALETTE * 2, strict=False))
    iou = described[0][1]["thresholds"]["iou"]
    note = f"cells found at IoU > {iou:g}; median and number of found cells in the legends; right is better"
    with style.canvas(output, style.PAGE_MM, 62, note) as figure:
        panels = figure.subplots(1, len(testsets), sharey=True, squeeze=False)[0]
        for axes, testset in zip(panels, testsets, strict=True):
            for folder, own in (pair for pair in described if pair[1]["testset"] == testset):
                overlap = np.sort(pd.read_csv(folder / "matches.csv")["iou"].dropna())
                share = np.arange(1, len(overlap) + 1) / len(overlap)
                axes.step(overlap, share, color=colours[own["model"]], linewidth=1.1,
                          label=f"{np.median(overlap):.2f} (n = {len(overlap)})")  # fmt: skip
            frames = next(origin.text(own["origin"]) for _, own in described if own["testset"] == testset)
            axes.set(title=f"{testset.replace('_', ' ')}\n({frames})", xlabel="IoU", xlim=(iou, 1), ylim=(0, 1))
            axes.grid(True)
            axes.legend(fontsize=5.5, loc="upper left", title="median IoU", title_fontsize=5.5)
        panels[0].set_ylabel("share of found cells")
        lines = [Line2D([], [], color=colours[name], label=name.replace("_", " ")) for name in models]
        figure.legend(handles=lines, loc="outside lower center", ncols=5, fontsize=6)
