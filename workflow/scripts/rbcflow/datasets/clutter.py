"""What is no cell and gets no label: specks and soft blobs (stage datasets); hairs, dots and walls are elsewhere."""

from __future__ import annotations

import cv2
import numpy as np

from rbcflow.core import portable
from rbcflow.core.portable import FloatImage, blur

MOST = 12
"""Specks an image at most."""


def specks(image: FloatImage, size: float, rng: np.random.Generator) -> None:
    """Draw sharp dots in place, each at most a quarter as large as the image's cells and 1 to 5 pixels wide.

    Args:
        image: (H, W) float32 in grey levels.
        size: of the image's cells in pixels.
        rng: source of randomness.
    """
    height, width = image.shape
    layer = np.zeros(image.shape, np.float32)
    for _ in range(int(rng.integers(2, MOST))):
        radius = int(rng.uniform(0.5, min(max(size / 8, 1), 2.9)))
        place = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(layer, place, radius, float(rng.choice([-1, 1]) * rng.uniform(10, 60)), -1)
    image += blur(layer, 5, rng.uniform(0.4, 0.9))


def blobs(image: FloatImage, size: float, rng: np.random.Generator) -> None:
    """Add soft shadows and lights in place: what swims far out of focus has no outline and is no cell to find.

    Args:
        image: (H, W) float32 in grey levels.
        size: of the image's cells in pixels.
        rng: source of randomness.
    """
    height, width = image.shape
    columns = np.arange(width, dtype=np.float32)
    rows = np.arange(height, dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        spread = rng.uniform(0.8, 2.0) * max(size, 12)
        across, down = (
            portable.exp(np.square((line - np.float32(middle)) / np.float32(spread)) * np.float32(-1))
            for line, middle in ((columns, x), (rows, y))
        )
        image += np.float32(rng.choice([-1, 1]) * rng.uniform(4, 18)) * across * down[:, None]
