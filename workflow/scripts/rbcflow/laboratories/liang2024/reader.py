"""The layout of Liang et al. 2024 (Sens. Actuators B 401, 135056): RGB pictures of cells in folders by shape.

Used by the rules of stages ``raw`` and ``cells``. A recording is a folder; a picture's name without its last number,
``50_C001H001S0001``, is the camera recording it is a frame of, and the group of its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.arrange import Arrangement, class_folder, is_picture, of_class
from rbcflow.sources.croplists import (  # fmt: skip
    class_of,
    folders_of_pictures,
    pictures,
    require_classes,
    require_pictures,
    subfolders,
)
from rbcflow.sources.image import read_rgb, require_size
from rbcflow.sources.listing import TRUTH
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "liang2024"
OF_CROPS = True
EXPECTED = "pictures in a folder of their shape (Slipper, semi-Parachute, ...)"
SIZES = ((100, 50), (100, 66))
"""Widths and heights of the pictures."""


def arrange(result: Arrangement, names: list[str]) -> None:
    """Give every picture the place of its shape."""
    for name in names:
        number = class_folder(name)
        if number is not None and is_picture(name):
            result.put(PurePosixPath(*PurePosixPath(name).parts[number:]), name)


def recordings(folder: Path) -> list[str]:
    """Return the names of the folders by shape that are there, and of folders in them, sorted."""
    shapes = [path.name for path in subfolders(folder, TRUTH) if of_class(path.name)]
    return sorted({*shapes, *folders_of_pictures(folder, TRUTH)})


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W, 3) R, G, B uint8 pictures of a folder in order of their names.

    Raises:
        InputError: a file is no picture or not 8-bit, or its name does not end in a number.
    """
    label = class_of(recording)
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_rgb(path), source, "", recording, index,
            label=label, group=camera_recording(path), file=f"{recording}/{path.name}",
        )  # fmt: skip


def camera_recording(path: Path) -> str:
    """Return ``50_C001H001S0001`` of ``50_C001H001S0001_0042.bmp``.

    A name that is a number alone tells no recording; such a picture is one of its own, ``Slipper/0042``.

    Raises:
        InputError: the name is of another form.
    """
    if path.stem.isdecimal():
        return f"{path.parent.name}/{path.stem}"
    match = re.fullmatch(r"(.+)_\d+", path.stem)
    if match is None:
        raise InputError(path, path.name, "a name such as 50_C001H001S0001_0042.bmp")
    return match[1]


def bad_files(folder: Path) -> BadFiles:
    """Return every picture that cannot be read, or has another size or a name that tells no camera recording.

    Raises:
        InputError: there is no picture at all, or a folder is named after no class.
    """
    names = recordings(folder)
    require_classes(folder, names)
    require_pictures(folder, names, "Slipper/50_C001H001S0001_0001.bmp and the like")
    return inspect(folder, (path for name in names for path in pictures(folder / name)), _probe)


def _probe(path: Path) -> None:
    camera_recording(path)
    require_size(path, read_rgb(path), *SIZES)
