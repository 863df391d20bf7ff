"""What every extraction method gives: a frame's objects with masks (rules ``cut_cells`` and ``score_segmentation``).

A method yields ``Outlined`` frames. The bank turns them into cells, the segmentation benchmark compares them with
truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.bank import Box, Cell, cut, touches_edge
from rbcflow.core.boxes import mask_box
from rbcflow.core.frames import Frame, to_grey
from rbcflow.sources import layouts
from rbcflow.sources.extraction import Extraction

BATCH = 16
"""Frames a network sees at once."""

KERNELS = {name: cv2.getStructuringElement(shape, (3, 3)) for name, shape in (
    ("cross", cv2.MORPH_ELLIPSE), ("square", cv2.MORPH_RECT))}  # fmt: skip
"""What opens and closes the foreground; OpenCV's ellipse of 3x3 pixels is a cross."""

NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Found:
    """One object of a frame.

    Attributes:
        mask: (H, W) bool, of the frame's size; may be empty where a method found nothing that it could outline.
        box: half-open corners in pixels.
        touches_edge: whether the frame's edge cuts the object.
        reason: why it is no usable cell; empty for a usable one.
        class_: class, where the method names it; else the frame's label counts.
    """

    mask: NDArray[np.bool_]
    box: Box
    touches_edge: bool
    reason: str
    class_: str = ""

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_], reason: str = "", class_: str = "") -> Found:
        """Return the object of a mask; an empty mask without a reason is ``empty``, one cut by the edge says so."""
        box = mask_box(mask)
        if box is None:
            return cls(mask, NOWHERE, False, reason or "empty", class_)
        cut_off = touches_edge(box, mask.shape[1], mask.shape[0])
        return cls(mask, box, cut_off, reason or ("touches_edge" if cut_off else ""), class_)

    def dropped(self, reason: str) -> Found:
        """Return the object with a reason, unless it has one already."""
        return self if self.reason else replace(self, reason=reason)


@dataclass(frozen=True)
class Outlined:
    """A frame and what a method found in it."""

    frame: Frame
    found: list[Found]


@dataclass(frozen=True)
class Options:
    """What a bank may do in another way than its methods do by themselves.

    Attributes:
        recordings: those that cells are cut from; none named means all.
        kernel: 3x3 kernel that opens and closes a U-Net's foreground: ``cross`` (OpenCV's ellipse) or ``square``.
        elongation: largest elongation of a cell by class; None for the laboratory's own.
        elongation_of: longer of the ``sides`` over the shorter, less one; or ``height`` over width, how far from one.
    """

    recordings: tuple[str, ...] = ()
    kernel: str = "cross"
    elongation: Mapping[str, float] | None = None
    elongation_of: str = "sides"

    def wants(self, recording: str, frame: int) -> bool:
        """Whether a frame's recording is among those named."""
        return not self.recordings or recording in self.recordings


USUAL = Options()

Wanted = Callable[[str, int], bool]
"""Whether a frame (recording, index) is wanted; the benchmark looks at a sample only."""


def everything(recording: str, index: int) -> bool:
    """Want every frame."""
    return True


def frames_of(layout: str, folder: Path, source: str, wanted: Wanted = everything) -> Iterator[Frame]:
    """Yield the frames a per-frame method looks at: all recordings of a layout, crops with their background among them.

    Args:
        layout: a key of ``layouts.READERS``.
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        wanted: which frames.
    """
    reader = layouts.READERS[layout]
    for recording in layouts.recordings(layout, folder):
        yield from (frame for frame in reader.read(folder, recording, source) if wanted(recording, frame.index))


def batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Yield up to ``BATCH`` consecutive frames of one size, so that memory does not grow with a recording."""
    iterator = iter(frames)
    while batch := list(islice(iterator, BATCH)):
        for size in dict.fromkeys(frame.size for frame in batch):
            yield [frame for frame in batch if frame.size == size]


def to_cells(outlined: Iterable[Outlined], method: str) -> Iterator[Cell]:
    """Yield the cells of outlined frames, dropped ones included; a cell's group is its frame's."""
    for item in outlined:
        frame, grey = item.frame, to_grey(item.frame.image)
        for found in item.found:
            box, crop, mask = found.box, np.zeros((0, 0), np.uint8), np.zeros((0, 0), bool)
            if found.mask.any():
                _, crop, mask = cut(grey, found.mask)
            yield Cell(
                source=frame.source, class_=found.class_ or frame.label, donor=frame.donor, recording=frame.recording,
                frame=frame.index, box=box, method=method, group=frame.unit, crop=crop, mask=mask,
                touches_edge=found.touches_edge, reason=found.reason,
            )  # fmt: skip


def components(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return the (H, W) bool parts of a mask, holes filled, from left to right."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contours = sorted(contours, key=lambda contour: tuple(contour.reshape(-1, 2).min(axis=0)))
    return [cv2.drawContours(np.zeros(mask.shape, np.uint8), [c], -1, 1, cv2.FILLED).astype(bool) for c in contours]


def shaped(found: Found, label: str, extraction: Extraction, options: Options) -> Found:
    """Return the object, dropped where it is too elongated for its class."""
    limits = extraction.elongation if options.elongation is None else options.elongation
    limit = limits.get(label)
    x0, y0, x1, y1 = found.box
    if limit is None or not found.mask.any():
        return found
    width, height = x1 - x0, y1 - y0
    ratio = height / width if options.elongation_of == "height" else max(width, height) / min(width, height)
    return found.dropped("elongated") if abs(ratio - 1) > limit else found
