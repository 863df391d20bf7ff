"""How cells were found and outlined: scores against truth, the U-Net's view, box sizes (stage figures)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rbcflow.cells.bank import read_table
from rbcflow.figures import style
from rbcflow.figures.clouds import cloud, spread_line
from rbcflow.runtime import origin

WORST = "#B2182B"
"""Colour of the worst decile."""


def segmentation_scores(outlines: list[Path], output: Path) -> None:
    """Show the IoU of every true cell with what each extraction method outlined, the worst decile marked.

    Args:
        outlines: folders of rule ``score_segmentation``.
        output: PNG file.
    """
    scored = [pair for folder in outlines for pair in _scored(folder)]
    if not scored:
        style.notice(output, "No method was compared with truth.")
        return
    origins = origin.text(summary["origin"] for summary, _ in scored)
    n = sum(summary["n_cells"] for summary, _ in scored)
    cells = pd.concat([table[["source", "recording", "frame", "object"]] for _, table in scored]).drop_duplicates()
    counted = f"{len(cells)} whole true cells, each with every method tried on it: n = {n}; a missed cell has 0"
    note = style.note(counted, "bar: median; red: worst decile", origins)
    with style.canvas(output, style.SHEET_MM, 24 + 5.2 * len(scored), note) as figure:
        axes = figure.subplots()
        _strips(axes, [(_path_label(summary), summary, table) for summary, table in scored])
        axes.set_xlim(-0.02, 1.28)
        axes.set_xticks(np.linspace(0, 1, 6))
        found_from = scored[0][0]["found_from_iou"]
        axes.axvline(found_from, color="#BBBBBB", linewidth=0.6, linestyle=":")
        axes.set_xlabel(f"IoU of outline and truth (dotted: found from {found_from:g})")
        axes.set_ylabel("")
        axes.text(1.03, -0.75, "found", fontsize=style.LEAST_POINTS, color="#444444")


def _scored(folder: Path) -> list[tuple[dict, pd.DataFrame]]:
    """Return summary and cells of a method on each source where there was one."""
    summaries = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["sources"]
    cells = pd.read_csv(folder / "objects.csv")
    return [(each, cells[cells["source"] == each["source"]]) for each in summaries if each["n_cells"]]


def _path_label(summary: dict) -> str:
    method = summary["method"].replace("unet_cellpose", "unet + cellpose").replace("_", " ")
    return f"{method} on {style.label(summary['source'])}"


def _strips(axes: Axes, scored: list[tuple[str, dict, pd.DataFrame]]) -> None:
    """Draw the cells of each method on each source as points, with median and worst decile."""
    cells = pd.concat(
        [table.assign(label=label, worst=table["iou"] <= summary["iou_p10"]) for label, summary, table in scored]
    )
    np.random.seed(0)  # noqa: NPY002 -- seaborn spreads points by NumPy's global generator
    seaborn.stripplot(
        cells, x="iou", y="label", hue="worst", hue_order=[False, True], palette=[style.COLOURS["accent"], WORST],
        jitter=0.26, size=2.2, alpha=0.55, linewidth=0, legend=False, ax=axes,
    )  # fmt: skip
    for place, (_, summary, _) in enumerate(scored):
        axes.plot([summary["iou_median"]] * 2, [place - 0.38, place + 0.38], color="black", linewidth=1.4)
        axes.text(1.03, place, f"{summary['found']} of {summary['n_cells']}", va="center", fontsize=style.LEAST_POINTS)


def unet_panels(clusters: Path, output: Path) -> None:
    """Show crops, the U-Net's probability of foreground, and the mask that follows.

    Args:
        clusters: table of rule ``cluster_objects``; the pictures lie beside it in an ``.npz``.
        output: PNG file.
    """
    table = pd.read_csv(clusters)
    with np.load(clusters.with_suffix(".npz"), allow_pickle=False) as stored:
        panels = [
            [stored[f"{name}_{number}"] for name in ("image", "probability", "mask")] for number in stored["panels"]
        ]
    if not panels:
        style.notice(output, f"{style.label(clusters.stem)}: no frame to show.")
        return
    rows = -(-len(panels) // 2)
    groups, kept = table.loc[table["cluster"] >= 0, "cluster"].nunique(), int(table["kept"].sum())
    found = f"{len(table)} objects found, {groups} cluster{'' if groups == 1 else 's'}, {kept} kept"
    note = style.note(style.label(clusters.stem), f"{len(panels)} frames, evenly taken", found)
    tall = style.SHEET_MM / 6 * panels[0][0].shape[0] / panels[0][0].shape[1] + 2.5
    with style.canvas(output, style.SHEET_MM, 14 + tall * rows, note) as figure:
        axes = figure.subplots(rows, 6, squeeze=False)
        for number, panel in enumerate(panels):
            row, column = number % rows, 3 * (number // rows)
            for offset, (image, title) in enumerate(zip(panel, ("input", "probability", "mask"), strict=True)):
                limit = 1 if title == "probability" else 255
                axes[row, column + offset].imshow(image, cmap="gray", vmin=0, vmax=limit, interpolation="nearest")
                if row == 0:
                    axes[row, column + offset].set_title(title, fontsize=style.LEAST_POINTS)
        for axis in axes.flat:
            axis.set_axis_off()


def box_sizes(bank: Path, output: Path) -> None:
    """Show width and height of the boxes of a bank's objects by flow condition, and width against height.

    Args:
        bank: folder with ``cells.csv``.
        output: PNG file.
    """
    table = read_table(bank)
    table = table[table["kept"] & (table["x1"] > table["x0"])]
    if table.empty:
        style.notice(output, f"{style.label(bank.name)}: no cell was kept.")
        return
    table = table.assign(width=table["x1"] - table["x0"], height=table["y1"] - table["y0"])
    table["condition"] = [condition(recording) for recording in table["recording"]]
    names = sorted(table["condition"].unique(), key=style.natural)
    known = [style.label(bank.name), style.folder_origin(bank), f"n = {len(table)} kept cells"]
    note = style.note(*known, "black: median, thick: quartiles, thin: 5 to 95 %; points where fewer than 20")
    with style.canvas(output, style.SHEET_MM, 74 + 6 * len(names), note) as figure:
        grid = figure.add_gridspec(2, 2, height_ratios=(6 * len(names) + 8, 54))
        across, up, both = (figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :]))
        for axes, column in ((across, "width"), (up, "height")):
            for place, name in enumerate(names):
                values = table.loc[table["condition"] == name, column].to_numpy()
                spread_line(axes, values.astype(float), place, style.COLOURS["accent"])
            axes.set_yticks(
                range(len(names)), [f"{name or 'all'} ({(table['condition'] == name).sum()})" for name in names]
            )
            axes.set_xlabel(f"{column} (px)")
            axes.set_xlim(0)
            axes.set_ylim(len(names) - 0.4, -0.6)
        up.set_yticklabels([])
        extent = 1.15 * float(table["width"].max()), 1.15 * float(table["height"].max())
        cloud(both, table["width"].to_numpy(float), table["height"].to_numpy(float), style.COLOURS["accent"], extent)
        both.set(xlabel="width (px); contours hold 50 and 90 % of the cells", ylabel="height (px)")
        both.set(xlim=(0, extent[0]), ylim=(0, extent[1]), aspect="equal")
        both.grid(True)


def condition(recording: str) -> str:
    """Return the flow condition a recording's name tells: ``0.12 cm/s``, ``300 mbar``, or nothing."""
    if match := re.search(r"v (\d+(?:\.\d+)?) cm[:_]s", recording):
        return f"{match[1]} cm/s"
    match = re.search(r"(\d+)mbar", recording)
    return f"{int(match[1])} mbar" if match else ""


