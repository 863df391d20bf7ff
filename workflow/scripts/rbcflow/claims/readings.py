"""Values that the preprint published as pictures alone, as a reader typed them in (``paper/published.yaml``).

They stand there under ``read_from_picture``. The configuration reads them too, so that a wrong one is named before
anything is made: this module loads no library of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from rbcflow.core import names
from rbcflow.core.errors import InputError

FILE = Path("paper/published.yaml")
STATUS = "read_from_picture"
LABELS = tuple(names.CLASSES)
"""Classes and background, in the order of the matrices."""

AP50 = (*LABELS[:-1], "all")
"""Lines of the legend of a curve of precision over recall."""

ROUNDING = 0.03
"""How far the shares of a true class may add up to something else than 1: each is printed with two digits."""


@dataclass(frozen=True)
class Pictures:
    """What was published of one run as pictures.

    Attributes:
        links: addresses by what is to be seen there.
        shares: a row a predicted class in the order of ``LABELS``, of the shares of each true class; NaN where nothing
            is typed in.
        ap50: average precision at IoU 0.5 by line of the legend, where it is typed in.
    """

    links: dict[str, str]
    shares: list[list[float]]
    ap50: dict[str, float] = field(default_factory=dict)

    @property
    def filled(self) -> int:
        """Number of values that are typed in."""
        return sum(isfinite(value) for row in self.shares for value in row) + len(self.ap50)

    @property
    def slots(self) -> int:
        """Number of values that can be typed in."""
        return len(LABELS) ** 2 + len(AP50)


def read_pictures(published: Mapping[str, Any]) -> dict[str, Pictures]:
    """Return the pictures by the preprint's name of the run; none where the file has no such key.

    Raises:
        InputError: a row or number is missing or none, or a column that is typed in does not add up to 1.
    """
    table = published.get(STATUS) or {}
    page = table.get("page", "")
    return {name: _read(name, row, page) for name, row in table.get("runs", {}).items()}


def _read(name: str, row: Mapping[str, Any], page: str) -> Pictures:
    where = f"key {STATUS}.runs.{name}"
    for key in ("folder", "matrix", "ap50"):
        if key not in row:
            raise InputError(FILE, f"no key {key}", "folder, matrix and ap50", where)
    folder = f"{page}/{row['folder']}"
    links = {"confusion matrix": f"{page}/{row['copy']}"} if "copy" in row else {}
    links |= {"confusion matrix in its folder" if links else "confusion matrix":
              f"{folder}/confusion_matrix_normalized.png", "precision over recall": f"{folder}/PR_curve.png",
              "all its pictures": folder.replace("/blob/", "/tree/")}  # fmt: skip
    lines = {label: _share(value, f"{where}.ap50.{label}") for label, value in row["ap50"].items()}
    if unknown := sorted(set(lines) - set(AP50)):
        raise InputError(FILE, f"a line {unknown[0]}", f"one of {', '.join(AP50)}", f"{where}.ap50")
    return Pictures(links, _matrix(row["matrix"], where), {key: x for key, x in lines.items() if isfinite(x)})


def _matrix(rows: Mapping[str, list], where: str) -> list[list[float]]:
    """Return the matrix that is typed in.

    Raises:
        InputError: a row is missing or not as long as there are classes, or a whole column does not add up.
    """
    if list(rows) != list(LABELS) or any(len(row) != len(LABELS) for row in rows.values()):
        expected = f"rows {', '.join(LABELS)} of {len(LABELS)} numbers each"
        raise InputError(FILE, f"rows {', '.join(rows)}", expected, f"{where}.matrix")
    matrix = [[_share(value, f"{where}.matrix.{name}") for value in row] for name, row in rows.items()]
    for label, *column in zip(LABELS, *matrix, strict=True):
        total = sum(column)
        # a class that the test set has none of is a column of zeros
        if isfinite(total) and total and abs(total - 1) > ROUNDING:
            expected = f"1 within {ROUNDING}, as each column of the picture holds shares of one true class"
            raise InputError(FILE, f"a column {label} that adds up to {total:.2f}", expected, f"{where}.matrix")
    return matrix


def _share(value: Any, where: str) -> float:
    """Return a share that is typed in, NaN for null."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(FILE, repr(value), "a number of 0 to 1, or null", where)
    return float(value)


def count_slots(pictures: Mapping[str, Pictures]) -> tuple[int, int]:
    """Return how many values are typed in, and how many can be."""
    return sum(own.filled for own in pictures.values()), sum(own.slots for own in pictures.values())
