"""Whether a retrained detector is better on the frames that were held out (rule ``evaluate_retraining``).

Both detectors look at the frames as they would at a recording: at the factor that fits their cells, one box an object.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.metrics.average_precision import coco_ap, hits
from rbcflow.metrics.coco import average_precision
from rbcflow.recordings import scales
from rbcflow.recordings.media import frames_of
from rbcflow.recordings.network import CELL, CellFinder

LEAST = 0.001
"""Least sum of scores of a box that counts here: an average precision is taken over all thresholds."""

DRAWS = 1000
IOU = 0.5


@dataclass(frozen=True)
class Evaluated:
    """A detector on the held-out frames.

    Attributes:
        name: of the detector.
        map50, map50_95: mean average precision over the classes with true boxes; None where it names none.
        ap50: average precision of its boxes whatever their class.
        by_class: average precision at an overlap of 0.5 of each class with true boxes.
        factors: on the sides of the frames, by recording.
    """

    name: str
    map50: float | None
    map50_95: float | None
    ap50: float
    by_class: dict[str, float]
    factors: dict[str, float]


def look(finder: CellFinder, probes: list[dict[str, Any]], held: Mapping[str, list[int]]) -> tuple[pd.DataFrame, dict]:
    """Return what a detector finds on held-out frames, and the factor it looks at each recording with.

    Args:
        finder: the detector.
        probes: of the recordings that have such frames.
        held: numbers of the frames by recording.

    Returns:
        ``recording, frame, class, conf`` and corners in pixels of the whole frame; factors by recording.
    """
    found, factors = [], {}
    for probe in probes:
        name, wanted = probe["recording"], set(held[probe["recording"]])
        factors[name] = scales.choose(probe, finder).factor
        x, y = (probe["roi"] or (0, 0))[:2]
        for number, image in frames_of(probe):
            if number in wanted:
                table = replace(finder, least=LEAST).find([image], factors[name])[0]
                moved = {"x0": table.x0 + x, "x1": table.x1 + x, "y0": table.y0 + y, "y1": table.y1 + y}
                found.append(table.assign(**moved, recording=name, frame=number))
            if number >= max(wanted):
                break
    return pd.concat(found, ignore_index=True), factors


def evaluate(
    name: str, truth: pd.DataFrame, found: pd.DataFrame, held: Mapping[str, list[int]], factors: dict
) -> Evaluated:
    """Return how well boxes fit the truth on held-out frames.

    Args:
        name: of the detector.
        truth: ``recording, frame, class`` and corners in pixels.
        found: the same with ``conf``.
        held: numbers of the frames by recording.
        factors: by recording.
    """
    frames = pd.Series([_key(recording, number) for recording, own in held.items() for number in own])
    true, boxes = _keyed(truth), _keyed(found)
    anything = average_precision(true, boxes, frames, agnostic=True)["mean"].ap50
    if (boxes["class"] == CELL).any():
        return Evaluated(name, None, None, float(anything or 0), {}, factors)
    precision = average_precision(true, boxes, frames)
    by_class = {kind: precision[kind].ap50 for kind in CLASSES if precision[kind].ap50 is not None}
    mean = precision["mean"]
    return Evaluated(name, mean.ap50, mean.ap50_95, float(anything or 0), by_class, factors)


def _key(recording: str, number: int) -> str:
    return f"{recording}:{number}"


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with one key a frame, in falling confidence where there is one."""
    keys = [_key(*key) for key in zip(table["recording"], table["frame"], strict=True)]
    keyed = table.assign(frame=keys)
    return keyed.sort_values("conf", ascending=False, kind="stable") if "conf" in table else keyed


def measure(old: Evaluated, new: Evaluated) -> tuple[str, float, float]:
    """Return what decides, and its value before and after.

    It is the mean average precision at an overlap of 0.5; where the old detector names no classes, that of boxes.
    """
    if old.map50 is None or new.map50 is None:
        return "AP50 of boxes, whatever their class", old.ap50, new.ap50
    return "mAP50", old.map50, new.map50


def better(old: Evaluated, new: Evaluated) -> bool:
    """Return whether the new detector is kept: only if it is better; equal is not."""
    _, before, after = measure(old, new)
    return after > before


def difference(
    truth: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, held: Mapping[str, list[int]], *, named: bool
) -> tuple[float, float]:
    """Return the 95 % interval of after minus before, frames sampled with replacement (Efron and Tibshirani 1993).

    Args:
        truth, old, new: as in ``evaluate``.
        held: numbers of the frames by recording.
        named: whether classes count.
    """
    keys = [_key(recording, number) for recording, own in held.items() for number in own]
    sampled = np.random.default_rng(0).multinomial(len(keys), np.full(len(keys), 1 / len(keys)), size=DRAWS)
    apart = _means(truth, new, keys, sampled, named) - _means(truth, old, keys, sampled, named)
    apart = apart[~np.isnan(apart)]
    low, high = np.percentile(apart, [2.5, 97.5]) if len(apart) else (np.nan, np.nan)
    return float(low), float(high)


