"""Draw boxes and masks into frames and enlarged copies of them (stage figures)."""

from __future__ import annotations

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, withStroke
from numpy.typing import NDArray

from rbcflow.figures import style

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


def draw_dashed(image: Rgb, box: NDArray[np.float64], factor: float) -> None:
    """Draw a box in place in dashes of white, two pixels thick and cased in dark ones, on the edge of what it encloses.

    Args:
        image: enlarged frame.
        box: (4,) half-open corners in pixels of the frame as it was.
        factor: the enlargement.
    """
    x0, y0, x1, y1 = (round(float(value) * factor) for value in box)
    sides = [((x0, x1), lambda at, y=y: (at, y)) for y in (y0, y1)]
    sides += [((y0, y1), lambda at, x=x: (x, at)) for x in (x0, x1)]
    for colour, width in ((CASING, 4), ((255, 255, 255), 2)):
        for (start, end), place in sides:
            for left in range(start, end, 15):
                cv2.line(image, place(left), place(min(left + 7, end)), colour, width)


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


def scale_bar(axes: Axes, source: str, width: int, height: int, *, below: bool = False) -> None:
    """Draw a scale bar into the lower left corner of axes that show a frame, where the source's pixel is known.

    It is as long as 1, 2, 5, 10 or 20 micrometres, whichever comes nearest to a sixth of the frame.

    Args:
        axes: of the frame.
        source: whose frame it is.
        width: of the frame in pixels.
        height: of the frame in pixels.
        below: draw it in black under the frame, which has lines of its own.
    """
    side = style.pixel_um(source)
    if not side:
        return
    micrometres = min((1, 2, 5, 10, 20, 50), key=lambda length: abs(length / side - width / 6))
    long = micrometres / side
    x, y = width * 0.03, height + 2 + 0.14 * height if below else height * 0.93
    colour, thick, thin = ("black", [], []) if below else ("white", _cased(3.6), _cased(1.6))
    line = {"solid_capstyle": "butt", "path_effects": thick, "clip_on": not below}
    axes.plot([x, x + long], [y, y], color=colour, linewidth=2, **line)
    axes.text(x + long + width * 0.015, y, f"{micrometres} µm", va="center", color=colour,
              fontsize=style.LEAST_POINTS, path_effects=thin)  # fmt: skip


def _cased(width: float) -> list:
    return [withStroke(linewidth=width, foreground="#141414"), Normal()]


def outline(crop: NDArray[np.uint8], mask: NDArray[np.bool_], side: int) -> Rgb:
    """Return a cell's crop, enlarged until its longer side is ``side`` pixels, its mask outlined in white and black.

    Args:
        crop: (h, w) uint8 grey.
        mask: (h, w) bool.
        side: longer side of the result in pixels.
    """
    picture = as_rgb(enlarge(crop, side / max(crop.shape))).copy()
    large = cv2.resize(mask.astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    contours, _ = cv2.findContours(large.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # a white line of two pixels on a black one that shows as one more on either side
    cv2.drawContours(picture, contours, -1, CASING, 4)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), 2)
    return picture


def spread(count: int, wanted: int) -> list[int]:
    """Return up to ``wanted`` indices, evenly spaced over ``count`` things, first and last included."""
    return sorted({int(index) for index in np.linspace(0, count - 1, min(count, wanted)).round()}) if count else []
