"""Videos as lazy grey frames, for the layouts of stage ``raw`` and for recordings of one's own.

PyAV decodes; OpenCV does where PyAV does not know the file. Frame counts in headers and the index at an AVI's end are
not trusted: a recording has the frames that decode one after the other. A damaged frame is an error, also where a
decoder would fill what is missing, and so is one of another size, a file shorter than it says, and one with several
pictures side by side. Frames that the camera dropped keep their numbers: they are gaps in the times. They are turned
as the file says.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.sources.whole import check_whole

Grey = NDArray[np.uint8]
Timed = Iterator[tuple[int | None, Grey]]
"""Frames with their times in units of the file, None where a frame has none."""

STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}
"""Has FFmpeg's decoders refuse a frame that is damaged instead of filling what is missing."""

OFF_BEAT = 0.15
"""How far times may be from whole steps, in steps, before they say nothing of dropped frames."""

MILLISECOND = Fraction(1, 1000)
"""Clock of Matroska, WebM, Flash and Windows Media, whatever the rate: rounded steps of 1.25 are 1, 1, 1, and 2."""

# what a decoder says of a damaged frame would stand between the messages; here that is an InputError
av.logging.set_level(None)


def read_video(path: Path) -> Iterator[Grey]:
    """Yield the frames of a video, decoded one at a time, as (H, W) uint8 grey; raises as ``numbered_frames``."""
    return (image for _, image in numbered_frames(path))


def numbered_frames(path: Path) -> Iterator[tuple[int, Grey]]:
    """Yield the frames of a video with their numbers, decoded one at a time.

    Args:
        path: any 8-bit video that FFmpeg or OpenCV decodes.

    Yields:
        Number, counted from 0 with those of dropped frames, and (H, W) uint8 grey.

    Raises:
        InputError: nothing decodes, a frame is damaged, or unlike the first one in size; names the codec and the frame.
            The file is cut short, a single picture, or has several video tracks.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "a video")
    _check_streams(path)
    known, clock = _opens(path), _clock(path)
    numbers = _numbers(clock)
    in_order = iter(numbers.values())
    count, number, like = 0, -1, None
    try:
        for time, image in _decode_av(path) if known else _decode_opencv(path):
            before, after = number, number + 1
            number = next(in_order, after) if clock.stored else numbers.get(time, after)
            if number <= before:
                found, expected = "a time that is not after the one before", "frames in the order of their times"
                raise InputError(path, found, expected, where=f"frame {after}")
            like = like or image.shape
            if image.shape != like:
                found, expected = (f"{width}x{height} pixels" for height, width in (image.shape, like))
                raise InputError(path, found, f"{expected}, as in the first frame", where=f"frame {number}")
            yield number, image
            count += 1
    except (av.FFmpegError, cv2.error) as error:
        found = f"a damaged frame ({getattr(error, 'strerror', None) or error}), {_codec(path)}"
        raise InputError(path, found, "a frame that decodes", where=f"frame {number + 1}") from error
    # a decoder's own word on the frame in which the file ends says more
    check_whole(path)
    if count == 0:
        raise InputError(path, f"no decodable frame, {_codec(path)}", "a video with frames", where="frame 0")


def check_video(path: Path) -> list[int]:
    """Decode a video to its end, one frame at a time, and return the numbers of its frames.

    Raises:
        InputError: see ``numbered_frames``.
    """
    return [number for number, _ in numbered_frames(path)]


def _opens(path: Path) -> bool:
    """Tell whether PyAV finds a video in a file and knows its codec."""
    with contextlib.suppress(av.FFmpegError, ValueError), av.open(str(path)) as container:
        if container.streams.video:
            return container.streams.video[0].codec_context is not None
        # a file with sound alone has no frame for OpenCV either
        return bool(container.streams)
    return False


def _check_streams(path: Path) -> None:
    """Refuse a picture under a video's name, and several videos in one file, of which only one would be read.

    Raises:
        InputError: names what the file is.
    """
    with contextlib.suppress(av.FFmpegError, ValueError), av.open(str(path)) as container:
        if container.format.name.endswith("_pipe"):
            raise InputError(path, f"a picture by its content ({container.format.name[:-5]})", "a video")
        if (count := len(container.streams.video)) > 1:
            raise InputError(path, f"{count} video tracks", "one; save each as a file of its own")


def counts_lost(path: Path) -> bool:
    """Tell whether the times of a video's frames go in steps, so that a frame that the camera dropped is seen."""
    return bool(_numbers(_clock(path)))


