"""A verified checkpoint in place of a training, as a model folder like any other: rule ``adopt_model``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from rbcflow.core.classes import CELL
from rbcflow.core.errors import InputError
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import class_names, load_verified, state_sha256, verify
from rbcflow.runtime.lineage import UNKNOWN
from rbcflow.runtime.provenance import sha256, versions
from rbcflow.training.checkpoints import portable

COLUMNS = ("epoch", *(f"{side}/{part}_loss" for side in ("train", "val") for part in ("box", "cls", "dfl")))
COLUMNS += ("metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)")
"""Columns of the curves of a checkpoint that brings none."""

NO_SIZE = "The checkpoint does not say at which size it was trained: `trained` is the 640 px that Ultralytics assumes."


def adopt(checkpoint: Path, expected: str, folder: Path, *, classes: Sequence[str], config: Path) -> None:
    """Write a model folder from a checkpoint; nothing opens it before its sha256 is the recorded one.

    Args:
        checkpoint: a detector of Ultralytics.
        expected: sha256 of its bytes in hexadecimal.
        folder: model folder to write, the same files as ``train`` writes.
        classes: names of the outputs the model must have; ``cell`` alone takes a detector of one class.
        config: private folder for the settings of Ultralytics.

    Raises:
        InputError: the checkpoint is missing, is not the recorded one, or knows other classes.
    """
    verify(checkpoint, expected)
    import_ultralytics(config)
    from rbcflow.detector.internals import torch_safe_load

    network = load_verified(checkpoint, expected)
    found = _classes(checkpoint, list(network.names.values()), list(classes))
    saved, _ = torch_safe_load(checkpoint, safe_only=True)
    arguments = portable(saved.get("train_args") or {})
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    network.names, network.args, network.pt_path = dict(enumerate(found)), arguments, None
    for name in ("best", "last"):
        torch.save({"model": network.half(), "ema": None, "train_args": arguments}, folder / "weights" / f"{name}.pt")
    curves = pd.DataFrame(saved.get("train_results") or {}).rename(columns=str.strip)
    (curves if set(COLUMNS) <= set(curves) else pd.DataFrame(columns=COLUMNS)).to_csv(
        folder / "results.csv", index=False
    )
    (folder / "args.yaml").write_text(yaml.safe_dump(arguments), encoding="utf-8")
    record = _record(network, checkpoint, expected, arguments, len(curves), folder)
    (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _classes(checkpoint: Path, own: list[str], asked: list[str]) -> list[str]:
    """Return this workflow's names of a checkpoint's outputs: ``cell`` where that is asked for and there is one."""
    if asked == [CELL] and len(own) == 1:
        return asked
    expected = ", ".join(asked) if asked != [CELL] else "one class, as `classes: 1` says"
    if len(own) == 1:
        expected += "; with `classes: 1` a detector of one class is evaluated on finding cells, whatever their shape"
        raise InputError(checkpoint, f"the one class {own[0]}", expected, "class names")
    found = class_names(own, checkpoint)
    # their order may be another: boxes go by the names
    if sorted(found) != sorted(asked):
        raise InputError(checkpoint, f"classes {', '.join(found)}", expected, "class names")
    return found


def _record(
    network: Any, checkpoint: Path, expected: str, arguments: Mapping[str, Any], epochs: int, folder: Path
) -> dict[str, Any]:
    """Return ``training.json``: what is known of a training that was made elsewhere; the rest is None."""
    names = ("weights/best.pt", "weights/last.pt")
    files = {name: {"sha256": sha256(folder / name), "state_sha256": state_sha256(folder / name)} for name in names}
    unknown = (
        "data_fingerprint",
        "cells",
        "looks",
        "device",
        "processor",
        "precision",
        "threads",
        "seconds",
        "images_per_second",
    )
    return {
        "architecture": Path(str(network.yaml.get("yaml_file", "unknown"))).name,
        "weights": {"source": checkpoint.name, "sha256": expected, "adopted": True},
        "seed": arguments.get("seed"),
        "batch": arguments.get("batch"),
        "epochs": epochs or arguments.get("epochs"),
        "best_epoch": None,
        "versions": versions(),
        "resumed_after": [],
        "parameters": sum(value.numel() for value in network.parameters()),
        "classes": list(network.names.values()),
        **dict.fromkeys(unknown),
        "learned_from": [UNKNOWN],
        "remarks": [] if "imgsz" in arguments else [NO_SIZE],
        "state_sha256": files["weights/best.pt"]["state_sha256"],
        "files": files,
    }
