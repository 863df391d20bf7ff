"""Videos as lazy grey frames, for the layouts of stage ``raw``: PyAV first, OpenCV where PyAV cannot decode the file.

Frame counts in AVI headers and the index at an AVI's end are not trusted: a recording has as many frames as decode one
after the other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey

Grey = NDArray[np.uint8]


def read_video(path: Path) -> Iterator[Grey]:
    """Yield the frames of a video, decoded one at a time.

    Args:
        path: any 8-bit video that FFmpeg or OpenCV decodes.

    Yields:
        (H, W) uint8 grey.

    Raises:
        InputError: nothing decodes, or a frame in the middle does not; names the codec and the frame.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "a video")
    decoder = _decode_av if _decodes(path) else _decode_opencv
    count = 0
    try:
        for image in decoder(path):
            yield image
            count += 1
    except av.FFmpegError as error:
        raise InputError(path, f"{error}, {_codec(path)}", "a decodable frame", where=f"frame {count}") from error
    if count == 0:
        raise InputError(path, f"no decodable frame, {_codec(path)}", "a video with frames", where="frame 0")


def check_video(path: Path) -> None:
    """Decode a video to its end, one frame at a time; raises InputError as ``read_video`` does."""
    for _ in read_video(path):
        pass


def _decodes(path: Path) -> bool:
    """Tell whether PyAV gets the first frame out of a video."""
    try:
        with contextlib.closing(_decode_av(path)) as frames:
            return next(frames, None) is not None
    except av.FFmpegError:
        return False


def _decode_av(path: Path) -> Iterator[Grey]:
    """Yield (H, W) uint8 grey frames with PyAV."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            return
        count = 0
        for packet in container.demux(video=0):
            # Some codecs fill the missing part of a frame that the file cuts short, and say nothing.
            if packet.is_corrupt:
                raise InputError(path, "a frame cut short", "a whole frame", where=f"frame {count}")
            for frame in packet.decode():
                yield _grey(frame, path)
                count += 1


def _grey(frame: av.VideoFrame, path: Path) -> Grey:
    """Return a decoded frame as (H, W) uint8 grey."""
    if max(component.bits for component in frame.format.components) > 8:
        raise InputError(path, f"pixels of format {frame.format.name}", "8-bit pixels")
    if frame.format.name == "gray":
        return frame.to_ndarray()
    # By way of R, G, B: FFmpeg's own conversion of limited-range luma to grey leaves black at 16.
    return to_grey(frame.to_ndarray(format="rgb24"))


def _decode_opencv(path: Path) -> Iterator[Grey]:
    """Yield (H, W) uint8 grey frames with OpenCV."""
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            found, image = capture.read()
            if not found:
                return
            yield to_grey(image[..., ::-1]) if image.ndim == 3 else image
    finally:
        capture.release()


def _codec(path: Path) -> str:
    """Describe a video's codec for an error message."""
    with contextlib.suppress(av.FFmpegError), av.open(str(path)) as container:
        if container.streams.video:
            return f"codec {container.streams.video[0].codec_context.name}"
    return "codec unknown"
