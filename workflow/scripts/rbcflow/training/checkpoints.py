"""Checkpoints as a model folder keeps them: half precision, no optimiser, no local paths (rule ``train_model``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Stripped:
    """What a stripped checkpoint says about its training.

    Attributes:
        epoch: the epoch it was saved after, from 1.
        optimizer: name, learning rate and momentum the library chose.
        parameters: number of trained values.
        classes: names in the order of the network's outputs.
        arguments: the training arguments, free of paths.
    """

    epoch: int
    optimizer: dict[str, Any]
    parameters: int
    classes: list[str]
    arguments: dict[str, Any]


def strip(source: Path, target: Path, settings: Mapping[str, Any]) -> Stripped:
    """Write a checkpoint without what only a resumption needs. Call ``setup.import_ultralytics`` first.

    Args:
        source: checkpoint of a run of this process's user.
        target: file to write.
        settings: the training arguments as they were asked for; they replace what the library made of them.
    """
    import torch

    from rbcflow.detector.internals import strip_optimizer, torch_safe_load

    saved = torch_safe_load(source, safe_only=True)[0]
    group = saved["optimizer"]["param_groups"][0]
    optimizer = {
        "name": saved["train_args"]["optimizer"],
        "initial_lr": group["initial_lr"],
        "betas": group.get("betas"),
    }
    checkpoint = strip_optimizer(source, target)
    arguments = portable(checkpoint["train_args"] | dict(settings))
    model = checkpoint["model"]
    model.args, model.pt_path = arguments, None
    torch.save(checkpoint | {"train_args": arguments, "git": None}, target)
    return Stripped(
        epoch=saved["epoch"] + 1,
        optimizer=optimizer,
        parameters=sum(value.numel() for value in model.parameters()),
        classes=list(model.names.values()),
        arguments=arguments,
    )


def portable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return training arguments without those that name places of the machine they were used on."""
    return dict(arguments) | dict.fromkeys(("save_dir", "resume", "data", "project", "name"))
