"""Alpha channels, for the readers of pictures and of TIFF stacks (stage ``raw``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError

OPAQUE = 255


def drop_alpha(path: Path, image: NDArray[np.uint8], where: str | None = None) -> NDArray[np.uint8]:
    """Return (H, W) of (H, W, 2) and (H, W, 3) of (H, W, 4) that is opaque everywhere; other images as they are.

    Raises:
        InputError: a pixel is transparent: what lies behind it is unknown.
    """
    if image.ndim == 2 or image.shape[2] not in (2, 4):
        return image
    if (lowest := int(image[..., -1].min())) < OPAQUE:
        raise InputError(path, f"transparent pixels (alpha down to {lowest})", "opaque pixels, alpha 255", where=where)
    return image[..., 0] if image.shape[2] == 2 else image[..., :3]
