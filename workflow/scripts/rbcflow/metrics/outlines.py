"""Extraction methods against exact masks (``score_segmentation``): found, missed, false positives, IoU, boundary F1.

Every whole true cell of the sampled frames counts once; a missed one has IoU 0. Cells that the frame's edge cuts are
neither asked for nor held against a method.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.bank import touches_edge
from rbcflow.cells.cut import METHODS, Job
from rbcflow.cells.outline import Outlined
from rbcflow.core.errors import InputError
from rbcflow.phantom.truth import read_masks, read_objects
from rbcflow.sources.layouts import READERS, recordings
from rbcflow.sources.record import SourceRecord

FOUND_FROM = 0.5
"""IoU from which a true cell is found."""

TOLERANCE_PX = 1.5
"""Distance within which a boundary pixel counts as met: the pixel itself and its eight neighbours."""

COLUMNS = ["recording", "frame", "object", "class", "kind", "iou", "boundary_f1", "area_px", "found_px"]
Key = tuple[str, int]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """A true object: (H, W) mask of the frame, class, kind, and whether it is asked for (not cut by the edge)."""

    number: int
    class_: str
    kind: str
    mask: Mask
    asked: bool


@dataclass(frozen=True)
class Scored:
    """A method on one source: a row of ``COLUMNS`` for each true cell, and the summary."""

    table: pd.DataFrame
    summary: dict[str, Any]


def score(method: str, job: Job, source: SourceRecord, *, frames: int) -> Scored:
    """Run a method on a sample of a source's frames and compare it with truth.

    Truth is the phantom's; of the public recordings it is the masks stored by the instrument, which has them of
    recorded events alone, so that nothing can be called a false positive there.

    Args:
        method: a key of ``cells.cut.METHODS``.
        job: layout, source, files and networks; the sample takes the place of its ``wanted``.
        source: the record of the source, which says whether it has exact truth.
        frames: largest size of the sample, evenly spaced over the source's sorted frames.

    Returns:
        The cells; and counts, median, 10th and 90th percentile of IoU and median boundary F1, all and by class, and
        milliseconds a frame.

    Raises:
        InputError: the source has no truth.
    """
    if not source.exact_truth and not hasattr(READERS[job.layout], "stored_masks"):
        raise InputError(job.folder, "no truth", "a phantom, or public recordings with stored masks")
    wanted = sample(method, job.layout, job.folder, frames)
    truths = _truths(job.layout, job.folder, wanted)
    rows, false_positives, seconds = [], 0, []
    # networks are loaded here, before the clock starts
    outlined = METHODS[method](replace(job, wanted=lambda recording, index: (recording, index) in wanted))
    started = time.perf_counter()
    for item in outlined:
        seconds.append(time.perf_counter() - started)
        key = (item.frame.recording, item.frame.index)
        truth = truths(key, item.frame.image.shape[:2])
        scored, extra = compare(item, truth)
        rows += scored
        false_positives += extra
        started = time.perf_counter()
    table = pd.DataFrame(rows, columns=COLUMNS)
    summary = {
        "method": method, "source": job.source, "origin": source.origin, "status": "available",
        "n_frames": len(seconds),
        "found_from_iou": FOUND_FROM, "boundary_tolerance_px": TOLERANCE_PX,
        "false_positives": None if hasattr(READERS[job.layout], "stored_masks") else false_positives,
        "milliseconds_a_frame": round(1000 * sum(seconds) / max(len(seconds), 1), 2),
        **summarised(table), "classes": {name: summarised(part) for name, part in table.groupby("class", sort=True)},
    }  # fmt: skip
    return Scored(table, summary)


def unavailable(method: str, source: SourceRecord) -> Scored:
    """Return a method on a source that cannot be had: no cells, and why."""
    empty = pd.DataFrame(columns=COLUMNS)
    summary = {"method": method, "source": source.source, "origin": source.origin, "status": source.status,
               "reason": source.reason, "n_frames": 0, "false_positives": None, "milliseconds_a_frame": None,
               **summarised(empty), "classes": {}}  # fmt: skip
    return Scored(empty, summary)


def write(scored: list[Scored], folder: Path) -> None:
    """Write the cells of all sources to ``objects.csv`` and the summaries, under ``sources``, to ``summary.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [one.table.assign(source=one.summary["source"]) for one in scored]
    cells = pd.concat([table for table in tables if len(table)] or tables[:1])
    cells.round(4).to_csv(folder / "objects.csv", index=False, columns=["source", *COLUMNS])
    summaries = {"sources": [one.summary for one in scored]}
    (folder / "summary.json").write_text(json.dumps(summaries, indent=1) + "\n", encoding="utf-8")


def summarised(table: pd.DataFrame) -> dict[str, Any]:
    """Return counts and percentiles of scored true cells; percentiles are None where there are none."""
    iou = table["iou"].to_numpy(dtype=float)
    quantiles = dict.fromkeys(("iou_p10", "iou_median", "iou_p90", "boundary_f1_median"))
    if len(iou):
        for name, share in (("iou_p10", 10), ("iou_median", 50), ("iou_p90", 90)):
            quantiles[name] = round(float(np.percentile(iou, share)), 4)
        quantiles["boundary_f1_median"] = round(float(table["boundary_f1"].median()), 4)
    found = int((iou >= FOUND_FROM).sum())
    return {"n_cells": len(iou), "found": found, "missed": len(iou) - found, **quantiles}


