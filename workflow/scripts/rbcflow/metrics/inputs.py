"""Read and cross-check what a validation run is counted from: a test set and a model's predictions (stage metrics)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowInvalid, types

from rbcflow.core.classes import CELL, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.testsets.files import TestSet, read_testset

BOX = ["x0", "y0", "x1", "y1"]
PREDICTION_COLUMNS = ["frame", "class", "conf", *BOX, "cell"]


@dataclass(frozen=True)
class Predictions:
    """Boxes of one model on one test set, sorted by frame and falling confidence, and how they were made."""

    meta: dict
    boxes: pd.DataFrame

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes the model can name; all where the file does not say so, as on a test set that is unavailable."""
        known = self.meta.get("classes") or CLASSES
        return tuple(name for name in CLASSES if name in known)

    @property
    def shapeless(self) -> bool:
        """Whether the model finds cells and names no shape; its boxes are then of class other, as true ones without."""
        return self.meta.get("classes") == [CELL]


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file with the metadata under its schema's key ``rbcflow``.

    Raises:
        InputError: the file is missing, no Parquet, or lacks metadata or a column, or a column holds something else.
    """
    try:
        table = pq.read_table(path)
    except (OSError, ArrowInvalid) as error:
        raise InputError(path, str(error).splitlines()[0], "a Parquet file of predictions") from error
    metadata = table.schema.metadata or {}
    if b"rbcflow" not in metadata:
        raise InputError(path, "no metadata under the key 'rbcflow'", "predictions written by this workflow", "schema")
    missing = [name for name in PREDICTION_COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(path, f"no column {', '.join(missing)}", "columns " + ", ".join(PREDICTION_COLUMNS), "schema")
    for name in PREDICTION_COLUMNS:
        kind = table.schema.field(name).type
        fits = types.is_string(kind) if name == "class" else types.is_integer(kind) or types.is_floating(kind)
        if not fits and table.num_rows:
            raise InputError(path, f"{kind} values", "names" if name == "class" else "numbers", f"column {name}")
    try:
        meta = json.loads(metadata[b"rbcflow"])
    except ValueError as error:
        raise InputError(path, f"no JSON ({error})", "an object under the key 'rbcflow'", "schema") from error
    boxes = table.select(PREDICTION_COLUMNS).to_pandas()
    boxes = boxes.sort_values("conf", ascending=False, kind="stable").sort_values("frame", kind="stable")
    found = Predictions(meta, boxes.reset_index(drop=True))
    return replace(found, boxes=found.boxes.replace({"class": {CELL: "other"}})) if found.shapeless else found


def evaluation(testset: TestSet, predictions: Predictions) -> str:
    """Return whether classes are evaluated: the test set's ``true`` or ``proxy``, ``false`` if either has none."""
    return "false" if predictions.shapeless else testset.meta["classes_evaluated"]


def read_pair(predictions: Path, testset: Path) -> tuple[Predictions, TestSet]:
    """Read predictions and the test set they were made on.

    Raises:
        InputError: either is malformed, or the predictions were made on another state of the test set.
    """
    predicted, evaluated = read_predictions(predictions), read_testset(testset)
    found, expected = predicted.meta.get("testset_fingerprint"), evaluated.meta["fingerprint"]
    if found != expected:
        raise InputError(
            predictions,
            f"predictions on a test set with fingerprint {found}",
            f"{expected}, the fingerprint of {testset}",
            "metadata testset_fingerprint",
        )
    _check_boxes(testset / "truth.csv", evaluated.truth, evaluated.frames["frame"])
    _check_boxes(predictions, predicted.boxes, evaluated.frames["frame"])
    return predicted, evaluated


def _check_boxes(path: Path, boxes: pd.DataFrame, frames: pd.Series) -> None:
    """Refuse boxes of unknown class or frame, boxes that are not finite or end before they start, and such scores."""
    for column, known, expected in (
        ("class", CLASSES, ", ".join(CLASSES)),
        ("frame", frames, "a frame of the test set's frames.csv"),
    ):
        bad = boxes.index[~boxes[column].isin(known)]
        if len(bad):
            raise InputError(path, repr(boxes[column].tolist()[bad[0]]), expected, f"column {column}, row {bad[0]}")
    if boxes[BOX].map(lambda value: isinstance(value, str)).to_numpy().any():
        raise InputError(path, "text", "numbers", f"columns {', '.join(BOX)}")
    numbers = boxes[[name for name in (*BOX, "conf", "cell") if name in boxes]].to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if bad.size:
        raise InputError(path, str(numbers[bad[0]].tolist()), "finite numbers", f"row {bad[0]}")
    bad = np.flatnonzero((numbers[:, 2] < numbers[:, 0]) | (numbers[:, 3] < numbers[:, 1]))
    if bad.size:
        raise InputError(path, str(numbers[bad[0], :4].tolist()), "x0 <= x1 and y0 <= y1", f"row {bad[0]}")
    for name in ("conf", "cell") if "conf" in boxes else ():
        if (bad := np.flatnonzero(~boxes[name].between(0, 1))).size:
            raise InputError(path, f"confidence {boxes[name].iloc[bad[0]]:g}", "0 to 1", f"column {name}, row {bad[0]}")
