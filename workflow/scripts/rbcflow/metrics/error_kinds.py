"""What went wrong, error by error: kinds and places (stage metrics).

The kinds are those of TIDE (Bolya et al. 2020, "TIDE: A General Toolbox for Identifying Object Detection Errors") at
the run's own overlap: ``classification`` (found, misnamed), ``localisation`` (the right class, badly placed), ``both``,
``duplicate`` (of a cell already found), ``background`` (nothing there) and ``missed`` (a true box no error points to).
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import iou_matrix
from rbcflow.core.frames import to_grey
from rbcflow.metrics.inputs import BOX
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.testsets.files import TestSet

KINDS = ("classification", "localisation", "both", "duplicate", "background", "missed")
FALSE_POSITIVES: dict[str, tuple[str, ...]] = {
    "second": ("duplicate",),
    "misplaced": ("localisation", "both"),
    "background": ("background",),
}
"""What the boxes in the matrix's row ``background`` are, by kinds: on a cell already found, overlapping one too little
(above ``NEAR``), or where there is none."""
NEAR = 0.1
"""Overlap below which a prediction has nothing to do with a true box, as in TIDE."""
PLACES = ("frame edge", "wall", "open")
COLUMNS = ["frame", "kind", "place", "true", "predicted", "conf", "iou", *BOX]
EDGE_PX = 2.0
"""A box this close to the left or right end of the frame touches it: cells enter and leave there."""
WALL_STEEPNESS = 6.0
"""How much steeper than usual a profile is at a wall."""
WALL_GREY = 1.5
"""Grey levels a row that a wall's step has at least."""
WALL_FRAMES = (5, 15)
"""Frames of a recording that its median image needs, and takes at most."""


def classify(
    matches: pd.DataFrame,
    truth: pd.DataFrame,
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    walls: dict[int, tuple[float, ...]],
    iou: float,
    *,
    named: bool = True,
) -> pd.DataFrame:
    """Return one row an error.

    Args:
        matches: hits, false positives and misses at the operating point, as ``Matching.at`` gives them.
        truth: true boxes.
        predictions: predicted boxes.
        frames: ``frame`` and ``width`` of every frame.
        walls: rows of a frame's image where a channel wall lies, by frame.
        iou: the run's overlap.
        named: whether classes are evaluated; else no error is one of class.

    Returns:
        Columns ``COLUMNS``, sorted by frame: the most confident false positive first, misses last. ``iou`` is the
        overlap with the true box the error points to; boxes are the prediction's, of a miss the true one's.
    """
    widths = frames.set_index("frame")["width"]
    true_boxes, boxes = (part[BOX].to_numpy(dtype=float) for part in (truth, predictions))
    true_rows = pd.DataFrame({"frame": truth["frame"].to_numpy()}).groupby("frame").indices
    classes = truth["class"].tolist()
    rows: list[tuple] = []
    ordered = matches.sort_values("frame", kind="stable").itertuples()
    for frame, group in groupby(ordered, key=attrgetter("frame")):
        near = true_rows.get(frame, np.empty(0, dtype=int))
        own, pointed = list(group), set()
        for match in (match for match in own if match.predicted != BACKGROUND):
            box = boxes[match.prediction_row]
            error = _of_prediction(match, box, true_boxes[near], [classes[row] for row in near], iou, named=named)
            if error is not None:
                kind, true, overlap, target = error
                pointed |= {near[target]} if kind in ("localisation", "both") else set()
                rows.append((frame, kind, true, match.predicted, match.conf, overlap, *box))
        for match in (match for match in own if match.predicted == BACKGROUND):
            if match.truth_row not in pointed:
                missed = true_boxes[match.truth_row]
                rows.append((frame, "missed", match.true, BACKGROUND, np.nan, np.nan, *missed))
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "place"])
    places = [
        _place(box, float(widths[frame]), walls.get(frame, ()))
        for frame, box in zip(table["frame"], table[BOX].to_numpy(dtype=float), strict=True)
    ]
    table = table.assign(place=pd.Series(places, dtype=object))[COLUMNS]
    return table.sort_values(["frame", "conf"], ascending=[True, False], kind="stable", ignore_index=True)


def _of_prediction(
    match: Any, box: NDArray[np.float64], boxes: NDArray[np.float64], classes: list[str], iou: float, *, named: bool
) -> tuple[str, str, float, int] | None:
    """Return kind, true class, overlap and the true box (its place in the frame) of a wrong prediction, else None."""
    if match.true != BACKGROUND:
        wrong = named and match.true != match.predicted
        return ("classification", match.true, match.iou, -1) if wrong else None
    overlap = iou_matrix(boxes, box[None])[:, 0] if len(boxes) else np.zeros(1)
    target = int(overlap.argmax())
    best = float(overlap[target])
    if best < NEAR:
        return "background", BACKGROUND, best, -1
    same = not named or classes[target] == match.predicted
    return _false_positive(best, iou, same=same), classes[target], best, target


def _false_positive(overlap: float, iou: float, *, same: bool) -> str:
    """Return the kind of a prediction near a true box that it did not find."""
    if overlap > iou:
        return "duplicate"
    return "localisation" if same else "both"


def _place(box: NDArray[np.float64], width: float, walls: tuple[float, ...]) -> str:
    """Return where in the frame a box lies; one that reaches from wall to wall lies on neither."""
    if box[0] <= EDGE_PX or box[2] >= width - EDGE_PX:
        return "frame edge"
    middle, quarter = (box[1] + box[3]) / 2, (box[3] - box[1]) / 4
    return "wall" if any(abs(row - middle) <= quarter for row in walls) else "open"


def wall_rows(images: list[NDArray[np.uint8]]) -> tuple[float, ...]:
    """Return the rows where horizontal channel walls lie, from frames of one recording.

    The median image has no cells; averaged along the channel it is a profile whose steepest place in the upper and in
    the lower half is a wall, if far steeper than the profile is elsewhere.

    Args:
        images: (H, W) uint8 of one size.

    Returns:
        None, one or two edges between rows, in pixels from the top, as boxes have them.
    """
    profile = np.median(np.stack(images), axis=0).mean(axis=1)
    steep = np.abs(np.diff(np.convolve(profile, np.ones(3) / 3, mode="valid")))
    if len(steep) < 8:
        return ()
    usual, middle = np.median(steep), len(steep) // 2
    # a wall between two rows is equally steep at three places of the smoothed profile, and lies at the middle one
    halves = ((0, steep[:middle]), (middle, steep[middle:]))
    rows = [start + np.flatnonzero(half > half.max() - 1e-9).mean() for start, half in halves]
    return tuple(float(row) + 2 for row in rows if steep[round(row)] > max(WALL_STEEPNESS * usual, WALL_GREY))


def walls_of(testset: TestSet) -> dict[int, tuple[float, ...]]:
    """Return the wall rows of every frame whose recording has frames enough to tell."""
    least, most = WALL_FRAMES
    found: dict[int, tuple[float, ...]] = {}
    for _, own in testset.frames.groupby(["recording", "height", "width"]):
        if len(own) >= least:
            chosen = own["frame"].iloc[np.linspace(0, len(own) - 1, min(most, len(own))).astype(int)]
            rows = wall_rows([to_grey(testset.image(frame)) for frame in chosen])
            found |= dict.fromkeys(own["frame"], rows)
    return found
