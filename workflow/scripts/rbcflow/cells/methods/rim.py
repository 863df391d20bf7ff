"""Cells cut again out of composed images with labelled boxes, by what differs from the box's rim (rule ``cut_cells``).

The ground under a box is a plane through its rim. Only images without strong noise are cut from, and of a cell that was
pasted many times one copy is kept (``cells.alike``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.alike import Look, copies, look_of
from rbcflow.cells.outline import Found, Outlined, Wanted, everything
from rbcflow.core.boxes import mask_box
from rbcflow.core.classes import CLASSES
from rbcflow.core.frames import Frame, to_grey
from rbcflow.sources.labelled import Picture, YoloFolder, decode, labels_of, read_folder
from rbcflow.sources.layouts import READERS

GRAIN, SPECKS = 4, 0.06
"""Noisy is an image whose pixels differ from the median of their neighbours by more than so many grey levels (median),
or a larger share of them by more than ``SPECK``: the preprint's Gaussian noise, and its salt and pepper."""
SPECK = 12

RIM = 4
"""Pixels around a box, and one more that rounded labels leave out, that show its ground."""
LEAST, SHARE, GRAINS = 6, 0.2, 1.6
"""A cell differs from its ground by more than these grey levels, this part of its strongest pixels, and this many times
the rim's spread."""
OVERLAP, CLEAN = 0.75, 0.1
"""A mask is a cell's where its box overlaps the label's by more, and less of the rim differs from the ground: else a
wall, a line or a dot is part of it."""

Window = tuple[slice, slice]
Item = tuple[Found, Look | None]
"""An object, and what it is compared with others by; None of a dropped one."""

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Labelled:
    """An image with its boxes.

    Attributes:
        frame: the image.
        boxes: (N, 4) half-open corners in whole pixels.
        names: class of each box.
    """

    frame: Frame
    boxes: NDArray[np.int64]
    names: tuple[str, ...]


def outline(folder: Path, source: str, layout: str, *, wanted: Wanted = everything) -> Iterator[Outlined]:
    """Yield images without strong noise, with their parachutes and slippers; simulated objects of class other are none.

    A recording is a folder of images. Reasons: ``rim`` (too little of it is free), ``unlike_box``, ``background``,
    ``touches_edge``, ``copy`` (another copy of the same cell is kept).

    Args:
        folder: images and labels as Ultralytics reads them.
        source: a key of ``config/sources.yaml``.
        layout: one whose reader has ``labelled_pictures``.
        wanted: which images.

    Raises:
        InputError: an image or a label file is wrong.
    """
    found = read_folder(folder)
    for recording, pictures in READERS[layout].labelled_pictures(folder, found).items():
        numbers = [number for number in range(len(pictures)) if wanted(recording, number)]

        images = partial(_images, found, pictures, source, recording, numbers)
        # twice, since the masks of thousands of images do not fit into memory
        looks = [(image.frame.index, number, look) for image in images() for number, look in _looks(image)]
        dropped = {place[:2] for place, copy in zip(looks, copies([look for *_, look in looks]), strict=True) if copy}
        LOGGER.info("%s: %d of %d usable cells are copies", recording, len(dropped), len(looks))
        for image in images():
            items, index = [one for one, _ in objects(image)], image.frame.index
            marked = [one.dropped("copy") if (index, n) in dropped else one for n, one in enumerate(items)]
            yield Outlined(image.frame, marked)


def _images(
    found: YoloFolder, pictures: Sequence[Picture], source: str, recording: str, numbers: Sequence[int]
) -> Iterator[Labelled]:
    """Yield those of the numbered images of a recording that are not noisy."""
    for number in numbers:
        if (image := _load(found, pictures[number], source, recording, number)) is not None:
            yield image


def _load(found: YoloFolder, picture: Picture, source: str, recording: str, index: int) -> Labelled | None:
    """Return an image with its boxes, None of a noisy one."""
    grey = to_grey(decode(picture.path))
    if noisy(grey):
        return None
    height, width = grey.shape
    ids = found.class_ids() or {number: number for number in range(len(CLASSES))}
    labels = list(labels_of(picture, len(ids)))
    centre = np.array([label.box for label in labels]).reshape(-1, 4) * [width, height, width, height]
    corners = np.hstack([centre[:, :2] - centre[:, 2:] / 2, centre[:, :2] + centre[:, 2:] / 2])
    boxes = np.hstack([np.floor(corners[:, :2] + 0.01), np.ceil(corners[:, 2:] - 0.01)]).astype(int)
    frame = Frame(grey, source, "", recording, index)
    return Labelled(frame, boxes, tuple(CLASSES[ids[label.class_]] for label in labels))


