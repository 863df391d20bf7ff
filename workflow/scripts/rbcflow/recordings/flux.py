"""How many cells passed, counted without following any: boxes in a window, times their speed, over its length.

A window that cells cross holds each for length / speed frames. It uses no link, so broken or wrong links do not change
it; it follows the boxes alone, so boxes missed or found too many do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.motion import profile_of
from rbcflow.recordings.places import along, centres, field_of

LEAST_WINDOW = 0.2
"""Least part of the field that the window must leave after margins of a cell's length at its ends."""


@dataclass(frozen=True)
class Flux:
    """Cells by flux.

    Attributes:
        rate: cells a frame through a cross-section; None where the flow is not known.
        seen: cells that should have been visible: those that pass in the time, and those in the field at its start.
        window_px: length of the window, pixels.
        boxes: counted in it.
        frames: looked at, or known to be empty.
    """

    rate: float | None = None
    seen: float | None = None
    window_px: float = 0.0
    boxes: int = 0
    frames: int = 0


def count(links: LinkResult, probe: dict[str, Any]) -> Flux:
    """Count the cells of a recording by flux.

    Args:
        links: of the recording: its flow and its boxes are used, its cells are not.
        probe: of the recording.
    """
    flow, frames = links.flow, links.frames
    duration = float(frames["time"].max()) + 1 if len(frames) else 0.0
    # an instrument's file of events lacks the frames without one: they were looked at, and nothing was there
    used = round(duration) if probe["kind"] == "hdf5" else int((~frames["repeated"]).sum())
    if not flow.linkable or used < 2:
        return Flux(frames=used)
    rows = links.tracks[~(links.tracks["repeated"] | links.tracks["still"] | links.tracks["double"])]
    # a box over two cells has a row for each, and is one box
    rows = rows.drop_duplicates(["frame", "x0", "y0", "x1", "y1"])
    places = along(rows, np.zeros(len(rows), dtype=int), field_of(probe), flow.direction)
    length = places.typical[0]
    margin = min(0.75 * length, (1 - LEAST_WINDOW) / 2 * places.length)
    middle = centres(places)
    inside = (middle > margin) & (middle < places.length - margin)
    window = places.length - 2 * margin
    speed = profile_of(flow).at(places.across[inside]) / flow.base
    rate = float(speed.sum()) / window / used
    # a cell is visible over the field and its own length
    standing = rate * (places.length + length) / float(np.mean(speed)) if inside.any() else 0.0
    return Flux(rate, rate * (duration - 1) + standing, window, int(inside.sum()), used)
