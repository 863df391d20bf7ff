"""The page around a GIF plays it, and is still where motion is unwelcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from browser import open_page
from rbcflow.figures.player import write_player

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("motion", "kind"), [("no-preference", "data:image/gif"), ("reduce", "data:image/png")])
def test_player_goes_by_the_readers_wish(tmp_path: Path, motion: str, kind: str) -> None:
    frames = [Image.new("RGB", (64, 32), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    write_player(tmp_path / "a.gif", tmp_path / "a.html")
    with open_page(tmp_path / "a.html", motion=motion) as opened:
        image = opened.page.locator("img")
        assert image.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [64, 32]
        assert image.evaluate("one => one.currentSrc.slice(0, 14)") == kind
        assert (opened.requests, opened.complaints) == ([], [])
