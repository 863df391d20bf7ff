"""Headline numbers of a run for many weightings of its recordings (stage metrics).

Every function takes a sample and weights (B, R), how often each recording counts in each of B draws, and returns (B,),
NaN where the number is undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.metrics.average_precision import coco_ap
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.metrics.sample import Sample

Numbers = NDArray[np.float64]
Number = Callable[[Sample, Numbers], Numbers]

ALIGNMENT = ("offset_px", "offset_share", "size_ratio")
"""Of two models these are compared on the cells both found."""


def metrics(sample: Sample, weights: Numbers, names: Collection[str] | None = None) -> dict[str, Numbers]:
    """Return headline numbers for each weighting of the recordings.

    Args:
        sample: of a run.
        weights: (B, R) from ``draws``.
        names: those wanted; None is every one of ``METRICS``.

    Returns:
        By name (B,). Those of classes are absent where classes are not evaluated, and those of a class that the model
        cannot name.
    """
    return {name: METRICS[name](sample, weights) for name in known(sample) if names is None or name in names}


def known(sample: Sample) -> list[str]:
    """Return the names of the numbers a run has."""
    unnamed = [f"{ratio}_{name}" for name in CLASSES if name not in sample.classes for ratio in ("precision", "recall")]
    unnamed += [] if "slipper" in sample.classes else ["wall_slippers_per_frame"]
    return [name for name in METRICS if name not in unnamed and (sample.named or name not in _BY_CLASS)]


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _count(sample: Sample, weights: Numbers, rows: NDArray[np.bool_]) -> Numbers:
    """Return how many of some places of ``matched`` there are in each draw."""
    return weights @ np.bincount(sample.matched["recording"][rows], minlength=sample.n_recordings)


def _kinds(sample: Sample) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which places of ``matched`` have a true box, and which a predicted one."""
    return sample.matched["true"] != BACKGROUND, sample.matched["predicted"] != BACKGROUND


def _ap50(sample: Sample, weights: Numbers) -> Numbers:
    n_true = weights[:, sample.true_recording].sum(axis=1)
    return coco_ap(sample.conf, sample.hit_any, n_true, weights[:, sample.recording])


def _map50(sample: Sample, weights: Numbers) -> Numbers:
    """Return the mean of AP50 over the classes that the model can name and that have true boxes in each draw."""
    by_class = []
    for name in sample.classes:
        own, true = sample.predicted == name, sample.true == name
        n_boxes = weights[:, sample.true_recording[true]].sum(axis=1)
        by_class.append(coco_ap(sample.conf[own], sample.hit[own], n_boxes, weights[:, sample.recording[own]]))
    return _mean(by_class)


def _mean(parts: list[Numbers]) -> Numbers:
    """Return the mean of the parts that are defined in each draw."""
    stacked = np.stack(parts)
    present = ~np.isnan(stacked)
    return _ratio(np.where(present, stacked, 0).sum(axis=0), present.sum(axis=0).astype(float))


def _precision(sample: Sample, weights: Numbers) -> Numbers:
    true, predicted = _kinds(sample)
    return _ratio(_count(sample, weights, true & predicted), _count(sample, weights, predicted))


def _recall(sample: Sample, weights: Numbers) -> Numbers:
    true, predicted = _kinds(sample)
    return _ratio(_count(sample, weights, true & predicted), _count(sample, weights, true))


def _f1(sample: Sample, weights: Numbers) -> Numbers:
    true, predicted = _kinds(sample)
    boxes = _count(sample, weights, true) + _count(sample, weights, predicted)
    return _ratio(2 * _count(sample, weights, true & predicted), boxes)


def _one_box(sample: Sample, weights: Numbers, *, number: Number) -> Numbers:
    """Return a number where boxes of all classes compete, so that an object has one."""
    return number(replace(sample, matched=sample.single), weights)


def _of_class(sample: Sample, weights: Numbers, *, class_: str, column: str) -> Numbers:
    """Return the share of the places whose ``column`` is a class that have it in the other column too."""
    own = sample.matched[column] == class_
    both = own & (sample.matched["true"] == sample.matched["predicted"])
    return _ratio(_count(sample, weights, both), _count(sample, weights, own))


def _class_recall_mean(sample: Sample, weights: Numbers) -> Numbers:
    """Return the mean of the confusion matrix's diagonal over its true classes, those the model can name alone."""
    return _mean([_of_class(sample, weights, class_=name, column="true") for name in sample.classes])


def _a_frame(sample: Sample, weights: Numbers, *, boxes: str) -> Numbers:
    return _ratio(weights @ getattr(sample, boxes), weights @ sample.frames)


def weighted_median(values: Numbers, weights: Numbers) -> Numbers:
    """Return the median of values for each row of whole weights, as if each value stood there so many times."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values)
    summed = np.cumsum(weights[:, order], axis=1)
    half, ordered = summed[:, -1:] / 2, values[order]
    # the mean of two values where they part the weight evenly
    below, above = ordered[(summed >= half).argmax(axis=1)], ordered[(summed > half).argmax(axis=1)]
    return np.where(summed[:, -1] > 0, (below + above) / 2, np.nan)


def _median(sample: Sample, weights: Numbers, *, column: str) -> Numbers:
    values = sample.matched[column]
    found = ~np.isnan(values)
    return weighted_median(values[found], weights[:, sample.matched["recording"][found]])


def on_both(first: Sample, second: Sample) -> tuple[Sample, Sample]:
    """Return two runs of one test set with the places of ``matched`` whose true box both found."""
    rows = [sample.matched["truth_row"][~np.isnan(sample.matched["iou"])] for sample in (first, second)]
    both = np.intersect1d(*rows)
    return _restricted(first, both), _restricted(second, both)


def _restricted(sample: Sample, true_rows: NDArray[np.int64]) -> Sample:
    kept = np.isin(sample.matched["truth_row"], true_rows)
    return replace(sample, matched={name: values[kept] for name, values in sample.matched.items()})


MEANS_OF_CLASSES = ("map50", "class_recall_mean")
"""Means over the classes that a model can name: of models with other classes they are other numbers."""
_BY_CLASS: dict[str, Number] = {
    "map50": _map50,
    "class_recall_mean": _class_recall_mean,
    **{f"precision_{name}": partial(_of_class, class_=name, column="predicted") for name in CLASSES},
    **{f"recall_{name}": partial(_of_class, class_=name, column="true") for name in CLASSES},
}
METRICS: dict[str, Number] = {
    "ap50": _ap50,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "precision_one_box": partial(_one_box, number=_precision),
    "recall_one_box": partial(_one_box, number=_recall),
    "f1_one_box": partial(_one_box, number=_f1),
    "iou_median": partial(_median, column="iou"),
    **{name: partial(_median, column=name) for name in ALIGNMENT},
    "background_per_frame": partial(_a_frame, boxes="background"),
    "wall_slippers_per_frame": partial(_a_frame, boxes="wall_slippers"),
    **_BY_CLASS,
}
"""``ap50`` (classes ignored), ``precision``, ``recall`` and ``f1`` of finding cells at the operating point, and the
same with one box a cell; medians over found cells of the overlap and of ``alignment``; boxes on background and, of
them, slippers on walls a frame; and of finding and naming: ``map50``, the mean class recall, and precision and recall
of each class."""
