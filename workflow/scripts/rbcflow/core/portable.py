"""Arithmetic that gives every processor the same pixels (stages raw, cells and datasets).

NumPy, OpenCV and the C library pick their code by processor, and the variants round differently: by the last digit,
which here and there makes a pixel a grey level brighter. One principle keeps that out of whatever is simulated: only
operations whose result a standard prescribes or that exist as one code.

* ``+ - * /`` and the square root are rounded correctly by every processor (IEEE 754), and NumPy does them one by one.
  ``exp``, ``log``, ``sincos``, ``power`` and ``arccos`` are built here from these, from comparisons and from bits of
  integers; so is the product of complex numbers, in which NumPy fuses operations where the processor can.
* Fourier transforms and ``smooth`` are SciPy's, which is compiled once for all processors; sums are NumPy's, whose
  order follows from the shape alone. No product of matrices: BLAS sums by processor.
* Where the composer transforms images by OpenCV, or takes a power, it computes in double precision; what rounding the
  variants differ by is lost when the result becomes single precision again (``resize``, ``warp``, ``remap``, ``blur``).

``tests/system/test_processors.py`` draws with vector units switched off and compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatImage = NDArray[np.float32]
FloatArray = NDArray[np.floating]

# Intel's library inside OpenCV, which not every build has, measures distances to a mask's border differently.
cv2.ipp.setUseIPP(False)

# By type: the same numbers in two and three parts of few digits, so that a whole multiple of the first is exact (Cody
# and Waite, Software Manual for the Elementary Functions, 1980; parts as in Cephes and fdlibm), and how many terms of a
# series reach the type's precision.
LN2 = {
    np.dtype(np.float32): (0.693359375, -2.12194440054690583e-4),
    np.dtype(np.float64): (6.93147180369123816490e-01, 1.90821492927058770002e-10),
}
HALF_PI = {
    np.dtype(np.float32): (1.5703125, 4.837512969970703125e-4, 7.5497899548918822e-8),
    np.dtype(np.float64): (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21),
}
TERMS = {np.dtype(np.float32): (7, 4, 5), np.dtype(np.float64): (14, 11, 10)}
"""Terms of exp, log and sincos."""

BITS = {np.dtype(np.float32): (np.int32, 23, 127), np.dtype(np.float64): (np.int64, 52, 1023)}
"""The integer of a type's size, the digits of its fraction, and what its exponent is stored with."""


def exp(x: FloatArray | float) -> FloatArray:
    """Return e to the power of x, to a few units in the last place, but never less than 2^-64 (float64: 2^-512).

    It is a whole power of two times a Taylor polynomial.

    Args:
        x: float32 or float64 array, or a number, which counts as float64; no NaN.
    """
    x = _floats(x)
    integer, digits, bias = BITS[x.dtype]
    high, low = LN2[x.dtype]
    # Not down to the smallest numbers, with which processors are slow.
    x = np.clip(x, -bias // 2 * math.log(2), bias * math.log(2))
    whole = np.rint(x * (1 / (high + low)))
    rest = x - whole * high
    rest -= whole * low
    series = _polynomial(rest, _inverse_factorials(TERMS[x.dtype][0]))
    exponent = whole.astype(integer)
    exponent += bias
    return series * (exponent << digits).view(x.dtype)


def log(x: FloatArray | float) -> FloatArray:
    """Return the natural logarithm, to a few units in the last place.

    With m of x = m 2^k between the roots of 1/2 and 2 it is k log 2 + 2 artanh((m - 1) / (m + 1)).

    Args:
        x: float32 or float64 array, or a number, which counts as float64; positive and normal.
    """
    x = _floats(x)
    integer, digits, _ = BITS[x.dtype]
    root = integer(np.sqrt(np.array(0.5, x.dtype)).view(integer))
    bits = x.view(integer) - root
    scale = ((bits & integer((1 << digits) - 1)) + root).view(x.dtype)
    part = (scale - 1) / (scale + 1)
    series = _polynomial(part * part, [2 / (2 * n + 1) for n in range(TERMS[x.dtype][1])])
    whole = (bits >> digits).astype(x.dtype)
    high, low = LN2[x.dtype]
    return whole * high + (whole * low + part * series)


def power(base: FloatArray | float, exponent: float) -> FloatArray:
    """Return a positive base to a power, as precise as their product of exponent and logarithm is."""
    return exp(log(base) * exponent)


def sincos(x: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """Return sine and cosine, to some units in the last place of 1.

    A Taylor polynomial has the sine of a quarter of the angle; doubling the angle twice needs no cases.

    Args:
        x: float32 or float64 array, or a number, which counts as float64; radians, of a size below some 10,000.
    """
    x = _floats(x)
    whole = np.rint(x * (1 / math.tau))
    quarter = x * 0.25
    for part in HALF_PI[x.dtype]:
        quarter -= whole * part
    terms = TERMS[x.dtype][2]
    factorials = _inverse_factorials(2 * terms)[1::2]
    sine = quarter * _polynomial(quarter * quarter, [(-1) ** n * factorials[n] for n in range(terms)])
    cosine = np.sqrt(1 - sine * sine)
    for _ in range(2):
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return sine, cosine


@lru_cache(maxsize=4096)
def turn(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in radians as Python's numbers."""
    sine, cosine = sincos(angle)
    return float(cosine), float(sine)


def arccos(value: float) -> float:
    """Return the angle in radians, from 0 to pi / 2, whose cosine is a value from 0 to 1, by Newton's method."""
    angle = math.sqrt(2 * (1 - value))
    for _ in range(6):
        cosine, sine = turn(angle)
        angle += (cosine - value) / sine if sine else 0.0
    return angle


def complex_of(real: FloatImage, imaginary: FloatImage) -> NDArray[np.complex64]:
    """Return the complex numbers of two parts of one shape."""
    result = np.empty(real.shape, np.complex64)
    result.real, result.imag = real, imaginary
    return result


def product(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Return the product of complex numbers, every operation rounded by itself."""
    a, b, c, d = first.real, first.imag, second.real, second.imag
    return complex_of(a * c - b * d, a * d + b * c)


def smooth(image: FloatImage, across: float, down: float | None = None) -> FloatImage:
    """Return an image blurred by a Gaussian, mirrored at its borders, as far as OpenCV's own kernel for it reaches.

    Args:
        image: (H, W) float32.
        across: standard deviation along x in pixels.
        down: along y, if another.
    """
    kernels = (_kernel(across), _kernel(across if down is None else down))
    for axis, kernel in zip((1, 0), kernels, strict=True):
        image = ndimage.correlate1d(image, kernel, axis, mode="mirror")
    return image


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


def _floats(x: FloatArray | float) -> FloatArray:
    """Return an array as it is, a number as float64."""
    return x if isinstance(x, np.ndarray) else np.asarray(x, np.float64)


def _polynomial(x: FloatArray, coefficients: Sequence[float]) -> FloatArray:
    """Return the value of a polynomial by Horner's scheme; coefficients from the lowest power on."""
    total = x * coefficients[-1]
    total += coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total *= x
        total += coefficient
    return total


@cache
def _inverse_factorials(count: int) -> tuple[float, ...]:
    """Return 1 / n! from n = 0 on."""
    return tuple(1 / math.factorial(n) for n in range(count))


@lru_cache(maxsize=256)
def _kernel(sigma: float) -> NDArray[np.float64]:
    """Return the kernel of OpenCV's Gaussian blur for single precision, which OpenCV computes in software."""
    return cv2.getGaussianKernel(round(8 * sigma + 1) | 1, sigma, cv2.CV_64F)[:, 0]
