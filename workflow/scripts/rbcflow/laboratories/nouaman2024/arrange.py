"""Where the files of a laboratory go in the layout ``nouaman2024``, wherever they lie (stage ``raw``).

Videos belong to the donor whose folder they are in, annotated pictures to a video, crops to a class by their folder:
with their background where they are in a folder of their pressure, else cut out on black.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

from rbcflow.core.errors import InputError
from rbcflow.sources.arrange import Arrangement, class_folder, is_picture
from rbcflow.sources.coco import LISTS, load
from rbcflow.sources.exports import FRAMES, VIDEOS, Pictures, Videos, donor_folder
from rbcflow.sources.listing import TRUTH, kind_of

ANNOTATIONS = "annotations/result.json"
RAW_CROPS, UNDATED = "raw_crops", "undated"
PRESSURE = re.compile(r"\d+ ?mbar", re.IGNORECASE)
SAID = ("image_id", "category_id", "segmentation")
EXPECTED = (
    "videos in a folder of their donor, pictures that the annotations name, crops in a folder of their class, "
    "or of class and pressure"
)


def arrange(result: Arrangement, names: list[str], *, without_polygons: str = "empty") -> None:
    """Give videos, annotated pictures and crops their places, and write the annotations anew.

    Args:
        result: gets the places.
        names: of the recognisable files.
        without_polygons: whether annotated frames without any polygon are ``empty``, or to ``leave_out``.

    Raises:
        InputError: several exports, a broken one, or one that names a picture that is not there.
    """
    recordings = _videos(result, [name for name in names if kind_of(name) == "video"])
    pictures = [name for name in names if is_picture(name)]
    if export := _export(result):
        _annotated(result, export, pictures, recordings, without_polygons)
    placed = set(result.places.values()) | set(result.bad)
    for name in pictures:
        if name not in placed and FRAMES not in (part.lower() for part in PurePosixPath(name).parts[:-1]):
            _crop(result, name)


def _videos(result: Arrangement, names: list[str]) -> list[str]:
    """Give videos their places and return the names of their recordings."""
    recordings = []
    for name in names:
        number = donor_folder(name, VIDEOS)
        if number is None:
            expected = "a folder of its donor, videos/<donor>/<video>, or one with `donor` in its name"
            result.refuse(name, "a video in no donor's folder", expected)
            continue
        inside = PurePosixPath(*PurePosixPath(name).parts[number:])
        result.put(PurePosixPath(VIDEOS, inside), name)
        if name not in result.bad:
            recordings.append(str(inside.with_suffix("")))
    return recordings


def _export(result: Arrangement) -> str | None:
    """Return the name of the annotations, the one COCO export below the source's folder.

    Raises:
        InputError: there are several.
    """
    found = []
    for name, path in result.listing.files.items():
        if not name.startswith(f"{TRUTH}/") and path.suffix.lower() == ".json":
            text = path.read_bytes()
            if b'"original_width"' in text and not all(f'"{key}"'.encode() in text for key in LISTS):
                result.refuse(
                    name, "an export in Label Studio's own format", "Export > COCO in Label Studio; `ignore:` this one"
                )
            elif path.name == "result.json" or all(f'"{key}"'.encode() in text for key in LISTS):
                found.append(name)
    if len(found) > 1:
        expected = "one export; merge them in Label Studio, or `ignore:` the others"
        raise InputError(result.listing.folder, f"{len(found)} COCO exports: {', '.join(found[:3])}", expected)
    return found[0] if found else None


def _annotated(
    result: Arrangement, export: str, names: list[str], recordings: list[str], without_polygons: str
) -> None:
    """Give annotated pictures the places of their videos' frames and write the export with these."""
    file, folder = result.listing.files[export], result.listing.folder
    document, pictures, videos = load(file), Pictures(names), Videos(recordings)
    outlined = {_image_id(one) for one in document["annotations"]}
    empty = [image["id"] for image in document["images"] if image["id"] not in outlined]
    result.annotated = len(document["images"]) - len(empty), len(empty)
    _say_empty(result, len(empty), len(document["images"]), without_polygons)
    left_out = set(empty) if without_polygons == "leave_out" else set()
    kept, seen = [], set()
    for image in document["images"]:
        where, beside = f"image {image['id']}", str(PurePosixPath(export).parent)
        name = pictures.find(file, where, image.get("file_name"), beside)
        if name in seen:
            raise InputError(file, f"image {name} 2 times", "each image once", where="images")
        seen.add(name)
        try:
            recording, number = videos.frame(folder, name)
        except InputError as error:
            result.bad[name] = error
            continue
        place = f"{FRAMES}/{recording}_{number:05d}{PurePosixPath(name).suffix.lower()}"
        result.put(place, name)
        if name not in result.bad and image["id"] not in left_out:
            kept.append({**image, "file_name": f"../../{place}"})
    gone = {image["id"] for image in document["images"]} - {image["id"] for image in kept}
    document["images"] = kept
    document["annotations"] = _each_once(result, [one for one in document["annotations"] if _image_id(one) not in gone])
    result.places[ANNOTATIONS] = export
    result.texts[ANNOTATIONS] = json.dumps(document)


def _image_id(annotation: dict) -> int | str | None:
    """Return the id of an annotation's picture, None where it is none; what is wrong with it is said by the reader."""
    value = annotation.get("image_id")
    return value if isinstance(value, int | str) else None


def _each_once(result: Arrangement, annotations: list[dict]) -> list[dict]:
    """Return annotations without those that say the same again, as two exports put together do."""
    first = {json.dumps([one.get(key) for key in SAID]): one for one in reversed(annotations)}
    kept = list(reversed(first.values()))
    if again := len(annotations) - len(kept):
        result.remarks.append(f"{again} polygons are there twice, point by point: each counts once")
    return kept


def _say_empty(result: Arrangement, empty: int, all_: int, without_polygons: str) -> None:
    """Remark on annotated pictures without any polygon: they show nothing, or nobody has looked at them yet."""
    if not empty:
        return
    taken = {
        "leave_out": "they are left out, as they may not have been labelled yet; with `without_polygons: empty` in the "
        "source's entry they count as frames that show no cell",
        "empty": "they count as frames that show no cell, as `without_polygons: empty` says",
    }
    result.remarks.append(f"{empty} of {all_} annotated pictures have no polygon: {taken[without_polygons]}")


def _crop(result: Arrangement, name: str) -> None:
    """Give the picture of a single cell its place, if its folders say what it is."""
    path = PurePosixPath(name)
    folders, number = path.parts[:-1], class_folder(name)
    if number is None:
        return
    pressures = [place for place, folder in enumerate(folders) if PRESSURE.fullmatch(folder)]
    if not pressures:
        result.put(PurePosixPath(*path.parts[number:]), name)
        return
    pressure = pressures[-1]
    day = "_".join(part for part in folders[: min(number, pressure)] if part != RAW_CROPS) or UNDATED
    deeper = folders[max(number, pressure) + 1 :]
    place = PurePosixPath(RAW_CROPS, day, folders[number], folders[pressure], *deeper, path.name)
    result.put(place, name)
