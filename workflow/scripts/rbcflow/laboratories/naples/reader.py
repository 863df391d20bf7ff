"""The Naples layout (Tomaiuolo, Guido): one folder a velocity, ``v 0.12 cm:s``, with RGB multi-page TIFF stacks.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``. A stack is a recording; donors are unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources import listing
from rbcflow.sources.arrange import Arrangement
from rbcflow.sources.problems import BadFiles, inspect
from rbcflow.sources.tiff import page_count, read_pages

LAYOUT = "naples"
VELOCITY = re.compile(r"v ?=? ?(\d+(?:[.,]\d+)?) ?cm ?[:_/ -]? ?s", re.IGNORECASE)
EXPECTED = "TIFF stacks in a folder of their velocity, v 0.12 cm:s/<name>.tif"


def arrange(result: Arrangement, names: list[str]) -> None:
    """Give every stack the place of its velocity; where two would share one, they keep the folders above."""
    stacks = {name: _velocity_folder(name) for name in names if listing.kind_of(name) == "stack"}
    short = {name: PurePosixPath(*PurePosixPath(name).parts[number:]) for name, number in stacks.items()
             if number is not None}  # fmt: skip
    counts = Counter(place.with_suffix("") for place in short.values())
    for name, place in short.items():
        # the same name in the same folder, with another suffix, is the same recording twice
        shared = counts[place.with_suffix("")] > 1 and stacks[name]
        result.put((PurePosixPath(name) if shared else place).with_suffix(".tif"), name)


def _velocity_folder(name: str) -> int | None:
    """Return the place of the nearest folder that is named after a velocity among those of a relative name."""
    folders = PurePosixPath(name).parts[:-1]
    return next((n for n in range(len(folders) - 1, -1, -1) if VELOCITY.fullmatch(folders[n])), None)


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``v 0.12 cm:s/glob001``, sorted."""
    return [path.relative_to(folder).with_suffix("").as_posix() for path in _stacks(folder)]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W, 3) R, G, B or (H, W) grey uint8 pages of a recording; raises InputError as ``tiff`` does."""
    condition = velocity(folder, recording)
    for index, image in enumerate(read_pages(folder / f"{recording}.tif")):
        yield Frame(image, source, "", recording, index, condition)


def frame_count(folder: Path, recording: str) -> int:
    """Return the number of pages of a recording, from its headers."""
    return page_count(folder / f"{recording}.tif")


def velocity(folder: Path, recording: str) -> str:
    """Return ``0.12 cm/s`` for a recording in a folder ``v 0.12 cm:s``; ``_`` for ``:`` is what some unpackers write.

    Raises:
        InputError: no folder's name is of that form.
    """
    number = _velocity_folder(recording)
    if number is None:
        parent = Path(recording).parent
        raise InputError(folder / parent, f"the name {parent.name!r}", "a velocity such as 'v 0.12 cm:s'")
    match = VELOCITY.fullmatch(PurePosixPath(recording).parts[number])
    return f"{float(match[1].replace(',', '.')):g} cm/s"


def bad_files(folder: Path) -> BadFiles:
    """Return every stack with a page that is wrong; every page is decoded.

    Raises:
        InputError: there is no stack, or a folder's name is no velocity.
    """
    stacks = _stacks(folder)
    if not stacks:
        raise InputError(folder, "no TIFF stack", "v <velocity> cm:s/<name>.tif")
    for recording in recordings(folder):
        velocity(folder, recording)
    return inspect(folder, stacks, _probe)


def _probe(path: Path) -> None:
    first = None
    for number, page in enumerate(read_pages(path)):
        first = first or page.shape
        if page.shape != first:
            raise InputError(path, f"shape {page.shape}", f"{first} as the first page", where=f"page {number}")


def _stacks(folder: Path) -> list[Path]:
    """Return the paths of all stacks, sorted; ``truth`` belongs to phantoms and has none."""
    found = listing.files(folder)
    return [path for name, path in found.items() if name.endswith(".tif") and not name.startswith(f"{listing.TRUTH}/")]
