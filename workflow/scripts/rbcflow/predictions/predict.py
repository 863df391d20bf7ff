"""Boxes of one model on its test sets, computed once for metrics, figures and GIFs: rules ``predict_<model>``."""

from __future__ import annotations

import importlib
import json
import logging
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rbcflow.detector import fitting, sizes
from rbcflow.detector.detector import Detector, load_detector
from rbcflow.detector.fitting import Fit, Learned
from rbcflow.detector.sizes import Size
from rbcflow.detector.weights import learned_cells, recorded
from rbcflow.testsets.files import TestSet, read_testset

logger = logging.getLogger(__name__)

CROWDED = 200
"""Boxes a frame from which their suppression takes longer than the network."""

SCHEMA = pa.schema(
    [
        ("frame", pa.int64()),
        ("class", pa.string()),
        *((name, pa.float64()) for name in ("conf", "x0", "y0", "x1", "y1", "cell")),
    ]
)


@dataclass
class Predictor:
    """A model that is evaluated on test sets; its network is loaded once, before the first that has frames.

    Attributes:
        weights: ``weights/best.pt`` of a model folder, whose ``training.json`` vouches for it.
        model: name of the model.
        threads: processor threads.
        device: ``cpu``, a CUDA index, or ``auto``.
        conf: least confidence of a box.
        iou: boxes of a class that overlap by more are suppressed.
        max_det: most boxes a frame.
        clipped: whether boxes are clipped to the frame.
    """

    weights: Path
    model: str
    threads: int
    device: str = "cpu"
    conf: float = 0.001
    iou: float = 0.7
    max_det: int = 300
    clipped: bool = True

    @cached_property
    def detector(self) -> Detector:
        """The network with its thresholds."""
        limits = {"conf": self.conf, "iou": self.iou, "max_det": self.max_det, "clipped": self.clipped}
        return load_detector(self.weights, threads=self.threads, device=self.device, **limits)

    def predict(
        self,
        testset: Path,
        output: Path,
        *,
        run: str,
        size: Size = "trained",
        scale: float = 1.0,
        channels: Literal["recorded", "grey"] = "recorded",
    ) -> None:
        """Write the boxes on a test set as a table of ``frame, class, conf, x0, y0, x1, y1, cell``.

        Args:
            testset: its folder; where its status is not ``available`` the table is empty and says so.
            output: ``.parquet`` file to write; its metadata under the key ``rbcflow`` say how the boxes were made.
            run: name of the run.
            size: see ``Detector``.
            scale: see ``Detector``.
            channels: ``input`` of ``Detector``.

        Raises:
            InputError: weights are missing, changed, or know other classes; a frame cannot be read.
        """
        evaluated, known = read_testset(testset), recorded(self.weights)
        boxes, seconds, side, classes, fits = SCHEMA.empty_table().to_pandas(), 0.0, None, None, None
        if evaluated.available:
            evaluated.require_images()
            detector = replace(self.detector, size=size, scale=scale, input=channels)
            started = time.monotonic()
            if size == "fitted":
                boxes, fits = detect_fitted(detector, evaluated, Learned.of_cells(learned_cells(self.weights)))
            else:
                boxes = _detect_all(detector, evaluated)
            side, classes = detector.imgsz, detector.classes
            seconds = time.monotonic() - started
        rate = round(len(evaluated.frames) / seconds, 2) if seconds else None
        metadata = {
            "run": run,
            "model": self.model,
            "model_hash": known["state_sha256"],
            "classes": classes,
            **_of_testset(evaluated),
            "scale": scale,
            "size": sizes.described(size, side, evaluated.frames, scale, fits),
            "input": channels,
            "training_cells": learned_cells(self.weights),
            "conf": self.conf,
            "iou": self.iou,
            "max_det": self.max_det,
            "clipped": self.clipped,
            "frames": len(evaluated.frames),
            "frames_per_second": rate,
        }
        logger.info("%s: %d boxes on %d frames, %s frames/s", run, len(boxes), len(evaluated.frames), rate)
        _write(boxes, metadata, output)


def _of_testset(evaluated: TestSet) -> dict[str, str]:
    """Return which state of which test set boxes are of."""
    meta = evaluated.meta
    return {"testset": meta["name"], "testset_fingerprint": meta["fingerprint"], "status": meta["status"]}


def _detect_all(detector: Detector, evaluated: TestSet) -> pd.DataFrame:
    """Return the boxes on all frames of a test set, sorted by frame and falling confidence."""
    tables = [SCHEMA.empty_table().to_pandas()]
    shapes = list(evaluated.frames[["width", "height"]].itertuples(index=False, name=None))
    for batch in detector.batches(shapes):
        frames = evaluated.frames["frame"].iloc[batch.frames].tolist()
        found = detector.detect_batch([evaluated.image(frame) for frame in frames], batch.padded)
        if sum(map(len, found)) > CROWDED * len(frames):
            # Once loaded, Ultralytics suppresses boxes by its compiled function: the same boxes. Loading it takes
            # longer than that saves where boxes are few.
            importlib.import_module("torchvision")
        tables += [table.assign(frame=frame) for frame, table in zip(frames, found, strict=True)]
    boxes = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    return boxes.sort_values(["frame", "conf", "x0", "y0"], ascending=[True, False, True, True], kind="stable")


def detect_fitted(detector: Detector, evaluated: TestSet, learned: Learned) -> tuple[pd.DataFrame, dict[str, Fit]]:
    """Return the boxes on all frames of a test set, each at the factor for frames taken like it.

    Args:
        detector: shows frames at their own pixels times its ``scale``.
        evaluated: the test set.
        learned: sizes of cells that the detector learned from.

    Returns:
        Boxes sorted as those of ``_detect_all``, and the factor of each recording, or of each disturbance.
    """
    tables, fits = [SCHEMA.empty_table().to_pandas()], {}
    for name, frames in evaluated.frames.groupby(fitting.alike(evaluated.frames), sort=False):
        own, looks = replace(evaluated, frames=frames.reset_index(drop=True)), {}

        def look(factor: float, own: TestSet = own, looks: dict[float, pd.DataFrame] = looks) -> NDArray[np.float64]:
            if factor not in looks:
                looks[factor] = _detect_all(replace(detector, scale=detector.scale * factor), own)
            return fitting.sides_of(looks[factor]) * detector.scale

        fits[str(name)] = found = fitting.fit(look, learned)
        look(found.factor)
        tables.append(looks[found.factor])
        logger.info("%s: %s", name, found.reason)
    boxes = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    return boxes.sort_values(["frame", "conf", "x0", "y0"], ascending=[True, False, True, True], kind="stable"), fits


def _write(boxes: pd.DataFrame, metadata: dict, output: Path) -> None:
    table = pa.Table.from_pandas(boxes[SCHEMA.names], SCHEMA, preserve_index=False)
    part = output.with_suffix(".part")
    pq.write_table(table.replace_schema_metadata({"rbcflow": json.dumps(metadata)}), part)
    part.replace(output)
