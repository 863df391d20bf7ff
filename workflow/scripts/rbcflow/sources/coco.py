"""Polygon annotations as Label Studio exports them (COCO JSON), for the ``nouaman2024`` layout of stage ``raw``.

Which pictures its entries mean, and which videos they are frames of, is found in ``exports``.

Everything is validated before the first polygon is used. Coordinates are continuous: (0, 0) is the corner of the image
and (0.5, 0.5) the centre of its first pixel, so a polygon's extremes are a half-open box.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import FloatArray
from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError

LISTS = ("images", "categories", "annotations")
_NUMBER = re.compile("0|[1-9][0-9]*")
"""A whole number as text; one with zeros before it is a name."""
PREFIX = "../../"
"""What Label Studio puts before an image path (preprint's repository: the prefix is stripped)."""
TOLERANCE = 0.5
"""Pixels by which a vertex may lie outside its image: Label Studio stores percentages, and hands slip."""


@dataclass(frozen=True)
class Polygon:
    """One annotated object: one polygon, or several where something hides a part of it.

    Attributes:
        annotation_id: the export's.
        class_: a name of ``classes.CLASSES``.
        parts: (N, 2) x, y vertices each, in pixels, clipped to the image, N >= 3.
    """

    annotation_id: int
    class_: str
    parts: tuple[FloatArray, ...]

    @property
    def points(self) -> FloatArray:
        """The vertices of all parts."""
        return np.concatenate(self.parts)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Half-open bounding box in pixels."""
        (x0, y0), (x1, y1) = self.points.min(axis=0), self.points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    @property
    def area(self) -> float:
        """Area in square pixels, parts summed up; 0 for vertices on one line, which are no error here."""
        return sum(_area(part) for part in self.parts)


@dataclass(frozen=True)
class AnnotatedImage:
    """An image of the export and its polygons, if any; ``path`` is relative to the source's folder."""

    path: Path
    width: int
    height: int
    polygons: tuple[Polygon, ...]


def _area(points: FloatArray) -> float:
    """Return the area of a polygon in square pixels by the shoelace formula."""
    x, y = (points - points[0]).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def read_coco(path: Path, root: Path, without: Collection[str] = ()) -> list[AnnotatedImage]:
    """Read and validate a COCO export of polygons.

    Args:
        path: the JSON file.
        root: the source's folder, against which image paths are resolved after ``../..`` is stripped.
        without: images to leave out with their polygons, as paths relative to the source's folder.

    Returns:
        All images of the export, sorted by path.

    Raises:
        InputError: no JSON or no COCO; a missing image; an image size that is not as stated; an unknown class or image
            id; a polygon with fewer than three points, with NaN, or outside its image. Names the id.
    """
    document = json.loads(without_images(path, without)) if without else load(path)
    classes = _classes(path, document["categories"])
    images = {image["id"]: _image(path, root, image) for image in document["images"]}
    name, count = Counter(image.path for image in images.values()).most_common(1)[0] if images else (None, 0)
    if count > 1:
        raise InputError(path, f"image {name} {count} times", "each image once", where="images")
    polygons: dict[int, list[Polygon]] = {key: [] for key in images}
    for annotation in document["annotations"]:
        where = f"annotation {annotation.get('id')}"
        _known(path, where, "image_id", annotation, images)
        _known(path, where, "category_id", annotation, classes)
        image = images[annotation["image_id"]]
        parts = _parts(path, where, annotation.get("segmentation"), image.width, image.height)
        polygon = Polygon(annotation["id"], classes[annotation["category_id"]], parts)
        polygons[annotation["image_id"]].append(polygon)
    full = (
        AnnotatedImage(image.path, image.width, image.height, tuple(polygons[key])) for key, image in images.items()
    )
    return sorted(full, key=lambda image: image.path)


def without_images(path: Path, names: Collection[str]) -> str:
    """Return the text of an export without some of its images and what was annotated on them.

    Args:
        path: the JSON file.
        names: paths of the images relative to the source's folder.

    Raises:
        InputError: the file is no COCO export.
    """
    document = load(path)
    left_out = {image["id"] for image in document["images"] if _relative(image).as_posix() in names}
    document["images"] = [image for image in document["images"] if image["id"] not in left_out]
    document["annotations"] = [one for one in document["annotations"] if one.get("image_id") not in left_out]
    return json.dumps(document)


def load(path: Path) -> dict[str, list[dict]]:
    """Return the parsed export, its three lists present and its ids whole numbers or texts.

    Raises:
        InputError: no JSON, or no COCO export; names the list.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "the COCO export of the annotations")
    try:
        # as bytes: a mark of their order at the beginning, as Windows sets it, tells the encoding
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"no JSON ({error})", "a COCO export") from error
    for key in LISTS:
        if not isinstance(document, dict) or not isinstance(document.get(key), list):
            raise InputError(path, f"no list {key!r}", "a COCO export with images, categories and annotations")
        for number, entry in enumerate(document[key], start=1):
            if not isinstance(entry, dict):
                raise InputError(path, f"{entry!r:.60}", "a COCO entry with an id", where=f"{key}, entry {number}")
            _whole_ids(entry)
            if not isinstance(entry.get("id"), int | str):
                found = f"an entry without id ({entry.get('id')!r})"
                raise InputError(path, found, "a COCO entry with an id", where=f"{key}, entry {number}")
        number, count = (
            Counter(entry["id"] for entry in document[key]).most_common(1)[0] if document[key] else (None, 0)
        )
        if count > 1:
            raise InputError(path, f"id {number} {count} times", "unique ids", where=key)
    return document


def _whole_ids(entry: dict) -> None:
    """Make whole numbers of ids with a point, as spreadsheets and pandas leave them, and of those that are texts."""
    for key in ("id", "image_id", "category_id"):
        value = entry.get(key)
        if (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
            entry[key] = int(value)


def _classes(path: Path, categories: list[dict]) -> dict[int, str]:
    """Return class names by category id."""
    classes = {}
    for category in categories:
        try:
            classes[category["id"]] = class_name(str(category.get("name")))
        except KeyError as error:
            raise InputError(path, error.args[0], "a known class", where=f"category {category['id']}") from error
    return classes


def _relative(image: dict) -> Path:
    """Return an image's path relative to the source's folder."""
    return Path(str(image.get("file_name")).removeprefix(PREFIX))


def _image(path: Path, root: Path, image: dict) -> AnnotatedImage:
    """Return an image without polygons after its file was found and its size compared."""
    where = f"image {image['id']}"
    relative = _relative(image)
    file = root / relative
    # Not resolved: the folder may hold links to files that lie elsewhere (``bad_files: skip``).
    if not Path(os.path.normpath(file)).is_relative_to(os.path.normpath(root)):
        raise InputError(path, f"file_name {image.get('file_name')!r}", f"a path inside {root}", where=where)
    if not file.is_file():
        raise InputError(path, f"missing image {relative}", "an image file", where=where)
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(file, "no readable picture", "the annotated image", where=f"{path}, {where}")
    stated, found = (image.get("width"), image.get("height")), (pixels.shape[1], pixels.shape[0])
    if stated != found:
        raise InputError(path, f"size {stated} stated for {relative}", f"its size {found}", where=where)
    return AnnotatedImage(relative, *found, ())


def _known(path: Path, where: str, key: str, annotation: dict, known: dict) -> None:
    """Refuse an annotation that refers to an id that is not there."""
    if not isinstance(annotation.get(key), int | str) or annotation[key] not in known:
        raise InputError(path, f"unknown {key} {annotation.get(key)!r}", "an id listed in the file", where=where)


def _parts(path: Path, where: str, segmentation: object, width: int, height: int) -> tuple[FloatArray, ...]:
    """Return the vertices of each part of an annotation, (N, 2) in pixels, validated and clipped to the image."""
    parts = isinstance(segmentation, list) and segmentation and all(isinstance(part, list) for part in segmentation)
    if not parts:
        expected = "polygons [[x, y, x, y, ...], ...]: outlines by hand, no rectangles and no brush"
        raise InputError(path, f"segmentation {segmentation!r:.60}", expected, where=where)
    return tuple(_points(path, where, part, width, height) for part in segmentation)


def _points(path: Path, where: str, part: list, width: int, height: int) -> NDArray[np.float64]:
    """Return the vertices of one polygon."""
    try:
        flat = np.array(part, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(path, f"a vertex that is no number ({error})", "x, y numbers", where=where) from error
    if flat.ndim != 1 or flat.size % 2 or flat.size < 6:
        raise InputError(path, f"{flat.size / 2:g} points", "at least 3 points", where=where)
    if not np.isfinite(flat).all():
        raise InputError(path, "a vertex that is NaN or infinite", "finite coordinates", where=where)
    if flat.min() >= 0 and flat.max() <= 1:
        raise InputError(
            path, f"a polygon within one pixel, {part!r:.60}", "pixels, no shares of the image", where=where
        )
    points, size = flat.reshape(-1, 2), np.array([width, height], dtype=float)
    outside = (points < -TOLERANCE) | (points > size + TOLERANCE)
    if outside.any():
        x, y = points[outside.any(axis=1)][0]
        raise InputError(path, f"vertex ({x:g}, {y:g})", f"vertices inside {width}x{height} pixels", where=where)
    return points.clip(0, size)
