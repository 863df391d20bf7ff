"""requirements.in, requirements.lock and environment.yml say the same, and what must stay out is out."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re

import cv2
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from lazy import Lazy
from project_copy import PROJECT

LOCK = PROJECT / "requirements.lock"


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))


def direct() -> list[Requirement]:
    lines = (PROJECT / "requirements.in").read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def test_lock_satisfies_every_direct_requirement():
    versions = locked()
    for requirement in direct():
        assert Version(versions[requirement.name]) in requirement.specifier, requirement


def test_every_locked_package_has_hashes():
    entries = re.split(r"^(?=[a-z0-9-]+==)", LOCK.read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked()) > 50
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_installer_is_pinned_by_hashes_and_is_no_part_of_the_environment():
    installer = (PROJECT / "requirements-uv.lock").read_text()
    assert re.findall(r"^(\S+)==\S+ ", installer, re.MULTILINE) == ["uv"]
    assert "--hash=sha256:" in installer
    assert "uv" not in locked()
    makefile = (PROJECT / "Makefile").read_text()
    assert makefile.count("--require-hashes") == 2, "one for pip, one for uv"


def test_environment_yml_carries_the_locked_pins():
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    versions = locked()
    assert pip == [f"{requirement.name}=={versions[requirement.name]}" for requirement in direct()]


def test_the_running_environment_is_the_locked_one():
    wrong = {
        name: (importlib.metadata.version(name), pin)
        for name, pin in locked().items()
        if importlib.metadata.version(name) != pin
    }
    assert wrong == {}


def test_both_opencv_wheels_agree():
    versions = locked()
    assert versions["opencv-python"] == versions["opencv-python-headless"]
    assert versions["opencv-python"].startswith(cv2.__version__)


def test_albumentations_is_absent():
    # Ultralytics adds its augmentations to every training where it can be imported.
    assert importlib.util.find_spec("albumentations") is None


def test_what_pytest_asks_a_lazy_module_imports_nothing() -> None:
    assert not hasattr(Lazy("no_module_of_this_name"), "__test__")
