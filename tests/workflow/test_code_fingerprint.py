"""A comment, a docstring, formatting and infrastructure leave a rule's fingerprint alone; logic it reaches does not."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from project_copy import PROJECT
from rbcflow.runtime import fingerprint
from rbcflow.runtime.fingerprint import Library, listing_digest
from rbcflow.runtime.logic import logic

SCRIPTS = Path(__file__).parent.parent / "workflow/scripts"
FILES = {
    "make_thing.py": "from rbcflow.stage import helper\nfrom rbcflow.runtime import logs\nhelper.run()\n",
    "rbcflow/__init__.py": "",
    "rbcflow/stage/__init__.py": "",
    "rbcflow/stage/helper.py": '"""Doc."""\nfrom rbcflow.deep import depth\n\n'
    'def run():\n    """Run."""\n    return depth() + 1\n',
    "rbcflow/deep.py": "def depth():\n    return 1\n",
    "rbcflow/other.py": "VALUE = 1\n",
    "rbcflow/runtime/logs.py": "LEVEL = 1\n",
}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_modules_are_reached_through_others_and_infrastructure_is_not(scripts: Path):
    assert set(Library(scripts).reached("make_thing.py")) == {
        "rbcflow",
        "rbcflow.stage",
        "rbcflow.stage.helper",
        "rbcflow.deep",
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("rbcflow/deep.py", "return 1", "return 2", True),
        ("rbcflow/stage/helper.py", "+ 1", "+ 2", True),
        ("make_thing.py", "helper.run()", "helper.run(), helper.run()", True),
        ("rbcflow/stage/helper.py", '"""Run."""', '"""Run along."""', False),
        ("rbcflow/stage/helper.py", "return depth() + 1", "return (depth()  +  1)  # sum", False),
        ("rbcflow/other.py", "VALUE = 1", "VALUE = 2", False),
        ("rbcflow/runtime/logs.py", "LEVEL = 1", "LEVEL = 2", False),
    ],
)
def test_what_changes_the_fingerprint(scripts: Path, name: str, old: str, new: str, changes: bool):
    library = Library(scripts, kept=scripts / "kept/code.json")
    before = library.fingerprint("make_thing.py")
    library.keep()
    file = scripts / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    after = {Library(scripts, kept).fingerprint("make_thing.py") for kept in (None, scripts / "kept/code.json")}
    assert len(after) == 1
    assert (after != {before}) is changes


def test_every_rule_script_reaches_its_stage():
    project = Library(PROJECT / "workflow/scripts")
    assert "rbcflow.datasets.image" in project.reached("compose_shard.py")
    assert "rbcflow.datasets.image" not in project.reached("cut_cells.py")
    assert "rbcflow.runtime.provenance" not in project.reached("train_model.py")
    # networks learn from pictures, not from readers of files: a laboratory's reader trains none again
    for script in ("train_unet.py", "train_cellpose.py"):
        assert "rbcflow.segmentation.pictures" in project.reached(script)
        assert [name for name in project.reached(script) if name.startswith("rbcflow.sources")] == []


def test_what_was_kept_is_taken_and_a_broken_file_of_it_is_not(scripts: Path, monkeypatch: pytest.MonkeyPatch):
    kept = scripts / "kept/code.json"
    first = Library(scripts, kept)
    expected = first.fingerprint("make_thing.py")
    first.keep()
    with monkeypatch.context() as patched:
        patched.setattr(fingerprint, "_read", lambda *_: pytest.fail("a module was read again"))
        assert Library(scripts, kept).fingerprint("make_thing.py") == expected
    for broken in ("", "[]", kept.read_text().replace('"read_by": "3', '"read_by": "2')):
        kept.write_text(broken.replace(expected[:4], "0000"))
        assert Library(scripts, kept).fingerprint("make_thing.py") == expected


def test_listing_digest_sees_new_and_changed_files(tmp_path: Path):
    (tmp_path / "a.tif").write_bytes(b"1")
    first = listing_digest(tmp_path)
    assert listing_digest(tmp_path) == first
    (tmp_path / "b.tif").write_bytes(b"1")
    second = listing_digest(tmp_path)
    (tmp_path / "b.tif").write_bytes(b"22")
    assert len({first, second, listing_digest(tmp_path)}) == 3


@cache
def bound(module: str) -> set[str] | None:
    """Return the names that a module of the library binds, a package's modules too; None where it is not there."""
    base = SCRIPTS.joinpath(*module.split("."))
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    if not file.is_file():
        return None
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {a.asname or a.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names}
    return names | ({file.stem for file in base.iterdir()} if base.is_dir() else set())


def test_every_name_that_is_imported_from_the_library_is_there():
    # a script is imported by no test, and a job that cannot start is found late
    wrong = []
    for file in SCRIPTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rbcflow":
                known = bound(node.module)
                wrong += [(file.name, node.module, a.name) for a in node.names if known is None or a.name not in known]
    assert wrong == []


@pytest.mark.parametrize(
    ("member", "same"),
    [('"a", "said in other words"', True), ('"b", "said"', False), ('"a"', False)],
)
def test_of_a_worded_member_the_value_counts_and_what_it_means_does_not(member: str, same: bool):
    before, after = (logic(ast.parse(f"class C(Worded):\n    A = {own}\n")) for own in ('"a", "said"', member))
    assert (before == after) is same
