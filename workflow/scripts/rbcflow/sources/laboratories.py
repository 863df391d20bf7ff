"""All laboratories by layout: those of this package, and those that a configuration names (key ``laboratories``).

A laboratory from outside is a folder with ``laboratory.py`` and ``reader.py``, and ``phantom.py`` and ``testsets.py``
where there are any. Jobs are told of it by the environment, which they inherit, on a cluster too.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.sources.laboratory import Laboratory, TestSetKind

OURS = ("nouaman2024", "naples", "kihm2018", "liang2024", "crops", "yolo_folder", "flow_public")
SIMULATED = "simulated"
"""The layout of single cells simulated by the phantom's cell model, which has no files."""

VARIABLE = "RBCFLOW_LABORATORIES"
"""Environment variable with the folders of laboratories from outside, separated as in ``PATH``."""

PREFIX = "rbcflow_laboratory_"


def folders() -> list[Path]:
    """Return the folders of the laboratories from outside."""
    return [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]


def tell(outside: Iterable[str]) -> None:
    """Tell this process and those it starts of laboratories from outside.

    Args:
        outside: their folders.

    Raises:
        InputError: a folder has no ``laboratory.py`` with an object of its own layout.
    """
    os.environ[VARIABLE] = os.pathsep.join(str(Path(folder).resolve()) for folder in outside)
    known()


def known() -> dict[str, Laboratory]:
    """Return every laboratory by layout, ours first.

    Raises:
        InputError: a laboratory from outside is none, or has the layout of another.
    """
    found = {name: part(f"rbcflow.sources.{name}", "laboratory").LABORATORY for name in OURS}
    for folder in folders():
        if not (folder / "laboratory.py").is_file():
            raise InputError(folder, "no laboratory.py", "a laboratory: a folder with laboratory.py and reader.py")
        own = getattr(part(_package(folder), "laboratory"), "LABORATORY", None)
        if not isinstance(own, Laboratory):
            raise InputError(folder / "laboratory.py", f"LABORATORY {own!r:.60}", "an object of class Laboratory")
        if own.layout in found or own.layout == SIMULATED:
            raise InputError(folder / "laboratory.py", f"layout {own.layout!r}", "a name that no other layout has")
        found[own.layout] = own
    return found


OF_OTHERS = {
    "stress": TestSetKind("frames of another test set, in grey, each under every disturbance"),
    "stress_harder": TestSetKind("the same under stronger disturbances, or two at once"),
    "composed": TestSetKind("a variant's own images of val or test"),
    "published": TestSetKind("test images of a published set, streamed out of its archive"),
}
"""Kinds of test sets that are made of no laboratory's files."""

METHODS = (
    "polygon",
    "segmented_crop",
    "background",
    "contrast",
    "rim",
    "unet",
    "cellpose",
    "unet_cellpose",
    "yolo",
    "simulated",
)
"""Ways of cutting single cells, in the order of tables and scores."""


def takers() -> dict[str, list[str]]:
    """Return the layouts that each method can take."""
    methods = {layout: own.methods for layout, own in known().items()} | {SIMULATED: ("simulated",)}
    return {method: [layout for layout, own in methods.items() if method in own] for method in METHODS}


def kinds() -> dict[str, tuple[Laboratory, TestSetKind]]:
    """Return every kind of test set with the laboratory it is built from."""
    return {name: (own, kind) for own in known().values() for name, kind in own.kinds.items()}


def practice() -> dict[str, dict[str, Any]]:
    """Return by layout how much is simulated for practice pictures, and the scale at which networks see frames."""
    simulated = {layout: own for layout, own in known().items() if own.practice}
    return {layout: {"sizes": own.practice, "scale": own.extraction.scale} for layout, own in simulated.items()}


def outside(layout: str, name: str) -> ModuleType | None:
    """Return a module of a laboratory from outside, None where it is ours or has no such module."""
    for folder in folders():
        package = _package(folder)
        if part(package, "laboratory").LABORATORY.layout == layout and (folder / f"{name}.py").is_file():
            return part(package, name)
    return None


def part(package: str, name: str) -> ModuleType:
    """Return a module of a laboratory's folder."""
    return importlib.import_module(f"{package}.{name}")


def _package(folder: Path) -> str:
    """Make a folder importable as a package, and return its name."""
    name = PREFIX + folder.name
    if name not in sys.modules or sys.modules[name].__path__ != [str(folder)]:
        for stale in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[stale]
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[name] = importlib.util.module_from_spec(spec)
    return name
