"""What the library leans on of Ultralytics is listed, is there, and was read at the installed version."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
from pathlib import Path

from project_copy import PROJECT
from rbcflow.detector.internals import NAMES, OVERRIDDEN, VERSION
from rbcflow.detector.setup import import_ultralytics

SCRIPTS = PROJECT / "workflow/scripts"


def imported() -> dict[str, set[str]]:
    """Return what scripts and library import of Ultralytics, by module."""
    found: dict[str, set[str]] = {}
    for file in SCRIPTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ultralytics":
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


def test_every_name_is_listed_and_none_is_left_over():
    assert imported() == {module: set(names) for module, names in NAMES.items()}


def test_the_names_were_read_at_the_installed_version():
    assert importlib.metadata.version("ultralytics") == VERSION, "read what changed, then enter the version"


def test_every_name_is_there(tmp_path: Path):
    import_ultralytics(tmp_path)
    for module, names in NAMES.items():
        known = importlib.import_module(module)
        missing = [name for name in names if not hasattr(known, name)]
        # a module of the package is imported like a name
        assert all(importlib.util.find_spec(f"{module}.{name}") for name in missing), missing
    detect = importlib.import_module("ultralytics.models.yolo.detect")
    for name, methods in OVERRIDDEN.items():
        assert all(hasattr(getattr(detect, name), method) for method in methods), name


def test_what_the_trainer_overrides_is_listed(tmp_path: Path):
    import_ultralytics(tmp_path)
    text = (SCRIPTS / "rbcflow/training/trainer.py").read_text()
    [own] = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef) and node.name == "CellTraining"
    ]
    theirs = dir(importlib.import_module("ultralytics.models.yolo.detect").DetectionTrainer)
    methods = {node.name for node in own.body if isinstance(node, ast.FunctionDef)} & set(theirs)
    assert methods - {"__init__"} == set(OVERRIDDEN["DetectionTrainer"])
