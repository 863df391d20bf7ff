"""Multi-page TIFF stacks as lazy frames, for the layouts of stage ``raw`` and for recordings of one's own.

A stack has pages with a header each, or frames behind a single header, as ImageJ writes them from 4 GB on. Frames come
as they are shown: white-is-zero turned round, grey palettes looked up, planes of colour put together, rows and columns
in the order of the tag. What shows something else than grey levels or R, G, B is refused. 16-bit grey is mapped to
8 bits linearly between two grey levels of the whole recording (``Window``), so that its frames stay comparable; a first
pass over the frames finds them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from rbcflow.core.errors import InputError
from rbcflow.sources.alpha import drop_alpha
from rbcflow.sources.jpeg import check_jpeg

LOW, HIGH = 0.001, 0.999
"""Shares of a 16-bit frame's pixels that are at most as bright as what becomes 0 and 255, were it alone."""

EXTREME, MANY = 0.001, 20
"""Share of frames, at least one, that are left out on both sides where a recording has so many frames."""

COMPOSITE = 7
"""Most channels ImageJ has; a longer stack of "channels" is one whose writer did not say that they are frames."""

SHOWN = ("MINISBLACK", "MINISWHITE", "PALETTE", "RGB", "YCBCR")
"""What a page's numbers may mean; YCbCr where they are JPEG, whose decoder makes R, G, B of it."""
JPEG = (6, 7, 34892)
"""Numbers of the JPEG compressions."""
STRIPS_OF_JPEG = 7
"""That of which each strip or tile is a JPEG, with the tables that all of a page share kept apart."""

