"""Interlaced video: every second row of a frame shows another moment (rule ``read_recording``).

Analogue cameras deliver the odd rows of a picture 1/50 s after the even ones. Cells that move are combs there, which a
detector takes for two, and a grabber's file need not say it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = 12
"""Least change from one frame to the next, in 255ths of the brightest pixel, of what moves."""

COMBED = 1.4
"""How many times more the change of a row differs from the next row's than from the second next's: 0.6 in simulated
cells, up to 1 in noise, 4.7 in the same cells interlaced, and 1.5 under strong noise (standard deviation 15)."""

FRAMES = 40
"""Most pairs of frames that are looked at."""

LEAST = 5
"""Fewest pairs in which something moves that say anything."""


class Interlace:
    """Looks at consecutive frames as they pass by."""

    def __init__(self) -> None:
        self._before: NDArray | None = None
        self._ratios: list[float] = []

    def add(self, image: NDArray) -> None:
        """Take in the next frame, (H, W) uint8 or uint16, of the size of those before."""
        if len(self._ratios) < FRAMES and min(image.shape) > 2:
            now = image.astype(np.int32)
            if self._before is not None:
                self._look(now, self._before)
            self._before = now

    def _look(self, now: NDArray[np.int32], before: NDArray[np.int32]) -> None:
        # the change from one frame to the next, in which rows that are always darker do not show
        change = now - before
        moving = np.abs(change) > STEP * max(int(now.max()), 1) / 255
        near = moving[:-2] | moving[1:-1] | moving[2:]
        next_row, second_next = (np.abs(change[:-2] - change[step : step + len(near)])[near].sum() for step in (1, 2))
        if second_next:
            self._ratios.append(float(next_row / second_next))

    @property
    def found(self) -> bool:
        """Whether every second row shows another moment; False where too little moves to tell."""
        return len(self._ratios) >= LEAST and float(np.median(self._ratios)) > COMBED
