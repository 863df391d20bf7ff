"""Pictures as data URIs (rule ``render_report``); ``figures/copies.py`` made them small when they were drawn."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from rbcflow.core.errors import InputError
from rbcflow.figures.copies import copies_of


@dataclass(frozen=True)
class Picture:
    """A picture to embed: data URI, displayed size in pixels, and frames, of which a still has one."""

    uri: str
    width: int
    height: int
    frames: int = 1


@dataclass(frozen=True)
class Animation:
    """An animation to embed: its first frame, which the page shows, and the moving copy behind the play button."""

    still: Picture
    uri: str
    frames: int


def data_uri(data: bytes, mime: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def open_picture(path: Path) -> Image.Image:
    """Return a decoded picture.

    Raises:
        InputError: the file is no readable picture.
    """
    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError) as error:
        raise InputError(path, f"no readable picture ({error})", "a picture written by a figure rule") from error
    return image


def embed_still(figure: Path) -> Picture:
    """Return the page's copy of a figure.

    Raises:
        InputError: the copy is missing or no readable picture.
    """
    return _embedded(copies_of(figure)[0])


def embed_animation(figure: Path) -> Animation:
    """Return the page's copies of a GIF.

    Raises:
        InputError: a copy is missing or no readable picture.
    """
    still, moving = (_embedded(copy) for copy in copies_of(figure))
    return Animation(still, moving.uri, moving.frames)


def _embedded(path: Path) -> Picture:
    image = open_picture(path)
    return Picture(data_uri(path.read_bytes(), "image/webp"), *image.size, getattr(image, "n_frames", 1))
