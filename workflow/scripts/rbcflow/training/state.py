"""What a broken-off training needs to go on as if nothing had happened: rule ``train_model``.

The library's checkpoint holds the averaged network and the optimiser in half precision, and starts from the averaged
network with the random numbers of the first epoch. Here networks, optimiser and gathered gradients are kept as they
are, and the random numbers of an epoch follow from seed and epoch alone. Import after ``setup.import_ultralytics``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rbcflow.detector.internals import init_seeds, unwrap_model

if TYPE_CHECKING:
    from rbcflow.training.trainer import CellTraining


class WithoutMoments:
    """An optimiser as checkpoints shall hold it: they are written every epoch, and the state has its moments."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return groups with rates and moments' factors, and no moments."""
        return self.optimizer.state_dict() | {"state": {}}


def state_file(weights: Path, epochs: int) -> Path:
    """Return where the state after so many epochs is kept: beside the checkpoints."""
    return weights / f"state-{epochs}.pt"


def write_state(training: CellTraining) -> None:
    """Write the state after the present epoch; a kill leaves no half of it under its name."""
    network = unwrap_model(training.model)
    state = {
        "network": network.state_dict(),
        "average": training.ema.ema.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "gradients": {name: value.grad for name, value in network.named_parameters() if value.grad is not None},
        "last_step": training.last_step,
        "batches": len(training.train_loader),
    }
    file = state_file(training.wdir, training.epoch + 1)
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def read_state(training: CellTraining) -> None:
    """Take up the state after ``start_epoch`` epochs.

    Gradients that were gathered for the next step are dropped when the batch is no longer the same, as after a want of
    memory: they would weigh differently.
    """
    file = state_file(training.wdir, training.start_epoch)
    state = torch.load(file, map_location=training.device, weights_only=True)
    unwrap_model(training.model).load_state_dict(state["network"])
    training.ema.ema.load_state_dict(state["average"])
    training.optimizer.load_state_dict(state["optimizer"])
    if state["batches"] == len(training.train_loader):
        training.gathered = (state["gradients"], state["last_step"])


def take_up_gradients(training: CellTraining) -> None:
    """Put gathered gradients back, once; the loop has cleared them before the first epoch of a run."""
    if training.gathered is not None:
        gradients, training.last_step = training.gathered
        for name, value in unwrap_model(training.model).named_parameters():
            value.grad = gradients.get(name)
        # The loop reckons as if its last step had been before the very first batch.
        training.batches_ahead = training.last_step + 1
        training.gathered = None


def seed_epoch(training: CellTraining) -> None:
    """Let order and augmentation of the coming epoch follow from seed and epoch alone, whatever was sampled before.

    Worker processes of a training on a GPU draw ahead: they are seeded once, where the run starts.
    """
    loader = training.train_loader
    if loader.num_workers and training.epoch > training.start_epoch:
        return
    derived = int(np.random.SeedSequence((training.args.seed, training.epoch)).generate_state(1)[0])
    init_seeds(derived, deterministic=training.args.deterministic)
    loader.generator.manual_seed(derived)
    loader.reset()
