"""Interpolation and blur that give every processor the same pixels (stage datasets).

OpenCV picks its vector code by processor, and in single precision the variants round differently: one pixel in some
thousand images' rows then ends up a grey level apart. Here the same functions compute in double precision; what
rounding they differ by is lost when the result becomes single precision again. ``tests/test_compose_processors.py``
composes with vector units switched off and compares.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]

# Intel's library inside OpenCV, which not every build has, measures distances to a mask's border differently.
cv2.ipp.setUseIPP(False)


def resize(image: FloatImage, size: tuple[int, int], interpolation: int) -> FloatImage:
    """Return an image of another size.

    Args:
        image: (H, W, ...) float32 or float64.
        size: width and height in pixels.
        interpolation: one of OpenCV's.
    """
    return cv2.resize(image.astype(np.float64, copy=False), size, interpolation=interpolation).astype(np.float32)


def warp(image: FloatImage, transform: NDArray[np.float64], size: tuple[int, int], **options: Any) -> FloatImage:
    """Return an image transformed affinely, bilinear.

    Args:
        image: (H, W, ...) float32 or float64.
        transform: (2, 3), as OpenCV has it.
        size: width and height of the result in pixels.
        options: flags and border of OpenCV.
    """
    return cv2.warpAffine(image.astype(np.float64, copy=False), transform, size, **options).astype(np.float32)


def remap(image: FloatImage, across: FloatImage, down: FloatImage) -> FloatImage:
    """Return an image whose pixels come from other places, bilinear, its border continued.

    Args:
        image: (H, W, ...) float32 or float64.
        across: (H, W) float32 column each pixel is taken from.
        down: (H, W) float32 row each pixel is taken from.
    """
    far = image.astype(np.float64, copy=False)
    return cv2.remap(far, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)


def blur(image: FloatImage, side: int, sigma: float, border: int = cv2.BORDER_DEFAULT) -> FloatImage:
    """Return an image blurred by a Gaussian.

    Args:
        image: (H, W) float32 or float64.
        side: of the kernel in pixels, odd; 0 lets it follow from sigma.
        sigma: standard deviation in pixels.
        border: one of OpenCV's.
    """
    return cv2.GaussianBlur(image.astype(np.float64, copy=False), (side, side), sigma, borderType=border).astype(
        np.float32
    )


def shrink(image: FloatImage, factor: int) -> FloatImage:
    """Return the means over squares of pixels.

    Args:
        image: (H, W) float32, sides multiples of the factor.
        factor: side of a square.
    """
    rows = image[::factor].copy()
    for row in range(1, factor):
        rows += image[row::factor]
    total = rows[:, ::factor].copy()
    for column in range(1, factor):
        total += rows[:, column::factor]
    return total * np.float32(1 / factor**2)
