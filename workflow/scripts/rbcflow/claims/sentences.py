"""Rows of the preprint's sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rbcflow.claims import power, statements, training, words
from rbcflow.claims.rows import Claim, complete, made_from, number
from rbcflow.claims.statements import Part, Statement
from rbcflow.claims.statistics import Number, cells_of, metric_of, of_looks, of_runs
from rbcflow.claims.verdicts import FAILS, HOLDS, ON_THESE, together
from rbcflow.core import names
from rbcflow.core.errors import InputError
from rbcflow.metrics.intervals import LEAST_RECORDINGS
from rbcflow.metrics.numbers import known as known_numbers
from rbcflow.metrics.sample import Sample
from rbcflow.runtime.lineage import PUBLIC
from rbcflow.runtime.origin import ABSENT, NO_NUMBER, UNDECIDED, Basis, Question, decide, of_row

if TYPE_CHECKING:
    from rbcflow.claims.table import Evidence


def row(entry: Mapping[str, Any], known: Evidence) -> Claim:
    """Return the row of a sentence.

    Args:
        entry: of ``paper/claims.yaml``.
        known: what it is evaluated by.

    Raises:
        InputError: it has no test, or names a test set that there is not.
    """
    statement = statements.read(entry)
    if statement.looks:
        return _of_looks(statement, known)
    if missing := [item for item in statement.runs if item not in known.named]:
        reason = f"the table of runs has no {' and no '.join(missing)}"
        return _row(statement, verdict=f"{UNDECIDED}: no such run", reason=reason)
    return _of_runs(statement.of_own_runs(known.named), list(statement.runs), known)


def _row(statement: Statement, **fields: str) -> Claim:
    common = {"id": statement.id, "kind": "sentence", "section": statement.source, "claim": statement.claim}
    return complete(**common, **fields)


def _of_runs(statement: Statement, items: list[str], known: Evidence) -> Claim:
    samples = {run: known.runs.sample(run) for run in statement.runs}
    [part] = statement.parts
    metric, ids = metric_of(part, samples), words.of_ids(statement, items)
    shown = metric or part.metric[0]
    made = {"statistic": f"{shown}{' on the cells both found' if statement.both else ''}, {ids}",
            "plain": words.plain(statement, shown, known.runs.rows), **_made_of(statement, known)}  # fmt: skip
    if any(known.metrics[run]["status"] != "available" for run in samples):
        return _row(statement, verdict=ABSENT, reason="a test set is unavailable", **made)
    if metric is None:
        return _row(statement, verdict=NO_NUMBER, reason=_without(part, samples, known), **made)
    weights = {run: known.runs.weights(run) for run in samples}
    least = min(sample.n_recordings for sample in samples.values())
    also = [name for name in statement.also if all(name in known_numbers(sample) for sample in samples.values())]
    counted = {name: Number.of(name, of_runs(statement, name, samples, weights), least)
               for name in (metric, *also)}  # fmt: skip
    testsets = {run: known.runs.rows[run]["testset"] for run in samples}
    outcome = power.of_detectors(statement, metric, samples, testsets, known.runs.seed)
    remarks = [_by_run(statement, items, metric, samples, weights), *_switched(statement, part, metric, known),
               _also(also, counted), _training(statement, known), statement.note, _few(least)]  # fmt: skip
    bases = [Basis.of_metrics(known.metrics[run]) for run in samples]
    return _evaluated(
        statement, [(part, counted[metric])], Question.RECORDINGS, bases, remarks, outcome,
        n=_n(samples, testsets),
        source=_source(statement, testsets), **made, **_on_public(statement, metric, known),
    )  # fmt: skip


def _without(part: Part, samples: Mapping[str, Sample], known: Evidence) -> str:
    """Say which test sets lack every number that would test a sentence."""
    lacking = {
        names.shown(known.runs.rows[run]["testset"])
        for run, sample in samples.items()
        if not set(part.metric) & set(known_numbers(sample))
    }
    which = words.joined(sorted(lacking)) if lacking else "these test sets together"
    return f"the true boxes of {which} have no class that would give {' or '.join(part.metric)}"


def _made_of(statement: Statement, known: Evidence) -> dict[str, str]:
    """Return the columns that say what would have to be had to decide a sentence."""
    rows = [known.runs.rows[run] for run in statement.runs]
    models = list(dict.fromkeys(row["model"] for row in rows))
    seconds = [known.training_seconds[name] for name in models if name in known.training_seconds]
    return {
        "testsets": " ".join(dict.fromkeys([*(row["testset"] for row in rows), *statement.looks])),
        "models": " ".join(models),
        "training_seconds": f"{sum(seconds):.0f}" if seconds else "",
    }


def _on_public(statement: Statement, metric: str, known: Evidence) -> dict[str, str]:
    """Return the columns of the same statistic on public recordings; none where a sentence compares two test sets.

    Classes of public recordings may be stand-ins; the page says so beside the number.
    """
    rows = known.runs.rows
    if len({rows[run]["testset"] for run in statement.runs}) > 1:
        return {}
    public = {
        rows[run]["model"]: run
        for run, own in known.metrics.items()
        if run in rows and own.get("origin") == [PUBLIC] and own["status"] == "available"
        and not rows[run].get("companion_of")
    }  # fmt: skip
    if not {rows[run]["model"] for run in statement.runs} <= set(public):
        return {}
    there = statement.of_own_runs({run: public[rows[run]["model"]] for run in statement.runs})
    samples = {run: known.runs.sample(run) for run in there.runs}
    if any(metric not in known_numbers(sample) for sample in samples.values()):
        return {}
    weights = {run: known.runs.weights(run) for run in samples}
    least = min(sample.n_recordings for sample in samples.values())
    own = Number.of(metric, of_runs(there, metric, samples, weights), least)
    return {
        "public": number(own.value), "public_low": number(own.low), "public_high": number(own.high),
        "public_n": _n(samples, {run: rows[run]["testset"] for run in samples}),
    }  # fmt: skip


def _n(samples: Mapping[str, Sample], testsets: Mapping[str, str]) -> str:
    own = {testsets[run]: sample for run, sample in samples.items()}
    return "; ".join(
        f"{name}: {sample.n_recordings} recordings, {sample.n_frames} frames, {len(sample.true)} true boxes"
        for name, sample in own.items()
    )


def _source(statement: Statement, testsets: Mapping[str, str]) -> str:
    """Return the table that has the statistic, or else the numbers it is put together from."""
    pair = len(testsets) == 2 and len(set(testsets.values())) == 1 and statement.comparing
    return "tables/comparisons.csv" if pair else "tables/headline.csv"


def _by_run(
    statement: Statement, items: list[str], metric: str, samples: Mapping[str, Sample], weights: Mapping[str, Any]
) -> str:
    if len(samples) == 1 or statement.both:
        return ""
    alone = [
        of_runs(Statement(**{**vars(statement), "runs": {run: 1.0}, "lowest": False}), metric, samples, weights)[0]
        for run in samples
    ]
    return (
        "By run: "
        + ", ".join(f"{item} {number(value) or 'none'}" for item, value in zip(items, alone, strict=True))
        + "."
    )


def _switched(statement: Statement, part: Part, metric: str, known: Evidence) -> list[str]:
    """Say for each switch what the statistic is on the runs' companions, where all runs have one."""
    said = []
    for switch, companions in known.runs.companions.items():
        if not set(statement.runs) <= set(companions):
            continue
        turned = statement.of_own_runs(companions)
        samples = {run: known.runs.sample(run) for run in turned.runs}
        weights = {run: known.runs.weights(run) for run in samples}
        least = min(sample.n_recordings for sample in samples.values())
        own = Number.of(metric, of_runs(turned, metric, samples, weights), least)
        verdict = ON_THESE[part.threshold.verdict(own.low, own.high)]
        said.append(f"With {switch} frames: {_with_interval(own)}, {verdict}.")
    return said


