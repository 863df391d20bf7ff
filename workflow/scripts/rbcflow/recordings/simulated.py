"""Boxes of recordings whose truth is known: the study of ``bench/recordings.py`` and the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.recordings.places import DIRECTIONS

MIN_VISIBLE_PX = 4.0
"""A cell counts as soon as its visible part is this long, as in ``phantom.scene``."""


@dataclass(frozen=True)
class Setup:
    """A recording, and how well its cells are detected.

    Attributes:
        speed: of a cell on the axis, pixels a frame.
        spacing: mean free way between cells, pixels.
        cells: how many pass, about.
        width, height: of the frame, pixels, as for flow to the right.
        direction: of the flow.
        length, cell_height: means of the boxes, pixels; standard deviations are a fifth and a sixth of it.
        slope: part of the speed lost at the wall.
        scatter: standard deviation of cells' places across, as a part of the room they have: few are at the walls.
        misses: share of the boxes not found.
        jitter: standard deviation of a box's ends, pixels.
        false_boxes: mean number of boxes a frame where nothing is.
        merges: share of the time, in runs of ten frames, that touching neighbours get one box.
        lost: frames that the camera lost, by number, while numbers go on.
        uncounted: frames lost without a gap in the numbers.
        stuck: frames replaced by a copy of the one before.
        dirt: boxes found in the same place of nearly all frames.
    """

    speed: float
    spacing: float = 80.0
    cells: int = 60
    width: int = 400
    height: int = 80
    direction: str = "right"
    length: float = 40.0
    cell_height: float = 25.0
    slope: float = 0.8
    scatter: float = 0.4
    misses: float = 0.05
    jitter: float = 1.0
    false_boxes: float = 0.05
    merges: float = 0.2
    lost: tuple[int, ...] = ()
    uncounted: tuple[int, ...] = ()
    stuck: tuple[int, ...] = ()
    dirt: int = 0


@dataclass(frozen=True)
class Simulated:
    """A simulated recording.

    Attributes:
        boxes, frames, probe: as the stage before linking writes them.
        true: one row a visible cell: ``cell, velocity_px_frame, first, last`` (frame numbers), ``across``, ``found``
            (it has a box of its own in two frames, or in the one that shows it: nobody could follow the others).
        owner: (N,) number of the cell of each box, the first one's of a merged box, -1 of false ones.
    """

    boxes: pd.DataFrame
    frames: pd.DataFrame
    probe: dict[str, Any]
    true: pd.DataFrame
    owner: NDArray[np.int64]


def simulate(setup: Setup, seed: int = 0) -> Simulated:
    """Return a recording: a cell that catches up with one on its own way follows it, and passes one beside it."""
    rng = np.random.default_rng(seed)
    pitch = setup.spacing + setup.length
    taken = max(int(np.ceil((setup.cells * pitch - setup.width) / setup.speed)), 12)
    length = np.clip(rng.normal(setup.length, setup.length / 5, 4 * setup.cells + 20), 0.5 * setup.length, None)
    high = np.clip(rng.normal(setup.cell_height, setup.cell_height / 6, len(length)), 8, setup.height * 0.9)
    room = (setup.height - high) / 2 - 2
    offset = np.clip(rng.normal(0, setup.scatter, len(length)), -1, 1) * np.clip(room, 0, None)
    speed = setup.speed * (1 - setup.slope * (2 * offset / setup.height) ** 2) * rng.uniform(0.97, 1, len(length))
    nose = _noses(setup, length, offset, high, speed, taken, rng)
    kept = nose[:, 0] > -setup.speed * taken
    # lost frames pass unseen
    seen = np.setdiff1d(np.arange(taken), setup.uncounted)
    rows, owner = [], []
    for number, index in enumerate(seen):
        if number in setup.lost:
            continue
        source = seen[number - 1] if number in setup.stuck else index
        for rear, front, across, height, cell in _frame(
            setup, nose[kept, source], length[kept], offset[kept], high[kept], (seed, int(source))
        ):
            rows.append((number, *_corners(setup, rear, front, across, height)))
            owner.append(cell)
    boxes = _table(rows, rng)
    numbers = [number for number in range(len(seen)) if number not in setup.lost]
    shown = [int(seen[number - 1] if number in setup.stuck else seen[number]) for number in numbers]
    frames = pd.DataFrame(
        {"frame": numbers, "mean": 150.0, "std": 10.0, "saturated": 0.0, "sharpness": 30.0, "digest": map(str, shown)}
    )
    truth = _truth(setup, nose[kept], length[kept], offset[kept], dict(zip(numbers, shown, strict=True)))
    own = truth["cell"].map(pd.Series(owner, dtype="int64").value_counts()).fillna(0)
    truth["found"] = own >= np.minimum(truth["last"] - truth["first"] + 1, 2)
    return Simulated(boxes, frames, _probe(setup, len(numbers)), truth, np.array(owner, dtype=np.int64))


def _noses(
    setup: Setup, length: NDArray, offset: NDArray, high: NDArray, speed: NDArray, taken: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return (cells, frames) places of the cells' noses, pixels downstream, the foremost cell first."""
    gaps = rng.exponential(setup.spacing, len(length))
    start = setup.width * rng.uniform(0.5, 1.2) - np.concatenate([[0], np.cumsum(length + gaps)[:-1]])
    nose = start[:, None] + speed[:, None] * np.arange(taken)
    for i in range(1, len(nose)):
        for j in range(max(i - 12, 0), i):
            if abs(offset[i] - offset[j]) < 0.4 * (high[i] + high[j]):
                nose[i] = np.minimum(nose[i], nose[j] - length[j] - 1.0)
    return nose


