"""Multi-page TIFF stacks as lazy pages, for the layouts of stage ``raw``.

Pages are unpacked one by one: read as one array, a stack of three grey pages looks like one RGB picture. An alpha
channel is dropped where it is opaque everywhere. 16-bit grey is mapped to 8 bits linearly between two grey levels of
the whole recording (``Window``), so that its pages stay comparable; a first pass over the pages finds them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffFileError, TiffPage

from rbcflow.core.errors import InputError
from rbcflow.sources.image import drop_alpha

LOW, HIGH = 0.001, 0.999
"""Shares of a 16-bit recording's pixels that are at most as bright as what becomes 0 and 255."""

# tifffile logs a broken chain of pages and goes on with fewer; here that is an InputError.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Window:
    """The grey levels of a 16-bit recording that become 0 and 255; what lies outside is clipped."""

    low: int
    high: int

    @classmethod
    def of(cls, histogram: NDArray[np.integer]) -> Window:
        """Return the levels at which the shares ``LOW`` and ``HIGH`` of all pixels are reached.

        Args:
            histogram: (65536,) pixels of the recording by grey level.
        """
        reached = np.cumsum(histogram)
        low, high = np.searchsorted(reached, np.array([LOW, HIGH]) * reached[-1])
        return cls(int(low), int(high))

    def eight_bits(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return a page as uint8."""
        scaled = (image.astype(np.float32) - self.low) * (255 / max(self.high - self.low, 1))
        return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def page_count(path: Path) -> int:
    """Return the number of pages after every page header was verified; no pixel is decoded.

    Raises:
        InputError: no TIFF, a page that is neither 8-bit grey, RGB or RGBA nor 16-bit grey, grey pages of both depths,
            or a file cut short; names the page.
    """
    with open_stack(path) as stack:
        return len(stack.pages)


def read_pages(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the pages of a stack, decoded one at a time.

    Yields:
        (H, W) or (H, W, 3) uint8; three channels are R, G, B.

    Raises:
        InputError: as ``page_count``, or a page whose pixels do not decode or are transparent; names the page.
    """
    with open_stack(path) as stack:
        window = _window(path, stack) if stack.pages[0].dtype == np.uint16 else None
        for number in range(len(stack.pages)):
            image = decode_page(path, stack, number)
            yield window.eight_bits(image) if window else drop_alpha(path, image, f"page {number}")


def _window(path: Path, stack: TiffFile) -> Window:
    """Return the window of a 16-bit recording, from a pass over its pages."""
    histogram = np.zeros(2**16, dtype=np.int64)
    for number in range(len(stack.pages)):
        histogram += np.bincount(decode_page(path, stack, number).ravel(), minlength=2**16)
    return Window.of(histogram)


def decode_page(path: Path, stack: TiffFile, number: int) -> NDArray:
    """Return a page's pixels as they are stored."""
    try:
        return stack.pages[number].asarray()
    # The codecs behind tifffile have exception types of their own without a common base.
    except Exception as error:
        raise InputError(path, f"pixels that do not decode ({error})", "a page", where=f"page {number}") from error


def open_stack(path: Path) -> TiffFile:
    """Open a stack after its page headers have been verified."""
    if not path.is_file():
        raise InputError(path, "no such file", "a TIFF stack")
    try:
        stack = TiffFile(path)
    except (TiffFileError, OSError) as error:
        raise InputError(path, f"no TIFF ({error})", "a TIFF stack") from error
    try:
        _check_headers(path, stack)
    except InputError:
        stack.close()
        raise
    return stack


def _check_headers(path: Path, stack: TiffFile) -> None:
    """Verify layout and extent of every page, and that the chain of pages ends rather than breaks off."""
    number = 0
    try:
        for number in range(len(stack.pages)):
            _check_page(path, number, stack.pages[number], stack.pages[0].dtype, stack.filehandle.size)
    except TiffFileError as error:
        raise InputError(path, f"a broken page header ({error})", "a page", where=f"page {number}") from error
    stack.filehandle.seek(stack.pages.next_page_offset)
    following = stack.filehandle.read(stack.tiff.offsetsize)
    if not len(stack.pages) or len(following) < stack.tiff.offsetsize or any(following):
        raise InputError(path, "the file cut short", "a further page header", where=f"page {len(stack.pages)}")


def _check_page(path: Path, number: int, page: TiffPage, dtype: np.dtype, size: int) -> None:
    """Verify one page header against what the workflow reads and against the file's size in bytes."""
    where = f"page {number}"
    grey = page.axes == "YX" and page.dtype in (np.uint8, np.uint16)
    colour = page.axes == "YXS" and page.dtype == np.uint8 and page.photometric.name == "RGB"
    if not (grey or (colour and page.shape[2] in (3, 4))):
        found = f"{page.dtype} pixels of shape {page.shape} ({page.axes})"
        raise InputError(path, found, "8-bit grey, RGB or RGBA, or 16-bit grey", where=where)
    if page.dtype != dtype:
        raise InputError(path, f"{page.dtype} pixels", f"{dtype} as on the first page", where=where)
    end = max(offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True))
    if end > size:
        raise InputError(path, f"the file cut short at byte {size}", f"pixels up to byte {end}", where=where)
