"""What tests a sentence, in words: for the claims table and for the page's cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rbcflow.claims.statements import Statement
from rbcflow.core import names


def joined(items: Sequence[str]) -> str:
    """Return things as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def of_ids(statement: Statement, items: Sequence[str]) -> str:
    """Return the statistic of the runs by the ids that the file of sentences gives them.

    Args:
        statement: with runs in the order of the ids.
        items: ids of the runs.
    """
    if statement.lowest:
        return f"the lowest of {joined(items)}"
    groups: dict[float, list[str]] = {}
    for item, weight in zip(items, statement.runs.values(), strict=True):
        groups.setdefault(weight, []).append(item)
    said = ""
    for weight, group in groups.items():
        whole = abs(abs(weight) * len(group) - 1) < 1e-9
        share = "" if whole else f"{abs(weight) * len(group):g} × "
        named = group[0] if len(group) == 1 else f"the mean of {joined(group)}"
        sign = "minus " if weight < 0 else "plus " if said else ""
        said += f"{' ' if said else ''}{sign}{share}{named}"
    return said.removeprefix("the ") if len(groups) == 1 else said


def plain(statement: Statement, metric: str, runs: Mapping[str, Mapping[str, str]]) -> str:
    """Return what decides the sentence, without an id: the number, of which models, on which recordings.

    Args:
        statement: with our names of the runs.
        metric: the number that is counted.
        runs: the rows of the runs, with ``model`` and ``testset``.
    """
    sets = list(dict.fromkeys(runs[run]["testset"] for run in statement.runs))
    alone = len(sets) == 1
    labels = [f"“{names.shown(runs[run]['model'])}”" + ("" if alone else f" on {names.shown(runs[run]['testset'])}")
              for run in statement.runs]  # fmt: skip
    number = names.METRICS.get(metric, metric)
    both = ", counted on the cells both found" if statement.both else ""
    where = f", on {names.shown(sets[0])}" if alone else ""
    [part] = statement.parts
    return f"{number[0].upper()}{number[1:]}: {of_ids(statement, labels)}{where}{both}; {part.threshold}."
