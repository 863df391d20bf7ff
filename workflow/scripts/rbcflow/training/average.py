"""The mean of a trained network and the one it started from: rule ``train_model``, key ``average``.

A network that learned something new keeps more of what it knew where its weights are drawn back towards those it
started from (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", CVPR: WiSE-FT).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rbcflow.core.errors import InputError

if TYPE_CHECKING:
    import torch


def average_with(checkpoint: Path, start: torch.nn.Module, share: float) -> None:
    """Replace the weights of a stripped checkpoint by their mean with a starting network's.

    Running means and variances of the normalisation are averaged like the weights. Call ``setup.import_ultralytics``
    first.

    Args:
        checkpoint: as ``checkpoints.strip`` writes it, of this process's own training.
        start: the network it started from.
        share: weight of the start, 0 to 1.

    Raises:
        InputError: the networks have not the same outputs.
    """
    import torch

    from rbcflow.detector.internals import torch_safe_load

    saved = torch_safe_load(checkpoint, safe_only=True)[0]
    own, other = saved["model"].float(), start.float()
    own.load_state_dict(mean_state(own.state_dict(), other.state_dict(), share, checkpoint))
    torch.save(saved | {"model": own.half()}, checkpoint)


def mean_state(
    own: dict[str, torch.Tensor], other: dict[str, torch.Tensor], share: float, path: Path
) -> dict[str, torch.Tensor]:
    """Return the weighted mean of two states; whole numbers, which count batches, are the first's.

    Args:
        own: tensors by name.
        other: the same names and shapes.
        share: weight of ``other``.
        path: named where they do not fit.

    Raises:
        InputError: names or shapes differ.
    """
    for name in sorted({*own, *other}):
        shapes = [tuple(state[name].shape) if name in state else None for state in (own, other)]
        if shapes[0] != shapes[1]:
            raise InputError(path, f"{name} of shape {shapes[0]}", f"{shapes[1]}, as in the starting weights", name)
    return {
        name: value * (1 - share) + other[name].to(value) * share if value.is_floating_point() else value
        for name, value in own.items()
    }
