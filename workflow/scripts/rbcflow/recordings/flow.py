"""The flow of a recording from the displacements of its boxes (first half of rule ``link_recording``).

Cells move many times their own overlap between frames, so boxes cannot be followed by overlap. What all cells share is
their displacement: in the histogram of the displacements of all boxes against all boxes of the next frame, true pairs
pile up at one place while false ones spread out. What false ones do is known: the same histogram of frames that lie far
apart. Speed falls off towards the walls, so the place of the pile is refined to a parabola across the channel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from rbcflow.recordings.places import Bools, Floats, Ints, Places, along, centres, nearest_both_ways, pairs, shift

MAX_PAIRS = 400_000
"""Pairs of boxes that are looked at: more transitions between frames than that are thinned out evenly."""
BIN_PX = 2.0
SCALES_PX = (2.5, 6.0)
"""Smoothings of the histogram: sharp for equal speeds, wide for a broad profile."""
CANDIDATES = 6
LOSSES = (0.0, 0.3, 0.6, 0.8)
"""Parts of the speed on the axis that the outermost cells may lack in a first guess."""
MIN_CURVED = 24
"""Fewest pairs for which speed may vary across the channel."""
MIN_SLOPE_PX = 6.0
"""Narrowest band across the channel, 5th to 95th percentile, over which speed may vary."""
STILL_LAGS = 8


@dataclass(frozen=True)
class Profile:
    """Speed across the channel, pixels a step.

    Attributes:
        centre, width: place and scale of the coordinate the polynomial is in, pixels across the flow.
        coefficients: of the polynomial, highest power first.
        low, high: range of places the fit rests on; beyond it the speed is held.
        spread: standard deviation of displacements about it, pixels.
    """

    centre: float
    width: float
    coefficients: tuple[float, ...]
    low: float
    high: float
    spread: float

    def at(self, across: Floats) -> Floats:
        """Return the speed at places across the flow, pixels a step; never upstream."""
        place = (np.clip(across, self.low, self.high) - self.centre) / self.width
        return np.maximum(np.polyval(self.coefficients, place), 0.0)


@dataclass(frozen=True)
class Candidate:
    """A flow that may explain the displacements.

    Attributes:
        direction: a key of ``DIRECTIONS``.
        profile: speed across the channel.
        partners: share of the boxes that should be in the next frame and have a partner where they should be.
        chance: the same share in frames that lie far apart.
        jitter: standard deviation of a box's end, pixels, from how lengths of partners differ.
        pairs: boxes that are each other's partner.
        expected: boxes that should be in the next frame.
    """

    direction: str
    profile: Profile
    partners: float
    chance: float
    jitter: float
    pairs: frozenset[tuple[int, int]]
    expected: int

    @property
    def matched(self) -> int:
        """How many pairs are each other's partner."""
        return len(self.pairs)

    @property
    def excess(self) -> float:
        """Share of partners beyond chance, held down where it rests on few boxes."""
        return (self.partners - self.chance) * self.expected / (self.expected + 5)


@dataclass(frozen=True)
class Timeline:
    """The frames that are used, and when they were taken.

    Attributes:
        numbers: (F,) frame numbers, repeated frames left out.
        steps: (F - 1,) steps between them; one step is ``base`` frame numbers.
        base: the usual distance of frame numbers.
        repeated: numbers of the frames that are copies of the one before.
    """

    numbers: Ints
    steps: Floats
    base: int
    repeated: tuple[int, ...]

    @property
    def times(self) -> Floats:
        """(F,) steps since the first frame."""
        return np.concatenate([[0.0], np.cumsum(self.steps)])[: len(self.numbers)]

    @property
    def plain(self) -> Ints:
        """Places of the frames whose next one is a usual step later."""
        return np.flatnonzero(self.steps == 1)


def timeline(frames: pd.DataFrame) -> Timeline:
    """Return the frames of a recording without copies of the frame before.

    Args:
        frames: with ``frame`` (rising) and ``digest``.
    """
    ordered = frames.sort_values("frame")
    digest = ordered["digest"]
    repeated = (digest == digest.shift()) & digest.notna()
    numbers = ordered.loc[~repeated, "frame"].to_numpy(dtype=np.int64)
    distances = np.diff(numbers)
    values, counts = np.unique(distances, return_counts=True)
    base = int(values[np.argmax(counts)]) if len(values) else 1
    return Timeline(numbers, distances / base, base, tuple(int(n) for n in ordered.loc[repeated, "frame"]))


