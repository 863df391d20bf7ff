"""Nothing is fetched that was not named, nothing runs that came with data, nothing is written outside the folder."""

from __future__ import annotations

import ast
import functools
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from accident_project import DATA, METRICS, MODEL, PROJECT, REPORT, Finished
from imported_archive import SET, WHOLE, take
from imported_archive import archive as write_archive
from malformed_damage import Runs
from rbcflow.core.errors import InputError
from rbcflow.datasets import imported
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import archive

SCRIPTS = PROJECT / "workflow/scripts"


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Return the library's and the scripts' modules by path, taken apart when a test first asks for them."""
    paths = sorted(SCRIPTS.rglob("*.py"))
    return {path.relative_to(SCRIPTS).as_posix(): ast.parse(path.read_text()) for path in paths}


def calls(tree: ast.AST) -> dict[str, list[ast.Call]]:
    """Return the calls of a module by the name that is called, ``torch.load``."""
    found: dict[str, list[ast.Call]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.setdefault(ast.unparse(node.func), []).append(node)
    return found


def option(call: ast.Call, name: str) -> object:
    """Return the constant given to a keyword, None where it is not given."""
    return next((ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == name), None)


@functools.cache
def imports() -> dict[str, set[str]]:
    """Return by module what it imports anywhere."""
    found: dict[str, set[str]] = {module: set() for module in modules()}
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found[module].update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found[module].add(node.module or "")
    return found


def modules_that_import(*names: str) -> set[str]:
    """Return the modules that import one of some packages."""
    # `urllib.parse` takes addresses apart and opens none
    return {
        module
        for module, own in imports().items()
        if any(name.split(".")[0] in names and name != "urllib.parse" for name in own)
    }


@pytest.mark.slow
def test_the_whole_way_without_a_network_and_without_a_trace_at_home(finished: Finished, tmp_path: Path):
    attempts = tmp_path / "attempts"
    program = "import socket; socket.create_connection(('192.0.2.1', 80))"
    environment = {**os.environ, **finished.environment, "ATTEMPTS": str(attempts)}
    tried = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert b"the network is blocked" in tried.stderr
    assert "192.0.2.1" in attempts.read_text()

    assert finished.attempts.read_text() == ""
    assert all((finished.place.folder / name).is_file() for name in (DATA, MODEL, METRICS, REPORT))
    # Snakemake and matplotlib keep caches; networks, settings and what identifies the user are not among them
    written = {path.relative_to(finished.home).parts[:2] for path in finished.home.rglob("*") if path.is_file()}
    assert {"/".join(parts) for parts in written} <= {".cache/snakemake", ".cache/matplotlib", ".config/matplotlib"}


def test_only_named_modules_reach_for_the_network_or_start_programs():
    network = modules_that_import("urllib", "http", "socket", "requests", "ftplib", "smtplib", "urllib3", "aiohttp")
    assert network == {f"rbcflow/{name}.py" for name in ("runtime/download", "datasets/imported")}
    programs = modules_that_import("subprocess", "pty", "multiprocessing")
    assert programs == {f"rbcflow/{name}.py" for name in ("laboratories/flow_public/reader", "runtime/provenance")}


def test_no_name_reaches_a_shell():
    for module, tree in modules().items():
        named = calls(tree)
        assert not {"os.system", "os.popen", "eval", "exec", "subprocess.getoutput"} & named.keys(), module
        for name in ("subprocess.run", "subprocess.Popen", "subprocess.check_call", "subprocess.check_output"):
            for call in named.get(name, []):
                assert option(call, "shell") is None, module
                assert isinstance(call.args[0], ast.List | ast.Name), module
    rules = "".join(path.read_text() for path in [PROJECT / "Snakefile", *(PROJECT / "workflow/rules").glob("*.smk")])
    assert len(re.findall(r"^rule ", rules, re.MULTILINE)) > 20
    assert not re.findall(r"^    (shell|run|notebook|wrapper|cwl):", rules, re.MULTILINE)


def test_every_pickle_is_opened_without_running_it():
    opened = 0
    for module, tree in modules().items():
        named = calls(tree)
        assert not {"pickle.load", "pickle.loads", "pd.read_pickle", "joblib.load", "yaml.unsafe_load"} & named.keys()
        for name, keyword, value in (
            ("torch.load", "weights_only", True),
            ("torch_safe_load", "safe_only", True),
            ("np.load", "allow_pickle", False),
        ):
            for call in named.get(name, []):
                assert option(call, keyword) is value, f"{name} in {module}"
                opened += 1
        if "load_checkpoint" in named:
            # takes no such option: the environment of `detector.setup` decides, and the checksum comes first
            assert module == "rbcflow/detector/weights.py"
    assert opened > 8


@pytest.mark.slow
def test_ultralytics_stays_off_the_network_out_of_the_home_folder_and_installs_nothing(tmp_path: Path):
    program = """
