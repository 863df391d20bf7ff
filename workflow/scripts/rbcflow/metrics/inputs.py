"""Read and cross-check what a validation run is counted from: a test set and a model's predictions (stage metrics)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from rbcflow.classes import CLASSES
from rbcflow.errors import InputError

BOX = ["x0", "y0", "x1", "y1"]
TRUTH_COLUMNS = ["frame", "class", *BOX, "kind"]
PREDICTION_COLUMNS = ["frame", "class", "conf", *BOX]
FRAME_COLUMNS = ["frame", "path", "donor", "recording", "index", "condition", "width", "height"]


@dataclass(frozen=True)
class Truth:
    """A test set's tables.

    Attributes:
        folder: the test set's folder; ``frames.path`` is relative to it.
        meta: ``testset.json``, with ``classes_judged`` as one of ``true``, ``proxy``, ``false``.
        frames: one row a frame.
        boxes: one row a true box, corners in pixels of the frame.
    """

    folder: Path
    meta: dict
    frames: pd.DataFrame
    boxes: pd.DataFrame

    @property
    def available(self) -> bool:
        """Whether there are frames to judge on."""
        return self.meta["status"] == "available"

    @property
    def origins(self) -> list[str]:
        """Where the frames come from: ``phantom``, ``public``, ``raw``, or several of them."""
        origin = self.meta.get("origin") or []
        return [origin] if isinstance(origin, str) else origin


@dataclass(frozen=True)
class Predictions:
    """Boxes of one model on one test set, sorted by frame and falling confidence, and how they were made."""

    meta: dict
    boxes: pd.DataFrame


def read_truth(folder: Path) -> Truth:
    """Read a test set.

    Raises:
        InputError: a file is missing, lacks a column or a key, or names an unknown class or frame.
    """
    meta_path = folder / "testset.json"
    if not meta_path.exists():
        raise InputError(meta_path, "no such file", "a test set's testset.json")
    meta = json.loads(meta_path.read_text())
    missing = {"name", "status", "fingerprint", "classes_judged"} - meta.keys()
    if missing:
        raise InputError(meta_path, f"no key {', '.join(sorted(missing))}", "the keys of the test-set contract")
    meta["classes_judged"] = str(meta["classes_judged"]).lower()
    if meta["status"] != "available":
        return Truth(folder, meta, pd.DataFrame(columns=FRAME_COLUMNS), pd.DataFrame(columns=TRUTH_COLUMNS))
    text = {"donor": str, "recording": str, "condition": str, "class": str, "kind": str}
    frames = _table(folder / "frames.csv", FRAME_COLUMNS, text)
    boxes = _table(folder / "truth.csv", TRUTH_COLUMNS, text)
    _check_boxes(folder / "truth.csv", boxes, frames["frame"])
    return Truth(folder, meta, frames, boxes)


def _table(path: Path, columns: list[str], dtype: dict[str, type]) -> pd.DataFrame:
    if not path.exists():
        raise InputError(path, "no such file", "a table with columns " + ", ".join(columns))
    table = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values={name: [""] for name in BOX})
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(path, f"no column {', '.join(missing)}", "columns " + ", ".join(columns), "header")
    return table


def _check_boxes(path: Path, boxes: pd.DataFrame, frames: pd.Series) -> None:
    """Refuse boxes of unknown class or frame, and boxes that are not finite."""
    for column, known, expected in (
        ("class", CLASSES, ", ".join(CLASSES)),
        ("frame", frames, "a frame of the test set's frames.csv"),
    ):
        bad = boxes.index[~boxes[column].isin(known)]
        if len(bad):
            raise InputError(path, repr(boxes[column].tolist()[bad[0]]), expected, f"column {column}, row {bad[0]}")
    numbers = boxes[[name for name in (*BOX, "conf") if name in boxes]].to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if bad.size:
        raise InputError(path, str(numbers[bad[0]].tolist()), "finite numbers", f"row {bad[0]}")


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file with the metadata under its schema's key ``rbcflow``.

    Raises:
        InputError: the file is missing, no Parquet, or lacks metadata or a column.
    """
    try:
        table = pq.read_table(path)
    except (FileNotFoundError, ArrowInvalid) as error:
        raise InputError(path, str(error).splitlines()[0], "a Parquet file of predictions") from error
    metadata = table.schema.metadata or {}
    if b"rbcflow" not in metadata:
        raise InputError(path, "no metadata under the key 'rbcflow'", "predictions written by this workflow", "schema")
    missing = [name for name in PREDICTION_COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(path, f"no column {', '.join(missing)}", "columns " + ", ".join(PREDICTION_COLUMNS), "schema")
    boxes = table.select(PREDICTION_COLUMNS).to_pandas()
    boxes = boxes.sort_values("conf", ascending=False, kind="stable").sort_values("frame", kind="stable")
    return Predictions(json.loads(metadata[b"rbcflow"]), boxes.reset_index(drop=True))


def read_pair(predictions: Path, testset: Path) -> tuple[Predictions, Truth]:
    """Read predictions and the test set they were made on.

    Raises:
        InputError: either is malformed, or the predictions were made on another state of the test set.
    """
    predicted, truth = read_predictions(predictions), read_truth(testset)
    found, expected = predicted.meta.get("testset_fingerprint"), truth.meta["fingerprint"]
    if found != expected:
        raise InputError(
            predictions,
            f"predictions on a test set with fingerprint {found}",
            f"{expected}, the fingerprint of {testset}",
            "metadata testset_fingerprint",
        )
    _check_boxes(predictions, predicted.boxes, truth.frames["frame"])
    return predicted, truth
