"""The cells one split may be made from, loaded once a shard (stage datasets)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.bank import read_bank
from rbcflow.cells.splits import read_splits
from rbcflow.core.boxes import mask_box
from rbcflow.core.errors import InputError
from rbcflow.datasets.spec import VariantSpec

RING = "simulated-ring"
"""Name of every object simulated for an image, in place of a cell_id."""


@dataclass(frozen=True)
class Cutout:
    """One cell to paste.

    Attributes:
        cell_id: name in its bank.
        class_name: croissant, slipper or other.
        crop: (h, w) uint8 grey.
        mask: (h, w) bool, not empty.
        background: flat grey it was simulated on; None for a cell cut from a recording.
        bank: name of its bank; empty for one simulated for the image.
    """

    cell_id: str
    class_name: str
    crop: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    background: float | None
    bank: str = ""

    @property
    def is_ring(self) -> bool:
        """Whether the cell was simulated for the image instead of taken from a bank."""
        return self.cell_id == RING

    @cached_property
    def box(self) -> tuple[int, int, int, int]:
        """``x0 y0 x1 y1`` of the mask in pixels, half-open."""
        x0, y0, x1, y1 = map(int, mask_box(self.mask))
        return x0, y0, x1, y1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the mask's box."""
        x0, y0, x1, y1 = self.box
        return x1 - x0, y1 - y0

    def trimmed(self, margin: int) -> Cutout:
        """Return the cell with at most this many pixels around its mask's box."""
        x0, y0, x1, y1 = self.box
        window = np.s_[max(y0 - margin, 0) : y1 + margin, max(x0 - margin, 0) : x1 + margin]
        return replace(self, crop=self.crop[window], mask=self.mask[window])


Stock = dict[str, list[Cutout]]
"""Cells by class, simulated ones first, else by name."""


def load_stock(spec: VariantSpec, banks: list[Path], splits: Path, split: str) -> Stock:
    """Load the cells of one split.

    Args:
        spec: the variant, which says which classes are needed and how they are pasted.
        banks: folders of cell banks.
        splits: table of cells and splits; cells of banks that are not named do not matter.
        split: train, val or test.

    Raises:
        InputError: a bank or the table is wrong, a class that is needed has no cell in the split, or a cell has no
            background to divide by.
    """
    table = read_splits(splits).query("split == @split")
    classes = dict(zip(table["cell_id"], table["class"], strict=True))
    stock: Stock = {name: [] for name in spec.classes}
    for bank in banks:
        for cell in _cutouts(bank, classes, needs_background=spec.paste == "transmit"):
            if cell.class_name in stock:
                stock[cell.class_name].append(cell)
    for name, members in stock.items():
        members.sort(key=lambda cell: (cell.background is None, cell.cell_id))
        simulated = name == "other" and spec.other_simulated_share > 0
        if not members and not simulated:
            expected = f"at least one that variant {spec.name} can paste, from {', '.join(map(str, banks))}"
            raise InputError(splits, f"no cell of class {name}", expected, f"split {split}")
    return stock


def _cutouts(bank: Path, classes: dict[str, str], needs_background: bool) -> list[Cutout]:
    """Return the cells of one bank that have a class in the split."""
    content = read_bank(bank)
    table = content.kept[content.kept["cell_id"].isin(classes.keys())]
    if needs_background and (bare := table.loc[table["background"].isna(), "cell_id"]).any():
        raise InputError(
            bank / "cells.csv", "no background", "the flat grey of a simulated cell", f"cell {bare.iloc[0]}"
        )
    return [
        Cutout(name, classes[name], content.crops[name], content.masks[name], own, bank.name)
        for name, grey in zip(table["cell_id"], table["background"], strict=True)
        for own in [None if pd.isna(grey) else float(grey)]
    ]
