"""Pictures as data URIs, small enough that a page with all of them opens at once (rule ``render_report``)."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageSequence

from rbcflow.errors import InputError

MAX_SIZE = (1200, 2000)
"""Largest embedded picture, width and height in pixels."""

STILL_SIZE = (900, 1260)
"""Largest first frame of an animation."""

LOSSLESS_LIMIT = 40_000
"""Bytes up to which a picture stays lossless: plots do, photographs need not."""

ANIMATION_STEPS = ((1280, 80), (960, 72), (760, 60), (640, 45), (560, 35), (480, 20))
"""Widths in pixels and WebP qualities tried in turn until an animation fits its share of the page."""


@dataclass(frozen=True)
class Picture:
    """A picture to embed: data URI and displayed size in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Animation:
    """An animation to embed: its first frame, which the page shows, and the moving copy behind the play button."""

    still: Picture
    uri: str
    frames: int


def data_uri(data: bytes, mime: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def _webp(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """Return an image as R, G, B on white."""
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def open_picture(path: Path) -> Image.Image:
    """Return a decoded picture.

    Raises:
        InputError: the file is no readable picture.
    """
    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError) as error:
        raise InputError(path, f"no readable picture ({error})", "a PNG or GIF written by a figure rule") from error
    return image


def _picture(image: Image.Image, size: tuple[int, int] = MAX_SIZE) -> Picture:
    image = _flat(image)
    image.thumbnail(size, Image.Resampling.LANCZOS)
    data = _webp(image, lossless=True, quality=20, method=1)
    if len(data) > LOSSLESS_LIMIT:
        data = _webp(image, quality=58, method=2)
    return Picture(data_uri(data, "image/webp"), *image.size)


def embed_still(path: Path) -> Picture:
    """Return a picture as a data URI, at most ``MAX_SIZE`` large.

    Raises:
        InputError: the file is no readable picture.
    """
    return _picture(open_picture(path))


def embed_animation(path: Path, share: int) -> Animation:
    """Return a GIF as a data URI: byte for byte where it fits its share, else as a smaller animated WebP.

    Args:
        path: the GIF.
        share: bytes the animation may take before base64; the smallest step is taken even if it takes more.

    Raises:
        InputError: the file is no readable picture.
    """
    image = open_picture(path)
    still = _picture(image, STILL_SIZE)
    count = getattr(image, "n_frames", 1)
    data = path.read_bytes()
    if len(data) <= share:
        return Animation(still, data_uri(data, "image/gif"), count)
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(frame.info.get("duration", 200))
        frames.append(frame.convert("RGB"))
    # a large one is not tried at sizes that cannot fit: encoding takes a second
    first = min(int(math.log2(max(len(data) / share, 1))), len(ANIMATION_STEPS) - 1)
    for width, quality in ANIMATION_STEPS[first:]:
        data = _animated(frames, durations, width, quality)
        if len(data) <= share:
            break
    return Animation(still, data_uri(data, "image/webp"), count)


def _animated(frames: list[Image.Image], durations: list[int], width: int, quality: int) -> bytes:
    scale = min(1.0, width / frames[0].width)
    size = (round(frames[0].width * scale), round(frames[0].height * scale))
    small = frames if scale == 1.0 else [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    return _webp(
        small[0], save_all=True, append_images=small[1:], duration=durations, loop=0, quality=quality, method=0
    )