def thinned(transitions: Ints, counts: Ints, lag: int) -> Ints:
    """Return as many of the transitions, evenly spread, as have ``MAX_PAIRS`` pairs of boxes together."""
    total = int((counts[transitions] * counts[transitions + lag]).sum())
    if total <= MAX_PAIRS:
        return transitions
    kept = max(int(len(transitions) * MAX_PAIRS / total), 1)
    return transitions[np.linspace(0, len(transitions) - 1, kept).round().astype(int)]


def far_apart(n_frames: int, earlier: Ints, rng: np.random.Generator) -> Ints:
    """Return for each of some frames another one at least a quarter of the recording away, (T,)."""
    away = rng.integers(max(n_frames // 4, 1), max(n_frames - n_frames // 4, 2), len(earlier))
    return (earlier + away) % n_frames


@dataclass(frozen=True)
class Moves:
    """Displacements of pairs of boxes.

    Attributes:
        first, second: (P,) indices of the boxes.
        by: (P,) pixels downstream.
        aside: (P,) pixels across.
        origins: indices of the boxes that had any other to be compared with.
    """

    first: Ints
    second: Ints
    by: Floats
    aside: Floats
    origins: Ints

    def close(self, places: Places) -> Moves:
        """Return the pairs whose boxes may be one cell's by their places across the flow."""
        near = np.abs(self.aside) < max(4.0, 0.35 * places.typical[1])
        return replace(self, first=self.first[near], second=self.second[near], by=self.by[near], aside=self.aside[near])


def moves(places: Places, n_frames: int, earlier: Ints, later: Ints) -> Moves:
    """Return the displacements of all boxes of some frames against all boxes of others."""
    first, second = pairs(places.frame, n_frames, earlier, later)
    aside = places.across[second] - places.across[first]
    return Moves(first, second, shift(places, first, second), aside, np.unique(first))


def still(boxes: pd.DataFrame, place: Ints, n_frames: int, rng: np.random.Generator) -> Bools:
    """Return (N,) which boxes have one in their place in nearly all frames far apart: dirt, or a wall.

    Args:
        boxes: with ``x0, y0, x1, y1``, sorted by frame.
        place: (N,) place of each box's frame.
        n_frames: how many frames there are.
        rng: random numbers.
    """
    corners = boxes[["x0", "y0", "x1", "y1"]].to_numpy(dtype=float)
    found = np.zeros(len(boxes))
    for _ in range(STILL_LAGS):
        earlier = np.arange(n_frames)
        first, second = pairs(place, n_frames, earlier, far_apart(n_frames, earlier, rng))
        a, b = corners[first], corners[second]
        same = (np.abs(a - b).max(axis=1) < 0.12 * (a[:, 2:] - a[:, :2]).max(axis=1) + 1) & (first != second)
        found[np.unique(first[same])] += 1
    return found >= STILL_LAGS - 1


def peaks(by_x: Moves, false_x: Moves, by_y: Moves, false_y: Moves, reach: tuple[float, float]) -> list[tuple]:
    """Return displacements (x, y), pixels, at which true pairs pile up beyond false ones, the clearest first.

    Args:
        by_x, by_y: displacements of boxes against those of the next frame along the two axes.
        false_x, false_y: the same of frames far apart.
        reach: width and height of the field, pixels: the largest displacements.
    """
    edges = [np.arange(-size - BIN_PX / 2, size + BIN_PX, BIN_PX) for size in reach]
    real = np.histogram2d(by_x.by, by_y.by, bins=edges)[0]
    false = np.histogram2d(false_x.by, false_y.by, bins=edges)[0] * len(by_x.by) / max(len(false_x.by), 1)
    found = []
    for scale in SCALES_PX:
        sigma = scale / BIN_PX
        level = gaussian_filter(false, 2 * sigma, mode="constant")
        noise = (level + len(by_x.by) / real.size + 1e-9) / (4 * np.pi * sigma**2)
        excess = (gaussian_filter(real, sigma, mode="constant") - level) / np.sqrt(noise)
        local = (excess == maximum_filter(excess, size=int(6 * sigma) | 1)) & (excess > 0)
        rows, columns = np.nonzero(local)
        best = np.argsort(excess[rows, columns])[::-1][:CANDIDATES]
        found += [
            (excess[r, c], edges[0][r] + BIN_PX / 2, edges[1][c] + BIN_PX / 2)
            for r, c in zip(rows[best], columns[best], strict=True)
        ]
    distinct: list[tuple[float, float]] = []
    for _, x, y in sorted(found, reverse=True):
        if all(max(abs(x - u), abs(y - v)) > SCALES_PX[0] for u, v in distinct):
            distinct.append((x, y))
    return distinct


def direction_of(x: float, y: float) -> str:
    """Return the direction of a displacement, a key of ``DIRECTIONS``."""
    if abs(x) >= abs(y):
        return "right" if x >= 0 else "left"
    return "down" if y >= 0 else "up"


def fit_profile(across: Floats, by: Floats) -> Profile:
    """Return the speed across the channel from displacements: a parabola, robustly fitted; a constant where few.

    Args:
        across: (P,) places, pixels.
        by: (P,) displacements, pixels.
    """
    low, high = np.percentile(across, [5, 95])
    centre, width = float(np.median(across)), max(float(high - low) / 2, 1.0)
    degree = 2 if len(by) >= MIN_CURVED and high - low >= MIN_SLOPE_PX else 0
    place, weights = (np.clip(across, low, high) - centre) / width, np.ones(len(by))
    for _ in range(4):
        coefficients = np.polyfit(place, by, degree, w=np.sqrt(weights))
        residual = by - np.polyval(coefficients, place)
        scale = max(1.4826 * float(np.median(np.abs(residual))), 0.3)
        weights = np.clip(1 - (residual / (4.7 * scale)) ** 2, 1e-6, None) ** 2
    return Profile(centre, width, tuple(float(c) for c in coefficients), float(low), float(high), scale)


def partnered(moves_: Moves, profile: Profile, places: Places, tolerance: float) -> Bools:
    """Return (P,) which pairs are each other's nearest to the place the profile predicts, within the tolerance."""
    off = moves_.by - profile.at(places.across[moves_.first])
    near = np.flatnonzero(np.abs(off) < tolerance)
    result = np.zeros(len(off), dtype=bool)
    distance = np.abs(off[near]) + 0.5 * np.abs(moves_.aside[near])
    result[near[nearest_both_ways(moves_.first[near], moves_.second[near], distance)]] = True
    return result


def tolerance_of(profile: Profile, speed: float) -> float:
    """Return how far from its predicted place a partner may be, pixels."""
    return float(np.clip(3.5 * profile.spread, 4.0, max(6.0, 0.3 * speed)))


def first_guesses(speed: float, across: Floats) -> list[Profile]:
    """Return profiles that fall from a speed on the axis to less at the outermost cells, by none to most of it."""
    axis = float(np.median(across))
    reach = max(float(np.percentile(np.abs(across - axis), 95)), 1.0)
    spread = max(2.0, 0.05 * speed)
    return [Profile(axis, reach, (-loss * speed, 0.0, speed), axis - reach, axis + reach, spread) for loss in LOSSES]


def refine(moves_: Moves, profile: Profile, places: Places) -> Profile | None:
    """Return the profile that displacements near a guess follow, or None if there are none.

    The band of accepted displacements is wide at first, and follows the parabola as it becomes known.
    """
    speed = float(profile.coefficients[-1])
    for tolerance in (max(6.0, 0.1 * speed), max(8.0, 0.2 * speed), max(8.0, 0.2 * speed), None, None):
        chosen = partnered(moves_, profile, places, tolerance or tolerance_of(profile, speed))
        if chosen.sum() < 2:
            return None
        profile = fit_profile(places.across[moves_.first[chosen]], moves_.by[chosen])
    return profile


def evaluate_candidate(direction: str, profile: Profile, true: Moves, false: Moves, places: Places) -> Candidate:
    """Return a candidate with the shares of boxes that have a partner in the next frame and in frames far apart."""
    middle = centres(places)
    speeds = profile.at(places.across)
    stays = middle + speeds < places.length - 4.0
    tolerance = tolerance_of(profile, float(np.median(speeds)))
    shares, chosen, counts = [], [], []
    for moves_ in (true, false):
        counts.append(int(stays[moves_.origins].sum()))
        chosen.append(partnered(moves_, profile, places, tolerance) & stays[moves_.first])
        shares.append(int(chosen[-1].sum()) / max(counts[-1], 1))
    pairs_ = frozenset(zip(true.first[chosen[0]].tolist(), true.second[chosen[0]].tolist(), strict=True))
    jitter = end_jitter(true, chosen[0], places)
    return Candidate(direction, profile, shares[0], shares[1], jitter, pairs_, counts[0])


def end_jitter(moves_: Moves, chosen: Bools, places: Places) -> float:
    """Return the standard deviation of a box's end, pixels: lengths of partners differ by twice as much."""
    whole = chosen & places.whole[moves_.first] & places.whole[moves_.second]
    if whole.sum() < 8:
        return 1.0
    size = places.nose - places.rear
    change = size[moves_.second[whole]] - size[moves_.first[whole]]
    return float(np.clip(1.4826 * np.median(np.abs(change)) / 2, 0.5, 0.1 * places.typical[0] + 0.5))


def candidates(
    boxes: pd.DataFrame,
    place: Ints,
    line: Timeline,
    field: tuple[float, float, float, float],
    wanted: str | None,
    *,
    apart: bool = False,
) -> list[Candidate]:
    """Return the flows that may explain the displacements, the best first.

    With many places to choose from, some displacement always fits best. How well one fits where there is none is seen
    by the same search over frames that lie far apart.

    Args:
        boxes: sorted by frame, those that stand still left out.
        place: (N,) place of each box's frame in ``line.numbers``.
        line: the frames.
        field: (x0, y0, x1, y1) pixels.
        wanted: direction the user states, or None.
        apart: search among frames that lie far apart.
    """
    n_frames = len(line.numbers)
    counts = np.bincount(place, minlength=n_frames)
    earlier = thinned(line.plain, counts, 1)
    later_false = far_apart(n_frames, earlier, np.random.default_rng(0))
    later_true = far_apart(n_frames, earlier, np.random.default_rng(1)) if apart else earlier + 1
    both = {axis: along(boxes, place, field, direction) for axis, direction in (("x", "right"), ("y", "down"))}
    true = {axis: moves(p, n_frames, earlier, later_true) for axis, p in both.items()}
    false = {axis: moves(p, n_frames, earlier, later_false) for axis, p in both.items()}
    found: list[Candidate] = []
    reach = (field[2] - field[0], field[3] - field[1])
    for x, y in peaks(true["x"], false["x"], true["y"], false["y"], reach):
        direction = direction_of(x, y)
        if wanted not in (None, direction):
            continue
        places = along(boxes, place, field, direction)
        sides = [moves(places, n_frames, earlier, later).close(places) for later in (later_true, later_false)]
        for guess in first_guesses(max(abs(x), abs(y)), places.across):
            profile = refine(sides[0], guess, places)
            if profile is not None:
                found.append(evaluate_candidate(direction, profile, *sides, places))
    return sorted(found, key=lambda candidate: -candidate.excess)


def rivalry(found: list[Candidate]) -> float:
    """Return the largest excess that another candidate has by pairs the best one does not explain, over the best's."""
    best = found[0]
    others = [
        len(candidate.pairs - best.pairs) / max(candidate.expected, 1) - candidate.chance
        for candidate in found[1:]
        if candidate.matched >= 3
    ]
    return max(max(others, default=0.0) / max(best.partners - best.chance, 1e-9), 0.0)


def set_steps(line: Timeline, places: Places, profile: Profile) -> Timeline:
    """Return the timeline with the steps between frames that displacements show.

    Frame numbers are believed where nothing speaks against them. After a repeated frame, time may have passed or not;
    and cameras lose frames without counting them.
    """
    n_frames = len(line.numbers)
    nominal = line.steps.copy()
    after_copy = np.isin(line.numbers[1:] - 1, line.repeated)
    usual = np.arange(n_frames - 1)
    all_moves = moves(places, n_frames, usual, usual + 1).close(places)
    origin = places.frame[all_moves.first]
    tallies = {}
    for k in sorted({1.0, 2.0, 3.0, *nominal[nominal <= 12]}):
        scaled = replace(profile, coefficients=tuple(k * c for c in profile.coefficients))
        chosen = partnered(
            all_moves, scaled, places, tolerance_of(profile, float(np.median(profile.at(places.across))))
        )
        tallies[k] = np.bincount(origin[chosen], minlength=n_frames - 1)[: n_frames - 1]
    steps = nominal.copy()
    for k, tally in tallies.items():
        own = _tally_of(tallies, nominal)
        current = _tally_of(tallies, steps)
        plausible = (k <= nominal) | (~after_copy & (k <= nominal + 2))
        needed = np.where(after_copy, 1, 2)
        better = plausible & (tally >= needed) & (tally >= 3 * own) & (tally > current)
        steps[better] = k
    return replace(line, steps=steps)


def _tally_of(tallies: dict[float, NDArray[np.int64]], steps: Floats) -> Ints:
    """Return how many pairs agree with the steps of each transition."""
    result = np.zeros(len(steps), dtype=np.int64)
    for k, tally in tallies.items():
        result = np.where(steps == k, tally, result)
    return result


def spacing_of(places: Places) -> float | None:
    """Return the median distance of a cell from the next one downstream in its frame, pixels; None where never two."""
    middle = centres(places)
    order = np.lexsort([middle, places.frame])
    gap = np.diff(middle[order])[np.diff(places.frame[order]) == 0]
    return float(np.median(gap)) if len(gap) else None
