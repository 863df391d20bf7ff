"""Crops of single cells of one's own, of any size: a folder for each class, or for each donor and in it for each class.

Used by the rules of stages ``raw`` and ``cells``. A recording is a folder of crops: ``slipper``, ``donor_1/slipper``.
Folders have the name of a class under any spelling that this workflow knows (``Slippers``, ``parachute``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.arrange import Arrangement, is_picture, of_class
from rbcflow.sources.croplists import pictures, subfolders
from rbcflow.sources.image import read_equal_grey
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "crops"
OF_CROPS = True
EXPECTED = "crops in a folder of their class, or of their donor and in it their class"
LEAST = 8
"""Shortest side in pixels: smaller pictures show no shape."""


def arrange(result: Arrangement, names: list[str]) -> None:
    """Take every picture in a folder of a class, or of a donor and a class, where it lies."""
    for name in names:
        folders = PurePosixPath(name).parts[:-1]
        if (
            is_picture(name)
            and len(folders) in (1, 2)
            and of_class(folders[-1])
            and not any(map(of_class, folders[:-1]))
        ):
            result.put(name, name)


def recordings(folder: Path) -> list[str]:
    """Return the names of all folders of crops, relative to the source's folder, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in _folders(folder) if _class(path))


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey crops of a folder in order of their names.

    Raises:
        InputError: a file is no picture, not 8-bit, or has colours.
    """
    place = Path(recording)
    donor = place.parent.as_posix() if len(place.parts) > 1 else ""
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_equal_grey(path), source, donor, recording, index,
            label=class_name(place.name), group=donor or f"{recording}/{path.stem}", file=f"{recording}/{path.name}",
        )  # fmt: skip


def bad_files(folder: Path) -> BadFiles:
    """Return every crop that cannot be read or is too small.

    Raises:
        InputError: there is no crop at all, or a folder has a name that means no class.
    """
    for own in subfolders(folder, "truth"):
        strange = [path for path in (subfolders(own) or [own]) if not _class(path)]
        if strange and not _class(own):
            expected = "a class (croissant, slipper or other), or a donor with folders of classes"
            raise InputError(strange[0], f"the folder name {strange[0].name!r}", expected)
    crops = [path for name in recordings(folder) for path in pictures(folder / name)]
    if not crops:
        raise InputError(folder, "no picture", "slipper/*.png, croissant/*.png or other/*.png")
    return inspect(folder, crops, _probe)


def _folders(folder: Path) -> list[Path]:
    """Return the folders of a source and those in them."""
    own = subfolders(folder, "truth")
    return own + [inner for path in own if not _class(path) for inner in subfolders(path)]


def _class(folder: Path) -> str:
    """Return the class that a folder's name means, "" if none."""
    try:
        return class_name(folder.name)
    except KeyError:
        return ""


def _probe(path: Path) -> None:
    image = read_equal_grey(path)
    if min(image.shape) < LEAST:
        height, width = image.shape
        raise InputError(path, f"{width}x{height} pixels", f"at least {LEAST} on every side")
