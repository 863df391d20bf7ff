"""Cells by background subtraction (rules ``cut_cells`` and ``build_testset``; preprint, section on the Naples set).

The background is the pixel-wise median of the recording, or the recording's own background image where there is one.
Two passes over a recording, linear in its frames, none of which is kept in memory; ``like_most`` is the preprint's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.bank import touches_edge
from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame, to_grey
from rbcflow.sources.flow_public import reader as flow_public
from rbcflow.sources.layouts import READERS
from rbcflow.sources.naples import reader as naples
from rbcflow.sources.nouaman2024 import reader as nouaman2024

KERNEL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Parameters:
    """Thresholds of the method; the defaults are those of the preprint's final run on the Naples set.

    Attributes:
        threshold: grey difference above which a pixel belongs to an object.
        threshold_at: other thresholds by flow condition.
        min_changed: pixels that must differ for a frame to be looked at.
        min_area: contour area in square pixels an object must exceed to be an object at all.
        min_height: of a cell's box, pixels.
        min_width: of a cell's box, pixels.
        edge_buffer: columns at both ends of the frame that a cell must not touch.
        beside: columns left and right of a cell's box, over its rows, whose mean grey difference must not exceed half
            of the threshold on either side: else the object is not fully seen.
        max_edge_difference: mean grey difference in the buffer's columns above which no cell is fully in the frame;
            None: no such test.
        largest_only: keep one cell a frame.
        outline: smoothed grey difference that belongs to an object once it was found and judged; None keeps the shape
            that the threshold gave, which leaves out a soft cell's rim.
    """

    threshold: int = 20
    threshold_at: dict[str, int] = field(default_factory=lambda: {"1 cm/s": 10})
    min_changed: int = 200
    min_area: float = 50.0
    min_height: int = 40
    min_width: int = 0
    edge_buffer: int = 10
    beside: int = 10
    max_edge_difference: float | None = None
    largest_only: bool = True
    outline: int | None = None

    def threshold_of(self, condition: str) -> int:
        """Return the threshold at a flow condition."""
        return self.threshold_at.get(condition, self.threshold)


NAPLES = Parameters(outline=6)
_CROWDED = Parameters(
    threshold_at={}, min_height=10, edge_buffer=2, beside=0, max_edge_difference=15.0, largest_only=False
)  # fmt: skip
"""For frames with several cells, where another one may be beside a cell."""
FLOW_PUBLIC = replace(_CROWDED, threshold=15, min_width=20)
"""For the public recordings: 320-400 x 80 pixels, several cells a frame, about 60 x 17 pixels each."""
SAARLAND = replace(_CROWDED, threshold=12, min_width=10)
"""For the Saarland videos, whose cells are cut by polygons; this method is there for the comparison of methods."""

PARAMETERS = {naples.LAYOUT: NAPLES, flow_public.LAYOUT: FLOW_PUBLIC, nouaman2024.LAYOUT: SAARLAND}


def outline(
    folder: Path,
    source: str,
    layout: str,
    *,
    parameters: Parameters | None = None,
    wanted: Wanted = everything,
) -> Iterator[Outlined]:
    """Yield the frames of recordings with what differs from the background; objects have no class.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        layout: one that takes this method; ``PARAMETERS`` has those with thresholds of their own.
        parameters: thresholds; left out, those of the layout.
        wanted: which frames; the background is taken from all.

    Yields:
        Reasons ``touches_edge``, ``edge_changed``, ``too_small``, ``not_largest``.

    Raises:
        InputError: a recording is wrong.
    """
    reader, parameters = READERS[layout], parameters or PARAMETERS.get(layout, Parameters())
    for recording in reader.recordings(folder):
        if layout == flow_public.LAYOUT:
            whole = None
        else:
            whole = median_background(to_grey(frame.image) for frame in reader.read(folder, recording))
        for frame in reader.read(folder, recording, source):
            if wanted(recording, frame.index):
                empty = flow_public.read_background(folder, recording, frame.index) if whole is None else whole
                yield outline_frame(frame, empty, parameters)


def median_background(images: Iterable[Grey]) -> Grey:
    """Return the pixel-wise (lower) median of a recording, exactly, from one histogram a pixel.

    Args:
        images: (H, W) uint8 grey, all of one size, at least one; consumed once.

    Returns:
        (H, W) uint8. Memory is 1 KiB a pixel, whatever the number of images.
    """
    counts, shape = None, (0, 0)
    for image in images:
        if counts is None:
            shape, counts = image.shape, np.zeros((image.size, 256), dtype=np.uint32)
            pixels = np.arange(image.size)
        if image.shape != shape:
            raise ValueError(f"images of one recording differ in size: {shape} and {image.shape}")
        counts[pixels, image.ravel()] += 1
    if counts is None:
        raise ValueError("no image to take a background from")
    np.cumsum(counts, axis=1, out=counts)
    total = int(counts[0, -1])
    return np.argmax(counts >= (total + 1) // 2, axis=1).astype(np.uint8).reshape(shape)


ALIKE, ALIKE_SHARE, ALIKE_GREY = 0.01, 0.6, 30
"""Two frames are alike where fewer than this share of pixels differ by more than this many grey levels; a frame that is
like this share of the others shows the background."""


def like_most(images: Sequence[Grey]) -> Grey:
    """Return the preprint's background: the frame like most others if it is like enough of them, else the median.

    Args:
        images: (H, W) uint8 grey, a whole recording; the cost grows with the square of their number.
    """
    stack = np.stack(images).astype(np.int16)
    shares = [
        np.mean([np.mean(np.abs(other - frame) > ALIKE_GREY) < ALIKE for j, other in enumerate(stack) if j != i] or [0])
        for i, frame in enumerate(stack)
    ]
    best = int(np.argmax(shares))
    return images[best] if shares[best] >= ALIKE_SHARE else median_background(images)


def find_objects(image: Grey, background: Grey, parameters: Parameters, condition: str = "") -> list[Found]:
    """Find what differs from the background in one frame.

    Args:
        image: (H, W) uint8 grey.
        background: (H, W) uint8 grey.
        parameters: thresholds.
        condition: flow condition of the recording, for ``threshold_at``.

    Returns:
        Objects from the largest to the smallest.
    """
    difference = cv2.absdiff(image, background)
    threshold = parameters.threshold_of(condition)
    changed = difference > threshold
    if np.count_nonzero(changed) <= parameters.min_changed:
        return []
    closed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, KERNEL, iterations=2)
    contours, _ = cv2.findContours(
        cv2.morphologyEx(closed, cv2.MORPH_OPEN, KERNEL), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    areas = {index: cv2.contourArea(contour) for index, contour in enumerate(contours)}
    large = sorted((index for index in areas if areas[index] > parameters.min_area), key=lambda index: -areas[index])
    edges = np.hstack([difference[:, : parameters.edge_buffer], difference[:, -parameters.edge_buffer :]])
    most = parameters.max_edge_difference
    edge_changed = most is not None and float(edges.mean()) > most
    found = [
        _judge(contours[index], difference, rank, edge_changed, parameters, threshold / 2)
        for rank, index in enumerate(large)
    ]
    return found if parameters.outline is None else _grown(found, difference, parameters.outline)


def outline_frame(frame: Frame, background: Grey, parameters: Parameters) -> Outlined:
    """Return one frame with what differs from its background.

    Raises:
        InputError: frame and background differ in size.
    """
    grey = to_grey(frame.image)
    if grey.shape != background.shape:
        raise InputError(
            frame.recording, f"a frame of {grey.shape}", f"{background.shape}", where=f"frame {frame.index}"
        )
    return Outlined(frame, find_objects(grey, background, parameters, frame.condition))


def _grown(found: list[Found], difference: Grey, threshold: int) -> list[Found]:
    """Return the objects grown to what still differs from the background around them (the preprint's second stage, too,
    starts from a 5x5 Gaussian and ends with the filled outline). Objects that would grow together stay as they were."""
    soft = (cv2.GaussianBlur(difference, (5, 5), 0) > threshold).astype(np.uint8)
    soft = cv2.morphologyEx(cv2.morphologyEx(soft, cv2.MORPH_OPEN, KERNEL), cv2.MORPH_CLOSE, KERNEL)
    _, labels = cv2.connectedComponents(soft)
    owners = [set(np.unique(labels[item.mask])) - {0} for item in found]
    result = []
    for item, own in zip(found, owners, strict=True):
        shared = any(own & other for other in owners if other is not own)
        whole = (np.isin(labels, list(own)) | item.mask).astype(np.uint8)
        contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        mask = cv2.drawContours(np.zeros_like(whole), contours, -1, 1, cv2.FILLED).astype(bool)
        grown = Found.of_mask(mask, item.reason)
        result.append(item if shared else replace(grown, reason=item.reason or grown.reason))
    return result


def _judge(
    contour: NDArray, difference: Grey, rank: int, edge_changed: bool, parameters: Parameters, most_beside: float
) -> Found:
    """Return a contour's filled object and why it is no usable cell."""
    height, width = difference.shape
    x, y, w, h = cv2.boundingRect(contour)
    sides = (
        difference[y : y + h, max(x - parameters.beside, 0) : x],
        difference[y : y + h, x + w :][:, : parameters.beside],
    )
    mask = cv2.drawContours(np.zeros(difference.shape, np.uint8), [contour], -1, 1, cv2.FILLED).astype(bool)
    box = (float(x), float(y), float(x + w), float(y + h))
    if x < parameters.edge_buffer or x + w > width - parameters.edge_buffer or touches_edge(box, width, height):
        reason = "touches_edge"
    elif h < parameters.min_height or w < parameters.min_width:
        reason = "too_small"
    elif edge_changed or any(side.size and side.mean() > most_beside for side in sides):
        reason = "edge_changed"
    else:
        reason = "not_largest" if parameters.largest_only and rank else ""
    return Found(mask, box, touches_edge(box, width, height), reason)
