"""Speed of every cell, and in how many frames it should have been seen (used by ``summarise``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rbcflow.recordings.flow import Profile
from rbcflow.recordings.link import Flow, LinkResult
from rbcflow.recordings.places import Places, along, field_of

MIN_VISIBLE = 0.3
"""Part of a cell that must be in the field before it is expected to be found."""


def motion(links: LinkResult, probe: dict[str, Any]) -> pd.DataFrame:
    """Return how each cell moved.

    A cell's ends follow two parallel lines in time, fitted together by least squares; ends that the field's edge cuts
    and boxes over two cells take no part. Errors come from the residuals of all cells of the recording.

    Args:
        links: of a recording that could be linked.
        probe: of the recording.

    Returns:
        One row a cell, by number: ``first, last`` (frame numbers), ``hits`` (frames it was found in), ``speed`` and
        ``speed_se`` (pixels a frame, NaN where it was seen once), ``across`` (pixels of the frame), ``length``,
        ``height`` (pixels, medians of whole boxes, NaN where none), ``merged`` (share of its boxes that cover another
        cell too), ``expected`` (frames that should show it).
    """
    rows = links.tracks[links.tracks["cell"].notna() & ~links.tracks["repeated"]].reset_index(drop=True)
    if not len(rows):
        columns = ["first", "last", "hits", "speed", "speed_se", "across", "length", "height", "merged", "expected"]
        return pd.DataFrame(columns=columns, index=pd.Index([], name="cell"), dtype=float)
    places = along(rows, np.zeros(len(rows), dtype=int), field_of(probe), links.flow.direction)
    cell, time = rows["cell"].to_numpy(dtype=int), rows["time"].to_numpy(dtype=float)
    single = ~rows["merged"].to_numpy(dtype=bool)
    sizes = pd.DataFrame(
        {
            "cell": cell,
            "across": places.across,
            "length": np.where(places.whole & single, places.nose - places.rear, np.nan),
            "height": np.where(single, places.height, np.nan),
        }
    )
    table = sizes.groupby("cell").median()
    by_cell = rows.groupby("cell")
    table["first"], table["last"] = by_cell["frame"].min(), by_cell["frame"].max()
    table["hits"], table["merged"] = by_cell["frame"].nunique(), by_cell["merged"].mean()
    lines = _lines(places, cell, time, single, links.flow)
    table = table.join(lines)
    table["expected"] = _expected(table, links, places.length)
    return table.drop(columns=["rear_0", "nose_0"])


def _lines(places: Places, cell: np.ndarray, time: np.ndarray, single: np.ndarray, flow: Flow) -> pd.DataFrame:
    """Return by cell ``speed, speed_se`` (pixels a frame) and where its ends were at time 0 (pixels)."""
    ends = pd.concat(
        [
            pd.DataFrame({"cell": cell, "end": name, "time": time, "place": place})[visible & single]
            for name, place, visible in (
                ("rear", places.rear, ~places.rear_cut),
                ("nose", places.nose, ~places.nose_cut),
            )
        ]
    )
    means = ends.groupby(["cell", "end"])[["time", "place"]].transform("mean")
    dt, dx = ends["time"] - means["time"], ends["place"] - means["place"]
    sums = pd.DataFrame({"cell": ends["cell"], "end": ends["end"], "xx": dt * dt, "xy": dt * dx})
    by_end = sums.groupby(["cell", "end"])[["xx", "xy"]].sum()
    total = by_end.groupby("cell").sum()
    slope = (total["xy"] / total["xx"].where(total["xx"] > 0)).reindex(np.unique(cell))
    residual = dx - slope.reindex(ends["cell"]).to_numpy() * dt
    used = residual.notna()
    # ends of cells that were seen once have no line to lie off
    ends_used = by_end.index.get_level_values("cell").isin(slope.index[slope.notna()]).sum()
    freedom = used.sum() - ends_used - slope.notna().sum()
    scatter = np.sqrt((residual[used] ** 2).sum() / freedom) if freedom > 0 else flow.spread_px
    longest = by_end["xx"].groupby("cell").max().reindex(slope.index)
    error = scatter / np.sqrt(longest.where(slope.notna()))
    middle = pd.Series(places.across).groupby(cell).median()
    believed = slope.fillna(pd.Series(profile_of(flow).at(middle.to_numpy()) / flow.base, index=middle.index))
    at_zero = ends.groupby(["cell", "end"])[["time", "place"]].mean().unstack()
    starts = {
        f"{end}_0": at_zero.get(("place", end), np.nan) - believed * at_zero.get(("time", end), np.nan)
        for end in ("rear", "nose")
    }
    return pd.DataFrame({"speed": slope, "speed_se": error, "believed": believed, **starts}, index=slope.index)


def profile_of(flow: Flow) -> Profile:
    """Return a flow's speed across the channel, pixels a step."""
    return Profile(**flow.profile, spread=flow.spread_px)


def _expected(table: pd.DataFrame, links: LinkResult, field: float) -> np.ndarray:
    """Return (C,) how many of the used frames should show each cell."""
    used = links.frames.loc[~links.frames["repeated"], "time"].to_numpy(dtype=float)
    typical = table["length"].median()
    length = table["length"].fillna(typical if np.isfinite(typical) else 0.0).to_numpy()
    rear, nose = table["rear_0"].to_numpy(dtype=float), table["nose_0"].to_numpy(dtype=float)
    rear = np.where(np.isnan(rear), nose - length, rear)
    speed = table.pop("believed").to_numpy(dtype=float)
    # the cell shows enough while its rear is between these places
    enough = np.maximum(MIN_VISIBLE * length, 8.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        enters, leaves = (enough - length - rear) / speed, (field - enough - rear) / speed
    shown = np.searchsorted(used, leaves, side="right") - np.searchsorted(used, enters, side="left")
    return np.where(np.isfinite(enters) & np.isfinite(leaves), np.maximum(shown, 1), table["hits"].to_numpy())
