"""TIFF stacks of one's own: pages, or frames behind a single page; pixel size and interval from ImageJ's tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.sources.image import drop_alpha
from rbcflow.sources.tiff import decode_page, open_stack

MICROMETRES = {"um": 1.0, "µm": 1.0, "μm": 1.0, "\\u00B5m": 1.0, "micron": 1.0, "microns": 1.0, "nm": 1e-3, "mm": 1e3,
               "cm": 1e4}  # fmt: skip
SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "us": 1e-6, "µs": 1e-6}
SQUARE = 0.005
"""How much longer one side of a pixel may be than the other, as a share."""

COMPOSITE = 7
"""Most channels ImageJ has; a longer stack of "channels" is one whose writer did not say that they are frames."""


def described(path: Path) -> tuple[int, int, dict[str, float]]:
    """Return the number of frames, the channels of each, and the facts in ImageJ's tags.

    Raises:
        InputError: no TIFF that is read here, several channels or axes, pixels that are not square, or cut short.
    """
    with open_stack(path) as stack:
        page = stack.pages[0]
        _check_colours(path, page)
        return _count(path, stack), 3 if page.ndim == 3 else 1, _facts(path, stack)


def read(path: Path) -> Iterator[tuple[int, NDArray]]:
    """Yield number and (H, W) uint8 or uint16 grey of each frame: colours weighted, white-is-zero turned round."""
    with open_stack(path) as stack:
        page = stack.pages[0]
        white_is_zero = page.photometric.name == "MINISWHITE"
        behind_one_page = len(stack.pages) < _count(path, stack)
        for number, image in enumerate(_behind(stack) if behind_one_page else _pages(path, stack)):
            grey = to_grey(drop_alpha(path, image, f"frame {number}"))
            yield number, np.iinfo(grey.dtype).max - grey if white_is_zero else grey


def _pages(path: Path, stack: TiffFile) -> Iterator[NDArray]:
    """Yield the pages, decoded one at a time."""
    for number in range(len(stack.pages)):
        yield decode_page(path, stack, number)


def _behind(stack: TiffFile) -> Iterator[NDArray]:
    """Yield the frames that lie behind a single page, which describes them all."""
    series, page = stack.series[0], stack.pages[0]
    for number in range(series.size // page.size):
        place = series.dataoffset + number * page.nbytes
        stored = np.memmap(stack.filehandle.path, series.dtype.newbyteorder(stack.byteorder), "r", place, page.shape)
        yield np.array(stored, dtype=page.dtype)


def _count(path: Path, stack: TiffFile) -> int:
    """Return the number of frames of a stack with one axis besides those of an image."""
    series, pages = stack.series[0], len(stack.pages)
    axes = {axis: size for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YXS" and size > 1}
    several = len(axes) > 1 or (0 < axes.get("C", 0) <= COMPOSITE and "S" not in series.axes)
    if len(stack.series) == 1 and several:
        found = "axes " + " x ".join(f"{axis} of {size}" for axis, size in axes.items())
        raise InputError(path, found, "frames along one axis, T or Z; split the channels")
    frames = series.size // stack.pages[0].size
    if len(stack.series) > 1 or frames <= pages:
        return pages
    end = None if series.dataoffset is None else series.dataoffset + series.nbytes
    if end is None or end > stack.filehandle.size:
        found, expected = f"the file cut short at byte {stack.filehandle.size}", f"{frames} frames up to byte {end}"
        whole = max(0, stack.filehandle.size - (series.dataoffset or 0)) // stack.pages[0].nbytes
        raise InputError(path, found, expected, where=f"frame {whole}")
    return frames


def _check_colours(path: Path, page: TiffPage) -> None:
    """Refuse a palette of colours, whose numbers are no grey levels."""
    palette = page.colormap
    if palette is not None and not ((palette == palette[0]).all() and (np.diff(palette[0].astype(int)) >= 0).all()):
        raise InputError(path, "a palette of colours", "grey levels, or R, G and B", where="page 0")


def _facts(path: Path, stack: TiffFile) -> dict[str, float]:
    """Return ``pixel_um`` and ``fps`` where ImageJ wrote them. Its ``fps`` is that of playing and is passed over."""
    tags = stack.imagej_metadata or {}
    facts = {}
    unit = MICROMETRES.get(str(tags.get("unit", "")))
    sides = [_pixels_a_unit(stack.pages[0], name) for name in ("XResolution", "YResolution")]
    if unit and all(sides):
        across, down = (unit / side for side in sides)
        if abs(across / down - 1) > SQUARE:
            raise InputError(path, f"pixels of {across:g} x {down:g} um", "square pixels", where="ImageJ's tags")
        facts["pixel_um"] = float(f"{across:.6g}")
    interval = tags.get("finterval", 0) or 0
    second = SECONDS.get(str(tags.get("tunit", "")), 0)
    if interval > 0 and second:
        facts["fps"] = float(f"{1 / (interval * second):.6g}")
    return facts


def _pixels_a_unit(page: TiffPage, name: str) -> float:
    """Return a resolution, 0 where there is none."""
    tag = page.tags.get(name)
    above, below = tag.value if tag else (0, 1)
    return above / below if below else 0.0
