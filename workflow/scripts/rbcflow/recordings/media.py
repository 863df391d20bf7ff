"""A recording's file as a lazy stream of numbered grey frames, whatever its kind (all rules of ``recordings.smk``).

A file is a video, a TIFF stack, a folder of pictures, or an HDF5 file as instruments for deformability cytometry write
it. Nothing is kept in memory but the frame at hand, or for HDF5 a block of frames.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.recordings import events, pictures, stacks
from rbcflow.sources.tiff import Window
from rbcflow.sources.video import counts_lost, numbered_frames

Numbered = Iterator[tuple[int, NDArray]]
SUFFIXES = {".tif": "tiff", ".tiff": "tiff", ".rtdc": "hdf5", ".h5": "hdf5", ".hdf5": "hdf5"}
PICTURES = tuple(suffix for suffix in pictures.SUFFIXES if suffix not in SUFFIXES)
OF_MAKERS = (".czi", ".nd2", ".lif", ".lof", ".oib", ".oif", ".vsi", ".zvi", ".ims", ".mraw", ".sld")
"""Formats of makers of microscopes and cameras, which their own programs, and Fiji, save as TIFF."""


@dataclass(frozen=True)
class Media:
    """What a recording's file says of itself before its frames are decoded.

    Attributes:
        path: the file or folder.
        kind: ``video``, ``tiff``, ``pictures`` or ``hdf5``.
        channels: 1 where it is stored grey, 3 where it has colours, which ``frames`` weighs to grey.
        frames: call it for the frames, (H, W) uint8 or uint16, each with its number in the recording, counted from 0
            unless the file has numbers of its own.
        expected: frames that the file's header names; None where it names none.
        facts: ``pixel_um``, ``fps``, ``flow_ul_s`` and ``channel_um``, as far as the file has them. The rate in a
            video's header is that of playing and is none of them.
        warnings: what a user should know.
    """

    path: Path
    kind: str
    channels: int
    frames: Callable[[], Numbered]
    expected: int | None
    facts: dict[str, float]
    warnings: tuple[str, ...] = ()


def open_media(path: Path) -> Media:
    """Return a recording's file, opened far enough to know its kind.

    Raises:
        InputError: nothing that is read here, or broken at its beginning.
    """
    if path.is_dir():
        files, numbers, warnings = pictures.listed(path)
        channels = pictures.channels(files[0])
        return Media(path, "pictures", channels, lambda: pictures.read(files, numbers), len(files), {}, warnings)
    if path.suffix.lower() in PICTURES:
        raise InputError(path, "one picture", "a recording; name the folder where all of its pictures are")
    if path.suffix.lower() in OF_MAKERS:
        expected = "a TIFF stack, a video, or a folder of pictures, as the maker's program or Fiji saves it"
        raise InputError(path, f"a maker's own format ({path.suffix.lower()}), which is not read here", expected)
    kind = SUFFIXES.get(path.suffix.lower(), "video")
    if kind == "tiff":
        count, channels, facts, warnings = stacks.described(path)
        return Media(path, kind, channels, lambda: stacks.read(path), count, facts, warnings)
    if kind == "hdf5":
        numbers, facts, warnings = events.described(path)
        return Media(path, kind, 1, lambda: events.read(path), len(numbers), facts, warnings)
    channels, count = _video(path)
    unknown = f"the times of the frames do not go in steps: {pictures.IN_A_ROW}"
    warnings = () if count == 1 or counts_lost(path) else (unknown,)
    return Media(path, kind, channels, lambda: numbered_frames(path), count, {}, warnings)


def _video(path: Path) -> tuple[int, int | None]:
    """Return the channels of a video and the number of frames in its header; both may be unknown to PyAV."""
    with contextlib.suppress(av.FFmpegError), av.open(str(path)) as container:
        if container.streams.video:
            stream = container.streams.video[0]
            layout = stream.codec_context.format
            return 1 if layout and len(layout.components) == 1 else 3, stream.frames or None
    return 3, None


def select(
    media: Media, roi: tuple[int, int, int, int] | None = None, first: int | None = None, last: int | None = None
) -> Numbered:
    """Yield the frames that a sheet asks for, cut to its region of interest.

    Args:
        media: the recording.
        roi: ``x0, y0, x1, y1`` in pixels, half-open; None takes the whole frame.
        first: number of the first frame, None for the recording's own.
        last: number of the last frame, None for the recording's own.

    Yields:
        Number and (H, W) uint8 or uint16 of each frame.

    Raises:
        InputError: a frame is broken, or unlike the first one in size or depth; names the frame.
    """
    like: tuple | None = None
    for number, image in media.frames():
        like = like or (image.shape, image.dtype)
        if (image.shape, image.dtype) != like:
            found, expected = (f"{w}x{h} pixels, {kind}" for (h, w), kind in ((image.shape, image.dtype), like))
            raise InputError(media.path, found, f"{expected}, as in the first frame", where=f"frame {number}")
        if last is not None and number > last:
            return
        if first is None or number >= first:
            yield number, image[roi[1] : roi[3], roi[0] : roi[2]] if roi else image


def frames_of(probe: dict[str, Any], *, whole: bool = False) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the frames of a probed recording as all later stages see them.

    Args:
        probe: the content of its ``probe.json``.
        whole: the whole frame, also where there is a region of interest.

    Yields:
        Number and (H, W) uint8 grey; 16-bit frames by the recording's one mapping.

    Raises:
        InputError: see ``select``.
    """
    window = Window(**probe["mapping"]) if probe["mapping"] else None
    roi = None if whole else probe["roi"]
    for number, image in select(open_media(Path(probe["file"])), roi, probe["first"], probe["last"]):
        yield number, window.eight_bits(image) if window else image
