"""On simulated data of known truth, does the test of a sentence come out right?

Detectors of known recall, naming, offset and rate of false positives are simulated on the frames, true boxes and
recordings of the actual test sets, so that n is that of the test. Recordings differ in difficulty, for all detectors
alike in half of the variance, as frames of one recording resemble each other. The simulated data goes through the
functions that count the real runs; only the matching of boxes is known instead of found.
"""

from __future__ import annotations

import itertools
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv, ndtr

from rbcflow.claims.rows import TRIES
from rbcflow.claims.statements import FILE, POWER, Part, Statement
from rbcflow.claims.statistics import Cells, cells_of, of_looks, of_runs
from rbcflow.claims.verdicts import FAILS, HOLDS, OPEN, together
from rbcflow.core.errors import InputError
from rbcflow.metrics.intervals import draws, interval
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.metrics.sample import Sample

Values = NDArray[np.float64]

RESAMPLES = 200
"""Draws behind an interval; a test of many sets need not be as fine as that of the one real set."""
CONCENTRATION = 20.0
"""Of the beta distribution of recall over recordings: a standard deviation of 0.09 around 0.8."""
SHAPE = 4.0
"""Of the gamma distribution of false positives over recordings: a standard deviation of half the mean."""
SPREAD = 0.2
"""Standard deviation of the logarithm of the offset over recordings."""


@dataclass(frozen=True)
class Detector:
    """What a simulated detector does, on average over all recordings.

    Attributes:
        found: share of the true boxes it finds.
        right: share of those it names rightly, in every recording.
        background: boxes on background a frame.
        offset: median distance of centres, in sizes of the cell.
        false_class: what those boxes are named.
    """

    found: float = 0.9
    right: float = 1.0
    background: float = 0.0
    offset: float = 0.05
    false_class: str = "slipper"


def detector(metric: str, truth: float, sample: Sample) -> Detector:
    """Return a detector whose number is known.

    Args:
        metric: of ``metrics.numbers.METRICS``.
        truth: its value.
        sample: a run on the test set, for the number of boxes.

    Raises:
        InputError: no detector is simulated for this number, or none can have that value.
    """
    most = np.inf if metric in ("background_per_frame", "wall_slippers_per_frame", "offset_share") else 1
    if not 0 <= truth <= most:
        raise InputError(FILE, f"{metric} of {truth:g} in simulated data", f"0 to {most:g}: see `around`", "power")
    if metric == "class_recall_mean" or metric.startswith("recall_"):
        return Detector(found=truth**0.5, right=truth**0.5)
    if metric.startswith("precision_"):
        name = metric.removeprefix("precision_")
        hits = 0.9 * (sample.true == name).sum()
        return Detector(background=hits * (1 / truth - 1) / sample.n_frames, false_class=name)
    known = {
        "recall": Detector(found=truth),
        "ap50": Detector(found=truth),
        "background_per_frame": Detector(background=truth),
        "wall_slippers_per_frame": Detector(background=truth),
        "offset_share": Detector(offset=truth),
    }
    if metric not in known:
        raise InputError(FILE, f"metric {metric!r}", f"one that can be simulated: {', '.join(known)}", "power")
    return known[metric]


def draw(own: Detector, sample: Sample, difficulty: Values, rng: np.random.Generator) -> Sample:
    """Return a detector's boxes on a test set, matched.

    Args:
        own: the detector.
        sample: a run on the test set, for its true boxes and frames.
        difficulty: (R,) standard normal.
        rng: source of randomness.
    """
    place, n = np.clip(ndtr(difficulty), 1e-6, 1 - 1e-6), len(sample.true)
    share = float(np.clip(own.found, 1e-6, 1 - 1e-6))
    chance = betaincinv(CONCENTRATION * share, CONCENTRATION * (1 - share), place)
    found = rng.random(n) < chance[sample.true_recording]
    names = np.array(sample.classes, dtype=object)
    other = np.where(sample.true == names[0], names[1], names[0])
    named = np.where(rng.random(n) < own.right, sample.true, other)
    # the median of a Rayleigh distribution is 1.1774 of its scale
    offset = rng.rayleigh(own.offset / 1.1774, n) * np.exp(SPREAD * difficulty)[sample.true_recording]
    added = rng.poisson(own.background * gammaincinv(SHAPE, place) / SHAPE * sample.frames)
    false = np.repeat(np.arange(sample.n_recordings), added)
    matched = _matched(sample, np.where(found, named, BACKGROUND), offset, false, own.false_class)
    boxes = matched["predicted"] != BACKGROUND
    true_of, named_as = matched["true"][boxes], matched["predicted"][boxes]
    return replace(
        sample, conf=rng.random(int(boxes.sum())), recording=matched["recording"][boxes], predicted=named_as,
        hit_any=true_of != BACKGROUND, hit=true_of == named_as, matched=matched, background=added.astype(float),
        wall_slippers=added.astype(float),
    )  # fmt: skip


def _matched(
    sample: Sample, predicted: NDArray[np.object_], offset: Values, false: NDArray[np.int64], false_class: str
) -> dict[str, NDArray]:
    """Return ``Sample.matched`` of true boxes, found as what is predicted or not, and of false ones by recording."""
    n, none = len(sample.true), np.full(len(false), np.nan)
    found = predicted != BACKGROUND
    measured = {"iou": np.full(n, 0.8), "offset_px": offset, "offset_share": offset, "size_ratio": np.ones(n)}
    return {
        "recording": np.concatenate([sample.true_recording, false]),
        "true": np.concatenate([sample.true, np.full(len(false), BACKGROUND, dtype=object)]),
        "predicted": np.concatenate([predicted, np.full(len(false), false_class, dtype=object)]),
        "truth_row": np.concatenate([np.arange(n), np.full(len(false), -1)]),
        **{name: np.concatenate([np.where(found, values, np.nan), none]) for name, values in measured.items()},
    }


