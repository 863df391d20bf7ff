"""The independent check: matrix and AP against Ultralytics and the evaluator (rule ``check_metrics``).

Each run's boxes are counted a second time by the libraries' own functions. A disagreement beyond rounding ends the
rule.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASS_ID, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.metrics.average_precision import THRESHOLDS, coco_ap, hits, ultralytics_ap
from rbcflow.metrics.coco import average_precision
from rbcflow.metrics.confusion import LABELS, ConfusionMatrix
from rbcflow.metrics.inputs import BOX, read_pair

TOLERANCE = 1e-6
COLUMNS = ["run", "what", "against", "ours", "theirs", "difference", "agrees"]


def check_run(run: Path, predictions: Path, testset: Path) -> pd.DataFrame:
    """Count a run again.

    Args:
        run: its folder, with ``metrics.json`` and ``confusion_matrix.csv``.
        predictions: its Parquet file.
        testset: folder of its test set.

    Returns:
        Columns ``COLUMNS``: one row for the matrix (the sum of absolute differences of its cells stands in
        ``difference``), for the hits, for AP by class and for its mean over the classes the
        model can name; none where the test set is unavailable.
    """
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    if metrics["status"] != "available":
        return pd.DataFrame(columns=COLUMNS)
    predicted, evaluated = read_pair(predictions, testset)
    limits = {key: metrics["thresholds"][key] for key in ("conf", "iou")}
    ours = ConfusionMatrix.read_csv(run / "confusion_matrix.csv", **limits).counts
    theirs = ultralytics_matrix(evaluated.truth, predicted.boxes, evaluated.frames["frame"], **limits)
    rows = [("matrix", "Ultralytics", int(ours.sum()), int(theirs.sum()), float(np.abs(ours - theirs).sum()))]
    found = hits(evaluated.truth, predicted.boxes, THRESHOLDS)
    again = ultralytics_hits(evaluated.truth, predicted.boxes)
    rows.append(("hits", "Ultralytics", int(found.sum()), int(again.sum()), float((found != again).sum())))
    rows += _average_precisions(evaluated.truth, predicted.boxes, evaluated.frames["frame"], found)
    rows += _means(rows, predicted.classes, metrics["coco"])
    table = pd.DataFrame(rows, columns=COLUMNS[1:-1])
    return table.assign(run=metrics["run"], agrees=table["difference"] <= TOLERANCE)[COLUMNS]


def _average_precisions(
    truth: pd.DataFrame, boxes: pd.DataFrame, frames: pd.Series, found: np.ndarray
) -> list[tuple[str, str, float, float, float]]:
    """Compare AP50 and AP50-95 of each class that has true boxes, by both definitions."""
    evaluated = average_precision(truth, boxes, frames)
    library = ultralytics_average_precision(truth, boxes, found)
    rows = []
    for name in CLASSES:
        n = int((truth["class"] == name).sum())
        if not n:
            continue
        own = (boxes["class"] == name).to_numpy()
        conf, hit = boxes["conf"].to_numpy(dtype=float)[own], found[own]
        once, counts = np.ones((1, int(own.sum()))), np.array([float(n)])
        coco = [float(coco_ap(conf, hit[:, column], counts, once)[0]) for column in range(len(THRESHOLDS))]
        area = [ultralytics_ap(conf, hit[:, column], n) for column in range(len(THRESHOLDS))]
        theirs = evaluated[name]
        for what, against, ours, other in (
            (f"AP50 {name}", "faster-coco-eval", coco[0], theirs.ap50),
            (f"AP50-95 {name}", "faster-coco-eval", float(np.mean(coco)), theirs.ap50_95),
            (f"AP50 {name}", "Ultralytics", area[0], library[name][0]),
            (f"AP50-95 {name}", "Ultralytics", float(np.mean(area)), float(np.mean(library[name]))),
        ):
            rows.append((what, against, ours, other, abs(ours - other)))
    return rows


def _means(rows: list[tuple], named: Sequence[str], coco: dict) -> list[tuple[str, str, float, float, float]]:
    """Compare the run's own mean over classes with the mean of its classes' AP, counted in plain NumPy."""
    result = []
    for what, theirs in (("AP50", coco["map50"]), ("AP50-95", coco["map50_95"])):
        wanted = {f"{what} {name}" for name in named}
        ours = [row[2] for row in rows if row[0] in wanted and row[1] == "faster-coco-eval"]
        if theirs is not None:
            result.append((f"m{what}", "faster-coco-eval", mean := float(np.mean(ours)), theirs, abs(mean - theirs)))
    return result


def ultralytics_matrix(
    truth: pd.DataFrame, boxes: pd.DataFrame, frames: pd.Series, *, conf: float, iou: float
) -> np.ndarray:
    """Return Ultralytics' confusion matrix, turned so that rows are true classes."""
    import torch

    from rbcflow.detector.internals import ConfusionMatrix as Theirs

    counted = Theirs(names=dict(enumerate(CLASSES)), task="detect")
    for true, found in _frame_by_frame(truth, boxes, frames):
        counted.process_batch(
            {"bboxes": torch.tensor(found[0]), "conf": torch.tensor(found[2]), "cls": torch.tensor(found[1])},
            {"bboxes": torch.tensor(true[0]), "cls": torch.tensor(true[1])},
            conf=conf,
            iou_thres=iou,
        )
    matrix = counted.matrix.T.astype(np.int64)
    assert matrix.shape == (len(LABELS), len(LABELS))
    return matrix


