"""Recordings in HDF5, ``.rtdc`` or ``.h5``: frames in ``events/image``, their numbers in ``events/frame``.

A file holds events; a frame with several events is stored several times, so a frame here is the first event with its
number. Frames without an event are not in the file: numbers have gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.hdf5 import open_hdf5

IMAGES, NUMBERS = "events/image", "events/frame"
ATTRIBUTES = {
    "pixel_um": "imaging:pixel size", "fps": "imaging:frame rate", "flow_ul_s": "setup:flow rate",
    "channel_um": "setup:channel width",
}  # fmt: skip
"""Facts and the attributes of the file that hold them, in the same units."""

BLOCK = 1 << 24
"""Bytes of frames decoded at once: files are compressed in chunks of many frames."""


def described(path: Path) -> tuple[NDArray[np.int64], dict[str, float], tuple[str, ...]]:
    """Return the numbers of the frames, the facts in the file's attributes, and warnings.

    Raises:
        InputError: no HDF5, cut short, no frames in ``events/image``, or numbers that go back.
    """
    with open_hdf5(path) as file:
        numbers, _ = _frames(path, file)
        warnings = [] if NUMBERS in file else [f"no {NUMBERS}: frames are taken as consecutive"]
        facts = {}
        for name, attribute in ATTRIBUTES.items():
            if attribute not in file.attrs:
                continue
            value = _positive(file.attrs[attribute])
            if value is None:
                warnings.append(f"{attribute} is {_shown(file.attrs[attribute])}, no positive number: it is not used")
            else:
                facts[name] = value
    return numbers, facts, tuple(warnings)


def _positive(stored: object) -> float | None:
    """Return an attribute's number, also one stored as text or as an array of one, to six digits."""
    try:
        value = float(_plain(stored))
    except (TypeError, ValueError):
        return None
    return float(f"{value:.6g}") if np.isfinite(value) and value > 0 else None


def _plain(stored: object) -> object:
    if isinstance(stored, np.ndarray) and stored.size == 1:
        stored = stored.item()
    return stored.decode(errors="replace") if isinstance(stored, bytes) else stored


def _shown(stored: object) -> str:
    return repr(str(_plain(stored)))[:40]


def read(path: Path) -> Iterator[tuple[int, NDArray]]:
    """Yield number and (H, W) uint8 or uint16 grey of each frame."""
    with open_hdf5(path) as file:
        numbers, places = _frames(path, file)
        images = file[IMAGES]
        block = max(1, BLOCK // max(1, images.dtype.itemsize * int(np.prod(images.shape[1:]))))
        for start in range(0, len(images), block):
            inside = (places >= start) & (places < start + block)
            if not inside.any():
                continue
            try:
                stored = images[start : start + block]
            except OSError as error:
                number = numbers[inside][0]
                raise InputError(path, f"frames that do not decode ({error})", "whole frames",
                                 where=f"frame {number} and after") from error  # fmt: skip
            for number, place in zip(numbers[inside], places[inside], strict=True):
                yield int(number), stored[place - start].astype(_native(images), copy=False)


def _frames(path: Path, file: h5py.File) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each frame and the place of its first event."""
    images = file.get(IMAGES)
    if not isinstance(images, h5py.Dataset) or images.ndim != 3 or _native(images) not in (np.uint8, np.uint16):
        found = f"a dataset {images.shape} {images.dtype}" if isinstance(images, h5py.Dataset) else "no such dataset"
        raise InputError(path, found, "8-bit or 16-bit grey frames, (number, height, width)", where=IMAGES)
    if not len(images):
        raise InputError(path, "no frame", "at least one", where=IMAGES)
    stored = file.get(NUMBERS)
    if stored is None:
        return np.arange(len(images)), np.arange(len(images))
    if not isinstance(stored, h5py.Dataset) or stored.shape != (len(images),) or stored.dtype.kind not in "iuf":
        found = f"{getattr(stored, 'shape', type(stored).__name__)}"
        raise InputError(path, found, f"{len(images)} numbers, one an event", where=NUMBERS)
    numbers = stored[:].astype(np.int64)
    if (back := np.flatnonzero(np.diff(numbers) < 0)).size:
        event = int(back[0]) + 1
        found = f"{numbers[event]} after {numbers[event - 1]}"
        raise InputError(path, found, "numbers that do not go back", where=f"{NUMBERS}, event {event}")
    return np.unique(numbers, return_index=True)


def _native(images: h5py.Dataset) -> np.dtype:
    """Return the frames' type in this processor's order of bytes; files may have the other one."""
    return images.dtype.newbyteorder("=")
