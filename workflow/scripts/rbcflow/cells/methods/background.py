"""Cells by background subtraction (rules ``cut_cells`` and ``build_testset``; preprint, section on the Naples set).

The background is the pixel-wise median of the recording, or the recording's own background image where there is one.
Two passes over a recording, linear in its frames, none of which is kept in memory; ``like_most`` is the preprint's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.bank import touches_edge
from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame, to_grey
from rbcflow.sources.extraction import Thresholds
from rbcflow.sources.layouts import READERS

KERNEL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))

Grey = NDArray[np.uint8]


def outline(
    folder: Path,
    source: str,
    layout: str,
    thresholds: Thresholds,
    *,
    wanted: Wanted = everything,
) -> Iterator[Outlined]:
    """Yield the frames of recordings with what differs from the background; objects have no class.

    Args:
        folder: the source's files.
        source: a key of ``config/sources.yaml``.
        layout: one that takes this method.
        thresholds: the laboratory's.
        wanted: which frames; the background is taken from all.

    Yields:
        Reasons ``touches_edge``, ``edge_changed``, ``too_small``, ``not_largest``.

    Raises:
        InputError: a recording is wrong.
    """
    reader = READERS[layout]
    stored = getattr(reader, "read_background", None)
    for recording in reader.recordings(folder):
        if not stored:
            whole = median_background(to_grey(frame.image) for frame in reader.read(folder, recording))
        for frame in reader.read(folder, recording, source):
            if wanted(recording, frame.index):
                empty = stored(folder, recording, frame.index) if stored else whole
                yield outline_frame(frame, empty, thresholds)


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


def find_objects(image: Grey, background: Grey, thresholds: Thresholds, condition: str = "") -> list[Found]:
    """Find what differs from the background in one frame.

    Args:
        image: (H, W) uint8 grey.
        background: (H, W) uint8 grey.
        thresholds: the laboratory's.
        condition: flow condition of the recording, for ``threshold_at``.

    Returns:
        Objects from the largest to the smallest.
    """
    difference = cv2.absdiff(image, background)
    threshold = thresholds.threshold_of(condition)
    changed = difference > threshold
    if np.count_nonzero(changed) <= thresholds.min_changed:
        return []
    closed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, KERNEL, iterations=2)
    contours, _ = cv2.findContours(
        cv2.morphologyEx(closed, cv2.MORPH_OPEN, KERNEL), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    areas = {index: cv2.contourArea(contour) for index, contour in enumerate(contours)}
    large = sorted((index for index in areas if areas[index] > thresholds.min_area), key=lambda index: -areas[index])
    edges = np.hstack([difference[:, : thresholds.edge_buffer], difference[:, -thresholds.edge_buffer :]])
    most = thresholds.max_edge_difference
    edge_changed = most is not None and float(edges.mean()) > most
    found = [
        _evaluate(contours[index], difference, rank, edge_changed, thresholds, threshold / 2)
        for rank, index in enumerate(large)
    ]
    return found if thresholds.outline is None else _grown(found, difference, thresholds.outline)


def outline_frame(frame: Frame, background: Grey, thresholds: Thresholds) -> Outlined:
    """Return one frame with what differs from its background.

    Raises:
        InputError: frame and background differ in size.
    """
    grey = to_grey(frame.image)
    if grey.shape != background.shape:
        raise InputError(
            frame.recording, f"a frame of {grey.shape}", f"{background.shape}", where=f"frame {frame.index}"
        )
    return Outlined(frame, find_objects(grey, background, thresholds, frame.condition))


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


def _evaluate(
    contour: NDArray, difference: Grey, rank: int, edge_changed: bool, thresholds: Thresholds, most_beside: float
) -> Found:
    """Return a contour's filled object and why it is no usable cell."""
    height, width = difference.shape
    x, y, w, h = cv2.boundingRect(contour)
    sides = (
        difference[y : y + h, max(x - thresholds.beside, 0) : x],
        difference[y : y + h, x + w :][:, : thresholds.beside],
    )
    mask = cv2.drawContours(np.zeros(difference.shape, np.uint8), [contour], -1, 1, cv2.FILLED).astype(bool)
    box = (float(x), float(y), float(x + w), float(y + h))
    if x < thresholds.edge_buffer or x + w > width - thresholds.edge_buffer or touches_edge(box, width, height):
        reason = "touches_edge"
    elif h < thresholds.min_height or w < thresholds.min_width:
        reason = "too_small"
    elif edge_changed or any(side.size and side.mean() > most_beside for side in sides):
        reason = "edge_changed"
    else:
        reason = "not_largest" if thresholds.largest_only and rank else ""
    return Found(mask, box, touches_edge(box, width, height), reason)
