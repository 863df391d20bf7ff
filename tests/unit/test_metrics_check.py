"""Average precision and matrix against numbers worked out on paper, and against two libraries on random boxes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from metrics_inputs import prediction_table, truth_table, write_predictions, write_testset
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.detector.setup import import_ultralytics
from rbcflow.metrics.average_precision import THRESHOLDS, coco_ap, hits
from rbcflow.metrics.check import check_run, require_agreement, ultralytics_matrix
from rbcflow.metrics.confusion import ConfusionMatrix
from rbcflow.metrics.matching import match
from rbcflow.metrics.run import evaluate

CASES = 1000

# two frames on paper: in the first a croissant is found, a slipper is named croissant and found a second time; in the
# second a slipper is missed and a box lies where nothing is
TRUTH = [
    (0, "croissant", 10, 10, 30, 30),
    (0, "slipper", 50, 10, 80, 30),
    (1, "slipper", 10, 10, 40, 30),
]
FOUND = [
    (0, "croissant", 0.9, 10, 10, 30, 30),
    (0, "croissant", 0.8, 50, 10, 80, 30),
    (0, "slipper", 0.6, 52, 10, 80, 30),
    (1, "other", 0.5, 60, 30, 80, 50),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    import_ultralytics(tmp_path_factory.mktemp("ultralytics"))


def ap(conf, hit, n_boxes):
    """Return COCO's AP of one weighting."""
    conf, hit = np.array(conf, dtype=float), np.array(hit, dtype=bool)
    return coco_ap(conf, hit, np.array([float(n_boxes)]), np.ones((1, len(conf))))[0]


@pytest.mark.parametrize(
    ("conf", "hit", "n_boxes", "expected"),
    [
        ([0.9, 0.8], [True, True], 2, 1.0),
        # recall 0.5 at precision 1 (levels 0 to 0.50: 51), recall 1 at precision 2/3 (50 levels)
        ([0.9, 0.8, 0.7], [True, False, True], 2, (51 + 50 * 2 / 3) / 101),
        # the only hit comes second: precision 1/2 up to recall 1/2, then nothing
        ([0.9, 0.8], [False, True], 2, 51 * 0.5 / 101),
        ([0.9], [False], 3, 0.0),
        ([], [], 3, 0.0),
        ([0.9], [False], 0, np.nan),
    ],
)
def test_average_precision_on_paper(conf, hit, n_boxes, expected):
    np.testing.assert_allclose(ap(conf, hit, n_boxes), expected)


def test_a_recording_sampled_twice_counts_twice():
    """A weight of two is the same as the boxes written down twice."""
    conf, hit = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    once = coco_ap(conf, hit, np.array([3.0]), np.array([[2.0, 1.0, 1.0]]))[0]
    assert once == pytest.approx(ap([0.9, 0.9, 0.8, 0.7], [True, True, False, True], 3))


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_matrix_on_paper():
    truth, found = truth_table(TRUTH), prediction_table(FOUND)
    ours = ConfusionMatrix.from_matches(match(truth, found, 0.45).at(0.25), conf=0.25, iou=0.45).counts
    #           croissant slipper other missed
    by_hand = [[1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0]]
    assert ours.tolist() == by_hand
    assert ultralytics_matrix(truth, found, pd.Series([0, 1]), conf=0.25, iou=0.45).tolist() == by_hand


