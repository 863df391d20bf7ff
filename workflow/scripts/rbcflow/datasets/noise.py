"""Sensor noise on the composed image, before it shrinks (stage datasets)."""

from __future__ import annotations

import numpy as np

from rbcflow.core.portable import FloatImage
from rbcflow.datasets.spec import VariantSpec

WHITE = np.float32(255)


def add_noise(image: FloatImage, kind: str, spec: VariantSpec, rng: np.random.Generator) -> FloatImage:
    """Return the image with one of the preprint's four kinds of noise.

    Args:
        image: (H, W) float32 in grey levels.
        kind: ``none``; ``gaussian``; ``salt_pepper``: half of the pixels hit become white, half black; ``random``:
            the image mixed with dark uniform noise of 0-0.3 of full scale.
        spec: the strengths.
        rng: source of randomness.
    """
    if kind == "gaussian":
        return image + rng.standard_normal(image.shape, dtype=np.float32) * np.float32(spec.gaussian * 255)
    if kind == "salt_pepper":
        hit = rng.integers(image.size, size=rng.binomial(image.size, spec.salt_pepper))
        noisy = image.copy()
        noisy.flat[hit] = WHITE * (np.arange(hit.size) % 2)
        return noisy
    if kind == "random":
        grain = rng.random(image.shape, dtype=np.float32) * np.float32(0.3 * 255 * spec.random_mix)
        return image * np.float32(1 - spec.random_mix) + grain
    return image
