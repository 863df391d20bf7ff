"""Open a local page in headless Chromium and note everything that goes wrong: for the tests of the report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium() -> str:
    """Return Chromium's executable; without one the tests fail, since the report is what most people see."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "the tests need a program named chromium on the PATH"
    return found


@dataclass
class Opened:
    """An opened page and what it did: requests other than for itself, and console errors, warnings and exceptions."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def undecoded(self) -> list[str]:
        """Return the alternative texts of pictures that do not decode, after asking for every one of them."""
        return self.page.evaluate(
            """async () => {
                const bad = [];
                for (const image of document.querySelectorAll("figure img")) {
                    image.loading = "eager";
                    await image.decode().catch(() => bad.push(image.alt));
                }
                return bad;
            }"""
        )


@contextmanager
def open_page(
    path: Path, *, width: int = 1366, height: int = 900, scheme: str = "light", motion: str = "no-preference"
) -> Iterator[Opened]:
    """Open a file in a fresh browser of the given size in pixels, colour scheme and motion preference."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion=motion
        )
        page = context.new_page()
        opened = Opened(page)
        url = path.resolve().as_uri()
        page.on("request", lambda r: opened.requests.append(r.url) if not _own(r.url, url) else None)
        page.on("console", lambda m: opened.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(url)
        yield opened
        browser.close()


def _own(request: str, url: str) -> bool:
    return request.split("#")[0] == url or request.startswith(("data:", "blob:"))
