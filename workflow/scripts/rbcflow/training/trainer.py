"""Ultralytics' detection trainer with this workflow's data, precision, checkpoints and progress (rule ``train_model``).

Import after ``setup.import_ultralytics``. Network, losses, augmentations, optimiser and schedule are the library's.
"""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import math
import time
from copy import copy
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from rbcflow.core.errors import InputError
from rbcflow.detector.internals import DetectionTrainer, DetectionValidator, YOLODataset
from rbcflow.training.processor import FullPrecisionLoss, MixedValidator, fuse_steps
from rbcflow.training.state import WithoutMoments, read_state, seed_epoch, state_file, take_up_gradients, write_state

logger = logging.getLogger(__name__)


class CellTraining(DetectionTrainer):
    """One training run of a YOLO detector.

    Args:
        settings: Ultralytics arguments; ``resume`` names the checkpoint to go on from.
        data: the dictionary of ``linked_dataset.linked_dataset``.
        start: network to start from, or None for random weights.
        threads: threads for the arithmetic on a CPU.
        precision: as returned by ``hardware.choose_precision``.
        progress: show a bar.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        *,
        data: dict[str, Any],
        start: torch.nn.Module | None,
        threads: int,
        precision: str,
        progress: bool,
    ) -> None:
        self.prepared, self.start, self.progress = data, start, progress
        self.threads, self.precision = threads, precision
        self.asked_batch = settings["batch"]
        self.last_step, self.gathered, self.batches_ahead = -1, None, 0
        super().__init__(overrides=settings)

    def run_callbacks(self, event: str) -> None:
        """Run this class's own method of the event's name alone: the library's callbacks report to third parties."""
        getattr(self, event, lambda: None)()

    def get_dataset(self) -> dict[str, Any]:
        """Return the prepared data: the library would check it again and download fonts."""
        return self.prepared

    def setup_model(self) -> dict[str, Any] | None:
        """Build the network from its architecture and verified weights, or from the checkpoint of a broken-off run."""
        if self.resume:
            return super().setup_model()
        self.model = self.get_model(cfg=self.model, weights=self.start, verbose=False)
        if self.start is not None:
            _check_transfer(self.start, self.model, self.args.model)
        return None

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> YOLODataset:
        """Build a split's dataset and refuse what the library would drop with a warning.

        Raises:
            InputError: an image or a label file of the split is corrupt.
        """
        with contextlib.redirect_stdout(io.StringIO()):
            dataset = super().build_dataset(img_path, mode, batch)
        listed = dataset.get_img_files(img_path)
        dropped = sorted(set(listed) - set(dataset.im_files))
        if dropped:
            expected = f"images with labels of {len(self.data['names'])} classes"
            raise InputError(dropped[0], "a corrupt image or label file", expected, f"{mode} split")
        return dataset

    @property
    def accumulate(self) -> int:
        """Batches whose gradients make a step; before a resumed run's first step, as its loop has to count them."""
        return self._accumulate + self.batches_ahead

    @accumulate.setter
    def accumulate(self, batches: int) -> None:
        self._accumulate = batches

    def _build_train_pipeline(self) -> None:
        """Build the loaders; the library does so again, with half the batch, when memory ran out in the first epoch."""
        self.batches_ahead = 0
        super()._build_train_pipeline()
        if self.batch_size < self.asked_batch:
            message = "out of memory: %d instead of %d images a batch, gradients gathered over %d batches"
            logger.warning(message, self.batch_size, self.asked_batch, self.accumulate)

    def _setup_train(self) -> None:
        super()._setup_train()
        if self.device.type == "cpu":
            # Selecting a CPU device sets the library's own number of threads, so ours comes after.
            torch.set_num_threads(self.threads)
            self.model.to(memory_format=torch.channels_last)
            self.ema.ema.to(memory_format=torch.channels_last)
            # The training loop's autocast is bfloat16 on a CPU; the library only refuses to ask for it there.
            self.amp = self.precision == "bfloat16"
            self.model.criterion = FullPrecisionLoss(self.model.init_criterion())
        if self.resume:
            read_state(self)
            _forget_epochs_after(self.csv, self.start_epoch)
        images = (self.epochs - self.start_epoch) * len(self.train_loader.dataset)
        self.bar = tqdm(total=images, disable=not self.progress, unit=" images")

    def build_optimizer(self, *args: Any, **kwargs: Any) -> torch.optim.Optimizer:
        """Return the library's choice of optimiser with its parameter groups."""
        optimizer = super().build_optimizer(*args, **kwargs)
        return fuse_steps(optimizer) if self.device.type == "cpu" else optimizer

    def get_validator(self) -> DetectionValidator:
        """Return what evaluates the averaged network after every epoch."""
        if self.device.type != "cpu" or self.precision != "bfloat16":
            return super().get_validator()
        return MixedValidator(self.test_loader, self.save_dir, copy(self.args), self.callbacks)

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the batch with images as float32 in 0..1, (N, 3, H, W), in the memory order that suits the device."""
        batch = super().preprocess_batch(batch)
        if self.device.type == "cpu":
            batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        return batch

    def on_train_start(self) -> None:
        """Start the clock that the time left is reckoned from."""
        # A million objects of the libraries live as long as the training; the collector need not go through them.
        gc.collect()
        gc.freeze()
        self.started = time.monotonic()

    def on_train_epoch_start(self) -> None:
        """Start the epoch's clock and its random numbers."""
        self.epoch_started = time.monotonic()
        self.batch_number = len(self.train_loader) * self.epoch - 1
        seed_epoch(self)
        take_up_gradients(self)

    def on_train_batch_start(self) -> None:
        """Count batches from the first of the first epoch on."""
        self.batch_number += 1

    def optimizer_step(self) -> None:
        """Make a step and remember after which batch it was."""
        super().optimizer_step()
        self.last_step, self.batches_ahead = self.batch_number, 0

    def on_train_batch_end(self) -> None:
        """Move the bar, which shows images a second and the time left."""
        done = (self.epoch - self.start_epoch) * len(self.train_loader.dataset)
        within = self.bar.n - done + self.batch_size
        self.bar.update(min(within, len(self.train_loader.dataset)) + done - self.bar.n)

    def on_train_epoch_end(self) -> None:
        """Stop the clock of the training part and stop a run that has diverged, before it is validated or saved.

        Raises:
            FloatingPointError: a loss of this epoch is not finite; the message names the epoch.
        """
        self.train_seconds = time.monotonic() - self.epoch_started
        losses = {name: float(value) for name, value in self.tloss.items()}
        if not all(map(math.isfinite, losses.values())):
            raise FloatingPointError(f"the loss is not finite in epoch {self.epoch + 1} of {self.epochs}: {losses}")

    def save_metrics(self, metrics: dict[str, float]) -> None:
        """Append the epoch to ``results.csv`` with its seconds, validation included, and training images per second."""
        rate = len(self.train_loader.dataset) / self.train_seconds
        clock = {"epoch_seconds": time.monotonic() - self.epoch_started, "images_per_second": rate}
        super().save_metrics(metrics | clock)
        left = (time.monotonic() - self.started) / (self.epoch + 1 - self.start_epoch) * (self.epochs - self.epoch - 1)
        losses = ", ".join(f"{name.removesuffix('_loss')} {float(value):.3f}" for name, value in self.tloss.items())
        logger.info(
            "epoch %d of %d: %.0f s left, %.1f images/s, mAP50 %.3f, losses %s",
            self.epoch + 1,
            self.epochs,
            left,
            rate,
            metrics.get("metrics/mAP50(B)", float("nan")),
            losses,
        )

    def save_model(self) -> bool:
        """Write state and checkpoints under other names first, so that no kill leaves half of one behind."""
        if self.epoch + 1 < self.epochs:
            write_state(self)
        last, best, optimizer = self.last, self.best, self.optimizer
        self.last, self.best = last.with_suffix(".part"), best.with_suffix(".part")
        self.optimizer = WithoutMoments(optimizer)
        super().save_model()
        for part, target in ((self.best, best), (self.last, last)):
            if part.exists():
                part.replace(target)
        self.last, self.best, self.optimizer = last, best, optimizer
        state_file(self.wdir, self.epoch).unlink(missing_ok=True)
        return True

    def final_eval(self) -> None:
        """Leave the checkpoints as they are: ``train`` strips copies, and the metrics stage does the evaluation."""
        gc.unfreeze()
        self.bar.close()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error of PyTorch says that memory was not enough."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


def _check_transfer(start: torch.nn.Module, model: torch.nn.Module, architecture: str) -> None:
    """Raise InputError unless all weights but the head's fit: the library would silently leave the others random."""
    head = f"model.{len(model.model) - 1}."
    shapes, offered = (
        {k: v.shape for k, v in m.state_dict().items() if not k.startswith(head)} for m in (model, start)
    )
    if shapes != offered:
        raise InputError(getattr(start, "pt_path", "weights"), "weights of another architecture", architecture)


def _forget_epochs_after(results: Path, epochs: int) -> None:
    """Drop rows of ``results.csv`` written by an epoch whose checkpoint did not reach the disk."""
    table = pd.read_csv(results)
    table[table["epoch"] <= epochs].to_csv(results, index=False)
