"""Phantom of the Naples data (source naples): one folder per velocity, multi-page RGB TIFFs, truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.phantom.flow import class_shares
from rbcflow.phantom.optics import Optics, expose
from rbcflow.phantom.scene import Instance, Scene, views
from rbcflow.phantom.truth import TruthWriter
from rbcflow.phantom.walls import channel

WIDTH, HEIGHT = 672, 128
FRAMES_PER_SECOND = 200
MBAR_PER_CM_S = 1000.0
"""Pressure at which Kihm's channel would be as fast; an assumption of the phantom, used for the class shares alone."""

COLOURS = ((1.0, 0.96, 0.80), (0.84, 0.93, 1.0), (1.0, 0.92, 0.90), (0.95, 1.0, 0.88))
"""Colour casts of the lamp: yellowish, bluish, reddish, greenish; gains of R, G, B."""

ABSORPTION = (0.7, 1.0, 1.35)
"""Absorption of haemoglobin in R, G, B relative to G."""

KINDS = {
    "croissant": {"croissant": 0.35, "bullet": 0.65},
    "slipper": {"slipper": 0.45, "tear": 0.55},
    "other": {"disc": 0.45, "rod": 0.2, "sphere": 0.2, "polylobe": 0.15},
}
"""Kinds of cell seen in the capillary and their weights in each class."""


def write(folder: Path, *, seed: int, velocities: list[float], tiffs_per_velocity: int, pages: int) -> None:
    """Write the source's folder: ``v {velocity} cm:s/glob001.tif`` and so on, and ``truth``.

    Args:
        folder: where to; made if absent.
        seed: root seed; the same seed gives the same bytes.
        velocities: cm/s, one folder each.
        tiffs_per_velocity: recordings of each velocity.
        pages: frames of each recording.
    """
    truth = TruthWriter(folder)
    for place, velocity in enumerate(velocities):
        for number in range(tiffs_per_velocity):
            rng = np.random.default_rng([seed, place, number])
            name = f"v {velocity:g} cm:s/glob{number + 1:03d}"
            path = folder / f"{name}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            objects = []
            with tifffile.TiffWriter(path) as tiff:
                for image, instances in _record(velocity, pages, rng):
                    tiff.write(image, photometric="rgb", metadata=None, contiguous=False)
                    objects.append(instances)
            truth.add(name, objects)
    truth.close()


def _record(
    velocity: float, pages: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], list[Instance]]]:
    """Yield the (H, W, 3) uint8 pages of a recording with their instances."""
    optics = Optics(
        pixel_um=rng.uniform(0.115, 0.135),
        absorption=rng.uniform(0.055, 0.085),
        index_step=0.025,
        defocus_um=rng.normal(-0.7, 0.15),
        condenser=0.35,
        blur_px=rng.uniform(0.8, 1.2),
    )
    axis, half_width = HEIGHT / 2 + rng.uniform(-4, 4), rng.uniform(46, 54)
    scene = Scene(
        WIDTH,
        HEIGHT,
        axis,
        half_width,
        direction=int(rng.choice([-1, 1])),
        step=velocity * 1e4 / FRAMES_PER_SECOND / optics.pixel_um,
        spacing=rng.uniform(450, 1300),
        gap=8.0,
        optics=optics,
        focus_spread_um=0.3,
        shares=class_shares(velocity * MBAR_PER_CM_S),
        kinds=KINDS,
    )
    walls = axis - half_width, axis + half_width
    # a capillary's walls are as deep as the whole of it, so most of a wall is out of focus where cells are in it
    empty = channel(HEIGHT, WIDTH, rng, walls=walls, contrast=0.8, dirt=0.5, broad=2.2)
    colour = np.array(COLOURS[int(rng.integers(len(COLOURS)))], dtype=np.float32) * rng.uniform(150, 195)
    for view in views(scene, pages, rng):
        # The halo is faint, the rest is absorption: a power takes it from one colour to another (Beer-Lambert).
        ratio = np.stack([portable.power(view.ratio, factor) for factor in ABSORPTION], axis=-1)
        light = colour * (empty * rng.normal(1, 0.003))[..., None] * ratio
        yield expose(light, 0.06, 1.3, rng), view.instances
