"""Models side by side on the same frames (figures ``published_matrices``, ``headline`` and ``localisation``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rbcflow.claims.readings import Pictures, read_pictures
from rbcflow.core.yamlfile import read_yaml
from rbcflow.figures import style
from rbcflow.figures.validation import heat, read_metrics
from rbcflow.metrics import iou_first
from rbcflow.metrics.intervals import LEAST_RECORDINGS, MIN_RECORDINGS
from rbcflow.runtime import origin

LEAST_CURVE = 20
"""Fewest found cells whose overlaps make a curve."""

OWN = "composed images"
PUBLISHED = {
    "saarland_donors": ("val28", "val29", "val31", "val27"),
    "naples": ("val21", "val30", "val32", "val22"),
}
"""The preprint's eight matrices by test set: overlaps allowed, no overlap, two classes, in a channel."""


def _published_as(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["published_as"]: row["run"] for row in rows if row.get("published_as")}


def published_matrices(
    runs: list[Path], published: Path, output: Path, table: list[dict[str, str]] | None = None
) -> set[str]:
    """Draw counterparts of the preprint's eight matrices, oriented and counted as there: predicted classes in rows.

    Counts and shares are shaded alike, by the share of the true class.

    Args:
        runs: folders of the runs.
        published: ``paper/published.yaml``; what was read off the preprint's pictures stands below ours.
        output: PNG file.
        table: rows of the table of runs, which say what a run was published as.

    Returns:
        The origins of the runs that are shown.
    """
    folders, named = {folder.name: folder for folder in runs}, _published_as(table or [])
    wanted = {testset: [named.get(item) for item in items] for testset, items in PUBLISHED.items()}
    metrics = {run: read_metrics(folders[run]) for items in wanted.values() for run in items if run in folders}
    read = read_pictures(read_yaml(published))
    height = 3 if any(read[item].filled for items in PUBLISHED.values() for item in items if item in read) else 2
    note = _matrices_note(metrics)
    with style.canvas(output, style.SHEET_MM, style.note_mm(note) + 43 * len(wanted) * height, note) as figure:
        grid = figure.subplots(height * len(wanted), 4)
        for block, (testset, items) in enumerate(wanted.items()):
            for column, (item, run) in enumerate(zip(PUBLISHED[testset], items, strict=True)):
                panels = grid[height * block : height * (block + 1), column]
                _pair(panels, metrics.get(run), item)
                if height > 2:
                    _read_off(panels[2], read.get(item))
        for axes in grid[:, 0]:
            axes.set_ylabel("predicted class")
        for axes in grid.flat:
            axes.set_xlabel("true class")
    available = [own for own in metrics.values() if own["status"] == "available"]
    return {word for own in available for word in origin.Basis.of_metrics(own).origins}


def _matrices_note(metrics: dict[str, dict]) -> str:
    """Return what the eight matrices must be read with, and how far the match order moves them."""
    available = [own for own in metrics.values() if own["status"] == "available"]
    limits = next((own["thresholds"] for own in available), {"conf": np.nan, "iou": np.nan})
    moved = [own["matrix"]["iou_first"]["difference"] for own in available]
    return style.note(
        f"confidence > {limits['conf']:g}, IoU > {limits['iou']:g}",
        "values of this run, none of the preprint's but where a panel says so",
        "rows predicted, columns true, as in the preprint",
        "p parachute (croissant), s slipper, o other, b background (last row missed, last column false positives)",
        "shares: each column sums to 1",
        "shades of counts and shares alike: the share, from white at 0 to the darkest at 1",
        "pairs of the highest overlap are matched first, as in the preprint's library (Ultralytics 8.3); in the matrix "
        f"of each run the most confident box chooses first: its numbers differ, in all by {max(moved, default=0)} "
        "counts at most",
    )


def _pair(panels: np.ndarray, metrics: dict | None, item: str) -> None:
    if metrics is None or metrics["status"] != "available":
        for axes in panels[:2]:
            axes.set_axis_off()
            axes.text(0.5, 0.5, f"{item}\nnot made", ha="center", va="center", color="#666666")
        return
    matrix = iou_first.read(metrics)
    counts = matrix.counts.T
    shares = matrix.normalised().T
    heat(panels[0], shares, [[f"{n}" for n in row] for row in counts], short=True)
    _shares(panels[1], shares)
    titles = item, style.label(metrics["model"]), style.label(metrics["testset"]), f"n = {matrix.n}"
    panels[0].set_title("\n".join(titles), fontsize=style.LEAST_POINTS, weight="normal")
    panels[1].set_title(f"shares, {origin.text(metrics['origin'])}", fontsize=style.LEAST_POINTS, weight="normal")


def _read_off(axes: Axes, read: Pictures | None) -> None:
    """Draw what was read off the preprint's picture of a matrix, where anything was."""
    if read is None or not np.isfinite(read.shares).any():
        axes.set_axis_off()
        axes.text(0.5, 0.5, "preprint:\nnot read off", ha="center", va="center", color="#666666")
        return
    _shares(axes, np.array(read.shares))
    axes.set_title("shares, preprint", fontsize=style.LEAST_POINTS, weight="normal")


