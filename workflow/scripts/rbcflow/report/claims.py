"""The claims table, from ``tables/claims.csv`` (rule ``render_report``)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from rbcflow.claims import rows, verdicts
from rbcflow.metrics.intervals import LEAST_RECORDINGS
from rbcflow.report.stages import read_table
from rbcflow.report.text import plural
from rbcflow.runtime.origin import words

COLUMNS = tuple(field.name for field in fields(rows.Claim))

GOOD = (verdicts.HOLDS, verdicts.WITHIN)
BAD = (verdicts.FAILS, verdicts.OUTSIDE)


@dataclass(frozen=True)
class Claim(rows.Claim):
    """A row of the claims table as the page shows it."""

    @property
    def origins(self) -> tuple[str, ...]:
        """What the number was evaluated or counted on; the file may join several words by any sign."""
        return words(re.findall(r"[a-z]+", self.origin.lower()))

    @property
    def learned(self) -> tuple[str, ...]:
        """What the model behind the number learned from, likewise."""
        return words(re.findall(r"[a-z]+", self.learned_from.lower()))

    @property
    def tone(self) -> str:
        """How the verdict is shown: ``good``, ``bad`` or ``open``."""
        return "good" if self.verdict in GOOD else "bad" if self.verdict in BAD else "open"

    @property
    def no_interval(self) -> str:
        """Why there is none, where recordings are too few, else empty."""
        counted = re.match(r"(\d+) recordings?\b", self.n)
        return f"n = {plural(int(counted[1]), 'recording')}: no interval" if counted and _few(counted[1]) else ""


def _few(recordings: str) -> bool:
    return int(recordings) < LEAST_RECORDINGS


def read_claims(results: Path) -> list[Claim] | None:
    """Return the claims table in the file's order, or None where there is no such file.

    Raises:
        InputError: the file lacks a column.
    """
    table = read_table(results / "tables/claims.csv", set(COLUMNS))
    if table is None:
        return None
    return [Claim(*(row[name] for name in COLUMNS)) for row in table.to_dict("records")]


def count_verdicts(claims: list[Claim]) -> dict[str, tuple[str, int]]:
    """Return tone and number of claims by verdict, settled ones first."""
    order = {verdict: place for place, verdict in enumerate((*GOOD, *BAD))}
    verdicts = sorted({claim.verdict for claim in claims}, key=lambda v: (order.get(v, len(order)), v))
    chosen = {verdict: [claim for claim in claims if claim.verdict == verdict] for verdict in verdicts}
    return {verdict: (group[0].tone, len(group)) for verdict, group in chosen.items()}
