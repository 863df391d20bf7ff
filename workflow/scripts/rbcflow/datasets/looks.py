"""The look of the cells of one image: brightness against the background, halo, rim (stage datasets)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.portable import FloatImage
from rbcflow.datasets.domain import Domain

REACH = 3.0
"""Widths of a fringe, from its brightest or darkest line on, after which nothing of it is left."""

FAINTEST = 0.04
"""Brightness relative to the background that no pixel of a cell goes below."""


@dataclass(frozen=True)
class Look:
    """How the cells of one image look: what differs from the background is written as a relative change of brightness.

    Attributes:
        bright: factor on brighter parts; negative makes them darker.
        dark: factor on darker parts; negative makes them brighter.
        halo: relative change where the halo is strongest; 0 for none.
        rim: relative change at the outline, fading inwards; 0 for none.
        width: over which halo and rim fade, as a share of the cells' size.
        body: factor on the cell's own pattern where there is a rim.
        gain: range of the factor on each cell's change as a whole.
        apart: how far outside the outline the halo is strongest, in ``width``.
    """

    bright: float = 1
    dark: float = 1
    halo: float = 0
    rim: float = 0
    width: float = 0.1
    body: float = 1
    gain: tuple[float, float] = (1, 1)
    apart: float = 0


def draw_look(domain: Domain, rng: np.random.Generator) -> Look:
    """Draw the look of an image's cells."""
    signs = [(1, 1), (1, 1), (-1, -1), (1, -1), (-1, 1)][rng.integers(5)]
    own = rng.random() < domain.looks
    bright, dark = (sign * rng.uniform(0.3, 1.6) if own else 1.0 for sign in signs)
    with_halo, with_rim = rng.random() < domain.halos, rng.random() < domain.rims
    halo = rng.choice([-1, 1]) * rng.uniform(0.04, 0.45) if with_halo else 0.0
    rim = rng.choice([-1, 1]) * rng.uniform(0.1, 0.6) if with_rim else 0.0
    body = rng.uniform(0, 1) if with_rim else 1.0
    width, apart = rng.uniform(0.04, 0.16), max(rng.uniform(*domain.apart), 0.0)
    return Look(bright, dark, float(halo), float(rim), width, body, (0.7, 1.3), apart)


def margin(look: Look, size: float) -> int:
    """Return how many pixels a cell's halo needs around its mask, for cells of a size in pixels."""
    return int(np.ceil((REACH + look.apart) * _width(look, size))) if look.halo else 0


def relative_change(
    change: FloatImage, inside: NDArray[np.uint8], look: Look, size: float, rng: np.random.Generator
) -> FloatImage:
    """Return the change of brightness of a cell under an image's look.

    Args:
        change: (h, w) float32, brightness relative to the background, minus 1.
        inside: (h, w) uint8, 1 in the cell.
        look: of the image.
        size: of the image's cells in pixels.
        rng: source of randomness.
    """
    seen = np.maximum(change, 0) * np.float32(look.bright) + np.minimum(change, 0) * np.float32(look.dark)
    seen *= np.float32(look.body * rng.uniform(*look.gain))
    for amplitude, region, apart in ((look.rim, inside, 0.0), (look.halo, 1 - inside, look.apart)):
        if amplitude:
            seen += np.float32(amplitude) * _fringe(region, _width(look, size), apart)
    return seen


def at_least(change: FloatImage, inside: NDArray[np.uint8], grey: float, floor: float, most: float) -> FloatImage:
    """Return a change enlarged so that its root mean square inside the cell makes a contrast in grey levels.

    Args:
        change: (h, w) float32, relative change of brightness.
        inside: (h, w) uint8, 1 in the cell.
        grey: of the background under the cell.
        floor: contrast wanted.
        most: largest factor.
    """
    contrast = float(np.sqrt(cv2.mean(np.square(change), inside)[0])) * grey
    factor = min(max(floor / max(contrast, 1e-3), 1.0), most)
    return np.maximum(change * np.float32(factor), np.float32(FAINTEST - 1))


def _width(look: Look, size: float) -> float:
    return max(0.7, look.width * size)


def _fringe(region: NDArray[np.uint8], width: float, apart: float) -> FloatImage:
    """Return a Gaussian of the distance to a line some widths inside a region's border, 0 outside the region."""
    depth = cv2.distanceTransform(np.ascontiguousarray(region), cv2.DIST_L2, cv2.DIST_MASK_5)
    near = (depth > 0) & (depth < (REACH + apart) * width)
    fringe = np.zeros_like(depth)
    if near.any():
        beside = (depth[near] - np.float32(0.5)) / np.float32(width) - np.float32(apart)
        fringe[near] = portable.exp(np.square(beside) * np.float32(-1))
    return fringe
