"""The layouts of ``config/sources.yaml`` by name (rule ``register_raw``)."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from rbcflow.core.errors import InputError
from rbcflow.sources.crops import reader as crops
from rbcflow.sources.flow_public import reader as flow_public
from rbcflow.sources.kihm2018 import reader as kihm2018
from rbcflow.sources.liang2024 import reader as liang2024
from rbcflow.sources.naples import reader as naples
from rbcflow.sources.nouaman2024 import reader as nouaman2024
from rbcflow.sources.problems import BadFiles, refuse
from rbcflow.sources.yolo_folder import reader as yolo_folder

READERS: dict[str, ModuleType] = {
    module.LAYOUT: module for module in (nouaman2024, naples, flow_public, kihm2018, liang2024, yolo_folder, crops)
}
"""The module of each layout, with ``recordings``, ``read`` and ``bad_files``."""


def check(layout: str, folder: Path) -> None:
    """Validate a folder of raw files before anything is computed from them.

    Args:
        layout: a key of ``READERS``.
        folder: the source's files.

    Raises:
        InputError: the folder is absent or empty, or files in it are wrong; names each of them.
    """
    refuse(folder, bad_files(layout, folder))


def bad_files(layout: str, folder: Path) -> BadFiles:
    """Return what is wrong with each bad file of a folder, by its relative path.

    Args:
        layout: a key of ``READERS``.
        folder: the source's files.

    Raises:
        InputError: the folder is absent or empty, or what is wrong is not a file that could be left out.
    """
    if not folder.is_dir():
        raise InputError(folder, "no such folder", f"a folder of layout {layout}")
    return READERS[layout].bad_files(folder)
