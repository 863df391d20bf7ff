"""Cells from polygon annotations (rule ``cut_cells``; preprint, section on the Saarland set)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rbcflow.cells.bank import touches_edge
from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.boxes import FloatArray
from rbcflow.core.frames import Frame
from rbcflow.core.masks import rasterise_parts
from rbcflow.sources.coco import Polygon
from rbcflow.sources.layouts import READERS

COARSE_SIDE, MIN_VERTICES = 2.0, 5
"""Median side in pixels from which a polygon is coarse, and vertices below which no curve is laid through it."""


def outline(
    folder: Path,
    source: str,
    layout: str,
    *,
    min_area: int = 100,
    smoothing: bool = True,
    wanted: Wanted = everything,
) -> Iterator[Outlined]:
    """Yield the annotated frames of a source with the masks of their polygons.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        layout: one whose reader has ``annotated_frames``.
        min_area: pixels a cell must cover; a red cell of these recordings has about a thousand.
        smoothing: lay a closed curve through coarse polygons, see ``smoothed``.
        wanted: which frames.

    Yields:
        Reasons ``zero_area``, ``empty``, ``touches_edge`` (a cut cell must not be pasted elsewhere) and ``too_small``.

    Raises:
        InputError: an annotation or a picture is wrong.
    """
    for annotated in READERS[layout].annotated_frames(folder):
        if wanted(annotated.recording, annotated.index):
            frame = annotated.load(source)
            yield Outlined(frame, [_found(frame, polygon, min_area, smoothing) for polygon in annotated.polygons])


def smoothed(points: FloatArray) -> FloatArray:
    """Return a coarse polygon as a closed cubic curve through its vertices.

    The preprint's repository has remnants of such a smoothing. A polygon whose sides are short compared with pixels is
    left as it is: a curve through it would follow the hand's tremor.

    Args:
        points: (N, 2) x, y vertices in pixels.

    Returns:
        (M, 2) vertices, the curve sampled about every half pixel.
    """
    points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    sides = np.sqrt(np.square(points - np.roll(points, 1, axis=0)).sum(axis=1))
    if len(points) < MIN_VERTICES or np.median(sides) < COARSE_SIDE:
        return points
    # takes a quarter of a second to import, for all that cut cells in another way too
    from scipy.interpolate import splev, splprep

    closed = np.vstack([points, points[:1]])
    curve, _ = splprep(closed.T, s=0, per=True)
    samples = np.linspace(0, 1, int(2 * sides.sum()), endpoint=False)
    return np.column_stack(splev(samples, curve))


def _found(frame: Frame, polygon: Polygon, min_area: int, smoothing: bool) -> Found:
    """Return the object of one polygon with the reason to drop it, if there is one."""
    outlines = [smoothed(part) if smoothing else part for part in polygon.parts]
    mask = rasterise_parts(outlines, *frame.size)
    cut_off = touches_edge(polygon.box, *frame.size)
    if polygon.area == 0:
        return Found(np.zeros_like(mask), polygon.box, cut_off, "zero_area", polygon.class_)
    if not mask.any():
        return Found(mask, polygon.box, cut_off, "empty", polygon.class_)
    found = Found.of_mask(mask, "touches_edge" if cut_off else "", polygon.class_)
    return found.dropped("too_small") if np.count_nonzero(mask) < min_area else found
