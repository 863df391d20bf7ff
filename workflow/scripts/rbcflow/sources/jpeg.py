"""Whether a JPEG is damaged, for the readers of pictures: libjpeg fills what is missing with grey and says nothing."""

from __future__ import annotations

from pathlib import Path

import av

from rbcflow.core.errors import InputError

BEGIN = b"\xff\xd8"
SCAN = 0xDA
NOTES = (*range(0xE1, 0xF0), 0xFE)
"""Segments of notes, which say nothing of the pixels and of which FFmpeg refuses some; 0xE0 is the header, 0xEE tells
colours apart."""
COLOURS = 0xEE


def check_jpeg(path: Path, content: bytes, where: str = "") -> None:
    """Refuse a JPEG that does not decode without a fault; other pictures pass, and kinds that FFmpeg does not know.

    Args:
        path: the file, and ``where`` in it, for the message.
        content: the JPEG.

    Raises:
        InputError: damaged pixels.
    """
    if not content.startswith(BEGIN):
        return
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
    try:
        decoder.decode(av.Packet(_without_notes(content)))
    except av.error.InvalidDataError as error:
        raise InputError(path, "a damaged picture (a JPEG with faulty data)", "a whole picture", where) from error
    except av.FFmpegError:
        return


def _without_notes(content: bytes) -> bytes:
    """Return a JPEG without the segments before its pixels that are notes."""
    kept, place = [BEGIN], 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != SCAN:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if content[place + 1] not in NOTES or content[place + 1] == COLOURS:
            kept.append(content[place:end])
        place = end
    return b"".join([*kept, content[place:]])
