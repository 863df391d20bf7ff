"""Open HDF5 files, also those whose images are compressed by Zstandard."""

from __future__ import annotations

from pathlib import Path

import h5py
import hdf5plugin

from rbcflow.core.errors import InputError


def open_hdf5(path: Path) -> h5py.File:
    """Open a recording for reading.

    Raises:
        InputError: there is no such file, or it is no HDF5 or one cut short.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "an HDF5 recording")
    hdf5plugin.register("zstd", force=False)
    try:
        return h5py.File(path)
    except OSError as error:
        raise InputError(path, f"no readable HDF5, or one cut short ({error})", "an HDF5 recording") from error
