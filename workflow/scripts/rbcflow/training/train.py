"""Train one detector and write its model folder: rule ``train_model``."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml

from rbcflow.detector.hardware import choose_device, choose_precision, processor
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import load_verified, state_sha256
from rbcflow.runtime.memory import keep_freed_memory
from rbcflow.runtime.provenance import sha256, versions
from rbcflow.training.average import average_with
from rbcflow.training.checkpoints import strip
from rbcflow.training.linked_dataset import image_looks, label_sizes, linked_dataset

logger = logging.getLogger(__name__)

HYPERPARAMETERS: Mapping[str, Any] = MappingProxyType(
    {
        "optimizer": "auto",
        "lr0": 0.01,
        "lrf": 0.01,
        "momentum": 0.937,
        "weight_decay": 0.0005,
        "warmup_epochs": 3.0,
        "patience": 100,
        "cos_lr": False,
        "close_mosaic": 10,
        "mosaic": 1.0,
        "fliplr": 0.5,
        "scale": 0.5,
        "translate": 0.1,
        "hsv_h": 0.015,
        "hsv_s": 0.7,
        "hsv_v": 0.4,
        "erasing": 0.4,
        "auto_augment": "randaugment",
        "iou": 0.7,
        "deterministic": True,
    }
)
"""The preprint's training arguments (its runs/detect/train*/args.yaml); ``overrides`` go over them."""


KEY = "key.json"


def train(
    data_yaml: Path,
    folder: Path,
    *,
    architecture: str,
    weights: Path | None,
    weights_sha256: str | None,
    epochs: int,
    batch: int,
    imgsz: int,
    seed: int,
    threads: int,
    device: str = "cpu",
    precision: str = "auto",
    data_fingerprint: str,
    overrides: Mapping[str, Any],
    average: float = 0,
    classes: Sequence[str] | None = None,
    learned_from: Sequence[str] = (),
    remarks: Sequence[str] = (),
    progress: bool = False,
) -> None:
    """Train a YOLO detector, going on from where a killed call with the same arguments stopped.

    The work is done in ``folder/work``, which must survive a kill for that; the results appear at the end, the record
    ``training.json`` last.

    Args:
        data_yaml: the dataset's ``data.yaml``; the dataset is only read.
        folder: model folder to write: ``weights/best.pt``, ``weights/last.pt``, ``results.csv``, ``args.yaml``,
            ``training.json``.
        architecture: a network of Ultralytics, such as ``yolo11n.yaml``.
        weights: checkpoint to start from; None starts from random weights.
        weights_sha256: sha256 of the checkpoint's bytes.
        epochs: passes over the training images.
        batch: images a step.
        imgsz: longer side in pixels; Ultralytics rounds up to a multiple of 32.
        seed: for weights, order and augmentation.
        threads: processor threads of the arithmetic.
        device: ``cpu``, a CUDA index, or ``auto``.
        precision: ``auto``, ``float32`` or ``bfloat16``, see ``hardware.choose_precision``.
        data_fingerprint: the dataset's; with the arguments it decides whether earlier work can be gone on with.
        overrides: Ultralytics training arguments over HYPERPARAMETERS.
        average: share of the starting weights in the checkpoints written, see ``average.average_with``; the curves are
            those of the trained weights alone.
        classes: names of the outputs, see ``linked_dataset.linked_dataset``; None takes the dataset's.
        learned_from: origins of the dataset's images, for the record.
        remarks: on how the dataset or the start came about, for the record.
        progress: show a bar.

    Raises:
        InputError: data or weights are missing, damaged, or do not fit.
        FloatingPointError: the loss became infinite or NaN; the message names the epoch.
    """
    device = choose_device(device, alone=True)
    precision = choose_precision(precision, device)
    fixed = {"model": architecture, "epochs": epochs, "batch": batch, "imgsz": imgsz, "seed": seed}
    settings = {**HYPERPARAMETERS, **overrides, **fixed}
    if device == "cpu":
        keep_freed_memory()
    work = folder / "work"
    key = {"data": data_fingerprint, "weights": weights_sha256, "precision": precision, "settings": settings}
    _claim(work, key | ({"classes": list(classes)} if classes else {}))
    import_ultralytics(work / "ultralytics")
    prepared = {
        "data": linked_dataset(data_yaml, work / "view", classes),
        "start": load_verified(weights, weights_sha256) if weights else None,
        "threads": threads,
        "precision": precision,
        "progress": progress,
    }
    at_once: int | None = batch
    while at_once and (done := _epochs_done(work, epochs)) < epochs:
        housekeeping = _housekeeping(work, device, precision, threads, resume=done > 0)
        at_once = _train_or_halve(settings | housekeeping | {"batch": at_once}, prepared)
    record = {
        "batch": batch,
        "batch_at_once": _batch_at_once(work),
        "architecture": architecture,
        "weights": {"source": weights.name if weights else "random", "sha256": weights_sha256},
        "average": average,
        "data_fingerprint": data_fingerprint,
        "learned_from": list(learned_from),
        "remarks": list(remarks),
        **_learned(prepared["data"], imgsz),
        "seed": seed,
        **_machine(device, precision, threads),
        "resumed_after": json.loads((work / KEY).read_text(encoding="utf-8"))["resumed_after"],
    }
    _publish(work, folder, settings, record, prepared["start"])


