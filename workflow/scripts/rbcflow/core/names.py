"""What models, test sets, sources and origins are called where a reader sees them; ids stay in files and commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_labels: ContextVar[Mapping[str, str]] = ContextVar("labels", default=MappingProxyType({}))


@contextmanager
def naming(labels: Mapping[str, str]) -> Iterator[None]:
    """Within the block, ids are called by their labels.

    Args:
        labels: short names for readers, by the name of a source, bank, variant, model, test set or run
            (``config.settings.Settings.labels``).
    """
    token = _labels.set(labels)
    try:
        yield
    finally:
        _labels.reset(token)


ORIGINS: dict[str, str] = {
    "phantom": "simulated",
    "public": "public",
    "published": "published",
    "raw": "laboratory",
    "unknown": "unknown",
}
"""Words of ``lineage.ORIGINS`` on a badge."""

CLASSES: dict[str, str] = {"croissant": "parachute", "slipper": "slipper", "other": "other", "background": "background"}
"""What biologists call the preprint's classes; its files say croissant."""

_OF_CLASS = {
    f"{ratio}_{name}": words.format(CLASSES[name])
    for ratio, words in (
        ("recall", "share of the cells of class {} that are found and named so"),
        ("precision", "share of the boxes named {} that are one"),
    )
    for name in ("croissant", "slipper", "other")
}

METRICS: dict[str, str] = {
    "recall": "share of the cells that are found, whatever they are named",
    "precision": "share of the boxes that are on a cell, whatever its predicted class",
    "f1": "harmonic mean of recall and precision, classes ignored",
    "recall_one_box": "share of the cells that are found where a cell may keep one box",
    "precision_one_box": "share of the boxes that are on a cell where a cell may keep one box",
    "f1_one_box": "harmonic mean of both where a cell may keep one box",
    "ap50": "average precision at an overlap of 0.5, classes ignored",
    "map50": "average precision at an overlap of 0.5, mean over the classes",
    "map50_95": "average precision over overlaps of 0.5 to 0.95, mean over the classes",
    "class_recall_mean": "share of each class that is found and classified correctly, mean over the classes",
    "background_per_frame": "boxes on plain background in a frame",
    "wall_slippers_per_frame": "boxes named slipper on a channel wall in a frame",
    "iou_median": "median overlap of found cells with their boxes",
    "offset_px": "median distance of a box's centre from its cell's, in pixels",
    "offset_share": "median distance of a box's centre from its cell's, in sizes of the cell",
    "size_ratio": "median side of a box over that of its cell",
    "elongation": "median length over width of a cell",
    "saturation": "median colour saturation of a cell",
    "halo": "median brightness of the rim against the surroundings",
    **_OF_CLASS,
}
"""Numbers of the tables in words."""

GAUGE = "gauge.json"
"""The gauge beside a checkpoint that has one."""

GAUGE_VERDICTS = ("valid", "doubtful", "not valid")
"""What the gauge says that boxes of a recording are worth, the best first."""

OWN = "_test"
"""What the id of a variant's own test images ends with."""


def shown(name: str) -> str:
    """Return what readers call a source, bank, variant, model, test set or run; unknown ids lose their underscores."""
    return _labels.get().get(name, name.replace("_", " "))


def known(name: str) -> bool:
    """Say whether an id has a label."""
    return name in _labels.get()
