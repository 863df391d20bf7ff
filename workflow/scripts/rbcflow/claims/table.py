"""The rows of the claims table, and the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.claims import pictures, sentences, values
from rbcflow.claims.readings import read_pictures
from rbcflow.claims.rows import Claim
from rbcflow.claims.statements import FILE
from rbcflow.claims.statistics import Runs
from rbcflow.core.errors import InputError

TOLERANCES = ("trainings", "singapore", "counts", "pictures")
"""Kinds of values, each with how far a rebuilt one may be off."""


@dataclass(frozen=True)
class Evidence:
    """What claims are evaluated by.

    Attributes:
        runs: the table of runs with their samples.
        metrics: ``metrics.json`` by run.
        trainings: settings of each model's training (``training.settings``).
        looks: ``tables/looks.csv``.
        counts: ``tables/published_counts.csv``.
        seeds: ``tables/seeds.csv``.
        models: what each model was published as, by its name.
        training_seconds: how long the training of each model took the preprint, as it printed.
    """

    runs: Runs
    metrics: Mapping[str, dict]
    trainings: Mapping[str, Mapping[str, Any]]
    looks: pd.DataFrame
    counts: pd.DataFrame
    seeds: pd.DataFrame
    models: Mapping[str, str]
    training_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, str]:
        """Our name of each run, by itself and by the id the preprint gave it."""
        rows = self.runs.rows.values()
        published = {row["published_as"]: row["run"] for row in rows if row.get("published_as")}
        return {row["run"]: row["run"] for row in rows} | published


def evaluate_claims(claims: Mapping[str, Any], published: Mapping[str, Any], evidence: Evidence) -> pd.DataFrame:
    """Return the claims table.

    Args:
        claims: ``paper/claims.yaml``.
        published: ``paper/published.yaml``.
        evidence: of this workflow.

    Returns:
        One row a claim, columns as in ``rows.Claim``.

    Raises:
        InputError: a sentence names a number or test that is not there, or a tolerance is missing.
    """
    tolerance, known = read_tolerance(claims), with_seconds(evidence, published["trainings"])
    rows = [sentences.row(entry, known) for entry in claims["sentences"]]
    rows += values.trainings(published["trainings"], known, tolerance["trainings"])
    rows += values.singapore(published["synthetic_on_singapore_raw"], known, tolerance["singapore"])
    rows += pictures.claims(read_pictures(published), known, tolerance["pictures"])
    rows += [values.count(row, tolerance["counts"]) for row in known.counts.to_dict("records")]
    return pd.DataFrame([asdict(row) for row in rows], columns=list(Claim.__annotations__))


def read_tolerance(claims: Mapping[str, Any]) -> dict[str, float]:
    """Return how far values of each kind may be off.

    Raises:
        InputError: names the key that is missing or no number.
    """
    table = claims.get("tolerance")
    if not isinstance(table, dict):
        raise InputError(FILE, "no key tolerance" if table is None else f"tolerance {table!r:.60}",
                         f"a mapping of {', '.join(TOLERANCES)} to numbers", "key tolerance")  # fmt: skip
    for name in TOLERANCES:
        value = table.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            found = f"no key {name}" if name not in table else f"{value!r}"
            raise InputError(FILE, found, "a number of at least 0", f"key tolerance.{name}")
    return {name: float(table[name]) for name in TOLERANCES}


def with_seconds(evidence: Evidence, printed: Mapping[str, Mapping[str, Any]]) -> Evidence:
    """Return the evidence with the printed time of each model's training."""
    seconds = {name: float(printed[item]["seconds"]) for name, item in evidence.models.items()
               if "seconds" in printed.get(item, {})}  # fmt: skip
    return replace(evidence, training_seconds=seconds)


def read_metrics(paths: list[Path]) -> dict[str, dict]:
    """Return ``metrics.json`` by run."""
    return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
