"""Fingerprints of pictures and tables as they are decoded, not of the files that hold them (stage raw and later).

Compressed bytes depend on the versions of FFmpeg, libpng and zlib; what they decode to does not. All formats the
phantoms write are lossless: FFV1 in AVI, TIFF, PNG, BMP, and NumPy's own.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.sources.image import read_rgb
from rbcflow.sources.listing import files
from rbcflow.sources.tiff import read_pages
from rbcflow.sources.video import read_video

PICTURES = (".png", ".bmp")


def digest_folder(folder: Path) -> str:
    """Return the sha256 over relative names and decoded contents of a folder's files, hidden ones left out, sorted."""
    total = hashlib.sha256()
    for name, path in files(folder).items():
        total.update(f"{name} {digest_file(path)}\n".encode())
    return total.hexdigest()


def digest_file(path: Path) -> str:
    """Return the sha256 over what a file decodes to: arrays with their shapes and types, or the bytes of a text."""
    if path.suffix.lower() in (".csv", ".json", ".txt"):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return digest_arrays(arrays_of(path))


def digest_arrays(arrays: Iterable[NDArray]) -> str:
    """Return the sha256 over the shapes, types and values of arrays."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.shape} {array.dtype.str}\n".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def arrays_of(path: Path) -> Iterator[NDArray]:
    """Yield the pictures or arrays of a file."""
    suffix = path.suffix.lower()
    if suffix == ".avi":
        yield from read_video(path)
    elif suffix == ".tif":
        yield from read_pages(path)
    elif suffix in PICTURES:
        yield read_rgb(path)
    elif suffix == ".npz":
        yield from _stored(path)
    else:
        raise InputError(
            path, f"a file {suffix or 'without a suffix'}", "what phantoms are made of, and nothing beside it"
        )


def _stored(path: Path) -> Iterator[NDArray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            for name in stored.files:
                yield np.frombuffer(name.encode(), np.uint8)
                yield stored[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(path, f"no arrays ({error!r:.80})", "an archive of NumPy") from error
