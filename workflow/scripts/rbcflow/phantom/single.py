"""Single simulated cells (stage cells, source ``simulated``): every look a bright-field instrument may give.

The look is sampled at random over wide ranges (domain randomisation): both signs of defocus, dark and bright bodies, a
thin rim alone, low and high contrast, sharp and soft, elongated up to 5:1, flow to either side. No recording is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.boxes import mask_box
from rbcflow.core.classes import CLASSES
from rbcflow.phantom.optics import Optics, Patch, render
from rbcflow.phantom.population import Cell, sample_cell
from rbcflow.phantom.scene import draw_kind

MIN_CONTRAST = 0.06
"""Least root-mean-square contrast of a cell's pixels against the background; fainter ones are sampled anew."""

MARGIN_PX = 6
"""Least margin of a crop around the mask."""

KINDS = {
    "croissant": {"croissant": 0.55, "bullet": 0.45},
    "slipper": {"slipper": 0.45, "tear": 0.55},
    "other": {
        "disc": 0.26, "rod": 0.12, "sphere": 0.12, "polylobe": 0.12, "doublet": 0.14, "leukocyte": 0.14, "debris": 0.10,
    },
}  # fmt: skip
"""Kinds of cell and their weights in each class."""


@dataclass(frozen=True)
class SimulatedCell:
    """One simulated cell.

    Attributes:
        class_: class name.
        kind: shape family, a key of ``population.KINDS``.
        crop: (h, w) uint8, the cell with its whole halo on a flat background.
        mask: (h, w) bool, the cell without the halo.
        background: grey level of the flat background.
    """

    class_: str
    kind: str
    crop: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    background: int


def simulate_cells(n_per_class: int, seed: int) -> Iterator[SimulatedCell]:
    """Yield simulated cells, class by class; cell i of a class depends on (seed, class, i) alone.

    Args:
        n_per_class: how many of each class.
        seed: root seed.
    """
    for class_id, class_ in enumerate(CLASSES):
        for number in range(n_per_class):
            rng = np.random.default_rng([seed, class_id, number])
            cell = _draw(class_, rng)
            while cell is None:
                cell = _draw(class_, rng)
            yield cell


def _draw(class_: str, rng: np.random.Generator) -> SimulatedCell | None:
    """Draw a cell under random optics, or None if it would be as good as invisible."""
    cell = sample_cell(draw_kind({class_: 1.0}, KINDS, rng), rng)
    cell = replace(cell, facing=int(rng.choice([-1, 1])))
    patch = render(cell, random_optics(cell, rng), (rng.uniform(0, 1), rng.uniform(0, 1)))
    contrast = np.sqrt(np.mean(np.square(patch.ratio[patch.mask] - 1))) if patch.mask.any() else 0.0
    if contrast < MIN_CONTRAST:
        return None
    background = int(min(rng.integers(90, 191), 250 / patch.ratio.max()))
    crop = np.clip(np.rint(patch.ratio * background), 1, 255).astype(np.uint8)
    return SimulatedCell(class_, cell.kind, *_trimmed(crop, patch), background)


def random_optics(cell: Cell, rng: np.random.Generator) -> Optics:
    """Return a random instrument in which the cell is 28 to 85 pixels long (debris 14 to 28).

    Elongated cells are at least so long that their height is resolved. Contrast is sampled as what the thickest part of
    the cell does to the light (optical density, phase), and defocus as the width of the first fringe in pixels, so that
    every look is equally likely at every size.

    Args:
        cell: the cell.
        rng: random numbers.
    """
    half_x, half_y = cell.half_size
    aspect = max(half_x, half_y) / min(half_x, half_y)
    low, high = (14, 28) if cell.kind == "debris" else (min(max(28, 10 * aspect), 60), 85)
    longer_px = float(portable.exp(rng.uniform(float(portable.log(low)), float(portable.log(high)))))
    pixel_um = 2 * max(half_x, half_y) / longer_px
    # Bodies of revolution are about as deep as they are high.
    depth_um = min(2 * min(half_x, half_y), 6.0)
    wavelength = 0.53
    fringe_px = rng.uniform(0.8, 4.5)
    fringe_um = fringe_px * pixel_um
    density = rng.choice([rng.uniform(0.0, 0.1), rng.uniform(0.1, 1.0)])
    phase = rng.choice([rng.uniform(0.2, 1.0), rng.uniform(1.0, 4.0)])
    return Optics(
        pixel_um=pixel_um,
        absorption=density / depth_um,
        index_step=phase * wavelength / (2 * np.pi * depth_um),
        defocus_um=float(rng.choice([-1, 1])) * fringe_um * fringe_um / wavelength,
        aperture=min(rng.uniform(0.5, 2.0) * wavelength / (2 * pixel_um), 0.9),
        condenser=min(rng.uniform(0.05, 0.6) * wavelength / fringe_um, 0.6),
        blur_px=rng.uniform(0.3, 1.1),
        wavelength_um=wavelength,
    )


def _trimmed(crop: NDArray[np.uint8], patch: Patch) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return crop and mask cut to what is visible, with ``MARGIN_PX`` around the mask at least."""
    size = 2 * MARGIN_PX + 1
    around = cv2.dilate(patch.mask.astype(np.uint8), np.ones((size, size), dtype=np.uint8))
    halo = cv2.dilate((np.abs(patch.ratio - 1) > 0.01).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    x0, y0, x1, y1 = (int(edge) for edge in mask_box(around | halo))
    return crop[y0:y1, x0:x1], patch.mask[y0:y1, x0:x1]
