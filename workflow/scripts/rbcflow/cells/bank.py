"""The cell bank, ``cells.csv`` + ``crops.npz``: written by stage ``cells``, read by stages ``splits`` and ``datasets``.

A dropped cell stays in the table with its reason; pixels are stored for kept cells only.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import mask_box
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, refuse_rows

COLUMNS = (
    "cell_id", "source", "class", "donor", "recording", "frame", "x0", "y0", "x1", "y1", "method",
    "area_px", "aspect", "solidity", "touches_edge", "group", "sha256", "kept", "reason", "background",
)  # fmt: skip
NUMBERS = ("x0", "y0", "x1", "y1", "aspect", "solidity")
TEXT_COLUMNS = ("cell_id", "source", "class", "donor", "recording", "method", "group", "sha256", "reason")
PADDING = 5
"""Pixels kept around a cell's box, as far as the frame reaches (preprint, section on Cellpose extraction)."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cell:
    """One object that an extraction method found.

    Attributes:
        source: a key of ``config/sources.yaml``, or ``simulated``.
        class_: a name of ``classes.CLASSES``; empty where the method does not name cells.
        donor: blood donor, empty where unknown.
        recording: recording inside the source.
        frame: zero-based index in the recording.
        box: half-open corners in pixels of the frame.
        method: how the cell was cut: ``polygon``, ``segmented_crop``, ``background``, ``simulated``, ...
        group: the unit that must not be divided between splits.
        crop: (h, w) uint8 grey, the surroundings of the box.
        mask: (h, w) bool, True inside the cell.
        touches_edge: whether the frame's edge cuts the cell.
        reason: why the cell was dropped; empty for a kept cell.
        background: grey of the flat background a simulated cell stands on; None for cells of recordings.
    """

    source: str
    class_: str
    donor: str
    recording: str
    frame: int
    box: Box
    method: str
    group: str
    crop: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    touches_edge: bool = False
    reason: str = ""
    background: int | None = None


@dataclass(frozen=True)
class Bank:
    """A bank in memory.

    Attributes:
        table: one row a cell, columns ``COLUMNS``; ``background`` is Int64 with gaps, text columns have no gaps.
        crops: (h, w) uint8 grey by cell_id, kept cells only.
        masks: (h, w) bool by cell_id, kept cells only.
    """

    table: pd.DataFrame
    crops: dict[str, NDArray[np.uint8]]
    masks: dict[str, NDArray[np.bool_]]

    @property
    def kept(self) -> pd.DataFrame:
        """The rows of kept cells, in order of cell_id."""
        return self.table[self.table["kept"]]


def cut(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[Box, NDArray[np.uint8], NDArray[np.bool_]]:
    """Cut a cell and its surroundings (``PADDING``) out of a frame.

    Args:
        image: (H, W) uint8 grey.
        mask: (H, W) bool, not empty.

    Returns:
        The mask's half-open box in pixels, the crop (h, w) uint8 and the crop's mask (h, w) bool.
    """
    x0, y0, x1, y1 = (int(value) for value in mask_box(mask))
    window = np.s_[max(y0 - PADDING, 0) : y1 + PADDING, max(x0 - PADDING, 0) : x1 + PADDING]
    return (float(x0), float(y0), float(x1), float(y1)), image[window].copy(), mask[window].copy()


def touches_edge(box: Box, width: int, height: int) -> bool:
    """Tell whether a box comes within a pixel of the edge of a frame of the given size in pixels, which then cuts it.

    The pixel of margin is there because outlines often end at the centre of the last pixel or one early.
    """
    x0, y0, x1, y1 = box
    return x0 <= 1 or y0 <= 1 or x1 >= width - 1 or y1 >= height - 1


def geometry(mask: NDArray[np.bool_]) -> tuple[int, float, float]:
    """Measure a mask.

    Args:
        mask: (h, w) bool.

    Returns:
        Area in pixels, aspect (box width / height) and solidity (area / pixels of the filled convex hull, so that a
        convex mask has exactly 1); an empty mask gives 0 and two NaN.
    """
    box = mask_box(mask)
    if box is None:
        return 0, float("nan"), float("nan")
    area = int(np.count_nonzero(mask))
    points = cv2.findNonZero(mask.astype(np.uint8))
    hull = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), cv2.convexHull(points), 1)
    return area, (box[2] - box[0]) / (box[3] - box[1]), area / int(np.count_nonzero(hull))


def digest(crop: NDArray[np.uint8], mask: NDArray[np.bool_]) -> str:
    """Return the sha256 over the crop's bytes and the mask's (0/255) bytes."""
    return hashlib.sha256(crop.tobytes() + _stored(mask).tobytes()).hexdigest()


