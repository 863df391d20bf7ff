"""The layouts of ``config/sources.yaml`` by name (rule ``register_raw``)."""

from __future__ import annotations

import inspect
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.sources.arrange import Arrangement, arranged, as_it_lies
from rbcflow.sources.laboratories import Parts
from rbcflow.sources.listing import Listing
from rbcflow.sources.problems import BadFiles, refuse

READERS = Parts("reader")
"""The module of each layout, with ``recordings``, ``read`` and ``bad_files``; with ``arrange`` and ``EXPECTED`` where
files may lie elsewhere than at the layout's places, else they are taken where they lie.

What only some files have, a reader has a function for: ``raw_crop_recordings`` (crops with their background, which
``read`` reads too), ``crop_files`` (crops on black), ``annotated_frames`` (polygons), ``labelled_pictures`` (boxes),
``frame_count`` (nothing is decoded), ``read_background`` and ``stored_masks`` (the instrument's). Nobody asks which
laboratory it is."""


def recordings(layout: str, folder: Path) -> list[str]:
    """Return the names of all recordings that a layout's ``read`` takes, crops with their background among them."""
    reader = READERS[layout]
    crops = getattr(reader, "raw_crop_recordings", None)
    return [*reader.recordings(folder), *(crops(folder) if crops else ())]


def arrange(layout: str, listing: Listing, *, without_polygons: str = "empty") -> Arrangement:
    """Return where each file of a source goes in its layout, and which have no place; no pixel is decoded.

    Args:
        layout: a key of ``READERS``.
        listing: the source's files.
        without_polygons: whether annotated pictures without any polygon are ``empty``, or to ``leave_out``.

    Raises:
        InputError: what is wrong is not a file that could be left out.
    """
    reader = READERS[layout]
    if not hasattr(reader, "arrange"):
        return as_it_lies(listing)
    takes = inspect.signature(reader.arrange).parameters
    options = {"without_polygons": without_polygons} if "without_polygons" in takes else {}
    return arranged(listing, reader.arrange, reader.EXPECTED, **options)


def check(layout: str, folder: Path) -> None:
    """Validate a folder of a layout before anything is computed from it.

    Args:
        layout: a key of ``READERS``.
        folder: files at the places of the layout.

    Raises:
        InputError: the folder is absent or empty, or files in it are wrong; names each of them.
    """
    refuse(folder, bad_files(layout, folder))


def bad_files(layout: str, folder: Path) -> BadFiles:
    """Return what is wrong with each bad file of a folder, by its relative path.

    Args:
        layout: a key of ``READERS``.
        folder: files at the places of the layout.

    Raises:
        InputError: the folder is absent or empty, or what is wrong is not a file that could be left out.
    """
    if not folder.is_dir():
        raise InputError(folder, "no such folder", f"a folder of layout {layout}")
    return READERS[layout].bad_files(folder)
