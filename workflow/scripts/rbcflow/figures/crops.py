"""A cell's crop beside its mask, as cut after the U-Net (figure ``crop_masks``)."""

from __future__ import annotations

from pathlib import Path

from rbcflow.cells.bank import read_table
from rbcflow.figures import style
from rbcflow.figures.cellmap import arrays_of
from rbcflow.figures.pictures import spread

SHOWN = 8


def crop_masks(bank: Path, output: Path) -> None:
    """Show crops of kept cells, the masks in them, and what is cut out.

    Args:
        bank: folder with ``cells.csv`` and ``crops.npz``.
        output: PNG file.
    """
    table = read_table(bank)
    kept = table[table["kept"]]
    if kept.empty:
        style.notice(output, f"{style.label(bank.name)}: no cell was kept, of {len(table)} found.")
        return
    chosen = kept.iloc[spread(len(kept), SHOWN)]
    pairs = arrays_of(bank, chosen["cell_id"])
    note = style.note(
        style.label(bank.name), style.folder_origin(bank), f"{len(chosen)} of {len(kept)} kept cells, evenly taken"
    )
    with style.canvas(output, style.SHEET_MM, 60, note) as figure:
        panels = figure.subplots(3, SHOWN, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for column, (crop, mask) in zip(panels.T, pairs, strict=False):
            for axes, picture, limit in zip(column, (crop, mask, crop * mask), (255, 1, 255), strict=True):
                axes.imshow(picture, cmap="gray", vmin=0, vmax=limit, interpolation="nearest")
        for axes, title in zip(panels[:, 0], ("crop", "mask", "cut out"), strict=True):
            axes.set_title(title, fontsize=style.LEAST_POINTS, weight="normal")