@dataclass(frozen=True)
class _Clock:
    """What a video says of the times of its frames, nothing decoded.

    Attributes:
        times: of all frames, rising, in ticks; empty where a frame has none.
        ticks: from one frame to the next by the rate that the file names; 0 where it names none that can be believed.
        from_zero: the first frame's time would be 0.
        stored: times are those of the order in which frames are stored, which may not be that of showing them.
    """

    times: list[int] = field(default_factory=list)
    ticks: float = 0.0
    from_zero: bool = False
    stored: bool = False


def _numbers(clock: _Clock) -> dict[int, int]:
    """Return the number of each frame by its time, in order; none where times do not go in steps."""
    times = clock.times
    gaps = [after - before for before, after in itertools.pairwise(times)]
    if not gaps or min(gaps) <= 0:
        return {}
    middle = statistics.median_low(gaps)
    # steps of a tick, now and then two: a frame was dropped, or the step is longer than a tick and was rounded
    if middle == 1 and max(gaps) > 1 and clock.ticks != 1:
        return {}
    single = [gap for gap in gaps if round(gap / middle) == 1]
    step = sum(single) / len(single)
    beats = [gap / step for gap in gaps]
    if any(abs(beat - round(beat)) > OFF_BEAT for beat in beats):
        return {}
    first = round(times[0] / step) if clock.from_zero else 0
    return dict(zip(times, itertools.accumulate(map(round, beats), initial=first), strict=True))


def _clock(path: Path) -> _Clock:
    """Return what a video says of its frames' times; nothing where it cannot be read or a frame has none."""
    times: list[int] = []
    with contextlib.suppress(av.FFmpegError, ValueError), av.open(str(path)) as container:
        if not container.streams.video or container.streams.video[0].codec_context is None:
            return _Clock()
        stream = container.streams.video[0]
        tick = stream.time_base
        # a guess is made from the times themselves, which are rounded where the clock is a coarse one
        rate = stream.average_rate if tick == MILLISECOND else stream.guessed_rate
        avi, whole = container.format.name == "avi", stream.codec_context.codec.intra_only
        with contextlib.suppress(av.FFmpegError):
            for packet in container.demux(stream):
                if packet.size and packet.pts is None:
                    return _Clock()
                if packet.size:
                    times.append(packet.pts)
        # where frames lean on others, an AVI starts late for their sake, not because some were dropped
        return _Clock(sorted(times), float(1 / (rate * tick)) if rate and tick else 0.0, avi and whole, avi)
    return _Clock()


def _decode_av(path: Path) -> Timed:
    """Yield (H, W) uint8 grey frames with PyAV."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            return
        stream, count = container.streams.video[0], 0
        stream.codec_context.options = STRICT
        for packet in container.demux(stream):
            # Some codecs fill the missing part of a frame that the file cuts short, and say nothing.
            if packet.is_corrupt:
                raise InputError(path, "a frame cut short", "a whole frame", where=f"frame {count}")
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise InputError(path, "a damaged frame", "a whole frame", where=f"frame {count}")
                yield frame.pts, _turned(_grey(frame, path), frame.rotation)
                count += 1


def _grey(frame: av.VideoFrame, path: Path) -> Grey:
    """Return a decoded frame as (H, W) uint8 grey."""
    if max(component.bits for component in frame.format.components) > 8:
        raise InputError(path, f"pixels of format {frame.format.name}", "8-bit pixels")
    if frame.format.name == "gray":
        return frame.to_ndarray()
    # By way of R, G, B: FFmpeg's own conversion of limited-range luma to grey leaves black at 16.
    return to_grey(frame.to_ndarray(format="rgb24"))


def _turned(image: Grey, degrees: int) -> Grey:
    """Return a frame as players show it, turned counterclockwise by whole quarters."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90)) if degrees and degrees % 90 == 0 else image


def _decode_opencv(path: Path) -> Timed:
    """Yield (H, W) uint8 grey frames with OpenCV."""
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            found, image = capture.read()
            if not found:
                return
            yield None, to_grey(image[..., ::-1]) if image.ndim == 3 else image
    finally:
        capture.release()


def _codec(path: Path) -> str:
    """Describe a video's codec for an error message."""
    with contextlib.suppress(av.FFmpegError, ValueError), av.open(str(path)) as container:
        if container.streams.video:
            return f"codec {getattr(container.streams.video[0].codec_context, 'name', 'unknown')}"
        if container.streams.audio:
            return "sound alone"
    return "codec unknown"
