"""The two pictures of the README, from the results of `make report`: `make images`.

The first screen of the report, by headless Chromium, and the first frames of the animation that stands in for the
preprint's val29. Both are made from phantoms, and the README says so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image, ImageSequence
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parents[1] / "results"
GIF = RESULTS / "gifs/predicted_boxes/random_nosuperposition-on-saarland_donors.gif"
FRAMES, WIDTH, COLOURS = 12, 640, 128
"""Of the animation, which should not carry megabytes; an octree keeps the rare colours of the classes."""


def screenshot(target: Path) -> None:
    """Write the report's first screen as PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 820})
        page.goto((RESULTS / "report.html").resolve().as_uri())
        page.screenshot(path=target)
        browser.close()
    with Image.open(target) as image:
        image.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            target, optimize=True
        )


def shortened(source: Path, target: Path) -> None:
    """Write the first frames of a GIF, smaller."""
    with Image.open(source) as image:
        size = (WIDTH, round(image.height * WIDTH / image.width))
        frames = [
            frame.convert("RGB")
            .resize(size, Image.Resampling.LANCZOS)
            .quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            for frame, _ in zip(ImageSequence.Iterator(image), range(FRAMES), strict=False)
        ]
        duration = image.info["duration"]
    frames[0].save(target, save_all=True, append_images=frames[1:], duration=duration, loop=0, optimize=True)


if __name__ == "__main__":
    screenshot(FOLDER / "report.png")
    shortened(GIF, FOLDER / "predicted_boxes.gif")
