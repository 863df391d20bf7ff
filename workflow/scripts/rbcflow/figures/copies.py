"""Small copies of a figure for the report, written by the job that draws it, so that the page is put together fast.

A still is WebP beside the figure. An animation has two: its first frame, which the page shows, and a moving copy.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image, ImageSequence

STILL, MOVING = ".webp", ".moving.webp"
"""What takes the place of a figure's suffix in the names of its copies."""

MAX_SIZE = (1200, 2000)
"""Largest still, width and height in pixels."""

FIRST_FRAME_SIZE = (900, 1260)
"""Largest first frame of an animation."""

LOSSLESS_LIMIT = 40_000
"""Bytes up to which a picture stays lossless: plots do, photographs need not."""

HOPELESS = 90_000
"""Bytes of a PNG that cannot become so small; not to try it saves most of the time."""

MOVING_LIMIT = 80_000
"""Bytes an animation may take: a page has some dozens of them; the smallest step is taken even if it takes more."""

MOVING_STEPS = ((1280, 80), (960, 72), (760, 60), (640, 45), (560, 35), (480, 20))
"""Widths in pixels and WebP qualities tried in turn until an animation is small enough."""


def copies_of(figure: Path) -> list[Path]:
    """Return the names of a figure's copies: a still, and of a GIF a moving one."""
    return [figure.with_suffix(suffix) for suffix in ((STILL, MOVING) if figure.suffix == ".gif" else (STILL,))]


def write_copies(figure: Path) -> None:
    """Write the copies of a PNG or GIF beside it."""
    with Image.open(figure) as image:
        still, *moving = copies_of(figure)
        size, lossless = (FIRST_FRAME_SIZE, True) if moving else (MAX_SIZE, figure.stat().st_size < HOPELESS)
        still.write_bytes(_still(image, size, lossless=lossless))
        for target in moving:
            target.write_bytes(_moving(image, figure.stat().st_size))


def _still(image: Image.Image, size: tuple[int, int], *, lossless: bool) -> bytes:
    """Return a picture on white, at most so large, encoded; without loss where that is worth a try and small."""
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    flat = Image.alpha_composite(white, rgba).convert("RGB")
    flat.thumbnail(size, Image.Resampling.LANCZOS)
    data = _webp(flat, lossless=True, quality=20, method=1) if lossless else b""
    return data if 0 < len(data) <= LOSSLESS_LIMIT else _webp(flat, quality=58, method=2)


def _moving(image: Image.Image, size: int) -> bytes:
    """Return an animation of so many bytes as a smaller one."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(frame.info.get("duration", 200))
        frames.append(frame.convert("RGB"))
    # a large one is not tried at sizes that cannot fit: encoding takes a second
    first = min(int(math.log2(max(size / MOVING_LIMIT, 1))), len(MOVING_STEPS) - 1)
    for width, quality in MOVING_STEPS[first:]:
        data = _resized(frames, durations, width, quality)
        if len(data) <= MOVING_LIMIT:
            break
    return data


def _resized(frames: list[Image.Image], durations: list[int], width: int, quality: int) -> bytes:
    scale = min(1.0, width / frames[0].width)
    size = (round(frames[0].width * scale), round(frames[0].height * scale))
    small = frames if scale == 1.0 else [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    return _webp(
        small[0], save_all=True, append_images=small[1:], duration=durations, loop=0, quality=quality, method=0
    )


def _webp(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()
