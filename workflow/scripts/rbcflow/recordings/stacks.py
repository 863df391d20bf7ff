"""TIFF stacks of one's own: frames as ``sources.tiff`` reads them; pixel size and interval from ImageJ's tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.sources.tiff import frame_count, frames, open_stack

MICROMETRES = {"um": 1.0, "µm": 1.0, "μm": 1.0, "\\u00b5m": 1.0, "micron": 1.0, "microns": 1.0, "nm": 1e-3, "mm": 1e3,
               "cm": 1e4, "inch": 25400.0}  # fmt: skip
SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6,
           "\\u00b5s": 1e-6, "min": 60.0}  # fmt: skip
NO_UNIT = ("", "pixel", "pixels")
SQUARE = 0.005
"""How much longer one side of a pixel may be than the other, as a share."""


def described(path: Path) -> tuple[int, int, dict[str, float], tuple[str, ...]]:
    """Return the number of frames, the channels of each, the facts in ImageJ's tags, and warnings.

    Raises:
        InputError: no TIFF that is read here, several channels or axes, pixels that are not square, or cut short.
    """
    with open_stack(path) as stack:
        colours = stack.pages[0].photometric.name in ("RGB", "YCBCR")
        return frame_count(path, stack), 3 if colours else 1, *_facts(path, stack)


def read(path: Path) -> Iterator[tuple[int, NDArray]]:
    """Yield number and (H, W) uint8 or uint16 grey of each frame; colours are weighted."""
    with open_stack(path) as stack:
        for number, image in enumerate(frames(path, stack)):
            yield number, to_grey(image)


def _facts(path: Path, stack: TiffFile) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return ``pixel_um`` and ``fps`` where ImageJ wrote them, and which of its units are not known.

    Its ``fps`` is that of playing and is passed over.
    """
    tags = stack.imagej_metadata or {}
    facts, warnings = {}, []
    length, time = (str(tags.get(name, "")).strip().lower() for name in ("unit", "tunit"))
    unit, second = MICROMETRES.get(length), SECONDS.get(time)
    sides = [_pixels_a_unit(stack.pages[0], name) for name in ("XResolution", "YResolution")]
    if unit and all(sides):
        across, down = (unit / side for side in sides)
        if abs(across / down - 1) > SQUARE:
            raise InputError(path, f"pixels of {across:g} x {down:g} um", "square pixels", where="ImageJ's tags")
        facts["pixel_um"] = float(f"{across:.6g}")
    elif not unit and length not in NO_UNIT:
        warnings.append(f"the file's pixel size is in a unit that is not known here, {length!r}: it is not used")
    interval = tags.get("finterval", 0) or 0
    if interval > 0 and second:
        facts["fps"] = float(f"{1 / (interval * second):.6g}")
    elif interval > 0:
        warnings.append(f"the file's interval is in a unit that is not known here, {time!r}: it is not used")
    return facts, tuple(warnings)


def _pixels_a_unit(page: TiffPage, name: str) -> float:
    """Return a resolution, 0 where there is none."""
    tag = page.tags.get(name)
    above, below = tag.value if tag else (0, 1)
    return above / below if below else 0.0
