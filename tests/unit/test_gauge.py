"""What boxes are worth without truth: looks and second looks by hand, the fit, the verdict, and the shipped gauge."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from project_copy import PROJECT
from rbcflow.core.errors import InputError
from rbcflow.core.names import GAUGE
from rbcflow.detector import looks
from rbcflow.recordings import gauge, gauging
from rbcflow.recordings.detectors import gauge_digest, shipped, shipped_gauge, shipped_record
from rbcflow.recordings.gauge import TERMS, Gauge, Seen, Space
from recordings_inputs import draw_recording

READINGS = PROJECT / "resources/universal/gauge.csv"
SPACE = Space((0.0, 0.0), ((1.0, 0.0), (0.0, 0.5)))


def seen(scores=(0.9, 0.7), sides=(34.0,), features=(0.0, 0.0), look=None) -> Seen:
    return Seen(*(np.array(values, dtype=float) for values in (scores, sides, features)), look)


def test_the_space_of_training_images_has_a_distance_of_one():
    rng = np.random.default_rng(0)
    features = rng.normal([5, -2, 0], [1, 10, 0.1], (4000, 3))
    space = Space.of_images(features)
    assert np.sqrt(np.mean([space.distance(one) ** 2 for one in features])) == pytest.approx(1, abs=0.02)
    assert space.distance(np.array([5.0, -2.0, 0.5])) == pytest.approx(5 / np.sqrt(3), abs=0.2)
    assert SPACE.distance(np.array([1.0, 2.0])) == 1


def test_terms_by_hand():
    frames = [seen(), seen(scores=(0.5, 0.3), sides=(17.0, 8.5, 8.5, 8.5), features=(3.0, 0.0))]
    found = gauge.terms(frames, SPACE, 34.0)
    assert found["unsure"] == pytest.approx(1 - (0.9 + 0.7 + 0.5 + 0.3) / 4)
    assert found["unknown"] == pytest.approx((0 + 3 / np.sqrt(2)) / 2)
    # a quarter of the size it should be: two octaves, of which a factor of 1.7 is borne
    assert (found["small"], found["large"]) == (pytest.approx(2 - np.log2(1.7)), 0)
    assert gauge.terms([seen((), ())], SPACE, 34.0) is None


def made(reference=None, **costs: float) -> Gauge:
    return Gauge("a", SPACE, reference, 34.0, 0.9, dict.fromkeys(TERMS, 0.0), dict.fromkeys(TERMS, 0.0) | costs)


@pytest.mark.parametrize(
    ("costs", "sides", "expected", "verdict", "reason"),
    [
        ({}, 34, 0.9, "valid", ""),
        ({"unsure": 1.0}, 34, 0.7, "doubtful", "the boxes' mean score is only 0.80"),
        ({"unsure": 0.1, "small": 1.0}, 8.5, 0.88 - 2 + np.log2(1.7), "not valid", "cells are 0.25 times as large"),
        ({"large": 9.0}, 136, 0.0, "not valid", "cells are 4.00 times as large as they should be"),
    ],
)
def test_costs_are_taken_off(costs, sides, expected, verdict, reason):
    found = made(**costs).read([seen(sides=(sides,))])
    assert (found.expected, found.verdict) == (pytest.approx(max(expected, 0)), verdict)
    assert ("; ".join(found.reasons)).startswith(reason) and bool(found.reasons) == (verdict != "valid")


def test_what_looks_unlike_the_training_is_a_reason_where_boxes_are_not_valid():
    look = {"contrast": 40.0, "steepness": 0.1, "noise": 4.0, "polarity": 0.0}
    reference = looks.reference([look | {"contrast": 40.0 + n} for n in range(30)])
    noisy = [seen(look=look | {"noise": 30.0})]
    assert "noise 30 grey levels (in training 4 to 4)" in made(reference, unsure=1.0).read(noisy).reasons
    assert not made(reference).read(noisy).reasons


def test_no_box_is_not_valid():
    found = made().read([seen((), ())])
    assert (found.expected, found.verdict) == (0, "not valid")
    assert "no boxes" in found.reasons[0]


def rows(**unsure: float) -> pd.DataFrame:
    """Return conditions of one laboratory that lose half of what they are unsure above 0.2."""
    frames = [
        {"testset": "s", "source": "s", "condition": name, "n_boxes": 9, "ap50": 0.9 - 0.5 * (value - 0.2)}
        | dict.fromkeys(TERMS, 0.1)
        | {"unsure": value}
        for name, value in unsure.items()
    ]
    return pd.DataFrame(frames)


def test_costs_are_found_from_conditions():
    fitted = gauging.fit(rows(none=0.2, noise=0.4, blur=0.8))
    assert fitted["start"] == 0.9 and fitted["best"]["unsure"] == 0.2
    # a condition without a box has nothing to tell from
    lost = rows(noise=0.9).assign(ap50=0.0, **dict.fromkeys(TERMS, np.nan))
    assert gauging.fit(pd.concat([rows(none=0.2, noise=0.4, blur=0.8), lost])) == fitted
    assert fitted["costs"] == dict.fromkeys(TERMS, 0.0) | {"unsure": 0.5}


def test_the_claim_is_made_without_the_laboratorys_own_frames():
    """One laboratory loses by size, the other by score: gauges of the other cannot know."""
    first = rows(none=0.2, bad=0.6)
    second = first.assign(source="t", testset="t", unsure=0.2, large=first["unsure"])
    scores = {"none": (0.8, 0.8), "bad": (0.4, 0.4)}
    frames = {name: {cond: [seen(scores[cond])] for cond in scores} for name in ("s", "t")}
    common = {"sha256": "a", "space": SPACE, "reference": None, "side": 34.0}
    whole, told = gauging.calibrate(frames, pd.concat([first, second]), common)
    assert whole.costs["unsure"] > 0 and whole.costs["large"] > 0
    bad = told[told["condition"] == "bad"].set_index("source")
    assert bad.loc["s", "expected"] > bad.loc["s", "shipped"]
    assert list(told) == list(gauging.COLUMNS) and set(gauging.ranking(told)) == {"s", "t"}


def test_a_gauge_is_read_back_and_belongs_to_one_file(tmp_path: Path):
    told = pd.DataFrame({"source": "s", "expected": [0.1, 0.9, 0.8], "ap50": [0.2, 0.8, 0.9]})
    stored = gauging.as_dict(made(unsure=0.5), told.assign(testset=["stress_harder_s", "stress_s", "stress_s"]))
    assert (stored["spearman"], stored["spearman_of_mild"]) == ({"s": 0.5}, {"s": -1.0})
    gauging.write(stored, tmp_path / GAUGE)
    checkpoint = tmp_path / "best.pt"
    assert gauge.read_gauge(checkpoint, "a", {}, 34.0) == made(unsure=0.5)
    assert gauge.read_gauge(checkpoint, "b", {}, 34.0) is None
    # boxes are read anew where another gauge, or another record of how training images look, lies beside the same file
    digest = gauge_digest(checkpoint, "a")
    gauging.write(stored | {"start": 0.123}, tmp_path / GAUGE)
    another = gauge_digest(checkpoint, "a")
    record = {"files": {"best.pt": {"sha256": "a"}}, "looks": {"size": 1}}
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert len({"", digest, another, gauge_digest(checkpoint, "a")}) == 4
    (tmp_path / GAUGE).write_text("{}")
    with pytest.raises(InputError, match="no key sha256, space"):
        gauge.read_gauge(checkpoint, "a", {}, 34.0)
    assert gauge.read_gauge(tmp_path / "elsewhere/best.pt", "a", {}, 34.0) is None
    assert gauge_digest(tmp_path / "elsewhere/best.pt", "a") == ""


def test_the_shipped_gauge_ranks_disturbed_frames_of_a_laboratory_it_does_not_know():
    told = pd.read_csv(READINGS)
    ranks = gauging.ranking(told)
    assert len(ranks) == 2 and min(ranks.values()) >= 0.7
    undisturbed = told[told["condition"] == gauging.UNDISTURBED]
    assert len(undisturbed) == 2 and set(undisturbed["verdict"]) == {"valid"}
    # a verdict means what it says: boxes of recordings that are valid are right more often than others'
    means = told.groupby("verdict")["ap50"].mean()
    assert means["valid"] > means["doubtful"] > means["not valid"]
    assert shipped_gauge("universal").sha256 == shipped_record("universal")["files"]["weights/best.pt"]["sha256"]


@pytest.mark.parametrize(("blur", "verdict"), [(None, "valid"), (0.04, "not valid")])
def test_simulated_frames_are_valid_until_they_are_spoiled(blur, verdict):
    finder, own = shipped("universal"), shipped_gauge("universal")
    # half as many frames as the gauge takes of own recordings: a single cell among four may be an unsure one
    images = [image for _, image in draw_recording(frames=12, seed=2).images]
    if blur:
        noise = np.random.default_rng(0).normal(0, 60, images[0].shape)
        images = [np.clip(128 + blur * (image - 128.0) + noise, 0, 255).astype(np.uint8) for image in images]
    found = own.read([gauge.look_at(finder, image, 1.0) for image in images])
    assert found.verdict == verdict, dataclasses.asdict(found)
