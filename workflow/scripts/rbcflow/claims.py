"""The ledger: every sentence and printed value of the preprint, with a verdict (rule ``judge_claims``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.errors import InputError
from rbcflow.origin import ABSENT, ADOPTED, NO_NUMBER, UNDECIDED, Basis, Question, decide, of_row
from rbcflow.provenance import SEPARATOR


@dataclass(frozen=True)
class Claim:
    """One row of ``claims.csv``; numbers are text, empty where there is none.

    Attributes:
        kind: ``sentence`` or ``value``.
        section: what it speaks of.
        statistic: what tests it.
        threshold: what the statistic is held against.
        published: the printed value.
        here: this run's.
        low: lower end of its interval over recordings.
        high: upper end.
        n: what it was counted on.
        origin: of the images ``here`` was judged or counted on.
        learned_from: origin of the images the model behind it learned from.
        source: file below ``results`` it comes from.
    """

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
    learned_from: str
    source: str


def judge(
    claims: Mapping[str, Any],
    published: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    metrics: Mapping[str, dict],
    runs: list[dict[str, str]],
    models: Mapping[str, str],
) -> pd.DataFrame:
    """Return the ledger.

    What a number was made from says whether it decides anything, see ``origin.decide``.

    Args:
        claims: ``paper/claims.yaml``.
        published: ``paper/published.yaml``.
        tables: ``headline``, ``comparisons``, ``counts`` and ``seeds`` of ``results/tables``.
        metrics: ``metrics.json`` by run.
        runs: rows of the table of runs.
        models: what each model was published as, by its name.

    Returns:
        One row a claim, columns as in ``Claim``.

    Raises:
        InputError: a sentence names a metric or test that is not there.
    """
    named = {row["published_as"]: row["run"] for row in runs if row.get("published_as")}
    rows = [_sentence(entry, tables, metrics, named) for entry in claims["sentences"]]
    rows += _trainings(published["trainings"], tables["seeds"], metrics, models, claims["tolerance"]["trainings"])
    rows += _singapore(
        published["synthetic_on_singapore_raw"], metrics.get(named.get("test_synthetic_test", ""), {}),
        named.get("test_synthetic_test", ""), claims["tolerance"]["singapore"],
    )  # fmt: skip
    rows += [_count(row, claims["tolerance"]["counts"]) for row in tables["counts"].to_dict("records")]
    return pd.DataFrame([asdict(row) for row in rows])


def _made_from(*bases: Basis) -> dict[str, str]:
    """Return the columns that say what a number was made from."""
    judged = sorted({word for basis in bases for word in basis.judged})
    learned = sorted({word for basis in bases for word in basis.learned or ()})
    return {"origin": SEPARATOR.join(judged), "learned_from": SEPARATOR.join(learned)}


def _sentence(entry: dict, tables: Mapping[str, pd.DataFrame], metrics: Mapping[str, dict], named: dict) -> Claim:
    if "untested" in entry:
        return _row(entry, verdict=f"{UNDECIDED}: no such model", reason=entry["untested"])
    where, file = f"claim {entry['id']}", "paper/claims.yaml"
    items = entry["run"] if isinstance(entry["run"], list) else [entry["run"]]
    if unknown := [item for item in items if item not in named]:
        return _row(
            entry, verdict=f"{UNDECIDED}: no such run", reason=f"the table of runs has no {' and no '.join(unknown)}"
        )
    own, metric = [named[item] for item in items], entry["metric"]
    statistic = f"{metric} of " + " minus ".join(f"{run} ({item})" for run, item in zip(own, items, strict=True))
    if len(own) == 2:
        found = _difference(own, metric, tables["comparisons"], metrics)
    else:
        found = _value(own[0], metric, tables["headline"])
    if found is None:
        if all(metrics[run]["status"] == "available" for run in own):
            raise InputError(file, f"metric {metric!r}", "a metric these runs have", where)
        return _row(entry, statistic=statistic, verdict=ABSENT, reason="the test set is unavailable")
    tests = {
        "at_least": (f"at least {entry.get('at_least')}", lambda: found["value"] >= entry["at_least"]),
        "at_most": (f"at most {entry.get('at_most')}", lambda: found["value"] <= entry["at_most"]),
        "less": ("interval below 0", lambda: found["high"] < 0),
        "more": ("interval above 0", lambda: found["low"] > 0),
    }
    kind = next((name for name in tests if name in entry), None)
    if kind is None:
        raise InputError(file, "no test", f"one of {', '.join(tests)}", where)
    threshold, passed = tests[kind]
    bases = [Basis.of_metrics(metrics[run]) for run in own]
    decision = decide(Question.RECORDINGS, *bases)
    source = "tables/comparisons.csv" if len(own) == 2 else "tables/headline.csv"
    return _row(
        entry, statistic=statistic, threshold=threshold, here=_number(found["value"]), low=_number(found["low"]),
        high=_number(found["high"]), n=f"{found['n_recordings']} recordings, {found['n_frames']} frames",
        verdict=decision.verdict("holds" if passed() else "does not hold"),
        reason="" if decision.decides else f"would {'hold' if passed() else 'not hold'} on these frames",
        source=source, **_made_from(*bases),
    )  # fmt: skip


def _row(entry: dict, **known: str) -> Claim:
    fields = {"id": entry["id"], "kind": "sentence", "section": entry["source"], "claim": entry["claim"], **known}
    return _complete(fields)


def _complete(known: dict[str, str]) -> Claim:
    return Claim(**{**dict.fromkeys(Claim.__annotations__, ""), **known})


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.4g}"


def _value(run: str, metric: str, headline: pd.DataFrame) -> dict | None:
    rows = headline[(headline["run"] == run) & (headline["metric"] == metric)].to_dict("records")
    return rows[0] if rows else None


def _difference(runs: list[str], metric: str, table: pd.DataFrame, metrics: Mapping[str, dict]) -> dict | None:
    """Return first minus second, whichever way round the table has them."""
    first, second = (metrics[run]["model"] for run in runs)
    own = table[(table["testset"] == metrics[runs[0]]["testset"]) & (table["metric"] == metric)]
    for row in own.to_dict("records"):
        if (row["first"], row["second"]) == (first, second):
            return {**row, "value": row["difference"]}
        if (row["first"], row["second"]) == (second, first):
            return {**row, "value": -row["difference"], "low": -row["high"], "high": -row["low"]}
    return None


def _trainings(
    trainings: dict, seeds: pd.DataFrame, metrics: Mapping[str, dict], models: Mapping[str, str], tolerance: float
) -> list[Claim]:
    """Compare each printed metric of each training with the mean over this run's seeds."""
    rows = []
    for item, values in trainings.items():
        model = next((name for name, known in models.items() if known == item), None)
        adopted = any(own["model"] == model and own.get("adopted") for own in metrics.values())
        absent = decide(Question.TRAINING, ADOPTED).verdict("") if adopted else NO_NUMBER
        for metric in ("precision", "recall", "map50", "map50_95"):
            own = seeds[(seeds["model"] == model) & (seeds["metric"] == metric)].to_dict("records")
            found, origin = (float(own[0]["mean"]), of_row(own[0]["origin"])) if own else (None, ())
            rows.append(
                _printed(
                    f"{item}_{metric}", f"training {item}", f"{metric} of {item} on its validation images",
                    values[metric], found, tolerance, "tables/seeds.csv", Question.TRAINING, Basis(origin, origin),
                    n=f"{own[0]['seeds']} seeds" if own else "", absent=absent,
                )
            )  # fmt: skip
    return rows


