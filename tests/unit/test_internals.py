"""What the library leans on of Ultralytics is listed, is there, and was read at the installed version."""

from __future__ import annotations

import ast
import importlib.metadata
from pathlib import Path

import pytest

from project_copy import PROJECT
from rbcflow.detector import internals
from rbcflow.detector.internals import NAMES, OURS, OVERRIDDEN, VERSION
from rbcflow.detector.setup import import_ultralytics

SCRIPTS = PROJECT / "workflow/scripts"


def imported(package: str) -> dict[str, set[str]]:
    """Return what scripts and library import of a package, by file; of a whole module its name."""
    found: dict[str, set[str]] = {}
    for file in SCRIPTS.rglob("*.py"):
        text = file.read_text()
        for node in ast.walk(ast.parse(text)) if package.rpartition(".")[2] in text else ():
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
                found.setdefault(file.name, set()).update(alias.name for alias in node.names)
            elif isinstance(node, ast.Import):
                names = {alias.name for alias in node.names if f"{alias.name}.".startswith(f"{package}.")}
                found.setdefault(file.name, set()).update(names)
    return {file: names for file, names in found.items() if names}


def test_no_other_module_reaches_into_the_library():
    assert imported("ultralytics") == {}


def test_every_name_that_is_used_is_listed_and_none_is_left_over():
    used = set().union(*imported("rbcflow.detector.internals").values())
    assert used == {name for names in NAMES.values() for name in names}
    assert sum(map(len, NAMES.values())) == len(used), "a name stands for one thing"
    with pytest.raises(ImportError, match="YOLOv5"):
        from rbcflow.detector.internals import YOLOv5  # noqa: F401


def test_the_names_were_read_at_the_installed_version():
    assert importlib.metadata.version("ultralytics") == VERSION, "read what changed, then enter the version"


@pytest.mark.slow
def test_every_name_is_there(tmp_path: Path):
    import_ultralytics(tmp_path)
    for names in NAMES.values():
        for name in names:
            assert getattr(internals, name) is not None, name
    for name, methods in OVERRIDDEN.items():
        assert all(hasattr(getattr(internals, name), method) for method in methods), name


@pytest.mark.slow
@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_ours_override_is_listed(tmp_path: Path, name: str):
    import_ultralytics(tmp_path)
    tree = ast.parse((SCRIPTS / "rbcflow" / OURS[name]).read_text())
    bases = {node: [base.id for base in node.bases if isinstance(base, ast.Name)] for node in ast.walk(tree)
             if isinstance(node, ast.ClassDef)}  # fmt: skip
    [own] = [node for node, names in bases.items() if name in names]
    methods = {node.name for node in own.body if isinstance(node, ast.FunctionDef)}
    assert (methods & set(dir(getattr(internals, name)))) - {"__init__"} == set(OVERRIDDEN[name])
