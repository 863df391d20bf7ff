"""Open a local page in headless Chromium and note everything that goes wrong: for the tests of the report.

A module's pages share one browser, each in a context of its own, as new as a fresh browser: no storage, cache or cookie
is shared. ``conftest`` ends it with the module.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

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
class Running:
    """The browser that is open, if one is."""

    playwright: Playwright | None = None
    browser: Browser | None = None

    def get(self) -> Browser:
        """Return the browser; the first who asks starts it, and so does who comes after a crash."""
        if self.browser and not self.browser.is_connected():
            self.end()
        if not self.browser:
            self.playwright = sync_playwright().start()
            self.browser = self.playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        return self.browser

    def end(self) -> None:
        """Close the browser and what drives it, whose event loop would be in the way of others."""
        if self.browser:
            self.browser.close()
            self.playwright.stop()
        self.browser = self.playwright = None


RUNNING = Running()


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
    """Open a file in a fresh context of the given size in pixels, colour scheme and motion preference."""
    context = RUNNING.get().new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion=motion
    )
    try:
        page = context.new_page()
        opened = Opened(page)
        url = path.resolve().as_uri()
        page.on("request", lambda r: opened.requests.append(r.url) if not _own(r.url, url) else None)
        page.on("console", lambda m: opened.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(url)
        yield opened
    finally:
        context.close()


def _own(request: str, url: str) -> bool:
    return request.split("#")[0] == url or request.startswith(("data:", "blob:"))
