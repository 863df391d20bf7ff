"""Values that the preprint published as pictures alone, typed in by a reader.

They stand in ``paper/published.yaml`` under ``read_from_picture``. The ledger has a row for each that is typed in, the
figure of the eight matrices shows them, and a run's part of the page links the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rbcflow.claims.rows import Claim
from rbcflow.claims.values import printed_value
from rbcflow.core.errors import InputError
from rbcflow.metrics import iou_first
from rbcflow.metrics.confusion import LABELS
from rbcflow.runtime.origin import ABSENT, NO_NUMBER, Basis, Question

if TYPE_CHECKING:
    from rbcflow.claims.table import Evidence

FILE = Path("paper/published.yaml")
STATUS = "read_from_picture"
AP50 = (*LABELS[:-1], "all")
"""Lines of the legend of a curve of precision over recall."""

ROUNDING = 0.03
"""How far the shares of a true class may add up to something else than 1: each is printed with two digits."""


@dataclass(frozen=True)
class Pictures:
    """What was published of one run as pictures.

    Attributes:
        links: addresses by what is to be seen there.
        matrix: (C + 1, C + 1) shares of the true class in the order of ``LABELS``, rows predicted, columns true; NaN
            where nothing is typed in.
        ap50: average precision at IoU 0.5 by line of the legend, where it is typed in.
    """

    links: dict[str, str]
    matrix: NDArray[np.float64]
    ap50: dict[str, float] = field(default_factory=dict)

    @property
    def filled(self) -> int:
        """Number of values that are typed in."""
        return int(np.isfinite(self.matrix).sum()) + len(self.ap50)

    @property
    def slots(self) -> int:
        """Number of values that can be typed in."""
        return self.matrix.size + len(AP50)


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
    return Pictures(links, _matrix(row["matrix"], where), {key: x for key, x in lines.items() if np.isfinite(x)})


def _matrix(rows: Mapping[str, list], where: str) -> NDArray[np.float64]:
    """Return the matrix that is typed in.

    Raises:
        InputError: a row is missing or not as long as there are classes, or a whole column does not add up.
    """
    if list(rows) != list(LABELS) or any(len(row) != len(LABELS) for row in rows.values()):
        expected = f"rows {', '.join(LABELS)} of {len(LABELS)} numbers each"
        raise InputError(FILE, f"rows {', '.join(rows)}", expected, f"{where}.matrix")
    matrix = np.array([[_share(x, f"{where}.matrix.{name}") for x in row] for name, row in rows.items()])
    for label, column in zip(LABELS, matrix.T, strict=True):
        total = column.sum()
        if np.isfinite(total) and column.any() and abs(total - 1) > ROUNDING:
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


def claims(pictures: Mapping[str, Pictures], known: Evidence, tolerance: float) -> list[Claim]:
    """Compare each value that is typed in with this run's, matrices in the match order of the preprint's library."""
    return [row for item, own in pictures.items() for row in _of_run(item, own, known, tolerance)]


def _of_run(item: str, own: Pictures, known: Evidence, tolerance: float) -> list[Claim]:
    run = known.named.get(item, "")
    metrics = known.metrics.get(run, {})
    there = metrics.get("status") == "available"
    absent = ABSENT if metrics.get("status") == "unavailable" else NO_NUMBER
    common = {"section": f"pictures of {item}", "tolerance": tolerance, "source": f"validation/{run}/metrics.json",
              "question": Question.RECORDINGS, "basis": Basis.of_metrics(metrics), "absent": absent,
              "models": metrics.get("model", "")}  # fmt: skip
    shares = iou_first.read(metrics).normalised() if there else None
    rows = []
    for (predicted, true), value in np.ndenumerate(own.matrix):
        if np.isfinite(value) and not predicted == true == len(LABELS) - 1:
            here = None if shares is None or np.isnan(shares[true, predicted]) else float(shares[true, predicted])
            claim = f"share of true {LABELS[true]} predicted as {LABELS[predicted]} in the matrix of {item}"
            id_ = f"{item}_{LABELS[true]}_as_{LABELS[predicted]}"
            rows.append(printed_value(id_, claim=claim, printed=float(value), here=here, **common))
    coco = metrics.get("coco") or {}
    for label, value in own.ap50.items():
        here = coco.get("map50") if label == "all" else (coco.get("classes", {}).get(label) or {}).get("ap50")
        claim = f"AP50 of {label.replace('all', 'all classes')} in the legend of {item}"
        rows.append(printed_value(f"{item}_ap50_{label}", claim=claim, printed=value, here=here, **common))
    return rows
