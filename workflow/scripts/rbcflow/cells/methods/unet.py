"""Cells by a U-Net's foreground (rules ``cut_cells``, ``cluster_objects``; method, section 2.2, the Liang set)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.outline import KERNELS, USUAL, Found, Options, Outlined, batches, components
from rbcflow.core.boxes import mask_box
from rbcflow.core.frames import Frame, to_grey
from rbcflow.segmentation.pictures import scaled
from rbcflow.sources.extraction import Extraction


class Foreground(Protocol):
    """A network that tells foreground: ``segmentation.unet.Foreground`` or ``CarvanaForeground``."""

    threshold: float

    def probability(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return the probability of foreground of images of one size."""


MIN_SIDE = 5
"""Least height and width of an object's box, pixels; the preprint's for the Liang set."""


def outline(
    frames: Iterable[Frame], extraction: Extraction, network: Foreground, options: Options = USUAL
) -> Iterator[Outlined]:
    """Yield frames with the components of their foreground.

    Foreground is opened, then closed (3x3), and divided into components, whose holes are filled. Reasons:
    ``too_small``, ``too_wide``, ``touches_edge``.

    Args:
        frames: of one layout.
        extraction: the laboratory's scale and largest width.
        network: tells foreground.
        options: the bank's kernel.
    """
    return (item for item, _ in outline_with_probability(frames, extraction, network, options))


def outline_with_probability(
    frames: Iterable[Frame], extraction: Extraction, network: Foreground, options: Options = USUAL
) -> Iterator[tuple[Outlined, NDArray[np.float32]]]:
    """Yield what ``outline`` yields, with the (H, W) float32 probability it comes from."""
    for batch in batches(frames):
        for frame, probability in zip(batch, probabilities(batch, extraction, network), strict=True):
            parts = components(opened_and_closed(probability > network.threshold, options.kernel))
            yield Outlined(frame, [_evaluate(part, extraction.max_width) for part in parts]), probability


def probabilities(batch: list[Frame], extraction: Extraction, network: Foreground) -> list[NDArray[np.float32]]:
    """Return the (H, W) float32 probability of foreground of frames of one size."""
    found = network.probability([scaled(to_grey(frame.image), extraction.scale) for frame in batch])
    return [
        cv2.resize(each, frame.size, interpolation=cv2.INTER_LINEAR) for frame, each in zip(batch, found, strict=True)
    ]


def opened_and_closed(mask: NDArray[np.bool_], kernel: str = "cross") -> NDArray[np.bool_]:
    """Return a (H, W) bool mask after a 3x3 opening and closing."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, KERNELS[kernel])
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, KERNELS[kernel]).astype(bool)


def square_window(box: tuple[float, ...], width: int, height: int, margin: int) -> tuple[slice, slice]:
    """Return rows and columns of the square around a box's centre, half its side being half the box's longer side plus
    a margin, clipped to the image (method, section 2.2; margin 20)."""
    x0, y0, x1, y1 = box
    half = max(x1 - x0, y1 - y0) / 2 + margin
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    rows = slice(max(round(middle_y - half), 0), min(round(middle_y + half), height))
    return rows, slice(max(round(middle_x - half), 0), min(round(middle_x + half), width))


def _evaluate(mask: NDArray[np.bool_], max_width: int | None) -> Found:
    x0, y0, x1, y1 = mask_box(mask)
    if min(x1 - x0, y1 - y0) < MIN_SIDE:
        return Found.of_mask(mask, "too_small")
    if max_width is not None and x1 - x0 > max_width:
        return Found.of_mask(mask, "too_wide")
    return Found.of_mask(mask)
