"""The files of a test set: written by the builders in ``testsets``, read by the stages from ``predictions`` on."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.core.images import png_size
from rbcflow.core.tables import read_csv, read_object, refuse_rows
from rbcflow.testsets.labels import Labels

FRAME_COLUMNS = ("frame", "path", "donor", "recording", "index", "condition", "width", "height", "label")
TRUTH_COLUMNS = ("frame", "class", "x0", "y0", "x1", "y1", "kind")

META_KEYS = ("name", "status", "reason", "source", "origin", "labels", "classes_evaluated", "fingerprint")
"""Keys of ``testset.json`` that later stages read."""

Box = tuple[float, float, float, float]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrueBox:
    """One true object: class name, half-open corners in pixels of the frame, and kind (``single``, ``edge``, ...)."""

    class_: str
    box: Box
    kind: str


Labelled = tuple[Frame, list[TrueBox]]


@dataclass(frozen=True)
class TestSet:
    """A test set on disk.

    Attributes:
        folder: where it lies.
        meta: ``testset.json``.
        frames: columns ``FRAME_COLUMNS``, one row a frame, ``frame`` counting from 0; ``label`` is the class a
            laboratory sorted a picture of one cell under, empty for frames of recordings.
        truth: columns ``TRUTH_COLUMNS``, one row a box.
    """

    # Keeps pytest from collecting the class by its name.
    __test__ = False

    folder: Path
    meta: dict[str, Any]
    frames: pd.DataFrame
    truth: pd.DataFrame

    @property
    def available(self) -> bool:
        """Whether there are frames to evaluate on."""
        return self.meta["status"] == "available"

    def image(self, frame: int) -> NDArray[np.uint8]:
        """Return a frame, (H, W) or (H, W, 3) R, G, B uint8; raises InputError where its file does not read."""
        return read_image(self._paths[frame])

    @cached_property
    def _paths(self) -> dict[int, Path]:
        return {
            frame: self.folder / path for frame, path in zip(self.frames["frame"], self.frames["path"], strict=True)
        }

    def require_images(self) -> None:
        """Look at every image's header before anything is computed on the first one.

        Raises:
            InputError: an image is missing, no PNG, or of another size than ``frames.csv`` says.
        """
        for row in self.frames.itertuples():
            path, where = self.folder / row.path, f"frame {row.frame}"
            if not path.is_file():
                raise InputError(path, "no such file", "an image of a test set", where=where)
            if (found := png_size(path)) != (row.width, row.height):
                stated = f"{row.width}x{row.height} as in frames.csv"
                raise InputError(path, f"{found[0]}x{found[1]} pixels", stated, where=where)


def write_testset(
    folder: Path,
    labelled: Iterable[Labelled],
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    labels: Labels,
    classes_evaluated: str,
    paths: Sequence[str] | None = None,
    unlabelled: int | None = None,
) -> TestSet:
    """Write a test set, one frame at a time.

    Args:
        folder: is created.
        labelled: frames with their true boxes.
        name: of the test set.
        source: a key of ``config/sources.yaml``, or a variant.
        origin: ``phantom``, ``raw``, ``public``, or several.
        labels: where the true boxes come from; a member or its value.
        classes_evaluated: ``true``, ``proxy`` or ``false``.
        paths: where the images already lie, relative to the folder; None writes them to ``images/``.
        unlabelled: how many frames have no label file and are taken to show nothing; None where that cannot be.

    Returns:
        The test set as written. Its fingerprint is the sha256 over all frames' shapes and pixels and ``truth.csv``.
    """
    # Images of an earlier, longer set must not lie beside the new ones.
    shutil.rmtree(folder / "images", ignore_errors=True)
    digest, frames, truth = hashlib.sha256(), [], []
    for number, (frame, boxes) in enumerate(labelled):
        path = paths[number] if paths is not None else f"images/{number:05d}.png"
        if paths is None:
            write_image(folder / path, frame.image)
        digest.update(repr(frame.image.shape).encode() + frame.image.tobytes())
        place = (number, path, frame.donor, frame.recording, frame.index, frame.condition)
        frames.append((*place, *frame.size, frame.label))
        truth += [(number, box.class_, *(round(value, 3) for value in box.box), box.kind) for box in boxes]
    if not frames:
        return write_unavailable(folder, name=name, source=source, reason="no frame of the recordings fits it")
    digest.update(pd.DataFrame(truth, columns=TRUTH_COLUMNS).to_csv(index=False).encode())
    meta = _meta(name, source) | {"status": "available", "origin": list(origin), "labels": Labels(labels)}
    meta |= {"classes_evaluated": classes_evaluated, "fingerprint": digest.hexdigest()}
    meta |= {} if unlabelled is None else {"n_unlabelled": unlabelled}
    return _finish(folder, meta, frames, truth)


def write_unavailable(folder: Path, *, name: str, source: str, reason: str) -> TestSet:
    """Write a test set that cannot be had: no frames, and the reason in ``testset.json`` and as a warning."""
    log.warning("%s has no frame to evaluate on: %s", name, reason)
    meta = _meta(name, source) | {"reason": reason}
    return _finish(folder, meta, [], [])


def read_testset(folder: Path) -> TestSet:
    """Read a test set.

    Raises:
        InputError: a file is absent or broken, lacks a key or column, a frame is there twice, or a box refers to none.
    """
    meta = read_object(folder / "testset.json", "a test set", META_KEYS)
    text = dict.fromkeys(("path", "donor", "recording", "condition", "class", "kind", "label"), str)
    tables = []
    for file, columns in (("frames.csv", FRAME_COLUMNS), ("truth.csv", TRUTH_COLUMNS)):
        tables.append(read_csv(folder / file, "a table of a test set", columns, dtype=text, keep_default_na=False))
    frames, truth = tables
    refuse_rows(folder / "frames.csv", frames, frames["frame"].duplicated(), "frame", "each frame once")
    if stray := sorted(set(truth["frame"]) - set(frames["frame"])):
        raise InputError(folder / "truth.csv", f"frame {stray[0]}", "frames of frames.csv")
    return TestSet(folder, meta, frames, truth)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) grey or (H, W, 3) R, G, B uint8; raises InputError where that is not possible."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if image is None:
        raise InputError(path, "no readable picture", "an image of a test set")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write (H, W) grey or (H, W, 3) R, G, B uint8 as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # cv2.imwrite says nothing where the disk is full
    path.write_bytes(cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])


def _meta(name: str, source: str) -> dict[str, Any]:
    """Return ``testset.json`` of a set without frames, in the order of its keys."""
    return {
        "name": name, "status": "unavailable", "reason": None, "source": source, "origin": [], "labels": None,
        "classes_evaluated": "false", "n_frames": 0, "n_boxes": 0, "fingerprint": None,
    }  # fmt: skip


def _finish(folder: Path, meta: dict[str, Any], frames: list[tuple], truth: list[tuple]) -> TestSet:
    """Write the tables and the description, and return the test set as it reads back."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    meta |= {"n_frames": len(frames), "n_boxes": len(truth)}
    pd.DataFrame(frames, columns=FRAME_COLUMNS).to_csv(folder / "frames.csv", index=False)
    pd.DataFrame(truth, columns=TRUTH_COLUMNS).to_csv(folder / "truth.csv", index=False)
    (folder / "testset.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
    return read_testset(folder)