def _learned(data: Mapping[str, Any], imgsz: int) -> dict[str, Any]:
    """Return, for the record, how large the training's cells are and how its images look, at ``imgsz`` pixels."""
    images = Path(data["train"])
    return {"cells": label_sizes(images, imgsz), "looks": image_looks(images, imgsz)}


def _machine(device: str, precision: str, threads: int) -> dict[str, Any]:
    """Return, for the record, what a training ran on."""
    return {
        "device": device,
        "processor": processor(),
        "precision": precision,
        "threads": threads,
        "versions": versions(),
    }


def _train_or_halve(settings: dict[str, Any], prepared: Mapping[str, Any]) -> int | None:
    """Train to the end and return None, or until memory runs out and return the images at a time to go on with.

    The library itself halves the batch in its first epoch; gradients are gathered over as many batches as make up for
    it, always, so that the optimiser's steps keep their size.
    """
    from rbcflow.training.trainer import CellTraining, is_out_of_memory

    training = CellTraining(settings, **prepared)
    try:
        training.train()
    except RuntimeError as error:
        if not is_out_of_memory(error) or training.batch_size == 1:
            raise
        half = training.batch_size // 2
        logger.warning(
            "out of memory in epoch %d: going on from the last epoch with batches of %d instead of %d images, "
            "gradients gathered over more of them",
            training.epoch + 1,
            half,
            training.batch_size,
        )
        return half
    return None


def _batch_at_once(work: Path) -> int:
    """Return how many images at a time the last epoch was trained with."""
    from rbcflow.detector.internals import torch_safe_load

    return torch_safe_load(work / "run" / "weights" / "last.pt", safe_only=True)[0]["train_args"]["batch"]


def _claim(work: Path, key: Mapping[str, Any]) -> None:
    """Keep the work folder of a broken-off call with the same key; start an empty one otherwise."""
    digest = hashlib.sha256(json.dumps({**key, "versions": versions()}, sort_keys=True).encode()).hexdigest()
    file = work / KEY
    claim = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if claim.get("key") != digest:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        claim = {"key": digest, "resumed_after": []}
    shutil.rmtree(work / "view", ignore_errors=True)
    _write_json(file, claim)


def _epochs_done(work: Path, epochs: int) -> int:
    """Return how many epochs of a broken-off call can be built on, and note a resumption."""
    weights = work / "run" / "weights"
    if not (last := weights / "last.pt").is_file():
        return 0
    from rbcflow.detector.internals import torch_safe_load
    from rbcflow.training.state import state_file

    done = torch_safe_load(last, safe_only=True)[0]["epoch"] + 1
    if done < epochs and not state_file(weights, done).is_file():
        logger.warning("starting anew: %s is missing", state_file(weights, done))
        return 0
    claim = json.loads((work / KEY).read_text(encoding="utf-8"))
    claim["resumed_after"].append(done)
    _write_json(work / KEY, claim)
    logger.info("going on after epoch %d", done)
    return done


def _housekeeping(work: Path, device: str, precision: str, threads: int, *, resume: bool) -> dict[str, Any]:
    """Return the Ultralytics arguments that do not shape the result: where, on what, and with no plots."""
    run = work / "run"
    on_gpu = {"amp": True, "bfloat16": "bf16", "float32": False}
    return {
        "task": "detect",
        "mode": "train",
        "save_dir": str(run),
        "resume": str(run / "weights" / "last.pt") if resume else False,
        "pretrained": False,
        "device": device,
        "amp": False if device == "cpu" else on_gpu[precision],
        "workers": threads,
        "cache": "ram",
        "plots": False,
        "verbose": False,
    }


def _publish(work: Path, folder: Path, settings: Mapping[str, Any], record: dict[str, Any], start: Any) -> None:
    """Strip the checkpoints, average them with the start as the record says, complete the record, and put all files of
    the model folder in place, the record last."""
    ready, run = work / "ready", work / "run"
    (ready / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "weights").mkdir(exist_ok=True)
    shutil.copyfile(run / "results.csv", ready / "results.csv")
    stripped = {name: strip(run / name, ready / name, settings) for name in ("weights/best.pt", "weights/last.pt")}
    if record["average"]:
        for name in stripped:
            average_with(ready / name, start, record["average"])
    best = stripped["weights/best.pt"]
    (ready / "args.yaml").write_text(yaml.safe_dump(best.arguments), encoding="utf-8")
    files = {name: {"sha256": sha256(ready / name), "state_sha256": state_sha256(ready / name)} for name in stripped}
    results = pd.read_csv(ready / "results.csv")
    record |= {
        "epochs": len(results),
        "best_epoch": best.epoch,
        "optimizer": best.optimizer,
        "parameters": best.parameters,
        "classes": best.classes,
        "seconds": round(float(results["epoch_seconds"].sum()), 2),
        "epoch_seconds": [round(value, 2) for value in results["epoch_seconds"]],
        "images_per_second": round(len(results) / float((1 / results["images_per_second"]).sum()), 2),
        "state_sha256": files["weights/best.pt"]["state_sha256"],
        "files": files,
    }
    _write_json(ready / "training.json", record)
    for name in (*files, "results.csv", "args.yaml", "training.json"):
        (ready / name).replace(folder / name)
    shutil.rmtree(work)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