# tifffile logs a broken chain of pages and goes on with fewer; here that is an InputError.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Window:
    """The grey levels of a 16-bit recording that become 0 and 255; what lies outside is clipped."""

    low: int
    high: int

    @classmethod
    def of(cls, frames: Sequence[tuple[int, int]]) -> Window:
        """Return the window that holds the levels of all frames but the most extreme: a flash, a broken one.

        The levels of all pixels together would not do: where few frames have a cell, its pixels are too few of them,
        and it would be clipped.

        Args:
            frames: ``levels`` of each frame of the recording.
        """
        left_out = math.ceil(EXTREME * len(frames)) if len(frames) >= MANY else 0
        lows, highs = (sorted(ends) for ends in zip(*frames, strict=True))
        return cls(lows[left_out], highs[-1 - left_out])

    def eight_bits(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return a page as uint8."""
        scaled = (image.astype(np.float32) - self.low) * (255 / max(self.high - self.low, 1))
        return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def levels(image: NDArray[np.uint16]) -> tuple[int, int]:
    """Return the grey levels at which the shares ``LOW`` and ``HIGH`` of a frame's pixels are reached."""
    reached = np.cumsum(np.bincount(image.ravel(), minlength=1))
    low, high = np.searchsorted(reached, np.array([LOW, HIGH]) * reached[-1])
    return int(low), int(high)


def page_count(path: Path) -> int:
    """Return the number of frames after every page header was verified; no pixel is decoded.

    Raises:
        InputError: see ``open_stack``; names the page.
    """
    with open_stack(path) as stack:
        return frame_count(path, stack)


def read_pages(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a stack, decoded one at a time.

    Yields:
        (H, W) or (H, W, 3) uint8; three channels are R, G, B.

    Raises:
        InputError: see ``open_stack``, or a page whose pixels do not decode or are transparent; names the page.
    """
    with open_stack(path) as stack:
        window = _window(path, stack) if stack.pages[0].dtype == np.uint16 else None
        for image in frames(path, stack):
            yield window.eight_bits(image) if window else image


def read_picture(path: Path) -> NDArray:
    """Return the one frame of a TIFF that is a picture: (H, W) uint8 or uint16 grey, or (H, W, 3) uint8 R, G, B.

    Raises:
        InputError: see ``frames``, or it has several.
    """
    with open_stack(path) as stack:
        if (count := frame_count(path, stack)) != 1:
            raise InputError(path, f"{count} pages", "a picture, which has one")
        return next(frames(path, stack))


def open_stack(path: Path) -> TiffFile:
    """Open a stack after its page headers have been verified.

    Raises:
        InputError: no TIFF; a page that is neither 8-bit grey, RGB or RGBA nor 16-bit grey, or shows palette colours;
            pages of both depths; a file cut short.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "a TIFF stack")
    try:
        # what a set of several files describes is not in this one
        stack = TiffFile(path, _multifile=False)
    # a damaged header ends in whichever error its bytes lead to
    except Exception as error:
        raise InputError(path, f"no TIFF ({error})", "a TIFF stack") from error
    try:
        _check_headers(path, stack)
    except Exception as error:
        stack.close()
        if isinstance(error, InputError):
            raise
        raise InputError(path, f"a broken header ({error})", "a TIFF stack") from error
    return stack


def frames(path: Path, stack: TiffFile) -> Iterator[NDArray]:
    """Yield the frames of an open stack as they are shown, decoded one at a time.

    Yields:
        (H, W) uint8 or uint16 grey, or (H, W, 3) uint8 R, G, B.

    Raises:
        InputError: pixels that do not decode or are transparent; several channels or axes; frames that are not there.
    """
    behind = frame_count(path, stack) > len(stack.pages)
    stored = _behind(stack) if behind else _pages(path, stack)
    for number, image in enumerate(stored):
        # pages that an OME description says to be alike have their header in the first of them
        yield _shown(path, stack.pages[0 if behind else number].keyframe, image, f"page {number}")


def frame_count(path: Path, stack: TiffFile) -> int:
    """Return the number of frames of a stack with one axis besides those of an image.

    Raises:
        InputError: channels or several axes, or frames that its header names and the file does not have.
    """
    pages, end = len(stack.pages), stack.filehandle.size
    try:
        series = stack.series
    except Exception as error:
        raise InputError(path, f"a description that is not understood ({error})", "one recording") from error
    if len(series) > 1:
        return pages
    (series,) = series
    # unnamed axes are all called Q
    axes = [
        (axis, size) for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YXS" and size > 1
    ]
    if len(axes) > 1 or (0 < dict(axes).get("C", 0) <= COMPOSITE and "S" not in series.axes):
        found = "axes " + " x ".join(f"{axis} of {size}" for axis, size in axes)
        raise InputError(path, found, "frames along one axis, T or Z; split the channels")
    page = stack.pages[0]
    count = series.size // page.size
    if count < pages or 1 < pages < count:
        found, expected = f"{pages} page headers", f"one for each of the {count} frames that its description names"
        raise InputError(path, found, expected, where=f"page {min(count, pages)}")
    if count <= pages:
        _check_whole(path, stack, page)
        _check_nothing_behind(path, page, pages, end)
        return pages
    last = None if series.dataoffset is None else series.dataoffset + series.nbytes
    if last is None:
        raise InputError(
            path, f"{pages} pages", f"the {count} frames that its description names", where=f"page {pages}"
        )
    if last > end:
        whole = max(0, end - series.dataoffset) // page.nbytes
        raise InputError(path, f"the file cut short at byte {end}", f"{count} frames up to byte {last}",
                         where=f"frame {whole}")  # fmt: skip
    return count


def _check_whole(path: Path, stack: TiffFile, page: TiffPage) -> None:
    """Refuse a single page of ImageJ's whose description names more frames than the file has bytes for.

    Where nothing follows the page it is a picture that has kept the description of the stack it was taken from.
    """
    named, (start, end) = (
        int((stack.imagej_metadata or {}).get("images", 1)),
        (page.dataoffsets[0], stack.filehandle.size),
    )
    if len(stack.pages) == 1 < named and page.offset < start and start + page.nbytes < end:
        found, whole = f"the file cut short at byte {end}", (end - start) // page.nbytes
        raise InputError(path, found, f"the {named} frames that its description names", where=f"frame {whole}")


def _check_nothing_behind(path: Path, page: TiffPage, pages: int, end: int) -> None:
    """Refuse a single page with whole frames behind it of which no header speaks."""
    if pages > 1 or page.compression != 1 or page.subifds:
        return
    more = (end - max(offset + count for offset, count in _extents(page))) // page.nbytes
    if more > 0:
        raise InputError(path, f"one page, and bytes enough for {more} frames behind it", "a header that names all "
                         "frames (ImageJ: File > Import > Raw, then save)", where="page 0")  # fmt: skip


def _window(path: Path, stack: TiffFile) -> Window:
    """Return the window of a 16-bit recording, from a pass over its frames."""
    return Window.of([levels(image) for image in frames(path, stack)])


def _pages(path: Path, stack: TiffFile) -> Iterator[NDArray]:
    """Yield the pages' pixels as they are stored."""
    for number in range(len(stack.pages)):
        page = stack.pages[number]
        _check_strips(path, stack, page, f"page {number}")
        try:
            image = page.asarray()
        # The codecs behind tifffile have exception types of their own without a common base.
        except Exception as error:
            raise InputError(path, f"pixels that do not decode ({error})", "a page", where=f"page {number}") from error
        if image.shape != page.shape or image.dtype != page.dtype:
            raise InputError(path, f"{image.dtype} pixels of shape {image.shape}", f"{page.dtype} of {page.shape}",
                             where=f"page {number}")  # fmt: skip
        yield image


def _check_strips(path: Path, stack: TiffFile, page: TiffPage, where: str) -> None:
    """Refuse a page with a damaged JPEG in it, of which its decoder makes grey pixels."""
    if page.compression != STRIPS_OF_JPEG:
        return
    for offset, count in _extents(page):
        stack.filehandle.seek(offset)
        strip = stack.filehandle.read(count)
        # both begin as a JPEG does and end as one does
        check_jpeg(path, page.jpegtables[:-2] + strip[2:] if page.jpegtables else strip, where)


def _behind(stack: TiffFile) -> Iterator[NDArray]:
    """Yield the frames that lie behind a single page, which describes them all."""
    series, page = stack.series[0], stack.pages[0]
    for number in range(series.size // page.size):
        place = series.dataoffset + number * page.nbytes
        stored = np.memmap(stack.filehandle.path, series.dtype.newbyteorder(stack.byteorder), "r", place, page.shape)
        yield np.array(stored, dtype=page.dtype)


def _shown(path: Path, page: TiffPage, image: NDArray, where: str) -> NDArray:
    """Return stored pixels as a viewer shows them."""
    if page.axes == "SYX":
        image = np.moveaxis(image, 0, 2)
    image = drop_alpha(path, image, where)
    if page.photometric.name == "MINISWHITE":
        image = image.dtype.type((1 << page.bitspersample) - 1) - image
    elif page.photometric.name == "PALETTE":
        image = _levels(page)[image]
    return _upright(image, page)


def _levels(page: TiffPage) -> NDArray[np.uint8]:
    """Return the grey level of each number of a grey palette; some writers leave it at 8 bits."""
    palette = page.colormap[0].astype(np.uint32)
    return np.rint(palette / 257 if palette.max() > 255 else palette).astype(np.uint8)


def _upright(image: NDArray, page: TiffPage) -> NDArray:
    """Return an image with its first row on top and its first column at the left, as the tag Orientation says."""
    tag = page.tags.get("Orientation")
    orientation = int(tag.value) if tag else 1
    if orientation >= 5:
        image, orientation = image.swapaxes(0, 1), {5: 1, 6: 2, 7: 3, 8: 4}.get(orientation, 1)
    image = image[:, ::-1] if orientation in (2, 3) else image
    return image[::-1] if orientation in (3, 4) else image


def _check_headers(path: Path, stack: TiffFile) -> None:
    """Verify layout and extent of every page, and that the chain of pages ends rather than breaks off."""
    number = 0
    try:
        for number in range(len(stack.pages)):
            _check_page(path, number, stack.pages[number], stack.pages[0].dtype, stack.filehandle.size)
    except InputError:
        raise
    except Exception as error:
        raise InputError(path, f"a broken page header ({error})", "a page", where=f"page {number}") from error
    stack.filehandle.seek(stack.pages.next_page_offset)
    following = stack.filehandle.read(stack.tiff.offsetsize)
    if not len(stack.pages) or len(following) < stack.tiff.offsetsize or any(following):
        raise InputError(path, "the file cut short", "a further page header", where=f"page {len(stack.pages)}")


def _check_page(path: Path, number: int, page: TiffPage, dtype: np.dtype, size: int) -> None:
    """Verify one page header against what the workflow reads and against the file's size in bytes."""
    where = f"page {number}"
    _check_pixels(path, page, where)
    if page.dtype != dtype:
        raise InputError(path, f"{page.dtype} pixels", f"{dtype} as on the first page", where=where)
    if page.photometric.name == "PALETTE":
        _check_palette(path, page, where)
    end = max(offset + count for offset, count in _extents(page))
    if end > size:
        raise InputError(path, f"the file cut short at byte {size}", f"pixels up to byte {end}", where=where)


def _extents(page: TiffPage) -> list[tuple[int, int]]:
    """Return offset and number of bytes of each piece of a page."""
    return list(zip(page.dataoffsets, page.databytecounts, strict=True))


def _check_pixels(path: Path, page: TiffPage, where: str) -> None:
    """Refuse pixels that are neither 8-bit grey, R, G, B with or without alpha, nor 16-bit grey."""
    meaning = getattr(page.photometric, "name", str(page.photometric))
    depth = page.bitspersample if isinstance(page.bitspersample, int) else 0
    samples = {"YX": 1}.get(page.axes) or (page.samplesperpixel if page.axes in ("YXS", "SYX") else 0)
    if meaning not in SHOWN or (meaning == "YCBCR" and page.compression not in JPEG):
        found = f"pixels that mean {meaning}"
        raise InputError(path, found, "grey levels, or R, G and B; save it so, in ImageJ as RGB or 8-bit", where=where)
    grey = meaning in ("MINISBLACK", "MINISWHITE")
    eight = page.dtype == np.uint8 and depth == 8
    # a palette's numbers are levels once they were looked up, whatever their depth
    right = (
        (grey and samples in (1, 2) and eight)
        or (grey and samples == 1 and page.dtype == np.uint16 and depth > 8)
        or (meaning == "PALETTE" and samples == 1 and page.dtype == np.uint8)
        or (meaning in ("RGB", "YCBCR") and samples in (3, 4) and eight)
    )
    if not right or not page.size:
        found = f"{page.dtype} pixels of shape {page.shape} ({page.axes}, {depth} bits, {meaning})"
        raise InputError(path, found, "8-bit grey, RGB or RGBA, or 16-bit grey", where=where)


def _check_palette(path: Path, page: TiffPage, where: str) -> None:
    """Refuse a palette of colours, whose numbers and colours are both no grey levels."""
    if page.colormap is None or not (page.colormap == page.colormap[0]).all():
        expected = "grey levels, or R, G and B (ImageJ: Image > Lookup Tables > Grays, then save)"
        raise InputError(path, "a palette of colours", expected, where=where)
