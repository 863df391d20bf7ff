"""Cells from crops that the laboratory segmented itself, on black (rule ``cut_cells``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.frames import Frame
from rbcflow.sources.image import read_grey
from rbcflow.sources.nouaman2024.reader import CropFile, crop_files


def outline(folder: Path, source: str, *, min_area: int = 100, wanted: Wanted = everything) -> Iterator[Outlined]:
    """Yield the segmented crops as frames with their one object.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        min_area: pixels a cell must cover.
        wanted: which crops.

    Yields:
        Reasons ``empty``, ``touches_edge`` and ``too_small``. The group is day and pressure (``12_8_0300mbar``), the
        recording is the class folder and the group, the index is the crop's number.

    Raises:
        InputError: a folder, a name or a picture is wrong.
    """
    for crop_file in crop_files(folder):
        if wanted(crop_file.recording, crop_file.number):
            frame = _frame(source, crop_file)
            found = Found.of_mask(largest_component(frame.image > 0))
            small = np.count_nonzero(found.mask) < min_area
            yield Outlined(frame, [found.dropped("too_small") if small else found])


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 8-connected part of a (H, W) mask with its holes filled (a cell may have black pixels)."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = [cv2.drawContours(np.zeros(mask.shape, np.uint8), [contour], -1, 1, cv2.FILLED) for contour in contours]
    return max(filled, key=np.count_nonzero, default=np.zeros(mask.shape, np.uint8)).astype(bool)


def _frame(source: str, crop_file: CropFile) -> Frame:
    """Return a crop as a frame."""
    return Frame(
        read_grey(crop_file.path), source, "", crop_file.recording, crop_file.number, label=crop_file.class_,
        group=crop_file.family, file=crop_file.path.name,
    )  # fmt: skip
