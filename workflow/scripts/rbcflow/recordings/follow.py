"""Assignment of boxes to cells, frame by frame, around the places their speeds predict (used by ``link``)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from rbcflow.recordings.flow import Profile
from rbcflow.recordings.places import Floats, Ints, Places

MEMORY_ONCE = 2.0
"""Steps for which a cell seen once is remembered: more would give false boxes time to find a partner."""
MEMORY = 8.0
"""Steps for which a cell seen more often is remembered."""
LENGTH_CHANGE = 0.25
"""Beyond this relative change of length, a box covers more or less than its cell, and only its better end counts."""
LEAST_SPREAD = 0.08
"""Relative standard deviation of speeds that is granted at least."""
GATE = 4.0
"""Standard deviations from its place at which a box may still be a cell's."""
FAR = 0.45
"""Part of its speed by which a cell may be off its place."""
MOST_UNLIKE = 12.0
"""Largest part of the cost that unlike sizes make."""
FORBIDDEN = 1e6


@dataclass
class Track:
    """A cell on its way.

    Attributes:
        number: of the cell.
        across, height: last seen, pixels.
        length: of its last whole box, pixels; NaN before there is one.
        ends: for rear and nose, (time, place) of the first and last time each was seen.
        hits: boxes.
        last: time of the last box.
    """

    number: int
    across: float
    height: float
    length: float = np.nan
    ends: list[list[tuple[float, float]]] = field(default_factory=lambda: [[], []])
    hits: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Gauge:
    """Scales of the recording, pixels: jitter of an end, spread of speeds a step, typical box, field."""

    jitter: float
    spread: float
    length: float
    height: float
    field: float


def follow(places: Places, times: Floats, profile: Profile, jitter: float) -> tuple[Ints, list[tuple[int, int]]]:
    """Assign boxes to cells.

    Args:
        places: of the boxes.
        times: (F,) steps since the first frame.
        profile: speed across the channel, pixels a step.
        jitter: standard deviation of a box's end, pixels.

    Returns:
        (N,) number of each box's cell from 0; and boxes that a second cell shares, with that cell's number.
    """
    length, height = places.typical
    speed = float(np.median(profile.at(places.across)))
    spread = np.sqrt(max(profile.spread**2 - jitter**2, (LEAST_SPREAD * speed) ** 2))
    gauge = Gauge(max(jitter, 0.7), float(spread), length, height, places.length)
    cells = np.full(len(places.rear), -1, dtype=np.int64)
    shared: list[tuple[int, int]] = []
    bounds = np.searchsorted(places.frame, np.arange(len(times) + 1))
    active: list[Track] = []
    count = 0
    for index, now in enumerate(times):
        boxes = np.arange(bounds[index], bounds[index + 1])
        active = [track for track in active if _remembered(track, now, profile, gauge)]
        chosen = _assign(active, boxes, places, now, profile, gauge)
        for track, box in chosen:
            cells[box] = track.number
            _update(track, box, places, now, gauge)
        lost = [track for track in active if track.last < now]
        for track, box in _covered(lost, chosen, places, now, profile, gauge):
            shared.append((box, track.number))
            track.last = now
        for box in boxes[cells[boxes] < 0]:
            track = Track(count, places.across[box], places.height[box])
            cells[box], count = count, count + 1
            _update(track, box, places, now, gauge)
            active.append(track)
    return cells, shared


def speed_of(track: Track, profile: Profile, gauge: Gauge) -> tuple[float, float]:
    """Return a cell's speed and its standard deviation, pixels a step: the profile's, and its own as it gets known."""
    prior = float(profile.at(np.array([track.across]))[0])
    own = [(end[-1][0] - end[0][0], end[-1][1] - end[0][1]) for end in track.ends if len(end) == 2]
    if not own:
        return prior, gauge.spread
    span, way = max(own)
    measured, of_prior = 2 * gauge.jitter**2 / span**2, gauge.spread**2
    share = of_prior / (of_prior + measured)
    return share * way / span + (1 - share) * prior, float(np.sqrt(share * measured))


def predict(track: Track, now: float, profile: Profile, gauge: Gauge) -> tuple[float, float, float]:
    """Return where a cell's rear and nose should be (NaN where an end was never seen), and the deviation, pixels."""
    speed, deviation = speed_of(track, profile, gauge)
    rear, nose = (end[-1][1] + speed * (now - end[-1][0]) if end else np.nan for end in track.ends)
    since = now - track.last
    return rear, nose, float(np.hypot(np.sqrt(2) * gauge.jitter, deviation * since))


def _remembered(track: Track, now: float, profile: Profile, gauge: Gauge) -> bool:
    """Return whether a cell may still be in the field and was seen not too long ago."""
    if now - track.last > (MEMORY_ONCE if track.hits < 2 else MEMORY) + 1:
        return False
    rear, nose, deviation = predict(track, now, profile, gauge)
    known = gauge.length if np.isnan(track.length) else track.length
    rear = nose - known if np.isnan(rear) else rear
    return not rear > gauge.field + 2 * deviation


