"""The network inside Cellpose (rule ``train_cellpose``; used by ``methods/cellpose.py``).

At the preprint's scale it is Cellpose's own ``cpsam_v2``. Offline it is a small U-Net that is trained in this workflow;
``CellposeModel.eval`` with its tiling, flow dynamics and quality control around it is the same.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from cellpose import train as cellpose_train
from cellpose.models import CellposeModel
from numpy.typing import NDArray
from torch import nn

from rbcflow.core.errors import InputError
from rbcflow.detector.hardware import choose_device, has_bfloat16
from rbcflow.detector.weights import verify
from rbcflow.segmentation.networks import load_state, new_unet
from rbcflow.segmentation.pictures import SIDE, read_practice
from rbcflow.segmentation.unet import VALIDATION_SHARE, write_record

log = logging.getLogger(__name__)

BATCH = 16
EVERY = 3
"""One of so many practice pictures is learned from: Cellpose takes a seventh of a second to make flows of a label."""
LEARNING_RATE = 2e-3
ROUNDS = 100
"""What Cellpose calls epochs; its rate of learning rises over the first ten and falls over the last fifty."""
TILE = 128
"""Side of the tiles the small network sees, in pixels."""

MAX_SHARE = 0.9
"""Share of an image a mask may cover. Cellpose's own 0.4 would drop cells that fill their crop."""


class FlowNetwork(nn.Module):
    """A U-Net with Cellpose's three outputs (flow in y and x, cell probability) and the attributes it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = new_unet(3, 3)
        self.nout, self.backbone, self.dtype = 3, "rbcflow", torch.float32
        self.diam_labels = nn.Parameter(torch.tensor([30.0]), requires_grad=False)
        self.diam_mean = nn.Parameter(torch.tensor([30.0]), requires_grad=False)
        self.low_precision = False

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.diam_mean.device

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, 3, H, W) flows and probability and an empty style (N, 256) of (N, 3, H, W) images."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.low_precision):
            out = self.unet(x.contiguous(memory_format=torch.channels_last))
        return out.float(), torch.zeros(len(x), 256, device=x.device)

    def save_model(self, path: str | Path) -> None:
        """Write the weights."""
        torch.save(self.state_dict(), path)


class Cellpose(CellposeModel):
    """``CellposeModel`` around the small network; the parent's constructor would download one of its own."""

    def __init__(self, network: FlowNetwork) -> None:
        self.net, self.device, self.gpu = network, network.device, network.device.type == "cuda"
        self.backbone, self.pretrained_model = network.backbone, "rbcflow"


class Instances:
    """Instance masks by Cellpose, as a function of images.

    Args:
        weights: of the small network, or a checkpoint of Cellpose.
        sha256: of a file from the table of weights; None for a network trained in the same run.
        diameter: of the cells in pixels, which Cellpose scales to 30; None leaves images as they are.
        threads: processor threads.
    """

    def __init__(self, weights: Path, sha256: str | None, diameter: float | None, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.diameter = diameter
        if sha256 is None:
            network = FlowNetwork()
            load_state(weights, None, network)
            self.model: CellposeModel = Cellpose(network.to(memory_format=torch.channels_last))
        else:
            verify(weights, sha256)
            if not torch.cuda.is_available():
                log.warning("%s without a GPU: expect seconds to minutes an image", weights.name)
            self.model = _published(weights)

    def labels(self, image: NDArray[np.uint8]) -> NDArray[np.integer]:
        """Return the (H, W) labels of a (H, W) uint8 image, objects counting from 1 (flow threshold 0.4)."""
        size = {"bsize": TILE} if self.model.backbone == "rbcflow" else {}
        return self.model.eval(
            np.repeat(image[..., None], 3, axis=2), channel_axis=2, diameter=self.diameter, flow_threshold=0.4,
            max_size_fraction=MAX_SHARE, **size,
        )[0]  # fmt: skip


def _published(weights: Path) -> CellposeModel:
    """Return Cellpose around a verified checkpoint of its own, of which PyTorch unpickles tensors alone.

    Raises:
        InputError: the file holds something else.
    """
    try:
        where = choose_device("auto")
        device = torch.device("cpu" if where == "cpu" else f"cuda:{where}")
        return CellposeModel(gpu=where != "cpu", device=device, pretrained_model=os.fspath(weights))
    # Cellpose checks nothing, and PyTorch's restricted unpickler has errors of every kind
    except Exception as error:
        found = f"no checkpoint that opens ({' '.join(str(error).split())[:200]})"
        raise InputError(weights, found, "a network as Cellpose saves it") from error


def train_cellpose(practice: Path, folder: Path, *, steps: int, seed: int, threads: int) -> None:
    """Train the small network with ``cellpose.train.train_seg`` and write what ``unet.train_unet`` writes.

    Args:
        practice: pictures of rule ``simulate_practice``.
        folder: is created.
        steps: batches of ``BATCH`` pictures.
        seed: of the network's weights; Cellpose seeds its augmentation with the epoch's number.
        threads: processor threads.
    """
    content = read_practice(practice)
    torch.manual_seed(seed)
    images, labels = list(content.images[::EVERY]), list(content.labels[::EVERY])
    train_flows(FlowNetwork(), images, labels, folder, steps, seed, threads, LEARNING_RATE)


def train_flows(
    network: FlowNetwork,
    images: list[NDArray[np.uint8]],
    labels: list[NDArray[np.uint8]],
    folder: Path,
    steps: int,
    seed: int,
    threads: int,
    rate: float,
) -> None:
    """Train a network on (H, W) grey images and labels at a rate of learning; the rest is as `train_cellpose` says."""
    torch.set_num_threads(threads)
    network.low_precision = has_bfloat16()
    network.to(memory_format=torch.channels_last)
    order = np.random.default_rng(seed).permutation(len(images))
    held, train = np.split(order, [max(1, int(len(order) * VALIDATION_SHARE))]) if len(order) > 1 else (order, order)
    round_ = max(steps // ROUNDS, 1)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    # Cellpose shows bars of its own, line after line in a log
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stderr(io.StringIO()):
        _, losses, _ = cellpose_train.train_seg(
            network,
            train_data=[np.repeat(images[i][None], 3, axis=0) for i in train], channel_axis=0,
            train_labels=[labels[i].astype(np.int32) for i in train], batch_size=BATCH,
            n_epochs=-(-steps // round_), nimg_per_epoch=round_ * BATCH, learning_rate=rate,
            weight_decay=1e-4, bsize=SIDE, min_train_masks=0, scale_range=0.4, save_path=scratch, model_name="weights",
        )  # fmt: skip
    network.save_model(folder / "weights.pt")
    iou = _held_out_iou(network, [images[i] for i in held], [labels[i] for i in held])
    rows = [(number * round_, float(loss), float("nan")) for number, loss in enumerate(losses, start=1)]
    rows[-1] = (*rows[-1][:2], iou)
    write_record(folder, rows, len(train), len(held), seed, time.monotonic() - started)


def _held_out_iou(network: FlowNetwork, images: list[NDArray[np.uint8]], labels: list[NDArray[np.uint8]]) -> float:
    """Return intersection over union of found and true foreground of pictures that were not learned from."""
    network.eval()
    model, hit, either = Cellpose(network), 0, 0
    for image, label in zip(images, labels, strict=True):
        found = model.eval(
            np.repeat(image[..., None], 3, axis=2), channel_axis=2, bsize=TILE, max_size_fraction=MAX_SHARE
        )[0]
        hit += np.count_nonzero((found > 0) & (label > 0))
        either += np.count_nonzero((found > 0) | (label > 0))
    return hit / max(either, 1)
