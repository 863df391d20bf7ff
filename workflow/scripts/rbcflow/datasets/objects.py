"""Simulated objects of class other, not cut out: the preprint's rings with a textured core (stage datasets)."""

from __future__ import annotations

import cv2
import numpy as np

from rbcflow.core.portable import FloatImage, blur, remap
from rbcflow.datasets.background import BLURRED, smooth_field
from rbcflow.datasets.stock import RING, Cutout

SIDE = 47
"""Side of the square an object is drawn on, in pixels."""

ALPHA = 200
"""Strength of the elastic deformation."""

HALO = 8
"""Pixels kept around an object."""


def elastic(image: FloatImage, alpha: float, sigma: float, rng: np.random.Generator) -> FloatImage:
    """Deform an image elastically.

    The preprint smooths uniform random displacements of -1..1 by a Gaussian and multiplies them by a strength. The
    smooth fields here have the same standard deviation, 0.163 alpha / sigma pixels, and about the same correlation.

    Args:
        image: (H, W, ...) float32, continued beyond its border by its border pixels.
        alpha: the strength.
        sigma: standard deviation of the smoothing in pixels.
        rng: source of randomness.
    """
    shape = image.shape[:2]
    strength = np.float32(alpha * BLURRED / sigma)
    across, down = (strength * smooth_field(shape, 2.5 * sigma, rng) for _ in range(2))
    across += np.arange(shape[1], dtype=np.float32)
    down += np.arange(shape[0], dtype=np.float32)[:, None]
    return remap(image, across, down)


def draw_ring(rng: np.random.Generator) -> Cutout:
    """Draw one object: bright ring, black ring, textured core; deformed, blurred (preprint, section on objects)."""
    grey = float(rng.integers(65, 147))
    layers = np.zeros((2, SIDE, SIDE), np.float32)
    image, mask = layers
    image[:] = grey
    core = np.zeros((SIDE, SIDE), np.uint8)
    centre = (SIDE // 2, SIDE // 2)
    bright, dark = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    cv2.circle(image, centre, 10, rng.uniform(110, 250), bright)
    cv2.circle(image, centre, 8, 0.0, dark)
    cv2.circle(mask, centre, 10 + bright // 2, 1.0, -1)
    cv2.circle(core, centre, 7, 1, -1)
    low, high = [(50, 100), (0, 220)][rng.integers(2)]
    texture = low + (high - low) * (smooth_field(core.shape, 5, rng) + 1) / 2
    np.copyto(image, texture, where=core > 0)
    deformed = elastic(np.dstack(layers), ALPHA, float(rng.choice([8, 12])), rng)
    image = blur(deformed[..., 0], 0, 1.5)
    whole = Cutout(RING, "other", np.clip(image, 0, 255).astype(np.uint8), deformed[..., 1] > 0.5, grey)
    return whole.trimmed(margin=HALO)