def random_case(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return true boxes, predictions near them or anywhere, and the number of frames; any of them may be empty."""
    n_frames = int(rng.integers(1, 4))
    truth, found = [], []
    for frame in range(n_frames):
        for _ in range(rng.integers(0, 6)):
            x, y, w, h = rng.uniform([0, 0, 8, 8], [80, 40, 40, 30])
            name = CLASSES[rng.integers(3)]
            truth.append((frame, name, x, y, x + w, y + h))
            for _ in range(rng.integers(0, 3)):
                box = np.array([x, y, x + w, y + h]) + rng.uniform(-3.9, 3.9, 4)
                found.append((frame, name if rng.random() < 0.7 else CLASSES[rng.integers(3)], rng.random(), *box))
        for _ in range(rng.integers(0, 4)):
            x, y, w, h = rng.uniform([0, 0, 8, 8], [80, 40, 40, 30])
            found.append((frame, CLASSES[rng.integers(3)], rng.random(), x, y, x + w, y + h))
    return truth_table(truth), prediction_table(found), n_frames


def joined(cases: list[tuple[pd.DataFrame, pd.DataFrame, int]]) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return cases as one, each with frames of its own: a call of a library costs the same for many frames."""
    truth, found, offset = [], [], 0
    for true_boxes, boxes, n_frames in cases:
        truth.append(true_boxes.assign(frame=true_boxes["frame"] + offset))
        found.append(boxes.assign(frame=boxes["frame"] + offset))
        offset += n_frames
    return pd.concat(truth, ignore_index=True), pd.concat(found, ignore_index=True), offset


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_random_boxes_are_counted_as_the_libraries_count_them(tmp_path):
    rng = np.random.default_rng(0)
    cases = [random_case(rng) for _ in range(CASES)]
    counted = 0
    for start in range(0, CASES, 5):
        truth, found, n_frames = joined(cases[start : start + 5])
        ours = ConfusionMatrix.from_matches(match(truth, found, 0.45).at(0.25), conf=0.25, iou=0.45).counts
        theirs = ultralytics_matrix(truth, found, pd.Series(range(n_frames)), conf=0.25, iou=0.45)
        assert ours.tolist() == theirs.tolist(), start
        counted += int(ours.sum())
    assert counted > 5 * CASES
    numbers = ["frame", "class", "x0", "y0", "x1", "y1"]
    for start in range(0, CASES, 50):
        truth, found, n_frames = joined(cases[start : start + 50])
        truth_rows = [tuple(row) for row in truth[numbers].itertuples(index=False)]
        found_rows = [tuple(row) for row in found[["frame", "class", "conf", *numbers[2:]]].itertuples(index=False)]
        table = counted_run(tmp_path / str(start), n_frames, truth_rows, found_rows)
        assert table["agrees"].all(), table[~table["agrees"].astype(bool)]
        assert len(table) == 4 + 4 * len(CLASSES)  # matrix, hits, two means, four numbers a class


def counted_run(folder, n_frames, truth, found):
    """Evaluate a run and count it again."""
    testset = write_testset(folder / "set", n_frames, truth)
    predictions = write_predictions(folder / "run1.parquet", found)
    evaluate(predictions, testset, folder / "run1", run="run1", model="model1")
    return check_run(folder / "run1", predictions, testset)


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_a_disagreement_names_run_and_both_values(tmp_path):
    table = counted_run(tmp_path, 2, TRUTH, FOUND)
    assert table["agrees"].all()
    wrong = table.assign(ours=table["ours"] + 1, agrees=False)
    with pytest.raises(InputError, match=r"run run1.*matrix of run1: 6 \(12 such rows\).*5, as Ultralytics"):
        require_agreement(wrong, tmp_path / "metric_checks.csv")
    require_agreement(table, tmp_path / "metric_checks.csv")


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_a_changed_matrix_does_not_agree(tmp_path):
    counted_run(tmp_path, 2, TRUTH, FOUND)
    path = tmp_path / "run1/confusion_matrix.csv"
    text = path.read_text()
    path.write_text(text.replace("croissant,croissant,1", "croissant,croissant,2"))
    assert path.read_text() != text
    table = check_run(tmp_path / "run1", tmp_path / "run1.parquet", tmp_path / "set")
    assert not table.set_index("what").loc["matrix", "agrees"]


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_a_changed_mean_does_not_agree(tmp_path):
    counted_run(tmp_path, 2, TRUTH, FOUND)
    path = tmp_path / "run1/metrics.json"
    numbers = json.loads(path.read_text())
    numbers["coco"]["map50"] += 0.01
    path.write_text(json.dumps(numbers))
    agrees = check_run(tmp_path / "run1", tmp_path / "run1.parquet", tmp_path / "set").set_index("what")["agrees"]
    assert agrees[~agrees].index.tolist() == ["mAP50"]


def test_hits_on_paper():
    found = hits(truth_table(TRUTH), prediction_table(FOUND), THRESHOLDS)
    assert found[0].all()
    # the slipper at 52..80 overlaps the true one at 50..80 by 28/30
    assert found[2].tolist() == (THRESHOLDS <= 28 / 30).tolist()
    assert not found[[1, 3]].any()
    agnostic = hits(truth_table(TRUTH), prediction_table(FOUND), THRESHOLDS, agnostic=True)
    assert agnostic[1].all() and not agnostic[2].any()


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_an_empty_prediction_table_agrees_too(tmp_path):
    table = counted_run(tmp_path, 1, [(0, "slipper", 1, 1, 20, 20)], [])
    assert table["agrees"].all()
    assert json.loads((tmp_path / "run1/metrics.json").read_text())["coco"]["map50"] == 0.0
