"""The network inside Cellpose, trained on with a laboratory's own polygons (rule ``finetune_cellpose``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.core.masks import rasterise_parts
from rbcflow.segmentation.flows import FlowNetwork, train_flows
from rbcflow.segmentation.networks import load_state
from rbcflow.sources.layouts import READERS

RATE = 3e-4


def finetune_cellpose(
    layout: str, raw: Path, start: Path, folder: Path, *, steps: int, seed: int, threads: int
) -> None:
    """Go on training the small network on a laboratory's own polygons.

    Args:
        layout: one whose reader has ``annotated_frames``.
        raw: the source's files (pictures and a COCO export of polygons).
        start: ``weights.pt`` to start from.
        folder: is created.
        steps: batches of ``BATCH`` annotated pictures.
        seed: of the order of pictures.
        threads: processor threads.

    Raises:
        InputError: there is no picture with a polygon, or an annotation is wrong.
    """
    images, labels = [], []
    for annotated in READERS[layout].annotated_frames(raw):
        if annotated.polygons:
            frame = annotated.load()
            label = np.zeros(frame.image.shape[:2], dtype=np.uint8)
            for value, polygon in enumerate(annotated.polygons, start=1):
                label[rasterise_parts(polygon.parts, *frame.size)] = value
            images.append(to_grey(frame.image))
            labels.append(label)
    if not images:
        raise InputError(raw, "no picture with a polygon", "annotated pictures to learn from")
    network = FlowNetwork()
    load_state(start, None, network)
    train_flows(network, images, labels, folder, steps, seed, threads, RATE)
