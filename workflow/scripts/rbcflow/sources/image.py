"""Single pictures (PNG, BMP) as 8-bit arrays, for the layouts of stage ``raw``.

An alpha channel is dropped where it is opaque everywhere; 16-bit pictures are refused, because a mapping to 8 bits that
suits one picture makes it incomparable with the next (stacks have a mapping, see ``tiff``).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) uint8 grey; colours are weighted.

    Raises:
        InputError: the file is absent, no picture, not 8-bit, or not opaque.
    """
    image = _read(path)
    return image if image.ndim == 2 else to_grey(image)


def read_equal_grey(path: Path) -> NDArray[np.uint8]:
    """Read a grey picture, which may be stored as three equal channels, as (H, W) uint8.

    Raises:
        InputError: as ``read_grey``, or the picture has colours.
    """
    image = _read(path)
    if image.ndim == 2:
        return image
    if (image != image[..., :1]).any():
        raise InputError(path, "a picture with colours", "a grey picture, or one with three equal channels")
    return image[..., 0].copy()


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) uint8 R, G, B; grey becomes three equal channels.

    Raises:
        InputError: as ``read_grey``.
    """
    image = _read(path)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def drop_alpha(path: Path, image: NDArray[np.uint8], where: str | None = None) -> NDArray[np.uint8]:
    """Return (H, W, 3) of a (H, W, 4) image that is opaque everywhere; other images come back as they are.

    Raises:
        InputError: a pixel is transparent: what lies behind it is unknown.
    """
    if image.ndim == 2 or image.shape[2] != 4:
        return image
    if (lowest := int(image[..., 3].min())) < 255:
        raise InputError(path, f"transparent pixels (alpha down to {lowest})", "opaque pixels, alpha 255", where=where)
    return image[..., :3]


def require_size(path: Path, image: NDArray[np.uint8], *sizes: tuple[int, int]) -> None:
    """Refuse a picture whose (width, height) is none of the layout's.

    Raises:
        InputError: names the size.
    """
    found = (image.shape[1], image.shape[0])
    if found not in sizes:
        allowed = " or ".join(f"{width}x{height}" for width, height in sizes)
        raise InputError(path, f"{found[0]}x{found[1]} pixels", f"{allowed} pixels (width x height)")


def _read(path: Path) -> NDArray[np.uint8]:
    """Return the decoded file, (H, W) or (H, W, 3) R, G, B."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if image is None:
        raise InputError(path, "no readable picture" if path.is_file() else "no such file", "an 8-bit picture")
    if image.dtype != np.uint8:
        raise InputError(path, f"{image.dtype} pixels", "8-bit pixels")
    image = drop_alpha(path, image)
    return image if image.ndim == 2 else image[..., ::-1]