def _assign(
    active: list[Track], boxes: Ints, places: Places, now: float, profile: Profile, gauge: Gauge
) -> list[tuple[Track, int]]:
    """Return which boxes belong to which cells, at the least sum of squared deviations."""
    if not active or not len(boxes):
        return []
    cost = np.array([_cost(track, boxes, places, now, profile, gauge) for track in active])
    rows, columns = linear_sum_assignment(cost)
    return [
        (active[row], int(boxes[column]))
        for row, column in zip(rows, columns, strict=True)
        if cost[row, column] < FORBIDDEN
    ]


def _cost(track: Track, boxes: Ints, places: Places, now: float, profile: Profile, gauge: Gauge) -> Floats:
    """Return (B,) squared deviations of boxes from where a cell should be; forbidden beyond the gates."""
    rear, nose, deviation = predict(track, now, profile, gauge)
    off, longer = _off(track, rear, nose, boxes, places, gauge)
    aside = places.across[boxes] - track.across
    since = now - track.last
    limit = max(0.5 * gauge.length, FAR * float(profile.at(np.array([track.across]))[0])) + gauge.jitter
    along_gate = min(max(GATE * deviation, 4.0), limit)
    aside_gate = max(4.0, 0.35 * gauge.height) * np.sqrt(max(since, 1.0))
    higher = places.height[boxes] - track.height
    unlike = _unlike(longer, gauge.length, gauge) + _unlike(higher, gauge.height, gauge)
    cost = (off / deviation) ** 2 + (3 * aside / aside_gate) ** 2 + unlike
    return np.where((np.abs(off) < along_gate) & (np.abs(aside) < aside_gate), cost, FORBIDDEN)


def _unlike(change: Floats, size: float, gauge: Gauge) -> Floats:
    """Return (B,) squared deviations of changes of size, pixels; never much, as cells turn and boxes merge."""
    return np.minimum(np.nan_to_num(change / (2 * gauge.jitter + 0.04 * size)) ** 2, MOST_UNLIKE)


def _off(
    track: Track, rear: float, nose: float, boxes: Ints, places: Places, gauge: Gauge
) -> tuple[Floats, np.ndarray]:
    """Return (B,) how far boxes are from where a cell should be, and by how much longer they are (NaN unknown), pixels.

    Of a box that is much longer or shorter than its cell, only the end that fits better is believed.
    """
    by_rear = np.where(places.rear_cut[boxes], np.nan, places.rear[boxes] - rear)
    by_nose = np.where(places.nose_cut[boxes], np.nan, places.nose[boxes] - nose)
    both = ~np.isnan(by_rear) & ~np.isnan(by_nose)
    changed = both & (np.abs(by_nose - by_rear) > LENGTH_CHANGE * gauge.length + GATE * gauge.jitter)
    better = np.where(np.abs(by_rear) < np.abs(by_nose), by_rear, by_nose)
    single = np.where(np.isnan(by_rear), by_nose, by_rear)
    off = np.where(both, np.where(changed, better, (by_rear + by_nose) / 2), single)
    # neither end was seen in both: set off by the length
    known = gauge.length if np.isnan(track.length) else track.length
    instead = places.rear[boxes] - (nose - known) if np.isnan(rear) else places.nose[boxes] - (rear + known)
    return np.where(np.isnan(off), instead, off), by_nose - by_rear


def _update(track: Track, box: int, places: Places, now: float, gauge: Gauge) -> None:
    """Enter a box into its cell's track; an end that jumped, as in merged boxes, is left as predicted."""
    length = places.nose[box] - places.rear[box]
    whole = not (places.rear_cut[box] or places.nose_cut[box])
    jumped = whole and abs(length - track.length) > LENGTH_CHANGE * gauge.length + GATE * gauge.jitter
    seen = (not places.rear_cut[box], not places.nose_cut[box])
    if not jumped:
        for end, visible, place in zip(track.ends, seen, (places.rear[box], places.nose[box]), strict=True):
            if visible:
                end[:] = [end[0], (now, place)] if end else [(now, place)]
        track.across += (places.across[box] - track.across) * (0.5 if track.hits else 1.0)
        track.height = places.height[box]
        track.length = length if whole else track.length
    track.hits += 1
    track.last = now


def _covered(
    lost: list[Track], chosen: list[tuple[Track, int]], places: Places, now: float, profile: Profile, gauge: Gauge
) -> list[tuple[Track, int]]:
    """Return cells that were not found, and the longer box of another cell that lies over where they should be."""
    result = []
    for track in lost:
        if track.hits < 2 or np.isnan(track.length):
            continue
        rear, nose, deviation = predict(track, now, profile, gauge)
        for other, box in chosen:
            longer = places.nose[box] - places.rear[box] > 1.2 * max(track.length, np.nan_to_num(other.length))
            margin = 3 * deviation + 2
            inside = places.rear[box] - margin < rear and nose < places.nose[box] + margin
            beside = abs(places.across[box] - track.across) < places.height[box] / 2 + gauge.height / 2
            if longer and inside and beside:
                result.append((track, box))
                break
    return result
