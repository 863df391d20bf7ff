"""Folders of single-cell pictures: layouts ``kihm2018``, ``liang2024``, ``crops``, raw crops of ``nouaman2024``."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.sources import listing
from rbcflow.sources.image import READ, read_segmented


@dataclass(frozen=True)
class CropFile:
    """A crop that the laboratory already segmented.

    Attributes:
        path: the picture.
        folder: its class's folder.
        class_: the folder's class.
        family: day and pressure (``12_8_0300mbar``), or the folders below the class's; empty where nothing tells them.
        number: unique in its recording.
    """

    path: Path
    folder: str
    class_: str
    family: str
    number: int

    @property
    def recording(self) -> str:
        """The class folder and the family, ``croissant/12_8_0300mbar``."""
        return f"{self.folder}/{self.family}" if self.family else self.folder

    @property
    def group(self) -> str:
        """What must not be divided between splits: the family, or the crop alone where nothing tells it."""
        return self.family or f"{self.folder}/{self.path.stem}"

    def load(self) -> NDArray[np.uint8]:
        """Read the picture, (H, W) uint8 grey, black outside the cell; raises as ``image.read_segmented`` does."""
        return read_segmented(self.path)


def pictures(folder: Path) -> list[Path]:
    """Return a folder's pictures sorted by name; the suffix may be written in any case, hidden files are left out."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in READ and not listing.hidden(path.name))
    return sorted(files, key=lambda path: path.name)


def folders_of_pictures(folder: Path, *ignored: str) -> list[str]:
    """Return the relative names of all folders, at any depth, that have pictures in them, sorted.

    Args:
        folder: the source's files.
        ignored: folders in it that are passed over.
    """
    names = (Path(name) for name in listing.files(folder) if Path(name).suffix.lower() in READ)
    return sorted({name.parent.as_posix() for name in names if name.parts[0] not in ignored and len(name.parts) > 1})


def subfolders(folder: Path, *ignored: str) -> list[Path]:
    """Return the visible folders in a folder, sorted by name, without those of the given names."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not listing.hidden(path.name) and path.name not in ignored
    )


def class_of(recording: str) -> str:
    """Return the class of a folder of crops: that of the nearest folder that is named after one.

    Raises:
        KeyError: there is none; the message names all that are known.
    """
    for part in reversed(Path(recording).parts[1:]):
        with contextlib.suppress(KeyError):
            return class_name(part)
    return class_name(Path(recording).parts[0])


def require_classes(folder: Path, recordings: list[str]) -> None:
    """Refuse a folder of crops that is named after no class.

    Raises:
        InputError: names the folder and what is known.
    """
    for recording in recordings:
        try:
            class_of(recording)
        except KeyError as error:
            found = f"the folder name {Path(recording).name!r}"
            raise InputError(folder / recording, found, str(error.args[0])) from error


def require_pictures(folder: Path, recordings: list[str], example: str) -> None:
    """Refuse a source without a single picture.

    Raises:
        InputError: names the folder and what would be found in one.
    """
    if not any(pictures(folder / recording) for recording in recordings):
        raise InputError(folder, "no picture", example)


def pressure(name: str) -> str:
    """Return ``300 mbar`` for a name that ends in ``0300mbar``, and nothing for any other."""
    match = re.search(r"(\d+) ?mbar$", name, re.IGNORECASE)
    return f"{int(match[1])} mbar" if match else ""
