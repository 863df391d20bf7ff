"""A folder of pictures as a recording: natural order, and numbers that the names have."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.sources.alpha import drop_alpha
from rbcflow.sources.tiff import read_picture

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".pgm")
TIFF = (".tif", ".tiff")
JPEG_END = b"\xff\xd9"
TIMES = 10
"""Steps of the numbers in names, without a common divisor, from which on they are taken for times."""
TRAILER = 4096
"""Bytes at the end of a JPEG among which its end is looked for: cameras write notes behind it."""


def listed(folder: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Return the pictures of a folder in natural order, the number of each frame, and warnings.

    Hidden files are passed over, others are counted in a warning. Numbers come from the names where these differ in
    their last number alone, so that a missing frame is seen; the first is 0.

    Raises:
        InputError: no picture in it, or one frame in two files.
    """
    visible = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    files = sorted((path for path in visible if path.suffix.lower() in SUFFIXES), key=lambda path: natural(path.name))
    if not files:
        kinds = sorted({path.suffix.lower() or path.name for path in visible})
        found = f"files of the kinds {', '.join(kinds[:8])}" if kinds else "no file"
        raise InputError(folder, found, f"pictures ({', '.join(SUFFIXES)}), or the path of one recording")
    warnings = []
    if others := len(visible) - len(files):
        warnings.append(f"{others} files that are no pictures were passed over")
    for before, after in itertools.pairwise(sorted(files, key=lambda path: path.stem.lower())):
        if before.stem.lower() == after.stem.lower():
            found = f"{before.name} and {after.name}"
            raise InputError(folder, found, "each frame once; put the pictures of one kind into a folder of their own")
    if moments := _decimals([path.stem for path in files]):
        files = [file for _, file in sorted(zip(moments, files, strict=True))]
        warnings.append(
            "the numbers in the names have decimals, as times do: taken as frame after frame, a lost frame is not seen"
        )
        return files, list(range(len(files))), tuple(warnings)
    numbers = _numbers([path.stem for path in files])
    steps = [after - before for before, after in itertools.pairwise(numbers)] or [1]
    step = math.gcd(*steps)
    if step > 1:
        warnings.append(f"the numbers in the names go up in steps of {step}: taken as frame after frame")
    elif (usual := sorted(steps)[len(steps) // 2]) >= TIMES:
        warnings.append(
            f"the numbers in the names go up by about {usual}, as times do: taken as frame after frame, "
            "a lost frame is not seen"
        )
        numbers = list(range(len(files)))
    return files, [(number - numbers[0]) // step for number in numbers], tuple(warnings)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts ``frame2`` before ``frame10``."""
    parts = re.split(r"(\d+)", name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def _decimals(stems: list[str]) -> list[float]:
    """Return the decimal numbers that are all in which names differ, of several lengths: 0.5 comes after 0.25.

    Nothing where a number ends in a needless zero: 1.10 after 1.9 counts on.
    """
    found = [re.fullmatch(r"(.*?)(\d+(?:\.(\d+))?)(\D*)", stem) for stem in stems]
    if not all(found) or len({(match[1], match[4]) for match in found}) > 1:
        return []
    parts = [match[3] or "" for match in found]
    if len({len(part) for part in parts}) == 1 or any(part.endswith("0") and part != "0" for part in parts):
        return []
    return [float(match[2]) for match in found]


def _numbers(stems: list[str]) -> list[int]:
    """Return the last number in each name where that is all in which names differ, else the place in the order."""
    found = [re.fullmatch(r"(.*?)(\d+)(\D*)", stem) for stem in stems]
    if all(found) and len({(match[1], match[3]) for match in found}) == 1:
        numbers = [int(match[2]) for match in found]
        if all(before < after for before, after in itertools.pairwise(numbers)):
            return numbers
    return list(range(len(stems)))


def channels(file: Path) -> int:
    """Return 1 for a grey picture and 3 for one with colours."""
    return 1 if _decode(file, 0).ndim == 2 else 3


def read(files: list[Path], numbers: list[int]) -> Iterator[tuple[int, NDArray]]:
    """Yield number and (H, W) uint8 or uint16 grey of each picture; colours are weighted.

    Raises:
        InputError: a file is broken, cut short, transparent, has 16-bit colours, or another size or depth than the
            first.
    """
    like = None
    for number, file in zip(numbers, files, strict=True):
        image = to_grey(_decode(file, number))
        own = (image.shape, image.dtype)
        like = like or own
        if own != like:
            found, expected = (f"{shape[1]}x{shape[0]} pixels, {kind}" for shape, kind in (own, like))
            raise InputError(file, found, f"{expected}, as {files[0].name}", where=f"frame {number}")
        yield number, image


def _decode(file: Path, number: int) -> NDArray:
    """Return (H, W) uint8 or uint16, or (H, W, 3) uint8 R, G, B."""
    where = f"frame {number}"
    if file.suffix.lower() in TIFF:
        return read_picture(file)
    content = file.read_bytes()
    jpeg = content.startswith(b"\xff\xd8")
    if jpeg and JPEG_END not in content[-TRAILER:]:
        raise InputError(file, f"a picture cut short at byte {len(content)}", "a whole picture", where=where)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if image is None:
        raise InputError(file, "no readable picture" if content else "an empty file", "a whole picture", where=where)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.dtype not in (np.uint8, np.uint16) or (image.ndim == 3 and image.dtype != np.uint8):
        found = f"{image.dtype} pixels in {1 if image.ndim == 2 else image.shape[2]} channels"
        raise InputError(file, found, "8-bit grey or colours, or 16-bit grey", where=where)
    image = drop_alpha(file, image, where)
    return image if image.ndim == 2 else image[..., ::-1]
