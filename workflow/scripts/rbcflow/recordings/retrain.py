"""A detector trained on from corrected frames, and whether it is kept (rules of ``retraining.smk``).

Frames are divided in time: the last block of a recording is held out, the one before chooses the epoch, the
first is learned from. Neighbouring frames show the same cells, so frames within a cell's passage of a later block are
left out. All cells are brought to the size that the detector knows, and every image is as wide as the network's input,
so that nothing is scaled on its way into the training.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from rbcflow.core.boxes import FloatArray, area, clip, to_yolo
from rbcflow.core.classes import CLASS_ID, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.yolo import label_file, read_labels
from rbcflow.detector.fitting import NEAR
from rbcflow.detector.sizes import PADDING, resized
from rbcflow.recordings.corrected import Corrected
from rbcflow.recordings.network import CORNERS
from rbcflow.recordings.places import field_of

SIDE = 224
"""Width of the images that are learned from, pixels; what the starter was trained at."""

SHARES = {"held": 0.3, "val": 0.15}
"""Parts of a recording's corrected frames that evaluate, and that choose the epoch."""

LEAST_BOXES = 10
"""Fewest true boxes on the held-out frames: with fewer, chance decides."""

SHARED = 48
"""Pixels that neighbouring parts of a frame share: a cell is whole in one of them."""

VISIBLE = 0.4
"""Least part of a box's area inside a part of a frame for it to be learned from there."""

PASSES, FEWEST, MOST_EPOCHS = 3200, 8, 30
"""Images shown in all, and bounds on the epochs that makes."""

OVERRIDES: Mapping[str, Any] = {
    "optimizer": "AdamW", "lr0": 0.001, "momentum": 0.9, "warmup_epochs": 1.0, "close_mosaic": 5, "freeze": 10,
}  # fmt: skip
"""Training arguments: a low rate, and the layers that know edges and blobs stay as they are."""


@dataclass(frozen=True)
class Blocks:
    """Corrected frames by what they are for; ``dropped`` show cells of a later block."""

    train: tuple[Corrected, ...]
    val: tuple[Corrected, ...]
    held: tuple[Corrected, ...]
    dropped: tuple[Corrected, ...]


@dataclass(frozen=True)
class Part:
    """An image to learn from: (H, ``SIDE``) uint8 grey, its boxes in pixels, and their classes."""

    image: NDArray[np.uint8]
    boxes: FloatArray
    classes: tuple[str, ...]


def blocks(frames: list[Corrected], passages: Mapping[str, int]) -> Blocks:
    """Divide corrected frames in time.

    Args:
        frames: sorted by recording and number.
        passages: frames that a cell takes through the field, by recording.

    Raises:
        InputError: too few frames or boxes to learn from and to evaluate on.
    """
    found: dict[str, list[Corrected]] = {"train": [], "val": [], "held": [], "dropped": []}
    for name in dict.fromkeys(frame.recording for frame in frames):
        own = [frame for frame in frames if frame.recording == name]
        n_held = max(round(SHARES["held"] * len(own)), int(len(own) > 2))
        n_val = round(SHARES["val"] * len(own))
        held, rest = own[len(own) - n_held :], own[: len(own) - n_held]
        val, train = rest[len(rest) - n_val :], rest[: len(rest) - n_val]
        for kind, block, later in (("train", train, val or held), ("val", val, held)):
            for frame in block:
                clear = not later or frame.number + passages[name] <= later[0].number
                found[kind if clear else "dropped"].append(frame)
        found["held"] += held
    if not found["val"] and len(found["train"]) > 1:
        last = found["train"].pop()
        near = [
            frame
            for frame in found["train"]
            if frame.recording == last.recording and frame.number + passages[last.recording] > last.number
        ]
        found["train"] = [frame for frame in found["train"] if frame not in near]
        found["val"], found["dropped"] = [last], found["dropped"] + near
    boxes = {kind: sum(len(frame.boxes) for frame in own) for kind, own in found.items()}
    if boxes["held"] < LEAST_BOXES or not boxes["train"] or not boxes["val"]:
        counted = ", ".join(
            f"{len(found[kind])} frames with {boxes[kind]} boxes {text}" for kind, text in KINDS.items()
        )
        raise InputError(frames[0].file, counted, f"some of each, and {LEAST_BOXES} boxes to evaluate on: correct more")
    return Blocks(**{kind: tuple(own) for kind, own in found.items()})


