"""Videos as lazy grey frames, for the layouts of stage ``raw``: PyAV first, OpenCV where PyAV cannot decode the file.

Frame counts in AVI headers are not trusted: a recording has as many frames as decode.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.errors import InputError
from rbcflow.frames import to_grey

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
    decoder = _decode_av if _decodes(_decode_av, path) else _decode_opencv
    index = -1
    for index, image in enumerate(decoder(path)):  # noqa: B007 (the count is used after the loop)
        yield image
    if index < 0:
        raise InputError(path, f"no decodable frame, {_codec(path)}", "a video with frames", where="frame 0")


def check_video(path: Path) -> None:
    """Decode the first frame of a video and no more; raises InputError as ``read_video`` does."""
    with contextlib.closing(read_video(path)) as frames:
        next(frames)


def _decodes(decoder, path: Path) -> bool:
    """Tell whether a decoder gets the first frame out of a video."""
    try:
        with contextlib.closing(decoder(path)) as frames:
            return next(frames, None) is not None
    except (InputError, av.FFmpegError):
        return False


def _decode_av(path: Path) -> Iterator[Grey]:
    """Yield (H, W) uint8 grey frames with PyAV."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            return
        index = 0
        try:
            for frame in container.decode(video=0):
                yield _grey(frame, path, index)
                index += 1
        except av.FFmpegError as error:
            raise InputError(path, f"{error}, {_codec(path)}", "a decodable frame", where=f"frame {index}") from error


def _grey(frame: av.VideoFrame, path: Path, index: int) -> Grey:
    """Return a decoded frame as (H, W) uint8 grey."""
    if max(component.bits for component in frame.format.components) > 8:
        raise InputError(path, f"pixels of format {frame.format.name}", "8-bit pixels", where=f"frame {index}")
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
