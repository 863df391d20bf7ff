"""The banks of single cells: what they look like, and what was kept or dropped and why (stage figures)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from rbcflow.cells.bank import Bank, read_bank, read_table
from rbcflow.core.classes import CLASSES
from rbcflow.figures import style
from rbcflow.figures.pictures import CASING, outline, spread

COLUMNS, TILE, GAP = 10, 112, 4
"""Cells in a row of the sheet, the width each has there, and the white between them, in pixels."""

BAR_UM = 2
"""Length of the scale bar in each tile, in micrometres."""

UNNAMED = "unnamed"
"""Label of cells whose method finds but does not name them."""


def _kept(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Divide kept cells by class, in the order of the classes; classes without cells are left out."""
    kept = table[table["kept"].astype(bool)]  # a table without rows has no type to go by
    labels = kept["class"].replace("", UNNAMED)
    return {name: kept[labels == name] for name in (*CLASSES, UNNAMED) if (labels == name).any()}


def _note(bank: Path, table: pd.DataFrame) -> str:
    methods = ", ".join(sorted(set(table["method"])))
    known = [style.label(bank.name), style.folder_origin(bank)]
    return style.note(*known, f"method: {methods}", f"n = {len(table)} cells found")


def cell_sheet(bank: Path, output: Path) -> None:
    """Show two rows of kept cells of each class with the outlines of their masks, evenly taken from the bank.

    Args:
        bank: folder with ``cells.csv`` and ``crops.npz``.
        output: PNG file.
    """
    content = read_bank(bank)
    named = _kept(content.table)
    if not named:
        style.notice(output, f"{style.label(bank.name)}: no cell was kept, of {len(content.table)} found.")
        return
    sheets = {name: _sheet(content, table["cell_id"].tolist()) for name, table in named.items()}
    heights = [sheet.shape[0] for sheet in sheets.values()]
    total = sum(heights) * style.SHEET_MM / (COLUMNS * TILE) + 6 * len(sheets)
    bars = f"bars: {BAR_UM} µm" if any(map(style.pixel_um, content.table["source"].unique())) else ""
    note = style.note(_note(bank, content.table), bars)
    with style.canvas(output, style.SHEET_MM, style.note_mm(note) + total, note) as figure:
        panels = figure.subplots(len(sheets), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, sheet) in zip(panels, sheets.items(), strict=True):
            axes.imshow(sheet, interpolation="nearest")
            axes.set_title(f"{style.class_name(name)}, {len(named[name])} kept")
            axes.set_axis_off()


def _sheet(content: Bank, cell_ids: list[str]) -> np.ndarray:
    """Return cells in rows of ``COLUMNS`` tiles, each row as high as its highest cell."""
    chosen = [cell_ids[index] for index in spread(len(cell_ids), 2 * COLUMNS)]
    sources = content.table.set_index("cell_id")["source"]
    cells = [_cell(content.crops[key], content.masks[key], style.pixel_um(sources[key])) for key in chosen]
    return np.vstack([_row(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)])


def _cell(crop: np.ndarray, mask: np.ndarray, pixel_um: float | None) -> np.ndarray:
    """Return a cell enlarged to its tile with its outline, and a scale bar where the size of its pixels is known."""
    picture = outline(crop, mask, TILE - GAP)
    if pixel_um:
        long = round(BAR_UM / pixel_um * (TILE - GAP) / max(crop.shape))
        bottom = picture.shape[0] - 4
        picture[bottom - 4 : bottom, 3 : 5 + long] = CASING
        picture[bottom - 3 : bottom - 1, 4 : 4 + long] = 255
    return picture


def _row(cells: list[np.ndarray]) -> np.ndarray:
    row = np.full((max(cell.shape[0] for cell in cells) + GAP, COLUMNS * TILE, 3), 255, np.uint8)
    for number, cell in enumerate(cells):
        height, width = cell.shape[:2]
        top, left = (row.shape[0] - height) // 2, number * TILE + (TILE - width) // 2
        row[top : top + height, left : left + width] = cell
    return row


def cell_counts(bank: Path, output: Path) -> None:
    """Count kept cells by class and dropped cells by reason.

    Args:
        bank: folder with ``cells.csv``.
        output: PNG file.
    """
    table = read_table(bank)
    kept = _kept(table)
    bars = [(f"kept: {style.class_name(name)}", len(own), style.COLOURS[name]) for name, own in kept.items()]
    reasons = (
        table.loc[table["reason"] != "", "reason"]
        .value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")
    )
    bars += [
        (f"dropped: {reason.replace('_', ' ')}", count, style.COLOURS["background"])
        for reason, count in reasons.items()
    ]
    if not bars:
        style.notice(output, f"{style.label(bank.name)}: no cell was found.")
        return
    labels, counts, colours = zip(*bars, strict=True)
    with style.canvas(output, style.SHEET_MM, 18 + 5.5 * len(bars), _note(bank, table)) as figure:
        axes = figure.subplots()
        drawn = axes.barh(labels, counts, color=colours, height=0.7)
        axes.bar_label(drawn, padding=2, fontsize=style.LEAST_POINTS)
        axes.invert_yaxis()
        axes.set_xlabel("cells")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.1)
        axes.tick_params(axis="y", length=0)
