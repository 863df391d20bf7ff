"""Claims: statistics of sentences, verdicts by interval and origin, the trial of each test, published values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from claim_inputs import HALF, POWER, SAMPLES, evidence, sample
from project_copy import PROJECT
from rbcflow.claims import power, sentences, statements, values, words
from rbcflow.claims.statistics import of_runs
from rbcflow.claims.table import evaluate_claims
from rbcflow.claims.training import SETTINGS, unlike
from rbcflow.claims.verdicts import CHANGED, FAILS, HOLDS, OPEN, Threshold, together
from rbcflow.config.checks import read_counts
from rbcflow.core.errors import InputError
from rbcflow.runtime.origin import ABSENT, NO_NUMBER

SIMULATED = "not decided: evaluated on and learned from simulated images"
COUNTED = "not decided: counted on simulated images"


def entry(**test) -> dict:
    """Return a sentence of the claims file."""
    return {"id": "s", "claim": "It is so.", "source": "README", "metric": "recall", "power": POWER, **test}


@pytest.fixture(autouse=True)
def few_tries(monkeypatch):
    monkeypatch.setattr(power, "TRIES", 10)


def test_intervals_of_one_number_give_a_verdict():
    cases = [
        # kind, low, high, verdict at the threshold 0.5
        ("at_least", 0.5, 0.9, HOLDS), ("at_least", 0.1, 0.49, FAILS), ("at_least", 0.1, 0.5, OPEN),
        ("at_most", 0.1, 0.5, HOLDS), ("at_most", 0.51, 0.9, FAILS), ("at_most", 0.5, 0.51, OPEN),
        ("more_than", 0.51, 0.9, HOLDS), ("more_than", 0.5, 0.5, FAILS), ("more_than", 0.5, 0.6, OPEN),
        ("less_than", 0.1, 0.49, HOLDS), ("less_than", 0.5, 0.5, FAILS), ("less_than", 0.4, 0.5, OPEN),
        ("at_least", np.nan, np.nan, OPEN),
    ]  # fmt: skip
    for kind, low, high, verdict in cases:
        assert Threshold(kind, 0.5).verdict(low, high) == verdict, (kind, low, high)
    assert [together(found) for found in ([HOLDS, HOLDS], [HOLDS, OPEN], [OPEN, FAILS])] == [HOLDS, OPEN, FAILS]


@pytest.mark.parametrize(
    ("test", "here", "verdict"),
    [
        ({"runs": "val1", "at_least": 0.8}, "1", HOLDS),
        ({"runs": "val2", "at_least": 0.8}, "0.5", FAILS),
        ({"runs": {"val1": 1, "val2": -1}, "more_than": 0}, "0.5", HOLDS),
        ({"runs": {"val2": 1, "val1": -1}, "more_than": 0}, "-0.5", FAILS),
        ({"runs": {"val1": 1, "val3": -1}, "at_least": 0.2}, "1", HOLDS),
        ({"runs": {"val1": 0.5, "a-on-far": 0.5}, "at_most": 0.5}, "0.5", HOLDS),
        ({"runs": ["val1", "val2"], "lowest": True, "at_least": 0.8}, "0.5", FAILS),
        # two frames a recording with four false positives
        ({"runs": "val3", "metric": "background_per_frame", "at_least": 1}, "2", HOLDS),
        ({"runs": "val1", "metric": ["class_recall_mean", "ap50"], "at_least": 0.8}, "1", HOLDS),
    ],
)
def test_sentences_are_decided_on_raw_data_only(test, here, verdict):
    row = sentences.row(entry(**test), evidence())
    assert (row.here, row.verdict) == (here, verdict)
    phantom = sentences.row(entry(**test), evidence("phantom"))
    assert phantom.verdict == SIMULATED
    assert phantom.reason.startswith(f"Would {'hold' if verdict == HOLDS else 'not hold'} on these frames.")


def test_an_interval_across_the_threshold_cannot_tell():
    mixed = sample([[1, 1]] * 6 + [[0, 0]] * 2)
    row = sentences.row(entry(runs="val1", at_least=0.7), evidence(samples={"a-on-set": mixed}))
    assert float(row.low) < 0.7 < float(row.here) < float(row.high)
    assert row.verdict == OPEN
    phantom = sentences.row(entry(runs="val1", at_least=0.7), evidence("phantom", samples={"a-on-set": mixed}))
    assert phantom.reason.startswith("Could not be told on these frames.")


def test_two_recordings_cannot_tell():
    row = sentences.row(entry(runs="val1", at_least=0.7), evidence(samples={"a-on-set": sample([[1, 1]] * 2)}))
    assert (row.here, row.low, row.verdict) == ("1", "", OPEN)
    assert "fewer than 3 recordings" in row.reason


def test_the_first_number_that_all_runs_have_is_taken():
    unnamed = {**SAMPLES, "a-on-far": replace(SAMPLES["a-on-far"], named=False)}
    test = entry(runs={"val1": 1, "val3": -1}, metric=["class_recall_mean", "ap50"], at_least=0.2)
    assert sentences.row(test, evidence()).statistic.startswith("class_recall_mean")
    assert sentences.row(test, evidence(samples=unnamed)).statistic.startswith("ap50")


def test_what_a_switch_does_is_said_where_every_run_was_evaluated_with_it():
    turned = {"run": "a-on-set-at-native", "model": "a", "testset": "set", "published_as": None,
              "companion_of": "a-on-set", "switch": "native"}  # fmt: skip
    known = evidence(samples=SAMPLES | {turned["run"]: sample(HALF)})
    known.runs.rows[turned["run"]] = turned
    alone = sentences.row(entry(runs="val1", at_least=0.8), known)
    assert (alone.here, alone.verdict) == ("1", HOLDS)
    assert "With native frames: recall 0.5 (0.5 to 0.5), would not hold." in alone.reason
    assert "native" not in sentences.row(entry(runs={"val1": 1, "val2": -1}, more_than=0), known).reason


def test_a_number_that_a_test_set_cannot_give_leaves_the_sentence_undecided():
    unnamed = {**SAMPLES, "a-on-far": replace(SAMPLES["a-on-far"], named=False)}
    test = entry(runs={"val1": 1, "val3": -1}, metric="class_recall_mean", at_least=0.2, also=["class_recall_mean"])
    row = sentences.row(test, evidence(samples=unnamed))
    assert (row.verdict, row.here, row.testsets, row.models) == (NO_NUMBER, "", "set far", "a")
    assert row.reason == "the true boxes of far have no class that would give class_recall_mean"
    # what is only told beside the number is left out
    told = sentences.row(entry(runs="val3", at_least=0.2, also=["class_recall_mean"]), evidence(samples=unnamed))
    assert told.here == "0" and "Also" not in told.reason


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}, "mean of a, b, c and d"),
        ({"a": 1}, "a"),
        ({"a": 1, "b": -1}, "a minus b"),
        ({"a": 1, "b": -1, "c": -0.5, "d": 0.5, "e": -0.5, "f": 0.5},
         "a minus b minus the mean of c and e plus the mean of d and f"),
        ({"a": 0.3, "b": 0.3}, "0.6 × the mean of a and b"),
    ],
)  # fmt: skip
def test_sums_of_runs_are_said_in_words(runs, said):
    own = statements.read(entry(runs=runs, more_than=0))
    assert words.of_ids(own, list(runs)) == said


def test_what_decides_a_sentence_is_said_without_ids_and_on_public_recordings_too():
    known = evidence()
    known.runs.rows["a-on-flow_public"] = {"run": "a-on-flow_public", "model": "a", "testset": "flow_public"}
    known.metrics["a-on-flow_public"] = {"status": "available", "origin": ["public"], "learned_from": ["raw"]}
    known.runs._samples["a-on-flow_public"] = sample(HALF)
    row = sentences.row(entry(runs="val1", at_least=0.8), known)
    assert row.plain == "Share of the cells that are found, whatever they are named: “a”, on set; at least 0.8."
    assert (row.here, row.public, row.public_n) == (
        "1", "0.5", "flow_public: 8 recordings, 16 frames, 16 true boxes"
    )  # fmt: skip
    # model b is not evaluated on public recordings, and of two test sets none is the public one's counterpart
    for runs in ({"val1": 1, "val2": -1}, {"val1": 1, "val3": -1}):
        assert sentences.row(entry(runs=runs, more_than=0), known).public == ""


@pytest.mark.parametrize(
    ("tolerance", "message"),
    [
        (None, r"claims\.yaml \(key tolerance\): found no key tolerance"),
        ({"trainings": 0.02, "counts": 0}, r"claims\.yaml \(key tolerance\.singapore\): found no key singapore"),
        ({"trainings": "2 %", "singapore": 0, "counts": 0, "pictures": 0}, r"key tolerance\.trainings\): found '2 %'"),
    ],
)
def test_a_missing_tolerance_is_named(tolerance, message):
    claims = {"sentences": []} | ({} if tolerance is None else {"tolerance": tolerance})
    with pytest.raises(InputError, match=message):
        evaluate_claims(claims, {"trainings": {}, "synthetic_on_singapore_raw": {}}, evidence())


def test_models_trained_unlike_are_named_where_they_are_compared():
    trainings = {"a": {"images": 800, "epochs": 13, "rate": 0.006}, "b": {"images": 600, "epochs": 4, "rate": 0.005}}
    assert unlike(["a", "a"], {"a": dict.fromkeys(SETTINGS, 1)}) == ""
    trainings = {name: dict.fromkeys(SETTINGS, "same") | own for name, own in trainings.items()}
    said = "The models were not trained alike: a 800 images, 13 epochs, rate 0.006; b 600 images, 4 epochs, rate 0.005."
    known = evidence(trainings=trainings)
    compared = sentences.row(entry(runs={"val1": 1, "val2": -1}, more_than=0), known)
    assert said in compared.reason
    # a mean over models compares nothing, and one model on two sets is one training
    for runs in ({"val1": 0.5, "val2": 0.5}, {"val1": 1, "val3": -1}):
        assert "trained alike" not in sentences.row(entry(runs=runs, more_than=0), known).reason


def looks_of(**values) -> pd.DataFrame:
    """Return cells of two sets of four recordings, three cells each; a value differs by set."""
    rows = [
        {"testset": name, "origin": "raw", "recording": f"r{recording}", **{look: pair[place] + 0.01 * cell
         for look, pair in values.items()}}
        for place, name in enumerate(("far", "set")) for recording in range(4) for cell in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("halo", "verdict", "here"), [((0.0, 0.4), HOLDS, "2"), ((0.4, 0.4), FAILS, "0"), ((0.4, 0.0), FAILS, "0.4")]
)
def test_a_sentence_on_looks_holds_where_all_its_parts_do(halo, verdict, here):
    parts = [
        {"metric": "elongation", "more_than": 0, "power": {"holds": 1, "fails": -1}},
        {"metric": "halo", "less_than": -0.1, "power": {"holds": -0.4, "fails": 0}},
    ]
    test = {"id": "s", "claim": "c", "source": "README", "looks": ["far", "set"], "parts": parts}
    row = sentences.row(test, evidence(looks=looks_of(elongation=(3.0, 1.0), halo=halo)))
    # the value shown is that of the part that decides
    assert (row.verdict, row.here) == (verdict, here)
    assert (
        "elongation 2 (" in row.reason
        and row.n == "far: 4 recordings, 12 whole cells; set: 4 recordings, 12 whole cells"
    )
    assert sentences.row(test, evidence()).verdict == ABSENT


def test_the_trial_of_a_test_tells_true_from_false():
    truth = sample([[1] * 6] * 10)
    own = statements.read(entry(runs={"x": 1}, at_least=0.7, power={"holds": 0.97, "fails": 0.3}))
    outcome = power.of_detectors(own, "recall", {"x": truth}, {"x": "set"}, 0)
    assert outcome == {"holds": Counter({HOLDS: 10}), "fails": Counter({FAILS: 10})}
    # a test at its own threshold is right by chance alone
    even = statements.read(entry(runs={"x": 1}, at_least=0.7, power={"holds": 0.7, "fails": 0.7}))
    assert power.of_detectors(even, "recall", {"x": truth}, {"x": "set"}, 0)["holds"][OPEN] >= 7
    assert (
        power.line(Counter({HOLDS: 5, OPEN: 4, FAILS: 1}), FAILS, "0.3") == "right 10 %, open 40 %, wrong 50 % at 0.3"
    )


@pytest.mark.parametrize(
    ("metric", "truth"),
    [("recall", 0.6), ("ap50", 0.6), ("recall_slipper", 0.8), ("class_recall_mean", 0.8), ("precision_slipper", 0.7),
     ("background_per_frame", 2.0), ("wall_slippers_per_frame", 0.5), ("offset_share", 0.08)],
)  # fmt: skip
def test_a_simulated_detector_has_the_number_it_is_simulated_for(metric, truth):
    geometry = sample([[1] * 40] * 60)
    own = statements.read(entry(runs={"x": 1}, metric=metric, at_least=0))
    detector, rng, all_once = power.detector(metric, truth, geometry), np.random.default_rng(1), np.ones((1, 60))
    found = [
        of_runs(own, metric, {"x": power.draw(detector, geometry, rng.normal(size=60), rng)}, {"x": all_once})[0]
        for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(truth, rel=0.03)


def test_targets_add_up_to_the_truth():
    own = statements.read(entry(runs={"x": 1, "y": -1, "v": -0.5, "w": 0.5}, more_than=0))
    targets = power.targets(own, replace(own.parts[0], around=0.5), 0.3)
    assert sum(weight * targets[run] for run, weight in own.runs.items()) == pytest.approx(0.3)
    lowest = statements.read(entry(runs=["x", "y"], lowest=True, at_least=0.8))
    assert power.targets(lowest, replace(lowest.parts[0], around=0.97), 0.6) == {"x": 0.6, "y": 0.97}


@pytest.mark.parametrize(
    ("count", "verdict", "threshold"),
    [
        ({"here": 5}, "within tolerance", "within 0"),
        ({"here": 5.04}, "outside tolerance", "within 0"),
        ({"here": 5.04, "tolerance": 0.05}, "within tolerance", "within 0.05"),
        ({"here": 15, "deviation": "simulated objects"}, CHANGED, ""),
        ({"here": None, "deviation": "simulated objects"}, NO_NUMBER, "within 0"),
        ({"here": 15, "deviation": "simulated objects", "origin": "phantom"}, COUNTED, "within 0"),
        # what is placed in a composed image is ours to choose, whatever the cells
        ({"here": 15, "deviation": "simulated objects", "origin": "phantom", "table": "datasets/a/b.csv"}, CHANGED, ""),
    ],
)
def test_counts_are_compared_within_their_tolerance_or_marked(count, verdict, threshold):
    row = values.count({"id": "n", "title": "n", "published": 5, "origin": "raw", "table": "t.csv", **count}, 0)
    assert (row.verdict, row.threshold) == (verdict, threshold)
    assert row.deviation == ("" if count["here"] is None else count.get("deviation", ""))


def test_values_within_and_outside_tolerance():
    published = {
        "trainings": {"train1": {"precision": 0.9, "recall": 0.8, "map50": 0.7, "map50_95": 0.6}},
        "synthetic_on_singapore_raw": {"detections": 100, "accuracy": 0.75},
    }
    claims = {"sentences": [], "tolerance": {"trainings": 0.02, "singapore": 0.05, "counts": 0, "pictures": 0.05}}
    table = evaluate_claims(claims, published, evidence()).set_index("id")
    assert table.loc["train1_map50", ["published", "here", "verdict"]].tolist() == ["0.7", "0.71", "within tolerance"]
    assert table.loc["train1_map50", ["n", "models"]].tolist() == ["1 seed", "a"]
    assert table.loc["train1_recall", "verdict"] == NO_NUMBER
    assert table.loc["singapore_detections", "verdict"] == "within tolerance"
    assert table.loc["singapore_accuracy", "verdict"] == "outside tolerance"
    assert table.loc[["n", "m"], "verdict"].tolist() == ["within tolerance", NO_NUMBER]
    phantom = evaluate_claims(claims, published, evidence("phantom")).set_index("id")
    assert phantom.loc["n", ["verdict", "learned_from"]].tolist() == [COUNTED, ""]
    assert phantom.loc["train1_map50", "verdict"] == SIMULATED
    assert phantom.loc["singapore_accuracy", ["verdict", "origin", "learned_from"]].tolist() == [
        "not decided: evaluated on simulated images", "phantom", "phantom",
    ]  # fmt: skip


def test_a_run_that_is_not_in_the_table_is_not_tested():
    row = sentences.row(entry(runs="val9", at_least=0.8), evidence())
    assert (row.verdict, row.reason) == ("not decided: no such run", "the table of runs has no val9")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"runs": "val1"}, "no test.*at_least"),
        ({"runs": "val1", "at_least": 1, "at_most": 2}, "at_least, at_most"),
        ({"runs": "val1", "metric": "nonsense", "at_least": 1}, "nonsense"),
        ({"runs": "val1", "at_least": 1, "power": {"holds": 1}}, "holds, fails"),
        ({"runs": ["val1", "val2"], "at_least": 1}, "a weight for each run"),
        ({"at_least": 1}, "one of both"),
        ({"runs": {"val1": 1, "val2": -1}, "at_least": 1, "power": {"holds": 1, "fails": 0}}, "-0.5 in simulated data"),
        (
            {"looks": ["far", "nowhere"], "metric": "halo", "at_least": 1},
            "looks of the test set 'nowhere'.*far, pictures",
        ),
        ({"runs": {"val1": "high"}, "at_least": 1}, "weight of val1 'high'.*a number"),
        ({"runs": {"val1": 0}, "at_least": 1}, "weights other than 0"),
        ({"runs": "val1", "at_least": "high"}, "at_least 'high'.*a number"),
        ({"runs": "val1", "at_least": float("nan")}, "at_least nan.*a number"),
        ({"runs": "val1", "metric": None, "at_least": 1}, "metric None"),
        ({"runs": "val1", "at_least": 1, "power": {"holds": 1, "fails": None}}, "power, fails None.*a number"),
        ({"runs": "val1", "at_least": 1, "lowst": True}, "unknown key 'lowst'"),
        ({"runs": "val1", "both": True, "at_least": 1}, "two runs"),
        ({"runs": "val1", "parts": [{"at_least": 1}, {"at_most": 1}]}, "one test"),
        ({"looks": ["naples"], "at_least": 1}, "a list of two test sets"),
        ({"looks": ["naples", "naples"], "at_least": 1}, "a list of two test sets"),
        ({"runs": "val1", "at_least": 1, "also": "recall"}, "a list of metrics"),
    ],
)
def test_a_wrong_sentence_is_named(test, words):
    unnamed = {**SAMPLES, "a-on-far": replace(SAMPLES["a-on-far"], named=False)}
    with pytest.raises(InputError, match=words):
        sentences.row(entry(**test), evidence(samples=unnamed))


def test_a_sentence_that_is_no_mapping_is_named():
    with pytest.raises(InputError, match=r"claims\.yaml.*'high recall'.*a mapping"):
        statements.read("high recall")


def test_every_sentence_of_the_project_can_be_tested_and_tried():
    claims = yaml.safe_load((PROJECT / "paper/claims.yaml").read_text())
    runs = pd.read_csv(PROJECT / "config/runs.tsv", sep="\t")
    named = {*runs["published_as"].dropna(), *runs["run"]}
    published = {f"val{number}" for number in (21, 22, 23, *range(25, 33))}
    assert published <= named
    testsets = yaml.safe_load((PROJECT / "config/testsets.yaml").read_text())
    for own in map(statements.read, claims["sentences"]):
        assert set(own.runs) <= named
        assert set(own.looks) <= set(testsets)
        for part in own.parts if own.runs else ():
            for metric in part.metric:
                for truth in part.power.values():
                    for value in power.targets(own, part, truth).values():
                        power.detector(metric, value, SAMPLES["a-on-set"])
        for part in own.parts:
            verdicts = [part.threshold.verdict(part.power[key], part.power[key]) for key in ("holds", "fails")]
            assert verdicts == [HOLDS, FAILS], own.id


def test_every_deviation_that_a_count_names_is_in_the_table():
    rows = set(re.findall(r"^\| ([^|]+?) \|", (PROJECT / "paper/deviations.md").read_text(), re.MULTILINE))
    named = {count["deviation"] for count in read_counts(PROJECT / "paper/published.yaml") if "deviation" in count}
    assert named and named <= rows
