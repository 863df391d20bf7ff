"""The network that finds cells, and one box for each: used by rule ``detect_recording``."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import clip, remaining
from rbcflow.core.classes import CELL, CLASSES, class_name
from rbcflow.core.errors import InputError
from rbcflow.detector.detector import load_network, three_channels
from rbcflow.detector.fitting import LEAST, OVERLAP, SHIPPED, Learned
from rbcflow.detector.sizes import padded, resized
from rbcflow.predictions.predict import CROWDED

if TYPE_CHECKING:
    import torch

MOST = 300
"""Most boxes a frame, or a tile of it, as in Ultralytics."""

TILED = 1 << 20
"""Pixels, as the network sees them, from which a frame is looked at in tiles: memory does not grow with its size."""

CORE, MARGIN = 640, 128
"""Longest side of the part of a tile whose cells are taken, and how far around it is looked: several cells' length."""

CORNERS = ("x0", "y0", "x1", "y1")
SHARES = tuple(f"p_{name}" for name in CLASSES)


@dataclass(frozen=True)
class CellFinder:
    """A network that gives each object one box, whatever its class.

    Attributes:
        network: float32, evaluation mode, on its device.
        classes: this workflow's names, or ``cell``, in the order of the network's outputs.
        learned: sizes of the cells it learned from.
        least: sum of class scores of a box.
    """

    network: torch.nn.Module
    classes: tuple[str, ...]
    learned: Learned = SHIPPED
    least: float = LEAST

    @property
    def on_processor(self) -> bool:
        """Whether the network runs on no GPU."""
        return next(self.network.parameters()).device.type == "cpu"

    def find(self, images: list[NDArray[np.uint8]], scale: float) -> list[pd.DataFrame]:
        """Return the cells of frames of one shape; large frames are looked at in tiles.

        Args:
            images: (H, W) uint8 grey, shown to the network as three equal channels.
            scale: factor on both sides of a frame before the network sees it.

        Returns:
            For each ``class, conf, cell, p_croissant, p_slipper, p_other, x0, y0, x1, y1`` in pixels of the frame.
        """
        height, width = images[0].shape
        size = max(1, round(width * scale)), max(1, round(height * scale))
        large = [resized(image, size) for image in images]
        found: list[list[NDArray[np.float64]]] = [[] for _ in images]
        for tile in tiles(*size):
            x0, y0, x1, y1 = tile.seen
            for rows, own in zip(found, self._look([image[y0:y1, x0:x1] for image in large]), strict=True):
                own[:, :4] += (x0, y0, x0, y0)
                rows.append(own[tile.owns(own)])
        factor = np.array(size * 2) / (width, height, width, height)
        whole = [once(np.concatenate(rows)) for rows in found]
        return [self._table(rows, clip(rows[:, :4] / factor, width, height)) for rows in whole]

    def _look(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float64]]:
        """Return for each image (N, 6 + classes): corners in its pixels, sum of scores, 0, and the scores.

        Candidates are ranked and suppressed by the sum of their class scores: a cell between two classes would lose to
        its own fragment of a sure class otherwise, or get a box of each class.
        """
        import torch

        from rbcflow.detector.internals import non_max_suppression

        stride = int(self.network.stride.max())
        height, width = images[0].shape
        target = math.ceil(width / stride) * stride, math.ceil(height / stride) * stride
        frames, offset = zip(*(padded(three_channels(image), target) for image in images), strict=True)
        parameter = next(self.network.parameters())
        tensor = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).to(parameter.device).float() / 255
        with torch.inference_mode():
            outputs = self.network(tensor)
            outputs = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
            places, scores = outputs.split((4, len(self.classes)), dim=1)
            # one class, whose score is the sum; the scores go along as what else is known of a box
            one = torch.cat((places, scores.sum(1, keepdim=True), scores), dim=1)
            found = non_max_suppression(one, self.least, OVERLAP, max_det=MOST, nc=1, max_time_img=float("inf"))
        if sum(map(len, found)) > CROWDED * len(images):
            # once loaded, Ultralytics suppresses boxes by its compiled function: the same boxes, sooner where many are
            importlib.import_module("torchvision")
        results = [boxes.cpu().numpy().astype(float) for boxes in found]
        for rows in results:
            rows[:, :4] -= np.array(offset[0] * 2)
        return results

    def _table(self, found: NDArray[np.float64], corners: NDArray[np.float64]) -> pd.DataFrame:
        """Return rows of ``_look`` as a table, with corners in pixels of the frame."""
        scores = found[:, 6:]
        best = scores.argmax(1)
        table = {
            "class": [self.classes[index] for index in best],
            "conf": scores[np.arange(len(scores)), best],
            "cell": found[:, 4],
        }
        for share, name in zip(SHARES, CLASSES, strict=True):
            own = [index for index, known in enumerate(self.classes) if known == name]
            # a class the network does not know is never excluded by it: no number rather than zero
            table[share] = scores[:, own].sum(1) if own else np.full(len(found), np.nan)
        return pd.DataFrame(table | {name: corners[:, column] for column, name in enumerate(CORNERS)})


