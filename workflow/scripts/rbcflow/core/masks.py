"""Masks of outlines (stages segmentation and cells)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import FloatArray


def rasterise(points: FloatArray, width: int, height: int) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie inside a polygon.

    Args:
        points: (N, 2) x, y vertices in continuous pixel coordinates, (0, 0) being the image's corner.
        width: of the image in pixels.
        height: of the image in pixels.

    Returns:
        (height, width) bool.
    """
    # many import this module who rasterise nothing
    from matplotlib.path import Path as Outline

    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int), (width, height))
    rows, columns = np.mgrid[y0:y1, x0:x1]
    centres = np.column_stack([columns.ravel(), rows.ravel()]) + 0.5
    mask = np.zeros((height, width), dtype=bool)
    mask[y0:y1, x0:x1] = Outline(points).contains_points(centres).reshape(rows.shape)
    return mask


def rasterise_parts(parts: Iterable[FloatArray], width: int, height: int) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie inside one of several polygons; arguments as ``rasterise``."""
    return np.logical_or.reduce([rasterise(points, width, height) for points in parts])
