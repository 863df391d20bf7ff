"""Which extraction methods a layout takes (rule ``cut_cells``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rbcflow.cells import background, crops, polygons
from rbcflow.cells.bank import Cell

Extractor = Callable[[Path, str], Iterator[Cell]]

METHODS: dict[str, tuple[Extractor, ...]] = {
    "nouaman2024": (polygons.extract, crops.extract),
    "naples": (background.extract_naples,),
    "flow_public": (background.extract_flow_public,),
}


def cut_cells(layout: str, source: str, folder: Path) -> Iterator[Cell]:
    """Yield the cells of a source by every method its layout takes, dropped ones included.

    Args:
        layout: a key of ``METHODS``.
        source: a key of ``config/sources.yaml``.
        folder: the source's files.

    Raises:
        InputError: a raw file is wrong.
    """
    for extract in METHODS[layout]:
        yield from extract(folder, source)
