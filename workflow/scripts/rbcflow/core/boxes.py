"""Boxes: float corners ``x0 y0 x1 y1`` in pixels, half-open, and the few conversions the workflow needs.

A box that covers the pixels of columns 3, 4 and 5 has ``x0 = 3.0`` and ``x1 = 6.0``. YOLO's normalised centre form
exists only in label files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def mask_box(mask: NDArray) -> tuple[float, float, float, float] | None:
    """Return the half-open bounding box of a mask's non-zero pixels.

    Args:
        mask: (H, W), any dtype; non-zero is inside.

    Returns:
        ``(x0, y0, x1, y1)`` in pixels, or None for an empty mask.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def area(boxes: NDArray) -> FloatArray:
    """Return the areas of (N, 4) boxes in square pixels; inverted boxes have area 0."""
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    return np.clip(boxes[:, 2] - boxes[:, 0], 0, None) * np.clip(boxes[:, 3] - boxes[:, 1], 0, None)


def enclosing(boxes: NDArray) -> NDArray:
    """Return the smallest box around (N, 4) boxes, N at least 1, as (4,)."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def iou_matrix(first: NDArray, second: NDArray) -> FloatArray:
    """Return the intersection over union of every pair of boxes.

    Args:
        first: (N, 4) corners in pixels.
        second: (M, 4) corners in pixels.

    Returns:
        (N, M) float64 in 0..1; 0 where the union is empty.
    """
    a = np.asarray(first, dtype=float).reshape(-1, 1, 4)
    b = np.asarray(second, dtype=float).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    intersection = np.prod(np.clip(sides, 0, None), axis=-1)
    union = area(first)[:, None] + area(second)[None, :] - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def remaining(boxes: NDArray, iou: float) -> NDArray[np.bool_]:
    """Say which boxes of one frame remain when each removes those after it that overlap it too much.

    Args:
        boxes: (N, 4) corners in pixels, in falling confidence.
        iou: a box is removed where its overlap with a remaining one exceeds this.

    Returns:
        (N,) bool; the first box always remains.
    """
    close = np.triu(iou_matrix(boxes, boxes) > iou, k=1)
    remains = np.ones(len(close), dtype=bool)
    for row in np.flatnonzero(close.any(axis=1)):
        if remains[row]:
            remains[close[row]] = False
    return remains


def to_yolo(boxes: NDArray, width: int, height: int) -> FloatArray:
    """Convert (N, 4) corners in pixels to YOLO's normalised ``xc yc w h``."""
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    size = np.array([width, height], dtype=float)
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2 / size, (boxes[:, 2:] - boxes[:, :2]) / size])


def from_yolo(boxes: NDArray, width: int, height: int) -> FloatArray:
    """Convert (N, 4) normalised ``xc yc w h`` to corners in pixels."""
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    size = np.array([width, height], dtype=float)
    centre, half = boxes[:, :2] * size, boxes[:, 2:] * size / 2
    return np.hstack([centre - half, centre + half])


def clip(boxes: NDArray, width: int, height: int) -> FloatArray:
    """Clip (N, 4) corners to an image of the given size in pixels."""
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4).copy()
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
    return boxes
