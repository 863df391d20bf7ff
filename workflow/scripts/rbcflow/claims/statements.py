"""The sentences of ``paper/claims.yaml``, as the claims table tests them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rbcflow.claims.verdicts import Threshold
from rbcflow.core.errors import InputError
from rbcflow.metrics.looks import LOOKS
from rbcflow.metrics.numbers import METRICS

FILE = "paper/claims.yaml"
KINDS = ("at_least", "at_most", "more_than", "less_than")
POWER = ("holds", "fails")
KEYS = (
    "id", "claim", "source", "runs", "lowest", "both", "looks", "parts", "metric", "also", *KINDS, "power", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One statistic and what it is held against.

    Attributes:
        metric: names of headline numbers, the first that all runs have is taken; or one of ``LOOKS``.
        threshold: what its interval is held against.
        power: values of the statistic in simulated data in which the sentence is true, and in which it is false.
        around: of a difference, what single runs are sampled around.
    """

    metric: tuple[str, ...]
    threshold: Threshold
    power: dict[str, float]
    around: float


@dataclass(frozen=True)
class Statement:
    """One sentence of the preprint.

    Attributes:
        id: of the claims table's row.
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
    if not isinstance(entry, dict):
        raise InputError(FILE, f"{entry!r:.80}", "a mapping with id, claim, source and a test", "sentences")
    where = f"claim {entry.get('id')}"
    if missing := [key for key in ("id", "claim", "source") if not isinstance(entry.get(key), str)]:
        raise InputError(FILE, f"no {missing[0]}", "the keys id, claim and source", where)
    _keys(entry, KEYS, where)
    runs, looks = entry.get("runs") or {}, entry.get("looks") or []
    if bool(runs) is bool(looks):
        raise InputError(FILE, f"runs {runs!r} and looks {looks!r}", "one of both", where)
    if looks and not (isinstance(looks, list) and len(set(map(str, looks))) == len(looks) == 2):
        raise InputError(FILE, f"looks {looks!r}", "a list of two test sets", where)
    lowest, both = entry.get("lowest", False), entry.get("both", False)
    if not isinstance(runs, dict):
        runs = dict.fromkeys(runs if isinstance(runs, list) else [runs], 1.0)
        if len(runs) > 1 and not lowest:
            raise InputError(FILE, f"runs {list(runs)}", "a weight for each run, or `lowest: true`", where)
    weights = {str(run): _number(weight, f"weight of {run}", where) for run, weight in runs.items()}
    if 0 in weights.values() or (both and len(weights) != 2):
        expected = "two runs, as only cells that both found count" if both else "weights other than 0"
        raise InputError(FILE, f"runs {runs!r}", expected, where)
    parts = entry.get("parts", [entry])
    if not isinstance(parts, list) or not parts or (weights and len(parts) > 1):
        expected = "one test; only looks have several" if weights else "a list of tests"
        raise InputError(FILE, f"parts {parts!r:.80}", expected, where)
    also = entry.get("also", [])
    if not isinstance(also, list):
        raise InputError(FILE, f"also {also!r}", "a list of metrics", where)
    _known(also, METRICS, where)
    return Statement(
        entry["id"], entry["claim"], entry["source"], weights, bool(lowest), bool(both), tuple(also), tuple(looks),
        tuple(_part(part, where, LOOKS if looks else METRICS) for part in parts), str(entry.get("note") or ""),
    )  # fmt: skip


def _keys(entry: Mapping[str, Any], allowed: Sequence[str], where: str) -> None:
    if unknown := [key for key in entry if key not in allowed]:
        raise InputError(FILE, f"unknown key {unknown[0]!r}", f"some of {', '.join(allowed)}", where)


def _number(value: Any, meaning: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(FILE, f"{meaning} {value!r}", "a number", where)
    return float(value)


def _part(entry: Any, where: str, known: Any) -> Part:
    if not isinstance(entry, dict):
        raise InputError(
            FILE, f"test {entry!r:.80}", f"a mapping with metric, power and one of {', '.join(KINDS)}", where
        )
    _keys(entry, KEYS, where)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise InputError(FILE, f"tests: {', '.join(kinds) or 'no test'}", f"one of {', '.join(KINDS)}", where)
    names = entry.get("metric", ())
    names = tuple(names) if isinstance(names, list | tuple) else (names,)
    _known(names or (None,), known, where)
    power = entry.get("power", {})
    if not isinstance(power, dict) or any(key not in power for key in POWER):
        raise InputError(FILE, f"power {power!r}", f"the keys {', '.join(POWER)}", where)
    _keys(power, (*POWER, "around"), where)
    truths = {key: _number(power[key], f"power, {key}", where) for key in POWER}
    threshold = Threshold(kinds[0], _number(entry[kinds[0]], kinds[0], where))
    return Part(names, threshold, truths, _number(power.get("around", 0), "power, around", where))


def _known(names: Any, known: Any, where: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise InputError(FILE, f"metric {unknown[0]!r}", f"one of {', '.join(known)}", where)
