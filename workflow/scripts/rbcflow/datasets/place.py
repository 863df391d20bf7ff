"""Where objects go: free positions without search, and what stays visible (stage datasets)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.datasets.spec import VariantSpec

TRIES = 12
"""Places sampled anywhere before the map of all free places is made."""


class Placer:
    """Keeps track of the boxes placed in one image and finds places for new ones.

    Of a new box either all or, where objects may overlap, one corner must be free. The positions of that part which
    touch an earlier, enlarged box form a rectangle; what no rectangle covers is free, and one free position is sampled.

    Attributes:
        boxes: (N, 4) whole-pixel corners in order of placement; they may reach over the border where objects overlap.

    Args:
        spec: the variant.
        rows: first and last row, half-open, that boxes may use: the whole image or the inside of a channel.
        outside: share of a box that may lie over the border where objects do not overlap; never over a channel's wall.
    """

    def __init__(self, spec: VariantSpec, rows: tuple[float, float], outside: float = 0) -> None:
        self.boxes = np.zeros((0, 4), int)
        self._spec = spec
        width, height = spec.process_size
        margin = 0 if spec.overlap else spec.empty_margin
        bottom = min(np.floor(rows[1]), height - margin)
        self._region = np.array([0, np.ceil(rows[0]), width - margin, bottom]).astype(int)
        inside_channel = rows[0] > 0 or rows[1] < height
        self._outside = np.array([outside, 0 if inside_channel else outside])
        self._least = spec.minimum_visible if spec.overlap else min(spec.minimum_visible, (1 - outside) ** 2 / 2)
        self._owner = np.full((height, width), -1, np.int8)
        self._shown = np.zeros(0, int)

    def place(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int] | None:
        """Place a box and return its upper left corner, or None if no place is free or too little would be visible.

        Args:
            size: width and height in pixels.
            rng: source of randomness.
        """
        guard = np.array([1, 1] if self._spec.overlap else size)
        # A place where too little would be visible says nothing against the cell: other places are tried.
        for _ in range(self._spec.retries if self._spec.overlap else 1):
            anchor = self._free_position(guard, rng)
            if anchor is None:
                return None
            # Where only one corner must be free, a random corner lets boxes reach over all four borders alike.
            turned = rng.integers(2, size=2) if self._spec.anchor == "any" else 0
            corner = anchor - turned * (size - guard)
            if self._claim(np.hstack([corner, corner + size])):
                return int(corner[0]), int(corner[1])
        return None

    def _free_position(self, guard: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64] | None:
        """Return the upper left corner of a free place for the guard, each free one being equally likely."""
        outside = (self._outside * guard).astype(int)
        origin = self._region[:2] - outside
        space = self._region[2:] + outside - origin - guard + 1
        if (space <= 0).any():
            return None
        low, high = self.boxes[:, :2], self.boxes[:, 2:]
        margin = (high - low) * (self._spec.block_margin / 2)
        first = np.floor(low - margin - guard + 1 - origin).astype(int).clip(0)
        last = np.ceil(high + margin - origin).astype(int).clip(0)
        # Mostly one of a few places sampled anywhere is free; else one is sampled from the map of all that are.
        tries = rng.integers(space, size=(TRIES, 2))
        blocked = ((tries[:, None] >= first) & (tries[:, None] < last)).all(axis=2).any(axis=1)
        if not blocked.all():
            return origin + tries[blocked.argmin()]
        place = _draw_free(space, first, last, rng)
        return None if place is None else origin + place

    def _claim(self, box: NDArray[np.int64]) -> bool:
        """Take the box's pixels unless it, or an earlier object, would show less than the least share of its box."""
        x0, y0, x1, y1 = box.clip(0).tolist()
        pixels = self._owner[y0:y1, x0:x1]
        lost = np.bincount(pixels[pixels >= 0], minlength=len(self.boxes))
        shown = np.append(self._shown - lost, pixels.size)
        boxes = np.vstack([self.boxes, box])
        if (shown < self._least * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).any():
            return False
        pixels[:] = len(self.boxes)
        self.boxes, self._shown = boxes, shown
        return True


def _draw_free(
    space: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Return column and row of one of the positions that no half-open rectangle covers, or None if all are covered."""
    free = np.ones(space[::-1], np.uint8)
    for (x0, y0), (x1, y1) in zip(first.tolist(), last.tolist(), strict=True):
        free[y0:y1, x0:x1] = 0
    upto_row = cv2.reduce(free, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel().cumsum()
    if not upto_row[-1]:
        return None
    number = int(rng.integers(upto_row[-1]))
    row = int(np.searchsorted(upto_row, number, side="right"))
    column = np.flatnonzero(free[row])[number - upto_row[row]]  # counted from the row's end, hence negative
    return np.array([column, row])