KINDS = {"train": "to learn from", "val": "to choose the epoch by", "held": "to evaluate on"}


def passage(flow: Mapping[str, Any], probe: Mapping[str, Any]) -> int:
    """Return how many frames a cell takes through the field, 0 where its speed is not known."""
    if not flow.get("linkable") or not flow.get("px_frame"):
        return 0
    x0, y0, x1, y1 = field_of(probe)
    length = x1 - x0 if flow["direction"] in ("right", "left") else y1 - y0
    return int(np.ceil(length / flow["px_frame"]))


def factor(frames: list[Corrected], side: float, scale: float | None) -> float:
    """Return the factor that brings a recording's true cells to the size a detector knows.

    Args:
        frames: of one recording.
        side: of the cells the detector learned from, pixels as it saw them.
        scale: of the sheet, which wins.
    """
    if scale:
        return float(scale)
    boxes = np.concatenate([frame.boxes for frame in frames])
    if not len(boxes):
        return 1.0
    found = side / float(np.median(np.sqrt(area(boxes))))
    return 1.0 if 1 / NEAR <= found <= NEAR else found


def inside(frame: Corrected, field: tuple[float, float, float, float]) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the true boxes in a region of interest, in its pixels, and their classes; what is mostly outside is not.

    Args:
        frame: with boxes in pixels of the whole frame.
        field: ``x0, y0, x1, y1`` of the region.
    """
    x0, y0, x1, y1 = field
    moved = frame.boxes - np.array([x0, y0, x0, y0])
    boxes = clip(moved, int(x1 - x0), int(y1 - y0))
    kept = area(boxes) >= VISIBLE * area(moved)
    return boxes[kept], tuple(name for name, own in zip(frame.classes, kept, strict=True) if own)


def parts(image: NDArray[np.uint8], boxes: FloatArray, classes: tuple[str, ...], scale: float) -> list[Part]:
    """Cut a frame into images to learn from, cells being brought to another size first.

    Args:
        image: (H, W) uint8 grey.
        boxes: (N, 4) corners in its pixels.
        classes: N names.
        scale: factor on both sides.

    Returns:
        Images as wide as the network's input and at most as high; narrower frames are padded. Those without a box
        follow those with one, at most as many.
    """
    height, width = image.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    large = resized(image, size)
    boxes = boxes * (np.array(size * 2) / (width, height, width, height))
    found = [_part(large, boxes, classes, x, y) for y in _starts(size[1]) for x in _starts(size[0])]
    filled, empty = ([part for part in found if bool(len(part.boxes)) is full] for full in (True, False))
    return [*filled, *empty[: max(len(filled), 1)]]


def _starts(length: int) -> list[int]:
    """Return where the parts of a side begin."""
    if length <= SIDE:
        return [0]
    count = int(np.ceil((length - SHARED) / (SIDE - SHARED)))
    return np.linspace(0, length - SIDE, count).round().astype(int).tolist()


def _part(image: NDArray[np.uint8], boxes: FloatArray, classes: tuple[str, ...], x: int, y: int) -> Part:
    """Return the part of a frame that begins at a place, padded to the right where the frame is narrower."""
    own = image[y : y + SIDE, x : x + SIDE]
    moved = boxes - np.array([x, y, x, y])
    cut = clip(moved, own.shape[1], own.shape[0])
    kept = area(cut) >= VISIBLE * area(moved)
    padded = cv2.copyMakeBorder(own, 0, 0, 0, SIDE - own.shape[1], cv2.BORDER_CONSTANT, value=PADDING)
    return Part(padded, cut[kept], tuple(name for name, keep in zip(classes, kept, strict=True) if keep))


def of_project(shard: Path, side: float, count: int) -> Iterator[Part]:
    """Yield images of the project's own, evenly taken, again from the first where there are fewer than asked for.

    Args:
        shard: folder with ``images`` and ``labels``.
        side: their cells are brought to, root of width times height in pixels.
        count: how many images.
    """
    files = sorted((shard / "images").glob("*.png"))
    chosen = [files[place] for place in np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)]
    pictures = {file: (cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), *_labels(file)) for file in chosen}
    sides = [np.sqrt(area(boxes)) for _, boxes, _ in pictures.values()]
    scale = side / float(np.median(np.concatenate(sides)))
    taken = 0
    while taken < count:
        for image, boxes, classes in pictures.values():
            for part in parts(image, boxes, classes, scale)[: count - taken]:
                yield part
                taken += 1


def _labels(image: Path) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the boxes in pixels and the classes of an image of a dataset."""
    labels = read_labels(label_file(image))
    height, width = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE).shape
    return labels.corners(width, height), tuple(CLASSES[number] for number in labels.ids)


