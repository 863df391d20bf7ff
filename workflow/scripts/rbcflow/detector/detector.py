"""A network that finds boxes in images of any shape, at the size it was made for or another (cells and predictions)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import clip
from rbcflow.core.frames import to_grey
from rbcflow.detector import sizes
from rbcflow.detector.hardware import choose_device
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.sizes import Batch, Size
from rbcflow.detector.weights import class_names, every_place, load_verified, recorded

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Detector:
    """A network ready to detect, with the size it sees frames at and its thresholds.

    Attributes:
        network: float32, evaluation mode, on its device.
        classes: names in the order of its outputs.
        size: ``trained`` (the checkpoint's ``imgsz``, as Ultralytics validates), ``native`` (a frame's own pixels;
            ``fitted`` too, whose factor the caller gives as ``scale``) or a long side in pixels.
        scale: factor on both sides of a frame before anything else.
        conf: least confidence of a box.
        iou: boxes of a class that overlap by more are suppressed.
        max_det: most boxes a frame.
        input: ``recorded``: a frame's channels as they are; ``grey``: its grey in all of them, as training images are.
        clipped: whether boxes are clipped to the frame.
    """

    network: torch.nn.Module
    classes: list[str]
    size: Size = "trained"
    scale: float = 1.0
    conf: float = 0.001
    iou: float = 0.7
    max_det: int = 300
    input: Literal["recorded", "grey"] = "recorded"
    clipped: bool = True

    @property
    def imgsz(self) -> int | None:
        """The long side that frames are brought to, None where their own is kept."""
        return sizes.long_side(self.size, self.network.args["imgsz"])

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[pd.DataFrame]:
        """Return the boxes of images of any shapes.

        An object may get one box a class, as in Ultralytics' validation, which drew the preprint's curves and matrices.

        Args:
            images: (H, W) or (H, W, 3) uint8, R, G, B.

        Returns:
            For each image ``class, conf, x0, y0, x1, y1, cell`` in pixels of the image; ``cell`` is the sum of all
            classes' scores of the same box, at most 1: the score of a cell whatever it is called.
        """
        found: dict[int, pd.DataFrame] = {}
        for batch in self.batches([image.shape[1::-1] for image in images]):
            found |= zip(batch.frames, self.detect_batch([images[i] for i in batch.frames], batch.padded), strict=True)
        return [found[index] for index in range(len(images))]

    def batches(self, shapes: Sequence[tuple[int, int]]) -> list[Batch]:
        """Divide frames of some (width, height) into batches for ``detect_batch``, so that few have to be in memory."""
        return sizes.batches([self._enlarged(*shape) for shape in shapes], self.imgsz, self._stride)

    def detect_batch(self, images: Sequence[NDArray[np.uint8]], padded: tuple[int, int]) -> list[pd.DataFrame]:
        """Return the boxes of the images of one batch; see ``detect``.

        Args:
            images: of one batch of ``batches``.
            padded: its (width, height).
        """
        import torch

        from rbcflow.detector.internals import non_max_suppression

        seen = [to_grey(image) for image in images] if self.input == "grey" else images
        small = [self._brought(three_channels(image)) for image in seen]
        frames, offsets = zip(*(sizes.padded(image, padded) for image in small), strict=True)
        parameter = next(self.network.parameters())
        tensor = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).to(parameter.device).float() / 255
        with torch.inference_mode():
            found = self.network(tensor)
            found = found[0] if isinstance(found, list | tuple) else found
            # A row beyond the classes' goes with its box through the suppression.
            scored = torch.cat([found, found[:, 4:].sum(dim=1, keepdim=True).clamp(max=1)], dim=1)
            # The time limit would drop boxes on a slow machine.
            limits = {"multi_label": True, "max_det": self.max_det, "max_time_img": float("inf")}
            found = non_max_suppression(scored, self.conf, self.iou, nc=len(self.classes), **limits)
        return [
            self._table(boxes.cpu().numpy().astype(float), offset, image.shape[1::-1], brought.shape[1::-1])
            for boxes, offset, image, brought in zip(found, offsets, images, small, strict=True)
        ]

    @property
    def _stride(self) -> int:
        return max(int(self.network.stride.max()), sizes.STRIDE)

    def _enlarged(self, width: int, height: int) -> tuple[int, int]:
        return max(1, round(width * self.scale)), max(1, round(height * self.scale))

    def _brought(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return an image at the size of the network's input, before padding."""
        enlarged = sizes.resized(image, self._enlarged(*image.shape[1::-1]))
        return sizes.resized(enlarged, sizes.scaled(*enlarged.shape[1::-1], self.imgsz))

    def _table(
        self, found: NDArray[np.float64], offset: tuple[int, int], own: tuple[int, int], brought: tuple[int, int]
    ) -> pd.DataFrame:
        """Return boxes of a padded input as a table in pixels of the frame, whose (width, height) is ``own``."""
        factor = np.array(brought) / np.array(own)
        corners = (found[:, :4] - np.array(offset * 2)) / np.tile(factor, 2)
        corners = clip(corners, *own) if self.clipped else corners
        return pd.DataFrame(
            {
                "class": [self.classes[int(index)] for index in found[:, 5]],
                "conf": found[:, 4],
                **{name: corners[:, column] for column, name in enumerate(("x0", "y0", "x1", "y1"))},
                "cell": found[:, 6],
            }
        )


def load_detector(weights: Path, *, threads: int, device: str = "cpu", **options: Any) -> Detector:
    """Return the detector of a model folder, float32, so that its boxes depend little on the processor.

    Args:
        weights: ``weights/best.pt`` of a model folder, whose ``training.json`` vouches for it.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.
        options: further fields of ``Detector``.

    Raises:
        InputError: weights are missing, changed, or know other classes.
    """
    network = load_network(weights, recorded(weights)["sha256"], threads=threads, device=device)
    return Detector(network, class_names(network.names.values(), weights), **options)


def load_network(weights: Path, sha256: str, *, threads: int, device: str, all_places: bool = False) -> torch.nn.Module:
    """Return a checkpoint's network on its device, fused and float32.

    Args:
        weights: the checkpoint.
        sha256: of its bytes; nothing opens another file.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.
        all_places: give the scores of all places, before any is suppressed, also where the network chooses by itself.

    Raises:
        InputError: the file is missing, another one, or no checkpoint.
    """
    with tempfile.TemporaryDirectory() as config:
        import_ultralytics(Path(config))
        import torch

        torch.set_num_threads(threads)
        network = load_verified(weights, sha256)
    if all_places:
        every_place(network, weights)
    where = choose_device(device)
    place = torch.device("cpu" if where == "cpu" else f"cuda:{where}")
    return network.fuse(verbose=False).to(place, memory_format=torch.channels_last)


def three_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) of a grey or R, G, B image; grey becomes three equal channels, as in training."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
