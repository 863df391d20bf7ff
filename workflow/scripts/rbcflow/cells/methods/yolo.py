"""Cells by a detector's boxes (rules ``cut_cells``, ``score_segmentation``; method, section 2.3, Singapore selection).

A detector of any class finds the boxes, which are cropped as boxes; the U-Net's foreground inside a box is the mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.methods.unet import Foreground, components, opened_and_closed, probabilities
from rbcflow.cells.outline import Found, Outlined, batches
from rbcflow.core.boxes import iou_matrix
from rbcflow.core.frames import Frame, to_grey
from rbcflow.detector.detector import Detector
from rbcflow.segmentation.pictures import scaled
from rbcflow.sources.extraction import Extraction

CONFIDENCE, OVERLAP = 0.25, 0.45
MARGIN = 2
"""Pixels by which a box is enlarged before the mask inside it is taken: boxes are tight, and regressed."""


def outline(
    frames: Iterable[Frame], extraction: Extraction, detector: Detector, network: Foreground
) -> Iterator[Outlined]:
    """Yield frames with the objects inside the detector's boxes.

    Reasons: ``no_mask`` (a box without foreground; its mask is empty), ``touches_edge``.

    Args:
        frames: of one layout.
        extraction: the laboratory's scale.
        detector: its classes do not matter.
        network: tells foreground.
    """
    for batch in batches(frames):
        images = [np.repeat(scaled(to_grey(f.image), extraction.scale)[..., None], 3, axis=2) for f in batch]
        found = probabilities(batch, extraction, network)
        masks = [opened_and_closed(each > network.threshold) for each in found]
        for frame, image, table, mask in zip(batch, images, detector.detect(images), masks, strict=True):
            boxes = single_boxes(table[["x0", "y0", "x1", "y1"]].to_numpy(), table["conf"].to_numpy())
            boxes = boxes * (frame.size[0] / image.shape[1])
            yield Outlined(frame, [_inside(box, mask) for box in boxes])


def single_boxes(boxes: NDArray[np.float64], conf: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the boxes above the confidence, the most confident first, without those that overlap one before them.

    Args:
        boxes: (N, 4) corners in pixels; an object may have one box a class.
        conf: (N,) confidence.
    """
    order = [index for index in np.argsort(-conf, kind="stable") if conf[index] > CONFIDENCE]
    kept: list[int] = []
    overlap = iou_matrix(boxes, boxes)
    for index in order:
        if all(overlap[index, other] <= OVERLAP for other in kept):
            kept.append(index)
    return boxes[kept].reshape(-1, 4)


def _inside(box: NDArray[np.float64], mask: NDArray[np.bool_]) -> Found:
    """Return the largest part of the foreground inside a box."""
    x0, y0, x1, y1 = box
    window = np.zeros_like(mask)
    window[
        max(int(y0) - MARGIN, 0) : int(np.ceil(y1)) + MARGIN, max(int(x0) - MARGIN, 0) : int(np.ceil(x1)) + MARGIN
    ] = True
    parts = components(mask & window)
    if not parts:
        height, width = mask.shape
        corners = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
        return Found(np.zeros_like(mask), tuple(float(c) for c in corners), False, "no_mask")
    return Found.of_mask(max(parts, key=np.count_nonzero))
