"""How cells that touch lie to each other: several cells, one object (stage datasets).

Where outlines run into each other, nobody can say where one cell ends; such a cluster is labelled as one object of
class other (Kihm et al. 2018; method, section on classes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEMBERS = (2, 2, 2, 3)
"""Possible numbers of cells, equally likely."""

NEAREST, FARTHEST = 0.3, 1.0
"""Distance of neighbours' centres along the row they lie in, as a share of that at which their boxes would touch."""

ASIDE = 0.5
"""Largest offset across that row, as a share of the distance at which their boxes would touch there."""

ACROSS = 0.25
"""Share of clusters whose cells lie above each other instead of behind each other in the flow."""


def offsets(sizes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return where the boxes of a cluster's cells lie.

    Args:
        sizes: (N, 2) width and height of each cell's box in pixels, in their order along the row.
        rng: source of randomness.

    Returns:
        (N, 2) upper left corners in the cluster's own box, which starts at 0, 0.
    """
    along = np.array([NEAREST, FARTHEST])
    centres = np.zeros((len(sizes), 2))
    axis = int(rng.random() < ACROSS)
    for i, touching in enumerate((sizes[:-1] + sizes[1:]) / 2, start=1):
        step = np.array([rng.uniform(*along), rng.uniform(-ASIDE, ASIDE)])
        centres[i] = centres[i - 1] + touching * (step if axis == 0 else step[::-1])
    corners = np.rint(centres - sizes / 2).astype(int)
    return corners - corners.min(axis=0)
