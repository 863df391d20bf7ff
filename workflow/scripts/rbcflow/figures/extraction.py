"""How cells were found and outlined: scores against truth, clusters, the U-Net's view, box sizes (stage figures)."""

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
from rbcflow.figures.pictures import as_rgb
from rbcflow.runtime import origin

WORST = "#B2182B"
"""Colour of the worst decile."""


def outline_scores(outlines: list[Path], output: Path) -> None:
    """Show the IoU of every true cell with what each extraction path outlined, the worst decile marked.

    Args:
        outlines: folders of rule ``score_outlines``.
        output: PNG file.
    """
    scored = [pair for folder in outlines for pair in _scored(folder)]
    if not scored:
        style.notice(output, "No path was compared with truth.")
        return
    origins = origin.text(summary["origin"] for summary, _ in scored)
    n = sum(summary["n_cells"] for summary, _ in scored)
    cells = pd.concat([table[["source", "recording", "frame", "object"]] for _, table in scored]).drop_duplicates()
    counted = f"{len(cells)} whole true cells, each with every path that was tried on it: n = {n}; a missed cell has 0"
    note = style.note(counted, "bar: median; red: worst decile", origins)
    with style.canvas(output, style.PAGE_MM, 14 + 5.2 * len(scored), note) as figure:
        axes = figure.subplots()
        _strips(axes, [(_path_label(summary), summary, table) for summary, table in scored])
        axes.set_xlim(-0.02, 1.16)
        axes.set_xticks(np.linspace(0, 1, 6))
        found_from = scored[0][0]["found_from_iou"]
        axes.axvline(found_from, color="#BBBBBB", linewidth=0.6, linestyle=":")
        axes.set_xlabel(f"IoU of outline and truth (dotted: {found_from:g}, from which a cell counts as found)")
        axes.set_ylabel("")
        axes.text(1.03, -0.65, "found / cells", fontsize=6.5, color="#444444")


def _scored(folder: Path) -> list[tuple[dict, pd.DataFrame]]:
    """Return summary and cells of a path on each source where there was one."""
    summaries = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["sources"]
    cells = pd.read_csv(folder / "objects.csv")
    return [(each, cells[cells["source"] == each["source"]]) for each in summaries if each["n_cells"]]


def _path_label(summary: dict) -> str:
    path = summary["path"].replace("unet_cellpose", "unet + cellpose").replace("_", " ")
    return f"{path} on {summary['source']}"


def _strips(axes: Axes, scored: list[tuple[str, dict, pd.DataFrame]]) -> None:
    """Draw the cells of each path on each source as points, with median and worst decile."""
    cells = pd.concat(
        [table.assign(label=label, worst=table["iou"] <= summary["iou_p10"]) for label, summary, table in scored]
    )
    np.random.seed(0)  # noqa: NPY002 -- seaborn spreads points by NumPy's global generator
    seaborn.stripplot(
        cells, x="iou", y="label", hue="worst", hue_order=[False, True], palette=[style.COLOURS["accent"], WORST],
        jitter=0.26, size=1.8, alpha=0.45, linewidth=0, legend=False, ax=axes,
    )  # fmt: skip
    for place, (_, summary, _) in enumerate(scored):
        axes.plot([summary["iou_median"]] * 2, [place - 0.38, place + 0.38], color="black", linewidth=1.4)
        axes.text(1.03, place, f"{summary['found']} / {summary['n_cells']}", va="center", fontsize=6.5)


