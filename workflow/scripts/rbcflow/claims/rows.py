"""One row of the claims table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rbcflow.runtime.lineage import SEPARATOR
from rbcflow.runtime.origin import Basis

TRIES = 200
"""Sets of data simulated where a sentence is true, and as many where it is false, on which its test is tried."""


@dataclass(frozen=True)
class Claim:
    """One row of ``claims.csv``; numbers are text, empty where there is none.

    Attributes:
        kind: ``sentence`` or ``value``.
        section: what it speaks of.
        statistic: what tests it.
        plain: the same in words, of a sentence.
        threshold: what the statistic is held against.
        published: the printed value.
        here: this run's.
        low: lower end of its interval over recordings.
        high: upper end.
        n: what it was counted on.
        power_true: of a sentence, how often its test is right, open and wrong on simulated data where it is true.
        power_false: the same where it is false.
        deviation: the row of ``paper/deviations.md`` by which the value was changed on purpose.
        origin: of the images ``here`` was evaluated or counted on.
        learned_from: origin of the images the model behind it learned from.
        source: file below ``results`` it comes from.
        testsets: of a sentence or the run of a value, names joined by blanks.
        models: likewise.
        public: of a sentence on one test set, the same statistic of the same models on public recordings.
        public_low: lower end of its interval.
        public_high: upper end.
        public_n: what it was counted on.
        training_seconds: how long the preprint's trainings of these models took, as it printed.
    """

    id: str
    kind: str
    section: str
    claim: str
    statistic: str
    threshold: str
    published: str
    here: str
    low: str
    high: str
    n: str
    power_true: str
    power_false: str
    verdict: str
    reason: str
    deviation: str
    origin: str
    learned_from: str
    source: str
    plain: str
    testsets: str
    models: str
    public: str
    public_low: str
    public_high: str
    public_n: str
    training_seconds: str


def made_from(*bases: Basis) -> dict[str, str]:
    """Return the columns that say what a number was made from."""
    evaluated = sorted({word for basis in bases for word in basis.evaluated})
    learned = sorted({word for basis in bases for word in basis.learned or ()})
    return {"origin": SEPARATOR.join(evaluated), "learned_from": SEPARATOR.join(learned)}


def complete(**known: str) -> Claim:
    """Return a row, empty in all columns but those given."""
    return Claim(**{**dict.fromkeys(Claim.__annotations__, ""), **known})


def number(value: float) -> str:
    """Return a number for the table, empty where there is none."""
    return "" if pd.isna(value) else f"{value:.4g}"
