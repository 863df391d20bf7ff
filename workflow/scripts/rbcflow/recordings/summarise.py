"""Cells and what recordings say, as tables (rules ``summarise_recording`` and ``summarise_recordings``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rbcflow.classes import CLASSES
from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.motion import motion
from rbcflow.recordings.units import Units, units

MIN_SEEN = 0.34
"""Least part of the frames that should show a cell in which it must have been found, to be counted."""


def cells(links: LinkResult, probe: dict[str, Any]) -> pd.DataFrame:
    """Return the cells of a recording, a row a cell; none where it could not be linked.

    Args:
        links: of the recording.
        probe: of the recording: with ``pixel_um`` and ``fps`` lengths are in um and speeds in um/s, with one of them
            missing what needs it is in pixels and pixels a frame.
    """
    scale = units(probe)
    names = cell_columns(scale)
    if not links.flow.linkable:
        return pd.DataFrame(columns=names)
    moved = motion(links, probe)
    named = classes(links.tracks, moved.index)
    counted, reason = judged(moved)
    measured = {
        "velocity": moved["speed"] * scale.per_speed,
        "velocity_se": moved["speed_se"] * scale.per_speed,
        "y": moved["across"] * scale.per_length,
        "length": moved["length"] * scale.per_length,
        "height": moved["height"] * scale.per_length,
    }
    table = moved[["first", "last", "hits"]].astype(int).rename(columns={"hits": "frames"})
    table = table.assign(recording=probe["recording"], cell=moved.index, counted=counted, reason=reason)
    table = table.join(named).assign(**{_named(name, scale): value for name, value in measured.items()})
    return table[names].reset_index(drop=True)


def cell_columns(scale: Units) -> list[str]:
    """Return the columns of the table of cells."""
    measured = [_named(name, scale) for name in ("velocity", "velocity_se", "y", "length", "height")]
    return [*("recording", "cell", "first", "last", "frames", "class", "class_frames"), *measured, "counted", "reason"]


def _named(quantity: str, scale: Units) -> str:
    """Return the column of a quantity, with its unit."""
    return f"{quantity}_{scale.speed if quantity.startswith('velocity') else scale.length}"


def classes(tracks: pd.DataFrame, numbers: pd.Index) -> pd.DataFrame:
    """Return by cell its ``class``, that of the largest summed score, and ``class_frames`` whose own class it is.

    Boxes that the edge cuts or that cover two cells are asked only where a cell has no others.

    Args:
        tracks: boxes with cells.
        numbers: of the cells.
    """
    scores = [f"p_{name}" for name in CLASSES]
    rows = tracks[tracks["cell"].notna() & ~tracks["repeated"]].assign(partial=lambda t: t["edge"] | t["merged"])
    least = rows.groupby("cell")["partial"].transform("min")
    rows = rows[rows["partial"] == least]
    summed = rows.groupby("cell")[scores].sum().reindex(numbers)
    winner = pd.Series(np.array(CLASSES)[summed.to_numpy().argmax(axis=1)], index=numbers, name="class")
    agrees = rows["class"] == rows["cell"].map(winner)
    frames = agrees.groupby(rows["cell"]).sum().reindex(numbers).astype(int).rename("class_frames")
    return pd.concat([winner, frames], axis=1)


def judged(moved: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return which cells count, and why the others do not.

    Args:
        moved: of :func:`rbcflow.recordings.motion.motion`.
    """
    once = (moved["hits"] == 1) & (moved["expected"] >= 2)
    seldom = moved["hits"] < MIN_SEEN * moved["expected"]
    text = [
        f"seen in {hits:.0f} of {expected:.0f} frames" if bad else ""
        for hits, expected, bad in zip(moved["hits"], moved["expected"], once | seldom, strict=True)
    ]
    return ~(once | seldom), pd.Series(text, index=moved.index, dtype=object)
