"""Cells from crops that the laboratory segmented itself, on black (rule ``cut_cells``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.bank import PADDING, Box
from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.frames import Frame
from rbcflow.sources.croplists import CropFile
from rbcflow.sources.layouts import READERS

WINDOW = (92, 92)
"""Width and height of the crops that the laboratory cut around a cell's centre, whatever its size."""
BORDER = PADDING + 1
"""Black pixels put around a crop that was cut to the cell's own box, so that it has surroundings as others have."""


def outline(
    folder: Path, source: str, layout: str, *, min_area: int = 100, wanted: Wanted = everything
) -> Iterator[Outlined]:
    """Yield the segmented crops as frames with their one object.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        layout: one whose reader has ``crop_files``.
        min_area: pixels a cell must cover.
        wanted: which crops.

    Yields:
        Reasons ``empty``, ``touches_edge`` and ``too_small``. The group is day and pressure (``12_8_0300mbar``), the
        recording is the class folder and the group, the index is the crop's number. A crop that was cut to its cell
        touches nothing; its box is that in the picture with ``BORDER`` around it.

    Raises:
        InputError: a folder, a name or a picture is wrong.
    """
    for crop_file in READERS[layout].crop_files(folder):
        if wanted(crop_file.recording, crop_file.number):
            frame = _frame(source, crop_file)
            found = Found.of_mask(largest_component(frame.image > 0))
            if found.touches_edge and fits(found.box, frame.size):
                # nothing is cut off: the laboratory cut the picture to the cell
                frame = replace(frame, image=np.pad(frame.image, BORDER))
                found = Found.of_mask(largest_component(frame.image > 0))
            small = np.count_nonzero(found.mask) < min_area
            yield Outlined(frame, [found.dropped("too_small") if small else found])


def fits(box: Box, size: tuple[int, int]) -> bool:
    """Tell whether a picture was cut to its cell's own box, so that the edges that it touches cut nothing off.

    It reaches all four edges then; in a picture that is no laboratory's window of a fixed size, two that face each
    other will do, as the picture may have been made square.

    Args:
        box: the cell's half-open corners in pixels.
        size: width and height of the picture.
    """
    x0, y0, x1, y1 = box
    across, down = x0 <= 1 and x1 >= size[0] - 1, y0 <= 1 and y1 >= size[1] - 1
    return (across and down) or ((across or down) and size != WINDOW)


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 8-connected part of a (H, W) mask with its holes filled (a cell may have black pixels)."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = [cv2.drawContours(np.zeros(mask.shape, np.uint8), [contour], -1, 1, cv2.FILLED) for contour in contours]
    return max(filled, key=np.count_nonzero, default=np.zeros(mask.shape, np.uint8)).astype(bool)


def _frame(source: str, crop_file: CropFile) -> Frame:
    """Return a crop as a frame."""
    return Frame(
        crop_file.load(), source, "", crop_file.recording, crop_file.number, label=crop_file.class_,
        group=crop_file.group, file=crop_file.path.name,
    )  # fmt: skip
