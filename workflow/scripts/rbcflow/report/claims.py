"""The claims ledger, from ``tables/claims.csv`` (rule ``render_report``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rbcflow.report.records import origins
from rbcflow.report.stages import read_table

COLUMNS = (
    "id", "kind", "section", "claim", "statistic", "threshold", "published", "here", "low", "high", "n", "verdict",
    "reason", "origin", "source",
)  # fmt: skip

GOOD = ("holds", "within tolerance")
BAD = ("does not hold", "outside tolerance")


@dataclass(frozen=True)
class Claim:
    """A row of the ledger; every field is text as the file has it."""

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
    verdict: str
    reason: str
    origin: str
    source: str

    @property
    def origins(self) -> tuple[str, ...]:
        """What the number was made from; the file may join several words by any sign."""
        return origins(re.findall(r"[a-z]+", self.origin.lower()))

    @property
    def tone(self) -> str:
        """How the verdict is shown: ``good``, ``bad`` or ``open``."""
        return "good" if self.verdict in GOOD else "bad" if self.verdict in BAD else "open"


def read_claims(results: Path) -> list[Claim] | None:
    """Return the ledger in the file's order, or None where there is no such file.

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
