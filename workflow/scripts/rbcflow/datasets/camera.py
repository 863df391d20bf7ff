"""What lies between the scene and its file: grey curve, sharpness, light, noise (stage datasets).

Every transform is applied alike to the scene with its cells and to the scene without: what differs afterwards is what
can still be seen of a cell, and decides about its label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.portable import FloatImage, blur, resize
from rbcflow.datasets.background import smooth_field
from rbcflow.datasets.domain import Domain
from rbcflow.datasets.setting import Setting, by_logarithm

Pair = tuple[FloatImage, FloatImage]
"""The image with its cells and without, (H, W) float32 in grey levels."""

KNOTS = 7
"""Points of a grey curve, evenly spaced, lines between them."""

SOFTEST = 0.16
"""Widest blur as a share of the cells' size."""

ENLARGED = 8.0
"""Largest factor by which contrast is raised to its floor."""

Corners = NDArray[np.int64]


def photograph(
    pair: Pair, boxes: Corners, domain: Domain, setting: Setting, stream: Callable[[str], np.random.Generator]
) -> Iterator[tuple[str, Pair]]:
    """Take the picture of a scene and show it after every step.

    Args:
        pair: the scene with its cells and without.
        boxes: (N, 4) corners of the cells in pixels.
        domain: shares and ranges.
        setting: of the image.
        stream: gives each step its source of randomness.

    Yields:
        The step's name and the pair; nothing for a plain image.
    """
    if setting.plain:
        return
    transforms = {"tone": tone, "sharpness": sharpness}
    for step, transform in transforms.items():
        rng = stream(step)
        if rng.random() < getattr(domain, step):
            pair = transform(pair, domain, setting, rng)
            yield step, pair
    pair = _raised(pair, boxes, domain.floor)
    for step in ("light", "streaks", "noise"):
        rng = stream(step)
        if rng.random() < getattr(domain, step):
            layer = LAYERS[step](pair[0].shape, max(median_contrast(pair, boxes), domain.floor), domain, rng)
            pair = pair[0] + layer, pair[1] + layer
            yield step, pair


def contrasts(pair: Pair, boxes: Corners) -> NDArray[np.float64]:
    """Return the root mean square over each box of what its cell, and others over it, change in grey levels."""
    with_cells, without = (np.clip(image, 0, 255) for image in pair)
    difference = np.square(with_cells - without)
    height, width = difference.shape
    x0, y0, x1, y1 = np.clip(boxes, 0, [width, height, width, height]).T.astype(int)
    parts = [difference[a:b, c:d] for a, b, c, d in zip(y0, y1, x0, x1, strict=True)]
    return np.array([np.sqrt(part.mean(dtype=np.float64)) if part.size else 0.0 for part in parts])


def median_contrast(pair: Pair, boxes: Corners) -> float:
    """Return the median of the cells' contrasts, 0 where there are none."""
    return float(np.median(contrasts(pair, boxes))) if len(boxes) else 0.0


def tone(pair: Pair, domain: Domain, setting: Setting, rng: np.random.Generator) -> Pair:
    """Return the pair through one grey curve, then with another contrast and mean."""
    values = _curve(domain, rng)
    pair = tuple(_through(image, values) for image in pair)
    factor, target = by_logarithm(domain.contrast, rng), rng.uniform(*domain.mean)
    mean = float(pair[1].mean(dtype=np.float64))
    return tuple((image - np.float32(mean)) * np.float32(factor) + np.float32(target) for image in pair)


def sharpness(pair: Pair, domain: Domain, setting: Setting, rng: np.random.Generator) -> Pair:
    """Return the pair blurred by a Gaussian or a disc, moved along the flow, coarsened, or sharpened."""
    kind = ("gaussian", "disc", "motion", "coarse", "sharpened")[rng.integers(5)]
    widest = max(SOFTEST * setting.size, 0.5)
    if kind == "gaussian":
        sigma = rng.uniform(0.4, min(3, max(widest, 0.5)))
        return tuple(blur(image, 0, sigma) for image in pair)
    if kind == "disc":
        kernel = _disc(rng.uniform(0.8, min(4.5, max(1.5 * widest, 0.9))))
        return tuple(filtered(image, kernel) for image in pair)
    if kind == "motion":
        length = rng.uniform(2, min(15, max(0.4 * setting.size, 2.5)))
        kernel = movement(length)
        return tuple(filtered(image, kernel) for image in pair)
    if kind == "coarse":
        factor = rng.uniform(1.2, min(3.5, max(setting.size / 7, 1.25)))
        return tuple(_coarsened(image, factor) for image in pair)
    amount, sigma = np.float32(rng.uniform(0.3, 2)), rng.uniform(0.6, 2.5)
    return tuple(image + amount * (image - blur(image, 0, sigma)) for image in pair)


def light(shape: tuple[int, int], contrast: float, domain: Domain, rng: np.random.Generator) -> FloatImage:
    """Return a gradient across the image and clouds, in grey levels; arguments as all of ``LAYERS``."""
    height, width = shape
    fall, (across, down) = rng.uniform(0, domain.gradient), portable.turn(rng.uniform(0, 2 * np.pi))
    layer = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(fall * across)
    layer = layer + np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(fall * down)
    clouds = smooth_field(shape, rng.uniform(20, 90), rng)
    return layer + clouds * np.float32(rng.uniform(0, min(0.6 * contrast, 18)))


