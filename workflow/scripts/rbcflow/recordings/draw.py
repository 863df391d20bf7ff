"""Figures of recordings: links over time, conditions, pressures, and tiles to be named by hand (``draw_recording``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rbcflow.core.classes import CLASSES
from rbcflow.figures import pictures, style
from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.overlay import colour_of, window
from rbcflow.recordings.places import DIRECTIONS, field_of, towards
from rbcflow.recordings.units import WORDS

KYMOGRAPH_FRAMES = 160
"""Frames in a kymograph: more, and lines of cells would merge."""
TILE_PX, TILES_A_ROW, LABEL_PX = 112, 10, 15
WIDTHS_MM = 85.0, 175.0
"""Widths of one and of two columns of a journal, between which a figure is as wide as its conditions ask."""
LETTER_MM = 1.6
"""Room a letter of a condition's name takes below the axis, somewhat more than most do."""
MARGIN = 0.35
"""Part of a cell's longer side shown around it on a tile."""


def kymograph(links: LinkResult, cells: pd.DataFrame, probe: dict[str, Any], output: Path) -> None:
    """Draw where boxes are along the flow over time, a line a cell.

    Straight lines of one slope are cells that pass; a line that jumps, or breaks and starts again, is a wrong link.

    Args:
        links: of the recording.
        cells: its table of cells, for their classes and whether they count.
        probe: of the recording.
        output: PNG file.
    """
    axis = DIRECTIONS[links.flow.direction or "right"][0]
    numbers = window(links.tracks, links.frames["frame"].to_numpy(), KYMOGRAPH_FRAMES)
    shown = links.tracks[links.tracks["frame"].isin(numbers)]
    place = (shown[f"{axis}0"] + shown[f"{axis}1"]) / 2
    flow = links.flow
    text = f"{flow.px_frame:.1f} px/frame {towards(flow.direction)}" if flow.linkable else f"not linked: {flow.reason}"
    what = style.note(f"{probe['recording']}, frames {numbers[0]} to {numbers[-1]}" if len(numbers) else "", text)
    with style.canvas(output, WIDTHS_MM[1], 92, what) as figure:
        axes = figure.subplots()
        loose = shown["cell"].isna()
        axes.scatter(shown["frame"][loose], place[loose], s=5, color=style.COLOURS["background"], linewidths=0)
        named = cells.set_index("cell") if len(cells) else cells
        for cell, rows in shown[~loose].groupby("cell"):
            row = named.loc[cell]
            colour = colour_of(row["class"]) if row["counted"] else style.COLOURS["background"]
            axes.plot(rows["frame"], place[rows.index], color=colour, marker="o", markersize=2, linewidth=0.9)
        low, high = field_of(probe)[0::2] if axis == "x" else field_of(probe)[1::2]
        axes.set(xlabel="frame", ylabel=f"{axis} of the box's centre (px)", ylim=(low, high))
        handles = [*style.class_handles(CLASSES), *style.class_handles(["background"])]
        handles[-1].set_label("no cell that counts")
        figure.legend(handles=handles, loc="outside lower center", ncols=4)


def conditions(summary: pd.DataFrame, output: Path) -> None:
    """Draw velocity and shares of classes by condition, or by recording where the sheet has no conditions.

    Args:
        summary: of :func:`rbcflow.recordings.summarise.summary`.
        output: PNG file.
    """
    rows = _shown(summary)
    unit = next((unit for unit in ("um_s", "px_frame") if f"velocity_{unit}" in rows), None)
    if not len(rows) or unit is None:
        style.notice(output, "No recording may be used, so there is nothing to compare.")
        return
    label = rows["condition"].where(rows["level"] == "condition", rows["recording"])
    width = float(np.clip(40 + 14 * len(rows), *WIDTHS_MM))
    basis = "; ".join(dict.fromkeys(rows["basis"].dropna()))
    with style.canvas(output, width, 120, style.note("95 % intervals", f"shares: {basis}")) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        _speeds(above, rows, unit)
        _shares(below, rows)
        crowded = label.str.len().max() * LETTER_MM > (width - 20) / len(rows)
        below.set_xticks(range(len(rows)), label, rotation=30 * crowded, ha="right" if crowded else "center")
        figure.legend(handles=style.class_handles(CLASSES), loc="outside lower center", ncols=3)


def pressures(summary: pd.DataFrame, known: dict[str, float | None], output: Path) -> None:
    """Draw the shares of the classes over pressure: the diagram of parachutes and slippers.

    Args:
        summary: of :func:`rbcflow.recordings.summarise.summary`.
        known: pressure of each recording, mbar, None where the sheet has none.
        output: PNG file.
    """
    own = summary[(summary["level"] == "recording") & summary["cells"].notna()]
    own = own.assign(pressure=own["recording"].map(known).astype(float)).dropna(subset=["pressure"])
    if own["pressure"].nunique() < 2:
        style.notice(output, "A diagram over pressure needs usable recordings at two pressures or more.")
        return
    own = own.sort_values("pressure")
    # how many cells were checked differs by recording, and stands in the table
    basis = "; ".join(dict.fromkeys(re.sub(r"\b\d+ cells", "cells", words) for words in own["basis"]))
    with style.canvas(output, style.SHEET_MM, 80, style.note("recordings and their mean", basis)) as figure:
        axes = figure.subplots()
        aside = 0.008 * float(np.ptp(own["pressure"]))
        for place, name in enumerate(CLASSES, start=-1):
            column, colour = f"share_{name}", style.COLOURS[name]
            mean = own.groupby("pressure")[column].mean()
            axes.plot(mean.index, mean, color=colour, label=style.class_name(name))
            _intervals(axes, own["pressure"].to_numpy() + place * aside, own, column, colour)
        axes.set(xlabel="pressure (mbar)", ylabel="share of the cells", ylim=(-0.03, 1.03))
        figure.legend(loc="outside lower center", ncols=3)


