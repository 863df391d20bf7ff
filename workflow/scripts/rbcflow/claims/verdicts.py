"""The words of the claims table, and how an interval becomes one; whether a number decides at all is ``origin``'s."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell"
WITHIN, OUTSIDE, CHANGED = "within tolerance", "outside tolerance", "changed by us"

ON_THESE = {HOLDS: "would hold", FAILS: "would not hold", OPEN: "could not be told"}
"""What a verdict would be on frames that decide nothing."""


@dataclass(frozen=True)
class Threshold:
    """What an interval is held against.

    Attributes:
        kind: ``at_least``, ``at_most``, ``more_than`` or ``less_than``.
        value: the number.
    """

    kind: str
    value: float

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.value:g}"

    def verdict(self, low: float, high: float) -> str:
        """Return whether a claim holds: where the interval spans the threshold, or is none, nobody can tell."""
        if np.isnan(low) or np.isnan(high):
            return OPEN
        holds, fails = {
            "at_least": (low >= self.value, high < self.value),
            "at_most": (high <= self.value, low > self.value),
            "more_than": (low > self.value, high <= self.value),
            "less_than": (high < self.value, low >= self.value),
        }[self.kind]
        return HOLDS if holds else FAILS if fails else OPEN


def together(verdicts: Collection[str]) -> str:
    """Return the verdict on a sentence of several parts: it holds if all do, and fails if one does."""
    return FAILS if FAILS in verdicts else OPEN if OPEN in verdicts else HOLDS
