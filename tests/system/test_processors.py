"""The same pixels from every processor: phantoms, banks and composer, with vector units switched off in turn.

NumPy's switches, OpenBLAS's and the others go through one by one. OpenCV's units go from the newest down, each with all
newer ones, as in processors that were built: so every code that OpenCV has for a function runs once, where it picks
the newest that is left. The first switch of one library shares a process with the first of another.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest

import cv2
import pytest
from numpy._core import _multiarray_umath as numpy_core

from project_copy import PROJECT
from rbcflow.datasets.spec import PRESETS
from rbcflow.sources.phantoms import PHANTOMS

pytestmark = pytest.mark.slow

SCRIPTS = PROJECT / "workflow/scripts"
NUMPY = [name for name in numpy_core.__cpu_dispatch__ if numpy_core.__cpu_features__[name]]
"""What NumPy picks code by and this processor has."""
OPENCV = [name[1:] for name in cv2.getCPUFeaturesLine().split() if name[0] == "*" and name[-1] != "?"]
"""The same of OpenCV, the oldest first."""
GENERATIONS = [("SSE4.1", "SSE4.2"), ("AVX", "FP16"), ("AVX2", "FMA3")]
"""Units of OpenCV that came together; FMA3 is not listed by it. What is not here, AVX-512, came later."""
KERNELS = ["Prescott"] + ["Haswell", "Zen"] * ("AVX2" in OPENCV) + ["SkylakeX"] * ("AVX512-SKX" in OPENCV)
"""Processors whose code OpenBLAS may run here."""


def older() -> list[str]:
    """Return what to take from OpenCV so that it runs as on one older processor after another."""
    newest = [name for name in OPENCV if not any(name in units for units in GENERATIONS)]
    present = [units for units in GENERATIONS if units[0] in OPENCV]
    lost = [[*newest]] if newest else []
    for units in reversed(present):
        lost.append([*(lost[-1] if lost else []), *units])
    return [",".join(names) for names in lost]


def switches() -> list[dict[str, str]]:
    """Return what to set in the environment of one process after another."""
    libraries = [
        [("NPY_DISABLE_CPU_FEATURES", name) for name in NUMPY],
        [("OPENCV_CPU_DISABLE", names) for names in older()],
        [("OPENBLAS_CORETYPE", name) for name in KERNELS],
        [("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"), ("OPENCV_IPP", "disabled")],
    ]
    return [dict(switch for switch in group if switch) for group in zip_longest(*libraries)]


SWITCHES = switches()


def draw(units: dict[str, str]) -> dict:
    """Run the drawing program in a process of its own; NumPy's warning that it knows no such unit is an error."""
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (SCRIPTS, PROJECT / "tests")))}
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", str(PROJECT / "tests/simulated_pixels.py")],
        env={**os.environ, **paths, **units},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Trying to disable" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def switched_off(units: dict[str, str], drawing: dict) -> list[bool]:
    """Return of each unit of NumPy and OpenCV that a process should lack whether a drawing was made without it."""
    without = units.get("OPENCV_CPU_DISABLE", "").replace(",FMA3", "").split(",")
    states = [f"*{name}?" in drawing["opencv"] for name in without if name]
    name = units.get("NPY_DISABLE_CPU_FEATURES")
    return [*states, not drawing["numpy"][name]] if name else states


@pytest.fixture(scope="module")
def drawings():
    with ThreadPoolExecutor(2) as pool:
        yield [pool.submit(draw, units) for units in ({}, *SWITCHES)]


def test_enough_is_simulated(drawings: list[Future]):
    found = drawings[0].result()["found"]
    banks = {f"bank {name}" for name in ("simulated", "nouaman2024", "kihm2018", "liang2024")}
    assert set(found) == {*PHANTOMS, *banks, "functions", *PRESETS}
    few = {name: len(set(digests)) for name, digests in found.items() if len(set(digests)) < 200}
    assert not few


@pytest.mark.parametrize("number", range(len(SWITCHES)), ids=[" ".join(units.values()) for units in SWITCHES])
def test_another_processor_draws_the_same(drawings: list[Future], number: int):
    usual, other, units = drawings[0].result(), drawings[number + 1].result(), SWITCHES[number]
    assert switched_off(units, usual) == [False] * len(switched_off(units, usual))
    assert all(switched_off(units, other))
    differ = {
        name: f"{sum(a != b for a, b in zip(digests, other['found'][name], strict=True))} of {len(digests)}"
        for name, digests in usual["found"].items()
        if digests != other["found"][name]
    }
    assert not differ
