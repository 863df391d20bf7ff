"""The layout of Liang et al. 2024 (Sens. Actuators B 401, 135056): RGB pictures of cells in folders by shape.

Used by the rules of stages ``raw`` and ``cells``. A recording is a folder; a picture's name without its last number,
``50_C001H001S0001``, is the camera recording it is a frame of, and the group of its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.croplists import pictures, require_names, require_pictures, subfolders
from rbcflow.sources.image import read_rgb, require_size
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "liang2024"
SHAPES = ("Parachute", "Rolling", "Slipper", "semi-Parachute", "semi-Rolling", "semi-Slipper")
SIZES = ((100, 50), (100, 66))
"""Widths and heights of the pictures."""


def recordings(folder: Path) -> list[str]:
    """Return the names of the folders by shape that are there, sorted."""
    return [name for name in SHAPES if (folder / name).is_dir()]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W, 3) R, G, B uint8 pictures of a folder in order of their names.

    Raises:
        InputError: a file is no picture or not 8-bit, or its name does not end in a number.
    """
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_rgb(path), source, "", recording, index,
            label=class_name(recording), group=camera_recording(path), file=f"{recording}/{path.name}",
        )  # fmt: skip


def camera_recording(path: Path) -> str:
    """Return ``50_C001H001S0001`` of ``50_C001H001S0001_0042.bmp``.

    Raises:
        InputError: the name is of another form.
    """
    match = re.fullmatch(r"(.+)_\d+", path.stem)
    if match is None:
        raise InputError(path, path.name, "a name such as 50_C001H001S0001_0042.bmp")
    return match[1]


def bad_files(folder: Path) -> BadFiles:
    """Return every picture that cannot be read, or has another size or a name that tells no camera recording.

    Raises:
        InputError: there is no picture at all, or a folder has a name that means nothing.
    """
    require_names(subfolders(folder, "truth"), SHAPES)
    names = recordings(folder)
    require_pictures(folder, names, "Slipper/50_C001H001S0001_0001.bmp and the like")
    return inspect(folder, (path for name in names for path in pictures(folder / name)), _probe)


def _probe(path: Path) -> None:
    camera_recording(path)
    require_size(path, read_rgb(path), *SIZES)
