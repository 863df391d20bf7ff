"""A recording's consecutive frames with cell numbers and classes, as a video and as a GIF (rule ``draw_recording``)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import matplotlib as mpl
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rbcflow.core.classes import CLASSES
from rbcflow.figures import gifs, pictures, style
from rbcflow.recordings.places import field_of

VIDEO_FRAMES = 300
GIF_FRAMES = 36
FPS = 10
"""Frames a second as shown, slow enough to follow a cell by eye; the recording's own rate has no part in it."""
SHORTER_PX, LONGER_PX = 240, 1280
"""Small frames are enlarged until their shorter side is about so large, unless the longer one would be beyond this."""
STRIP = 24
LOOSE = style.COLOURS["any"]
"""Colour of a box that belongs to no cell."""

CORNERS = ["x0", "y0", "x1", "y1"]


def window(tracks: pd.DataFrame, numbers: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return the consecutive frames that hold the most boxes.

    Args:
        tracks: boxes of the recording.
        numbers: (F,) of its frames, rising.
        length: how many are wanted.
    """
    if len(numbers) <= length:
        return numbers
    per_frame = tracks.groupby("frame").size().reindex(numbers, fill_value=0).to_numpy()
    sums = np.convolve(per_frame, np.ones(length), mode="valid")
    start = int(np.argmax(sums))
    return numbers[start : start + length]


def draw(
    images: Iterable[tuple[int, NDArray[np.uint8]]],
    tracks: pd.DataFrame,
    numbers: NDArray[np.int64],
    probe: dict[str, Any],
    video: Path,
    gif: Path,
) -> None:
    """Write ``overlay.mp4`` and ``overlay.gif``.

    Frames are written as they come; no more than those of the GIF are kept.

    Args:
        images: number and (H, W) or (H, W, 3) uint8 whole frame, rising; those not shown are passed over.
        tracks: boxes with cells.
        numbers: (F,) of all frames of the recording.
        probe: of the recording.
        video: MP4 file.
        gif: GIF file.
    """
    shown = window(tracks, numbers, VIDEO_FRAMES)
    kept = set(window(tracks, shown, GIF_FRAMES).tolist())
    by_frame = dict(iter(tracks.groupby("frame")))
    empty = tracks.iloc[:0]
    video.parent.mkdir(parents=True, exist_ok=True)
    pages, raw = [], []
    with av.open(str(video), "w") as container:
        stream = None
        for number, image in images:
            if number > shown[-1]:
                break
            if number < shown[0]:
                continue
            seen = _field(image, probe)
            page = render(seen, by_frame.get(number, empty), number, probe)
            stream = stream or _stream(container, page)
            for packet in stream.encode(av.VideoFrame.from_ndarray(_even(page), format="rgb24")):
                container.mux(packet)
            if number in kept:
                pages.append(Image.fromarray(page))
                raw.append(pictures.as_rgb(seen))
        for packet in stream.encode() if stream else ():
            container.mux(packet)
    gif.write_bytes(gifs.encode(pages, raw, 48, FPS))


def notice(text: str, video: Path, gif: Path) -> None:
    """Write a video and a GIF of one page that says why there is no other."""
    page = Image.new("RGB", (480, STRIP), "white")
    ImageDraw.Draw(page).text((6, 5), text, font=_font(12), fill=pictures.CASING)
    with av.open(str(video), "w") as container:
        stream = _stream(container, np.asarray(page))
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(np.asarray(page), format="rgb24")), *stream.encode()]:
            container.mux(packet)
    page.save(gif)


def render(image: NDArray[np.uint8], boxes: pd.DataFrame, number: int, probe: dict[str, Any]) -> pictures.Rgb:
    """Return a frame with its boxes: colour is the class, grey without a cell; the number is the cell's.

    Args:
        image: (H, W) or (H, W, 3) uint8, cut to the field.
        boxes: of the frame, with cells, in pixels of the whole frame.
        number: of the frame.
        probe: of the recording.
    """
    factor = enlargement(image.shape[:2])
    large = np.ascontiguousarray(pictures.enlarge(pictures.as_rgb(image), factor))
    x, y = field_of(probe)[:2]
    corners = boxes[CORNERS].to_numpy(dtype=float) - [x, y, x, y]
    cells = [None if pd.isna(cell) else int(cell) for cell in boxes["cell"]]
    colours = [colour_of(name) if cell else LOOSE for name, cell in zip(boxes["class"], cells, strict=True)]
    for box, colour in zip(corners, colours, strict=True):
        pictures.draw_box(large, box, colour, factor)
    height, width = large.shape[:2]
    page = Image.new("RGB", (max(width, 420), height + STRIP), "white")
    page.paste(Image.fromarray(large), (0, 0))
    pen = ImageDraw.Draw(page)
    pen.fontmode = "1"  # no smoothing: smoothed text would need colours of its own in the GIF's palette
    for box, colour, cell in zip(corners, colours, cells, strict=True):
        if cell is not None:
            _chip(pen, str(cell), colour, box * factor, (width, height))
    _legend(pen, f"{probe['recording']}, frame {number}", page.size)
    return np.asarray(page)


def colour_of(name: str) -> str:
    """Return the colour of a class, or that of cells whose class the detector does not know."""
    return style.COLOURS.get(name, style.COLOURS["unnamed"])


def enlargement(shape: tuple[int, int]) -> float:
    """Return by how much a frame is enlarged, or reduced where it is too large."""
    shorter, longer = min(shape), max(shape)
    wanted = max(1, min(4, round(SHORTER_PX / shorter)))
    return min(float(wanted), LONGER_PX / longer)


def _field(image: NDArray[np.uint8], probe: dict[str, Any]) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = (int(value) for value in field_of(probe))
    return image[y0:y1, x0:x1]


def _chip(pen: ImageDraw.ImageDraw, text: str, colour: str, box: NDArray[np.float64], size: tuple[int, int]) -> None:
    """Write a cell's number above its box, or below where the frame ends."""
    width = round(_font(11).getlength(text)) + 5
    left = round(min(max(box[0] - 3, 0), size[0] - width))
    top = round(box[1] - 16 if box[1] >= 16 else min(box[3] + 3, size[1] - 14))
    pen.rectangle((left, top, left + width, top + 13), fill=colour, outline=pictures.CASING)
    pen.text((left + 3, top + 1), text, font=_font(11), fill=pictures.CASING)


def _legend(pen: ImageDraw.ImageDraw, text: str, size: tuple[int, int]) -> None:
    x, y, font = 6, size[1] - STRIP + 5, _font(12)
    for name in CLASSES:
        pen.rectangle((x, y + 2, x + 10, y + 12), fill=style.COLOURS[name], outline=pictures.CASING)
        pen.text((x + 15, y), name, font=font, fill=pictures.CASING)
        x += 15 + round(font.getlength(name)) + 12
    while text and x + font.getlength(text) > size[0] - 6:
        text = text[1:]
    pen.text((size[0] - 6 - font.getlength(text), y), text, font=font, fill=pictures.CASING)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)


def _stream(container: av.container.OutputContainer, page: pictures.Rgb) -> av.VideoStream:
    """Return a stream that every browser plays: H.264 with colours halved, which wants even sides."""
    stream = container.add_stream("libx264", rate=Fraction(FPS))
    height, width = _even(page).shape[:2]
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = {"crf": "20", "preset": "veryfast"}
    return stream


def _even(page: pictures.Rgb) -> pictures.Rgb:
    """Return a page without an odd last row or column."""
    height, width = page.shape[:2]
    return np.ascontiguousarray(page[: height // 2 * 2, : width // 2 * 2])
