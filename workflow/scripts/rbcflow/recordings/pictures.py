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
IN_A_ROW = "taken as frame after frame, a lost frame is not seen"
"""What is said where nothing tells the numbers of frames."""
TRAILER = 4096
"""Bytes at the end of a JPEG among which its end is looked for: cameras write notes behind it."""


def listed(folder: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Return the pictures of a folder in natural order, the number of each frame, and warnings.

    Hidden files are passed over, others are counted in a warning. Numbers come from the names where these differ in one
    number alone, so that a missing frame is seen; the first is 0. Cameras count frames before the trigger backwards.

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
        told = "1 file that is no picture was" if others == 1 else f"{others} files that are no pictures were"
        warnings.append(f"{told} passed over")
    for before, after in itertools.pairwise(sorted(files, key=lambda path: path.stem.lower())):
        if before.stem.lower() == after.stem.lower():
            found = f"{before.name} and {after.name}"
            raise InputError(folder, found, "each frame once; put the pictures of one kind into a folder of their own")
    stems = [path.stem for path in files]
    if moments := _decimals(stems):
        files = [file for _, file in sorted(zip(moments, files, strict=True))]
        warnings.append(f"the numbers in the names have decimals, as times do: {IN_A_ROW}")
        return files, list(range(len(files))), tuple(warnings)
    counted = _numbers(stems)
    if not counted:
        if len(files) > 1:
            warnings.append(f"names do not differ in one number alone: {IN_A_ROW}")
        return files, list(range(len(files))), tuple(warnings)
    numbers, files = map(list, zip(*sorted(zip(counted, files, strict=True)), strict=True))
    steps = [after - before for before, after in itertools.pairwise(numbers)] or [1]
    step = math.gcd(*steps)
    if step > 1:
        warnings.append(f"the numbers in the names go up in steps of {step}: taken as frame after frame")
    elif (usual := sorted(steps)[len(steps) // 2]) >= TIMES:
        warnings.append(f"the numbers in the names go up by about {usual}, as times do: {IN_A_ROW}")
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
    """Return the one number in which all names differ, each having its own; nothing where they differ in more.

    It is negative behind a minus where another name has a plus, or no sign, in that place.
    """
    parts = [re.split(r"(\d+)", stem) for stem in stems]
    if len({len(part) for part in parts}) > 1:
        return []
    texts = [tuple(dict.fromkeys(part[place] for part in parts)) for place in range(len(parts[0]))]
    counts = [place for place, values in enumerate(texts) if place % 2 and len({int(value) for value in values}) > 1]
    others = [place for place, values in enumerate(texts) if place % 2 == 0 and len(values) > 1]
    place = counts[0] if len(counts) == 1 else 0
    unsigned = {text.removesuffix("-").removesuffix("+") for text in texts[place - 1]} if place else set()
    if not place or others not in ([], [place - 1]) or (others and len(unsigned) > 1):
        return []
    signs = [-1 if others and part[place - 1].endswith("-") else 1 for part in parts]
    numbers = [sign * int(part[place]) for sign, part in zip(signs, parts, strict=True)]
    return numbers if len(set(numbers)) == len(numbers) else []


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
    # as any viewer shows it: cameras write how they were held into a JPEG, which IMREAD_UNCHANGED passes over
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if jpeg else cv2.IMREAD_UNCHANGED
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    if image is None:
        raise InputError(file, "no readable picture" if content else "an empty file", "a whole picture", where=where)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.dtype not in (np.uint8, np.uint16) or (image.ndim == 3 and image.dtype != np.uint8):
        found = f"{image.dtype} pixels in {1 if image.ndim == 2 else image.shape[2]} channels"
        raise InputError(file, found, "8-bit grey or colours, or 16-bit grey", where=where)
    image = drop_alpha(file, image, where)
    return image if image.ndim == 2 else image[..., ::-1]
