"""Copies of one cell among cells of composed images: turned, pressed, lightened and scaled (method ``rim``).

A cell is drawn in a frame of its own, in which its mask's second moments are those of a disc: turns, sizes and pressing
are then turns alone. What it shows there, less a constant shift of grey under the blending weight, is correlated with
that of others over all turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr

RINGS, TURNS, REACH = 10, 64, 2.5
"""Circles on which a cell is looked at, points on each, and radius of the outermost in standard deviations of the mask,
whose edge is at 2."""

ALIKE = {"croissant": 0.978, "slipper": 0.947}
"""Least correlation of copies, by class; docs/configuration.md says what ``bench/published_cells.py`` finds of it."""

FEATHER, ERODED = 2.5, 1.93
"""Of the blending weight in the written image: its edge's width, and how far inside the outline it is a half."""

BLOCK = 64
"""Cells that are compared with all others at once."""


@dataclass(frozen=True)
class Look:
    """What a cell is compared by.

    Attributes:
        name: its class; only cells of one class are compared.
        area: of its mask in pixels: the largest copy is kept.
        rings: (RINGS, TURNS) float32 of unit length.
    """

    name: str
    area: int
    rings: NDArray[np.float32]


def look_of(change: NDArray[np.float32], mask: NDArray[np.bool_], name: str) -> Look:
    """Return the look of a cell.

    Args:
        change: (h, w) grey levels above the cell's ground.
        mask: (h, w) bool, not empty.
        name: class.
    """
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    weight = np.where(mask, ndtr((depth - 0.5 - ERODED) / FEATHER), 0).astype(np.float32)
    layers = np.dstack([np.where(mask, change, 0).astype(np.float32), weight])
    points = _points(mask)
    polar = cv2.remap(layers, points[..., 0], points[..., 1], cv2.INTER_LINEAR, borderValue=(0, 0))
    # a ring stands for an area that grows with its radius
    polar = polar * np.sqrt(np.arange(RINGS) + 0.5, dtype=np.float32)[:, None, None]
    shown, weights = polar[..., 0], polar[..., 1]
    rings = shown - float((shown * weights).sum() / max((weights**2).sum(), 1e-6)) * weights
    return Look(name, int(np.count_nonzero(mask)), rings / max(float(np.linalg.norm(rings)), 1e-6))


def _points(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (RINGS, TURNS, 2) columns and rows of the circles about a mask's centre, stretched as the mask is."""
    rows, columns = np.nonzero(mask)
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
    """Return the largest correlation over all turns of every cell with every other, (N, N)."""
    spectra = np.fft.rfft(np.stack([look.rings for look in looks]), axis=2).astype(np.complex64).transpose(2, 0, 1)
    found = np.empty((len(looks), len(looks)), np.float32)
    for first in range(0, len(looks), BLOCK):
        rows = slice(first, first + BLOCK)
        product = spectra[:, rows] @ np.conj(spectra).transpose(0, 2, 1)
        found[rows] = np.fft.irfft(product, n=TURNS, axis=0).max(0)
    return found
