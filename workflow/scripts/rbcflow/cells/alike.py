"""Copies of one cell among cells of composed images: turned, pressed, lightened and scaled (method ``rim``).

A cell is drawn in a frame of its own, in which its second moments are those of a disc: turns, sizes and pressing are
then turns alone. Its tone there, freed of the blending with the ground and of a constant shift of grey, is correlated
with that of others over all turns. The preprint presses a turned cell into the box that it had before: all copies of a
cell have boxes of one shape, so only such cells are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

RINGS, TURNS, REACH = 10, 64, 2.2
"""Circles on which a cell is looked at, points on each, and radius of the outermost in standard deviations of its
silhouette, whose edge is at 2."""

ALIKE = {"croissant": 0.978, "slipper": 0.898}
"""Least correlation of copies, by class; docs/configuration.md says what ``bench/published_cells.py`` finds of it."""
SHAPES = {"croissant": 0.15, "slipper": 0.2}
"""Largest difference of the logarithms of width over height of copies' boxes, by class, for boxes in whole pixels."""

ERODED, FEATHER, WIDER = 2.0, 2.5, 0.8
"""Of the blending weight in the written image, in pixels: how far the pasted mask was eroded, the deviation of the blur
after it, and how much wider than what can be seen of a cell its mask is."""
FINE, LEAST, SOFT = 2, 0.3, 0.6
"""Parts of a pixel in which weights are drawn, least weight that a tone is divided by, and a blur against noise."""

BLOCK = 64
"""Cells that are compared with all others at once."""


@dataclass(frozen=True)
class Look:
    """What a cell is compared by.

    Attributes:
        name: its class; only cells of one class are compared.
        area: of its mask in pixels: the largest copy is kept.
        shape: logarithm of its box's width over its height.
        rings: (RINGS, TURNS) float32 of unit length.
    """

    name: str
    area: int
    shape: float
    rings: NDArray[np.float32]


def look_of(
    change: NDArray[np.float32],
    mask: NDArray[np.bool_],
    size: tuple[int, int],
    name: str,
    weight: NDArray[np.float32] | None = None,
) -> Look:
    """Return the look of a cell.

    Args:
        change: (h, w) grey levels above the cell's ground.
        mask: (h, w) bool, not empty: what can be seen of it.
        size: width and height of its labelled box.
        name: class.
        weight: (h, w) of its blending with the ground, 0..1; left out, it follows from the mask.
    """
    weight = blending_weight(mask) if weight is None else weight
    weight = np.where(weight > 0.1, weight, 0).astype(np.float32)
    tone = cv2.GaussianBlur(change, (0, 0), SOFT) / np.maximum(weight, LEAST) * (weight > 0)
    points = _points(weight > 0 if weight.any() else mask)
    polar = cv2.remap(np.dstack([tone, weight]), points[..., 0], points[..., 1], cv2.INTER_LINEAR, borderValue=(0, 0))
    # a ring stands for an area that grows with its radius, a tone is known as well as its weight is large
    weights = polar[..., 1] * np.sqrt(np.arange(RINGS) + 0.5, dtype=np.float32)[:, None]
    squares = weights**2
    rings = (polar[..., 0] - float((polar[..., 0] * squares).sum() / max(squares.sum(), 1e-6))) * weights
    shape = float(np.log(size[0] / size[1]))
    return Look(name, int(np.count_nonzero(mask)), shape, rings / max(float(np.linalg.norm(rings)), 1e-6))


def blending_weight(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the weight with which a cell was blended, 0..1: of its mask, made wider, eroded, and blurred inside."""
    sides = [cv2.copyMakeBorder(mask.astype(np.float32), *[FINE] * 4, cv2.BORDER_CONSTANT, value=0)]
    fine = cv2.resize(sides[0], None, fx=FINE, fy=FINE, interpolation=cv2.INTER_LINEAR) > 0.5
    inside, outside = (cv2.distanceTransform(one.astype(np.uint8), cv2.DIST_L2, 5) for one in (fine, ~fine))
    depth = (inside - outside) / FINE + WIDER
    weight = cv2.GaussianBlur((depth > ERODED).astype(np.float32), (0, 0), FEATHER * FINE) * (depth > 0)
    coarse = cv2.resize(weight, sides[0].shape[::-1], interpolation=cv2.INTER_AREA)
    return coarse[FINE:-FINE, FINE:-FINE].astype(np.float32)


def _points(silhouette: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (RINGS, TURNS, 2) columns and rows of circles about a silhouette's centre, stretched as it is."""
    rows, columns = np.nonzero(silhouette)
    places = np.stack([columns, rows]).astype(float)
    values, axes = np.linalg.eigh(np.atleast_2d(np.cov(places, bias=True)) + np.eye(2) / 12)
    stretch = axes @ np.diag(np.sqrt(values)) @ axes.T
    angles = 2 * np.pi * np.arange(TURNS) / TURNS
    radii = (np.arange(RINGS) + 0.5) / RINGS * REACH
    circles = radii[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    return (circles @ stretch + places.mean(1)).astype(np.float32)


def copies(looks: Sequence[Look], least: dict[str, float] | None = None) -> NDArray[np.bool_]:
    """Return which cells are copies of a larger one: all but the largest of those that are linked by likeness.

    Args:
        looks: of cells of one split.
        least: least correlation by class; left out, ``ALIKE``.
    """
    found = np.zeros(len(looks), bool)
    for name, limit in (least or ALIKE).items():
        own = np.array([number for number, look in enumerate(looks) if look.name == name], int)
        if len(own):
            groups = linked([looks[number] for number in own], limit)
            order = own[np.lexsort((own, [-looks[number].area for number in own], groups))]
            ordered = np.sort(groups)
            found[order[1:][ordered[1:] == ordered[:-1]]] = True
    return found


def linked(looks: Sequence[Look], limit: float) -> NDArray[np.int64]:
    """Return the group of each cell: cells that a chain of likenesses above a limit links."""
    pairs = np.argwhere(likeness(looks) >= limit)
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(looks), len(looks)))
    return connected_components(links, directed=False)[1]


def likeness(looks: Sequence[Look]) -> NDArray[np.float32]:
    """Return the largest correlation over all turns of every cell with every other of a class, (N, N).

    It is -1 where the boxes have another shape.
    """
    spectra = np.fft.rfft(np.stack([look.rings for look in looks]), axis=2).astype(np.complex64).transpose(2, 0, 1)
    shapes = np.array([look.shape for look in looks])
    found = np.empty((len(looks), len(looks)), np.float32)
    for first in range(0, len(looks), BLOCK):
        rows = slice(first, first + BLOCK)
        product = spectra[:, rows] @ np.conj(spectra).transpose(0, 2, 1)
        found[rows] = np.fft.irfft(product, n=TURNS, axis=0).max(0)
    return np.where(np.abs(shapes[:, None] - shapes) <= SHAPES[looks[0].name], found, np.float32(-1))
