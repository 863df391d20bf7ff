"""Single pictures (PNG, BMP) as grey arrays, for the layouts of stage ``raw``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.errors import InputError
from rbcflow.frames import to_grey


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) uint8 grey.

    Raises:
        InputError: the file is absent, no picture, or not 8-bit.
    """
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if image is None:
        raise InputError(path, "no readable picture" if path.is_file() else "no such file", "an 8-bit picture")
    if image.dtype != np.uint8:
        raise InputError(path, f"{image.dtype} pixels", "8-bit pixels")
    return image if image.ndim == 2 else to_grey(image[..., 2::-1])
