"""Public recordings of red cells in a 20 um channel (test data of dcnum, MIT): how they are fetched and read.

Used by rule ``fetch_flow_public`` and by the rules of stages ``cells`` and ``test sets``. A file holds events; a frame with
several events is stored several times, so a frame here is the first event with its frame number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 (registers the Zstandard filter)
import numpy as np
from numpy.typing import NDArray

from rbcflow.errors import InputError
from rbcflow.frames import Frame

SOURCE = "flow_public"
IMAGES, BACKGROUNDS, NUMBERS = "events/image", "events/image_bg", "events/frame"


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``cytoshot2023``, sorted."""
    return [path.stem for path in sorted(folder.glob("*.h5"))]


def read(folder: Path, recording: str) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey frames of a recording; ``index`` is the position of the event in the file."""
    with _open(folder / f"{recording}.h5") as file:
        rate = file.attrs.get("setup:flow rate")
        condition = "" if rate is None else f"{rate:g} ul/s"
        for index in frame_numbers(folder, recording):
            yield Frame(file[IMAGES][index], SOURCE, "", recording, index, condition)


def read_background(folder: Path, recording: str, index: int) -> NDArray[np.uint8]:
    """Return the instrument's own background image of a frame, (H, W) uint8 grey."""
    with _open(folder / f"{recording}.h5") as file:
        return file[BACKGROUNDS][index]


def frame_numbers(folder: Path, recording: str) -> dict[int, int]:
    """Return the camera's frame number by index, first events only, in order of index."""
    with _open(folder / f"{recording}.h5") as file:
        numbers, first = np.unique(file[NUMBERS][:], return_index=True)
    return dict(sorted(zip(first.tolist(), numbers.tolist(), strict=True)))


def check(folder: Path) -> None:
    """Validate every file's layout before expensive work.

    Raises:
        InputError: names the first file that is absent or wrong.
    """
    names = recordings(folder)
    if not names:
        raise InputError(folder, "no HDF5 file", "<recording>.h5")
    for name in names:
        with _open(folder / f"{name}.h5"):
            pass


@contextlib.contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    """Open a recording after its three datasets have been verified."""
    if not path.is_file():
        raise InputError(path, "no such file", "an HDF5 recording")
    try:
        file = h5py.File(path)
    except OSError as error:
        raise InputError(path, f"no readable HDF5 ({error})", "an HDF5 recording") from error
    with file:
        for key in (IMAGES, BACKGROUNDS, NUMBERS):
            if key not in file or not isinstance(file[key], h5py.Dataset):
                raise InputError(path, "no such dataset", "images, backgrounds and frame numbers of events", where=key)
        images, backgrounds = file[IMAGES], file[BACKGROUNDS]
        if images.ndim != 3 or images.dtype != np.uint8 or not len(images):
            raise InputError(path, f"{images.dtype} of shape {images.shape}", "8-bit (events, h, w)", where=IMAGES)
        if backgrounds.shape != images.shape or backgrounds.dtype != np.uint8:
            raise InputError(path, f"shape {backgrounds.shape}", f"{images.shape} as the images", where=BACKGROUNDS)
        if file[NUMBERS].shape != images.shape[:1]:
            raise InputError(path, f"shape {file[NUMBERS].shape}", f"{images.shape[:1]}, one an event", where=NUMBERS)
        yield file
