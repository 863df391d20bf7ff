"""The empty channel: what a microchannel does to the light (stages raw and datasets)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.phantom.shapes import rotate


def channel(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    walls: tuple[float, float] | None,
    contrast: float = 1.0,
    dirt: float = 1.0,
    broad: float = 1.0,
) -> NDArray[np.float32]:
    """Return the transmittance of an empty channel along x, to be multiplied with the light.

    Each wall is a set of dark and bright lines with Fresnel-like fringes on both sides; the two walls differ, as under
    slightly oblique light. The illumination falls off smoothly; dust, scratches and a weak surface texture lie on top.

    Args:
        height, width: pixels.
        rng: random numbers; every call gives another channel.
        walls: rows of the two walls at mid-width, pixels (may lie outside the image); None for a view without walls.
        contrast: strength of the walls, 1 as in a typical recording.
        dirt: mean number of dust spots and scratches in 10,000 square pixels.
        broad: width of the walls' lines, 1 at 0.18 um a pixel; deep walls out of focus and small pixels make them wide.

    Returns:
        (height, width) float32, about 1.
    """
    result = _illumination(height, width, rng) * _texture(height, width, rng)
    if walls is not None:
        result *= 1 + contrast * _walls(height, width, walls, rng, broad)
    _soil(result, rng.poisson(dirt * height * width / 1e4), rng)
    return np.clip(result, 0.02, None).astype(np.float32)


def random_walls(height: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return rows of two walls at random: from a channel that fills the image to one of a third of its height."""
    gap = height * rng.uniform(0.35, 0.98)
    top = rng.uniform(0, height - gap)
    return float(top), float(top + gap)


def _walls(
    height: int, width: int, walls: tuple[float, float], rng: np.random.Generator, broad: float
) -> NDArray[np.floating]:
    """Return the relative change of light by both walls and beyond them, (height, width)."""
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    slope, sway = rng.normal(0, 0.004), rng.normal(0, 0.25)
    tilt = slope * (x - width / 2) + sway * portable.sincos(x / rng.uniform(40, 160) + rng.uniform(0, 6))[0]
    scale = rng.uniform(0.7, 1.4) * broad
    beyond, total = rng.normal(0, 0.05), np.zeros((height, width), dtype=np.float32)
    for row, inward in zip(walls, (1, -1), strict=True):
        distance = (y - row - tilt) * inward / scale
        total += _fringes(distance, rng) * (1 + 0.1 * _smooth_line(width, rng))
        total += beyond / (1 + portable.exp(np.clip(4 * distance, -50, 50)))
    return total


def _fringes(distance: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the change of light across a wall: dark line, bright flanks, fading fringes; inward distance in pixels."""
    dark, thick = rng.uniform(0.15, 0.5), rng.uniform(0.9, 2.0)
    profile = -dark * _bell(distance / thick)
    for side in (-1, 1):
        gap, wide = thick + rng.uniform(1.2, 3.0), rng.uniform(0.8, 1.8)
        profile += rng.uniform(0.0, 0.35) * _bell((distance - side * gap) / wide)
    period, reach = rng.uniform(4, 9), rng.uniform(2, 7)
    phase = rng.uniform(0, 2 * np.pi)
    wave = portable.sincos(2 * np.pi * distance / period + phase)[1]
    return profile + rng.uniform(0.02, 0.14) * wave * portable.exp(-np.abs(distance) / reach)


def _bell(distance: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return exp(-distance^2 / 2)."""
    return portable.exp(np.square(distance) * -0.5)


def _illumination(height: int, width: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return a tilted, slightly domed light field with mean about 1."""
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    slope_x, slope_y, dome = rng.normal(0, 0.03), rng.normal(0, 0.03), abs(rng.normal(0, 0.03))
    return 1 + slope_x * x + slope_y * y - dome * (np.square(x) + np.square(y) - 2 / 3)


def _texture(height: int, width: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the weak texture of the channel's glass and polymer."""
    grain = rng.uniform(1.5, 6)
    field = portable.smooth(rng.standard_normal((height, width), dtype=np.float32), grain)
    return 1 + rng.uniform(0.002, 0.007) * field * 2 * np.sqrt(np.pi) * grain


def _smooth_line(width: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return a smooth random function along x with standard deviation about 1, (1, width)."""
    grain = 12.0
    line = portable.smooth(rng.standard_normal((1, width), dtype=np.float32), grain, 0.1)
    return line * np.sqrt(2 * np.sqrt(np.pi) * grain)


def _soil(image: NDArray[np.floating], count: int, rng: np.random.Generator) -> None:
    """Draw dust (spots with a ring of the other sign) and scratches (thin faint lines) onto the image in place."""
    height, width = image.shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    for _ in range(count):
        at_x, at_y, strength = rng.uniform(0, width), rng.uniform(0, height), rng.normal(0, 0.12)
        if rng.random() < 0.75:
            size = rng.uniform(0.7, 2.2)
            square = (np.square(x - at_x) + np.square(y - at_y)) / (size * size)
            image *= 1 + strength * (1 - square / 2) * portable.exp(-square / 2)
        else:
            angle, half = rng.uniform(0, np.pi), rng.uniform(5, 35)
            along, across = rotate(x - at_x, y - at_y, -angle)
            line = portable.exp(np.square(across) / -0.8)
            image *= 1 + 0.5 * strength * line / (1 + portable.exp(np.clip(np.abs(along) - half, -50, 50)))
