"""Cells from crops that the laboratory segmented itself, on black (rule ``cut_cells``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.bank import Cell, cut, touches_edge
from rbcflow.raw.image import read_grey
from rbcflow.raw.nouaman2024 import CropFile, crop_files

METHOD = "segmented_crop"


def extract(folder: Path, source: str, *, min_area: int = 100) -> Iterator[Cell]:
    """Yield the cells of the segmented crops, dropped ones included.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        min_area: pixels a cell must cover.

    Yields:
        Cells of method ``segmented_crop``; reasons ``empty``, ``touches_edge`` and ``too_small``. The group is day and
        pressure (``12_8_0300mbar``), the recording is the class folder and the group, the frame is the crop's number,
        the box lies in the crop.

    Raises:
        InputError: a folder, a name or a picture is wrong.
    """
    for crop_file in crop_files(folder):
        yield _cell(source, crop_file, read_grey(crop_file.path), min_area)


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 8-connected part of a (H, W) mask with its holes filled (a cell may have black pixels)."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = [cv2.drawContours(np.zeros(mask.shape, np.uint8), [contour], -1, 1, cv2.FILLED) for contour in contours]
    return max(filled, key=np.count_nonzero, default=np.zeros(mask.shape, np.uint8)).astype(bool)


def _cell(source: str, crop_file: CropFile, image: NDArray[np.uint8], min_area: int) -> Cell:
    """Return the cell of one crop with the reason to drop it, if there is one."""
    mask = largest_component(image > 0)
    height, width = image.shape
    if not mask.any():
        box, crop, crop_mask, reason, cut_off = (0.0, 0.0, 0.0, 0.0), image, mask, "empty", False
    else:
        box, crop, crop_mask = cut(image, mask)
        cut_off = touches_edge(box, width, height)
        reason = "touches_edge" if cut_off else "too_small" if np.count_nonzero(mask) < min_area else ""
    return Cell(
        source=source, class_=crop_file.class_, donor="", recording=crop_file.recording, frame=crop_file.number,
        box=box, method=METHOD, group=crop_file.family, crop=crop, mask=crop_mask, touches_edge=cut_off, reason=reason,
    )  # fmt: skip