def ultralytics_hits(truth: pd.DataFrame, boxes: pd.DataFrame) -> np.ndarray:
    """Return which predictions find a box of their class, as Ultralytics' validator matches, (P, 10) bool."""
    import torch

    from rbcflow.detector.internals import BaseValidator, box_iou

    class _Thresholds:
        iouv = torch.tensor(THRESHOLDS)

    found = np.zeros((len(boxes), len(THRESHOLDS)), dtype=bool)
    rows = boxes.groupby("frame").indices
    for frame, (true, own) in zip(rows, _frame_by_frame(truth, boxes, pd.Series(list(rows))), strict=True):
        if len(true[0]):
            overlap = box_iou(torch.tensor(true[0]), torch.tensor(own[0]))
            correct = BaseValidator.match_predictions(
                _Thresholds(), torch.tensor(own[1]), torch.tensor(true[1]), overlap
            )
            found[rows[frame]] = correct.numpy()
    return found


def ultralytics_average_precision(truth: pd.DataFrame, boxes: pd.DataFrame, found: np.ndarray) -> dict[str, np.ndarray]:
    """Return Ultralytics' AP at the ten overlaps, by class that has true boxes."""
    from rbcflow.detector.internals import ap_per_class

    true = truth["class"].map(CLASS_ID).to_numpy(dtype=float)
    own = boxes["class"].map(CLASS_ID).to_numpy(dtype=float)
    result = ap_per_class(found, boxes["conf"].to_numpy(dtype=float), own, true)
    return {CLASSES[int(number)]: result[5][row] for row, number in enumerate(result[6])}


def _frame_by_frame(truth: pd.DataFrame, boxes: pd.DataFrame, frames: pd.Series):
    """Yield for each frame (boxes, classes) of the truth and (boxes, classes, confidences) predicted, as arrays."""
    true, own = _columns(truth), (*_columns(boxes), boxes["conf"].to_numpy(dtype=float))
    true_rows, own_rows = (table.groupby("frame").indices for table in (truth, boxes))
    none = np.zeros(0, dtype=int)
    for frame in frames:
        yield tuple(
            tuple(column[rows.get(frame, none)] for column in columns)
            for columns, rows in ((true, true_rows), (own, own_rows))
        )


def _columns(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 4) corners and (N,) numbers of the classes of boxes."""
    return table[BOX].to_numpy(dtype=float), table["class"].map(CLASS_ID).to_numpy(dtype=float)


def require_agreement(table: pd.DataFrame, output: Path) -> None:
    """Raise where a number is not the libraries'.

    Raises:
        InputError: names the first run and number that disagree, and both values.
    """
    wrong = table[~table["agrees"].astype(bool)]
    if len(wrong):
        first = wrong.iloc[0]
        raise InputError(
            output, f"{first['what']} of {first['run']}: {first['ours']:.9g} ({len(wrong)} such rows)",
            f"{first['theirs']:.9g}, as {first['against']} counts the same boxes", f"run {first['run']}",
        )  # fmt: skip
