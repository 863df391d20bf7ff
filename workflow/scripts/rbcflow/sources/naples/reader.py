"""The Naples layout (Tomaiuolo, Guido): one folder a velocity, ``v 0.12 cm:s``, with RGB multi-page TIFF stacks.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``. A stack is a recording; donors are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.problems import BadFiles, inspect
from rbcflow.sources.tiff import page_count, read_pages

LAYOUT = "naples"


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``v 0.12 cm:s/glob001``, sorted."""
    return [f"{path.parent.name}/{path.stem}" for path in _stacks(folder)]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W, 3) R, G, B or (H, W) grey uint8 pages of a recording; raises InputError as ``tiff`` does."""
    condition = velocity(folder / Path(recording).parent)
    for index, image in enumerate(read_pages(folder / f"{recording}.tif")):
        yield Frame(image, source, "", recording, index, condition)


def frame_count(folder: Path, recording: str) -> int:
    """Return the number of pages of a recording, from its headers."""
    return page_count(folder / f"{recording}.tif")


def velocity(folder: Path) -> str:
    """Return ``0.12 cm/s`` for a folder ``v 0.12 cm:s``; ``_`` in place of ``:`` is what some unpackers write.

    Raises:
        InputError: the folder's name is of another form.
    """
    match = re.fullmatch(r"v (\d+(?:\.\d+)?) cm[:_]s", folder.name)
    if match is None:
        raise InputError(folder, f"the name {folder.name!r}", "a velocity such as 'v 0.12 cm:s'")
    return f"{match[1]} cm/s"


def bad_files(folder: Path) -> BadFiles:
    """Return every stack with a page that is wrong; every page is decoded.

    Raises:
        InputError: there is no stack, or a folder's name is no velocity.
    """
    stacks = _stacks(folder)
    if not stacks:
        raise InputError(folder, "no TIFF stack", "v <velocity> cm:s/<name>.tif")
    for parent in sorted({path.parent for path in stacks}):
        velocity(parent)
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in (".tif", ".tiff") and path.suffix != ".tif":
            raise InputError(path, f"the suffix {path.suffix}", ".tif, as other stacks would be passed over")
    return inspect(folder, stacks, _probe)


def _probe(path: Path) -> None:
    first = None
    for number, page in enumerate(read_pages(path)):
        first = first or page.shape
        if page.shape != first:
            raise InputError(path, f"shape {page.shape}", f"{first} as the first page", where=f"page {number}")


def _stacks(folder: Path) -> list[Path]:
    """Return the paths of all stacks, sorted; ``truth`` belongs to phantoms and has none."""
    return sorted(folder.glob("*/*.tif"))
