"""The sentences of ``paper/claims.yaml``, as the ledger tests them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rbcflow.claims.verdicts import Threshold
from rbcflow.core.errors import InputError
from rbcflow.metrics.looks import LOOKS
from rbcflow.metrics.numbers import METRICS

FILE = "paper/claims.yaml"
KINDS = ("at_least", "at_most", "more_than", "less_than")
POWER = ("holds", "fails")


@dataclass(frozen=True)
class Part:
    """One statistic and what it is held against.

    Attributes:
        metric: names of headline numbers, the first that all runs have is taken; or one of ``LOOKS``.
        threshold: what its interval is held against.
        power: values of the statistic in drawn data in which the sentence is true, and in which it is false.
        around: of a difference, what single runs are drawn around.
    """

    metric: tuple[str, ...]
    threshold: Threshold
    power: dict[str, float]
    around: float


@dataclass(frozen=True)
class Statement:
    """One sentence of the preprint.

    Attributes:
        id: of the ledger's row.
        claim: what the preprint says, in our words.
        source: where it says so.
        runs: weight of each run in the sum that is the statistic, by the id the preprint gave the run, or ours; empty
            where ``looks`` are compared.
        lowest: the statistic is the lowest of the runs, not their sum.
        both: of two runs, count the cells that both found alone.
        also: further numbers given in the remark, counted in the same way.
        looks: two test sets, of which the first's median less the second's is the statistic.
        parts: all must hold; one of them but for ``looks``.
        note: a remark for the reader.
    """

    id: str
    claim: str
    source: str
    runs: dict[str, float]
    lowest: bool
    both: bool
    also: tuple[str, ...]
    looks: tuple[str, ...]
    parts: tuple[Part, ...]
    note: str

    def of_own_runs(self, named: Mapping[str, str]) -> Statement:
        """Return the statement with our names of the runs."""
        return replace(self, runs={named[item]: weight for item, weight in self.runs.items()})

    @property
    def comparing(self) -> bool:
        """Whether runs stand against each other."""
        return len({weight > 0 for weight in self.runs.values()}) > 1


def read(entry: Mapping[str, Any]) -> Statement:
    """Return a sentence of the file.

    Raises:
        InputError: it has no test, no runs, or a number that nothing counts.
    """
    where = f"claim {entry.get('id')}"
    if missing := [key for key in ("id", "claim", "source") if key not in entry]:
        raise InputError(FILE, f"no {missing[0]}", "the keys id, claim and source", where)
    runs, looks = entry.get("runs", {}), tuple(entry.get("looks", ()))
    if bool(runs) is bool(looks):
        raise InputError(FILE, f"runs {runs!r} and looks {list(looks)!r}", "one of both", where)
    lowest = entry.get("lowest", False)
    if not isinstance(runs, dict):
        runs = dict.fromkeys(runs if isinstance(runs, list) else [runs], 1.0)
        if len(runs) > 1 and not lowest:
            raise InputError(FILE, f"runs {list(runs)}", "a weight for each run, or `lowest: true`", where)
    parts = tuple(_part(part, where, LOOKS if looks else METRICS) for part in entry.get("parts", [entry]))
    also = tuple(entry.get("also", ()))
    _known(also, METRICS, where)
    weights = {str(run): float(weight) for run, weight in runs.items()}
    return Statement(
        entry["id"], entry["claim"], entry["source"], weights, lowest, entry.get("both", False), also, looks, parts,
        entry.get("note", ""),
    )  # fmt: skip


def _part(entry: Mapping[str, Any], where: str, known: Any) -> Part:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise InputError(FILE, f"tests: {', '.join(kinds) or 'no test'}", f"one of {', '.join(KINDS)}", where)
    names = entry.get("metric", ())
    names = (names,) if isinstance(names, str) else tuple(names)
    _known(names or (None,), known, where)
    power = entry.get("power", {})
    if any(key not in power for key in POWER):
        raise InputError(FILE, f"power {power!r}", f"the keys {', '.join(POWER)}", where)
    truths = {key: float(power[key]) for key in POWER}
    return Part(names, Threshold(kinds[0], float(entry[kinds[0]])), truths, float(power.get("around", 0)))


def _known(names: Any, known: Any, where: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise InputError(FILE, f"metric {unknown[0]!r}", f"one of {', '.join(known)}", where)
