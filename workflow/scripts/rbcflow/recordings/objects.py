"""Boxes against what moves before the background of a recording (used by ``evaluate_recording``).

The background is the median of frames spread over the recording; what differs from it moves. That needs no training, so
it holds where the detector fails: a box without anything in it, and a thing without a box, are both seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.frames import to_grey
from rbcflow.recordings.places import field_of

FRAMES = 40
"""Frames that are looked at, spread over the recording."""
FEWEST = 8
"""Frames below which there is no background."""
CONTRAST = 5.0
"""A pixel moves if it differs by so many times the noise."""
LEAST_GREY = 4.0
"""And by so many grey levels."""
FILLED = 0.08
"""A box lies on its object if this part of its pixels moves."""
LEAST_SIDE_PX = 5
"""Smaller things are specks."""


@dataclass(frozen=True)
class Objects:
    """Boxes against moving things.

    Attributes:
        off_object: share of the boxes in which nothing moves.
        missed: share of the moving things without a box, of those that are not cut by the frame's edge.
        things: how many were looked at.
        size_px: median of sqrt(width * height) of things, pixels; NaN where there are none.
    """

    off_object: float | None
    missed: float | None
    things: int
    size_px: float


def spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of the frames to look at, evenly spread."""
    if len(numbers) <= FRAMES:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, FRAMES).round().astype(int)]


def measure(
    images: Iterable[tuple[int, NDArray[np.uint8]]], boxes: pd.DataFrame, probe: dict[str, Any]
) -> Objects | None:
    """Compare boxes with what moves.

    Args:
        images: frame number and (H, W) or (H, W, 3) uint8 frame, of frames chosen by :func:`spread`, whole frames.
        boxes: of the recording, in pixels of the whole frame.
        probe: of the recording: outside its region of interest nothing is looked at.

    Returns:
        The comparison; None where there are too few frames for a background.
    """
    x, y, right, lower = (int(value) for value in field_of(probe))
    shown = [(number, to_grey(image)[y:lower, x:right]) for number, image in images]
    if len(shown) < FEWEST:
        return None
    stack = np.stack([image for _, image in shown])
    # brightness may drift: every frame is compared at the background's level
    background = np.median(stack, axis=0).astype(np.float32)
    inside, sizes, found = [], [], []
    for number, image in shown:
        moving = _moving(image, background)
        own = boxes.loc[boxes["frame"] == number, ["x0", "y0", "x1", "y1"]].to_numpy(dtype=float) - [x, y, x, y]
        inside += [_filled(moving, box) for box in own]
        for thing in _things(moving):
            sizes.append(np.sqrt((thing[2] - thing[0]) * (thing[3] - thing[1])))
            found.append(_covered(thing, own))
    return Objects(
        float(np.mean(np.array(inside) < FILLED)) if inside else None,
        float(1 - np.mean(found)) if found else None,
        len(found),
        float(np.median(sizes)) if sizes else np.nan,
    )


def _moving(image: NDArray[np.uint8], background: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return (H, W) 0/1 where a frame differs from the background by more than noise."""
    level = float(np.median(image)) - float(np.median(background))
    difference = cv2.GaussianBlur(np.abs(image.astype(np.float32) - background - level), (0, 0), 1.0)
    noise = 1.4826 * float(np.median(difference))
    moving = (difference > max(CONTRAST * noise, LEAST_GREY)).astype(np.uint8)
    return cv2.morphologyEx(moving, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))


def _filled(moving: NDArray[np.uint8], box: NDArray[np.float64]) -> float:
    """Return the share of a box's pixels that move."""
    height, width = moving.shape
    x0, y0, x1, y1 = (int(v) for v in (np.floor(box[0]), np.floor(box[1]), np.ceil(box[2]), np.ceil(box[3])))
    part = moving[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    return float(part.mean()) if part.size else 0.0


def _things(moving: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """Return boxes (x0, y0, x1, y1) of connected moving parts that are no specks and not cut by the frame's edge."""
    height, width = moving.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats(moving, connectivity=8)
    corners = [(x, y, x + w, y + h, area) for x, y, w, h, area in stats[1:count]]
    return [
        (x0, y0, x1, y1)
        for x0, y0, x1, y1, area in corners
        if min(x1 - x0, y1 - y0) >= LEAST_SIDE_PX and area >= 0.3 * (x1 - x0) * (y1 - y0)
        if x0 > 0 and y0 > 0 and x1 < width and y1 < height
    ]


def _covered(thing: tuple[int, int, int, int], boxes: NDArray[np.float64]) -> bool:
    """Return whether a box shares at least a tenth of the union with a thing, or the thing has its middle in a box.

    The bright middle of a cell is a thing of its own where its rim stays under the threshold somewhere.
    """
    if not len(boxes):
        return False
    x0, y0, x1, y1 = thing
    wide = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    high = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    common = wide.clip(0) * high.clip(0)
    union = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) + (x1 - x0) * (y1 - y0) - common
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    within = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
    return bool((within | (common / union.clip(1e-9) > 0.1)).any())