def noisy(grey: NDArray[np.uint8]) -> bool:
    """Tell whether a (H, W) uint8 image has strong noise."""
    apart = cv2.absdiff(grey, cv2.medianBlur(grey, 3))
    return bool(np.median(apart) > GRAIN or np.mean(apart > SPECK) > SPECKS)


def _looks(image: Labelled) -> Iterator[tuple[int, Look]]:
    """Yield number and look of the usable cells of an image."""
    return ((number, look) for number, (_, look) in enumerate(objects(image)) if look is not None)


def objects(image: Labelled) -> list[Item]:
    """Return the parachutes and slippers of an image in the order of their labels."""
    taken = np.zeros(image.frame.image.shape, bool)
    for box in image.boxes:
        taken[_window(box, 1)] = True
    return [
        _object(image.frame.image, box, name, taken)
        for box, name in zip(image.boxes, image.names, strict=True)
        if name != "other"
    ]


def _object(grey: NDArray[np.uint8], box: NDArray[np.int64], name: str, taken: NDArray[np.bool_]) -> Item:
    """Return one object, dropped with a reason where its mask cannot be trusted."""
    mask, window = np.zeros(grey.shape, bool), _window(box, 1 + RIM)
    inside = np.zeros(grey.shape, bool)
    inside[_window(box, 1)] = True
    inside, rim = inside[window], ~taken[window]
    if np.count_nonzero(rim) < 20:
        return Found.of_mask(mask, "rim", name), None
    change, spread = above_ground(grey[window], rim)
    apart = np.abs(cv2.GaussianBlur(change, (3, 3), 0))
    least = max(LEAST, SHARE * float(np.percentile(apart[inside], 95)), GRAINS * spread)
    mask[window] = _largest((apart > least) & inside)
    own = mask_box(mask)
    reason = "unlike_box" if own is None or _overlap(own, box) <= OVERLAP else ""
    reason = "background" if np.mean(apart[rim] > least) >= CLEAN else reason
    found = Found.of_mask(mask, reason, name)
    size = int(box[2] - box[0]), int(box[3] - box[1])
    return found, None if found.reason else look_of(change, mask[window], size, name)


def above_ground(grey: NDArray[np.uint8], rim: NDArray[np.bool_]) -> tuple[NDArray[np.float32], float]:
    """Return a window less the plane through its rim, and the rim's spread in grey levels.

    Outliers of the rim, as a line that crosses it, are left out in two further fits.
    """
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    plane = np.stack([np.ones(grey.size), columns.ravel(), rows.ravel()], 1)
    used = rim
    for _ in range(3):
        fit, *_ = np.linalg.lstsq(plane[used.ravel()], grey[used].astype(float), rcond=None)
        change = grey - (plane @ fit).reshape(grey.shape)
        spread = 1.4826 * float(np.median(np.abs(change[rim]))) + 0.5
        used = rim & (np.abs(change) < 2.5 * spread)
    return change.astype(np.float32), spread


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest part of a mask, closed and opened, holes filled."""
    kernel = np.ones((3, 3), np.uint8)
    smooth = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    smooth = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, kernel)
    contours, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = [cv2.drawContours(np.zeros(mask.shape, np.uint8), [one], -1, 1, cv2.FILLED) for one in contours]
    return max(filled, key=np.count_nonzero, default=np.zeros(mask.shape, np.uint8)).astype(bool)


def _overlap(own: Sequence[float], box: NDArray[np.int64]) -> float:
    """Return the intersection over the union of two boxes."""
    low, high = np.maximum(own[:2], box[:2]), np.minimum(own[2:], box[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    areas = [float((one[2] - one[0]) * (one[3] - one[1])) for one in (own, box)]
    return shared / (sum(areas) - shared)


def _window(box: NDArray[np.int64], margin: int) -> Window:
    """Return the rows and columns of a box with a margin; numpy cuts off what lies beyond the far edges."""
    x0, y0, x1, y1 = (int(value) for value in box)
    return np.s_[max(y0 - margin, 0) : y1 + margin, max(x0 - margin, 0) : x1 + margin]
