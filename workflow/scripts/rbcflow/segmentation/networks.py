"""What the segmentation networks share: architecture, how they see an image, verified files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.detector.weights import verify

ENCODER, DECODER = "resnet18", (128, 64, 48, 32, 16)
"""Encoder and decoder widths: small enough for two processor cores."""


def new_unet(in_channels: int, outputs: int) -> torch.nn.Module:
    """Return a U-Net of segmentation-models-pytorch with random weights."""
    return smp.Unet(
        ENCODER, encoder_weights=None, in_channels=in_channels, classes=outputs, decoder_channels=DECODER
    )  # fmt: skip


def normalised(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (H, W) float32 with the image's 1st percentile at 0 and its 99th at 1, as Cellpose normalises."""
    low, high = np.percentile(image, (1, 99))
    return ((image.astype(np.float32) - low) / max(high - low, 1.0)).astype(np.float32)


def load_state(path: Path, sha256: str | None, network: torch.nn.Module) -> None:
    """Load weights into a network; a file of the table of weights is verified first, only tensors are unpickled.

    Args:
        path: file with a state_dict.
        sha256: expected sum of the file; None for one that an earlier rule of the same run wrote.
        network: gets the weights, in evaluation mode.

    Raises:
        InputError: the file is missing, differs from the recorded one, or holds no weights of this network.
    """
    if sha256 is not None:
        verify(path, sha256)
    elif not path.is_file():
        raise InputError(path, "no such file", "weights of a network")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        # what the published U-Net's authors keep beside its weights
        state.pop("mask_values", None)
        network.load_state_dict(state)
    # what PyTorch raises depends on how a file is damaged: its restricted unpickler has errors of every kind
    except Exception as error:
        found = " ".join(str(error).split())[:200]
        raise InputError(path, f"no weights that fit ({found})", f"a state_dict of {type(network).__name__}") from error
    network.eval()