def cluster_map(clusters: Path, output: Path) -> None:
    """Show the clusters of what the U-Net found, and squares of each.

    Args:
        clusters: table of rule ``cluster_objects``; pictures lie beside it in an ``.npz``.
        output: PNG file.
    """
    table = pd.read_csv(clusters)
    if table.empty:
        style.notice(output, f"{clusters.stem}: the U-Net found nothing to cluster.")
        return
    with np.load(clusters.with_suffix(".npz"), allow_pickle=False) as stored:
        squares = {int(key.removeprefix("square_")): stored[key] for key in stored.files if key.startswith("square_")}
    names = sorted(table["cluster"].unique())
    kept = table.groupby("cluster")["kept"].first()
    note = style.note(
        f"{len(table)} objects", "DBSCAN, eps 0.3, at least 10 neighbours", f"{int(table['kept'].sum())} kept"
    )
    with style.canvas(output, style.PAGE_MM, max(70, 12 + 13 * len(names)), note) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=(1, 1.5))
        axes = left.subplots()
        colours = dict(zip(names, _colours(len(names)), strict=True))
        for name in names:
            part = table[table["cluster"] == name]
            axes.scatter(
                part["first"], part["second"], s=6, color=colours[name], linewidths=0, label=_cluster_name(name)
            )
        axes.set(xlabel="first principal component", ylabel="second", aspect="equal")
        axes.set_title("Objects by their features")
        for axis, name in zip(right.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
            _squares(axis, table, squares, name, colours[name], bool(kept[name]))


def _cluster_name(cluster: int) -> str:
    return "no cluster" if cluster == -1 else f"cluster {cluster}"


def _colours(count: int) -> list[str]:
    palette = ("#8C8C8C", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
    return [palette[number % len(palette)] for number in range(count)]


def _squares(
    axes: Axes, table: pd.DataFrame, squares: dict[int, np.ndarray], name: int, colour: str, kept: bool
) -> None:
    """Draw up to ten squares of a cluster in a row, under its name, size and verdict."""
    rows = [index for index in table.index[table["cluster"] == name] if index in squares][:10]
    axes.set_axis_off()
    share = table.loc[table["cluster"] == name, "whole"].mean()
    verdict = "kept" if kept else "dropped"
    axes.set_title(
        f"{_cluster_name(name)}: {int((table['cluster'] == name).sum())} objects, {share:.0%} whole cells, {verdict}",
        fontsize=6.5, color=colour,
    )  # fmt: skip
    if rows:
        side = next(iter(squares.values())).shape[0]
        blank = np.full((side, 2), 255, np.uint8)
        tiles = [part for index in rows for part in (squares[index], blank)]
        tiles += [np.full((side, (10 - len(rows)) * (side + 2)), 255, np.uint8)]
        axes.imshow(as_rgb(np.hstack(tiles)), interpolation="nearest")


def unet_panels(clusters: Path, output: Path) -> None:
    """Show crops, the U-Net's probability of foreground, and the mask that follows.

    Args:
        clusters: table of rule ``cluster_objects``; the pictures lie beside it in an ``.npz``.
        output: PNG file.
    """
    with np.load(clusters.with_suffix(".npz"), allow_pickle=False) as stored:
        panels = [
            [stored[f"{name}_{number}"] for name in ("image", "probability", "mask")] for number in stored["panels"]
        ]
    if not panels:
        style.notice(output, f"{clusters.stem}: no frame to show.")
        return
    rows = -(-len(panels) // 2)
    with style.canvas(
        output, style.PAGE_MM, 12 + 19 * rows, style.note(f"{len(panels)} frames, evenly taken")
    ) as figure:
        axes = figure.subplots(rows, 6, squeeze=False)
        for number, panel in enumerate(panels):
            row, column = number % rows, 3 * (number // rows)
            for offset, (image, title) in enumerate(zip(panel, ("input", "probability", "mask"), strict=True)):
                limit = 1 if title == "probability" else 255
                axes[row, column + offset].imshow(image, cmap="gray", vmin=0, vmax=limit, interpolation="nearest")
                if row == 0:
                    axes[row, column + offset].set_title(title, fontsize=7)
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
        style.notice(output, f"{bank.name}: no cell was kept.")
        return
    table = table.assign(width=table["x1"] - table["x0"], height=table["y1"] - table["y0"])
    table["condition"] = [condition(recording) for recording in table["recording"]]
    names = sorted(
        table["condition"].unique(), key=lambda name: (float((re.findall(r"[\d.]+", name) or ["0"])[0]), name)
    )
    note = style.note(bank.name, style.folder_origin(bank), f"n = {len(table)} kept cells", "bars: median")
    with style.canvas(output, style.PAGE_MM, max(58, 20 + 5 * len(names)), note) as figure:
        across, up, both = figure.subplots(1, 3)
        for axes, column in ((across, "width"), (up, "height")):
            for place, name in enumerate(names):
                values = table.loc[table["condition"] == name, column].to_numpy()
                jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(values))
                axes.scatter(values, place + jitter, s=3, alpha=0.4, linewidths=0, color=style.COLOURS["accent"])
                axes.plot([np.median(values)] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.2)
            axes.set_yticks(
                range(len(names)), [f"{name or 'all'} ({(table['condition'] == name).sum()})" for name in names]
            )
            axes.set_xlabel(f"{column} (px)")
            axes.set_xlim(0)
        up.set_yticklabels([])
        both.hist2d(table["width"], table["height"], bins=24, cmap="Blues", cmin=1)
        both.set(xlabel="width (px)", ylabel="height (px)")


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
    with style.canvas(output, style.PAGE_MM, 52, note) as figure:
        left, right = figure.subplots(1, 2)
        if not crops.empty:
            columns = [name for name in ("croissant", "slipper", "other") if name in crops]
            crops[columns].plot.barh(stacked=True, ax=left, color=[style.COLOURS[name] for name in columns], width=0.6)
            left.legend(title="")
        left.set(xlabel="crops", ylabel="")
        left.set_yticks(left.get_yticks(), [f"{name}\n{sizes[name]} px" for name in crops.index], fontsize=6)
        right.barh(
            [f"{name}\n{sizes[name]} px" for name in frames.index], frames, color=style.COLOURS["accent"], height=0.5
        )
        right.set(xlabel="frames of recordings")
        right.tick_params(axis="y", labelsize=6)
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def pressure_shares(raw_counts: Path, output: Path) -> None:
    """Show counts and shares of the shapes over pressure, with the published shares as lines (Kihm's phase diagram).

    Args:
        raw_counts: table of rule ``count_raw``.
        output: PNG file.
    """
    from rbcflow.phantom.flow import KIHM_COUNTS

    table = pd.read_csv(raw_counts, dtype={"class": str, "condition": str}, keep_default_na=False)
    table = table[(table["source"] == "kihm2018") & (table["condition"] != "")]
    if table.empty:
        style.notice(output, "kihm2018 has no folders by pressure.")
        return
    table = table.assign(pressure=table["condition"].str.removesuffix(" mbar").astype(int))
    counts = table.pivot_table(index="pressure", columns="class", values="frames", aggfunc="sum", fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    published = pd.DataFrame.from_dict(KIHM_COUNTS, orient="index", columns=["croissant", "slipper", "other"])
    published = published.div(published.sum(axis=1), axis=0)
    note = style.note(
        "kihm2018, supporting set by pressure",
        table["origin"].iloc[0],
        f"n = {int(counts.to_numpy().sum())} crops",
        "points: here; lines: Kihm et al. 2018, S3, n = 3090",
    )
    with style.canvas(output, style.PAGE_MM, 56, note) as figure:
        left, right = figure.subplots(1, 2)
        bottom = np.zeros(len(counts))
        for name in published:
            if name in counts:
                left.bar(
                    [str(p) for p in counts.index], counts[name], bottom=bottom, color=style.COLOURS[name], label=name
                )
                bottom += counts[name].to_numpy()
                right.scatter(shares.index, shares[name], s=14, color=style.COLOURS[name], zorder=3)
            right.plot(published.index, published[name], color=style.COLOURS[name], linewidth=1.2, label=name)
        left.set(xlabel="pressure (mbar)", ylabel="crops")
        left.tick_params(axis="x", rotation=60)
        left.legend()
        right.set(xlabel="pressure (mbar)", ylabel="share of crops", ylim=(0, 1.02))