def _printed(
    id_: str, section: str, claim: str, printed: float, here: float | None, tolerance: float, source: str,
    question: Question, basis: Basis, n: str = "", absent: str = NO_NUMBER,
) -> Claim:  # fmt: skip
    common = {"id": id_, "kind": "value", "section": section, "claim": claim, "published": f"{printed:g}",
              "statistic": claim, "threshold": f"within {tolerance:g}", "source": source, "n": n}  # fmt: skip
    if here is None:
        return _complete({**common, "verdict": absent, "reason": "this run has no such number"})
    found = "within tolerance" if abs(here - printed) <= tolerance + 1e-9 else "outside tolerance"
    verdict = decide(question, basis).verdict(found)
    return _complete({**common, "here": _number(here), "verdict": verdict, **_made_from(basis)})


def _singapore(values: dict[str, float], metrics: dict, run: str, tolerance: float) -> list[Claim]:
    """Compare the preprint's counting on raw Singapore pictures with the same counting here."""
    rows, absent = [], ABSENT if metrics.get("status") == "unavailable" else NO_NUMBER
    for key, printed in values.items():
        found: Any = metrics.get("image_labels")
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        # shares may be off by the tolerance, numbers of things by the same share of themselves
        allowed = tolerance if printed < 1 else tolerance * printed
        claim = f"{key.replace('.', ' ').replace('_', ' ')} of the drawn-cell model on raw Singapore pictures"
        rows.append(
            _printed(
                f"singapore_{key.replace('.', '_')}", "drawn cells on Singapore", claim, printed,
                None if found is None else float(found), allowed, f"validation/{run}/metrics.json",
                Question.DRAWN_CELLS, Basis.of_metrics(metrics), absent=absent,
            )
        )  # fmt: skip
    return rows


def _count(row: dict, tolerance: float) -> Claim:
    here = None if pd.isna(row["here"]) or row["here"] == "" else float(row["here"])
    return _printed(
        row["id"], "counts", row["title"], float(row["published"]), here, tolerance, str(row["table"]),
        Question.COUNT, Basis(of_row(row["origin"])),
    )  # fmt: skip


def read_metrics(paths: list[Path]) -> dict[str, dict]:
    """Return ``metrics.json`` by run."""
    return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
