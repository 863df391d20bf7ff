"""Folders of single-cell pictures: layouts ``kihm2018``, ``liang2024``, ``crops``, raw crops of ``nouaman2024``."""

from __future__ import annotations

import re
from pathlib import Path

from rbcflow.core.errors import InputError

BMP = (".bmp",)


def pictures(folder: Path, suffixes: tuple[str, ...] = BMP) -> list[Path]:
    """Return a folder's pictures sorted by name; a suffix may be written in any case, hidden files are left out."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith("."))
    return sorted(files, key=lambda path: path.name)


def subfolders(folder: Path, *ignored: str) -> list[Path]:
    """Return the visible folders in a folder, sorted by name, without those of the given names."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in ignored
    )


def require_names(folders: list[Path], allowed: tuple[str, ...]) -> None:
    """Refuse a folder of crops whose name the layout does not know.

    Raises:
        InputError: names the folder and what is allowed.
    """
    for folder in folders:
        if folder.name not in allowed:
            raise InputError(folder, f"the folder name {folder.name!r}", f"one of {', '.join(allowed)}")


def require_pictures(folder: Path, recordings: list[str], example: str) -> None:
    """Refuse a source without a single picture.

    Raises:
        InputError: names the folder and what would be found in one.
    """
    if not any(pictures(folder / recording) for recording in recordings):
        raise InputError(folder, "no BMP", example)


def pressure(name: str) -> str:
    """Return ``300 mbar`` for a name that ends in ``0300mbar``, and nothing for any other."""
    match = re.search(r"(\d+)mbar$", name)
    return f"{int(match[1])} mbar" if match else ""
