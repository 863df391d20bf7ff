"""Reads strips: a PNG is a recording of four frames, its folder the donor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame

FRAMES = 4


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, sorted."""
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.png"))


def read(folder: Path, recording: str, source: str = "strips") -> Iterator[Frame]:
    """Yield the (H, W) uint8 frames of a recording."""
    grey = cv2.imread(str(folder / f"{recording}.png"), cv2.IMREAD_GRAYSCALE)
    height = len(grey) // FRAMES
    for index in range(FRAMES):
        frame = grey[index * height : (index + 1) * height]
        yield Frame(frame, source, Path(recording).parent.name, recording, index)


def bad_files(folder: Path) -> dict[str, InputError]:
    """Return the strips whose height is not that of four frames."""
    bad: dict[str, InputError] = {}
    for name in recordings(folder):
        path = folder / f"{name}.png"
        if len(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) % FRAMES:
            bad[f"{name}.png"] = InputError(path, "a height that four frames do not fill", "four frames")
    return bad
