"""The matching, the confusion matrix and the curves, by hand and against Ultralytics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_inputs import BOX, CELL, FAR, HALF, prediction_table, random_case, truth_table
from rbcflow.core.classes import CLASS_ID, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.metrics import curves
from rbcflow.metrics.confusion import LABELS, ConfusionMatrix
from rbcflow.metrics.matching import match


def matrix_of(truth, predictions, conf=0.25, iou=0.45) -> ConfusionMatrix:
    return ConfusionMatrix.from_matches(match(truth, predictions, iou).at(conf), conf=conf, iou=iou)


@pytest.mark.parametrize(
    ("truth", "predictions", "cells"),
    [
        pytest.param([], [], {}, id="nothing"),
        pytest.param([(0, "slipper", *CELL)], [], {("slipper", "background"): 1}, id="miss"),
        pytest.param(
            [], [(0, "other", 0.9, *CELL)], {("background", "other"): 1}, id="false positive in an empty frame"
        ),
        pytest.param([(0, "slipper", *CELL)], [(0, "slipper", 0.9, *HALF)], {("slipper", "slipper"): 1}, id="hit"),
        pytest.param(
            [(0, "slipper", *CELL)], [(0, "croissant", 0.9, *CELL)], {("slipper", "croissant"): 1}, id="wrong class"
        ),
        pytest.param(
            [(0, "slipper", *CELL)],
            [(0, "slipper", 0.25, *CELL)],
            {("slipper", "background"): 1},
            id="confidence must exceed the threshold",
        ),
        pytest.param(
            [(0, "slipper", *CELL)],
            [(1, "slipper", 0.9, *CELL)],
            {("slipper", "background"): 1, ("background", "slipper"): 1},
            id="another frame is no match",
        ),
        pytest.param(
            [(0, "slipper", *CELL)],
            [(0, "slipper", 0.6, *CELL), (0, "other", 0.9, *HALF)],
            {("slipper", "other"): 1, ("background", "slipper"): 1},
            id="the more confident box takes the cell, not the better placed one",
        ),
        pytest.param(
            [(0, "slipper", *CELL), (0, "croissant", 10, 12, 30, 32)],
            [(0, "slipper", 0.9, *CELL), (0, "slipper", 0.8, *CELL)],
            {("slipper", "slipper"): 1, ("croissant", "slipper"): 1},
            id="the second box takes the cell still free",
        ),
    ],
)
def test_matrix_by_hand(truth, predictions, cells):
    expected = pd.DataFrame(0, index=LABELS, columns=LABELS)
    for (true, predicted), count in cells.items():
        expected.at[true, predicted] = count
    matrix = matrix_of(truth_table(truth), prediction_table(predictions))
    np.testing.assert_array_equal(matrix.counts, expected)
    assert matrix.n == len(truth)


def test_iou_must_exceed_the_threshold():
    truth, predictions = truth_table([(0, "slipper", *CELL)]), prediction_table([(0, "slipper", 0.9, *HALF)])
    assert matrix_of(truth, predictions, iou=0.5).counts[1, 1] == 0
    assert matrix_of(truth, predictions, iou=0.49).counts[1, 1] == 1


def ultralytics_matrix(truth: pd.DataFrame, predictions: pd.DataFrame, conf: float, iou: float) -> np.ndarray:
    metrics = pytest.importorskip("ultralytics.utils.metrics")
    import torch

    matrix = metrics.ConfusionMatrix(names=dict(enumerate(CLASSES)))
    for frame in range(4):
        own, found = truth[truth["frame"] == frame], predictions[predictions["frame"] == frame]
        matrix.process_batch(
            {
                "cls": torch.tensor(found["class"].map(CLASS_ID).to_numpy(dtype=float)),
                "conf": torch.tensor(found["conf"].to_numpy()),
                "bboxes": torch.tensor(found[BOX].to_numpy()),
            },
            {
                "cls": torch.tensor(own["class"].map(CLASS_ID).to_numpy(dtype=float)),
                "bboxes": torch.tensor(own[BOX].to_numpy()),
            },
            conf=conf,
            iou_thres=iou,
        )
    return matrix.matrix.T  # theirs has predicted classes in rows


@pytest.mark.slow
@pytest.mark.parametrize(("conf", "iou"), [(0.25, 0.45), (0.001, 0.5), (0.7, 0.2)])
def test_matrix_agrees_with_ultralytics(conf, iou):
    rng = np.random.default_rng(7)
    for _ in range(60):
        truth, predictions = random_case(rng)
        expected = ultralytics_matrix(truth, predictions, conf, iou)
        np.testing.assert_array_equal(matrix_of(truth, predictions, conf, iou).counts, expected)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), conf=st.floats(0, 1), iou=st.floats(0.05, 0.95))
def test_matrix_counts_every_box_once(seed, conf, iou):
    truth, predictions = random_case(np.random.default_rng(seed))
    matching = match(truth, predictions, iou)
    table = matching.at(conf)
    matrix = ConfusionMatrix.from_matches(table, conf=conf, iou=iou)
    for row, name in enumerate(CLASSES):
        assert matrix.counts[row].sum() == (truth["class"] == name).sum()
        assert matrix.counts[:, row].sum() == ((predictions["class"] == name) & (predictions["conf"] > conf)).sum()
    assert matrix.counts[-1, -1] == 0
    assert not table["truth_row"].dropna().duplicated().any()
    assert (table["iou"].dropna() > iou).all()
    shares = matrix.normalised().sum(axis=1)
    assert np.all(np.isnan(shares) | np.isclose(shares, 1))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), conf=st.floats(0.01, 0.99))
def test_one_matching_serves_every_confidence(seed, conf):
    """Cutting the full matching at a confidence equals matching only the predictions above it."""
    truth, predictions = random_case(np.random.default_rng(seed))
    above = predictions[predictions["conf"] > conf].reset_index(drop=True)
    columns = ["frame", "true", "predicted", "truth_row"]
    cut, direct = match(truth, predictions, 0.45).at(conf), match(truth, above, 0.45).at(0)
    pd.testing.assert_frame_equal(cut[columns], direct[columns])


def test_curves_agree_with_the_matrix():
    truth, predictions = random_case(np.random.default_rng(3))
    table = curves.curves(match(truth, predictions, 0.45)).set_index(["class", "conf"])
    counts = matrix_of(truth, predictions).counts
    for row, name in enumerate(CLASSES):
        assert table.at[(name, 0.25), "precision"] == pytest.approx(counts[row, row] / counts[:, row].sum())
        assert table.at[(name, 0.25), "recall"] == pytest.approx(counts[row, row] / counts[row].sum())
    assert table.at[("all", 0.25), "recall"] == pytest.approx(np.trace(counts) / counts[:3].sum())
    assert table.at[("any", 0.25), "recall"] == pytest.approx(counts[:3, :3].sum() / counts[:3].sum())


def test_curves_by_hand():
    """Two cells; one found and classified correctly at 0.8, one misclassified at 0.6, one false positive at 0.4."""
    truth = truth_table([(0, "slipper", *CELL), (0, "croissant", *FAR)])
    predictions = prediction_table([(0, "slipper", 0.8, *CELL), (0, "slipper", 0.6, *FAR), (1, "other", 0.4, *CELL)])
    table = curves.curves(match(truth, predictions, 0.45)).set_index(["class", "conf"])
    expected = {
        ("slipper", 0.7): (1, 1, 1),
        ("slipper", 0.5): (1 / 2, 1, 2 / 3),
        ("all", 0.3): (1 / 3, 1 / 2, 2 / 5),
        ("any", 0.3): (2 / 3, 1, 4 / 5),
        ("any", 0.8): (np.nan, 0, 0),  # nothing exceeds the threshold
        ("croissant", 0.3): (np.nan, 0, 0),
        ("other", 0.3): (0, np.nan, 0),
        ("other", 0.9): (np.nan, np.nan, np.nan),
    }
    for key, values in expected.items():
        np.testing.assert_allclose(table.loc[key].to_numpy(dtype=float), values, err_msg=str(key))
    flat = table.reset_index()
    assert curves.best_f1(flat, "any") == {"conf": 0.4, "precision": 1, "recall": 1, "f1": 1}
    assert curves.best_f1(flat, "croissant") is None


def test_matrix_survives_its_csv(tmp_path):
    matrix = matrix_of(*random_case(np.random.default_rng(5)))
    matrix.write_csv(tmp_path / "matrix.csv")
    again = ConfusionMatrix.read_csv(tmp_path / "matrix.csv", conf=0.25, iou=0.45)
    np.testing.assert_array_equal(again.counts, matrix.counts)
    lines = (tmp_path / "matrix.csv").read_text().splitlines()
    assert lines[0] == "true,predicted,count"
    assert len(lines) == 17
    (tmp_path / "matrix.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(InputError, match=r"matrix\.csv.*15 pairs|matrix\.csv.*every pair"):
        ConfusionMatrix.read_csv(tmp_path / "matrix.csv", conf=0.25, iou=0.45)
