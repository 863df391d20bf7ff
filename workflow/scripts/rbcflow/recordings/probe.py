"""What a recording is, found by decoding it once: rules ``read_recording`` and ``probe_recording``.

Counts in headers are not trusted, so all frames are decoded. The same pass finds the grey levels by which 16-bit frames
become 8-bit ones: one mapping for the whole recording.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rbcflow.config.recordings import PIXEL_UM, Recording
from rbcflow.core.errors import InputError
from rbcflow.recordings.interlace import Interlace
from rbcflow.recordings.media import Media, open_media, select
from rbcflow.recordings.progress import shown
from rbcflow.sources.tiff import Window, levels

ALIKE = 0.01
"""How far a value in the sheet may be from the file's before they contradict each other, as a share."""

LISTED = 100
"""Most gaps that are listed one by one."""

CONTRADICTS = ("pixel_um", "fps")
"""Facts for which another value in the sheet is an error: velocities depend on them."""


def probe(recording: Recording, sheet: str) -> dict[str, Any]:
    """Return all that ``read`` and ``described`` do: a recording as later stages know it."""
    return described(recording, read(recording, sheet), sheet)


def read_or_refuse(recording: Recording, sheet: str) -> dict[str, Any]:
    """Return what ``read`` does, or a recording without frames whose key ``refused`` says what is wrong.

    One broken file must not stop the others: it goes through all stages as a recording that is refused.
    """
    try:
        return read(recording, sheet)
    except InputError as error:
        return _refused(recording, error)


def described_or_refused(recording: Recording, metadata: dict[str, Any], sheet: str) -> dict[str, Any]:
    """Return what ``described`` does, or a recording without frames where the sheet contradicts the file."""
    try:
        return described(recording, metadata, sheet)
    except InputError as error:
        return described(recording, _refused(recording, error), sheet)


def _refused(recording: Recording, error: InputError) -> dict[str, Any]:
    """Return the content of ``metadata.json`` of a recording that cannot be used."""
    return {
        **recording.model_dump(include={"recording", "file", "roi", "first", "last"}),
        **{"kind": "", "n_frames": 0, "width": 0, "height": 0, "channels": 0, "depth": 0},
        **{"mapping": None, "brightest": 0, "interlaced": False, "digest": "", "stated": {}, "warnings": []},
        "frame_numbers": _gaps(np.zeros(0, dtype=np.int64)),
        "refused": str(error),
    }


def read(recording: Recording, sheet: str) -> dict[str, Any]:
    """Return what a pass over the frames says, the content of ``metadata.json``: all that boxes depend on.

    Args:
        recording: a line of the sheet; its file, region of interest, first and last frame matter.
        sheet: the sheet's name, for messages.

    Raises:
        InputError: the file is broken, or has no such frames or region; names file and frame, or sheet and column.
    """
    media = open_media(Path(recording.file))
    warnings = list(media.warnings)
    seen = _look(recording, media, sheet)
    if media.expected and recording.first is None and recording.last is None and media.expected != len(seen.numbers):
        warnings.append(f"the header names {media.expected} frames, {len(seen.numbers)} decode")
    if media.channels == 3:
        warnings.append("colours are weighted to grey, as the detector is shown grey frames")
    if recording.last is not None and seen.numbers[-1] < recording.last:
        warnings.append(f"last is {recording.last} in the sheet, the last frame there is has number {seen.numbers[-1]}")
    mapping = Window.of(seen.levels) if seen.depth == np.uint16 else None
    if mapping and mapping.high == mapping.low:
        warnings.append("all pixels have about the same grey level")
    height, width = seen.shape
    stated = dict(media.facts)
    pixel = stated.get("pixel_um", PIXEL_UM[0])
    if not PIXEL_UM[0] <= pixel <= PIXEL_UM[1]:
        # not kept, as boxes depend on it too: frames are brought to the training's size by it
        warnings.append(f"the file's pixel size, {pixel:g} um, is no microscope's: it is not used")
        del stated["pixel_um"]
    return {
        **recording.model_dump(include={"recording", "file", "roi", "first", "last"}),
        "kind": media.kind,
        "n_frames": len(seen.numbers),
        "width": width,
        "height": height,
        "channels": media.channels,
        "depth": 8 * seen.depth.itemsize,
        "mapping": {"low": mapping.low, "high": mapping.high} if mapping else None,
        "brightest": seen.brightest,
        "interlaced": seen.interlace.found,
        "frame_numbers": _gaps(np.array(seen.numbers)),
        "digest": seen.digest.hexdigest(),
        "stated": stated,
        "warnings": warnings,
        "refused": "",
    }


