"""Simulated cells (rule ``simulate_cells``): cells of the phantom with their halo on a flat grey, for ``synthetic``."""

from __future__ import annotations

from collections.abc import Iterator

from rbcflow.cells.bank import Cell
from rbcflow.core.boxes import mask_box
from rbcflow.phantom.single import simulate_cells

METHOD = "simulated"


def draw(source: str, n_per_class: int, seed: int) -> Iterator[Cell]:
    """Yield simulated cells of all classes.

    The crop is the whole patch, since the halo around the mask is part of the look; ``background`` is the grey it
    stands on. The recording is the kind of shape, the frame a running number. Every cell is a group of its own.

    Args:
        source: a key of ``config/sources.yaml``.
        n_per_class: cells a class.
        seed: root of the draw.
    """
    for number, cell in enumerate(simulate_cells(n_per_class, seed)):
        yield Cell(
            source=source, class_=cell.class_, donor="", recording=cell.kind, frame=number, box=mask_box(cell.mask),
            method=METHOD, group=f"{cell.kind}-{number:05d}", crop=cell.crop, mask=cell.mask,
            background=cell.background,
        )  # fmt: skip
