"""Whether a video's file ends where it says, for the layouts of stage ``raw``.

A decoder takes a copy that was cut short at the end of a frame for a shorter video. AVI, Matroska and MP4 say in their
outermost parts how long these are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rbcflow.core.errors import InputError

EBML, SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
ROUNDING = 1
"""Bytes that may be missing: the last part's padding to an even number."""


def check_whole(path: Path) -> None:
    """Refuse a video that is shorter than it says; one that does not say, as of a stopped recorder, is left alone.

    Raises:
        InputError: names both lengths in bytes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        if head[:4] == b"RIFF":
            stated = max(_riff(file, size), default=0)
        elif head[:4] == EBML:
            stated = max(_matroska(file, size), default=0)
        elif head[4:8] == b"ftyp":
            stated = max(_boxes(file, size), default=0)
        else:
            return
    if stated > size + ROUNDING:
        raise InputError(path, f"the file cut short at byte {size}", f"{stated} bytes, as it says itself")


def _riff(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where each list of frames in an AVI ends; what follows it is an index, which nothing relies on.

    Zeros, or ones all over, are the lengths that a stopped recorder leaves.
    """
    place = 0
    while place + 12 <= size:
        file.seek(place)
        head = file.read(12)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"RIFF":
            place += 12
            continue
        if length == 0xFFFFFFFF or not head[:4].isascii():
            return
        if head[:4] == b"LIST" and head[8:] == b"movi" and length > 4:
            yield place + 8 + length
        place += 8 + length + length % 2


def _matroska(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where header and segment of a Matroska file end."""
    for name in (EBML, SEGMENT):
        if file.read(4) != name or not (first := file.read(1)) or not first[0]:
            return
        more = 8 - first[0].bit_length()
        length = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + file.read(more), "big")
        # all ones: the length was not known when it was written
        if length == (1 << 7 * (more + 1)) - 1:
            return
        yield file.tell() + length
        file.seek(length, 1)


def _boxes(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where each outermost box of an MP4 or QuickTime file ends."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        length = int.from_bytes(head[8:], "big") if length == 1 else length
        # 0: up to the end of the file, wherever that is
        if length < 8 or not head[4:8].isalnum():
            return
        place += length
        yield place
