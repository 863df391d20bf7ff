"""Image files, as far as several stages need to know them."""

from __future__ import annotations

import struct
from pathlib import Path

from rbcflow.core.errors import InputError


def png_size(image: Path) -> tuple[int, int]:
    """Return width and height of a PNG from its header."""
    with image.open("rb") as handle:
        head = handle.read(24)
    if len(head) < 24 or head[1:4] != b"PNG":
        raise InputError(image, "another kind of file", "a PNG image")
    return struct.unpack(">II", head[16:24])
