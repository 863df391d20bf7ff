"""Cells that no bank has: ellipses, drops with tails and sickles, drawn on a flat ground (stage datasets)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.portable import FloatImage, blur
from rbcflow.datasets.background import smooth_field
from rbcflow.datasets.stock import Cutout

SIDE = 96
"""Side of the square a shape is drawn on, in pixels."""

GROUND = 128.0
"""Grey it is drawn on."""

SHAPE = "simulated-shape"
"""Name of every such cell in place of a cell_id."""

MARGIN = 6
"""Pixels kept around a shape."""

CLASS_OF = {"ellipse": "other", "drop": "slipper", "sickle": "other"}
"""Drops are the tailed slippers of narrow channels; a sickle is thinner than any parachute."""


SHAPED = frozenset(CLASS_OF.values())
"""Classes that have such shapes."""


def draw_shape(name: str, rng: np.random.Generator) -> Cutout:
    """Draw a cell of a class in ``SHAPED``."""
    kinds = [kind for kind, class_name in CLASS_OF.items() if class_name == name]
    kind = kinds[rng.integers(len(kinds))]
    mask = {"ellipse": _ellipse, "drop": _drop, "sickle": _sickle}[kind](*_grid(), rng)
    # tails and sickles to either side
    mask = np.ascontiguousarray(mask[:, :: rng.choice([-1, 1])])
    change = _body(mask, rng)
    crop = np.clip(np.rint(np.float32(GROUND) * (1 + change)), 1, 255).astype(np.uint8)
    return Cutout(SHAPE, CLASS_OF[kind], crop, mask, GROUND).trimmed(margin=MARGIN)


def _grid() -> tuple[FloatImage, FloatImage]:
    """Return x and y of every pixel, from -1 to 1."""
    line = np.linspace(-1, 1, SIDE, dtype=np.float32)
    return np.broadcast_to(line, (SIDE, SIDE)), np.broadcast_to(line[:, None], (SIDE, SIDE))


def _ellipse(x: FloatImage, y: FloatImage, rng: np.random.Generator) -> NDArray[np.bool_]:
    long, ratio = 0.8, rng.uniform(0.3, 1)
    return np.square(x / np.float32(long)) + np.square(y / np.float32(long * ratio)) < 1


def _drop(x: FloatImage, y: FloatImage, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a round head with a tail that thins towards its end."""
    head, ratio, end = rng.uniform(0.18, 0.34), rng.uniform(0.7, 1.3), rng.uniform(0.1, 0.35)
    centre = 0.85 - head / ratio
    inside = np.square((x - np.float32(centre)) * np.float32(ratio)) + np.square(y) < np.float32(head * head)
    along = (x + np.float32(0.85)) / np.float32(0.85 + centre)
    # from the tail's end to the head, slowly at first
    half = np.float32(head) * (np.float32(end) + np.float32(1 - end) * np.square(along))
    return inside | ((along > 0) & (along <= 1) & (np.abs(y) < half))


def _sickle(x: FloatImage, y: FloatImage, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a disc without another that is shifted: thin, its ends pointing to one side."""
    shift, inner = rng.uniform(0.25, 0.5), rng.uniform(0.72, 0.85)
    outer = np.square(x) + np.square(y) < np.float32(0.64)
    return outer & (np.square(x - np.float32(shift)) + np.square(y) >= np.float32(inner * inner))


def _body(mask: NDArray[np.bool_], rng: np.random.Generator) -> FloatImage:
    """Return the relative change of brightness: dome, flat or hollow body, texture, soft outline."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    dome = np.sqrt(np.minimum(depth / np.float32(max(float(depth.max()), 1)), 1))
    level = rng.choice([-1, 1]) * rng.uniform(0.1, 0.5)
    hollow = rng.uniform(-1, 1)
    change = mask * np.float32(level) * (1 + np.float32(hollow) * (dome - np.float32(0.5)))
    change += mask * np.float32(rng.uniform(0, 0.12)) * smooth_field(mask.shape, rng.uniform(3, 12), rng)
    return blur(change, 0, float(portable.exp(rng.uniform(-0.5, 1))), cv2.BORDER_REPLICATE)
