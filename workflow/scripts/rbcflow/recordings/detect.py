"""Boxes on every frame of a recording, streamed: rule ``detect_recording``.

Frames pass in batches from the file through the network into two tables, so that memory does not grow with the length.
"""

from __future__ import annotations

import copy
import itertools
import json
import logging
import queue
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.detector import fitting
from rbcflow.detector.fitting import Fit
from rbcflow.recordings import network, scales
from rbcflow.recordings.gauge import Gauge, look_at
from rbcflow.recordings.media import frames_of
from rbcflow.recordings.network import CORNERS, SHARES, CellFinder
from rbcflow.recordings.probe import frame_digest
from rbcflow.recordings.progress import shown
from rbcflow.recordings.scales import batch_size

logger = logging.getLogger(__name__)

BOXES = pa.schema(
    [
        ("frame", pa.int64()),
        ("class", pa.string()),
        *((name, pa.float64()) for name in ("conf", "cell", *SHARES, *CORNERS)),
    ]
)
FRAMES = pa.schema(
    [
        ("frame", pa.int64()),
        *((name, pa.float64()) for name in ("mean", "std", "saturated", "sharpness")),
        ("digest", pa.string()),
    ]
)
GROUP = 500
"""Frames whose rows are written at once."""


def detect(
    probe: dict[str, Any],
    finder: CellFinder,
    boxes: Path,
    frames: Path,
    *,
    detector: str,
    sha256: str,
    looks: dict[str, Any] | None = None,
    gauge: Gauge | None = None,
    workers: int = 1,
) -> None:
    """Write ``boxes.parquet`` and ``frames.parquet`` of a recording.

    Args:
        probe: the content of its ``probe.json``.
        finder: the network.
        boxes: file to write; its metadata under the key ``rbcflow`` say how the boxes were made.
        frames: file to write: grey levels, sharpness and digest of every frame.
        detector: its name, for the record.
        sha256: of the checkpoint, for the record.
        looks: how its training images look, for the record; None where that is not known.
        gauge: says what its boxes are worth, for the record; None where it has none.
        workers: batches that are looked at beside each other; more than one for processors, not for a GPU.

    Raises:
        InputError: a frame is broken, or the recording is not the one that was probed.
    """
    name = probe["recording"]
    scale = scales.choose(probe, finder)
    logger.info("%s: %s", name, scale.reason)
    count, found, capped, began = 0, 0, 0, time.monotonic()
    wanted, gauged = scales.places(probe) if gauge else set(), []
    with _Table(boxes, BOXES) as boxes_table, _Table(frames, FRAMES) as frames_table:
        progress = shown(frames_of(probe), f"{name}: detecting", probe["n_frames"])
        batches = _batches(progress, batch_size(probe, scale.factor))
        for number, image, table in _beside(finder, batches, scale.factor, workers):
            boxes_table.add(_placed(table, number, probe["roi"]))
            frames_table.add(pd.DataFrame([_described(number, image)]))
            if count in wanted:
                gauged.append(image)
            count, found, capped = count + 1, found + len(table), capped + (len(table) >= network.MOST)
        seconds = time.monotonic() - began
        if count != probe["n_frames"]:
            raise InputError(probe["file"], f"{count} frames", f"{probe['n_frames']}, as when it was probed")
        record = _record(probe, scale, finder, detector, sha256) | {
            "taken_px": finder.learned.taken,
            "looks": looks,
            "gauge": asdict(gauge.read([look_at(finder, image, scale.factor) for image in gauged])) if gauge else None,
            "frames": count,
            "boxes": found,
            "capped_frames": capped,
            "frames_per_second": round(count / seconds, 2),
        }
        boxes_table.describe(record)
        frames_table.describe({"recording": name, "frames": count})
    logger.info("%s: %d boxes on %d frames, %.1f frames/s", name, found, count, count / seconds)


def detect_nothing(probe: dict[str, Any], boxes: Path, frames: Path, *, detector: str, sha256: str) -> None:
    """Write the tables of a refused recording, none of whose frames is looked at: they have no rows."""
    with _Table(boxes, BOXES) as boxes_table, _Table(frames, FRAMES) as frames_table:
        record = {"recording": probe["recording"], "detector": detector, "sha256": sha256, "frames": 0, "boxes": 0}
        boxes_table.describe(record)
        frames_table.describe({"recording": probe["recording"], "frames": 0})