def _means(
    truth: pd.DataFrame, found: pd.DataFrame, keys: list[str], sampled: NDArray[np.int64], named: bool
) -> NDArray[np.float64]:
    """Return (B,) the average precision at an overlap of 0.5, mean over classes if they count, of resampled frames."""
    true, boxes = _keyed(truth), _keyed(found)
    hit = hits(true, boxes, np.array([IOU]), agnostic=not named)[:, 0]
    place = {key: number for number, key in enumerate(keys)}
    weights = sampled.astype(float)
    values = []
    for kind in CLASSES if named else (None,):
        own = (boxes["class"] == kind).to_numpy() if kind else np.ones(len(boxes), dtype=bool)
        real = true[true["class"] == kind] if kind else true
        columns = boxes["frame"].map(place).to_numpy(dtype=int)[own]
        n_true = weights[:, real["frame"].map(place).to_numpy(dtype=int)].sum(axis=1)
        values.append(coco_ap(boxes["conf"].to_numpy(dtype=float)[own], hit[own], n_true, weights[:, columns]))
    stacked = np.array(values)
    known = ~np.isnan(stacked)
    return np.divide(np.nansum(stacked, axis=0), known.sum(axis=0), out=np.full(len(sampled), np.nan),
                     where=known.any(axis=0))  # fmt: skip


def keep(candidate: Path, folder: Path) -> None:
    """Put a retrained detector in its place: a model folder like any other, the record last."""
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    for name in ("weights/last.pt", "weights/best.pt", "results.csv", "args.yaml", "training.json"):
        part = folder / f"{name}.part"
        shutil.copyfile(candidate / name, part)
        part.replace(folder / name)


CARD = """\
# {name}: {start} retrained on corrected frames of own recordings

**{verdict}**

| on the held-out frames | {start} | {name} |
|---|---|---|
{rows}

{decides} decides; after minus before is {apart:+.3f}, 95 % interval {interval} over resampled frames. Frames of one
block resemble each other, so the true interval is wider.

| | |
|---|---|
| learned from | {train} frames of the recordings ({train_parts} images of {side} px), {project} images of `{variant}` |
| epoch chosen on | {val} frames ({val_parts} images), of which epoch {best_epoch} of {epochs} was the best |
| held out | {held_frames}: {held_boxes} |
| left out | {dropped} frames that show cells of a later block |
| started from | `{start}`, sha256 `{start_sha256}` |
| size of cells | {side_seen} px as the network sees them |
| sha256 of `weights/best.pt` | `{sha256}` |
| licence | AGPL-3.0-or-later, as the project and Ultralytics |

Blocks of time are held out: the last {share:.0%} of a recording's corrected frames; those before them choose the epoch.
Other days, donors and channels than the corrected frames' are unknown ground. Not a diagnostic tool.
"""


def card(old: Evaluated, new: Evaluated, facts: Mapping[str, Any], *, kept: bool) -> str:
    """Return the card of a retraining as Markdown, with both numbers whatever came out."""
    decides, before, after = measure(old, new)
    numbers = [("mAP50", old.map50, new.map50), ("mAP50-95", old.map50_95, new.map50_95)]
    numbers += [("AP50 of boxes, whatever their class", old.ap50, new.ap50)]
    numbers += [(f"AP50 of {kind}", old.by_class.get(kind), new.by_class.get(kind)) for kind in CLASSES]
    rows = [f"| {label} | {_shown(one)} | {_shown(two)} |" for label, one, two in numbers if (one, two) != (None, None)]
    low, high = facts["interval"]
    interval = "not defined" if np.isnan(low) else f"[{low:+.3f}, {high:+.3f}]"
    words = {"name": new.name, "start": old.name, "verdict": verdict(old, new, kept=kept), "rows": "\n".join(rows)}
    return CARD.format(**words, decides=decides, apart=after - before, **{**facts, "interval": interval})


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


UNTOUCHED = 0.9995
"""Mean average precision over overlaps up to 0.95 from which on labels must be the detector's own boxes."""


def verdict(old: Evaluated, new: Evaluated, *, kept: bool) -> str:
    """Return the outcome in a sentence with both numbers."""
    decides, before, after = measure(old, new)
    numbers = f"{decides} on the held-out frames {before:.3f} before, {after:.3f} after"
    if kept:
        return f"Kept: {numbers}. Use it by detector={new.name}."
    said = f"Not kept: {numbers}. {old.name} stays the better detector."
    if old.map50_95 is None or old.map50_95 < UNTOUCHED:
        return said
    return (
        f"{said} The labels of the held-out frames are as {old.name} drew them, so nothing could be better; if you "
        "have not looked at these frames, correct them too, or leave them out."
    )
