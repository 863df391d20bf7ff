"""Cells followed over the frames of a recording (rule ``link_recording``).

``link`` measures the flow, refuses where displacements do not show one, and else follows every cell: boxes are assigned
to cells around the places their speed predicts (Kuhn 1955, by ``scipy.optimize.linear_sum_assignment``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, read_object
from rbcflow.recordings import flow as flows
from rbcflow.recordings.follow import follow
from rbcflow.recordings.places import along, field_of, towards

MIN_FRAMES = 4
MIN_PAIRS = 12
"""Fewest pairs of boxes, each other's partner at the common displacement, on which a flow may rest."""
MIN_PARTNERS = 0.6
"""Least share of boxes with a partner at the common displacement, of those that should have one."""
MIN_BEYOND_CHANCE = 0.3
"""Least excess of that share over the share in frames that lie far apart."""
MAX_RIVAL = 0.75
"""A second displacement must explain less than this part of what the first explains."""
MAX_NOTHING = 0.4
"""The best displacement of frames that lie far apart must explain less than this part of what the first explains."""
MAX_REACH = 0.3
"""Largest displacement, as a part of the field's length: a cell should be seen three times."""
CROWDED_REACH, CROWDED_ROOM = 0.2, 1.0
"""Largest displacement, as a part of the field's length, where it is also more than so many times the length of field
that there is for each cell: beyond both, counts and speeds of simulated recordings are more than 5 % and 2 % off."""
MIN_SPEED_PX = 1.0
"""Least displacement in pixels a frame: below it, moving cells are not told from jitter."""
DOUBLE = 0.7
"""Two boxes of a frame are one cell's if they share this much of the smaller one."""


@dataclass(frozen=True)
class Flow:
    """What displacements say about a recording.

    Attributes:
        direction: ``right``, ``left``, ``up`` or ``down``; None where nothing is known.
        px_frame: median speed of the boxes, pixels a frame, and its standard error.
        px_frame_se: standard error.
        partners: share of boxes with a partner at the common displacement, of those that should have one.
        chance: the same share in frames that lie far apart.
        rival: excess share of the next best displacement over that of the best, 0 where there is none.
        nothing: excess share of the best displacement among frames that lie far apart, over that of the best.
        pairs: pairs of boxes the flow rests on.
        spacing_px: median distance of neighbours along the flow, pixels; None where no frame has two cells.
        room_px: length of the field over the boxes in it, pixels.
        reach: displacement over the field's length.
        spread_px: standard deviation of displacements about the profile, pixels.
        profile: speed across the channel: centre, width (pixels), coefficients (pixels a step, highest power first),
            low, high; a step is ``base`` frame numbers.
        base: the usual distance of frame numbers.
        repeated: numbers of frames that are copies of the one before.
        fixed: transitions between frames whose frame numbers do not agree with how far cells moved.
        still: boxes that never move.
        doubles: boxes on a cell that has a surer one.
        linkable: whether cells could be followed.
        reason: why not; empty where they could.
        notes: what must be known about the links.
    """

    direction: str | None = None
    px_frame: float | None = None
    px_frame_se: float | None = None
    partners: float = 0.0
    chance: float = 0.0
    rival: float = 0.0
    nothing: float = 0.0
    pairs: int = 0
    spacing_px: float | None = None
    room_px: float | None = None
    reach: float | None = None
    spread_px: float | None = None
    profile: dict[str, Any] | None = None
    base: int = 1
    repeated: tuple[int, ...] = ()
    fixed: int = 0
    still: int = 0
    doubles: int = 0
    linkable: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the flow as JSON holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class LinkResult:
    """Cells of a recording.

    Attributes:
        tracks: the boxes as they came, sorted by frame, with ``cell`` (Int64, missing where none), ``time`` (frames
            since the first, by what displacements say), and the flags ``edge`` (cut by the field's edge along the
            flow), ``merged`` (one box over two cells: a row for each), ``double``, ``still`` and ``repeated``.
        flow: what displacements say.
        frames: ``frame``, ``time`` (frames since the first, by what displacements say) and ``repeated``.
    """

    tracks: pd.DataFrame
    flow: Flow
    frames: pd.DataFrame


