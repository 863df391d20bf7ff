"""Fingerprint of the code behind a rule: its script and the library modules it reaches, as syntax trees.

Snakemake does not track imported modules, and its own `code` trigger retrains on a touched script. A rule's params
carry this fingerprint instead: a changed line of logic reruns the rule; a comment, docstring, formatting, log or text
of an error does not (``logic``).
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rbcflow.core.errors import InputError
from rbcflow.core.textfile import SEPARATORS, read_text
from rbcflow.runtime.logic import is_for_types, logic

PACKAGE = "rbcflow"
INFRASTRUCTURE = {
    "rbcflow.runtime.board",
    "rbcflow.runtime.clock",
    "rbcflow.runtime.fingerprint",
    "rbcflow.runtime.logic",
    "rbcflow.config",
    "rbcflow.core.strict",
    "rbcflow.detector.internals",
    "rbcflow.runtime.logs",
    "rbcflow.runtime.provenance",
    "rbcflow.runtime.parent_watch",
}
"""Modules that log, show, record, configure or name, and never change what a job computes; params carry the
configuration."""

FOLLOWED = {"rbcflow.runtime.provenance"}
"""Those of them whose imports count all the same: what decides the origin that a record states (``lineage``)."""


def _imports(tree: ast.AST) -> set[str]:
    """Return the dotted names a module may import from the library; some may turn out to be functions."""
    names: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if is_for_types(node):
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE}


def _is_infrastructure(name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in INFRASTRUCTURE)


LABORATORIES = "rbcflow.laboratories"
PARTS = {
    "rbcflow.sources.layouts": "reader",
    "rbcflow.sources.phantoms": "phantom",
    "rbcflow.testsets.registry": "testsets",
}
"""Modules that import a part of a laboratory's folder by the laboratory's name, and that part: which laboratory a job
asks for is not seen here, so a script that reaches them reaches the part of each."""

SAID = "laboratory"
"""The module of a laboratory's folder that says what it is; what jobs take of it are params of their rules."""


class Module(NamedTuple):
    """What a Python file says: a digest over its syntax tree, and the dotted names it may import from the library."""

    digest: str
    imports: list[str]


class Library:
    """Scripts and library modules as they are now, each read once: to parse them takes seconds, at every start."""

    def __init__(self, root: Path, kept: Path | None = None, outside: Iterable[Path] = ()) -> None:
        """Take a folder of scripts with the library's package in it.

        Args:
            root: the folder.
            kept: a file of what modules said in earlier runs, by their bytes; it may be absent, or of another Python.
            outside: folders of laboratories from outside the package.
        """
        self._root, self._kept = root, kept
        self._outside = [sorted(folder.glob("*.py")) for folder in outside]
        ours = root.joinpath(*LABORATORIES.split("."))
        self._laboratories = sorted(file.parent.name for file in ours.glob("*/__init__.py"))
        self._files: dict[str, Path | None] = {}
        self._modules: dict[Path, Module] = {}
        self._told: dict[str, list] = {}
        self._earlier: dict[str, list] = {}
        if kept is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(kept.read_text(encoding="utf-8"))
                self._earlier = dict(content["modules"]) if content["read_by"] == _reader() else {}

    def fingerprint(self, script: str, *named: str) -> str:
        """Return 16 hexadecimal digits over the syntax trees of a script and the library modules it reaches.

        Args:
            script: name of a Python file in the folder.
            named: dotted names of further modules, which the script imports by name.
        """
        files = {script: self._root / script, **self.reached(script, *named)}
        parts = {part for module, part in PARTS.items() if module in files}
        files |= {f"{file.parent.name}/{file.name}": file for file in self._from_outside(parts)}
        digests = [f"{name} {self._module(file).digest}" for name, file in files.items()]
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16]

    def _from_outside(self, parts: set[str]) -> Iterator[Path]:
        """Yield the files of these parts of laboratories from outside, and what else lies beside a part to import."""
        for folder in self._outside:
            if parts & {file.stem for file in folder}:
                yield from (file for file in folder if file.stem in parts or file.stem not in {*PARTS.values(), SAID})

    def reached(self, script: str, *named: str) -> dict[str, Path]:
        """Return the library modules a script imports, directly, through others or by name."""
        found: dict[str, Path] = {}
        waiting = {*self._module(self._root / script).imports, *named}
        while waiting:
            name = waiting.pop()
            file = None if name in found else self._file(name)
            if file is not None and name in FOLLOWED:
                waiting.update(self._module(file).imports)
            if file is None or _is_infrastructure(name):
                continue
            found[name] = file
            if name in PARTS:
                waiting.update(f"{LABORATORIES}.{layout}.{PARTS[name]}" for layout in self._laboratories)
            parent = name.rpartition(".")[0]
            waiting.update(self._module(file).imports, [parent] if parent else [])
        return dict(sorted(found.items()))

    def keep(self) -> None:
        """Write what the modules said, for the next run; nothing is lost where that is not possible."""
        if self._kept is None or self._told == self._earlier:
            return
        partial = self._kept.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({"read_by": _reader(), "modules": self._told}), encoding="utf-8")
            partial.replace(self._kept)

    def _file(self, name: str) -> Path | None:
        if name not in self._files:
            base = self._root.joinpath(*name.split("."))
            places = (base.with_suffix(".py"), base / "__init__.py")
            self._files[name] = next((file for file in places if file.is_file()), None)
        return self._files[name]

    def _module(self, file: Path) -> Module:
        if file not in self._modules:
            content = file.read_bytes()
            key = hashlib.sha256(content).hexdigest()
            self._told[key] = self._earlier.get(key) or _read(content, file)
            self._modules[file] = Module(*self._told[key])
        return self._modules[file]


def _reader() -> str:
    """Return what a module's digest depends on besides the module: this code, and Python's own syntax trees."""
    files = [Path(__file__), Path(logic.__code__.co_filename)]
    return " ".join([sys.version, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)])


def _read(content: bytes, file: Path) -> list:
    """Return the values of a ``Module``.

    Raises:
        InputError: it is no Python, as a laboratory from outside may have it.
    """
    try:
        tree = ast.parse(content, filename=str(file))
    except SyntaxError as error:
        raise InputError(file, str(error.msg), "a Python file", f"line {error.lineno}") from None
    imports = sorted(_imports(tree))
    return [hashlib.sha256(logic(tree).encode()).hexdigest(), imports]


def filled_digest(table: Path) -> str:
    """Return 16 hexadecimal digits over a table whose last column is for filling in by hand, "" while it is empty.

    A table that a spreadsheet saved in a way that is not read is filled in: the job that reads it names what is wrong.
    """
    if not table.is_file():
        return ""
    try:
        lines = read_text(table, "a table").splitlines()[1:]
    except InputError:
        return hashlib.sha256(table.read_bytes()).hexdigest()[:16]
    filled = [line for line in lines if re.split(f"[{SEPARATORS}]", line)[-1].strip()]
    return hashlib.sha256("\n".join(filled).encode()).hexdigest()[:16] if filled else ""


def listing_digest(folder: Path) -> str:
    """Return 16 hexadecimal digits over names, sizes and modification times of all visible files below a folder."""
    names = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file())
    visible = (name for name in names if not any(part.startswith(".") for part in name.parts))
    stats = ((name.as_posix(), (folder / name).stat()) for name in visible)
    text = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def file_digest(file: Path) -> str:
    """Return 16 hexadecimal digits over a file's size and modification time, "" where there is none."""
    if not file.is_file():
        return ""
    stat = file.stat()
    return hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
