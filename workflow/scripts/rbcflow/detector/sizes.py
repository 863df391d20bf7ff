"""The size at which a detector sees a frame, and how a frame is brought to it (stages models, predictions, metrics).

Ultralytics' validator (``engine/validator.py``, ``data/base.py`` and ``LetterBox`` with ``rect=True``) is followed
exactly: the frame's long side becomes the checkpoint's ``imgsz``, rounded up to 32; frames are sorted by their sides'
ratio and taken in batches; a batch is padded to the least multiples of the stride that hold its frames and half a
stride more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.detector.fitting import Fit, alike

BATCH = 16
"""Images at a time, as in Ultralytics' validator."""

STRIDE = 32
"""Multiple to which Ultralytics rounds ``imgsz`` up, and the least stride it pads to."""

PADDING = 114
"""Grey level of padding, as in Ultralytics."""

LIKE_TRAINING = (0.5, 2.0)
"""Median side of the true cells over that of the training's, both as the network sees them; outside there is a caveat.

Ultralytics draws a factor of 0.5 to 1.5 for every training image (``scale: 0.5``): a median cell below half the
training's median is smaller than nearly all a detector has learned from, and one above twice as much larger.
"""

Size = Literal["trained", "native", "fitted"] | int
"""``trained``: the checkpoint's ``imgsz``; ``native``: the frame's own pixels; ``fitted``: those times the factor that
brings its cells to the size of the training's (``fitting``); a number: that long side."""


@dataclass(frozen=True)
class Batch:
    """Frames that a network sees at once: their places in a list, and (width, height) that all are padded to."""

    frames: list[int]
    padded: tuple[int, int]


def long_side(size: Size, checkpoint: int | Sequence[int]) -> int | None:
    """Return the long side in pixels that frames are brought to, None where their own is kept.

    Args:
        size: what was asked for.
        checkpoint: ``imgsz`` in the training arguments of the checkpoint.
    """
    if size in ("native", "fitted"):
        return None
    asked = checkpoint if size == "trained" else size
    asked = max(asked) if isinstance(asked, Sequence) else asked
    return max(math.ceil(asked / STRIDE) * STRIDE, STRIDE)


def scaled(width: int, height: int, side: int | None) -> tuple[int, int]:
    """Return width and height of a frame whose long side is brought to ``side``; as it is where that is None."""
    if side is None:
        return width, height
    factor = side / max(width, height)
    return min(math.ceil(width * factor), side), min(math.ceil(height * factor), side)


def factors(
    frames: pd.DataFrame, side: int | None, scale: float, fits: Mapping[str, Mapping[str, Any]] | None = None
) -> NDArray[np.float64]:
    """Return the factor on the long side of each frame.

    Args:
        frames: columns ``width`` and ``height`` in pixels, and those of ``fitting.alike`` where there are ``fits``.
        side: from ``long_side``.
        scale: factor on both sides of a frame before anything else.
        fits: of ``described``.
    """
    longest = frames[["width", "height"]].max(axis=1).to_numpy(dtype=float)
    if side is not None:
        return side / longest
    if not fits:
        return np.full(len(frames), scale)
    return scale * np.array([fits[str(name)]["factor"] for name in alike(frames)])


def batches(sizes: Sequence[tuple[int, int]], side: int | None, stride: int) -> list[Batch]:
    """Divide frames into batches, each with its padded size.

    Args:
        sizes: (width, height) of each frame, before it is brought to ``side``.
        side: from ``long_side``; None puts frames of one size together, padded to the least multiples of the stride.
        stride: of the network in pixels.
    """
    if side is None:
        groups = {size: [index for index, own in enumerate(sizes) if own == size] for size in dict.fromkeys(sizes)}
        return [
            Batch(own[start : start + BATCH], tuple(math.ceil(length / stride) * stride for length in size))
            for size, own in groups.items()
            for start in range(0, len(own), BATCH)
        ]
    ratios = np.array([height / width for width, height in sizes])
    order = ratios.argsort(kind="stable")
    result = []
    for start in range(0, len(order), BATCH):
        own = order[start : start + BATCH]
        shape = np.array([min(1.0, 1 / ratios[own].min()), min(1.0, ratios[own].max())])
        padded = np.ceil(shape * side / stride + 0.5).astype(int) * stride
        result.append(Batch(own.tolist(), (int(padded[0]), int(padded[1]))))
    return result


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image in another (width, height)."""
    return image if image.shape[1::-1] == size else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def padded(image: NDArray[np.uint8], size: tuple[int, int]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Put an image into the middle of a larger one of (width, height).

    Returns:
        The larger image, and how many pixels were added at the left and at the top.
    """
    right, down = size[0] - image.shape[1], size[1] - image.shape[0]
    left, top = right // 2, down // 2
    larger = cv2.copyMakeBorder(image, top, down - top, left, right - left, cv2.BORDER_CONSTANT, value=(PADDING,) * 3)
    return larger, (left, top)


def sides(boxes: pd.DataFrame) -> NDArray[np.float64]:
    """Return the geometric mean of each box's sides, of columns ``x0, y0, x1, y1``."""
    return np.sqrt(((boxes["x1"] - boxes["x0"]) * (boxes["y1"] - boxes["y0"])).to_numpy(dtype=float))


def described(
    size: Size, side: int | None, frames: pd.DataFrame, scale: float, fits: Mapping[str, Fit] | None = None
) -> dict[str, Any]:
    """Return the record of a size: what was asked for, the long side, and least and largest factor on the frames.

    Args:
        size: what was asked for.
        side: from ``long_side``.
        frames: columns ``width``, ``height``, ``recording`` and ``condition``.
        scale: factor on both sides of a frame before anything else.
        fits: the factors behind ``fitted``; they are part of the record.
    """
    told = {"fits": {name: fit.as_dict() for name, fit in fits.items()}} if fits is not None else {}
    applied = factors(frames, side, scale, told.get("fits"))
    least, largest = (
        (round(float(value), 4) for value in (applied.min(), applied.max())) if len(applied) else (None,) * 2
    )
    return {"asked": size, "imgsz": side, "factor": [least, largest], **told}