def _frame(
    setup: Setup, nose: NDArray, length: NDArray, offset: NDArray, high: NDArray, key: tuple[int, int]
) -> list[tuple[float, float, float, float, int]]:
    """Return the boxes found in a frame: rear, nose, across, height, owner."""
    (seed, index), rng = key, np.random.default_rng(key)
    found: list[list] = []
    # random numbers are sampled for all cells, so that equal frames get equal boxes
    draws, ends = rng.random(len(nose)), rng.normal(0, setup.jitter, (len(nose), 4))
    merging = np.random.default_rng([seed, 1, index // 10]).random(len(nose)) < setup.merges
    for cell in np.flatnonzero((nose > MIN_VISIBLE_PX) & (nose - length < setup.width - MIN_VISIBLE_PX)):
        rear, front = max(nose[cell] - length[cell] + ends[cell, 0], 0), min(nose[cell] + ends[cell, 1], setup.width)
        middle, height = setup.height / 2 + offset[cell] + ends[cell, 2], high[cell] + ends[cell, 3]
        before = found[-1] if found else None
        touching = before is not None and before[4] == cell - 1 and before[0] - front < 3
        if touching and abs(before[2] - middle) < height / 2 and merging[cell]:
            found[-1] = [rear, before[1], (before[2] + middle) / 2, max(before[3], height), before[4]]
        elif draws[cell] >= setup.misses:
            found.append([rear, front, middle, height, cell])
    for _ in range(rng.poisson(setup.false_boxes)):
        rear = rng.uniform(0, setup.width - setup.length)
        found.append([rear, rear + setup.length, rng.uniform(0.3, 0.7) * setup.height, setup.cell_height, -1])
    for spot in range(setup.dirt):
        rear = (spot + 0.5) * setup.width / setup.dirt
        if rng.random() > 0.03:
            found.append([rear, rear + setup.length, 0.8 * setup.height, setup.cell_height, -1])
    return [tuple(box) for box in found]


def _corners(
    setup: Setup, rear: float, front: float, across: float, height: float
) -> tuple[float, float, float, float]:
    """Return a box in pixels of the frame."""
    axis, sign = DIRECTIONS[setup.direction]
    low, high = (rear, front) if sign > 0 else (setup.width - front, setup.width - rear)
    if axis == "x":
        return low, across - height / 2, high, across + height / 2
    return across - height / 2, low, across + height / 2, high


def _table(rows: list[tuple], rng: np.random.Generator) -> pd.DataFrame:
    """Return boxes with classes and scores: nine of ten have their cell's class, which goes by its place."""
    boxes = pd.DataFrame(rows, columns=["frame", "x0", "y0", "x1", "y1"]).astype({"frame": "int64"})
    conf = rng.uniform(0.6, 0.95, len(boxes))
    croissant = np.where(rng.random(len(boxes)) < 0.9, 0.8, 0.1) * conf
    return boxes.assign(
        **{"class": np.where(croissant > conf / 2, "croissant", "slipper"), "conf": conf, "cell": conf + 0.02},
        p_croissant=croissant,
        p_slipper=conf - croissant,
        p_other=0.02,
    )


def _truth(setup: Setup, nose: NDArray, length: NDArray, offset: NDArray, shown: dict[int, int]) -> pd.DataFrame:
    """Return the cells that are visible in a frame of the recording."""
    rows = []
    numbers, taken = np.array(list(shown)), np.array(list(shown.values()))
    for cell in range(len(nose)):
        visible = (nose[cell, taken] > MIN_VISIBLE_PX) & (
            nose[cell, taken] - length[cell] < setup.width - MIN_VISIBLE_PX
        )
        if visible.any():
            first, last = taken[visible][0], taken[visible][-1]
            span = max(last - first, 1)
            way = nose[cell, last] - nose[cell, first] if last > first else setup.speed
            rows.append((cell, way / span, numbers[visible][0], numbers[visible][-1], setup.height / 2 + offset[cell]))
    return pd.DataFrame(rows, columns=["cell", "velocity_px_frame", "first", "last", "across"])


def _probe(setup: Setup, n_frames: int) -> dict[str, Any]:
    """Return what the stage before would say of the recording."""
    flat = DIRECTIONS[setup.direction][0] == "x"
    width, height = (setup.width, setup.height) if flat else (setup.height, setup.width)
    return {
        "recording": "simulated",
        "file": "simulated.avi",
        "kind": "video",
        "n_frames": n_frames,
        "width": width,
        "height": height,
        "pixel_um": None,
        "fps": None,
        "condition": "",
        "pressure_mbar": None,
        "roi": None,
        "interlaced": False,
        "flow": None,
        "scale": None,
        "warnings": [],
    }