def class_counts(raw_counts: Path, output: Path) -> None:
    """Show the crops of each class and the frames of recordings by source.

    Args:
        raw_counts: table of rule ``count_raw``.
        output: PNG file.
    """
    table = pd.read_csv(raw_counts, dtype={"class": str, "condition": str}, keep_default_na=False)
    if table.empty:
        style.notice(output, "No recordings.")
        return
    crops = table[table["kind"] == "crops"].pivot_table(index="source", columns="class", values="frames", aggfunc="sum")
    frames = table[table["kind"] == "recording"].groupby("source")["frames"].sum()
    table["size"] = table["width"].astype(str) + "×" + table["height"].astype(str)
    sizes = table.groupby("source")["size"].agg(lambda values: ", ".join(sorted(set(values))))
    note = style.note("crops by the laboratory's own sorting, and frames of recordings", origin.text(table["origin"]))
    tall = 46 + 9 * (len(crops) + len(frames))
    with style.canvas(output, style.SHEET_MM, tall, note) as figure:
        left, right = figure.subplots(2, 1, height_ratios=(max(len(crops), 1), max(len(frames), 1)))
        if not crops.empty:
            columns = [name for name in ("croissant", "slipper", "other") if name in crops]
            crops[columns].rename(columns=style.class_name).plot.barh(
                stacked=True, ax=left, color=[style.COLOURS[name] for name in columns], width=0.6
            )
            left.legend(title="", loc="center left", bbox_to_anchor=(1, 0.5))
        left.set(xlabel="crops", ylabel="")
        left.set_yticks(left.get_yticks(), [f"{style.label(name)}\n{sizes[name]} px" for name in crops.index])
        names = [f"{style.label(name)}\n{sizes[name]} px" for name in frames.index]
        right.barh(names, frames, color=style.COLOURS["accent"], height=0.5)
        right.set(xlabel="frames of recordings")
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def pressure_shares(raw_counts: Path, output: Path) -> tuple[str, ...]:
    """Show counts and shares of the shapes over pressure, with the published shares as lines (Kihm's phase diagram).

    Args:
        raw_counts: table of rule ``count_raw``.
        output: PNG file.

    Returns:
        The origin of the one source that is shown, none where it has no such folders.
    """
    from rbcflow.phantom.flow import KIHM_COUNTS

    table = pd.read_csv(raw_counts, dtype={"class": str, "condition": str}, keep_default_na=False)
    table = table[(table["source"] == "kihm2018") & (table["condition"] != "")]
    if table.empty:
        style.notice(output, f"{style.label('kihm2018')}: no folders by pressure.")
        return ()
    table = table.assign(pressure=table["condition"].str.removesuffix(" mbar").astype(int))
    counts = table.pivot_table(index="pressure", columns="class", values="frames", aggfunc="sum", fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    published = pd.DataFrame.from_dict(KIHM_COUNTS, orient="index", columns=["croissant", "slipper", "other"])
    published = published.div(published.sum(axis=1), axis=0)
    note = style.note(
        f"{style.label('kihm2018')}, supporting set by pressure",
        origin.text(table["origin"].iloc[0]),
        f"n = {int(counts.to_numpy().sum())} crops",
        "points: here; lines: Kihm et al. 2018, S3, n = 3090",
    )
    with style.canvas(output, style.SHEET_MM, 112, note) as figure:
        left, right = figure.subplots(2, 1)
        bottom = np.zeros(len(counts))
        for name in published:
            if name in counts:
                left.bar(
                    [str(p) for p in counts.index],
                    counts[name],
                    bottom=bottom,
                    color=style.COLOURS[name],
                    label=style.class_name(name),
                )
                bottom += counts[name].to_numpy()
                right.scatter(shares.index, shares[name], s=14, color=style.COLOURS[name], zorder=3)
            right.plot(
                published.index, published[name], color=style.COLOURS[name], linewidth=1.2, label=style.class_name(name)
            )
        left.set(xlabel="pressure (mbar)", ylabel="crops")
        left.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        right.set(xlabel="pressure (mbar)", ylabel="share of crops", ylim=(0, 1.02))
    return origin.words(table["origin"])
