"""The layout of Kihm et al. 2018 (PLoS Comput. Biol., e1006278): 90x90 grey crops by shape, and by pressure and shape.

Used by the rules of stages ``raw`` and ``cells``. A recording is a folder of crops: ``Croissant``, ``Slipper``, and
those of the paper's supporting file S3, ``CNN input data/001_Crop_Pics_w_parameters_20mbar/Slippers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.croplists import pictures, pressure, require_names, require_pictures, subfolders
from rbcflow.sources.image import read_equal_grey, require_size
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "kihm2018"
SHAPES = ("Croissant", "Slipper")
S3 = "CNN input data"
S3_SHAPES = ("Slippers", "Others", "Croissants")
S3_FOLDER = r"\d+_Crop_Pics_w_parameters_\d+mbar"
SIZE = 90


def recordings(folder: Path) -> list[str]:
    """Return the names of all folders of crops, relative to the source's folder, sorted."""
    shapes = [name for name in SHAPES if (folder / name).is_dir()]
    s3 = [
        f"{S3}/{pressure_folder.name}/{name}"
        for pressure_folder in subfolders(folder / S3)
        for name in S3_SHAPES
        if (pressure_folder / name).is_dir()
    ]
    return sorted(shapes + s3)


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey crops of a folder in order of their names.

    Raises:
        InputError: a file is no picture, not 8-bit, or has colours.
    """
    place = Path(recording)
    condition = pressure(place.parent.name)
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_equal_grey(path), source, "", recording, index, condition,
            label=class_name(place.name), group=f"{recording}/{path.stem}", file=f"{recording}/{path.name}",
        )  # fmt: skip


def bad_files(folder: Path) -> BadFiles:
    """Return every crop that cannot be read or is not 90x90.

    Raises:
        InputError: there is no crop at all, or a folder has a name that means nothing.
    """
    require_names(subfolders(folder, "truth"), (*SHAPES, S3))
    for pressure_folder in subfolders(folder / S3):
        if not re.fullmatch(S3_FOLDER, pressure_folder.name):
            name = f"the folder name {pressure_folder.name!r}"
            raise InputError(pressure_folder, name, "a name such as 001_Crop_Pics_w_parameters_20mbar")
        require_names(subfolders(pressure_folder), S3_SHAPES)
    names = recordings(folder)
    require_pictures(folder, names, f"Croissant/*.bmp, Slipper/*.bmp or {S3}/")
    return inspect(folder, (path for name in names for path in pictures(folder / name)), _probe)


def _probe(path: Path) -> None:
    require_size(path, read_equal_grey(path), (SIZE, SIZE))


def place_in_archive(member: PurePosixPath) -> PurePosixPath | None:
    """Return where a member of the supporting zip file goes; what is no crop by pressure and shape is left out.

    Folders above those of the pressures do not matter: they are named differently by different unpackers.
    """
    if len(member.parts) < 3 or member.suffix.lower() != ".bmp" or member.name.startswith("."):
        return None
    place, shape = member.parts[-3:-1]
    wanted = re.fullmatch(S3_FOLDER, place) and shape in S3_SHAPES and "__MACOSX" not in member.parts
    return PurePosixPath(S3, place, shape, member.name) if wanted else None
