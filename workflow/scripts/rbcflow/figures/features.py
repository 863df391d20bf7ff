"""What a network sees in an image, as a vector: for maps of images (stage figures).

The network is timm's resnet50, as in the preprint, where its weights are listed in ``resources/weights.yaml``, else the
backbone of the starter checkpoint. Both are verified before they are opened.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import load_verified

BATCH = 32
STRIDE = 32
BACKBONE = 11
"""Layers of YOLO11 before its head; each takes the output of the one before."""


def features(images: list[NDArray[np.uint8]], network: str, path: Path, sha256: str) -> NDArray[np.float32]:
    """Return one vector an image: the last map of a network, averaged over its pixels.

    Args:
        images: (H, W, 3) uint8 R, G, B, of any sizes.
        network: ``starter``, a checkpoint of Ultralytics, or the name of a timm model.
        path: its weights.
        sha256: of the file, in hexadecimal.

    Raises:
        InputError: the weights are missing or differ from the recorded ones.
    """
    import torch

    extract, prepare = _yolo(path, sha256) if network == "starter" else _timm(network, path, sha256)
    sizes: dict[tuple[int, ...], list[int]] = {}
    for number, image in enumerate(images):
        sizes.setdefault(image.shape, []).append(number)
    vectors: dict[int, NDArray[np.float32]] = {}
    with torch.inference_mode():
        for numbers in sizes.values():
            for start in range(0, len(numbers), BATCH):
                some = numbers[start : start + BATCH]
                batch = torch.from_numpy(np.stack([prepare(images[number]) for number in some]))
                vectors |= dict(zip(some, extract(batch).mean(dim=(2, 3)).numpy(), strict=True))
    return np.stack([vectors[number] for number in range(len(images))])


def _yolo(path: Path, sha256: str):
    """Return backbone and preparation of an Ultralytics checkpoint: R, G, B in 0..1, sides a multiple of 32."""
    with tempfile.TemporaryDirectory() as folder:
        import_ultralytics(Path(folder))
        network = load_verified(path, sha256)
    backbone = network.model[:BACKBONE].float()

    def prepare(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        bottom, right = (-side % STRIDE for side in image.shape[:2])
        padded = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REFLECT)
        return padded.transpose(2, 0, 1).astype(np.float32) / 255

    return backbone, prepare


def _timm(name: str, path: Path, sha256: str):
    """Return a timm model up to its last map, and its own evaluation size and normalisation."""
    import timm

    from rbcflow.segmentation.networks import load_state

    network = timm.create_model(name, pretrained=False)
    load_state(path, sha256, network)
    settings = timm.data.resolve_model_data_config(network)
    side = settings["input_size"][-1]
    mean, deviation = (np.array(settings[key], np.float32) for key in ("mean", "std"))

    def prepare(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        resized = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
        return ((resized - mean) / deviation).transpose(2, 0, 1)

    return network.forward_features, prepare
