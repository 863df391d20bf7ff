"""Cells by Cellpose (rules ``cut_cells`` and ``score_segmentation``; method, sections 2.1 and 2.2: Kihm and Liang).

A crop of these sources shows one cell, sorted by its class. The label at its centre is taken, or of classes that the
laboratory names, everything that has a label; then the shape must not be too elongated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rbcflow.cells.clusters import Clusters
from rbcflow.cells.methods.unet import Foreground, square_window
from rbcflow.cells.methods.unet import outline as outline_unet
from rbcflow.cells.outline import USUAL, Found, Options, Outlined, shaped
from rbcflow.core.frames import Frame, to_grey
from rbcflow.segmentation.pictures import scaled
from rbcflow.sources.extraction import Extraction


class Instances(Protocol):
    """A network that tells objects apart: ``segmentation.flows.Instances``."""

    def labels(self, image: NDArray[np.uint8]) -> NDArray[np.integer]:
        """Return the (H, W) labels of a (H, W) image, objects counting from 1."""


MARGIN = 20


def outline(
    frames: Iterable[Frame], extraction: Extraction, network: Instances, options: Options = USUAL
) -> Iterator[Outlined]:
    """Yield frames with their labels: one of a sorted crop, all of a recording's frame.

    Reasons: ``empty`` (no label, or background at the centre), ``elongated``, ``touches_edge``.

    Args:
        frames: of one layout.
        extraction: the laboratory's scale and test of shapes.
        network: Cellpose.
        options: the bank's test of shapes.
    """
    for frame in frames:
        labels = _labels(to_grey(frame.image), extraction.scale, network)
        if frame.label:
            yield Outlined(frame, [_single(labels, frame.label, extraction, options)])
        else:
            yield Outlined(frame, [Found.of_mask(labels == value) for value in range(1, int(labels.max()) + 1)])


def outline_after_unet(
    frames: Iterable[Frame],
    extraction: Extraction,
    unet: Foreground,
    network: Instances,
    clusters: Clusters | None,
    options: Options = USUAL,
) -> Iterator[Outlined]:
    """Yield frames with the cells that Cellpose outlines in the squares around the U-Net's objects.

    Reasons are those of both methods, and ``cluster`` for objects in a cluster that the filter drops. A frame in which
    the U-Net finds nothing gives one object without mask.

    Args:
        frames: of one layout.
        extraction: the laboratory's scale, largest width and test of shapes.
        unet: tells foreground.
        network: Cellpose.
        clusters: verdicts of rule ``cluster_objects``; None filters nothing.
        options: the bank's kernel and test of shapes.
    """
    for item in outline_unet(frames, extraction, unet, options):
        frame, found = item.frame, item.found
        usable = [f for f in found if not f.reason]
        result = [f for f in found if f.reason]
        for number, candidate in enumerate(usable):
            if clusters is not None and not clusters.keeps(frame.recording, frame.index, number):
                result.append(candidate.dropped("cluster"))
            else:
                result.append(_refined(frame, candidate, extraction, network, options))
        yield Outlined(frame, result or [Found.of_mask(np.zeros(frame.image.shape[:2], bool))])


def _refined(frame: Frame, candidate: Found, extraction: Extraction, network: Instances, options: Options) -> Found:
    """Return what Cellpose outlines at the centre of the square around an object, in the frame's pixels."""
    window = square_window(candidate.box, *frame.size, MARGIN)
    labels = _labels(to_grey(frame.image)[window], extraction.scale, network)
    x0, y0, x1, y1 = candidate.box
    centre = int((y0 + y1) / 2) - window[0].start, int((x0 + x1) / 2) - window[1].start
    value = labels[centre]
    mask = np.zeros(frame.image.shape[:2], dtype=bool)
    mask[window] = (labels == value) & (value > 0)
    return shaped(Found.of_mask(mask), frame.label, extraction, options)


def _labels(image: NDArray[np.uint8], factor: float, network: Instances) -> NDArray[np.integer]:
    """Return the labels of an image in its own pixels, found at the network's scale."""
    labels = network.labels(scaled(image, factor))
    if factor == 1.0:
        return labels
    return _resampled(labels, image.shape)


def _resampled(labels: NDArray[np.integer], shape: tuple[int, ...]) -> NDArray[np.integer]:
    """Return labels on a grid of another size: each pixel takes the label under its centre."""
    rows, columns = (
        ((np.arange(size) + 0.5) * have / size).astype(int) for size, have in zip(shape, labels.shape, strict=True)
    )
    return labels[rows[:, None], columns[None, :]]


def _single(labels: NDArray[np.integer], label: str, extraction: Extraction, options: Options) -> Found:
    """Return the one cell of a sorted crop."""
    if label in extraction.all_labels:
        mask = labels > 0
    else:
        value = labels[labels.shape[0] // 2, labels.shape[1] // 2]
        mask = (labels == value) & (value > 0)
    return shaped(Found.of_mask(mask), label, extraction, options)