def _shares(axes: Axes, shares: np.ndarray) -> None:
    heat(axes, shares, [["–" if np.isnan(x) else f"{x:.2f}" for x in row] for row in shares], short=True)


def headline(headline: Path, output: Path) -> None:
    """Draw the main numbers of every run with their intervals, one panel a test set.

    Args:
        headline: ``headline.csv``.
        output: PNG file.
    """
    table = pd.read_csv(headline)
    table = table[table["companion_of"].isna()]
    shown = {"ap50": "AP50, classes ignored", "map50": "mAP50"}
    table["shown_on"] = [OWN if name.endswith("_test") else name for name in table["testset"]]
    testsets = sorted(dict.fromkeys(table["shown_on"]), key=lambda name: name == OWN)
    heights = [table.loc[table["shown_on"] == name, "run"].nunique() for name in testsets]
    note = (
        "dots: all recordings; bars: 95 % of draws of recordings with replacement; hollow: fewer than "
        f"{MIN_RECORDINGS} recordings, "
        f"without a bar: fewer than {LEAST_RECORDINGS}"
    )
    with style.canvas(output, style.SHEET_MM, 26 + 4.4 * sum(heights) + 11.5 * len(testsets), note) as figure:
        grid = figure.subplots(len(testsets), 2, sharex=True, squeeze=False, height_ratios=[n + 0.6 for n in heights])
        for row, testset in zip(grid, testsets, strict=True):
            own = table[table["shown_on"] == testset]
            for axes, metric in zip(row, shown, strict=True):
                _forest(axes, own[own["metric"] == metric])
            row[0].set_title(f"{style.label(testset)}\n{_counted(own, testset)}", fontsize=style.LEAST_POINTS)
            row[1].set_yticklabels([])
        for axes, title in zip(grid[-1], shown.values(), strict=True):
            axes.set_xlabel(title)


def _counted(rows: pd.DataFrame, testset: str) -> str:
    """Return how many recordings and true boxes a test set has; of a variant's own split each image is a recording."""
    first = rows.iloc[0]
    if testset == OWN:
        return f"{first['n_recordings']} of each model's own"
    return f"{first['n_recordings']} recordings, n = {first['n_boxes']}"


def _forest(axes: Axes, rows: pd.DataFrame) -> None:
    colour = style.COLOURS["accent"]
    for place, row in enumerate(rows.itertuples()):
        few = row.n_recordings < MIN_RECORDINGS
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.6, alpha=0.4 if few else 1)
        axes.plot(row.value, place, "o", color=colour, markersize=4, markerfacecolor="white" if few else colour)
    axes.set_yticks(range(len(rows)), [style.label(name) for name in rows["model"]])
    axes.set(xlim=(0, 1.02), ylim=(len(rows) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.grid(True)


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
    iou = described[0][1]["thresholds"]["iou"]
    note = style.note(
        f"cells found at IoU > {iou:g}", "right is better", "in the legends: median and number of found cells",
        f"fewer than {LEAST_CURVE}: the median alone",
    )  # fmt: skip
    rows = -(-len(testsets) // 2)
    with style.canvas(output, style.SHEET_MM, 22 + 52 * rows, note) as figure:
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, testset in zip(panels, testsets, strict=False):
            own = [pair for pair in described if pair[1]["testset"] == testset]
            for folder, metrics in own:
                overlap = np.sort(pd.read_csv(folder / "matches.csv")["iou"].dropna())
                _found(axes, overlap, models.index(metrics["model"]))
            axes.set_title(f"{style.label(testset)}\n({origin.text(own[0][1]['origin'])})")
            axes.set(xlabel="IoU", xlim=(iou, 1), ylim=(0, 1.02), ylabel="share of found cells")
            axes.grid(True)
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="median (n)", handlelength=1.6)
        for axes in panels[len(testsets) :]:
            axes.set_axis_off()
        lines = [Line2D([], [], label=style.label(name), **style.of_group(place)) for place, name in enumerate(models)]
        figure.legend(handles=lines, loc="outside lower center", ncols=3)


def _found(axes: Axes, overlap: np.ndarray, place: int) -> None:
    """Draw the shares of found cells over their overlap; of few cells the median alone.

    Args:
        axes: to draw in.
        overlap: (N,) in rising order.
        place: of the model, which its colour follows.
    """
    look = style.of_group(place)
    text = f"{np.median(overlap):.2f} ({len(overlap)})"
    if len(overlap) < LEAST_CURVE:
        axes.plot(np.median(overlap), 0.5, style.MARKERS[place % len(style.MARKERS)], markerfacecolor="white",
                  markersize=5, color=look["color"], label=text)  # fmt: skip
    else:
        axes.step(overlap, np.arange(1, len(overlap) + 1) / len(overlap), where="post", label=text, **look)
