"""The factor at which frames are shown where nobody says how large their cells are (predictions and own recordings).

A network finds cells of the sizes that it learned from. Frames are looked at as they are; where the median of what is
found is of another size, they are enlarged or reduced so that it is in the middle of those sizes, and looked at again.
One factor holds for all frames that were taken alike: those of a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import area, remaining

if TYPE_CHECKING:
    import pandas as pd

LEAST = 0.25
"""Least sum of class scores of a box that says how large cells are: the operating point of the preprint's matrices.

The sum, because a cell between two classes, as small and blurred ones are, has half of its score in each.
"""

OVERLAP = 0.5
"""Boxes of any class that overlap by more are one object's."""

ENOUGH = 12
"""Fewest boxes that say how large cells are: of eight of Naples, 57 px over all recordings, the median was 73 px."""

MORE = 3
"""How many times as many boxes at the factor are texture's: where half of the small cells were missed, twice as many
are right, while the specks of frames in black and white were found thirteen times as often enlarged."""

SIDE, NEAR = 34.0, 1.25
"""Side of a cell in the training of the shipped detectors, and how many times larger or smaller cells are left as they
are: for checkpoints whose record does not say what they learned from."""

Source = Literal["native", "fitted", "pixel size", "sheet"]
"""What a factor rests on: frames as they are, boxes, the stated size of a pixel, or what the user asked for."""


@dataclass(frozen=True)
class Learned:
    """The sizes of cells that a detector learned from, the root of width times height, pixels as it saw them.

    Attributes:
        side: in the middle: what cells of other sizes are brought to.
        near: how many times larger or smaller cells are left as they are: resampling has its price too.
    """

    side: float = SIDE
    near: float = NEAR

    @classmethod
    def of_cells(cls, cells: Mapping[str, float] | None) -> Learned:
        """Return the sizes in ``cells`` of a ``training.json``; shipped detectors' where there are none.

        The middle is that of the range that holds nine cells of ten, and what lies as many times below it as the
        range's upper end lies above it is left as it is. Large cells are found more surely than small ones, so it is
        not the median, which a training with all sizes has far below.
        """
        cells = cells or {}
        if "high_seen_px" not in cells:
            return cls(cells.get("side_seen_px", SIDE))
        side = (cells["low_seen_px"] + cells["high_seen_px"]) / 2
        return cls(round(side, 2), max(round(cells["high_seen_px"] / side, 3), NEAR))

    @property
    def taken(self) -> tuple[float, float]:
        """The smallest and the largest cells that are left as they are, pixels."""
        return self.side / self.near, self.side * self.near

    def takes(self, side: float) -> bool:
        """Say whether cells of a size are left as they are."""
        smallest, largest = self.taken
        return smallest <= side <= largest

    def meets(self, side: float) -> bool:
        """Say whether cells are nearer to the middle than to what is not taken any more, in octaves."""
        return abs(np.log(side / self.side)) <= np.log(self.near) / 2


SHIPPED = Learned()
"""Of a detector like the shipped ones whose record says nothing."""


@dataclass(frozen=True)
class Fit:
    """A factor on both sides of frames.

    Attributes:
        factor: the factor.
        source: what it rests on.
        median_px: side of the cells in the frame, None where too few were found.
        n: boxes behind it.
        reason: in words.
    """

    factor: float
    source: Source
    median_px: float | None
    n: int
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


Look = Callable[[float], NDArray[np.float64]]
"""Shows frames at a factor and returns (N,) sides of the boxes on them, in pixels of the frame."""


def fit(look: Look, learned: Learned) -> Fit:
    """Return the factor for frames that were taken alike.

    Frames as they are decide where they show enough boxes. Where they do not, cells may be too small to be found, so
    frames are looked at once more at twice the size; where that shows too few as well, or not even twice as many, or
    what is seen at the factor is of another size, they stay as they are: enlarged cells of a good size fall apart, and
    their parts again. So do cells far too large: where frames as they are decided, what is seen at the factor has the
    last word. Where the factor shows many times as many boxes, they stay too: what multiplies when it is enlarged is
    the background's texture.

    Args:
        look: at the frames.
        learned: sizes of cells that the detector learned from.
    """
    sides = look(1.0)
    few = len(sides)
    unsure = Fit(1.0, "native", None, few, f"x1: too few boxes ({few}) say how large cells are")
    if few < ENOUGH:
        sides = look(2.0)
        if len(sides) < max(ENOUGH, 2 * few):
            return unsure
    first = of_side(float(np.median(sides)), learned, n=len(sides))
    if first.source == "native":
        return first
    again = look(first.factor)
    if len(again) < ENOUGH:
        reason = f"x1: {first.n} boxes of {first.median_px:.0f} px are none at x{first.factor:.3g}"
        return Fit(1.0, "native", first.median_px, first.n, reason)
    if len(again) > MORE * first.n:
        reason = f"x1: {first.n} boxes of {first.median_px:.0f} px are {len(again)} at x{first.factor:.3g}: texture"
        return Fit(1.0, "native", first.median_px, first.n, reason)
    side = float(np.median(again))
    if learned.meets(side * first.factor):
        return first
    return unsure if few < ENOUGH else of_side(side, learned, n=len(again))


def of_side(side: float, learned: Learned, *, n: int = 0) -> Fit:
    """Return the factor for frames whose cells are of a known size.

    Args:
        side: of their cells, pixels.
        learned: sizes of cells that the detector learned from.
        n: boxes whose median it is; 0 where the size of a pixel says it.
    """
    cells = f"cells of {side:.0f} px ({f'median of {n} boxes' if n else 'by the size of a pixel'})"
    if learned.takes(side):
        reason = f"x1: {cells} are like the training's, "
        return Fit(1.0, "native", round(side, 1), n, "{}{:.0f} to {:.0f} px".format(reason, *learned.taken))
    factor = round(learned.side / side, 3)
    reason = f"x{factor:.3g}: {cells} are brought to {learned.side:.0f} px, the middle of what the training had"
    return Fit(factor, "fitted" if n else "pixel size", round(side, 1), n, reason)


def sides_of(boxes: pd.DataFrame) -> NDArray[np.float64]:
    """Return (N,) the sides of the objects in a table of boxes: one box an object, whatever its class.

    Args:
        boxes: ``cell, x0, y0, x1, y1`` and the frame's number.
    """
    sure = boxes[boxes["cell"] >= LEAST].sort_values("cell", ascending=False, kind="stable")
    corners = sure[["x0", "y0", "x1", "y1"]].to_numpy(dtype=float)
    rows = sure.groupby("frame").indices.values()
    kept = [corners[own][remaining(corners[own], OVERLAP)] for own in rows]
    return np.sqrt(area(np.concatenate(kept))) if kept else np.zeros(0)


def alike(frames: pd.DataFrame) -> pd.Series:
    """Return what frames share a factor with: their recording, or, where recordings were disturbed in several ways, the
    disturbance.

    Args:
        frames: of a test set, with ``recording`` and ``condition``.
    """
    several = frames.groupby("recording")["condition"].nunique().max() > 1
    return frames["condition" if several else "recording"]
