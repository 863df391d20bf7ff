"""Fixtures that several modules of tests use, and the order of the modules."""

from __future__ import annotations

import functools
import gc
import http.server
import os
import threading
from collections.abc import Iterator

import pytest

import browser
from accident_project import Finished, finished_once

# tests that compare with Ultralytics import it themselves, and it reads once whether weights may hold code
os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"

SLOW = (
    "test_workflow", "test_accidents", "test_slurm", "test_training", "test_own_laboratory", "test_processors",
    "test_origin_rules", "test_report_browser", "test_segmentation", "test_own_files", "test_recordings_detect",
    "test_preprint", "test_universal", "test_recordings_kinds", "test_models", "test_metrics_check", "test_look",
    "test_module",
)  # fmt: skip
"""Modules that take minutes. They go first, so that no process is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow modules first."""
    items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import the tests without looking for garbage, and keep what is imported out of every later search for it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def no_browser_is_left() -> Iterator[None]:
    """End the browser that a module started."""
    yield
    browser.RUNNING.end()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    """A web server on loopback for the files of a folder; yields the folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The small project, made once for all modules and processes; what lies in its `results` is left as it is."""
    base = tmp_path_factory.getbasetemp()
    return finished_once(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
