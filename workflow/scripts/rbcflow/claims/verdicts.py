"""The words of the ledger, and the one place where a number becomes a verdict."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell"
WITHIN, OUTSIDE, CHANGED = "within tolerance", "outside tolerance", "changed by us"
PHANTOM = "not tested: phantom data"
ABSENT = "not tested: raw data absent"
RAW = "raw"

ON_THESE = {HOLDS: "would hold", FAILS: "would not hold", OPEN: "could not be told"}
"""What a verdict would be on frames that decide nothing."""


def settled(origin: Collection[str], found: str) -> tuple[str, str]:
    """Return the verdict on a claim, and a remark.

    A number made from anything but the laboratories' own recordings decides nothing.

    Args:
        origin: of the data behind the number.
        found: the verdict the number gives.
    """
    if set(origin) == {RAW}:
        return found, ""
    return PHANTOM, f"{ON_THESE[found]} on these frames" if found in ON_THESE else ""


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