import json, os, sys
from pathlib import Path
from rbcflow.detector.setup import import_ultralytics
import_ultralytics(Path(sys.argv[1]))
from ultralytics import utils
from ultralytics.nn import tasks
print(json.dumps({"online": utils.ONLINE, "install": utils.AUTOINSTALL, "safe": tasks.SAFE_LOAD,
                  "file": str(utils.SETTINGS_FILE), "settings": dict(utils.SETTINGS)}))
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(SCRIPTS)}
    for name in ("YOLO_CONFIG_DIR", "YOLO_OFFLINE", "YOLO_AUTOINSTALL", "ULTRALYTICS_SAFE_LOAD"):
        environment.pop(name, None)
    command = [sys.executable, "-c", program, str(tmp_path / "run/ultralytics")]
    said = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = json.loads(said.stdout.splitlines()[-1])
    assert (found["online"], found["install"], found["safe"]) == (False, False, True)
    assert Path(found["file"]).is_relative_to(tmp_path / "run/ultralytics")
    integrations = ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")
    assert [found["settings"][name] for name in integrations] == [False] * len(integrations)
    assert not found["settings"]["api_key"]
    assert list(home.rglob("*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("right", [False, True], ids=["another sum", "the recorded sum"])
def test_a_checkpoint_of_cellpose_with_code_in_it_is_not_run(tmp_path: Path, right: bool):
    from rbcflow.segmentation.flows import Instances

    path = tmp_path / "cpsam_v2"
    path.write_bytes(pickle.dumps(Runs()))
    with pytest.raises(InputError, match="no checkpoint that opens" if right else "changed or damaged"):
        Instances(path, sha256(path) if right else "0" * 64, None)


@pytest.mark.slow
def test_features_are_not_read_from_an_unverified_checkpoint(tmp_path: Path):
    from rbcflow.figures.features import _timm

    path = tmp_path / "resnet50"
    import torch

    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="changed or damaged"):
        _timm("resnet18", path, "0" * 64)
    with pytest.raises(InputError, match="no weights that fit"):
        _timm("resnet18", path, sha256(path))


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_an_archive_with_a_special_file_is_refused(tmp_path: Path, server, kind: bytes):
    folder, address = server
    write_archive(folder / "whole.tar.gz", WHOLE)
    with tarfile.open(folder / "whole.tar.gz") as whole, tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo(f"repository-67410be/{SET}/train/images/0009.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
        for member in whole:
            tar.addfile(member, whole.extractfile(member))
    with pytest.raises(InputError, match="no plain file"):
        take(address, tmp_path)
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize(("limit", "value"), [("MOST_FILE", 100), ("MOST_BYTES", 1000)])
def test_an_archive_that_unpacks_to_more_than_it_can_have_is_refused(tmp_path, server, monkeypatch, limit, value):
    folder, address = server
    write_archive(folder / "a.tar.gz", WHOLE)
    monkeypatch.setattr(imported, limit, value)
    with pytest.raises(InputError, match=rf"a\.tar\.gz \(archive\): found .* bytes.*expected at most .*{value}"):
        take(address, tmp_path)
    assert not list(tmp_path.rglob("*.png"))


def test_a_zip_that_states_less_than_it_unpacks_to_writes_no_more_than_stated(tmp_path: Path):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.bmp", bytes(10**7))
    content = bytearray(memory.getvalue())
    # the sizes in the local header and in the central directory
    for place in (22, content.rindex(b"PK\x01\x02") + 24):
        struct.pack_into("<I", content, place, 100)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match="damaged zip file"):
        archive.unpack(tmp_path / "a.zip", tmp_path / "files", place=lambda member: member, instead="by hand")
    assert sum(path.stat().st_size for path in (tmp_path / "files").rglob("*")) <= 100


AUDITED = {"name": "a", "version": "1", "vulns": []}
BAD_PACKAGE = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([AUDITED, AUDITED], 0, "2 packages, no known vulnerability"),
        ([AUDITED, BAD_PACKAGE], 1, "b 2: CVE-1, fixed in 3"),
        ([SKIPPED, SKIPPED], 2, "not reached: none of 2 packages was audited"),
        ([AUDITED, SKIPPED], 2, "not audited: c"),
    ],
)
def test_an_audit_that_did_not_take_place_is_no_success(tmp_path: Path, packages: list, code: int, said: str):
    (tmp_path / "report.json").write_text(json.dumps({"dependencies": packages}))
    command = [sys.executable, str(PROJECT / ".ci/audit.py"), "requirements.lock"]
    done = subprocess.run([*command, "--report", str(tmp_path / "report.json")], capture_output=True, text=True)
    assert done.returncode == code
    assert said in done.stdout


@pytest.mark.slow
def test_ultralytics_that_was_imported_before_and_would_run_code_is_refused(tmp_path: Path):
    program = """
import sys
from pathlib import Path
from rbcflow.detector.setup import import_ultralytics
import ultralytics.utils
import_ultralytics(Path(sys.argv[1]))
"""
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(SCRIPTS), "YOLO_OFFLINE": "true"}
    del environment["ULTRALYTICS_SAFE_LOAD"]
    command = [sys.executable, "-c", program, str(tmp_path / "ultralytics")]
    said = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 1 and "would run code that weights hold" in said.stderr
