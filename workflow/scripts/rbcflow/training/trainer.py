"""Ultralytics' detection trainer with this workflow's data, precision, checkpoints and progress (rule ``train_model``).

Import after ``quiet.import_ultralytics``. Model, losses, augmentations, optimiser and schedule are the library's.
"""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm
from ultralytics.data import build_dataloader
from ultralytics.models.yolo.detect import DetectionTrainer

from rbcflow.errors import InputError

logger = logging.getLogger(__name__)


class FullPrecisionLoss:
    """A detection loss that sees float32, whatever the network computed in.

    With the 8 bits of a bfloat16 mantissa a box side of 100 px is known to half a pixel only; the library's automatic mixed
    precision reckons with float16, which has 11.
    """

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def __call__(self, predictions: dict[str, Any], batch: dict[str, Any]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the library's loss and its parts for one batch."""
        with torch.autocast("cpu", enabled=False):
            return self.loss({**predictions, "boxes": predictions["boxes"].float(), "scores": predictions["scores"].float()}, batch)


class CellTraining(DetectionTrainer):
    """One training run of a YOLO detector.

    Args:
        settings: Ultralytics arguments; ``resume`` names the checkpoint to go on from.
        data: the dictionary of ``view.private_view``.
        start: network to start from, or None for random weights.
        threads: threads for the arithmetic on a CPU.
        bfloat16: compute the network in bfloat16 on a CPU.
        progress: show a bar on the terminal.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        *,
        data: dict[str, Any],
        start: torch.nn.Module | None,
        threads: int,
        bfloat16: bool,
        progress: bool,
    ) -> None:
        self.prepared, self.start, self.threads, self.bfloat16 = data, start, threads, bfloat16
        super().__init__(overrides=settings)
        self.bar = tqdm(disable=not progress, unit="batch", desc=self.save_dir.parent.parent.name)

    def get_dataset(self) -> dict[str, Any]:
        """Return the private view: the library would look for the data elsewhere and download fonts."""
        return self.prepared

    def setup_model(self) -> dict[str, Any] | None:
        """Build the network from its architecture and the verified weights, or from the checkpoint of a broken-off run."""
        if self.resume:
            return super().setup_model()
        self.model = self.get_model(cfg=self.model, weights=self.start, verbose=False)
        return None
