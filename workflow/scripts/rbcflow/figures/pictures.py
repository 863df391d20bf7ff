"""Draw boxes and masks into frames and enlarged copies of them (stage figures)."""

from __future__ import annotations

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, withStroke
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

CASING = (20, 20, 20)
"""Dark line under every coloured one, so that it shows on bright and on dark ground."""

CASED = [withStroke(linewidth=2, foreground="#141414"), Normal()]
"""The same for lines drawn by Matplotlib."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return a colour such as ``#E69F00`` as R, G, B in 0..255."""
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return red, green, blue


def as_rgb(image: NDArray[np.uint8]) -> Rgb:
    """Return a grey (H, W) or R, G, B image as (H, W, 3)."""
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def enlarge(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return the image, scaled up smoothly."""
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def draw_box(image: Rgb, box: NDArray[np.float64], colour: str, factor: float) -> None:
    """Draw a box in place: two pixels of colour just outside what it encloses, one dark pixel around them.

    Args:
        image: enlarged frame.
        box: (4,) half-open corners in pixels of the frame as it was.
        colour: of the line.
        factor: the enlargement.
    """
    x0, y0, x1, y1 = (round(float(value) * factor) for value in box)
    for grow, line in ((3, CASING), (2, rgb(colour)), (1, rgb(colour))):
        cv2.rectangle(image, (x0 - grow, y0 - grow), (x1 + grow - 1, y1 + grow - 1), line, 1)


def add_box(axes: Axes, box: NDArray[np.float64], colour: str, linestyle: str | tuple = "-") -> None:
    """Add a box, with a dark line under the coloured one, to axes that show a frame pixel by pixel.

    Args:
        axes: of the frame.
        box: (4,) half-open corners in pixels of the frame.
        colour: of the line.
        linestyle: as Matplotlib has it.
    """
    x0, y0, x1, y1 = np.asarray(box, dtype=float) - 0.5
    line = {"edgecolor": colour, "linewidth": 0.9, "linestyle": linestyle, "path_effects": CASED}
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, **line))


def show(axes: Axes, image: Rgb) -> None:
    """Show a frame, its own pixels visible, and keep the axes to it whatever is drawn on top."""
    axes.imshow(image, interpolation="nearest")
    axes.autoscale(False)


def outline(crop: NDArray[np.uint8], mask: NDArray[np.bool_], colour: str, side: int) -> Rgb:
    """Return a cell's crop, enlarged until its longer side is ``side`` pixels, with the outline of its mask.

    Args:
        crop: (h, w) uint8 grey.
        mask: (h, w) bool.
        colour: of the outline.
        side: longer side of the result in pixels.
    """
    picture = as_rgb(enlarge(crop, side / max(crop.shape))).copy()
    large = cv2.resize(mask.astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    contours, _ = cv2.findContours(large.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, rgb(colour), 1)
    return picture


def spread(count: int, wanted: int) -> list[int]:
    """Return up to ``wanted`` indices, evenly spaced over ``count`` things, first and last included."""
    return sorted({int(index) for index in np.linspace(0, count - 1, min(count, wanted)).round()}) if count else []
