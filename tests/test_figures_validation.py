"""Figures of errors, of a run's make-up and of models side by side, from small runs; poor ones give a stated gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from metrics_inputs import write_testset
from rbcflow.figures import comparison
from rbcflow.figures.errors import PER_KIND, SIDE, TABLE, error_gallery, error_tiles, worst
from rbcflow.figures.quality import run_quality
from rbcflow.metrics.intervals import HEADLINE
from rbcflow.testsets.files import write_unavailable
from test_figures_drawings import FOUND, TRUTH, make_run, size


def poor_run(folder: Path, kind: str) -> dict[str, Path]:
    """Write a run on a test set that has something, nothing, or is not there."""
    if kind == "unavailable":
        write_unavailable(folder / "set", name="set", source="flow_public", reason="no network")
        return make_run(folder, folder / "set", [], None)
    truth, found = ([], []) if kind == "no boxes" else (TRUTH, FOUND)
    judged = "false" if kind == "classes not judged" else "true"
    return make_run(folder, write_testset(folder / "set", 4, truth, classes_judged=judged), found)


@pytest.mark.parametrize("kind", ["plain", "no boxes", "unavailable", "classes not judged"])
def test_tiles_and_gallery_of_any_run(tmp_path, kind):
    run = poor_run(tmp_path, kind)
    error_tiles(run["run_folder"], run["predictions"], run["testset"], tmp_path / "errors")
    table = pd.read_csv(tmp_path / "errors/errors.csv")
    tiles = np.asarray(Image.open(tmp_path / "errors/tiles.png"))
    assert list(table.columns) == TABLE
    assert tiles.shape == (max(1, len(table)) * SIDE, SIDE, 3)
    assert table["tile"].tolist() == list(range(len(table)))
    # a slipper called croissant, a miss, and a false alarm in an empty place
    assert sorted(table["kind"]) == {
        "plain": ["background", "classification", "missed"], "classes not judged": ["background", "missed"],
    }.get(kind, [])  # fmt: skip
    error_gallery(run["run_folder"], tmp_path / "errors", tmp_path / "gallery.png")
    run_quality(run["run_folder"], tmp_path / "quality.png")
    assert size(tmp_path / "gallery.png")[0] > 1000
    assert size(tmp_path / "quality.png")[0] > 1000


def test_the_worst_errors_are_the_most_confident_and_the_largest():
    false_alarms = pd.DataFrame({"kind": "background", "conf": np.linspace(0.3, 0.9, 20)})
    missed = pd.DataFrame({"kind": "missed", "conf": np.nan, "x1": np.arange(1.0, 21)})
    boxes = {"x0": 0.0, "y0": 0.0, "y1": 10.0}
    table = pd.concat([false_alarms.assign(x1=5.0, **boxes), missed.assign(**boxes)], ignore_index=True)
    shown = worst(table)
    assert shown["kind"].value_counts().to_dict() == {"background": PER_KIND, "missed": PER_KIND}
    assert shown.loc[shown["kind"] == "background", "conf"].tolist() == sorted(false_alarms["conf"])[:-9:-1]
    assert shown.loc[shown["kind"] == "missed", "x1"].tolist() == [20, 19, 18, 17, 16, 15, 14, 13]


def test_published_matrices_say_what_is_missing(tmp_path):
    run = poor_run(tmp_path, "plain")
    table = [{"run": "run1", "published_as": "val28"}]
    comparison.published_matrices([run["run_folder"]], tmp_path / "matrices.png", table)
    comparison.published_matrices([run["run_folder"]], tmp_path / "none.png")
    assert size(tmp_path / "matrices.png") == size(tmp_path / "none.png")
    assert (tmp_path / "matrices.png").read_bytes() != (tmp_path / "none.png").read_bytes()


def test_headline_has_a_panel_a_test_set(tmp_path):
    rows = [
        (f"{model}-on-{testset}", model, testset, metric, 0.5, 0.4, 0.6, 3, 9, 20, "")
        for testset in ("one", "two")
        for model in ("a", "b")
        for metric in ("ap50", "map50")
    ]
    table = pd.DataFrame(rows, columns=HEADLINE)
    heights = []
    for number, own in enumerate((table, table[table["testset"] == "one"])):
        own.to_csv(tmp_path / "headline.csv", index=False)
        comparison.headline(tmp_path / "headline.csv", tmp_path / f"{number}.png")
        heights.append(size(tmp_path / f"{number}.png")[1])
    assert heights[0] > heights[1]


def test_localisation_needs_two_models_on_one_set(tmp_path):
    run = poor_run(tmp_path, "plain")
    comparison.localisation([run["run_folder"]], tmp_path / "one.png")
    other = poor_run(tmp_path / "b", "plain")
    comparison.localisation([run["run_folder"], other["run_folder"]], tmp_path / "two.png")
    assert size(tmp_path / "one.png")[1] < size(tmp_path / "two.png")[1]
