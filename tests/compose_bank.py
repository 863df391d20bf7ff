"""Tiny banks of cells for the tests of the composer: flat ellipses on a flat grey, three of each class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rbcflow.cells.bank import Cell, write_bank
from rbcflow.core.boxes import mask_box
from rbcflow.core.classes import CLASSES
from rbcflow.datasets.stock import Cutout

GREY, DARK = 150, 90


def ellipse(width: int, height: int, pad: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return crop and mask of a dark ellipse whose mask's box is width x height (both odd)."""
    mask = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    cv2.ellipse(mask, (pad + width // 2, pad + height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    return np.where(mask > 0, DARK, GREY).astype(np.uint8), mask > 0


def cutout(width: int = 41, height: int = 21, class_name: str = "slipper") -> Cutout:
    """Return one ellipse as the composer's own cell."""
    return Cutout("test-00000", class_name, *ellipse(width, height), background=float(GREY))


def write_cells(folder: Path, splits: tuple[str, ...] = ("train", "val", "test"), drop: str = "") -> dict:
    """Write a bank, equal cells for every split, and its split table, without the class ``drop``.

    Returns:
        What ``write_shard`` wants of them.
    """
    cells, sides = [], []
    kinds = [(split, name, size) for split in splits for name in CLASSES for size in (0, 4, 8)]
    for frame, (split, name, size) in enumerate(kinds):
        crop, mask = ellipse(33 + 4 * CLASSES.index(name) + size, 25 + size)
        cells.append(
            Cell("test", name, "", "r", frame, mask_box(mask), "simulated", f"g{frame}", crop, mask, background=GREY)
        )
        sides.append(split)
    table = write_bank(folder / "bank", cells)[["cell_id", "source", "class", "group"]].assign(split=sides)
    table[table["class"] != drop].to_csv(folder / "splits.csv", index=False)
    return {"banks": [folder / "bank"], "splits": folder / "splits.csv"}
