"""Many values as a shape, not as dots on each other: contours of a cloud, the spread of a line (stage figures)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

FEW = 60
"""Up to so many points are drawn one by one."""

HELD = (0.9, 0.5)
"""Shares of the points that the outer and the inner contour hold."""

BINS, SMOOTH = 64, 1.6
"""Cells of the lattice in each direction, and the standard deviation of the smoothing in cells."""


def cloud(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], colour: str, extent: tuple[float, float]) -> None:
    """Draw points, or where there are many the lines that hold half and nine tenths of them.

    Args:
        axes: to draw in.
        x: (N,) values.
        y: (N,) values.
        colour: of points or lines.
        extent: largest x and y; both begin at 0.
    """
    if len(x) <= FEW:
        axes.scatter(x, y, s=7, color=colour, linewidths=0)
        return
    counts, across, up = np.histogram2d(x, y, bins=BINS, range=[(0, extent[0]), (0, extent[1])])
    density = gaussian_filter(counts, SMOOTH, mode="constant")
    middles = [(edges[1:] + edges[:-1]) / 2 for edges in (across, up)]
    cells = [np.asarray(values) / end * BINS - 0.5 for values, end in zip((x, y), extent, strict=True)]
    at_points = map_coordinates(density, cells, order=1, mode="constant")
    levels = [float(np.quantile(at_points, 1 - share)) for share in HELD]
    if levels[0] < levels[1]:
        axes.contour(*middles, density.T, levels=levels, colors=colour, linewidths=(0.9, 1.8))


def spread_line(axes: Axes, values: NDArray[np.float64], place: float, colour: str) -> None:
    """Draw values along x at a height: each where they are few, else 5 to 95 % thin and quartiles thick; the median.

    Args:
        axes: to draw in.
        values: (N,) numbers, at least one.
        place: height.
        colour: of points and lines.
    """
    if len(values) < 20:
        axes.scatter(values, np.full(len(values), place), s=12, color=colour, alpha=0.7, linewidths=0)
    else:
        low, first, third, high = np.percentile(values, [5, 25, 75, 95])
        axes.plot([low, high], [place, place], color=colour, linewidth=1)
        axes.plot([first, third], [place, place], color=colour, linewidth=5, solid_capstyle="butt", alpha=0.6)
    axes.plot([np.median(values)] * 2, [place - 0.36, place + 0.36], color="black", linewidth=1.4)
