"""Phantom of the Saarland data (stage raw, source nouaman2024): AVIs, annotated frames, COCO file, crops, truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.phantom.crops import Camera, Look, camera, draw_crop
from rbcflow.phantom.flow import class_shares
from rbcflow.phantom.optics import Optics, expose, render
from rbcflow.phantom.population import sample_cell
from rbcflow.phantom.scene import Instance, Scene, draw_kind, views, visible
from rbcflow.phantom.truth import TruthWriter
from rbcflow.phantom.walls import channel

WIDTH, HEIGHT = 304, 120
"""Of a frame in pixels; the preprint prints neither. Its detectors work on these frames brought to a long side of 224.

The median cell of the test sets is 36 to 37 pixels across, 27 at 224: between the medians that four networks evaluated
here learned from (35, 29, 29 and 18 pixels at 224), whose geometric mean it is.
"""
FRAMES_PER_SECOND = 60
CROP_SIZE = 92
PRESSURES = (100, 200, 300, 500, 700, 1000)
DAYS = ("12_8", "13_8", "20_8", "21_8")
CATEGORIES = ("Croissant", "Slipper", "Other")
RAW_CROP_LOOK = Look(length_px=(12, 84), jitter_px=2.0, neighbour=0.25, offset=0.9)
POLYGON_TOLERANCE_PX = 0.7
"""How far a careful annotator's polygon strays from the outline."""

KINDS = {
    "croissant": {"croissant": 0.97, "bullet": 0.03},
    "slipper": {"slipper": 0.85, "tear": 0.15},
    "other": {
        "disc": 0.38, "rod": 0.14, "sphere": 0.10, "polylobe": 0.14, "doublet": 0.12, "leukocyte": 0.06, "debris": 0.06,
    },
}  # fmt: skip
"""Kinds of cell seen in the Saarland channel and their weights in each class."""


def write(
    folder: Path,
    *,
    seed: int,
    donors: int,
    recordings_per_donor: int,
    frames_per_recording: int,
    annotate_every: int,
    crops_per_class: int,
    raw_crops_per_folder: int = 0,
) -> None:
    """Write the source's folder: ``videos``, ``frames``, ``annotations``, segmented and raw crops, and ``truth``.

    Args:
        folder: where to; made if absent.
        seed: root seed; the same seed gives the same bytes.
        donors: how many blood donors.
        recordings_per_donor: recordings of each, at pressures spread over ``PRESSURES``.
        frames_per_recording: frames of each recording.
        annotate_every: every how many frames one is annotated, from the first on.
        crops_per_class: segmented crops of croissants and of slippers.
        raw_crops_per_folder: crops with their background for each category and pressure.
    """
    truth, annotations = TruthWriter(folder), _Annotations()
    for donor in range(donors):
        recordings = _recording_names(donor, recordings_per_donor)
        for number, (name, pressure) in enumerate(recordings):
            rng = np.random.default_rng([seed, donor, number])
            objects = []
            with _Video(folder / "videos" / f"{name}.avi") as video:
                for index, (image, instances) in enumerate(_record(pressure, frames_per_recording, rng)):
                    video.add(image)
                    objects.append(instances)
                    if index % annotate_every == 0:
                        _write_image(folder / "frames" / f"{name}_{index:05d}.png", image)
                        annotations.add(f"../../frames/{name}_{index:05d}.png", instances)
            truth.add(name, objects)
    annotations.write(folder / "annotations" / "result.json")
    for class_id, name in enumerate(("croissant", "slipper")):
        _write_crops(folder, name, crops_per_class, np.random.default_rng([seed, donors, class_id, 1]), truth)
    if raw_crops_per_folder:
        _write_raw_crops(folder, seed, donors, raw_crops_per_folder, truth)
    truth.close()


