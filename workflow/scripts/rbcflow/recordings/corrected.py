"""Corrected labels of own frames, by class name, whichever tool they come from (rule ``cut_corrected``).

A folder or a zip file with label files of YOLO and the list of their class names, with COCO's JSON, or with the files
that X-AnyLabeling leaves beside the images. Which frame is meant stands in the name of its file.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import yaml

from rbcflow.core.boxes import FloatArray, clip, from_yolo
from rbcflow.core.classes import CLASSES, class_name
from rbcflow.core.errors import InputError
from rbcflow.sources.exports import UPLOAD

LISTS = ("classes.txt", "obj.names", "data.yaml", "dataset.yaml")
"""Files that say what the numbers of YOLO's classes mean, the first that is there."""

PASSED_OVER = ("train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt", "notes.txt")
"""Texts beside the labels that hold none."""

TOLERANCE_PX = 1.0
"""A box may end so far outside of its frame: tools store percentages, and hands slip. It is cut to the frame."""

LARGEST = 1 << 26
"""Bytes of a file of labels, 64 MiB: a larger one in an archive is none."""


@dataclass(frozen=True)
class Known:
    """A recording that corrected frames may be of: its frames' width and height in pixels, and their numbers."""

    width: int
    height: int
    numbers: frozenset[int]


@dataclass(frozen=True)
class Corrected:
    """A frame with its true boxes.

    Attributes:
        recording, number: which.
        classes: names, one a box.
        boxes: (N, 4) corners in pixels of the whole frame.
        file: where the labels stand, for messages.
    """

    recording: str
    number: int
    classes: tuple[str, ...]
    boxes: FloatArray
    file: str


