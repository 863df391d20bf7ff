"""The U-Net that finds foreground (rule ``train_unet``; used by ``methods/unet.py``), and the preprint's Carvana U-Net.

The preprint took a U-Net trained on photographs of cars (Carvana) as it was. Here a U-Net learns from simulated
practice pictures; the Carvana weights can be named instead (``segmentation.unet`` in the configuration).
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from segmentation_models_pytorch.losses import DiceLoss
from torch import nn

from rbcflow.detector.hardware import has_bfloat16
from rbcflow.segmentation.networks import load_state, new_unet, normalised
from rbcflow.segmentation.pictures import Practice, read_practice

log = logging.getLogger(__name__)

VALIDATION_SHARE = 0.1
BATCH = 16
LEARNING_RATE = 2e-3
REPORT_EVERY = 25
"""Steps between two looks at the held-out pictures."""


def train_unet(practice: Path, folder: Path, *, steps: int, seed: int, threads: int) -> None:
    """Train the foreground network and write ``weights.pt``, ``curves.csv`` and ``training.json``.

    Loss is binary cross-entropy plus Dice; pictures are mirrored and turned by quarter turns at random.

    Args:
        practice: pictures of rule ``simulate_practice``.
        folder: is created.
        steps: batches of ``BATCH`` pictures.
        seed: of weights, order and augmentation.
        threads: processor threads.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    images, labels = _tensors(read_practice(practice))
    order = rng.permutation(len(images))
    held, train = np.split(order, [int(len(order) * VALIDATION_SHARE)])
    network = new_unet(1, 1).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    batches = _batches(train, steps, rng)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    rows, started = [], time.monotonic()
    losses: list[float] = []
    for step, batch in enumerate(batches, start=1):
        network.train()
        loss = _loss(network, *_turned(images[batch], labels[batch], rng))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if step % REPORT_EVERY == 0 or step == steps:
            rows.append((step, float(np.mean(losses)), _iou(network, images[held], labels[held])))
            log.info("step %d of %d: loss %.4f, IoU on held-out pictures %.3f", step, steps, *rows[-1][1:])
            losses.clear()
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), folder / "weights.pt")
    write_record(folder, rows, len(train), len(held), seed, time.monotonic() - started)