def targets(statement: Statement, part: Part, truth: float) -> dict[str, float]:
    """Return what each run's number must be in truth so that the statistic is a given one.

    Of a sum, every run lies around one value, moved by its share; of the lowest, the first run is the lowest.
    """
    runs, around = statement.runs, part.around
    if statement.lowest:
        return {run: max(truth, around) if place else truth for place, run in enumerate(runs)}
    apart = truth - around * sum(runs.values())
    whole = sum(weight**2 for weight in runs.values())
    return {run: around + apart * weight / whole for run, weight in runs.items()}


def of_detectors(
    statement: Statement, metric: str, samples: Mapping[str, Sample], testsets: Mapping[str, str], seed: int
) -> dict[str, Counter]:
    """Return how often each verdict is given where a sentence is true, and where it is false.

    Args:
        statement: with our names of the runs.
        metric: the number that is counted.
        samples: by run, for frames and true boxes.
        testsets: name by run.
        seed: root seed.
    """
    [part] = statement.parts
    rng = np.random.default_rng([seed, zlib.crc32(statement.id.encode())])
    weights = {run: draws(samples[run].n_recordings, RESAMPLES, seed, testsets[run]) for run in samples}
    least = min(sample.n_recordings for sample in samples.values())
    outcome = {}
    for key, truth in part.power.items():
        own = {run: detector(metric, value, samples[run]) for run, value in targets(statement, part, truth).items()}
        outcome[key] = Counter()
        for _ in range(TRIES):
            common = {name: rng.normal(size=samples[run].n_recordings) for run, name in testsets.items()}
            simulated = {
                run: draw(own[run], samples[run], _mixed(common[testsets[run]], rng), rng) for run in statement.runs
            }
            values = of_runs(statement, metric, simulated, weights)
            outcome[key][part.threshold.verdict(*interval(values, least))] += 1
    return outcome


def _mixed(common: Values, rng: np.random.Generator) -> Values:
    return (common + rng.normal(size=common.shape)) / np.sqrt(2)


def of_cells(statement: Statement, looks: pd.DataFrame, seed: int) -> dict[str, Counter]:
    """Return the same for a comparison of looks, simulated on the actual cells' recordings.

    A look is normal, with the spread between and within recordings that the actual cells have. Where the sentence is
    false one part is, each in its turn.

    Args:
        statement: with ``looks``, two test sets with cells.
        looks: as ``metrics.looks.measure`` gives it.
        seed: root seed.
    """
    rng = np.random.default_rng([seed, zlib.crc32(statement.id.encode())])
    groups = {
        part.metric[0]: [cells_of(looks, name, part.metric[0], RESAMPLES, seed) for name in statement.looks]
        for part in statement.parts
    }
    spreads = {look: _spreads(looks[look].to_numpy(dtype=float), own) for look, own in groups.items()}
    outcome: dict[str, Counter] = {key: Counter() for key in POWER}
    for key, number in itertools.product(POWER, range(TRIES)):
        verdicts = []
        for place, part in enumerate(statement.parts):
            look = part.metric[0]
            wrong = key == "fails" and place == number % len(statement.parts)
            values = _simulated_look(
                len(looks), groups[look], spreads[look], part.power["fails" if wrong else "holds"], rng
            )
            least = min(own.n_recordings for own in groups[look])
            verdicts.append(part.threshold.verdict(*interval(of_looks(values, groups[look]), least)))
        outcome[key][together(verdicts)] += 1
    return outcome


def _simulated_look(
    n: int, groups: Sequence[Cells], spreads: tuple[float, float], truth: float, rng: np.random.Generator
) -> Values:
    """Return (n,) normal looks, those of the first group higher by the truth."""
    within, between = spreads
    values = within * rng.normal(size=n)
    for own, higher in zip(groups, (truth, 0), strict=True):
        values[own.rows] += higher + between * rng.normal(size=own.n_recordings)[own.recording]
    return values


def _spreads(values: Values, groups: Sequence[Cells]) -> tuple[float, float]:
    """Return the standard deviation of a look within recordings, and of the recordings' means within a test set."""
    apart, shifts = [], []
    for own in groups:
        means = np.bincount(own.recording, values[own.rows]) / np.maximum(np.bincount(own.recording), 1)
        apart.append(values[own.rows] - means[own.recording])
        shifts.append(means - means.mean())
    return float(np.concatenate(apart).std()), float(np.concatenate(shifts).std())


def line(outcome: Mapping[str, int], right: str, truth: str) -> str:
    """Return an outcome in words: how often the verdict was right, open and wrong."""
    total = sum(outcome.values())
    shares = {HOLDS: 0, FAILS: 0, OPEN: 0} | dict(outcome)
    wrong = HOLDS if right == FAILS else FAILS
    counted = ((right, "right"), (OPEN, "open"), (wrong, "wrong"))
    return ", ".join(f"{word} {100 * shares[name] / total:.0f} %" for name, word in counted) + f" at {truth}"