def read(folder: Path, known: dict[str, Known]) -> list[Corrected]:
    """Return the corrected frames, sorted by recording and number.

    Args:
        folder: of the labels, or a zip file with them.
        known: the recordings of the sheet.

    Raises:
        InputError: no labels, labels of a frame that is none, twice of one, no names of classes, a class that is none,
            a box that is none or lies outside. Names file and line, what was found and what was expected.
    """
    files = dict(_files(folder))
    found = [*_yolo(folder, files, known), *_documents(folder, files, known)]
    if not found:
        expected = "label files of YOLO (.txt), COCO's JSON or X-AnyLabeling's, as exported by a labelling tool"
        raise InputError(folder, f"{len(files)} files and no label of a frame", expected)
    frames: dict[tuple[str, int], Corrected] = {}
    for frame in found:
        key = frame.recording, frame.number
        if key in frames:
            expected = f"labels of a frame once; they stand in {frames[key].file} too: leave what you corrected"
            raise InputError(frame.file, f"labels of {frame.recording}, frame {frame.number}", expected)
        frames[key] = frame
    return [frames[key] for key in sorted(frames)]


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the files of a folder or archive that may hold labels, by their paths in it, with what reads them."""
    kinds = (".txt", ".json", ".yaml", ".names")
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in kinds and path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_bytes
        return
    if not folder.is_file():
        raise InputError(folder, "no such folder", "the folder, or the zip file, with corrected labels")
    try:
        with zipfile.ZipFile(folder) as archive:
            members = {one.filename: one for one in archive.infolist() if PurePosixPath(one.filename).suffix in kinds}
            for name, member in sorted(members.items()):
                if member.file_size > LARGEST:
                    raise InputError(f"{folder}/{name}", f"{member.file_size} bytes", f"labels, at most {LARGEST}")
                content = archive.read(member)
                yield name, lambda content=content: content
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise InputError(folder, f"no archive that opens ({error})", "a folder or a zip file") from error


def _text(file: str, read: Callable[[], bytes]) -> str:
    try:
        return read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(file, f"no text ({error.reason})", "labels in UTF-8") from None


def _yolo(folder: Path, files: dict[str, Callable[[], bytes]], known: dict[str, Known]) -> Iterator[Corrected]:
    """Yield the frames of all label files of YOLO."""
    for name in files:
        path = PurePosixPath(name)
        if path.suffix.lower() != ".txt" or path.name.lower() in (*PASSED_OVER, LISTS[0]):
            continue
        file = f"{folder}/{name}"
        recording, number = _frame(file, path.stem, known)
        names = _names(folder, files, path.parent, file)
        own = known[recording]
        rows = [
            _row(file, line, text, names)
            for line, text in enumerate(_text(file, files[name]).splitlines(), start=1)
            if text.strip()
        ]
        values = np.array([row[1] for row in rows], dtype=float).reshape(-1, 4)
        boxes = from_yolo(values, own.width, own.height)
        where = [f"line {row[2]}" for row in rows]
        yield Corrected(recording, number, tuple(row[0] for row in rows), _placed(file, where, boxes, own), file)


def _frame(file: str, stem: str, known: dict[str, Known]) -> tuple[str, int]:
    """Return the recording and frame that the name of a file means."""
    for name in (stem, UPLOAD.sub("", stem)):
        match = re.fullmatch(r"(.+)_f(\d{1,12})", name)
        if match and match[1] in known:
            if (number := int(match[2])) in known[match[1]].numbers:
                return match[1], number
            raise InputError(file, f"frame {number}", f"a frame that {match[1]} has", "name of the file")
    expected = f"the name of a frame as the target `labels` gave it, <recording>_f<number>, of {', '.join(known)}"
    raise InputError(file, repr(stem), expected, "name of the file")


def _names(folder: Path, files: dict[str, Callable[[], bytes]], place: PurePosixPath, file: str) -> list[str]:
    """Return the class names that the numbers of a label file mean: of the nearest list in its folder or above."""
    for parent in (place, *place.parents):
        for listed in LISTS:
            name = (parent / listed).as_posix()
            if name in files:
                text = _text(f"{folder}/{name}", files[name])
                return _described(f"{folder}/{name}", text) if name.endswith(".yaml") else text.splitlines()
    expected = "classes.txt beside or above it, a class name a line: their order differs between tools"
    raise InputError(file, "no list of class names", expected)


def _described(file: str, text: str) -> list[str]:
    """Return the class names of a ``data.yaml`` in the order of their numbers."""
    try:
        names = (yaml.safe_load(text) or {}).get("names")
        return [names[number] for number in range(len(names))]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        raise InputError(file, "no names of classes", "`names`, by number from 0") from None


def _class(file: str, where: str, name: object) -> str:
    try:
        return class_name(str(name))
    except KeyError:
        raise InputError(file, f"class {name!r}", f"one of {', '.join(CLASSES)}, or a known synonym", where) from None


def _row(file: str, line: int, text: str, names: list[str]) -> tuple[str, list[float], int]:
    """Return class, normalised ``xc yc w h`` and line of a row of a label file."""
    parts, where = text.split(), f"line {line}"
    if len(parts) != 5:
        raise InputError(file, f"{len(parts)} values", "5: class xc yc width height", where)
    if not parts[0].isdecimal() or int(parts[0]) >= len(names):
        raise InputError(file, f"class {parts[0]}", f"0 to {len(names) - 1}: {', '.join(names)}", where)
    try:
        values = [float(part) for part in parts[1:]]
    except ValueError:
        raise InputError(file, repr(text), "numbers: class xc yc width height", where) from None
    if not np.isfinite(values).all():
        raise InputError(file, repr(text), "finite numbers", where)
    # names that no box has need not be known
    return _class(file, where, names[int(parts[0])]), values, line


def _placed(file: str, where: list[str], boxes: FloatArray, own: Known) -> FloatArray:
    """Return boxes cut to their frame.

    Raises:
        InputError: a box has no area or lies outside.
    """
    size = np.array([own.width, own.height] * 2, dtype=float)
    for place, box in zip(where, boxes, strict=True):
        shown = ", ".join(f"{value:.1f}" for value in box)
        if not (box[2:] > box[:2]).all():
            raise InputError(file, f"box {shown}", "width and height above 0", place)
        if (box < -TOLERANCE_PX).any() or (box > size + TOLERANCE_PX).any():
            raise InputError(file, f"box {shown}", f"a box inside {own.width}x{own.height} pixels", place)
    return clip(boxes, own.width, own.height)


def _documents(folder: Path, files: dict[str, Callable[[], bytes]], known: dict[str, Known]) -> Iterator[Corrected]:
    """Yield the frames of all JSON files that hold labels; others are passed over."""
    for name in files:
        if not name.endswith(".json"):
            continue
        file = f"{folder}/{name}"
        try:
            document = json.loads(_text(file, files[name]))
        except ValueError as error:
            raise InputError(file, f"no JSON ({error})", "labels as COCO or X-AnyLabeling have them") from None
        if isinstance(document, list) and any(isinstance(one, dict) and "data" in one for one in document):
            # the tasks that went in; what comes out of it as JSON looks alike and is not known to be finished
            if any(one.get("annotations") for one in document if isinstance(one, dict)):
                raise InputError(file, "Label Studio's own JSON", "its export as YOLO or COCO")
        elif isinstance(document, dict) and "shapes" in document:
            yield _labelled(file, PurePosixPath(name).stem, document, known)
        elif isinstance(document, dict) and {"images", "annotations"} <= document.keys():
            yield from _coco(file, document, known)


def _labelled(file: str, stem: str, document: dict[str, Any], known: dict[str, Known]) -> Corrected:
    """Return the frame of a file as X-AnyLabeling and labelme write them, one beside each image."""
    recording, number = _frame(file, stem, known)
    own = known[recording]
    _same_size(file, (document.get("imageWidth"), document.get("imageHeight")), own, "imageWidth, imageHeight")
    classes, boxes, where = [], [], []
    for place, shape in enumerate(document["shapes"], start=1):
        where.append(f"shape {place}")
        try:
            points = np.array(shape["points"], dtype=float).reshape(-1, 2)
            low, high = points.min(axis=0), points.max(axis=0)
        except (KeyError, TypeError, ValueError):
            raise InputError(file, f"{shape!r:.60}", "a rectangle with points", where[-1]) from None
        classes.append(_class(file, where[-1], shape.get("label")))
        boxes.append([*low, *high])
    placed = _placed(file, where, np.array(boxes, dtype=float).reshape(-1, 4), own)
    return Corrected(recording, number, tuple(classes), placed, file)


def _coco(file: str, document: dict[str, Any], known: dict[str, Known]) -> Iterator[Corrected]:
    """Yield the frames of COCO's JSON; an image without an annotation is a frame without a cell."""
    classes = {entry.get("id"): entry.get("name") for entry in _entries(file, document, "categories")}
    images = {}
    for image in _entries(file, document, "images"):
        where = f"image {image.get('id')}"
        # Label Studio may leave a Windows path or an address
        stem = PurePosixPath(re.split(r"[\\=]", str(image.get("file_name")))[-1]).stem
        recording, number = _frame(f"{file} ({where})", stem, known)
        _same_size(file, (image.get("width"), image.get("height")), known[recording], where)
        images[image.get("id")] = (recording, number)
    rows: dict[Any, list[tuple[str, list[float], str]]] = {key: [] for key in images}
    for entry in _entries(file, document, "annotations"):
        where = f"annotation {entry.get('id')}"
        for key, listed in (("image_id", images), ("category_id", classes)):
            if entry.get(key) not in listed:
                raise InputError(file, f"{key} {entry.get(key)!r}", "an id listed in the file", where)
        name = _class(file, where, classes[entry["category_id"]])
        rows[entry["image_id"]].append((name, _bbox(file, entry, where), where))
    for key, own in rows.items():
        recording, number = images[key]
        boxes = np.array([row[1] for row in own], dtype=float).reshape(-1, 4)
        placed = _placed(file, [row[2] for row in own], boxes, known[recording])
        yield Corrected(recording, number, tuple(row[0] for row in own), placed, file)


