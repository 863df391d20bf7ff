"""Means of networks: of a trained one and the one it started from (rule ``train_model``, key ``average``), and of those
that a model's seeds ended with (rule ``average_seeds``, key ``evaluated``).

A network that learned something new keeps more of what it knew where its weights are drawn back towards those it
started from (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", CVPR: WiSE-FT). Networks that went on from
the same weights end near enough to each other for their mean to work, and it errs less on images unlike the training's
than each of them (Wortsman et al. 2022, "Model soups", ICML).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rbcflow.core.errors import InputError
from rbcflow.runtime.provenance import sha256

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
    from rbcflow.detector.internals import torch_safe_load

    saved = torch_safe_load(checkpoint, safe_only=True)[0]
    own, other = saved["model"].float().state_dict(), start.float().state_dict()
    _write(saved, mean_state(own, other, share, checkpoint), checkpoint)


def average_seeds(folders: Sequence[Path], folder: Path) -> None:
    """Write a model folder with the mean of the weights of others that differ in the seed alone.

    Curves are means too, epoch by epoch, and the best epoch is theirs; what else is recorded is the first one's, times
    are sums. Call
    ``setup.import_ultralytics`` first.

    Args:
        folders: model folders, of this process's user's own trainings.
        folder: is created.

    Raises:
        InputError: the networks have not the same layers.
    """
    from rbcflow.detector.weights import state_sha256

    (folder / "weights").mkdir(parents=True, exist_ok=True)
    names = ("weights/best.pt", "weights/last.pt")
    for name in names:
        _write_mean([own / name for own in folders], folder / name)
    files = {name: {"sha256": sha256(folder / name), "state_sha256": state_sha256(folder / name)} for name in names}
    curves = [pd.read_csv(own / "results.csv") for own in folders]
    # a training that stopped early has no more to say: behind its end there is no mean of all
    mean = pd.concat(curves, join="inner").groupby("epoch", as_index=False).mean().head(min(map(len, curves)))
    mean.to_csv(folder / "results.csv", index=False, float_format="%.6g")
    shutil.copyfile(folders[0] / "args.yaml", folder / "args.yaml")
    records = [json.loads((own / "training.json").read_text(encoding="utf-8")) for own in folders]
    # the last of equal ones, as Ultralytics chooses
    best = int(mean["epoch"].iloc[::-1][mean["metrics/mAP50-95(B)"].iloc[::-1].idxmax()])
    stored = _of_all(records, files) | {"best_epoch": best}
    (folder / "training.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _of_all(records: Sequence[dict[str, Any]], files: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return the record of the mean of trainings."""
    return records[0] | {
        "seed": [record["seed"] for record in records],
        "seconds": round(sum(record["seconds"] for record in records), 2),
        "resumed_after": [epoch for record in records for epoch in record["resumed_after"]],
        "state_sha256": files["weights/best.pt"]["state_sha256"],
        "files": files,
    }


def _write_mean(checkpoints: Sequence[Path], target: Path) -> None:
    from rbcflow.detector.internals import torch_safe_load

    saved = torch_safe_load(checkpoints[0], safe_only=True)[0]
    states = [torch_safe_load(path, safe_only=True)[0]["model"].float().state_dict() for path in checkpoints]
    # the mean of n is that of n - 1, with a share of 1 / n for the last
    numbered = enumerate(zip(checkpoints[1:], states[1:], strict=True), 2)
    mean = reduce(lambda own, more: mean_state(own, more[1][1], 1 / more[0], more[1][0]), numbered, states[0])
    _write(saved, mean, target)


def _write(saved: dict[str, Any], state: dict[str, torch.Tensor], target: Path) -> None:
    """Write a checkpoint with other weights, in half precision as ``checkpoints.strip`` does."""
    import torch

    network = saved["model"].float()
    network.load_state_dict(state)
    torch.save(saved | {"model": network.half()}, target)


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
