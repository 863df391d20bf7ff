"""What the section "Towards a universal dataset" says: the shipped detector beside the preprint's (rule
``render_report``). ``shipped.py`` reads the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rbcflow.core.names import GAUGE_VERDICTS
from rbcflow.datasets.domain import INGREDIENTS
from rbcflow.runtime.lineage import PHANTOM
from rbcflow.training import short

FITTED = "universal fitted"
"""The role of the shipped detector where frames were brought to the size of its training (``detector.fitting``)."""

ALL, MEAN, UNDISTURBED = "all", "mean of the disturbed", "none"
WORDS = {
    "better": "better",
    "worse": "worse",
    "overlap": "neither better nor worse, as far as intervals can tell,",
    "open": "undecided (too few recordings, or other frames)",
}
"""How it stands to another detector (``Group.against``), as the page says it."""

SIGNS = {
    "unsure": "how sure they are (their mean score)",
    "unknown": "how far the network’s features lie from those of its training images",
    "small": "how much smaller cells are than there",
    "large": "how much larger cells are than there",
}
"""What the gauge reads (``recordings.gauge``, keys of its ``costs``), as the page says it."""

LIMITS = (0.6, 0.8)
"""Expected average precision below which the gauge says ``not valid`` and ``doubtful`` (``recordings.gauge``)."""

SHIPPED = ("testset", "size", "condition", "clusters")
"""What tells the rows of a detector in ``conditions.csv`` apart, colour left out."""

PLOT = 260
"""Side of the gauge's picture, pixels."""


@dataclass(frozen=True)
class Line:
    """One detector on one test set, the frames in colour or in grey.

    Attributes:
        detector: its id.
        role: ``universal``, ``starter``, one of both with `` fitted`` behind it, or ``best`` (this run's best of the
            preprint's kinds).
        row: as labelled.
        ignored: clusters left out; None where there are none.
    """

    detector: str
    role: str
    row: dict[str, str]
    ignored: dict[str, str] | None

    def value(self, column: str) -> float | None:
        """Return a number of the row, ``ignored`` for its average precision without clusters."""
        row, name = (self.ignored or {}, "ap50") if column == "ignored" else (self.row, column)
        return float(row[name]) if row.get(name) else None


@dataclass(frozen=True)
class Group:
    """A test set's lines, this run's detector of the highest mean class recall there, and the frames' origins."""

    testset: str
    seen: str
    lines: list[Line]
    namer: dict[str, str] | None
    origins: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether frames were simulated."""
        return PHANTOM in self.origins

    def line(self, role: str) -> Line | None:
        """Return a detector's line."""
        return next((line for line in self.lines if line.role == role), None)

    def is_best(self, line: Line, column: str) -> bool:
        """Say whether no other line has a better number; of false positives fewer are better. A line alone is none."""
        sign = -1 if column == "false_positives_per_frame" else 1
        values = [sign * value for other in self.lines if (value := other.value(column)) is not None]
        own = line.value(column)
        return own is not None and len(values) > 1 and sign * own == max(values)

    def against(self, role: str) -> str:
        """Say how the shipped detector's average precision stands to another's on the same frames.

        Returns:
            ``better`` or ``worse`` where the interval of the difference leaves out 0 or, where none was counted, both
            intervals lie apart; ``overlap`` where not, ``open`` where an interval is missing or the frames differ, and
            nothing where either detector was not evaluated.
        """
        own, other = self.line("universal"), self.line(role)
        if own is None or other is None:
            return ""
        ends = [line.row[f"ap50_{side}"] for line in (own, other) for side in ("low", "high")]
        if own.row["frames"] != other.row["frames"] or not all(ends):
            return "open"
        apart = [own.row[f"difference_{side}"] for side in ("low", "high")] if role == "starter" else [""]
        low, high, other_low, other_high = map(float, [*apart, 0, 0] if all(apart) else ends)
        return "better" if low > other_high else "worse" if high < other_low else "overlap"


@dataclass(frozen=True)
class Outcome:
    """What was measured under the conditions that the gauge gave one verdict.

    Attributes:
        n: conditions, in all and by measured average precision: at least 0.8, between, below 0.6.
        missed: rows below 0.6 that were called valid or doubtful, rows from 0.8 on that were called not valid; the
            worst first.
    """

    verdict: str
    n: tuple[int, int, int, int]
    mean: float
    lowest: dict[str, str]
    missed: list[dict[str, str]]


