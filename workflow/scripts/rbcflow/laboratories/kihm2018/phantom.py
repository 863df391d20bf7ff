"""Phantom of Kihm et al. 2018 (stage raw, source kihm2018): 90x90 grey crops by shape, and by pressure and shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rbcflow.core.classes import CLASSES
from rbcflow.phantom.crops import Camera, Look, camera, draw_crop, write_picture
from rbcflow.phantom.flow import KIHM_COUNTS
from rbcflow.phantom.optics import Optics
from rbcflow.phantom.scene import Instance, draw_kind
from rbcflow.phantom.truth import TruthWriter

SIZE = 90
LOOK = Look(length_px=(44, 82), jitter_px=1.5, neighbour=0.08, offset=0.8)
CAMERA_EVERY = 8
"""Crops cut from one recording before the next begins."""

FOLDERS = {"croissant": "Croissant", "slipper": "Slipper"}
S3_FOLDERS = ("Croissants", "Slippers", "Others")
"""Folders of a pressure in S3, in the order of the classes and of ``KIHM_COUNTS``."""

KINDS = {
    "croissant": {"croissant": 1.0},
    "slipper": {"slipper": 0.95, "tear": 0.05},
    "other": {"semi_parachute": 0.35, "semi_slipper": 0.2, "disc": 0.15, "polylobe": 0.15, "sphere": 0.05, "rod": 0.1},
}
"""Kinds of cell in Kihm's channel and their weights in each class; others are mostly sheared croissants."""


def write(folder: Path, *, seed: int, kihm_per_class: int, kihm_s3_scale: float) -> None:
    """Write the source's folder: ``Croissant``, ``Slipper``, ``CNN input data`` and ``truth``.

    Args:
        folder: where to; made if absent.
        seed: root seed; the same seed gives the same bytes.
        kihm_per_class: crops of croissants and of slippers each.
        kihm_s3_scale: simulated share of the published counts a pressure and class, at least 1 where one is seen.
    """
    truth = TruthWriter(folder)
    for class_, name in FOLDERS.items():
        _write_folder(folder, name, class_, kihm_per_class, [seed, 0, CLASSES.index(class_)], truth)
    for number, (pressure, published) in enumerate(KIHM_COUNTS.items(), start=1):
        for class_, name, count in zip(CLASSES, S3_FOLDERS, published, strict=True):
            recording = f"CNN input data/{number:03d}_Crop_Pics_w_parameters_{pressure}mbar/{name}"
            wanted = max(round(kihm_s3_scale * count), 1) if count else 0
            _write_folder(folder, recording, class_, wanted, [seed, number, CLASSES.index(class_)], truth)
    truth.close()


def _write_folder(folder: Path, recording: str, class_: str, count: int, seeds: list[int], truth: TruthWriter) -> None:
    """Write the crops of a folder, which is there even if it stays empty, and their truth."""
    (folder / recording).mkdir(parents=True, exist_ok=True)
    objects: list[list[Instance]] = []
    for number in range(count):
        if number % CAMERA_EVERY == 0:
            cam = _camera(np.random.default_rng([*seeds, number, 1]))
        rng = np.random.default_rng([*seeds, number, 0])
        image, instances = draw_crop(cam, LOOK, draw_kind({class_: 1.0}, KINDS, rng), KINDS, rng)
        write_picture(folder / recording / f"Pic_{number + 1:04d}.bmp", image)
        objects.append(instances)
    if objects:
        truth.add(recording, objects)


def _camera(rng: np.random.Generator) -> Camera:
    """Return Kihm's microscope on a given day: a channel about as high as the crop, bright halo, moderate contrast."""
    optics = Optics(
        pixel_um=rng.uniform(0.124, 0.136),
        absorption=rng.uniform(0.02, 0.045),
        index_step=0.045,
        defocus_um=-rng.uniform(2.0, 4.0),
        condenser=rng.uniform(0.12, 0.25),
        blur_px=rng.uniform(0.7, 1.1),
    )
    return camera(
        SIZE, SIZE, rng.uniform(37, 42), optics, rng,
        contrast=0.9, dirt=0.5, focus_spread_um=0.5,
        level=rng.uniform(105, 150), shot=rng.uniform(0.08, 0.16), read=1.0,
    )  # fmt: skip
