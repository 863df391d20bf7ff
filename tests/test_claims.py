"""The ledger: verdicts by origin of the data, and every published value in it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from rbcflow.claims import judge
from rbcflow.errors import InputError
from rbcflow.origin import NO_NUMBER

PROJECT = Path(__file__).parent.parent
RUNS = [
    {"run": "a-on-set", "model": "a", "testset": "set", "published_as": "val1"},
    {"run": "b-on-set", "model": "b", "testset": "set", "published_as": "val2"},
    {"run": "c-on-pictures", "model": "c", "testset": "pictures", "published_as": "test_synthetic_test"},
]
PUBLISHED = {
    "trainings": {"train1": {"precision": 0.9, "recall": 0.8, "map50": 0.7, "map50_95": 0.6}},
    "synthetic_on_singapore_raw": {"detections": 100, "accuracy": 0.75},
}
SIMULATED = "not decided: judged on and learned from simulated images"
TOLERANCE = {"trainings": 0.02, "singapore": 0.05, "counts": 0}


def judged(origin, sentences, recall=0.9, low=-0.3, high=-0.1):
    """Judge some sentences on numbers of an origin."""
    metrics = {
        row["run"]: {"status": "available", "model": row["model"], "testset": row["testset"],
                     "origin": [origin], "learned_from": [origin]}
        for row in RUNS
    }  # fmt: skip
    metrics["c-on-pictures"]["learned_from"] = ["phantom"]
    metrics["c-on-pictures"]["image_labels"] = {"detections": 104, "accuracy": 0.6}
    frames = {"n_recordings": 9, "n_frames": 90}
    apart = {"testset": "set", "metric": "recall", "first": "a", "second": "b", "difference": -0.2}
    count = {"title": "n", "published": 5, "table": "t.csv"}
    tables = {
        "headline": pd.DataFrame(
            [{"run": "a-on-set", "metric": "recall", "value": recall, "low": 0.8, "high": 1.0, **frames}]
        ),
        "comparisons": pd.DataFrame([{**apart, "low": low, "high": high, **frames}]),
        "seeds": pd.DataFrame([{"model": "a", "metric": "map50", "seeds": 1, "mean": 0.71, "origin": origin}]),
        "counts": pd.DataFrame(
            [{"id": "n", "here": 5, "origin": origin, **count}, {"id": "m", "here": None, "origin": None, **count}]
        ),
    }
    claims = {"sentences": sentences, "tolerance": TOLERANCE}
    return judge(claims, PUBLISHED, tables, metrics, RUNS, {"a": "train1"}).set_index("id")


def sentence(**test):
    return [{"id": "s", "claim": "It is so.", "source": "README", "metric": "recall", **test}]


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ({"run": "val1", "at_least": 0.8}, "holds"),
        ({"run": "val1", "at_least": 0.95}, "does not hold"),
        ({"run": "val1", "at_most": 0.95}, "holds"),
        ({"run": ["val1", "val2"], "less": True}, "holds"),
        ({"run": ["val2", "val1"], "more": True}, "holds"),
        ({"run": ["val1", "val2"], "more": True}, "does not hold"),
    ],
)
def test_sentences_are_decided_on_raw_data_only(test, verdict):
    assert judged("raw", sentence(**test)).loc["s", "verdict"] == verdict
    phantom = judged("phantom", sentence(**test)).loc["s"]
    assert phantom["verdict"] == SIMULATED
    assert phantom["reason"] == f"would {'hold' if verdict == 'holds' else 'not hold'} on these frames"


def test_an_interval_across_zero_decides_against():
    assert judged("raw", sentence(run=["val1", "val2"], less=True), high=0.1).loc["s", "verdict"] == "does not hold"


def test_values_within_and_outside_tolerance():
    table = judged("raw", sentence(run="val1", at_least=0.8))
    assert table.loc["train1_map50", ["published", "here", "verdict"]].tolist() == ["0.7", "0.71", "within tolerance"]
    assert table.loc["train1_recall", "verdict"] == NO_NUMBER
    assert table.loc["singapore_detections", "verdict"] == "within tolerance"
    assert table.loc["singapore_accuracy", "verdict"] == "outside tolerance"
    assert table.loc[["n", "m"], "verdict"].tolist() == ["within tolerance", NO_NUMBER]
    table = judged("phantom", sentence(run="val1", at_least=0.8))
    assert table.loc["n", ["verdict", "learned_from"]].tolist() == ["not decided: counted on simulated images", ""]
    assert table.loc["train1_map50", "verdict"] == SIMULATED
    assert table.loc["singapore_accuracy", ["verdict", "origin", "learned_from"]].tolist() == [
        "not decided: judged on simulated images", "phantom", "phantom",
    ]  # fmt: skip


def test_a_run_that_is_not_in_the_table_is_not_tested():
    row = judged("raw", sentence(run="val9", at_least=0.8)).loc["s"]
    assert (row["verdict"], row["reason"]) == ("not decided: no such run", "the table of runs has no val9")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"run": "val1"}, "no test.*at_least"),
        ({"run": "val1", "metric": "nonsense", "at_least": 1}, "nonsense"),
    ],
)
def test_a_wrong_sentence_is_named(test, words):
    with pytest.raises(InputError, match=words):
        judged("raw", sentence(**test))


def test_every_sentence_and_run_of_the_project_is_known():
    claims = yaml.safe_load((PROJECT / "paper/claims.yaml").read_text())
    named = set(pd.read_csv(PROJECT / "config/runs.tsv", sep="\t")["published_as"].dropna())
    published = {f"val{number}" for number in (21, 22, 23, *range(25, 33))}
    assert published <= named
    for entry in claims["sentences"]:
        runs = entry.get("run", [])
        assert set(runs if isinstance(runs, list) else [runs]) <= named
