"""Rows of the preprint's sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rbcflow.claims import power, statements, training
from rbcflow.claims.rows import Claim, complete, made_from, number
from rbcflow.claims.statements import Part, Statement
from rbcflow.claims.statistics import Number, cells_of, metric_of, of_looks, of_runs
from rbcflow.claims.verdicts import FAILS, HOLDS, ON_THESE, together
from rbcflow.core.errors import InputError
from rbcflow.metrics.intervals import LEAST_RECORDINGS
from rbcflow.metrics.numbers import known as numbers_of
from rbcflow.metrics.sample import Sample
from rbcflow.runtime.origin import ABSENT, NO_CLASSES, UNDECIDED, Basis, Question, decide, of_row

if TYPE_CHECKING:
    from rbcflow.claims.table import Evidence


def row(entry: Mapping[str, Any], known: Evidence) -> Claim:
    """Return the row of a sentence.

    Args:
        entry: of ``paper/claims.yaml``.
        known: what it is judged by.

    Raises:
        InputError: it has no test, or a number that these runs do not have.
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
    metric, names = metric_of(part, samples), _in_words(statement, items)
    if any(known.metrics[run]["status"] != "available" for run in samples):
        return _row(
            statement, statistic=f"{part.metric[0]}, {names}", verdict=ABSENT, reason="a test set is unavailable"
        )
    if metric is None and not all(sample.named for sample in samples.values()):
        reason = (
            "the statistic needs classes, and the true boxes of these frames have none that could be right or wrong"
        )
        return _row(statement, statistic=f"{part.metric[0]}, {names}", verdict=NO_CLASSES, reason=reason)
    if metric is None:
        found = f"metric {', '.join(part.metric)}"
        raise InputError(statements.FILE, found, "a metric these runs have", f"claim {statement.id}")
    weights = {run: known.runs.weights(run) for run in samples}
    least = min(sample.n_recordings for sample in samples.values())
    counted = {name: Number.of(name, of_runs(statement, name, samples, weights), least)
               for name in (metric, *_had_by_all(statement.also, samples))}  # fmt: skip
    testsets = {run: known.runs.rows[run]["testset"] for run in samples}
    outcome = power.of_detectors(statement, metric, samples, testsets, known.runs.seed)
    remarks = [_by_run(statement, items, metric, samples, weights), *_switched(statement, part, metric, known),
               _also(statement, counted), _training(statement, known), statement.note, _few(least)]  # fmt: skip
    bases = [Basis.of_metrics(known.metrics[run]) for run in samples]
    return _judged(
        statement, [(part, counted[metric])], Question.RECORDINGS, bases, remarks, outcome,
        statistic=f"{metric}{' on the cells both found' if statement.both else ''}, {names}",
        n=_n(samples, testsets), source=_source(statement, testsets),
    )  # fmt: skip


def _had_by_all(names: Sequence[str], samples: Mapping[str, Sample]) -> list[str]:
    """Return the numbers that all runs have; those of classes are absent where true boxes carry none."""
    return [name for name in names if all(name in numbers_of(sample) for sample in samples.values())]


def _in_words(statement: Statement, items: list[str]) -> str:
    """Return the statistic of the runs, by the ids that the file of sentences gives them."""
    if statement.lowest:
        return "the lowest of " + ", ".join(items)
    weights = list(statement.runs.values())
    shares = ["" if abs(weight) == 1 else f"{abs(weight):g} × " for weight in weights]
    signs = ["minus " if weight < 0 else "plus " if place else "" for place, weight in enumerate(weights)]
    return " ".join(f"{sign}{share}{run}" for sign, share, run in zip(signs, shares, items, strict=True))


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


def _also(statement: Statement, counted: Mapping[str, Number]) -> str:
    said = [_with_interval(own) for name, own in counted.items() if name in statement.also]
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
    looks = known.looks[known.looks["testset"].isin(statement.looks)].reset_index(drop=True)
    names = " minus ".join(statement.looks)
    judged: list[tuple[Part, Number]] = []
    for part in statement.parts:
        look = part.metric[0]
        groups = [cells_of(looks, name, look, known.runs.resamples, known.runs.seed) for name in statement.looks]
        least = min(own.n_recordings for own in groups)
        if not least:
            return _row(statement, statistic=names, verdict=ABSENT, reason="a test set has no whole cell")
        judged.append((part, Number.of(look, of_looks(looks[look].to_numpy(dtype=float), groups), least)))
    found = ", ".join(_with_interval(one) for _, one in judged)
    sizes = looks.groupby("testset")["recording"].agg(["size", "nunique"])
    counts = [f"{name}: {sizes['nunique'][name]} recordings, {sizes['size'][name]} whole cells" for name in sizes.index]
    return _judged(
        statement, judged, Question.COUNT, [Basis(of_row(own)) for own in looks["origin"].unique()],
        [f"{names}: {found}.", statement.note, _few(least)], power.of_cells(statement, looks, known.runs.seed),
        statistic=f"median look of whole cells, {names}", n="; ".join(counts), source="tables/looks.csv",
    )  # fmt: skip


def _judged(
    statement: Statement, judged: list[tuple[Part, Number]], question: Question, bases: list[Basis],
    remarks: list[str], outcome: dict[str, Counter], **fields: str,
) -> Claim:  # fmt: skip
    """Return the row; its value is that of the part that decides."""
    verdicts = [part.threshold.verdict(own.low, own.high) for part, own in judged]
    found = together(verdicts)
    deciding = judged[verdicts.index(found)][1]
    decision = decide(question, *bases)
    remark = "" if decision.decides else f"{ON_THESE[found].capitalize()} on these frames."
    threshold = " and ".join(f"{own.metric} {one.threshold}" if len(judged) > 1 else str(one.threshold)
                             for one, own in judged)  # fmt: skip
    truths = {key: ", ".join(f"{one.power[key]:g}" for one, _ in judged) for key in outcome}
    return _row(
        statement, threshold=threshold, here=number(deciding.value), low=number(deciding.low),
        high=number(deciding.high), verdict=decision.verdict(found), **made_from(*bases),
        reason=" ".join(text for text in (remark, *remarks) if text),
        power_true=power.line(outcome["holds"], HOLDS, truths["holds"]),
        power_false=power.line(outcome["fails"], FAILS, truths["fails"]), **fields,
    )  # fmt: skip
