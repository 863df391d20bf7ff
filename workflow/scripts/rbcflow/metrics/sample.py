"""One run's predictions held against its truth, in the form that headline numbers are counted from (stage metrics)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import area
from rbcflow.core.classes import CLASSES
from rbcflow.core.tables import read_csv
from rbcflow.metrics.average_precision import hits
from rbcflow.metrics.inputs import BOX, evaluation, read_pair
from rbcflow.metrics.localisation import differences
from rbcflow.metrics.matching import BACKGROUND, match
from rbcflow.metrics.suppression import one_box_a_cell

MATCHED = ("recording", "true", "predicted", "truth_row", "iou", "offset_px", "offset_share", "size_ratio")
ERROR_COLUMNS = ("frame", "kind", "place", "predicted")


@dataclass(frozen=True)
class Sample:
    """One run's predictions and truth, with the recording of each.

    Attributes:
        conf: (P,) confidences.
        recording: (P,) number of a prediction's recording.
        hit: (P,) found a box of its own class at IoU 0.5.
        hit_any: (P,) found a box of any class at IoU 0.5.
        predicted: (P,) class.
        true_recording: (T,) number of a true box's recording.
        true: (T,) class.
        matched: at the operating point, one place a hit, false positive or miss: arrays ``MATCHED``, the last four NaN
            where there is no pair of boxes (``alignment``), ``truth_row`` -1 where there is no true box.
        single: the same where boxes of all classes compete, so that an object has one, without the last three.
        frames: (R,) frames of each recording, those without boxes included.
        background: (R,) boxes on background, the kind ``background`` of ``errors.csv``.
        wall_slippers: (R,) those of them named slipper that lie on a channel wall.
        named: whether classes are evaluated.
        classes: those the model can name.
    """

    conf: NDArray[np.float64]
    recording: NDArray[np.int64]
    hit: NDArray[np.bool_]
    hit_any: NDArray[np.bool_]
    predicted: NDArray[np.object_]
    true_recording: NDArray[np.int64]
    true: NDArray[np.object_]
    matched: Mapping[str, NDArray]
    single: Mapping[str, NDArray]
    frames: NDArray[np.float64]
    background: NDArray[np.float64]
    wall_slippers: NDArray[np.float64]
    named: bool
    classes: tuple[str, ...] = CLASSES

    @property
    def n_recordings(self) -> int:
        """Recordings of the test set."""
        return len(self.frames)

    @property
    def n_frames(self) -> int:
        """Frames of the test set."""
        return int(self.frames.sum())


def read_sample(predictions: Path, testset: Path, errors: Path, conf: float, iou: float) -> Sample:
    """Read a run.

    Args:
        predictions: Parquet file.
        testset: folder.
        errors: the run's ``errors.csv``, counted at the same ``conf`` and ``iou``.
        conf: confidence of the operating point.
        iou: its overlap.

    Raises:
        InputError: a file is malformed, or predictions and test set do not belong together.
    """
    predicted, evaluated = read_pair(predictions, testset)
    codes, names = pd.factorize(evaluated.frames["recording"], sort=True)
    number = pd.Series(codes, index=evaluated.frames["frame"])
    boxes, threshold = predicted.boxes, np.array([0.5])
    matched = match(evaluated.truth, boxes, iou).at(conf)
    # boxes below the operating point remove none above it
    one_box = one_box_a_cell(boxes[boxes["conf"] > conf], predicted.meta["iou"])
    background, wall_slippers = _on_background(errors, number, len(names))
    return Sample(
        conf=boxes["conf"].to_numpy(dtype=float),
        recording=boxes["frame"].map(number).to_numpy(dtype=int),
        hit=hits(evaluated.truth, boxes, threshold)[:, 0],
        hit_any=hits(evaluated.truth, boxes, threshold, agnostic=True)[:, 0],
        predicted=boxes["class"].to_numpy(dtype=object),
        true_recording=evaluated.truth["frame"].map(number).to_numpy(dtype=int),
        true=evaluated.truth["class"].to_numpy(dtype=object),
        matched=_arrays(matched, number) | alignment(matched, evaluated.truth, boxes),
        single=_arrays(match(evaluated.truth, one_box, iou).at(conf), number),
        frames=_by_recording(pd.Series(codes), len(names)),
        background=background,
        wall_slippers=wall_slippers,
        named=evaluation(evaluated, predicted) != "false",
        classes=predicted.classes,
    )


def _on_background(path: Path, number: pd.Series, n_recordings: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (R,) boxes on background, and those of them named slipper that lie on a wall."""
    wrong = read_csv(path, "errors of a run", ERROR_COLUMNS)
    wrong = wrong[wrong["kind"] == BACKGROUND]
    at_walls = wrong[(wrong["place"] == "wall") & (wrong["predicted"] == "slipper")]
    return tuple(_by_recording(rows["frame"].map(number), n_recordings) for rows in (wrong, at_walls))


def _arrays(matched: pd.DataFrame, number: pd.Series) -> dict[str, NDArray]:
    return {
        "recording": matched["frame"].map(number).to_numpy(dtype=int),
        "true": matched["true"].to_numpy(dtype=object),
        "predicted": matched["predicted"].to_numpy(dtype=object),
        "truth_row": matched["truth_row"].fillna(-1).to_numpy(dtype=int),
        "iou": matched["iou"].to_numpy(dtype=float),
    }


def _by_recording(numbers: pd.Series, n_recordings: int) -> NDArray[np.float64]:
    return np.bincount(numbers.to_numpy(dtype=int), minlength=n_recordings).astype(float)


def alignment(matched: pd.DataFrame, truth: pd.DataFrame, boxes: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return how each predicted box lies on the true box it found, NaN elsewhere.

    Args:
        matched: as ``Matching.at`` gives it.
        truth: true boxes.
        boxes: predicted boxes.

    Returns:
        ``offset_px``: distance of the centres in pixels; ``offset_share``: the same over the true box's size (the
        square root of its area); ``size_ratio``: predicted over true size.
    """
    paired = (matched["true"] != BACKGROUND).to_numpy() & (matched["predicted"] != BACKGROUND).to_numpy()
    rows = matched[paired]
    true, own = (
        table[BOX].to_numpy(dtype=float)[rows[key].to_numpy(dtype=int)]
        for table, key in ((truth, "truth_row"), (boxes, "prediction_row"))
    )
    apart = differences(true, own)
    offset, size = np.hypot(apart["dx"], apart["dy"]), np.sqrt(area(true))
    found = {"offset_px": offset, "offset_share": offset / size, "size_ratio": apart["size_ratio"]}
    result = {name: np.full(len(matched), np.nan) for name in found}
    for name, values in found.items():
        result[name][paired] = values
    return result
