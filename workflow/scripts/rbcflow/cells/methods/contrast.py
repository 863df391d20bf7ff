"""Cells by what is darker than the row's ends, for crops of one cell (rules ``cut_cells`` and ``score_segmentation``).

No network has a part in it, and all is arithmetic of whole numbers: masks are the same on every processor, which those
of a trained network are not. The preprint outlined these crops by Cellpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.outline import KERNELS, USUAL, Found, Options, Outlined, components, shaped
from rbcflow.core.frames import Frame, to_grey
from rbcflow.sources.extraction import Extraction

ENDS = 10
"""Columns at either end of a row that show its ground, even where one end shows another cell: a channel's walls run
along the rows."""

SHARE, LEAST = 4, 6
"""A cell is darker than its ground by more than this part of what its darkest pixels are, and by more grey levels."""

LEAST_AREA = 60
"""Pixels that an object has at least."""


def outline(frames: Iterable[Frame], extraction: Extraction, options: Options = USUAL) -> Iterator[Outlined]:
    """Yield crops with the object nearest to their centre.

    Reasons: ``empty``, ``elongated``, ``touches_edge``.

    Args:
        frames: of one layout, a cell each.
        extraction: the laboratory's test of shapes.
        options: the bank's test of shapes.
    """
    for frame in frames:
        parts = [part for part in components(dark(to_grey(frame.image))) if np.count_nonzero(part) >= LEAST_AREA]
        nearest = min(parts, key=_distance, default=np.zeros(frame.image.shape[:2], bool))
        yield Outlined(frame, [shaped(Found.of_mask(nearest), frame.label, extraction, options)])


def dark(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where a (H, W) uint8 crop is darker than the ends of its rows."""
    soft = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.int32)
    ends = np.sort(np.hstack([soft[:, :ENDS], soft[:, -ENDS:]]), axis=1)
    depth = ends[:, ENDS : ENDS + 1] - soft
    darkest = int(np.sort(depth, axis=None)[-max(depth.size // 50, 1)])
    mask = (depth * SHARE > darkest) & (depth > LEAST)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, KERNELS["square"]).astype(bool)


def _distance(mask: NDArray[np.bool_]) -> float:
    """Return how far an object's centre is from that of the crop, in square pixels."""
    rows, columns = np.nonzero(mask)
    return (float(rows.mean()) - mask.shape[0] / 2) ** 2 + (float(columns.mean()) - mask.shape[1] / 2) ** 2
