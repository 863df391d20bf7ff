"""Label files as the workflow writes them and Ultralytics reads them: a line an object, ``id xc yc w h`` in shares.

Files of users are other contracts: ``sources.labelled`` takes what Ultralytics takes of a folder, outlines and doubled
lines too; ``recordings.corrected`` what labelling tools export, in archives and with classes by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import from_yolo
from rbcflow.core.errors import InputError


class Labels(NamedTuple):
    """The objects of an image.

    Attributes:
        ids: (N,) integer, their classes.
        boxes: (N, 4) float, centre, width and height in shares of the image's sides.
    """

    ids: NDArray[np.integer]
    boxes: NDArray[np.float64]

    def corners(self, width: int, height: int) -> NDArray[np.float64]:
        """Return half-open corners in pixels of an image, (N, 4)."""
        return from_yolo(self.boxes, width, height)


def label_file(image: Path) -> Path:
    """Return the label file of an image: the folder ``labels`` lies beside ``images``."""
    return image.parent.with_name("labels") / f"{image.stem}.txt"


def read_labels(file: Path, classes: int | None = None, *, inside: bool = False) -> Labels:
    """Return the objects of a label file; an empty one has none.

    Args:
        file: the label file.
        classes: number of classes; None for a file that was checked before.
        inside: whether boxes must lie inside the image; else only centre and size must be in 0..1, which is what
            Ultralytics asks for.

    Raises:
        InputError: the file is missing, or a line is not valid.
    """
    if not file.is_file():
        raise InputError(file, "no such file", "the labels of an image (empty where it shows nothing)")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if classes is not None and not is_label(line, classes, inside):
            expected = f"class id, xc, yc, w, h: a class below {classes}, centre and size of a box inside the image"
            raise InputError(file, line, expected, f"line {number}")
    values = np.array([line.split() for line in lines if line.strip()], dtype=float).reshape(-1, 5)
    return Labels(values[:, 0].astype(int), values[:, 1:])


def is_label(line: str, classes: int, inside: bool) -> bool:
    """Tell whether a line of a label file is valid; arguments as ``read_labels``."""
    try:
        values = [float(value) for value in line.split()]
    except ValueError:
        return False
    # Ultralytics takes 1.0 for a class too, but the view and the counts go by the text
    if len(values) != 5 or line.split()[0] not in map(str, range(classes)):
        return False
    return _is_inside(*values[1:]) if inside else min(values[3:]) > 0 and all(0 <= value <= 1 for value in values[1:])


def _is_inside(xc: float, yc: float, w: float, h: float) -> bool:
    """Tell whether a normalised box is not empty and inside the image, up to the rounding of its six decimals."""
    return min(w, h) > 0 and min(xc - w / 2, yc - h / 2) > -2e-6 and max(xc + w / 2, yc + h / 2) < 1 + 2e-6