def _recording_names(donor: int, count: int) -> list[tuple[str, int]]:
    """Return (recording, pressure in mbar) of a donor; the first three hold a low, a middle and a high pressure."""
    result: list[tuple[str, int]] = []
    for number in range(count):
        pressure = PRESSURES[(donor + 2 * number + number // 3) % len(PRESSURES)]
        repeat = 1 + sum(used == pressure for _, used in result)
        result.append((f"blood_donor_{donor + 1}/{pressure:04d}mbar_{repeat}", pressure))
    return result


def _optics(rng: np.random.Generator) -> Optics:
    """Return the Saarland microscope on a given day: grey, slightly out of focus, hence the bright halo."""
    return Optics(
        pixel_um=rng.uniform(0.17, 0.19),
        absorption=rng.uniform(0.015, 0.05),
        defocus_um=-rng.uniform(2.5, 5.5),
        condenser=rng.uniform(0.10, 0.25),
        blur_px=rng.uniform(0.5, 0.9),
    )


def _record(
    pressure: float, frames: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], list[Instance]]]:
    """Yield the (H, W) uint8 frames of a recording with their instances."""
    axis, half_width = HEIGHT / 2 + rng.uniform(-8, 8), rng.uniform(32, 36)
    scene = Scene(
        WIDTH,
        HEIGHT,
        axis,
        half_width,
        direction=int(rng.choice([-1, 1])),
        # The camera's rate follows the flow, so the way from frame to frame does not grow with pressure.
        step=rng.uniform(45, 90),
        spacing=rng.uniform(90, 190),
        gap=rng.uniform(5, 14),
        optics=_optics(rng),
        focus_spread_um=0.6,
        shares=class_shares(pressure),
        kinds=KINDS,
    )
    empty = channel(HEIGHT, WIDTH, rng, walls=(axis - half_width, axis + half_width), dirt=0.8)
    level, shot, read = rng.uniform(110, 160), rng.uniform(0.08, 0.2), rng.uniform(0.8, 1.6)
    for view in views(scene, frames, rng):
        light = level * rng.normal(1, 0.004) * empty * view.ratio
        yield expose(light, shot, read, rng), view.instances


def _write_crops(folder: Path, class_: str, count: int, rng: np.random.Generator, truth: TruthWriter) -> None:
    """Write segmented 92x92 crops of a class, black outside the cell, named day_pressure_number, and their truth."""
    families: dict[str, dict[int, list[Instance]]] = {}
    likely = np.array([class_shares(pressure)[class_] for pressure in PRESSURES])
    for number in range(count):
        day = DAYS[number % len(DAYS)]
        pressure = int(rng.choice(PRESSURES, p=likely / likely.sum()))
        cell = sample_cell(draw_kind({class_: 1.0}, KINDS, rng), rng)
        cell = replace(cell, facing=int(rng.choice([-1, 1])))
        optics = _optics(rng)
        patch = render(cell, optics, (CROP_SIZE / 2, CROP_SIZE / 2))
        image = expose(rng.uniform(110, 160) * patch.ratio, 0.1, 1.2, rng)
        crop = np.zeros((CROP_SIZE, CROP_SIZE), dtype=np.uint8)
        rows, columns = np.nonzero(patch.mask)
        inside = (rows + patch.y0 >= 0) & (rows + patch.y0 < CROP_SIZE)
        inside &= (columns + patch.x0 >= 0) & (columns + patch.x0 < CROP_SIZE)
        rows, columns = rows[inside], columns[inside]
        # A cell's own pixel is never black, so that crop > 0 is the mask.
        crop[rows + patch.y0, columns + patch.x0] = np.maximum(image[rows, columns], 1)
        family = f"{day}_{pressure:04d}mbar"
        _write_image(folder / class_ / f"{family}_{number + 1:04d}.bmp", crop)
        seen = visible(crop > 0, 0, cell)
        families.setdefault(f"{class_}/{family}", {})[number + 1] = [seen] if seen else []
    for recording in sorted(families):
        truth.add(recording, families[recording])


def _write_raw_crops(folder: Path, seed: int, donors: int, count: int, truth: TruthWriter) -> None:
    """Write 92x92 crops with their background, a folder a category and pressure, days in turn, and their truth."""
    for place, pressure in enumerate(PRESSURES):
        day = DAYS[place % len(DAYS)]
        cam = _crop_camera(np.random.default_rng([seed, donors, 2, place]))
        for category in CATEGORIES:
            class_ = category.lower()
            recording = f"raw_crops/{day}/{category}/{pressure:04d}mbar"
            objects = []
            for number in range(count):
                rng = np.random.default_rng([seed, donors, 3, place, CLASSES.index(class_), number])
                image, instances = draw_crop(cam, RAW_CROP_LOOK, draw_kind({class_: 1.0}, KINDS, rng), KINDS, rng)
                _write_image(folder / recording / f"{number + 1:04d}.BMP", image)
                objects.append(instances)
            truth.add(recording, objects)


