"""Boxes of one model on one test set, computed once for metrics, figures and GIFs: rule ``predict_run``."""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rbcflow.boxes import clip
from rbcflow.hardware import choose_device
from rbcflow.quiet import import_ultralytics
from rbcflow.testset_files import TestSet, read_testset
from rbcflow.weights import class_names, load_verified, recorded

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

BATCH = 16
CROWDED = 200
"""Boxes a frame from which their suppression takes longer than the network."""

PADDING = 114
"""Grey level of padding, as in Ultralytics."""

SCHEMA = pa.schema(
    [
        ("frame", pa.int64()),
        ("class", pa.string()),
        *((name, pa.float64()) for name in ("conf", "x0", "y0", "x1", "y1")),
    ]
)


@dataclass(frozen=True)
class Detector:
    """A network ready to detect, with its thresholds.

    Attributes:
        network: float32, evaluation mode, on its device.
        classes: names in the order of its outputs.
        scale: factor on both sides of a frame before the network sees it.
        conf: least confidence of a box.
        iou: boxes of a class that overlap by more are suppressed.
        max_det: most boxes a frame.
    """

    network: torch.nn.Module
    classes: list[str]
    scale: float
    conf: float
    iou: float
    max_det: int

    def detect(self, images: list[NDArray[np.uint8]]) -> list[pd.DataFrame]:
        """Return the boxes of images of one shape.

        An object may get one box a class, as in Ultralytics' validation, which drew the preprint's curves and matrices.

        Args:
            images: (H, W, 3) uint8, R, G, B.

        Returns:
            For each image ``class, conf, x0, y0, x1, y1`` in pixels of the image.
        """
        import torch
        from ultralytics.utils.nms import non_max_suppression

        height, width = images[0].shape[:2]
        padded, offset = zip(*(fit(image, self.scale, int(self.network.stride.max())) for image in images), strict=True)
        parameter = next(self.network.parameters())
        tensor = torch.from_numpy(np.stack(padded)).permute(0, 3, 1, 2).to(parameter.device).float() / 255
        with torch.inference_mode():
            outputs = self.network(tensor)
            # The time limit would drop boxes on a slow machine.
            found = non_max_suppression(
                outputs, self.conf, self.iou, multi_label=True, max_det=self.max_det, max_time_img=float("inf")
            )
        return [self._table(boxes.cpu().numpy().astype(float), offset[0], width, height) for boxes in found]

    def _table(self, found: NDArray[np.float64], offset: tuple[int, int], width: int, height: int) -> pd.DataFrame:
        corners = clip((found[:, :4] - np.array(offset * 2)) / self.scale, width, height)
        return pd.DataFrame(
            {
                "class": [self.classes[int(index)] for index in found[:, 5]],
                "conf": found[:, 4],
                **{name: corners[:, column] for column, name in enumerate(("x0", "y0", "x1", "y1"))},
            }
        )


def fit(image: NDArray[np.uint8], scale: float, stride: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Scale an image and pad it on all sides to multiples of the network's stride, as Ultralytics does.

    Args:
        image: (H, W, 3) uint8.
        scale: factor on both sides.
        stride: of the network in pixels.

    Returns:
        The padded image and how many pixels were added at the left and at the top.
    """
    if scale != 1.0:
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    down, right = (-side % stride for side in image.shape[:2])
    top, left = down // 2, right // 2
    border = cv2.copyMakeBorder(image, top, down - top, left, right - left, cv2.BORDER_CONSTANT, value=(PADDING,) * 3)
    return border, (left, top)


def predict(
    weights: Path,
    testset: Path,
    output: Path,
    *,
    run: str,
    model: str,
    scale: float = 1.0,
    conf: float = 0.001,
    iou: float = 0.7,
    max_det: int = 300,
    threads: int,
    device: str = "cpu",
) -> None:
    """Write a model's boxes on a test set as a table of ``frame, class, conf, x0, y0, x1, y1``.

    Args:
        weights: ``weights/best.pt`` of a model folder, whose ``training.json`` vouches for it.
        testset: folder of the test set; where its status is not ``available`` the table is empty and says so.
        output: ``.parquet`` file to write; its metadata under the key ``rbcflow`` say how the boxes were made.
        run: name of the run.
        model: name of the model.
        scale: factor on both sides of a frame before the network sees it.
        conf: least confidence of a box.
        iou: boxes of a class that overlap by more are suppressed.
        max_det: most boxes a frame.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.

    Raises:
        InputError: weights are missing, changed, or know other classes; a frame cannot be read.
    """
    judged = read_testset(testset)
    known = recorded(weights)
    boxes, seconds = SCHEMA.empty_table().to_pandas(), 0.0
    if judged.available:
        judged.require_images()
        with tempfile.TemporaryDirectory() as config:
            import_ultralytics(Path(config))
            network, classes = _load(weights, known["sha256"], threads, device)
        detector = Detector(network, classes, scale, conf, iou, max_det)
        started = time.monotonic()
        boxes = _detect_all(detector, judged)
        seconds = time.monotonic() - started
    metadata = {
        "run": run,
        "model": model,
        "model_hash": known["state_sha256"],
        "testset": judged.meta["name"],
        "testset_fingerprint": judged.meta["fingerprint"],
        "status": judged.meta["status"],
        "scale": scale,
        "conf": conf,
        "iou": iou,
        "max_det": max_det,
        "frames": len(judged.frames),
        "frames_per_second": round(len(judged.frames) / seconds, 2) if seconds else None,
    }
    logger.info(
        "%s: %d boxes on %d frames, %s frames/s", run, len(boxes), len(judged.frames), metadata["frames_per_second"]
    )
    _write(boxes, metadata, output)


def _load(weights: Path, sha256: str, threads: int, device: str) -> tuple[torch.nn.Module, list[str]]:
    """Return the network on its device and its classes; float32, so that boxes depend little on the processor."""
    import torch

    torch.set_num_threads(threads)
    network = load_verified(weights, sha256)
    classes = class_names(network.names.values(), weights)
    where = choose_device(device)
    place = torch.device("cpu" if where == "cpu" else f"cuda:{where}")
    return network.fuse(verbose=False).to(place, memory_format=torch.channels_last), classes


def _detect_all(detector: Detector, judged: TestSet) -> pd.DataFrame:
    """Return the boxes on all frames of a test set, sorted by frame and falling confidence."""
    tables = [SCHEMA.empty_table().to_pandas()]
    for _, group in judged.frames.groupby(["height", "width"], sort=True):
        for start in range(0, len(group), BATCH):
            frames = list(group["frame"].iloc[start : start + BATCH])
            found = detector.detect([three_channels(judged.image(frame)) for frame in frames])
            if sum(map(len, found)) > CROWDED * len(frames):
                # Once loaded, Ultralytics suppresses boxes by its compiled function: the same boxes. Loading it takes
                # longer than that saves where boxes are few.
                importlib.import_module("torchvision")
            tables += [table.assign(frame=frame) for frame, table in zip(frames, found, strict=True)]
    boxes = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    return boxes.sort_values(["frame", "conf", "x0", "y0"], ascending=[True, False, True, True], kind="stable")


def three_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) of a grey or R, G, B image; grey becomes three equal channels, as in training."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _write(boxes: pd.DataFrame, metadata: dict, output: Path) -> None:
    table = pa.Table.from_pandas(boxes[SCHEMA.names], SCHEMA, preserve_index=False)
    part = output.with_suffix(".part")
    pq.write_table(table.replace_schema_metadata({"rbcflow": json.dumps(metadata)}), part)
    part.replace(output)
