"""Practice pictures for the segmentation networks (``simulate_practice``): small views with every cell's exact label.

Half of them come from phantoms of the laboratories, simulated anew with a seed of their own; the others show single
simulated cells under every optics the phantom knows, so that a network does not learn four instruments by heart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.frames import Frame, to_grey
from rbcflow.phantom.optics import expose, render
from rbcflow.phantom.population import sample_cell
from rbcflow.phantom.scene import draw_kind
from rbcflow.phantom.single import KINDS, random_optics
from rbcflow.phantom.truth import read_masks, read_objects
from rbcflow.phantom.walls import channel, random_walls
from rbcflow.segmentation.pictures import SIDE, scaled
from rbcflow.sources import layouts
from rbcflow.sources.phantoms import PHANTOMS

PRACTICE_SEED = 1_000_003
"""Added to the root seed for phantoms that are learned from."""

EMPTY_SHARE = 0.06
"""Share of pictures without a cell."""


def write_practice(path: Path, *, phantoms: Mapping[str, Mapping[str, Any]], per_layout: int, seed: int) -> None:
    """Draw practice pictures and write them as ``images`` and ``labels`` of an ``.npz``.

    Args:
        path: the file.
        phantoms: by layout, ``sizes`` (how much is simulated) and ``scale`` (by which networks see frames enlarged).
        per_layout: pictures of each laboratory's phantom; as many as of all of them together show simulated cells.
        seed: root seed; the phantoms are sampled with a seed derived from it that no recording has.
    """
    pairs = []
    for number, layout in enumerate(phantoms):
        rng = np.random.default_rng([seed, number, 1])
        pairs += [_window(*pair, rng) for pair in _chosen(layout, per_layout, seed, rng, **phantoms[layout])]
    rng = np.random.default_rng([seed, len(phantoms), 1])
    pairs += [_simulated(rng) for _ in range(per_layout * len(phantoms))]
    images, labels = zip(*pairs, strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, images=np.stack(images), labels=np.stack(labels))


def labelled_frames(layout: str, folder: Path) -> Iterator[tuple[Frame, NDArray[np.uint8]]]:
    """Yield the frames of a phantom that show a cell, with (H, W) uint8 labels, objects counting from 1."""
    reader = layouts.READERS[layout]
    for recording, table in read_objects(folder).groupby("recording", sort=True):
        masks = read_masks(folder, recording)
        rows = {frame: list(part.itertuples()) for frame, part in table.groupby("frame")}
        for frame in reader.read(folder, recording):
            if frame.index in rows:
                label = np.zeros(frame.image.shape[:2], dtype=np.uint8)
                for value, row in enumerate(rows[frame.index], start=1):
                    x0, y0, x1, y1 = (int(edge) for edge in (row.x0, row.y0, row.x1, row.y1))
                    label[y0:y1, x0:x1][masks[frame.index, row.object]] = value
                yield frame, label


def _chosen(
    layout: str, count: int, seed: int, rng: np.random.Generator, *, sizes: Mapping[str, Any], scale: float
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield (H, W) uint8 images and labels of frames of a laboratory's phantom simulated for practice, scaled."""
    with tempfile.TemporaryDirectory() as scratch:
        # recordings take the root seed itself as the first entry of theirs
        PHANTOMS[layout].write(Path(scratch), seed=seed + PRACTICE_SEED, **sizes)
        frames = list(labelled_frames(layout, Path(scratch)))
    for index in rng.choice(len(frames), count, replace=len(frames) < count):
        frame, label = frames[index]
        image = scaled(to_grey(frame.image), scale)
        yield image, cv2.resize(label, image.shape[::-1], interpolation=cv2.INTER_NEAREST)


def _window(
    image: NDArray[np.uint8], label: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a view of ``SIDE`` pixels near a random point of a random cell, inside the image if that is larger."""
    rows, columns = np.nonzero(label == rng.choice(np.unique(label[label > 0])))
    pick = int(rng.integers(rows.size))
    short = [max(SIDE - size, 0) for size in image.shape]
    padding = [(missing // 2, missing - missing // 2) for missing in short]
    image, label = np.pad(image, padding, mode="edge"), np.pad(label, padding)
    middle = np.array([rows[pick], columns[pick]]) + [before for before, _ in padding]
    corner = middle + rng.integers(-SIDE // 3, SIDE // 3 + 1, 2) - SIDE // 2
    y, x = np.clip(corner, 0, np.array(image.shape) - SIDE)
    view = np.s_[y : y + SIDE, x : x + SIDE]
    return image[view], np.unique(np.append(label[view], 0), return_inverse=True)[1][:-1].reshape(SIDE, SIDE).astype(
        np.uint8
    )


def _simulated(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a simulated view: a channel with or without walls, and up to three cells under one random optics."""
    walls = random_walls(SIDE, rng) if rng.random() < 0.6 else None
    ratio = channel(SIDE, SIDE, rng, walls=walls, contrast=rng.uniform(0.4, 1.2))
    label = np.zeros((SIDE, SIDE), dtype=np.uint8)
    first = _cell(rng)
    optics = random_optics(first, rng)
    count = 0 if rng.random() < EMPTY_SHARE else int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    for cell in [first, _cell(rng), _cell(rng)][:count]:
        patch = render(cell, optics, tuple(rng.uniform(0.15 * SIDE, 0.85 * SIDE, 2)))
        inside, there = _overlap(patch.x0, patch.y0, patch.mask.shape)
        if label[there][patch.mask[inside]].any():
            continue
        ratio[there] *= patch.ratio[inside]
        label[there][patch.mask[inside]] = label.max() + 1
    level = rng.uniform(80, 190)
    return expose(level * ratio, rng.uniform(0.05, 0.2), rng.uniform(0.6, 2.0), rng), label


def _cell(rng: np.random.Generator):
    """Return a random cell of a random class."""
    class_ = rng.choice(list(KINDS), p=[0.35, 0.35, 0.3])
    return sample_cell(draw_kind({class_: 1.0}, KINDS, rng), rng)


def _overlap(x0: int, y0: int, shape: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the part of a patch that lies in the view, and the part of the view it covers."""
    spans = []
    for start, size in ((y0, shape[0]), (x0, shape[1])):
        low, high = max(start, 0), min(start + size, SIDE)
        spans.append((slice(low - start, max(high, low) - start), slice(low, max(high, low))))
    return (spans[0][0], spans[1][0]), (spans[0][1], spans[1][1])