def streaks(shape: tuple[int, int], contrast: float, domain: Domain, rng: np.random.Generator) -> FloatImage:
    """Return a few bands of 1-4 rows, or fixed-pattern noise of all rows or columns, in grey levels."""
    height, width = shape
    strength = np.float32(min(rng.uniform(0.1, 0.8) * contrast, 25))
    kind = rng.integers(3)
    profile = np.zeros(height if kind < 2 else width, np.float32)
    if kind == 0:
        for _ in range(int(rng.integers(2, 12))):
            start, rows = int(rng.integers(height)), int(rng.integers(1, 5))
            profile[start : start + rows] += strength * np.float32(rng.uniform(-1.5, 1.5))
    else:
        profile += rng.standard_normal(profile.size, dtype=np.float32) * (strength / 2)
    return np.broadcast_to(profile[:, None] if kind < 2 else profile, shape).astype(np.float32)


def noise(shape: tuple[int, int], contrast: float, domain: Domain, rng: np.random.Generator) -> FloatImage:
    """Return sensor noise up to a share of the cells' contrast; a third of it is coarser than a pixel."""
    deviation = min(rng.uniform(0.05, domain.grain) * contrast, 30)
    grain = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 1 / 3:
        sigma = rng.uniform(0.4, 1.2)
        grain = blur(grain, 0, sigma)
        grain /= np.float32(max(float(np.sqrt(np.square(grain).mean(dtype=np.float64))), 1e-3))
    return grain * np.float32(deviation)


LAYERS = {"light": light, "streaks": streaks, "noise": noise}
"""What is added to an image, by step: functions of its shape, the cells' contrast, the domain and a generator."""


def _raised(pair: Pair, boxes: Corners, floor: float) -> Pair:
    """Return the pair with so much contrast that the median cell reaches the floor, as far as that is possible."""
    contrast = median_contrast(pair, boxes)
    if not len(boxes) or contrast >= floor:
        return pair
    factor, mean = np.float32(min(floor / max(contrast, 1e-3), ENLARGED)), pair[1].mean(dtype=np.float64)
    return tuple((image - np.float32(mean)) * factor + np.float32(mean) for image in pair)


def _curve(domain: Domain, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the grey levels that evenly spaced ones become."""
    levels = np.linspace(0, 1, KNOTS)
    bent, steep = rng.random() < domain.bent, rng.random() < domain.steep
    if bent:
        values = rng.uniform(0, 1, KNOTS)
    elif steep:
        middle, width = rng.uniform(0.3, 0.7), rng.uniform(0.08, 0.25)
        values = np.clip((levels - middle) / width + 0.5, 0, 1)
    elif rng.random() < 0.5:
        exponent = float(portable.exp(rng.uniform(-0.9, 0.9)))
        values = portable.power(np.maximum(levels, 1e-6), exponent)
    else:
        steps = np.cumsum(rng.uniform(0.05, 1, KNOTS))
        values = (steps - steps[0]) / (steps[-1] - steps[0])
    return 255 * (1 - values if rng.random() < domain.inverted else values)


def _through(image: FloatImage, values: NDArray[np.float64]) -> FloatImage:
    """Return an image through a curve of straight lines between evenly spaced levels."""
    place = np.clip(image.astype(np.float64), 0, 255) * ((KNOTS - 1) / 255)
    lower = np.minimum(place.astype(np.int64), KNOTS - 2)
    return (values[lower] + (place - lower) * (values[lower + 1] - values[lower])).astype(np.float32)


def _disc(radius: float) -> NDArray[np.float64]:
    """Return the kernel of a disc, its border pixels by their distance to it."""
    reach = int(np.ceil(radius))
    line = np.arange(-reach, reach + 1, dtype=np.float64)
    distance = np.sqrt(np.square(line)[:, None] + np.square(line))
    kernel = np.clip(radius + 0.5 - distance, 0, 1)
    return kernel / kernel.sum()


def movement(length: float) -> NDArray[np.float64]:
    """Return the kernel of an even movement along x by a length in pixels."""
    reach = int(np.ceil((length - 1) / 2))
    kernel = np.ones((1, 2 * reach + 1))
    kernel[0, 0] = kernel[0, -1] = (length - (2 * reach - 1)) / 2
    return kernel / kernel.sum()


def filtered(image: FloatImage, kernel: NDArray[np.float64]) -> FloatImage:
    """Return an image under a small kernel, mirrored at its borders."""
    return cv2.filter2D(image.astype(np.float64), -1, kernel, borderType=cv2.BORDER_REFLECT_101).astype(np.float32)


def _coarsened(image: FloatImage, factor: float) -> FloatImage:
    """Return an image made smaller by a factor and enlarged again."""
    height, width = image.shape
    small = resize(image, (max(1, round(width / factor)), max(1, round(height / factor))), cv2.INTER_AREA)
    return resize(small, (width, height), cv2.INTER_LINEAR)
