"""Boxes along and across the flow, and how far one box lies from another (used by ``flow``, ``link`` and ``flux``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EDGE_PX = 2.0
"""A box that ends this near the edge of the field is cut by it: only its other side says where the cell is."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DIRECTIONS: dict[str, tuple[str, int]] = {"right": ("x", 1), "left": ("x", -1), "down": ("y", 1), "up": ("y", -1)}
"""Axis and sign of each direction of flow."""


def towards(direction: str) -> str:
    """Return whither cells move, in words: to the right, up."""
    return f"to the {direction}" if DIRECTIONS[direction][0] == "x" else direction


@dataclass(frozen=True)
class Places:
    """Where boxes are, in pixels, downstream positive, from the field's upstream edge.

    Attributes:
        frame: (N,) place of the box's frame in the list of frames, rising.
        rear, nose: (N,) ends of the box along the flow.
        across: (N,) centre across the flow.
        height: (N,) size across the flow.
        rear_cut, nose_cut: (N,) the end lies at the field's edge.
        length: of the field along the flow.
    """

    frame: Ints
    rear: Floats
    nose: Floats
    across: Floats
    height: Floats
    rear_cut: Bools
    nose_cut: Bools
    length: float

    @property
    def whole(self) -> Bools:
        """(N,) no end along the flow is cut."""
        return ~(self.rear_cut | self.nose_cut)

    @property
    def typical(self) -> tuple[float, float]:
        """Median length and height of whole boxes (of all, where none is whole), pixels."""
        chosen = self.whole if self.whole.any() else np.ones(len(self.rear), dtype=bool)
        return float(np.median((self.nose - self.rear)[chosen])), float(np.median(self.height[chosen]))


def field_of(probe: dict[str, Any]) -> tuple[float, float, float, float]:
    """Return the part of the frame that was searched, (x0, y0, x1, y1) pixels: the region of interest, or all."""
    roi = probe.get("roi")
    return tuple(float(value) for value in roi) if roi else (0.0, 0.0, float(probe["width"]), float(probe["height"]))


def along(boxes: pd.DataFrame, place: Ints, field: tuple[float, float, float, float], direction: str) -> Places:
    """Return boxes in the coordinates of a flow.

    Args:
        boxes: with ``x0, y0, x1, y1``, sorted by frame.
        place: (N,) place of each box's frame in the list of frames.
        field: (x0, y0, x1, y1) of the field, pixels.
        direction: a key of ``DIRECTIONS``.
    """
    axis, sign = DIRECTIONS[direction]
    other = "y" if axis == "x" else "x"
    start, end = (field[0], field[2]) if axis == "x" else (field[1], field[3])
    low, high = (boxes[f"{axis}{side}"].to_numpy(dtype=float) for side in (0, 1))
    rear, nose = (low - start, high - start) if sign > 0 else (end - high, end - low)
    lower, upper = (boxes[f"{other}{side}"].to_numpy(dtype=float) for side in (0, 1))
    length = end - start
    return Places(
        frame=np.asarray(place, dtype=np.int64),
        rear=rear,
        nose=nose,
        across=(lower + upper) / 2,
        height=upper - lower,
        rear_cut=rear <= EDGE_PX,
        nose_cut=nose >= length - EDGE_PX,
        length=length,
    )


def shift(places: Places, first: Ints, second: Ints) -> Floats:
    """Return how far boxes are downstream of others, (P,) pixels, measured at the ends that no edge cuts in either.

    Where no end is whole in both, the missing ones are set off by the typical length.

    Args:
        places: of all boxes.
        first, second: (P,) indices of the boxes of each pair.
    """
    rear = ~(places.rear_cut[first] | places.rear_cut[second])
    nose = ~(places.nose_cut[first] | places.nose_cut[second])
    by_rear = places.rear[second] - places.rear[first]
    by_nose = places.nose[second] - places.nose[first]
    shared = rear.astype(int) + nose
    centre = centres(places)
    measured = (np.where(rear, by_rear, 0) + np.where(nose, by_nose, 0)) / np.maximum(shared, 1)
    return np.where(shared > 0, measured, centre[second] - centre[first])


def centres(places: Places) -> Floats:
    """Return (N,) centres along the flow; of a box cut at one end, half a typical length from the other."""
    half = places.typical[0] / 2 if len(places.rear) else 0.0
    centre = (places.rear + places.nose) / 2
    centre = np.where(places.rear_cut & ~places.nose_cut, np.minimum(centre, places.nose - half), centre)
    return np.where(places.nose_cut & ~places.rear_cut, np.maximum(centre, places.rear + half), centre)


def pairs(frame: Ints, n_frames: int, earlier: Ints, later: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of boxes of pairs of frames.

    Args:
        frame: (N,) place of each box's frame, rising.
        n_frames: how many frames there are.
        earlier, later: (T,) places of the frames.

    Returns:
        (P,) indices of the earlier and of the later box.
    """
    counts = np.bincount(frame, minlength=n_frames)
    starts = np.cumsum(counts) - counts
    sizes = counts[earlier] * counts[later]
    which = np.repeat(np.arange(len(earlier)), sizes)
    running = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    columns = counts[later][which]
    return starts[earlier][which] + running // np.maximum(columns, 1), starts[later][which] + running % np.maximum(
        columns, 1
    )


def nearest_both_ways(first: Ints, second: Ints, distance: Floats) -> Bools:
    """Return (P,) which pairs are each other's nearest among the given ones."""
    order = np.argsort(distance, kind="stable")
    chosen = np.zeros(len(first), dtype=bool)
    best_of_first = order[np.unique(first[order], return_index=True)[1]]
    best_of_second = order[np.unique(second[order], return_index=True)[1]]
    chosen[np.intersect1d(best_of_first, best_of_second)] = True
    return chosen