def link(boxes: pd.DataFrame, frames: pd.DataFrame, probe: dict[str, Any]) -> LinkResult:
    """Follow the cells of a recording.

    Args:
        boxes: ``frame, class, conf, cell, p_*, x0, y0, x1, y1`` in pixels of the frame. The sum of class scores
            ``cell`` comes back as ``score``, as ``cell`` is a number here.
        frames: ``frame`` and ``digest``, one row a frame.
        probe: of the recording: ``width``, ``height``, ``roi`` (x0, y0, x1, y1, or None), ``flow`` (direction, or
            None).

    Returns:
        The cells; where the flow is not known well enough, tracks without cells and the reason.
    """
    tracks, line = _prepared(boxes, frames, probe)
    free = tracks[~(tracks["repeated"] | tracks["still"] | tracks["double"])]
    place = np.searchsorted(line.numbers, free["frame"].to_numpy())
    counts = {name: int(tracks[name].sum()) for name in ("still", "double")}
    empty = Flow(base=line.base, repeated=line.repeated, still=counts["still"], doubles=counts["double"])
    if reason := _too_little(free, line, tracks):
        return _refused(tracks, line, empty, reason)
    wanted = probe.get("flow")
    measured = _measured(free, place, line, probe, empty, wanted)
    reason = _doubt(measured.flow) if measured else "no displacement is common to the boxes of consecutive frames"
    if reason and wanted and (other := _measured(free, place, line, probe, empty, None)) and not _doubt(other.flow):
        reason = (
            f"cells move {other.flow.px_frame:.0f} pixels a frame {towards(other.flow.direction)}, and `flow` of the "
            f"sheet says {wanted}"
        )
    if reason:
        return _refused(tracks, line, measured.flow if measured else empty, reason)
    described, best, places = measured.flow, measured.best, measured.places
    timed = flows.set_steps(line, places, best.profile)
    cells, shared = follow(places, timed.times, best.profile, best.jitter)
    flow = _accepted(described, int((timed.steps != line.steps).sum()))
    numbered = _numbered(tracks, free.index, cells, shared, places.whole)
    return LinkResult(_timed(numbered, timed), flow, _times(timed))


class Measured(NamedTuple):
    """A flow, the candidate it was made of, and the boxes' places along it."""

    flow: Flow
    best: flows.Candidate
    places: flows.Places


def _measured(
    free: pd.DataFrame, place: np.ndarray, line: flows.Timeline, probe: dict, empty: Flow, wanted: str | None
) -> Measured | None:
    """Return the flow that explains the displacements best, in the wanted direction if there is one."""
    field = field_of(probe)
    found = flows.candidates(free, place, line, field, wanted)
    if not found:
        return None
    best = found[0]
    nothing = flows.candidates(free, place, line, field, best.direction, apart=True)
    share = nothing[0].excess / best.excess if nothing else 0.0
    places = along(free, place, field, best.direction)
    return Measured(_described(empty, best, flows.rivalry(found), share, places, len(line.numbers)), best, places)


def _prepared(boxes: pd.DataFrame, frames: pd.DataFrame, probe: dict) -> tuple[pd.DataFrame, flows.Timeline]:
    """Return the boxes with their flags and no cells, and the frames that are used."""
    line = flows.timeline(frames)
    tracks = boxes.rename(columns={"cell": "score"}).sort_values("frame", kind="stable").reset_index(drop=True)
    tracks["repeated"] = tracks["frame"].isin(line.repeated).to_numpy()
    tracks["still"] = False
    used = ~tracks["repeated"].to_numpy()
    place = np.searchsorted(line.numbers, tracks.loc[used, "frame"].to_numpy())
    if used.any() and len(line.numbers) >= 2 * flows.STILL_LAGS:
        rng = np.random.default_rng(0)
        tracks.loc[used, "still"] = flows.still(tracks[used], place, len(line.numbers), rng)
    tracks["double"] = doubles(tracks)
    tracks["edge"], tracks["merged"] = False, False
    tracks["cell"] = pd.array([pd.NA] * len(tracks), dtype="Int64")
    return tracks, line


def doubles(boxes: pd.DataFrame) -> np.ndarray:
    """Return (N,) bool: a surer box of the same frame shares most of this one's area, or this one most of its."""
    result = np.zeros(len(boxes), dtype=bool)
    corners = boxes[["x0", "y0", "x1", "y1"]].to_numpy(dtype=float)
    conf = boxes["conf"].to_numpy(dtype=float)
    frame = boxes["frame"].to_numpy()
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    bounds = [0, *(np.flatnonzero(np.diff(frame)) + 1), len(frame)]
    for start, end in pairwise(bounds):
        one = corners[start:end]
        inner = np.minimum(one[:, None, 2:], one[None, :, 2:]) - np.maximum(one[:, None, :2], one[None, :, :2])
        common = inner.clip(0).prod(axis=2) / np.minimum(area[start:end, None], area[None, start:end]).clip(1e-9)
        rank = np.argsort(np.argsort(-conf[start:end], kind="stable"))
        result[start:end] = ((common > DOUBLE) & (rank[None, :] < rank[:, None])).any(axis=1)
    return result