def described(recording: Recording, metadata: dict[str, Any], sheet: str) -> dict[str, Any]:
    """Return the content of ``probe.json``: a recording's frames, and the facts of the sheet and of the file.

    Args:
        recording: a line of the sheet.
        metadata: of ``read``.
        sheet: the sheet's name, for messages.

    Raises:
        InputError: the sheet contradicts the file; names the column.
    """
    stated = metadata["stated"]
    warnings = list(metadata["warnings"])
    facts = _facts(recording, stated, sheet, warnings)
    rest = {name: value for name, value in metadata.items() if name not in ("stated", "warnings")}
    return {**recording.model_dump(), **facts, **rest, "warnings": warnings}


@dataclass
class _Seen:
    """What is gathered while all frames pass by."""

    numbers: list[int] = field(default_factory=list)
    levels: list[tuple[int, int]] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    shape: tuple[int, int] = (0, 0)
    depth: np.dtype = field(default_factory=lambda: np.dtype(np.uint8))
    brightest: int = 0
    interlace: Interlace = field(default_factory=Interlace)

    def add(self, number: int, image: NDArray) -> None:
        """Take a whole frame in."""
        self.numbers.append(number)
        self.digest.update(frame_digest(number, image).encode())
        self.brightest = max(self.brightest, int(image.max()))
        self.interlace.add(image)


def frame_digest(number: int, image: NDArray) -> str:
    """Return 16 hexadecimal digits over a frame's number and pixels."""
    return hashlib.sha256(str((number, image.shape, image.dtype.str)).encode() + image.tobytes()).hexdigest()[:16]


def _look(recording: Recording, media: Media, sheet: str) -> _Seen:
    """Return what is seen on a pass over the frames that the sheet asks for."""
    seen, roi = _Seen(), recording.roi
    wanted = select(media, None, recording.first, recording.last)
    for number, image in shown(wanted, f"{recording.recording}: reading", media.expected):
        if not seen.numbers:
            seen.shape, seen.depth = image.shape, image.dtype
            _check_roi(recording, image.shape, sheet)
        seen.add(number, image)
        if image.dtype == np.uint16:
            inside = image[roi[1] : roi[3], roi[0] : roi[2]] if roi else image
            seen.levels.append(levels(inside))
    if not seen.numbers:
        numbers = [number for number, _ in media.frames()]
        there = f"frames {numbers[0]} to {numbers[-1]}, as the file has" if numbers else "a file with frames"
        found = f"first {recording.first}, last {recording.last}"
        raise InputError(sheet, found, there, f"recording {recording.recording}, columns first and last")
    return seen


def _check_roi(recording: Recording, shape: tuple[int, int], sheet: str) -> None:
    roi, (height, width) = recording.roi, shape
    if roi and (roi[2] > width or roi[3] > height):
        found, expected = ",".join(map(str, roi)), f"a part of the frame, which has {width}x{height} pixels"
        raise InputError(sheet, found, expected, f"recording {recording.recording}, column roi")


def _facts(recording: Recording, stated: dict[str, float], sheet: str, warnings: list[str]) -> dict[str, float | None]:
    """Return the facts that a sheet or a file may state; adds a warning where they differ and it matters little."""
    facts = {}
    for name in ("pixel_um", "fps", "flow_ul_s", "channel_um"):
        said, found = getattr(recording, name), stated.get(name)
        if said is not None and found is not None and abs(said / found - 1) > ALIKE:
            if name in CONTRADICTS:
                expected = f"{found:g}, as {recording.file} says, or an empty cell"
                raise InputError(sheet, f"{said:g}", expected, f"recording {recording.recording}, column {name}")
            warnings.append(f"{name} is {said:g} in the sheet and {found:g} in the file: the sheet's is taken")
        facts[name] = found if said is None else said
    return facts


def _gaps(numbers: NDArray[np.int64]) -> dict[str, Any]:
    """Return first and last number, how many between them are missing, and the frames at both sides of each gap.

    Without frames, first and last are None.
    """
    if not len(numbers):
        return {"first": None, "last": None, "missing": 0, "n_gaps": 0, "gaps": []}
    after = np.flatnonzero(np.diff(numbers) > 1)
    gaps = [[int(numbers[place]), int(numbers[place + 1])] for place in after[:LISTED]]
    missing = int(numbers[-1] - numbers[0] + 1 - len(numbers))
    return {"first": int(numbers[0]), "last": int(numbers[-1]), "missing": missing, "n_gaps": len(after), "gaps": gaps}
