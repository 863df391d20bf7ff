"""The empty image: base grey, grain, uneven light (stage datasets)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from rbcflow.core.portable import FloatImage, resize

if TYPE_CHECKING:  # a test set that borrows a filter here must not be built anew for a preset
    from rbcflow.datasets.spec import VariantSpec

COMMON = 1024
"""Columns of the field that images share, more than any image has."""
COARSE = 8
"""Pixels between the samples of very smooth fields, before they are interpolated."""
BLURRED = 0.36
"""Ratio of deviations: uniform white noise of -1..1 blurred by sigma (0.163 / sigma) and a smooth field (0.45)."""


def smooth_field(shape: tuple[int, int], step: float, rng: np.random.Generator) -> FloatImage:
    """Draw a smooth random field: independent values on a lattice, bicubic between them.

    It stands in for the preprint's simplex noise, which is computed pixel by pixel from one fixed field.

    Args:
        shape: height and width in pixels.
        step: distance of the lattice points in pixels, at least 1.
        rng: source of randomness.

    Returns:
        (H, W) float32, about -1..1, standard deviation about 0.45 (0.58 at step 1).
    """
    height, width = shape
    if step > 4 * COARSE:
        # Bicubic resizing slows down with its factor; between samples this close, linear looks the same.
        coarse = smooth_field((height // COARSE + 2, width // COARSE + 2), step / COARSE, rng)
        wide = (coarse.shape[1] * COARSE, coarse.shape[0] * COARSE)
        return resize(coarse, wide, cv2.INTER_LINEAR)[:height, :width]
    rows, columns = (math.ceil(side / step) + 2 for side in shape)
    lattice = rng.random((rows, columns), dtype=np.float32)
    lattice *= 2
    lattice -= 1
    if step > 1:
        lattice = resize(lattice, (round(columns * step), round(rows * step)), cv2.INTER_CUBIC)
    # The lattice must not sit at the same place in every image, or a network could learn it.
    top, left = rng.integers(lattice.shape[0] - height + 1), rng.integers(lattice.shape[1] - width + 1)
    return lattice[top : top + height, left : left + width]


def _common_field(shape: tuple[int, int], step: float, rng: np.random.Generator) -> FloatImage:
    """Return a window of the one field that all images share, from its corner, zoomed; arguments as ``smooth_field``.

    The preprint's noise has neither offset nor seed. The lattice is sampled row by row from a seed of its own, so that
    a coarser field shows the first values of a finer one.
    """
    rows, columns = (math.ceil(side / step) + 2 for side in shape)
    own = np.random.default_rng(0)
    lattice = np.stack([own.random(COMMON, dtype=np.float32)[:columns] for _ in range(rows)]) * 2 - 1
    field = resize(lattice, (round(columns * step), round(rows * step)), cv2.INTER_CUBIC) if step > 1 else lattice
    return np.ascontiguousarray(field[: shape[0], : shape[1]])


def _add_scaled(image: FloatImage, factor: float, field: FloatImage) -> None:
    """Add a field times a factor in place; the field is used up, since new arrays of this size cost time."""
    field *= np.float32(factor)
    image += field


def flat(spec: VariantSpec, rng: np.random.Generator) -> FloatImage:
    """Return the image at its base grey, (H, W) float32: what ``background`` starts from with the same generator."""
    width, height = spec.process_size
    return np.full((height, width), base_grey(spec, rng), np.float32)


def base_grey(spec: VariantSpec, rng: np.random.Generator) -> float:
    """Return the grey level that ``background`` starts from with the same generator."""
    return float(rng.integers(int(spec.base_grey[0]), int(spec.base_grey[1]) + 1))


def background(spec: VariantSpec, rng: np.random.Generator) -> FloatImage:
    """Draw the empty image (preprint, section on the background of the constructed images).

    Base grey; a fine grain of 0.5-2 grey levels, blurred by a sigma of 1-3; a grain of up to 20 levels; clouds of
    50-200 pixels of up to 10 levels; and, beyond the preprint, a linear fall of brightness across the image.

    Returns:
        (H, W) float32 in grey levels.
    """
    width, height = spec.process_size
    shape = (height, width)
    base = base_grey(spec, rng)
    # White noise blurred by sigma has the deviation and about the correlation of a field of step 2.5 sigma, times this.
    sigma = rng.uniform(1, 3)
    draw = _common_field if spec.common_field else smooth_field
    image = rng.uniform(*spec.first_grain) * BLURRED / sigma * draw(shape, 2.5 * sigma, rng)
    _add_scaled(image, rng.uniform(-20, 20), draw(shape, max(1, rng.uniform(0.5, 3)), rng))
    _add_scaled(image, rng.uniform(-10, 10), draw(shape, 1 / rng.uniform(0.005, 0.02), rng))
    angle, fall = rng.uniform(0, 2 * math.pi), base * rng.uniform(0, spec.illumination)
    image += base + np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(fall * math.cos(angle))
    image += np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(fall * math.sin(angle))
    return image