def _too_little(free: pd.DataFrame, line: flows.Timeline, tracks: pd.DataFrame) -> str:
    """Return why there is too little to measure a flow from, or nothing."""
    if len(line.numbers) < MIN_FRAMES:
        frames = "frame that differs" if len(line.numbers) == 1 else "different frames"
        return f"{len(line.numbers)} {frames}; a flow needs {MIN_FRAMES}"
    if not len(tracks):
        return "no boxes"
    if len(free) < 2 * MIN_PAIRS:
        what = f"{int(tracks['still'].sum())} of {len(tracks)} boxes never move" if tracks["still"].any() else ""
        return what or f"{len(free)} boxes; a flow needs {2 * MIN_PAIRS}"
    return ""


def _refused(tracks: pd.DataFrame, line: flows.Timeline, flow: Flow, reason: str) -> LinkResult:
    return LinkResult(_timed(tracks, line), replace(flow, linkable=False, reason=reason), _times(line))


def _times(line: flows.Timeline) -> pd.DataFrame:
    """Return ``frame, time, repeated`` of all frames; a repeated one has the time of the frame it repeats."""
    numbers = np.sort(np.concatenate([line.numbers, np.array(line.repeated, dtype=np.int64)]))
    time = pd.Series(line.times * line.base, index=line.numbers).reindex(numbers).ffill()
    return pd.DataFrame({"frame": numbers, "time": time.to_numpy(), "repeated": np.isin(numbers, line.repeated)})


def _timed(tracks: pd.DataFrame, line: flows.Timeline) -> pd.DataFrame:
    times = _times(line).set_index("frame")["time"]
    return tracks.assign(time=tracks["frame"].map(times).to_numpy(dtype=float))


def _described(
    empty: Flow, best: flows.Candidate, rival: float, nothing: float, places: flows.Places, frames: int
) -> Flow:
    """Return a flow with the numbers of its best candidate."""
    speed = float(np.median(best.profile.at(places.across))) / empty.base
    reach = speed * empty.base / places.length
    # a cell gives 1 / reach pairs, which are no independent measurements of the speed
    independent = max(best.matched * max(reach, 1 / len(np.unique(places.frame))), 1.0)
    profile = {name: value for name, value in asdict(best.profile).items() if name != "spread"}
    profile["coefficients"] = list(best.profile.coefficients)
    measured = {
        "direction": best.direction,
        "px_frame": speed,
        "px_frame_se": float(best.profile.spread / empty.base / np.sqrt(independent)),
        "partners": best.partners,
        "chance": best.chance,
        "rival": rival,
        "nothing": nothing,
        "pairs": best.matched,
        "spacing_px": flows.spacing_of(places),
        "room_px": places.length * frames / len(places.frame),
        "reach": reach,
        "spread_px": best.profile.spread,
        "profile": profile,
    }
    return replace(empty, **measured)


def _doubt(flow: Flow) -> str:
    """Return why a flow must not be believed, or nothing."""
    if flow.partners < MIN_PARTNERS or flow.partners - flow.chance < MIN_BEYOND_CHANCE or flow.pairs < MIN_PAIRS:
        return (
            f"{flow.partners:.0%} of the boxes have a partner at the common displacement ({flow.chance:.0%} by chance, "
            f"{flow.pairs} pairs): frames are not consecutive, or cells move too fast"
        )
    if flow.nothing > MAX_NOTHING:
        return (
            f"frames that lie far apart agree on a displacement {flow.nothing:.0%} as well as consecutive ones: frames "
            "are not consecutive, or cells move too fast"
        )
    if flow.px_frame * flow.base < MIN_SPEED_PX:
        return f"boxes move {flow.px_frame:.2g} pixels a frame: nothing flows, or too slowly to tell"
    if flow.rival > MAX_RIVAL:
        return (
            f"a second displacement explains {flow.rival:.0%} of what {flow.px_frame:.0f} pixels a frame do: cells "
            "come evenly spaced, and which one is which is not known"
        )
    if flow.reach > MAX_REACH:
        return (
            f"cells move {flow.px_frame:.0f} pixels a frame, {flow.reach:.0%} of the field (limit {MAX_REACH:.0%}): "
            "a cell should be seen three times"
        )
    crowd = flow.px_frame * flow.base / flow.room_px if flow.room_px else 0.0
    if flow.reach > CROWDED_REACH and crowd > CROWDED_ROOM:
        return (
            f"cells move {flow.px_frame:.0f} pixels a frame, {flow.reach:.0%} of the field, and on such a length there "
            f"are {crowd:.1f} of them (limits {CROWDED_REACH:.0%} and {CROWDED_ROOM:g}): too many for their speed"
        )
    return ""


