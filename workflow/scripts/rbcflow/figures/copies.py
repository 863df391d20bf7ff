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

LOSSLESS_LIMIT = 45_000
"""Bytes up to which a picture stays sharp: plots do, photographs need not."""

HOPELESS = 90_000
"""Bytes of a photograph's PNG that cannot become so small; not to try it saves time."""

PLOT_COLOURS = 64
"""Colours of a sharp plot, which has a dozen and their mixtures at edges."""

PLOT_GROUND = 0.35
"""Least share of white in a plot; photographs, and sheets of them, have less."""

NEARLY_WHITE = 253
"""What counts as 255 in a palette: the mean of white and a few mixtures of it."""

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
        still.write_bytes(_first_frame(image) if moving else _still(image, figure.stat().st_size))
        for target in moving:
            target.write_bytes(_moving(image, figure.stat().st_size))


def _still(image: Image.Image, size: int) -> bytes:
    """Return a figure of so many bytes encoded: without loss, a plot in few colours, where that is small."""
    flat = _on_white(image, MAX_SIZE)
    sharp = _as_plot(flat) or (flat if size < HOPELESS else None)
    return (_small(sharp) if sharp else b"") or _photograph(flat)


def _first_frame(image: Image.Image) -> bytes:
    """Return the first frame of an animation encoded, without loss where that is small: it has few colours."""
    flat = _on_white(image, FIRST_FRAME_SIZE)
    return _small(flat) or _photograph(flat)


def _on_white(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture on white, RGB, at most so large."""
    rgba = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    flat.thumbnail(size, Image.Resampling.LANCZOS)
    return flat


def _as_plot(picture: Image.Image) -> Image.Image | None:
    """Return an RGB picture in ``PLOT_COLOURS`` colours, pure white kept as the page is white; None of a photograph."""
    if picture.convert("L").histogram()[255] < PLOT_GROUND * picture.width * picture.height:
        return None
    few = picture.quantize(PLOT_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.putpalette([255 if part >= NEARLY_WHITE else part for part in few.getpalette()])
    return few.convert("RGB")


def _small(picture: Image.Image) -> bytes:
    """Return a picture encoded without loss, nothing where that takes too many bytes."""
    data = _webp(picture, lossless=True, quality=50, method=3)
    return data if len(data) <= LOSSLESS_LIMIT else b""


def _photograph(picture: Image.Image) -> bytes:
    return _webp(picture, quality=58, method=2)


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
