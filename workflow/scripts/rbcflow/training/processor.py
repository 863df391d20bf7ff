"""What a training on a processor needs beyond the library's own: mixed precision and a cheap optimiser step.

Import after ``setup.import_ultralytics``; rule ``train_model``. On CUDA nothing of this is used: there the library has
its own mixed precision, memory order and fused optimiser.
"""

from __future__ import annotations

from typing import Any

import torch

from rbcflow.detector.internals import DetectionValidator


def _full(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a detection head's raw outputs with the numbers that become boxes and scores as float32."""
    return outputs | {key: outputs[key].float() for key in ("boxes", "scores")}


class FullPrecisionLoss:
    """A detection loss that sees float32, whatever the network computed in.

    bfloat16 has an 8-bit mantissa: a box side of 100 px would be known to half a pixel. The float16 of the library's
    own mixed precision has 11 bits.
    """

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def __call__(self, outputs: dict[str, Any], batch: dict[str, Any]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the library's loss and its parts for one batch."""
        with torch.autocast("cpu", enabled=False):
            return self.loss(_full(outputs), batch)


class MixedForward(torch.nn.Module):
    """A detection network that computes in bfloat16 and decodes its boxes in float32; for validation alone.

    Args:
        network: float32, in evaluation mode; shared, not copied.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.names = network, network.names

    def forward(self, images: torch.Tensor, augment: bool = False) -> tuple[torch.Tensor, dict[str, Any]]:
        """Return decoded and raw outputs for images (N, 3, H, W) in 0..1, as the network itself would."""
        head = self.network.model[-1]
        # In this mode the head, but not the layers inside it, stops before the boxes are decoded.
        head.training = True
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                raw = self.network(images.contiguous(memory_format=torch.channels_last), augment=augment)
        finally:
            head.training = False
        raw = _full(raw)
        return head._inference(raw), raw

    def loss(self, batch: dict[str, Any], outputs: tuple[torch.Tensor, dict]) -> tuple[torch.Tensor, dict]:
        """Return the network's loss for outputs of ``forward``."""
        return self.network.loss(batch, outputs)


class MixedValidator(DetectionValidator):
    """The library's validation with the network in bfloat16, as the library has it in float16 on CUDA."""

    def get_model(self, model: Any, trainer: Any = None) -> torch.nn.Module:
        """Return the averaged network of a running training."""
        return MixedForward(super().get_model(model, trainer))


def fuse_steps(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Let an Adam do its step in one kernel, as the library has it on CUDA; others are returned as they are."""
    if isinstance(optimizer, torch.optim.Adam):
        for group in optimizer.param_groups:
            group["fused"] = True
    return optimizer
