"""All laboratories by layout: those of this package, and those that a configuration names (key ``laboratories``).

A laboratory is a folder with ``laboratory.py`` and ``reader.py``, and ``phantom.py`` and ``testsets.py`` where there
are any. Every room asks for them here, by the layout's name. Jobs are told of those from outside by the environment,
which they inherit, on a cluster too.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

from rbcflow.core.errors import InputError
from rbcflow.sources.laboratory import Laboratory, TestSetKind

ROOM = "rbcflow.laboratories"
"""The package with a folder for each laboratory of ours. It stands above this one, which imports it by name alone."""

SIMULATED = "simulated"
"""The layout of single cells simulated by the phantom's cell model, which has no files."""

VARIABLE = "RBCFLOW_LABORATORIES"
"""Environment variable with the folders of laboratories from outside, separated as in ``PATH``."""

PREFIX = "rbcflow_laboratory_"

READS = ("recordings", "read", "bad_files")
"""The functions of a reader, of every one; beside ``arrange`` stands what it expects."""


def folders() -> list[Path]:
    """Return the folders of the laboratories from outside."""
    return [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]


def tell(outside: Iterable[str]) -> None:
    """Tell this process and those it starts of laboratories from outside.

    Args:
        outside: their folders.

    Raises:
        InputError: a folder has no ``laboratory.py`` with an object of its own layout, a reader without a function that
            is asked for, or the name of another.
    """
    places = [Path(folder).resolve() for folder in outside]
    for place, other in itertools.combinations(places, 2):
        if place.name == other.name:
            raise InputError(place, f"the name of another laboratory's folder, {other}", "a name of its own")
    os.environ[VARIABLE] = os.pathsep.join(map(str, places))
    known()
    for place in places:
        _check_reader(place / "reader.py")


def _check_reader(path: Path) -> None:
    """Raise for what a reader lacks; it is not imported for that, as what it imports may take seconds.

    Raises:
        InputError: names it.
    """
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    # named with its line where the file is fingerprinted
    except SyntaxError:
        return
    given = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    given |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    given |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    needed = READS + (("EXPECTED",) if "arrange" in given else ())
    lacking = [name for name in needed if name not in given]
    # what comes by `from ... import *` is not looked up
    if lacking and "*" not in given:
        raise InputError(path, f"no {' and no '.join(lacking)}", f"a reader with {', '.join(needed)}")


def known() -> dict[str, Laboratory]:
    """Return every laboratory by layout, ours first.

    Raises:
        InputError: a laboratory from outside is none, or has the layout of another.
    """
    found = {name: importlib.import_module(f"{ROOM}.{name}.laboratory").LABORATORY for name in _ours()}
    for folder in folders():
        for name in ("laboratory.py", "reader.py"):
            if not (folder / name).is_file():
                raise InputError(folder, f"no {name}", "a laboratory: a folder with laboratory.py and reader.py")
        own = getattr(importlib.import_module(f"{_package(folder)}.laboratory"), "LABORATORY", None)
        if not isinstance(own, Laboratory):
            raise InputError(folder / "laboratory.py", f"LABORATORY {own!r:.60}", "an object of class Laboratory")
        if own.layout in found or own.layout == SIMULATED:
            raise InputError(folder / "laboratory.py", f"layout {own.layout!r}", "a name that no other layout has")
        if own.kinds and not (folder / "testsets.py").is_file():
            raise InputError(
                folder, f"kinds of test sets ({', '.join(own.kinds)}), but no testsets.py", "what builds them"
            )
        if "phantom" in own.access and not (folder / "phantom.py").is_file():
            raise InputError(folder, "access phantom, but no phantom.py", "what simulates its recordings")
        found[own.layout] = own
    return found


OF_OTHERS = {
    "stress": TestSetKind("frames of another test set, in grey, each under every disturbance"),
    "stress_harder": TestSetKind("the same under stronger disturbances, or two at once"),
    "composed": TestSetKind("a variant's own images of val or test"),
    "published": TestSetKind("test images of a published set, streamed out of its archive"),
}
"""Kinds of test sets that are made of no laboratory's files."""

MethodName = Literal[
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
]
METHODS: tuple[str, ...] = get_args(MethodName)
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


def part(layout: str, name: str) -> ModuleType | None:
    """Return a module of a laboratory's folder, None where there is no such laboratory, or it has no such module."""
    package = f"{ROOM}.{layout}" if layout in _ours() else _outside(layout)
    if package is None or importlib.util.find_spec(f"{package}.{name}") is None:
        return None
    return importlib.import_module(f"{package}.{name}")


class Parts(Mapping[str, ModuleType]):
    """A module of every laboratory's folder that has one, by layout; it is imported when it is asked for.

    Args:
        name: the module's.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, layout: str) -> ModuleType:
        """Return the module of a laboratory; raises KeyError where there is none."""
        if module := part(layout, self._name):
            return module
        raise KeyError(layout)

    def __iter__(self) -> Iterator[str]:
        """Yield the layouts whose laboratory has the module."""
        return (layout for layout in known() if part(layout, self._name))

    def __len__(self) -> int:
        """Return how many laboratories have the module."""
        return sum(1 for _ in self)


def _ours() -> tuple[str, ...]:
    """Return the layouts of this package's laboratories."""
    return importlib.import_module(ROOM).NAMES


def _outside(layout: str) -> str | None:
    """Return the package of a laboratory from outside, None where none has the layout."""
    packages = (_package(folder) for folder in folders())
    objects = {name: importlib.import_module(f"{name}.laboratory").LABORATORY for name in packages}
    return next((name for name, own in objects.items() if own.layout == layout), None)


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