@dataclass(frozen=True)
class Tile:
    """A part of a frame: what is looked at, and the part of it whose cells are taken, both ``x0, y0, x1, y1``."""

    seen: tuple[int, int, int, int]
    core: tuple[int, int, int, int]

    def owns(self, found: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which boxes have their centre in the core: a cell belongs to one tile, and is whole there."""
        x0, y0, x1, y1 = self.core
        # before it is cut to the frame, a box may have its centre beyond the edge
        x = ((found[:, 0] + found[:, 2]) / 2).clip(self.seen[0], self.seen[2] - 1)
        y = ((found[:, 1] + found[:, 3]) / 2).clip(self.seen[1], self.seen[3] - 1)
        return (x >= x0) & (x < x1) & (y >= y0) & (y < y1)


def tiles(width: int, height: int) -> list[Tile]:
    """Return the tiles of a frame, as the network sees it: one, or overlapping ones where it is large."""
    if width * height <= TILED:
        return [Tile((0, 0, width, height), (0, 0, width, height))]
    found = []
    for (y0, y1), (x0, x1) in itertools.product(_cores(height), _cores(width)):
        seen = (max(0, x0 - MARGIN), max(0, y0 - MARGIN), min(width, x1 + MARGIN), min(height, y1 + MARGIN))
        found.append(Tile(seen, (x0, y0, x1, y1)))
    return found


def _cores(length: int) -> list[tuple[int, int]]:
    """Return the ends of equal parts of a side."""
    edges = np.linspace(0, length, math.ceil(length / CORE) + 1).round().astype(int).tolist()
    return list(itertools.pairwise(edges))


def once(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return boxes by falling score, without those that two tiles found."""
    found = found[np.argsort(-found[:, 4], kind="stable")]
    return found[remaining(found[:, :4], OVERLAP)]


def one_thread() -> None:
    """Let the calling thread compute on one processor."""
    import torch

    torch.set_num_threads(1)


def load_finder(
    path: Path,
    sha256: str,
    classes: Mapping[str, str],
    *,
    learned: Learned = SHIPPED,
    threads: int,
    device: str = "cpu",
) -> CellFinder:
    """Return a checkpoint ready to find cells.

    Args:
        path: the checkpoint.
        sha256: of its bytes; nothing opens another file.
        classes: what its own names mean, where they are none of this workflow's under any known spelling.
        learned: sizes of the cells it learned from.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.

    Raises:
        InputError: the file is missing or another one, no detector, or has a class that is not explained.
    """
    network = load_network(path, sha256, threads=threads, device=device, all_places=True)
    return CellFinder(network, meaning(path, list(network.names.values()), classes), learned)


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
