"""A toy dataset and a toy checkpoint for the tests of training, prediction and weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rbcflow.core.classes import CLASSES
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import state_sha256
from rbcflow.runtime.provenance import sha256

SIDE = 64
COUNTS = {"train": 12, "val": 4, "test": 4}


def write_dataset(root: Path) -> Path:
    """Write noisy images with a bright square each, in two shards a split, and return ``data.yaml``."""
    rng = np.random.default_rng(0)
    for split, count in COUNTS.items():
        lines = []
        for index in range(count):
            shard = root / split / "shards" / f"{index % 2:03d}"
            (shard / "images").mkdir(parents=True, exist_ok=True)
            (shard / "labels").mkdir(exist_ok=True)
            left, top = rng.integers(0, SIDE - 16, 2)
            image = rng.integers(90, 130, (SIDE, SIDE)).astype(np.uint8)
            image[top : top + 16, left : left + 16] = 220
            cv2.imwrite(str(shard / "images" / f"{index:05d}.png"), image)
            label = f"{index % 3} {(left + 8) / SIDE} {(top + 8) / SIDE} {16 / SIDE} {16 / SIDE}\n"
            (shard / "labels" / f"{index:05d}.txt").write_text(label, encoding="utf-8")
            lines.append(f"./{split}/shards/{index % 2:03d}/images/{index:05d}.png\n")
        (root / f"{split}.txt").write_text("".join(sorted(lines)), encoding="utf-8")
    names = "".join(f"  {index}: {name}\n" for index, name in enumerate(CLASSES))
    (root / "data.yaml").write_text(f"path: .\ntrain: train.txt\nval: val.txt\nnames:\n{names}", encoding="utf-8")
    return root / "data.yaml"


def toy_network(
    config: Path, *, architecture: str = "yolo11n.yaml", names: tuple[str, ...] = CLASSES, seed: int = 0
) -> Any:
    """Return a random network that sees objects of its first class everywhere, and of no other."""
    import_ultralytics(config)
    import torch
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(seed)
    network = DetectionModel(architecture, nc=len(names), verbose=False)
    network.names = dict(enumerate(names))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    # One look at noise sets the normalisation: without it the signal of a random network dies out on its way.
    with torch.no_grad():
        network.train()(torch.nn.functional.interpolate(torch.rand(8, 3, 16, 16), size=128, mode="bilinear"))
    # Small last weights keep confidences and box sides away from their limits, where all boxes would tie.
    for branch in (*network.model[-1].cv2, *network.model[-1].cv3):
        branch[-1].weight.data.mul_(0.03)
    for branch in network.model[-1].cv3:
        branch[-1].weight.data[1:] = 0.0
        branch[-1].bias.data.fill_(-30.0)
        branch[-1].bias.data[0] = 0.0
    return network.eval().half()


def save(network: Any, path: Path, **metadata: Any) -> Path:
    """Write a network as an Ultralytics checkpoint."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network, "ema": None, "train_args": {}} | metadata, path)
    return path


def save_model(network: Any, folder: Path, **arguments: Any) -> Path:
    """Write a model folder with its training arguments and the record of its checkpoint, and return ``best.pt``."""
    path = save(network, folder / "weights" / "best.pt", train_args=arguments)
    record = {"sha256": sha256(path), "state_sha256": state_sha256(path)}
    (folder / "training.json").write_text(json.dumps({"files": {"weights/best.pt": record}}), encoding="utf-8")
    return path


def scene(height: int, width: int, *, colour: bool = False, seed: int = 0) -> np.ndarray:
    """Return a smooth random picture, so that the toy network's boxes differ from place to place."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3 if colour else 1)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