def _also(also: list[str], counted: Mapping[str, Number]) -> str:
    said = [_with_interval(counted[name]) for name in also]
    return f"Also: {', '.join(said)}." if said else ""


def _with_interval(own: Number) -> str:
    return f"{own.metric} {number(own.value)} ({number(own.low)} to {number(own.high)})"


def _training(statement: Statement, known: Evidence) -> str:
    if not statement.comparing:
        return ""
    return training.unlike((known.runs.rows[run]["model"] for run in statement.runs), known.trainings)


def _few(recordings: int) -> str:
    return f"No interval from fewer than {LEAST_RECORDINGS} recordings." if recordings < LEAST_RECORDINGS else ""


def _of_looks(statement: Statement, known: Evidence) -> Claim:
    there = {row["testset"] for row in known.runs.rows.values()} | set(known.looks["testset"])
    unknown = [name for name in statement.looks if name not in there]
    # a project of other test sets has neither of the two; where it has one, the other's name is wrong
    if len(unknown) == 1:
        found = f"looks of the test set {unknown[0]!r}"
        raise InputError(statements.FILE, found, f"two of {', '.join(sorted(there))}", f"claim {statement.id}")
    looks = known.looks[known.looks["testset"].isin(statement.looks)].reset_index(drop=True)
    pair, made = " minus ".join(statement.looks), _made_of(statement, known)
    evaluated: list[tuple[Part, Number]] = []
    for part in statement.parts:
        look = part.metric[0]
        groups = [cells_of(looks, name, look, known.runs.resamples, known.runs.seed) for name in statement.looks]
        least = min(own.n_recordings for own in groups)
        if not least:
            return _row(statement, statistic=pair, verdict=ABSENT, reason="a test set has no whole cell", **made)
        evaluated.append((part, Number.of(look, of_looks(looks[look].to_numpy(dtype=float), groups), least)))
    found = ", ".join(_with_interval(one) for _, one in evaluated)
    sizes = looks.groupby("testset")["recording"].agg(["size", "nunique"])
    counts = [f"{name}: {sizes['nunique'][name]} recordings, {sizes['size'][name]} whole cells" for name in sizes.index]
    return _evaluated(
        statement, evaluated, Question.COUNT, [Basis(of_row(own)) for own in looks["origin"].unique()],
        [f"{pair}: {found}.", statement.note, _few(least)], power.of_cells(statement, looks, known.runs.seed),
        statistic=f"median look of whole cells, {pair}", n="; ".join(counts), source="tables/looks.csv",
        plain=_looks_in_words(statement), **made,
    )  # fmt: skip


