"""Cells from polygon annotations (rule ``cut_cells``; preprint, section on the Saarland set)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from rbcflow.boxes import FloatArray
from rbcflow.cells.bank import Cell, cut, touches_edge
from rbcflow.frames import Frame
from rbcflow.raw.coco import Polygon
from rbcflow.raw.nouaman2024 import annotated_frames

METHOD = "polygon"


def extract(folder: Path, source: str, *, min_area: int = 100) -> Iterator[Cell]:
    """Yield the annotated cells of the Saarland frames, dropped ones included.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        min_area: pixels a cell must cover; a red cell of these recordings has about a thousand.

    Yields:
        Cells of method ``polygon``; reasons ``empty``, ``touches_edge`` (a cut cell must not be pasted elsewhere) and
        ``too_small``. A cell's group is its recording.

    Raises:
        InputError: an annotation or a picture is wrong.
    """
    for annotated in annotated_frames(folder):
        frame = annotated.load(source)
        for polygon in annotated.polygons:
            yield _cell(frame, polygon, min_area)


def rasterise(points: FloatArray, width: int, height: int) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie inside a polygon.

    Args:
        points: (N, 2) x, y vertices in continuous pixel coordinates, (0, 0) being the image's corner.
        width: of the image in pixels.
        height: of the image in pixels.

    Returns:
        (height, width) bool.
    """
    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int), (width, height))
    rows, columns = np.mgrid[y0:y1, x0:x1]
    centres = np.column_stack([columns.ravel(), rows.ravel()]) + 0.5
    mask = np.zeros((height, width), dtype=bool)
    mask[y0:y1, x0:x1] = Outline(points).contains_points(centres).reshape(rows.shape)
    return mask


def _cell(frame: Frame, polygon: Polygon, min_area: int) -> Cell:
    """Return the cell of one polygon with the reason to drop it, if there is one."""
    mask = rasterise(polygon.points, *frame.size)
    reason, cut_off = "", touches_edge(polygon.box, *frame.size)
    if not mask.any():
        box, crop, crop_mask = polygon.box, np.zeros((0, 0), np.uint8), np.zeros((0, 0), bool)
        reason = "empty"
    else:
        box, crop, crop_mask = cut(frame.image, mask)
        cut_off = cut_off or touches_edge(box, *frame.size)
        reason = "touches_edge" if cut_off else "too_small" if np.count_nonzero(mask) < min_area else ""
    return Cell(
        source=frame.source, class_=polygon.class_, donor=frame.donor, recording=frame.recording, frame=frame.index,
        box=box, method=METHOD, group=frame.recording, crop=crop, mask=crop_mask, touches_edge=cut_off, reason=reason,
    )  # fmt: skip
