"""The ``truth/`` folder of a source: exact objects and masks, read for scoring only.

Phantoms have it (stage raw writes it), and own files whose row of ``config/sources.yaml`` declares it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv
from rbcflow.phantom.scene import Instance

COLUMNS = ["recording", "frame", "object", "class", "kind", "x0", "y0", "x1", "y1", "area_px", "touches_edge"]


class TruthWriter:
    """Collects the objects of a phantom's recordings and writes ``truth/``.

    Args:
        folder: the source's folder; ``truth`` is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "truth"
        self.rows: list[tuple] = []
        (self.folder / "masks").mkdir(parents=True, exist_ok=True)

    def add(self, recording: str, frames: list[list[Instance]] | dict[int, list[Instance]]) -> None:
        """Add a recording: the instances of each of its frames in order, or by the frame's index."""
        masks = {}
        for index, instances in frames.items() if isinstance(frames, dict) else enumerate(frames):
            for item in instances:
                masks[f"f{index:05d}_o{item.number:03d}"] = item.mask
                area = int(item.mask.sum())
                self.rows.append(
                    (recording, index, item.number, item.class_, item.kind, *item.box, area, item.touches_edge)
                )
        np.savez_compressed(masks_path(self.folder.parent, recording), **masks)

    def close(self) -> None:
        """Write ``objects.csv``."""
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(self.folder / "objects.csv", index=False)


def masks_path(folder: Path, recording: str) -> Path:
    """Return the file with a recording's masks in a source's folder."""
    return folder / "truth" / "masks" / f"{recording.replace('/', '__')}.npz"


def read_objects(folder: Path) -> pd.DataFrame:
    """Return ``truth/objects.csv`` of a source's folder.

    Raises:
        InputError: the columns are not those of the contract.
    """
    path = folder / "truth" / "objects.csv"
    table = read_csv(path, "the true objects of a phantom", ())
    if list(table.columns) != COLUMNS:
        raise InputError(path, f"columns {', '.join(table.columns)}", ", ".join(COLUMNS), "header")
    return table


def check(folder: Path) -> None:
    """Read a folder's ``truth/`` before anything is computed from it, where a table of sources says that it is there.

    Raises:
        InputError: ``objects.csv`` is absent or wrong, or a recording in it has no file of masks.
    """
    for recording in sorted(set(read_objects(folder)["recording"])):
        if not (path := masks_path(folder, recording)).is_file():
            raise InputError(path, "no such file", "the masks of a recording's true objects")


def read_masks(folder: Path, recording: str) -> dict[tuple[int, int], NDArray[np.bool_]]:
    """Return a recording's masks by (frame, object), each (y1 - y0, x1 - x0) bool, cropped to its box."""
    with np.load(masks_path(folder, recording), allow_pickle=False) as stored:
        return {(int(key[1:6]), int(key.split("_o")[1])): stored[key] for key in stored.files}
