"""Practice pictures as segmentation networks take them, whoever made them; no reader of files is asked.

Used by rules ``train_unet`` and ``train_cellpose``, and by the ways of cutting that enlarge frames for a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError

SIDE = 96
"""Width and height of a practice picture in pixels: a cell and what lies next to it."""


@dataclass(frozen=True)
class Practice:
    """Practice pictures: ``images`` (N, SIDE, SIDE) uint8 grey, ``labels`` of that shape, uint8, 0 where no cell is."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def read_practice(path: Path) -> Practice:
    """Read practice pictures.

    Raises:
        InputError: the file is absent or does not hold pictures and labels of one shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            practice = Practice(stored["images"], stored["labels"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            path, f"no practice pictures ({error})", "images and labels of rule simulate_practice"
        ) from error
    if practice.images.shape != practice.labels.shape or practice.images.ndim != 3:
        raise InputError(path, f"images {practice.images.shape}, labels {practice.labels.shape}", "one shape (N, H, W)")
    return practice


def scaled(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return an image enlarged or reduced by a factor, smoothly."""
    if factor == 1.0:
        return image
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=method)
