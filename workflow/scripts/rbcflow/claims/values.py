"""Rows of values the preprint prints: trainings, simulated cells on Singapore's pictures, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from rbcflow.claims.rows import Claim, complete, made_from, number
from rbcflow.claims.verdicts import CHANGED, OUTSIDE, WITHIN
from rbcflow.runtime.origin import ABSENT, ADOPTED, NO_NUMBER, Basis, Question, decide, of_row

if TYPE_CHECKING:
    from rbcflow.claims.table import Evidence

COMPOSED = "datasets/"
"""Tables of constructed datasets."""


def trainings(printed: dict, known: Evidence, tolerance: float) -> list[Claim]:
    """Compare each printed metric of each training with the mean over this run's seeds."""
    rows = []
    for item, values in printed.items():
        model = next((name for name, published_as in known.models.items() if published_as == item), None)
        adopted = any(own["model"] == model and own.get("adopted") for own in known.metrics.values())
        absent = decide(Question.TRAINING, ADOPTED).verdict("") if adopted else NO_NUMBER
        for metric in ("precision", "recall", "map50", "map50_95"):
            seeds = known.seeds[(known.seeds["model"] == model) & (known.seeds["metric"] == metric)].to_dict("records")
            found, origin = (float(seeds[0]["mean"]), of_row(seeds[0]["origin"])) if seeds else (None, ())
            rows.append(
                printed_value(
                    f"{item}_{metric}", f"training {item}", f"{metric} of {item} on its validation images",
                    values[metric], found, tolerance, "tables/seeds.csv", Question.TRAINING, Basis(origin, origin),
                    n=_seeds(int(seeds[0]["seeds"])) if seeds else "", absent=absent,
                    models=model or "",
                )
            )  # fmt: skip
    return rows


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"


def singapore(printed: dict[str, float], known: Evidence, tolerance: float) -> list[Claim]:
    """Compare the preprint's counting on raw Singapore pictures with the same counting here."""
    run = known.named.get("test_synthetic_test", "")
    metrics = known.metrics.get(run, {})
    rows, absent = [], ABSENT if metrics.get("status") == "unavailable" else NO_NUMBER
    for key, value in printed.items():
        found: Any = metrics.get("image_labels")
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        # shares may be off by the tolerance, numbers of things by the same share of themselves
        allowed = tolerance if value < 1 else tolerance * value
        claim = f"{key.replace('.', ' ').replace('_', ' ')} of the simulated-cell model on raw Singapore pictures"
        rows.append(
            printed_value(
                f"singapore_{key.replace('.', '_')}", "simulated cells on Singapore", claim, value,
                None if found is None else float(found), allowed, f"validation/{run}/metrics.json",
                Question.SIMULATED_CELLS, Basis.of_metrics(metrics), absent=absent,
            )
        )  # fmt: skip
    return rows


def count(row: dict, tolerance: float) -> Claim:
    """Compare a printed count, within its own tolerance where the preprint drew it at random."""
    here = None if pd.isna(row["here"]) or row["here"] == "" else float(row["here"])
    own = row.get("tolerance")
    deviation = row.get("deviation")
    return printed_value(
        row["id"], "counts", row["title"], float(row["published"]), here,
        tolerance if own is None or pd.isna(own) or own == "" else float(own), str(row["table"]),
        Question.COUNT, Basis(of_row(row["origin"])),
        deviation="" if deviation is None or pd.isna(deviation) else str(deviation),
    )  # fmt: skip


def printed_value(
    id_: str, section: str, claim: str, printed: float, here: float | None, tolerance: float, source: str,
    question: Question, basis: Basis, *, n: str = "", absent: str = NO_NUMBER, deviation: str = "", models: str = "",
) -> Claim:  # fmt: skip
    """Return the row of a printed value: within its tolerance or not, changed by us, or not decided.

    Args:
        id_: of the row.
        section: what it speaks of.
        claim: the value in words.
        printed: as published.
        here: as rebuilt, None where there is none.
        tolerance: how far the two may be apart.
        source: file below ``results``.
        question: what is asked, which says what may answer it.
        basis: of the rebuilt value.
        n: what it was counted on.
        absent: the verdict where there is none.
        deviation: row of ``paper/deviations.md`` by which it was changed on purpose.
        models: names joined by blanks.
    """
    common = {"id": id_, "kind": "value", "section": section, "claim": claim, "published": f"{printed:g}",
              "statistic": claim, "threshold": f"within {tolerance:g}", "source": source, "n": n,
              "models": models}  # fmt: skip
    if here is None:
        return complete(**common, verdict=absent, reason="this run has no such number")
    common |= {"here": number(here), "deviation": deviation, **made_from(basis)}
    decision = decide(question, basis)
    # how many objects are planned and placed is ours to choose, whatever recordings they are cut from
    if deviation and (decision.decides or source.startswith(COMPOSED)):
        changed = {"threshold": "", "verdict": CHANGED, "reason": "not comparable, changed on purpose"}
        return complete(**{**common, **changed})
    found = WITHIN if abs(here - printed) <= tolerance + 1e-9 else OUTSIDE
    return complete(**common, verdict=decision.verdict(found))