def _shown(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the usable rows of conditions, or of recordings where there are no conditions."""
    level = "condition" if (summary["level"] == "condition").any() else "recording"
    return summary[(summary["level"] == level) & summary["cells"].notna()].reset_index(drop=True)


def _speeds(axes: Axes, rows: pd.DataFrame, unit: str) -> None:
    _intervals(axes, np.arange(len(rows)), rows, f"velocity_{unit}", style.COLOURS["accent"], f"_{unit}")
    axes.set(ylabel=f"velocity ({WORDS[unit]})", title="Velocity", xlim=(-0.5, len(rows) - 0.5))
    # a point at the top is whole
    reached = rows[[f"velocity_{unit}", f"velocity_high_{unit}"]].max().max()
    axes.set_ylim(0, 1.08 * reached if reached > 0 else None)


def _shares(axes: Axes, rows: pd.DataFrame) -> None:
    for offset, name in zip((-0.18, 0.0, 0.18), CLASSES, strict=True):
        _intervals(axes, np.arange(len(rows)) + offset, rows, f"share_{name}", style.COLOURS[name])
    axes.set(ylabel="share of the cells", title="Shares", ylim=(-0.03, 1.03))


def _intervals(axes: Axes, x: NDArray, rows: pd.DataFrame, column: str, colour: str, ending: str = "") -> None:
    """Draw values with their intervals: filled where there is one, hollow where none is known."""
    stem = column.removesuffix(ending)
    value, low, high = (
        rows[name].to_numpy(dtype=float) for name in (column, f"{stem}_low{ending}", f"{stem}_high{ending}")
    )
    known = np.isfinite(low) & np.isfinite(high)
    axes.vlines(x[known], low[known], high[known], color=colour, linewidth=1.4)
    axes.scatter(x[known], value[known], color=colour, s=22, zorder=3)
    axes.scatter(x[~known], value[~known], facecolors="white", edgecolors=colour, s=22, zorder=3)


def tile(image: NDArray[np.uint8], box: NDArray[np.float64], number: int) -> Image.Image:
    """Return a numbered square picture of a cell.

    Args:
        image: (H, W) uint8 whole frame.
        box: (4,) corners, pixels.
        number: of the tile.
    """
    x0, y0, x1, y1 = box
    half = max(x1 - x0, y1 - y0) * (0.5 + MARGIN)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    area = tuple(round(value) for value in (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half))
    grey = Image.fromarray(pictures.as_rgb(image))
    # beyond the frame, the colour of its middle level, not black
    level = int(np.median(image))
    padded = Image.new("RGB", (area[2] - area[0], area[3] - area[1]), (level,) * 3)
    padded.paste(grey, (-area[0], -area[1]))
    picture = Image.new("RGB", (TILE_PX, TILE_PX + LABEL_PX), "white")
    picture.paste(padded.resize((TILE_PX, TILE_PX), Image.Resampling.BICUBIC), (0, LABEL_PX))
    font = ImageFont.load_default(size=12)
    ImageDraw.Draw(picture).text((2, 0), str(number), fill=pictures.CASING, font=font)
    return picture


def tiles(
    images: Iterable[tuple[str, int, NDArray[np.uint8]]], sample: pd.DataFrame, tracks: pd.DataFrame, output: Path
) -> None:
    """Write the cells to be named by hand as one picture, ten in a row, numbered as in the table.

    Args:
        images: recording, frame number and whole frame of all frames in the sample, in any order.
        sample: of :func:`rbcflow.recordings.checks.sample`.
        tracks: of all recordings: ``recording, frame, cell`` and corners.
        output: PNG file.
    """
    if not len(sample):
        style.notice(output, "No cell counts, so none can be checked.")
        return
    corners = ["x0", "y0", "x1", "y1"]
    own = tracks.dropna(subset=["cell"]).astype({"cell": "int64"})
    placed = sample.merge(own[["recording", "frame", "cell", *corners]], on=["recording", "frame", "cell"])
    drawn: dict[int, Image.Image] = {}
    for recording, number, image in images:
        for row in placed[(placed["recording"] == recording) & (placed["frame"] == number)].itertuples():
            box = np.array([getattr(row, name) for name in corners], dtype=float)
            drawn[row.tile] = tile(image, box, row.tile)
    rows = -(-len(sample) // TILES_A_ROW)
    gap = 6
    sheet = Image.new("RGB", (TILES_A_ROW * (TILE_PX + gap) + gap, rows * (TILE_PX + LABEL_PX + gap) + gap), "white")
    for place, number in enumerate(sample["tile"]):
        row, column = divmod(place, TILES_A_ROW)
        if number in drawn:
            sheet.paste(drawn[number], (gap + column * (TILE_PX + gap), gap + row * (TILE_PX + LABEL_PX + gap)))
    output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(output)