def write_bank(folder: Path, cells: Iterable[Cell], name: str | None = None) -> pd.DataFrame:
    """Write a bank recording by recording; one recording's cells are in memory at a time.

    Cells are numbered in the order in which their recordings come, inside a recording by frame, class and position.

    Args:
        folder: is created; gets ``cells.csv`` and ``crops.npz``.
        cells: the cells of one source, kept and dropped, recording after recording.
        name: what cell_ids start with; left out, the cell's source.

    Returns:
        The table as written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    with (
        (folder / "cells.csv").open("w", encoding="utf-8", newline="") as text,
        zipfile.ZipFile(folder / "crops.npz", "w", zipfile.ZIP_DEFLATED) as arrays,
    ):
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        for _, group in groupby(cells, key=lambda cell: (cell.method, cell.recording)):
            for cell in sorted(group, key=lambda cell: (cell.frame, cell.class_, cell.box)):
                row = _row(f"{name or cell.source}-{number:05d}", cell)
                table.writerow(row)
                if row["kept"]:
                    _store(arrays, f"{row['cell_id']}.crop", cell.crop)
                    _store(arrays, f"{row['cell_id']}.mask", _stored(cell.mask))
                number += 1
    return read_table(folder)


def _store(arrays: zipfile.ZipFile, name: str, array: NDArray[np.uint8]) -> None:
    """Add an array to an ``.npz`` under a fixed date, so that the same cells give the same bytes."""
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with arrays.open(entry, "w") as member:
        np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def read_table(folder: Path) -> pd.DataFrame:
    """Read and validate a bank's ``cells.csv`` alone.

    Raises:
        InputError: the file is absent, lacks a column, repeats a cell_id, or a row breaks the contract.
    """
    path = folder / "cells.csv"
    types = dict.fromkeys(TEXT_COLUMNS, str) | dict.fromkeys(NUMBERS, float)
    types |= {"background": "Int64", "frame": int, "area_px": int}
    table = read_csv(path, "the table of a cell bank", COLUMNS, dtype=types, keep_default_na=False,
                     na_values={"aspect": ["", "nan"], "solidity": ["", "nan"], "background": [""]})  # fmt: skip
    # a bank without rows, as an unavailable source has, gives pandas nothing to tell the type from
    if len(table) and table["kept"].dtype != bool:
        refuse_rows(path, table, ~table["kept"].isin(["True", "False"]), "kept", "True or False")
    table["kept"] = table["kept"].astype(bool)
    for wrong, found, expected in (
        ((table["x1"] < table["x0"]) | (table["y1"] < table["y0"]), "a box that ends before it starts", "x0 y0 x1 y1"),
        (table["cell_id"].duplicated(), "a repeated cell_id", "each cell_id once"),
        (~table["class"].isin([*CLASSES, ""]), "an unknown class", f"{', '.join(CLASSES)} or nothing"),
        (
            table["kept"] != (table["reason"] == ""),
            "kept and reason that contradict",
            "a reason for dropped cells only",
        ),
    ):
        if wrong.any():
            raise InputError(path, found, expected, where=f"cell {table.loc[wrong.idxmax(), 'cell_id']}")
    return table


def read_bank(folder: Path) -> Bank:
    """Read a bank and verify every kept cell against its sha256.

    Args:
        folder: has ``cells.csv`` and ``crops.npz``.

    Raises:
        InputError: the table breaks the contract, the pixels are absent or unreadable, or differ from the table.
    """
    table, path = read_table(folder), folder / "crops.npz"
    crops, masks = {}, {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            for cell_id in table.loc[table["kept"], "cell_id"]:
                crops[cell_id] = stored[f"{cell_id}.crop"]
                masks[cell_id] = stored[f"{cell_id}.mask"] > 0
    except KeyError as error:
        raise InputError(path, f"no array {error}", "crop and mask of every kept cell of cells.csv") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(path, f"an unreadable file ({error})", "the arrays of a cell bank") from error
    for cell_id, expected in table.loc[table["kept"], ["cell_id", "sha256"]].itertuples(index=False):
        _check_arrays(path, cell_id, crops[cell_id], masks[cell_id])
        if (found := digest(crops[cell_id], masks[cell_id])) != expected:
            raise InputError(
                path, f"pixels with sha256 {found}", f"{expected} as in cells.csv", where=f"cell {cell_id}"
            )
    return Bank(table, crops, masks)


def _check_arrays(path: Path, cell_id: str, crop: NDArray, mask: NDArray[np.bool_]) -> None:
    """Refuse pixels that are no grey picture with a mask of its size that covers something."""
    if crop.ndim != 2 or crop.dtype != np.uint8 or crop.shape != mask.shape:
        found = f"a crop of {crop.dtype} {crop.shape} and a mask of shape {mask.shape}"
        raise InputError(path, found, "an 8-bit grey crop and a mask of one shape", where=f"cell {cell_id}")
    if not mask.any():
        raise InputError(path, "an empty mask", "a mask that covers the cell", where=f"cell {cell_id}")


def _stored(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a mask as it is stored: 0 or 255."""
    return mask.astype(np.uint8) * np.uint8(255)


def _row(cell_id: str, cell: Cell) -> dict[str, object]:
    """Return the table row of a cell."""
    area, aspect, solidity = geometry(cell.mask)
    return {
        "cell_id": cell_id, "source": cell.source, "class": cell.class_, "donor": cell.donor,
        "recording": cell.recording, "frame": cell.frame,
        **dict(zip(("x0", "y0", "x1", "y1"), cell.box, strict=True)),
        "method": cell.method, "area_px": area, "aspect": round(aspect, 4), "solidity": round(solidity, 4),
        "touches_edge": cell.touches_edge, "group": cell.group, "sha256": digest(cell.crop, cell.mask),
        "kept": cell.reason == "", "reason": cell.reason, "background": cell.background,
    }  # fmt: skip
