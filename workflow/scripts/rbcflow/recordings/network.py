"""The network that finds cells, and one box for each: used by rule ``detect_recording``."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.boxes import clip
from rbcflow.classes import CLASSES, class_name
from rbcflow.errors import InputError
from rbcflow.hardware import choose_device
from rbcflow.predict import CROWDED, fit
from rbcflow.quiet import import_ultralytics
from rbcflow.weights import load_verified

if TYPE_CHECKING:
    import torch

CELL = "cell"
"""Class of the boxes of a detector that knows cells and no shapes."""

LEAST = 0.25
"""Least sum of class scores of a box: the operating point of the preprint's matrices."""

OVERLAP = 0.5
"""Boxes of any class that overlap by more are one object's."""

MOST = 300
"""Most boxes a frame, as in Ultralytics."""

CORNERS = ("x0", "y0", "x1", "y1")
SHARES = tuple(f"p_{name}" for name in CLASSES)


@dataclass(frozen=True)
class CellFinder:
    """A network that gives each object one box, whatever its class.

    Attributes:
        network: float32, evaluation mode, on its device.
        classes: this workflow's names, or ``cell``, in the order of the network's outputs.
    """

    network: torch.nn.Module
    classes: tuple[str, ...]

    def find(self, images: list[NDArray[np.uint8]], scale: float) -> list[pd.DataFrame]:
        """Return the cells of frames of one shape.

        Candidates are ranked and suppressed by the sum of their class scores: a cell between two classes would lose to
        its own fragment of a sure class otherwise, or get a box of each class.

        Args:
            images: (H, W) uint8 grey, shown to the network as three equal channels.
            scale: factor on both sides of a frame before the network sees it.

        Returns:
            For each image ``class, conf, cell, p_croissant, p_slipper, p_other, x0, y0, x1, y1``, by falling ``cell``.
        """
        import torch
        from ultralytics.utils.nms import non_max_suppression

        height, width = images[0].shape
        stride = int(self.network.stride.max())
        padded, offset = zip(*(fit(np.dstack([image] * 3), scale, stride) for image in images), strict=True)
        parameter = next(self.network.parameters())
        tensor = torch.from_numpy(np.stack(padded)).permute(0, 3, 1, 2).to(parameter.device).float() / 255
        with torch.inference_mode():
            outputs = self.network(tensor)
            outputs = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
            places, scores = outputs.split((4, len(self.classes)), dim=1)
            # one class, whose score is the sum; the scores go along as what else is known of a box
            one = torch.cat((places, scores.sum(1, keepdim=True), scores), dim=1)
            found = non_max_suppression(one, LEAST, OVERLAP, max_det=MOST, nc=1, max_time_img=float("inf"))
        if sum(map(len, found)) > CROWDED * len(images):
            # once loaded, Ultralytics suppresses boxes by its compiled function: the same boxes, sooner where many are
            importlib.import_module("torchvision")
        return [self._table(boxes.cpu().numpy().astype(float), offset[0], scale, (width, height)) for boxes in found]

    def _table(
        self, found: NDArray[np.float64], offset: tuple[int, int], scale: float, size: tuple[int, int]
    ) -> pd.DataFrame:
        """Return (N, 6 + classes) rows of the suppression as a table in pixels of the frame."""
        corners = clip((found[:, :4] - np.array(offset * 2)) / scale, *size)
        scores = found[:, 6:]
        best = scores.argmax(1) if len(scores) else np.zeros(0, dtype=int)
        table = {
            "class": [self.classes[index] for index in best],
            "conf": scores.max(1) if len(scores) else np.zeros(0),
            "cell": found[:, 4],
        }
        for share, name in zip(SHARES, CLASSES, strict=True):
            own = [index for index, known in enumerate(self.classes) if known == name]
            # a class the network does not know is never excluded by it: no number rather than zero
            table[share] = scores[:, own].sum(1) if own else np.full(len(found), np.nan)
        return pd.DataFrame(table | {name: corners[:, column] for column, name in enumerate(CORNERS)})


def load_finder(
    path: Path, sha256: str, classes: Mapping[str, str], *, threads: int, device: str = "cpu"
) -> CellFinder:
    """Return a checkpoint ready to find cells.

    Args:
        path: the checkpoint.
        sha256: of its bytes; nothing opens another file.
        classes: what its own names mean, where they are none of this workflow's under any known spelling.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.

    Raises:
        InputError: the file is missing or another one, no detector, or has a class that is not explained.
    """
    with tempfile.TemporaryDirectory() as config:
        import_ultralytics(Path(config))
        import torch

        torch.set_num_threads(threads)
        network = load_verified(path, sha256)
    names = meaning(path, list(network.names.values()), classes)
    where = choose_device(device)
    place = torch.device("cpu" if where == "cpu" else f"cuda:{where}")
    return CellFinder(network.fuse(verbose=False).to(place, memory_format=torch.channels_last), names)


def meaning(path: Path, own: list[str], classes: Mapping[str, str]) -> tuple[str, ...]:
    """Return this workflow's names for a checkpoint's classes, ``cell`` where they say nothing of shape.

    A checkpoint with one class finds cells, whatever it calls them.

    Raises:
        InputError: a name is not explained, or one is explained that the checkpoint does not have.
    """
    key = "detector_classes"
    if unknown := sorted(set(classes) - set(own)):
        raise InputError("configuration", f"{key} for {unknown[0]!r}", f"some of {', '.join(own)}, as in {path}", key)
    if len(own) == 1:
        return (classes.get(own[0], CELL),)
    try:
        return tuple(classes[name] if name in classes else class_name(name) for name in own)
    except KeyError as error:
        expected = f"{error.args[0]}; say what each means by `{key}`"
        raise InputError(path, f"classes {', '.join(own)}", expected, "class names") from error