def _crop_camera(rng: np.random.Generator) -> Camera:
    """Return the microscope and channel of a day and pressure, as in ``_record``."""
    return camera(
        CROP_SIZE, CROP_SIZE, rng.uniform(32, 36), _optics(rng), rng,
        contrast=1.0, dirt=0.8, focus_spread_um=0.6, level=rng.uniform(110, 160), shot=rng.uniform(0.08, 0.2), read=1.2,
    )  # fmt: skip


def _write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a grey image in the format its suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())


class _Video:
    """A lossless grey AVI (FFV1), the same bytes for the same frames."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.container = av.open(str(path), "w", format="avi", options={"fflags": "+bitexact"})
        self.stream = self.container.add_stream("ffv1", rate=FRAMES_PER_SECOND)
        self.stream.width, self.stream.height, self.stream.pix_fmt = WIDTH, HEIGHT, "gray"
        self.stream.codec_context.thread_count = 1

    def __enter__(self) -> _Video:
        return self

    def add(self, image: NDArray[np.uint8]) -> None:
        """Append a (H, W) uint8 frame."""
        self.container.mux(self.stream.encode(av.VideoFrame.from_ndarray(image, format="gray")))

    def __exit__(self, *_: object) -> None:
        self.container.mux(self.stream.encode())
        self.container.close()


class _Annotations:
    """A COCO file as Label Studio exports it."""

    def __init__(self) -> None:
        self.images: list[dict] = []
        self.annotations: list[dict] = []

    def add(self, file_name: str, instances: list[Instance]) -> None:
        """Add an image and a polygon for every cell in it."""
        image_id = len(self.images)
        self.images.append({"width": WIDTH, "height": HEIGHT, "id": image_id, "file_name": file_name})
        for item in instances:
            points = polygon(item.mask) + np.array(item.box[:2])
            low, high = points.min(axis=0), points.max(axis=0)
            self.annotations.append(
                {
                    "id": len(self.annotations),
                    "image_id": image_id,
                    "category_id": CLASSES.index(item.class_),
                    "segmentation": [[round(float(value), 3) for value in points.ravel()]],
                    "bbox": [round(float(value), 3) for value in (*low, *(high - low))],
                    "ignore": 0,
                    "iscrowd": 0,
                    "area": round(float(cv2.contourArea(points.astype(np.float32))), 3),
                }
            )

    def write(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "images": self.images,
            "categories": [{"id": number, "name": name} for number, name in enumerate(CATEGORIES)],
            "annotations": self.annotations,
            "info": {
                "year": 2024, "version": "1.0", "description": "phantom", "contributor": "Label Studio", "url": "",
                "date_created": "2024-08-12 00:00:00.000000",
            },
        }  # fmt: skip
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def polygon(mask: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Return the outline of a mask as an annotator would draw it, with the same box; of parts the hull around all.

    Args:
        mask: (h, w) bool.

    Returns:
        (N, 2) float x, y in pixels, N >= 3; pixel 0 spans 0..1.
    """
    fine = 4
    large = np.pad(np.kron(mask.astype(np.uint8), np.ones((fine, fine), dtype=np.uint8)), 1)
    contours, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = contours[0] if len(contours) == 1 else cv2.convexHull(np.concatenate(contours))
    outline = cv2.approxPolyDP(contour, POLYGON_TOLERANCE_PX * fine, closed=True)[:, 0]
    # Contours run through pixel centres, half a fine pixel inside the true edge. Stretched by as much, the polygon has
    # the mask's box; the padding is taken off.
    first, last = contour[:, 0].min(axis=0), contour[:, 0].max(axis=0)
    return (first - 1 + (outline - first) * (last - first + 1) / (last - first)) / fine
