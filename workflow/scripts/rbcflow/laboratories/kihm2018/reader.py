"""The layout of Kihm et al. 2018 (PLoS Comput. Biol., e1006278): 90x90 grey crops by shape, and by pressure and shape.

Used by the rules of stages ``raw`` and ``cells``. A recording is a folder of crops: ``Croissant``, ``Slipper``, and
those of the paper's supporting file S3, ``CNN input data/001_Crop_Pics_w_parameters_20mbar/Slippers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rbcflow.core.frames import Frame
from rbcflow.sources.arrange import Arrangement, class_folder, is_picture, of_class
from rbcflow.sources.croplists import (  # fmt: skip
    class_of,
    folders_of_pictures,
    pictures,
    pressure,
    require_classes,
    require_pictures,
    subfolders,
)
from rbcflow.sources.image import read_equal_grey, require_size
from rbcflow.sources.listing import TRUTH
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "kihm2018"
OF_CROPS = True
S3 = "CNN input data"
S3_SHAPES = ("Slippers", "Others", "Croissants")
S3_FOLDER = r".*\d+ ?mbar"
"""A folder of a pressure: 001_Crop_Pics_w_parameters_20mbar, or however its owner calls it."""
EXPECTED = "crops in a folder of their class (Croissant, Slipper, Sheared, ...), by pressure or not"
SIZE = 90


def arrange(result: Arrangement, names: list[str]) -> None:
    """Give every crop the place of its class, and of its pressure where a folder of the supporting file tells it."""
    for name in names:
        number, parts = class_folder(name), PurePosixPath(name).parts
        if number is None or not is_picture(name):
            continue
        by_pressure = number > 0 and re.fullmatch(S3_FOLDER, parts[number - 1])
        result.put(PurePosixPath(*([S3, *parts[number - 1 :]] if by_pressure else parts[number:])), name)


def recordings(folder: Path) -> list[str]:
    """Return the names of all folders of crops, relative to the source's folder, sorted.

    A folder of a class is one also where it is empty.
    """
    shapes = [path.name for path in subfolders(folder, TRUTH, S3) if of_class(path.name)]
    s3 = [
        f"{S3}/{pressure_folder.name}/{name}"
        for pressure_folder in subfolders(folder / S3)
        for name in S3_SHAPES
        if (pressure_folder / name).is_dir()
    ]
    return sorted({*shapes, *s3, *folders_of_pictures(folder, TRUTH)})


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey crops of a folder in order of their names.

    Raises:
        InputError: a file is no picture, not 8-bit, or has colours.
    """
    label = class_of(recording)
    condition = next(filter(None, map(pressure, reversed(Path(recording).parts))), "")
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_equal_grey(path), source, "", recording, index, condition,
            label=label, group=f"{recording}/{path.stem}", file=f"{recording}/{path.name}",
        )  # fmt: skip


def bad_files(folder: Path) -> BadFiles:
    """Return every crop that cannot be read or is not 90x90.

    Raises:
        InputError: there is no crop at all, or a folder is named after no class.
    """
    names = recordings(folder)
    require_classes(folder, names)
    require_pictures(folder, names, f"Croissant/*.bmp, Slipper/*.bmp or {S3}/")
    return inspect(folder, (path for name in names for path in pictures(folder / name)), _probe)


def _probe(path: Path) -> None:
    require_size(path, read_equal_grey(path), (SIZE, SIZE))


def place_in_archive(member: PurePosixPath) -> PurePosixPath | None:
    """Return where a member of the supporting zip file goes; what is no crop by pressure and shape is left out.

    Folders above those of the pressures do not matter: they are named differently by different unpackers.
    """
    if len(member.parts) < 3 or not is_picture(member.name) or member.name.startswith("."):
        return None
    place, shape = member.parts[-3:-1]
    wanted = re.fullmatch(S3_FOLDER, place) and shape in S3_SHAPES and "__MACOSX" not in member.parts
    return PurePosixPath(S3, place, shape, member.name) if wanted else None