def write_record(
    folder: Path, rows: list[tuple[int, float, float]], trained: int, held: int, seed: int, seconds: float
) -> None:
    """Write the curves and the record of a network's training, with the same names as a detector's."""
    lines = "".join(f"{step},{loss:.6f},{value:.6f}\n" for step, loss, value in rows)
    (folder / "curves.csv").write_text("step,loss,held_out_iou\n" + lines, encoding="utf-8")
    record = {
        "pictures": trained, "held_out_pictures": held, "steps": rows[-1][0], "seed": seed,
        "held_out_iou": round(rows[-1][2], 4), "seconds": round(seconds, 1),
    }  # fmt: skip
    (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _batches(train: NDArray[np.integer], steps: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """Return (steps, BATCH) indices: the pictures in a new order in every pass."""
    passes = -(-steps * BATCH // len(train))
    order = np.concatenate([rng.permutation(train) for _ in range(passes)])
    return order[: steps * BATCH].reshape(steps, BATCH)


class Foreground:
    """The trained network as a function of images.

    Args:
        weights: ``weights.pt`` of ``train_unet``.
        sha256: of a file from the table of weights; None for one trained in the same run.
        threads: processor threads.
    """

    threshold = 0.5

    def __init__(self, weights: Path, sha256: str | None = None, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.network = new_unet(1, 1)
        load_state(weights, sha256, self.network)
        self.network.to(memory_format=torch.channels_last)

    def probability(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return the probability of foreground, (H, W) float32 each, of (H, W) uint8 images of one size."""
        height, width = images[0].shape
        down, right = -height % 32, -width % 32
        stack = [np.pad(normalised(image), ((0, down), (0, right)), mode="edge") for image in images]
        with torch.inference_mode():
            tensor = torch.from_numpy(np.stack(stack))[:, None].contiguous(memory_format=torch.channels_last)
            logits = self.network(tensor)
        return list(torch.sigmoid(logits)[:, 0, :height, :width].float().numpy())


class CarvanaForeground:
    """The preprint's network: U-Net of milesial/Pytorch-UNet, release v3.0, trained on the Carvana photographs.

    As in the preprint an image is halved, scaled to 0..1 only, and foreground is where the sigmoid of channel 0 is
    below 0.8 (method, section 2.2).
    """

    threshold = 0.2

    def __init__(self, weights: Path, sha256: str, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.network = CarvanaUNet()
        load_state(weights, sha256, self.network)

    def probability(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Return one less the sigmoid of channel 0, (H, W) float32 each, of (H, W) uint8 images of one size."""
        height, width = images[0].shape
        half = [cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_CUBIC) for image in images]
        stack = torch.from_numpy(np.stack(half).astype(np.float32) / 255)[:, None].expand(-1, 3, -1, -1)
        with torch.inference_mode():
            car = 1 - torch.sigmoid(self.network(stack))[:, 0]
        return [cv2.resize(each.numpy(), (width, height), interpolation=cv2.INTER_LINEAR) for each in car]


class _Double(nn.Module):
    """Two 3x3 convolutions with batch normalisation."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.double_conv(x)


class _Down(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), _Double(before, after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.maxpool_conv(x)


class _Up(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(before, before // 2, 2, stride=2)
        self.conv = _Double(before, after)

    def forward(self, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        low = self.up(low)
        down, right = high.shape[2] - low.shape[2], high.shape[3] - low.shape[3]
        low = nn.functional.pad(low, [right // 2, right - right // 2, down // 2, down - down // 2])
        return self.conv(torch.cat([high, low], dim=1))


class _Out(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class CarvanaUNet(nn.Module):
    """The original U-Net (Ronneberger, Fischer, Brox 2015) with the parameter names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = _Double(3, 64)
        self.down1, self.down2, self.down3, self.down4 = (_Down(64 << step, 128 << step) for step in range(4))
        self.up1, self.up2, self.up3, self.up4 = (_Up(1024 >> step, 512 >> step) for step in range(4))
        self.outc = _Out(64, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the (N, 2, H, W) logits of background and car for (N, 3, H, W) images in 0..1."""
        levels = [self.inc(x)]
        for down in (self.down1, self.down2, self.down3, self.down4):
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in (self.up1, self.up2, self.up3, self.up4):
            x = up(x, levels.pop())
        return self.outc(x)


def _tensors(practice: Practice) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, 1, H, W) float32, normalised, and foreground of that shape."""
    images = torch.from_numpy(np.stack([normalised(image) for image in practice.images]))[:, None]
    return images, torch.from_numpy(practice.labels > 0)[:, None].float()


def _turned(x: torch.Tensor, y: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror and turn a batch, and change its contrast and brightness a little."""
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    x, y = (torch.rot90(t.flip(3) if flip else t, turns, (2, 3)).contiguous() for t in (x, y))
    gain = torch.from_numpy(rng.uniform(0.8, 1.2, (len(x), 1, 1, 1)).astype(np.float32))
    return (x - 0.5) * gain + 0.5 + torch.from_numpy(rng.normal(0, 0.08, (len(x), 1, 1, 1)).astype(np.float32)), y


def _loss(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
        logits = network(x.to(memory_format=torch.channels_last))
    logits = logits.float()
    return nn.functional.binary_cross_entropy_with_logits(logits, y) + DiceLoss("binary")(logits, y)


def _iou(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Return intersection over union of all held-out pictures together."""
    network.eval()
    with torch.inference_mode():
        found = network(x) > 0
    truth = y > 0.5
    return float((found & truth).sum() / (found | truth).sum().clamp(min=1))