def _entries(file: str, document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(file, f"{entries!r:.40}", "a list of COCO's entries", key)
    return entries


def _bbox(file: str, entry: dict[str, Any], where: str) -> list[float]:
    """Return the corners of an annotation's ``bbox``."""
    try:
        x, y, width, height = (float(value) for value in entry["bbox"])
    except (KeyError, TypeError, ValueError):
        raise InputError(file, f"bbox {entry.get('bbox')!r:.40}", "four numbers: x y width height", where) from None
    if not np.isfinite([x, y, width, height]).all():
        raise InputError(file, f"bbox {entry['bbox']}", "finite numbers", where)
    return [x, y, x + width, y + height]


def _same_size(file: str, stated: tuple[Any, Any], own: Known, where: str) -> None:
    """Refuse labels of an image that was brought to another size: their places would be wrong.

    Label Studio states no size of an image without boxes.
    """
    if stated not in ((own.width, own.height), (None, None)):
        found = f"an image of {stated[0]}x{stated[1]} pixels"
        raise InputError(file, found, f"{own.width}x{own.height}, as the frames are", where)


def counts(frames: Iterable[Corrected]) -> dict[str, int]:
    """Return how many boxes of each class frames have."""
    named = [name for frame in frames for name in frame.classes]
    return {name: named.count(name) for name in CLASSES}
