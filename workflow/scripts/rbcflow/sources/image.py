"""Single pictures as 8-bit arrays, for the layouts of stage ``raw``.

An alpha channel is dropped where it is opaque everywhere; 16-bit pictures are refused, because a mapping to 8 bits that
suits one picture makes it incomparable with the next (stacks have a mapping, see ``tiff``). A TIFF with a single page
is a picture; one with more is a recording.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.sources.alpha import OPAQUE, drop_alpha
from rbcflow.sources.jpeg import check_jpeg
from rbcflow.sources.tiff import read_picture

READ = (".bmp", ".png", ".jpg", ".jpeg", ".webp", ".pgm", ".tif", ".tiff")
"""Suffixes, in small letters, of the pictures that are read here."""

NEARLY_GREY = 8
"""Largest difference between the channels of a pixel that was grey: JPEG's rounding, and 5, 6 and 5 bits a pixel."""

JPEG_BEGIN, JPEG_END = b"\xff\xd8", b"\xff\xd9"
TRAILER = 4096
"""Bytes at the end of a JPEG among which its end is looked for: cameras write notes behind it."""


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) uint8 grey; colours are weighted.

    Raises:
        InputError: the file is absent, no picture, cut short, not 8-bit, or not opaque.
    """
    return to_grey(_read(path))


def read_equal_grey(path: Path) -> NDArray[np.uint8]:
    """Read a grey picture, which may be stored as three channels that are equal or nearly so, as (H, W) uint8.

    Raises:
        InputError: as ``read_grey``, or the picture has colours.
    """
    image = _read(path)
    if image.ndim == 2:
        return image
    # equal channels give themselves, weights or not
    if int((image.max(axis=2) - image.min(axis=2)).max()) > NEARLY_GREY:
        raise InputError(path, "a picture with colours", "a grey picture, or one with three equal channels")
    return to_grey(image)


def read_segmented(path: Path) -> NDArray[np.uint8]:
    """Read the picture of a cell that was cut out, as (H, W) uint8 grey, 0 outside it: black, or transparent there.

    Raises:
        InputError: as ``read_grey``; half-transparent pixels; a JPEG; or no black around the cell.
    """
    image = _decode(path)
    if path.read_bytes()[:2] == JPEG_BEGIN:
        raise InputError(path, "a JPEG, in which black is not quite black", "a cell cut out as BMP, PNG or TIFF")
    if image.ndim == 3 and image.shape[2] in (2, 4):
        outside = image[..., -1] == 0
        image = image.copy()
        image[outside] = 0
        if not outside.all():
            image[outside, -1] = OPAQUE
    grey = to_grey(_opaque(path, image))
    if (grey[[0, 0, -1, -1], [0, -1, 0, -1]] > 0).all():
        expected = "a cell cut out, black around it (crops with their background stand in a folder of their pressure)"
        raise InputError(path, "a picture without black corners", expected)
    return grey


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) uint8 R, G, B; grey becomes three equal channels.

    Raises:
        InputError: as ``read_grey``.
    """
    image = _read(path)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


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
    return _opaque(path, _decode(path))


def _opaque(path: Path, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return R, G, B or grey of what OpenCV decoded."""
    image = drop_alpha(path, image)
    return image if image.ndim == 2 else image[..., ::-1]


def _decode(path: Path) -> NDArray[np.uint8]:
    """Return the decoded file, (H, W) or (H, W, channels) with B, G, R first."""
    if not path.is_file():
        raise InputError(path, "no such file", "an 8-bit picture")
    if path.suffix.lower() in (".tif", ".tiff"):
        return _page(path)
    content = path.read_bytes()
    if content.startswith(JPEG_BEGIN) and JPEG_END not in content[-TRAILER:]:
        raise InputError(path, f"no readable picture: cut short at byte {len(content)}", "a whole picture")
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if image is None:
        raise InputError(path, "no readable picture", "an 8-bit picture")
    if image.dtype != np.uint8:
        raise InputError(path, f"{image.dtype} pixels", "8-bit pixels")
    check_jpeg(path, content)
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def _page(path: Path) -> NDArray[np.uint8]:
    """Return the one page of a TIFF, colours as OpenCV has them."""
    image = read_picture(path)
    if image.dtype != np.uint8:
        raise InputError(path, f"{image.dtype} pixels", "8-bit pixels")
    return image if image.ndim == 2 else image[..., ::-1]
