"""The example of the report that can be opened without building: `make example`, from what `make report` made.

The report with its pictures reduced, folded ones more, without animations and links to files beside it.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

from PIL import Image

LIMIT = 3_000_000
"""Bytes the example may have."""

STEPS = (
    ((900, 45), (560, 30)),
    ((800, 38), (480, 24)),
    ((720, 30), (400, 18)),
    ((640, 25), (320, 14)),
    ((600, 20), (260, 10)),
    ((560, 18), (220, 8)),
    ((520, 16), (180, 6)),
)
"""Widths in pixels and WebP qualities, of pictures in sight and of folded ones, tried in turn until the page fits."""

NOTE = (
    '<p class="gap"><strong>Example.</strong> The report of the embedded default, from simulated recordings and one '
    "public set, made by <code>make example</code>: pictures are reduced, animations and files beside it left out.</p>"
)
URI = '"uri": "'
"""What stands before the sprite of a run's errors."""

PICTURE = re.compile(r"<template>|</template>|data:image/webp;base64,([A-Za-z0-9+/=]+)")


def reduced(data: bytes, width: int, quality: int) -> bytes:
    """Return a picture at most so wide, encoded anew; as it was where that is smaller."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.thumbnail((width, 4000), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return min(data, buffer.getvalue(), key=len)


def shrink(page: str, sight: tuple[int, int], folded: tuple[int, int]) -> str:
    """Return the page with all pictures encoded anew.

    Args:
        page: the report without animations.
        sight: width and quality of pictures that are not folded.
        folded: of those that are.
    """
    depth = 0

    def one(found: re.Match[str]) -> str:
        nonlocal depth
        if not found[1]:
            depth += 1 if found[0] == "<template>" else -1
            return found[0]
        # the sprites of errors keep their size, as their tiles are cut from them by place
        sprite = page[found.start() - len(URI) : found.start()] == URI
        width, quality = (10_000, folded[1]) if sprite else folded if depth else sight
        data = reduced(base64.b64decode(found[1]), width, quality)
        return f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"

    return PICTURE.sub(one, page)


def example(report: str) -> str:
    """Return the example of a report.

    Raises:
        ValueError: it does not fit the limit at the smallest pictures.
    """
    page = re.sub(r' data-moving="[^"]*"', "", report)
    page = re.sub(r'<button type="button" class="play".*?</button>', "", page, flags=re.DOTALL)
    page = re.sub(r'<a href="(?!#|https?:)[^"]*">(.*?)</a>', r"<span>\1</span>", page, flags=re.DOTALL)
    page = page.replace('<main id="main">', f'<main id="main">\n{NOTE}', 1)
    for sight, folded in STEPS:
        made = shrink(page, sight, folded)
        if len(made.encode()) <= LIMIT:
            return made
    raise ValueError(f"{len(made.encode())} bytes at the smallest pictures, {LIMIT} allowed")


if __name__ == "__main__":
    source, target = (Path(name) for name in (*sys.argv[1:], "results/report.html", "docs/example/report.html")[:2])
    target.write_text(example(source.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")
