"""Fingerprint of the code behind a rule: its script and the library modules it reaches, as syntax trees.

Snakemake does not track imported modules, and its own `code` trigger retrains on a touched script. A rule's params
carry this fingerprint instead: a changed line of logic reruns the rule; a comment, docstring or formatting does not.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "rbcflow"
INFRASTRUCTURE = {
    "rbcflow.runtime.clock",
    "rbcflow.runtime.fingerprint",
    "rbcflow.config",
    "rbcflow.runtime.logs",
    "rbcflow.runtime.provenance",
    "rbcflow.runtime.parent_watch",
}
"""Modules that log, record or configure a job and never change what it computes; params carry the configuration."""


class _WithoutDocstrings(ast.NodeTransformer):
    def _strip(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = node.body
        constants = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
        node.body = constants or [ast.Pass()]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _strip


def _module_file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None


def _imports(tree: ast.AST) -> set[str]:
    """Return the dotted names a module may import from the library; some may turn out to be functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE}


def _is_infrastructure(name: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in INFRASTRUCTURE)


def reached_modules(script: Path, *named: str) -> dict[str, Path]:
    """Return the library modules a script imports, directly or through others, by dotted name.

    Args:
        script: a Python file beside the library package.
        named: dotted names of further modules, which the script imports by name.
    """
    root = script.parent
    found: dict[str, Path] = {}
    waiting = _imports(_parse(script)) | set(named)
    while waiting:
        name = waiting.pop()
        file = None if name in found or _is_infrastructure(name) else _module_file(name, root)
        if file is None:
            continue
        found[name] = file
        parent = name.rpartition(".")[0]
        waiting |= _imports(_parse(file)) | ({parent} if parent else set())
    return dict(sorted(found.items()))


@cache
def _parse_text(text: str) -> ast.Module:
    return ast.parse(text)


def _parse(file: Path) -> ast.Module:
    return _parse_text(file.read_text(encoding="utf-8"))


@cache
def _tree_digest(text: str) -> str:
    tree = _WithoutDocstrings().visit(ast.parse(text))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def fingerprint(script: Path, *named: str) -> str:
    """Return 16 hexadecimal digits over the syntax trees of a script and the library modules it reaches.

    Args:
        script: a Python file beside the library package.
        named: dotted names of further modules, which the script imports by name.
    """
    files = {script.name: script, **reached_modules(script, *named)}
    digests = [f"{name} {_tree_digest(file.read_text(encoding='utf-8'))}" for name, file in files.items()]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16]


def filled_digest(table: Path) -> str:
    """Return 16 hexadecimal digits over a table whose last column is for filling in by hand, "" while it is empty."""
    lines = table.read_text(encoding="utf-8").splitlines()[1:] if table.is_file() else []
    filled = [line for line in lines if line.rpartition("\t")[2].strip()]
    return hashlib.sha256("\n".join(filled).encode()).hexdigest()[:16] if filled else ""


def listing_digest(folder: Path) -> str:
    """Return 16 hexadecimal digits over names, sizes and modification times of all files below a folder."""
    stats = ((file.relative_to(folder).as_posix(), file.stat()) for file in sorted(folder.rglob("*")) if file.is_file())
    text = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(file: Path) -> str:
    """Return 16 hexadecimal digits over a file's size and modification time, "" where there is none."""
    if not file.is_file():
        return ""
    stat = file.stat()
    return hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