def _looks_in_words(statement: Statement) -> str:
    first, second = (names.shown(name) for name in statement.looks)
    parts = words.joined([f"{names.METRICS[part.metric[0]]} {part.threshold}" for part in statement.parts])
    return f"Look of whole cells, {first} minus {second}: {parts}; all must hold."


def _evaluated(
    statement: Statement, evaluated: list[tuple[Part, Number]], question: Question, bases: list[Basis],
    remarks: list[str], outcome: dict[str, Counter], **fields: str,
) -> Claim:  # fmt: skip
    """Return the row; its value is that of the part that decides."""
    verdicts = [part.threshold.verdict(own.low, own.high) for part, own in evaluated]
    found = together(verdicts)
    deciding = evaluated[verdicts.index(found)][1]
    decision = decide(question, *bases)
    remark = "" if decision.decides else f"{ON_THESE[found].capitalize()} on these frames."
    threshold = " and ".join(f"{own.metric} {one.threshold}" if len(evaluated) > 1 else str(one.threshold)
                             for one, own in evaluated)  # fmt: skip
    truths = {key: ", ".join(f"{one.power[key]:g}" for one, _ in evaluated) for key in outcome}
    return _row(
        statement, threshold=threshold, here=number(deciding.value), low=number(deciding.low),
        high=number(deciding.high), verdict=decision.verdict(found), **made_from(*bases),
        reason=" ".join(text for text in (remark, *remarks) if text),
        power_true=power.line(outcome["holds"], HOLDS, truths["holds"]),
        power_false=power.line(outcome["fails"], FAILS, truths["fails"]), **fields,
    )  # fmt: skip