def sample(method: str, layout: str, folder: Path, frames: int) -> set[Key]:
    """Return the frames a method is evaluated on: of those with truth, evenly spaced.

    Args:
        method: decides which of a source's frames it can take.
        layout: of the source.
        folder: its files.
        frames: most frames.
    """
    keys = _candidates(method, layout, folder)
    if len(keys) > frames:
        keys = [keys[index] for index in np.linspace(0, len(keys) - 1, frames).round().astype(int)]
    return set(keys)


def _candidates(method: str, layout: str, folder: Path) -> list[Key]:
    reader = READERS[layout]
    if hasattr(reader, "stored_masks"):
        return [(rec, index) for rec in reader.recordings(folder) for index in reader.frame_numbers(folder, rec)]
    if method == "polygon":
        return [(frame.recording, frame.index) for frame in reader.annotated_frames(folder)]
    table = read_objects(folder)[["recording", "frame"]].drop_duplicates()
    keys = sorted((str(recording), int(frame)) for recording, frame in table.itertuples(index=False))
    if not hasattr(reader, "crop_files"):
        return keys
    videos, read = set(reader.recordings(folder)), set(recordings(layout, folder))
    if method == "segmented_crop":
        return [key for key in keys if key[0] not in read]
    allowed = videos if method == "background" else read
    return [key for key in keys if key[0] in allowed]


def _truths(layout: str, folder: Path, wanted: set[Key]):
    """Return a function that gives the true objects of a frame of the given (height, width)."""
    if stored := getattr(READERS[layout], "stored_masks", None):
        return lambda key, shape: _stored(stored(folder, *key))
    objects = dict(list(read_objects(folder).groupby(["recording", "frame"])))
    masks = {recording: read_masks(folder, recording) for recording in sorted({recording for recording, _ in wanted})}

    def of_frame(key: Key, shape: tuple[int, int]) -> list[Truth]:
        return [_true_object(row, masks[key[0]], shape) for row in objects.get(key, pd.DataFrame()).itertuples()]

    return of_frame


def _true_object(row: Any, masks: dict[tuple[int, int], Mask], shape: tuple[int, int]) -> Truth:
    """Return one object of a phantom's truth."""
    whole = np.zeros(shape, dtype=bool)
    whole[int(row.y0) : int(row.y1), int(row.x0) : int(row.x1)] = masks[row.frame, row.object]
    return Truth(row.object, row._4, row.kind, whole, not row.touches_edge)


def _stored(masks: list[NDArray[np.bool_]]) -> list[Truth]:
    """Return the masks the instrument stored with the events of a frame."""
    truths = []
    for number, mask in enumerate(masks):
        rows, columns = np.nonzero(mask)
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        truths.append(Truth(number, "", "stored", mask, not touches_edge(box, mask.shape[1], mask.shape[0])))
    return truths


def compare(item: Outlined, truths: list[Truth]) -> tuple[list[tuple], int]:
    """Match what a method found in a frame with the true objects, best overlap first.

    Args:
        item: frame and found objects.
        truths: the frame's true objects.

    Returns:
        A row of ``COLUMNS`` for each true object that is asked for, and the number of false positives: whole found
        ones that lie by less than half on any true object.
    """
    found = [f for f in item.found if f.mask.any()]
    overlap = np.array([[np.count_nonzero(f.mask & t.mask) for f in found] for t in truths]).reshape(
        len(truths), len(found)
    )
    sizes = np.array([np.count_nonzero(f.mask) for f in found], dtype=float)
    area = np.array([np.count_nonzero(t.mask) for t in truths], dtype=float)
    iou = overlap / np.maximum(area[:, None] + sizes[None, :] - overlap, 1)
    partner: dict[int, int] = {}
    for place in np.argsort(-iou, axis=None, kind="stable"):
        row, column = np.unravel_index(place, iou.shape)
        if iou[row, column] > 0 and row not in partner and column not in partner.values():
            partner[int(row)] = int(column)
    rows = []
    for number, truth in enumerate(truths):
        if truth.asked:
            match = partner.get(number)
            mask = np.zeros_like(truth.mask) if match is None else found[match].mask
            value = 0.0 if match is None else float(iou[number, match])
            rows.append(
                (item.frame.recording, item.frame.index, truth.number, truth.class_, truth.kind, value,
                 boundary_f1(mask, truth.mask), int(area[number]), int(np.count_nonzero(mask)))
            )  # fmt: skip
    covered = overlap.max(axis=0, initial=0) / np.maximum(sizes, 1)
    whole = np.array([not f.touches_edge for f in found], dtype=bool)
    return rows, int(np.count_nonzero(whole & (covered < 0.5)))


def boundary_f1(found: Mask, truth: Mask) -> float:
    """Return the harmonic mean of the shares of both boundaries that lie within ``TOLERANCE_PX`` of the other one.

    Csurka, Larlus, Perronnin: What is a good evaluation measure for semantic segmentation? (BMVC 2013).

    Args:
        found: (H, W) bool.
        truth: (H, W) bool.
    """
    if not found.any() or not truth.any():
        return 0.0
    edges = [_boundary(mask) for mask in (found, truth)]
    far = [cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for edge in edges]
    precision = float((far[1][edges[0]] <= TOLERANCE_PX).mean())
    recall = float((far[0][edges[1]] <= TOLERANCE_PX).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: Mask) -> Mask:
    """Return the pixels of a mask with a neighbour outside it; the frame's edge is outside."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return mask & ~cv2.erode(padded, np.ones((3, 3), np.uint8))[1:-1, 1:-1].astype(bool)