def write(folder: Path, own: Mapping[str, list[Part]], project: list[Part]) -> None:
    """Write the images to learn from: ``data.yaml``, lists, images, labels and ``fingerprint.txt``.

    Args:
        folder: what is there is replaced.
        own: images of own frames under ``train`` and ``val``.
        project: images that are mixed into ``train``.
    """
    shutil.rmtree(folder, ignore_errors=True)
    digest = hashlib.sha256()
    for split, images in (("train", [*own["train"], *project]), ("val", own["val"])):
        for name in ("images", "labels"):
            (folder / split / name).mkdir(parents=True)
        names = []
        for number, part in enumerate(images):
            rows = to_yolo(part.boxes, part.image.shape[1], part.image.shape[0])
            label = "".join(
                f"{CLASS_ID[name]} {' '.join(f'{value:.6f}' for value in row)}\n"
                for name, row in zip(part.classes, rows, strict=True)
            )
            cv2.imwrite(str(folder / split / "images" / f"{number:05d}.png"), part.image)
            (folder / split / "labels" / f"{number:05d}.txt").write_text(label, encoding="utf-8")
            digest.update(part.image.tobytes() + label.encode())
            names.append(f"./{split}/images/{number:05d}.png\n")
        (folder / f"{split}.txt").write_text("".join(names), encoding="utf-8")
    described = {split: f"{split}.txt" for split in ("train", "val")} | {"names": dict(enumerate(CLASSES))}
    (folder / "data.yaml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    (folder / "fingerprint.txt").write_text(f"{digest.hexdigest()}\n", encoding="utf-8")


def epochs(images: int) -> int:
    """Return how many passes over so many images are made."""
    return int(np.clip(-(-PASSES // max(images, 1)), FEWEST, MOST_EPOCHS))


def truth(frames: list[Corrected], fields: Mapping[str, tuple[float, float, float, float]]) -> pd.DataFrame:
    """Return the true boxes of held-out frames, in pixels of the whole frame, cut to the regions of interest.

    Args:
        frames: held out.
        fields: regions of interest by recording.
    """
    rows = []
    for frame in frames:
        x0, y0, *_ = field = fields[frame.recording]
        boxes, classes = inside(frame, field)
        for name, box in zip(classes, boxes + np.array([x0, y0, x0, y0]), strict=True):
            corners = dict(zip(CORNERS, box.tolist(), strict=True))
            rows.append({"recording": frame.recording, "frame": frame.number, "class": name} | corners)
    return pd.DataFrame(rows, columns=["recording", "frame", "class", *CORNERS])


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
