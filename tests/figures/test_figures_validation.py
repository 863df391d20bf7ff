"""Figures of errors, of a run's make-up and of models side by side, from small runs; poor ones give a stated gap."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from drawn import cells, kept, texts
from figure_inputs import PUBLISHED, poor_run
from rbcflow.figures import comparison
from rbcflow.figures.drawings import draw
from rbcflow.figures.error_tiles import PER_KIND, SIDE, TABLE, error_gallery, error_tiles, worst
from rbcflow.figures.quality import run_quality
from rbcflow.metrics.intervals import HEADLINE


@pytest.mark.parametrize("kind", ["plain", "no boxes", "unavailable", "classes not evaluated"])
def test_tiles_and_gallery_of_any_run(tmp_path, kind):
    run = poor_run(tmp_path, kind)
    error_tiles(run["run_folder"], run["predictions"], run["testset"], tmp_path / "errors")
    table = pd.read_csv(tmp_path / "errors/errors.csv")
    tiles = np.asarray(Image.open(tmp_path / "errors/tiles.png"))
    assert list(table.columns) == TABLE
    assert tiles.shape == (max(1, len(table)) * SIDE, SIDE, 3)
    assert table["tile"].tolist() == list(range(len(table)))
    # a slipper called croissant, a miss, and a false positive in an empty place
    assert sorted(table["kind"]) == {
        "plain": ["background", "classification", "missed"], "classes not evaluated": ["background", "missed"],
    }.get(kind, [])  # fmt: skip
    with kept() as figures:
        error_gallery(run["run_folder"], tmp_path / "errors", tmp_path / "gallery.png")
        run_quality(run["run_folder"], tmp_path / "quality.png")
    said = " ".join(texts(figures["gallery"]))
    titles = ("misnamed (n = 1)", "nothing there (n = 1)", "missed (n = 1)")
    assert [title in said for title in titles] == {
        "plain": [True, True, True], "classes not evaluated": [False, True, True],
    }.get(kind, [False] * 3)  # fmt: skip
    gap = {"no boxes": "No error above the thresholds", "unavailable": "Test set set is unavailable: no network."}
    assert gap.get(kind, "n = 3 true boxes") in said
    assert [axes.get_title("left") for axes in figures["quality"].axes][:4] == (
        [""] if kind == "unavailable" else ["overlap of found cells", "boxes off by", "errors", "calibration"]
    )
    quality = texts(figures["quality"])
    # two cells found at their very places
    assert ("IoU (n = 2, median 1.00)" in quality) == (kind in ("plain", "classes not evaluated"))
    assert ("no cell found" in quality) == (kind == "no boxes")


def test_the_worst_errors_are_the_most_confident_and_the_largest():
    false_positives = pd.DataFrame({"kind": "background", "conf": np.linspace(0.3, 0.9, 20)})
    missed = pd.DataFrame({"kind": "missed", "conf": np.nan, "x1": np.arange(1.0, 21)})
    boxes = {"x0": 0.0, "y0": 0.0, "y1": 10.0}
    table = pd.concat([false_positives.assign(x1=5.0, **boxes), missed.assign(**boxes)], ignore_index=True)
    shown = worst(table)
    assert shown["kind"].value_counts().to_dict() == {"background": PER_KIND, "missed": PER_KIND}
    assert shown.loc[shown["kind"] == "background", "conf"].tolist() == sorted(false_positives["conf"])[:-9:-1]
    assert shown.loc[shown["kind"] == "missed", "x1"].tolist() == [20, 19, 18, 17, 16, 15, 14, 13]


def filled(text: str) -> str:
    """Return the published values with the first matrix typed in."""
    rows = ("croissant", [0.9, 0.1, 0, 0.5]), ("slipper", [0.05, 0.8, 0, 0.5]), ("other", [0, 0, 1, 0])
    for name, row in (*rows, ("background", [0.05, 0.1, 0, 0])):
        text = re.sub(rf"({name}: +)\[null, null, null, null\]", rf"\1{row}", text, count=1)
    return text


def test_published_matrices_stand_as_there_and_say_what_is_missing(tmp_path):
    run = poor_run(tmp_path, "plain")
    (tmp_path / "filled.yaml").write_text(filled(PUBLISHED.read_text()))
    with kept() as figures:
        for name, published, published_as in (
            ("some", PUBLISHED, "val28"), ("none", PUBLISHED, ""), ("read", tmp_path / "filled.yaml", "val28"),
        ):  # fmt: skip
            table = [{"run": "run1", "published_as": published_as}]
            comparison.published_matrices([run["run_folder"]], published, tmp_path / f"{name}.png", table)
    some, none, read = (texts(figures[name]) for name in ("some", "none", "read"))
    assert "val28 model1 set n = 3" in some and "val28 not made" not in some
    assert "val28 not made" in none
    assert "val29 not made" in some and "val29 not made" in none
    assert any("rows predicted, columns true, as in the preprint" in text for text in some)
    # a parachute called slipper stands in the row of slippers, a missed slipper in the last row, a false positive last
    counts = figures["some"].axes[0]
    assert cells(counts) == [["0", "0", "0", "0"], ["1", "1", "0", "0"], ["0", "0", "0", "1"], ["0", "1", "0"]]
    # what was read off stands below ours, and where nothing was that is said
    assert "shares, preprint" not in some
    assert [text for text in read if text.startswith(("shares, preprint", "preprint:"))] == [
        "shares, preprint", *["preprint: not read off"] * 7,
    ]  # fmt: skip
    assert cells(figures["read"].axes[8])[0] == ["0.90", "0.10", "0.00", "0.50"]


@pytest.mark.parametrize(
    ("published_as", "labelled", "origins"),
    [
        ("val28", False, {"published_matrices": ["phantom"]}),
        ("", True, {"picture_labels": ["phantom"]}),
        ("", False, {}),
    ],
)
def test_a_figure_of_some_runs_has_their_origins_alone(tmp_path, published_as, labelled, origins):
    folders = [poor_run(tmp_path / name, "plain")["run_folder"] for name in ("shown", "elsewhere")]
    folders[1] = folders[1].rename(folders[1].with_name("run2"))
    counted = {
        "conf": 0.25, "images": 1, "detections": 1, "images_by_detections": [0, 1],
        "images_by_classes": {"croissant": 1}, "confusion": {"croissant": {"croissant": 1, "slipper": 0, "other": 0}},
    }  # fmt: skip
    for folder, own in zip(
        folders, ({"image_labels": counted} if labelled else {}, {"origin": ["public"]}), strict=True
    ):
        metrics = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps(metrics | {"run": folder.name} | own))
    inputs: dict = {"runs": folders}
    table = [{"run": "run1", "published_as": published_as}]
    shown = {
        "published_matrices": draw(
            "published_matrices", inputs | {"published": PUBLISHED}, tmp_path / "matrices.png", table=table
        ),
        "picture_labels": draw("picture_labels", inputs, tmp_path / "labels.png"),
    }
    assert {name: words for name, words in shown.items() if words is not None} == origins


def test_the_figure_of_pressures_has_the_origin_of_its_source_alone(tmp_path):
    rows = [("kihm2018", "phantom", "20 mbar"), ("flow_public", "public", "20 mbar"), ("kihm2018", "phantom", "")]
    table = pd.DataFrame(rows, columns=["source", "origin", "condition"]).assign(**{"class": "slipper", "frames": 4})
    for name, own, expected in (("some", table, ["phantom"]), ("none", table[1:], None)):
        own.to_csv(tmp_path / f"{name}.csv", index=False)
        assert draw("pressure_shares", {"raw_counts": tmp_path / f"{name}.csv"}, tmp_path / f"{name}.png") == expected


def test_headline_has_a_panel_a_test_set(tmp_path):
    rows = [
        (f"{model}-on-{testset}", model, testset, metric, 0.5, 0.4, 0.6, 3, 9, 20, "")
        for testset in ("one", "two")
        for model in ("a", "b")
        for metric in ("ap50", "map50")
    ]
    table = pd.DataFrame(rows, columns=HEADLINE)
    with kept() as figures:
        for name, own in (("two", table), ("one", table[table["testset"] == "one"])):
            own.to_csv(tmp_path / "headline.csv", index=False)
            comparison.headline(tmp_path / "headline.csv", tmp_path / f"{name}.png")
    for name, testsets in (("two", ["one", "two"]), ("one", ["one"])):
        axes = figures[name].axes
        assert [one.get_title("left").split("\n")[0] for one in axes[::2]] == testsets
        assert [one.get_xlabel() for one in axes[-2:]] == ["AP50, classes ignored", "mAP50"]
        # both models' values stand in every panel
        assert all(len(one.lines) == 4 for one in axes)


def test_localisation_needs_two_models_on_one_set(tmp_path):
    run = poor_run(tmp_path, "plain")
    other = poor_run(tmp_path / "b", "plain")
    with kept() as figures:
        comparison.localisation([run["run_folder"]], tmp_path / "one.png")
        comparison.localisation([run["run_folder"], other["run_folder"]], tmp_path / "two.png")
    assert texts(figures["one"]) == ["No test set was seen by two models."]
    (curves, *_) = figures["two"].axes
    assert (curves.get_xlabel(), curves.get_ylabel(), len(curves.lines)) == ("IoU", "share of found cells", 2)
