"""Multi-page TIFF stacks as lazy pages, for the layouts of stage ``raw``.

Pages are unpacked one by one: read as one array, a stack of three grey pages looks like one RGB picture.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffFileError, TiffPage

from rbcflow.errors import InputError

# tifffile logs a broken chain of pages and goes on with fewer; here that is an InputError.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def page_count(path: Path) -> int:
    """Return the number of pages, from the headers alone; raises InputError as ``check_tiff`` does."""
    with _open(path) as stack:
        return len(stack.pages)


def check_tiff(path: Path) -> None:
    """Verify every page header of a stack without decoding pixels.

    Raises:
        InputError: no TIFF, a page that is neither grey nor RGB with 8 bits, or a file cut short; names the page.
    """
    page_count(path)


def read_pages(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the pages of a stack, decoded one at a time.

    Yields:
        (H, W) or (H, W, 3) uint8; three channels are R, G, B.

    Raises:
        InputError: as ``check_tiff``, or a page whose pixels do not decode; names the page.
    """
    with _open(path) as stack:
        for number, page in enumerate(stack.pages):
            try:
                image = page.asarray()
            # The codecs behind tifffile have exception types of their own without a common base.
            except Exception as error:
                raise InputError(
                    path, f"pixels that do not decode ({error})", "a page", where=f"page {number}"
                ) from error
            yield image


def _open(path: Path) -> TiffFile:
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
            _check_page(path, number, stack.pages[number], stack.filehandle.size)
    except TiffFileError as error:
        raise InputError(path, f"a broken page header ({error})", "a page", where=f"page {number}") from error
    stack.filehandle.seek(stack.pages.next_page_offset)
    following = stack.filehandle.read(stack.tiff.offsetsize)
    if not len(stack.pages) or len(following) < stack.tiff.offsetsize or any(following):
        raise InputError(path, "the file cut short", "a further page header", where=f"page {len(stack.pages)}")


def _check_page(path: Path, number: int, page: TiffPage, size: int) -> None:
    """Verify one page header against what the workflow reads and against the file's size in bytes."""
    where = f"page {number}"
    if page.dtype != np.uint8 or page.axes not in ("YX", "YXS") or (page.axes == "YXS" and page.shape[2] != 3):
        raise InputError(
            path, f"{page.dtype} pixels of shape {page.shape} ({page.axes})", "8-bit grey or RGB", where=where
        )
    end = max(offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True))
    if end > size:
        raise InputError(path, f"the file cut short at byte {size}", f"pixels up to byte {end}", where=where)
