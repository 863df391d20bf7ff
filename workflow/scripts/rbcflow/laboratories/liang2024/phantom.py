"""Phantom of Liang et al. 2024 (stage raw, source liang2024): small RGB pictures of cells, in folders by shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rbcflow.phantom.crops import Camera, Look, camera, draw_crop, write_picture
from rbcflow.phantom.optics import Optics
from rbcflow.phantom.scene import Instance, draw_kind
from rbcflow.phantom.truth import TruthWriter

WIDTH, HEIGHTS = 100, (50, 66)
LOOK = Look(length_px=(25, 44), jitter_px=7.0, neighbour=0.12, offset=0.7)
CAMERAS = 8

COUNTS = {
    "Parachute": 732,
    "Rolling": 390,
    "Slipper": 391,
    "semi-Parachute": 311,
    "semi-Rolling": 60,
    "semi-Slipper": 201,
}
"""Pictures a folder that the preprint's notebooks counted; that of semi-Rolling is printed nowhere and assumed."""

KINDS = {
    "Parachute": {"croissant": 0.8, "bullet": 0.2},
    "Rolling": {"disc": 0.6, "rod": 0.4},
    "Slipper": {"slipper": 0.8, "tear": 0.2},
    "semi-Parachute": {"semi_parachute": 1.0},
    "semi-Rolling": {"disc": 0.5, "polylobe": 0.5},
    "semi-Slipper": {"semi_slipper": 1.0},
}
"""Kinds of cell in each folder and their weights."""


def write(folder: Path, *, seed: int, liang_scale: float) -> None:
    """Write the source's folder: a folder a shape, and ``truth``.

    Args:
        folder: where to; made if absent.
        seed: root seed; the same seed gives the same bytes.
        liang_scale: share of the published number of pictures a folder that is simulated, at least 1.
    """
    truth = TruthWriter(folder)
    cams = [_camera(HEIGHTS[number % 2], np.random.default_rng([seed, number])) for number in range(CAMERAS)]
    frame = 0
    for place, (name, published) in enumerate(COUNTS.items()):
        pictures: dict[str, list[Instance]] = {}
        for number in range(max(round(liang_scale * published), 1)):
            rng = np.random.default_rng([seed, CAMERAS + place, number])
            recorded, frame = int(rng.integers(CAMERAS)), frame + int(rng.integers(1, 4))
            image, instances = draw_crop(cams[recorded], LOOK, draw_kind({name: 1.0}, KINDS, rng), KINDS, rng)
            file = f"50_C001H001S{recorded + 1:04d}_{frame:04d}.bmp"
            write_picture(folder / name / file, np.repeat(image[..., None], 3, axis=2))
            pictures[file] = instances
        truth.add(name, [pictures[file] for file in sorted(pictures)])
    truth.close()


def _camera(height: int, rng: np.random.Generator) -> Camera:
    """Return Liang's high-speed microscope: coarse pixels, little contrast, both walls near the picture's edges."""
    optics = Optics(
        pixel_um=rng.uniform(0.23, 0.25),
        absorption=rng.uniform(0.02, 0.045),
        index_step=0.045,
        defocus_um=-rng.uniform(2.0, 5.0),
        condenser=rng.uniform(0.15, 0.3),
        blur_px=rng.uniform(0.6, 0.9),
    )
    return camera(
        WIDTH, height, height / 2 - rng.uniform(3, 7), optics, rng,
        contrast=0.8, dirt=0.3, focus_spread_um=0.6,
        level=rng.uniform(120, 170), shot=rng.uniform(0.12, 0.25), read=1.6,
    )  # fmt: skip