def _record(probe: dict[str, Any], scale: Fit, finder: CellFinder, detector: str, sha256: str) -> dict[str, Any]:
    """Return how the boxes of a recording are made."""
    return {
        "recording": probe["recording"],
        "digest": probe["digest"],
        "detector": detector,
        "sha256": sha256,
        "input": "grey",
        "scale": scale.factor,
        "fit": scale.as_dict(),
        "least_cell": finder.least,
        "iou": fitting.OVERLAP,
        "max_det": network.MOST,
    }


def _batches(frames: Iterator[tuple[int, NDArray]], size: int) -> Iterator[list[tuple[int, NDArray]]]:
    while batch := list(itertools.islice(frames, size)):
        yield batch


def _beside(
    finder: CellFinder, batches: Iterator[list[tuple[int, NDArray]]], factor: float, workers: int
) -> Iterator[tuple[int, NDArray, pd.DataFrame]]:
    """Yield number, image and boxes of every frame in order, while several batches are looked at beside each other.

    Each worker has a network of its own, as one keeps what depends on the size of its last input, and one processor
    thread: threads inside the network wait for each other at every layer, ten times slower where others compute too.
    """
    idle: queue.SimpleQueue[CellFinder] = queue.SimpleQueue()
    for _ in range(workers):
        idle.put(copy.deepcopy(finder) if workers > 1 else finder)

    def look(batch: list[tuple[int, NDArray]]) -> list[pd.DataFrame]:
        own = idle.get()
        try:
            return own.find([image for _, image in batch], factor)
        finally:
            idle.put(own)

    waiting: deque[tuple[list[tuple[int, NDArray]], Future]] = deque()
    with ThreadPoolExecutor(workers, initializer=network.one_thread) as pool:
        for batch in itertools.chain(batches, [None] * (workers + 1)):
            if batch:
                waiting.append((batch, pool.submit(look, batch)))
            if waiting and (batch is None or len(waiting) > workers):
                done, tables = waiting.popleft()
                yield from ((*frame, table) for frame, table in zip(done, tables.result(), strict=True))


def _placed(table: pd.DataFrame, number: int, roi: list[int] | None) -> pd.DataFrame:
    """Return boxes with their frame's number, in pixels of the frame as it was recorded."""
    if roi:
        table = table.assign(x0=table.x0 + roi[0], x1=table.x1 + roi[0], y0=table.y0 + roi[1], y1=table.y1 + roi[1])
    return table.assign(frame=number)


def _described(number: int, image: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the row of a frame in ``frames.parquet``.

    ``saturated`` is the share of pixels at the ends of the 8-bit range; in a 16-bit recording, which its levels fill,
    at most about 0.002 of a frame are there by its mapping.
    """
    return {
        "frame": number,
        "mean": float(image.mean()),
        "std": float(image.std()),
        "saturated": float(((image == 0) | (image == 255)).mean()),
        "sharpness": float(cv2.Laplacian(image, cv2.CV_32F).var()),
        "digest": frame_digest(0, image),
    }


def read_record(table: Path) -> dict[str, Any]:
    """Return how a ``boxes.parquet`` was made: detector, factor, thresholds, frames a second.

    Raises:
        InputError: no such file, or no table of this workflow.
    """
    try:
        return json.loads(pq.read_metadata(table).metadata[b"rbcflow"])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise InputError(table, f"no table that can be read ({error})", "boxes.parquet of a recording") from error


class _Table:
    """A parquet file that is written in groups of rows and appears when it is complete."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.part, self.schema = path, path.with_suffix(".part"), schema
        self.waiting: list[pd.DataFrame] = []

    def __enter__(self) -> _Table:
        self.writer = pq.ParquetWriter(self.part, self.schema)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()
        self.writer.close()
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink()

    def add(self, rows: pd.DataFrame) -> None:
        """Take rows; they are written when those of enough frames are there."""
        self.waiting.append(rows)
        if len(self.waiting) >= GROUP:
            self._write()

    def describe(self, record: dict[str, Any]) -> None:
        """Put a record into the file's metadata."""
        self.writer.add_key_value_metadata({"rbcflow": json.dumps(record)})

    def _write(self) -> None:
        filled = [rows for rows in self.waiting if len(rows)]
        if filled:
            rows = pd.concat(filled, ignore_index=True)
            self.writer.write_table(pa.Table.from_pandas(rows[self.schema.names], self.schema, preserve_index=False))
        self.waiting.clear()