def _accepted(flow: Flow, fixed: int) -> Flow:
    """Return a flow that cells were followed by, with what must be known about the links."""
    notes = []
    if flow.spacing_px is not None and flow.px_frame * flow.base > flow.spacing_px:
        notes.append(
            f"cells move {flow.px_frame:.0f} pixels a frame and are {flow.spacing_px:.0f} apart: that a box belongs to "
            "one cell and not to its neighbour rests on the displacement common to all"
        )
    if fixed:
        notes.append(f"at {fixed} places frame numbers do not agree with how far cells moved; cells were believed")
    if flow.repeated:
        notes.append(f"{len(flow.repeated)} frames repeat the one before and were left out")
    return replace(flow, fixed=fixed, linkable=True, notes=tuple(notes))


def _numbered(
    tracks: pd.DataFrame,
    rows: pd.Index,
    cells: np.ndarray,
    shared: list[tuple[int, int]],
    whole: np.ndarray,
) -> pd.DataFrame:
    """Return the boxes with cells: numbers by first appearance, a row more for each cell that shares another's box."""
    tracks = tracks.copy()
    tracks.loc[rows, "cell"] = pd.array(cells, dtype="Int64")
    tracks.loc[rows, "edge"] = ~whole
    if shared:
        positions = [rows[box] for box, _ in shared]
        more = tracks.loc[positions].copy()
        more["cell"] = pd.array([cell for _, cell in shared], dtype="Int64")
        tracks.loc[positions, "merged"] = True
        tracks = pd.concat([tracks, more.assign(merged=True)])
    tracks = tracks.sort_values(["frame", "cell"], kind="stable").reset_index(drop=True)
    order = tracks.loc[tracks["cell"].notna(), "cell"].drop_duplicates()
    numbers = pd.Series(np.arange(1, len(order) + 1), index=order.to_numpy(dtype=int))
    tracks["cell"] = tracks["cell"].map(numbers).astype("Int64")
    return _copied(tracks)


def _copied(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes with cells in repeated frames too: those of the same boxes in the frame before."""
    if not tracks["repeated"].any():
        return tracks
    corners = ["x0", "y0", "x1", "y1"]
    tracks = tracks.copy()
    shown: dict[tuple, Any] = {}
    for _, rows in tracks.groupby("frame", sort=True).groups.items():
        boxes = [tuple(row) for row in tracks.loc[rows, corners].round(3).to_numpy()]
        if tracks.at[rows[0], "repeated"]:
            tracks.loc[rows, "cell"] = pd.array([shown.get(box, pd.NA) for box in boxes], dtype="Int64")
        else:
            shown = dict(zip(boxes, tracks.loc[rows, "cell"], strict=True))
    return tracks


def write(links: LinkResult, folder: Path) -> None:
    """Write ``tracks.parquet``, ``times.csv`` and ``flow.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    links.tracks.to_parquet(folder / "tracks.parquet", index=False)
    links.frames.to_csv(folder / "times.csv", index=False)
    (folder / "flow.json").write_text(json.dumps(links.flow.as_dict(), indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> LinkResult:
    """Return what ``write`` left in a folder.

    Raises:
        InputError: a file is missing or broken.
    """
    known = {field.name for field in fields(Flow)}
    stored = read_object(folder / "flow.json", "the flow of a recording", known)
    lists = {name: tuple(stored[name]) for name in ("repeated", "notes")}
    flow = Flow(**{name: stored[name] for name in known} | lists)
    frames = read_csv(folder / "times.csv", "times of a recording's frames", ["frame", "time", "repeated"])
    try:
        tracks = pd.read_parquet(folder / "tracks.parquet")
    except (OSError, ValueError) as error:
        raise InputError(folder / "tracks.parquet", f"no table ({error})", "the boxes with their cells") from error
    return LinkResult(tracks, flow, frames)