@dataclass(frozen=True)
class Universal:
    """What is known of the shipped detector.

    Attributes:
        groups: test sets with all detectors.
        record: of its training.
        stress: a row a condition: its name, and average precision by (test set, role).
        sets: test sets of ``stress``.
        gauge: a row a condition: measured, expected and verdict.
        ranks: rank correlations of measured and expected by laboratory, over all conditions and over the milder ones.
        found: recall by measure and bin: low end, high end, and the row of each role.
        ablation, laboratories, seeds: rows of the tables over seeds; empty where those long comparisons were not made.
        images: that it was trained on; None where the recipe is not there.
        banks: of its cells.
        shipped: average precision of the shipped weights by test set, size, condition and clusters.
    """

    groups: list[Group]
    record: dict[str, Any]
    stress: list[tuple[str, dict[tuple[str, str], dict[str, str]]]]
    sets: list[str]
    gauge: list[dict[str, str]]
    ranks: dict[str, dict[str, float]]
    found: dict[str, list[tuple[str, str, dict[str, dict[str, str]]]]]
    ablation: list[dict[str, str]]
    laboratories: list[dict[str, str]]
    seeds: list[dict[str, str]]
    images: int | None
    banks: tuple[str, ...]
    shipped: dict[tuple[str, str, str, str], str]

    @property
    def averaged(self) -> int:
        """How many trainings the shipped weights are the mean of; 0 where they are one training's."""
        seed = self.record.get("seed")
        return len(seed) if isinstance(seed, list) else 0

    @property
    def origins(self) -> tuple[str, ...]:
        """Of the frames that were disturbed, the simulated sets; none recorded where shipped numbers are of others."""
        known = {o for group in self.groups if group.simulated for o in group.origins}
        return () if self.other_frames else tuple(sorted(known))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the table of disturbances has columns for."""
        fitted = any(role == FITTED for _, cells in self.stress for _, role in cells)
        return ("starter", "universal", *([FITTED] if fitted else []))

    @property
    def lacking(self) -> bool:
        """Whether a detector that is shown cannot name a class."""
        shown = [row for group in self.groups for row in (*(line.row for line in group.lines), group.namer) if row]
        return any(row["unnamed"] for row in shown)

    def said(self, role: str) -> list[tuple[str, list[Group]]]:
        """Return in words how the shipped detector stands to another, each with the test sets."""
        named = [
            (words, [group for group in self.groups if group.against(role) == how]) for how, words in WORDS.items()
        ]
        return [(words, groups) for words, groups in named if groups]

    @staticmethod
    def summed(rows: Sequence[dict[str, str]], clusters: str = "evaluated") -> list[dict[str, str]]:
        """Return the rows of whole test sets, of disturbed ones the mean; leave out one way to count clusters."""
        wanted = [row for row in rows if row["condition"] == (MEAN if row["testset"].startswith("stress") else ALL)]
        return [row for row in wanted if not clusters or row["clusters"] != clusters]

    def pivoted(self, rows: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str] | None]]:
        """Return ``summed`` as one line a variant, each with what the first variant was evaluated on, in its order."""
        named: dict[str, dict[tuple[str, str, str], dict[str, str]]] = {}
        for row in self.summed(rows):
            named.setdefault(row["variant"], {})[_place(row)] = row
        places = next(iter(named.values()), {})
        return {variant: [own.get(place) for place in places] for variant, own in named.items()}

    def separated(self, rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        """Return those of ``summed`` whose difference to the first variant has an interval without 0."""
        own = [row for row in self.summed(rows) if row["low"] and row["variant"] != rows[0]["variant"]]
        return [row for row in own if float(row["low"]) > 0 or float(row["high"]) < 0]

    def lying(self, rows: Sequence[dict[str, str]]) -> dict[tuple[str, str, str], tuple[dict[str, str], int, int]]:
        """Return by what was evaluated on a row of it, and how many of ``separated`` lie above 0 there and below."""
        counts = {_place(row): (row, 0, 0) for row in self.summed(rows)}
        for row in self.separated(rows):
            first, above, below = counts[_place(row)]
            up = float(row["low"]) > 0
            counts[_place(row)] = (first, above + up, below + (not up))
        return counts

    @property
    def scale(self) -> tuple[int, int]:
        """Images and epochs of the short trainings of ``make ablation`` and ``make laboratories``."""
        return short.IMAGES["train"], short.TRAINING["epochs"]

    @property
    def read(self) -> tuple[list[str], list[str]]:
        """Return in words what the gauge's fit uses, and what it was offered and leaves out."""
        costs = self.ranks.get("costs", {})
        told = ([words for key, words in SIGNS.items() if bool(costs.get(key)) is used] for used in (True, False))
        return tuple(told) if costs else ([], [])

    def shipped_beside(self, row: dict[str, str]) -> str:
        """Return the shipped weights' average precision where a row over seeds was evaluated; empty if not known."""
        return self.shipped.get(tuple(row[key] for key in SHIPPED), "")

    @property
    def added_since(self) -> list[str]:
        """Return the variant's ingredients that the shipped ablation was made without."""
        known = {row["variant"] for row in self.ablation}
        return [name for name in INGREDIENTS if known and f"without_{name}" not in known]

    @property
    def limits(self) -> tuple[float, float]:
        """Expected values below which the gauge's verdict is another."""
        return LIMITS

    @property
    def outcomes(self) -> list[Outcome]:
        """The gauge's verdicts beside what was measured."""
        named = [(verdict, [row for row in self.gauge if row["verdict"] == verdict]) for verdict in GAUGE_VERDICTS]
        return [_outcome(verdict, rows) for verdict, rows in named if rows]

    @property
    def other_frames(self) -> bool:
        """Whether shipped numbers are of other frames than this run's."""
        return any(line.row["frames"] == "others" for group in self.groups for line in group.lines)

    @property
    def points(self) -> list[dict[str, Any]]:
        """The gauge's picture: a place for each condition, x what was expected and y what was measured."""
        return [
            row
            | {"x": PLOT * float(row["expected"]), "y": PLOT * (1 - float(row["ap50"]))}
            | {"harder": row["testset"].startswith("stress_harder"), "plain": row["condition"] == UNDISTURBED}
            for row in self.gauge
        ]


def _place(row: dict[str, str]) -> tuple[str, str, str]:
    return row["testset"], row["size"], row["clusters"]


def _outcome(verdict: str, rows: Sequence[dict[str, str]]) -> Outcome:
    doubtful, valid = LIMITS
    measured = sorted(rows, key=lambda row: float(row["ap50"]))
    low = [row for row in measured if float(row["ap50"]) < doubtful]
    high = [row for row in measured if float(row["ap50"]) >= valid]
    n = (len(rows), len(high), len(rows) - len(high) - len(low), len(low))
    missed = high[::-1] if verdict == "not valid" else low
    return Outcome(verdict, n, math.fsum(float(row["ap50"]) for row in rows) / len(rows), measured[0], missed)
