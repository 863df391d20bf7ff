"""What the preprint's repository shows, beside ours: items and their counterparts, curves, values read off pictures."""

from __future__ import annotations

import copy
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from claim_inputs import evidence
from drawn import kept, texts
from figure_inputs import make_bank
from metrics_inputs import write_predictions, write_testset
from project_copy import PROJECT
from rbcflow.claims.readings import count_slots, read_pictures
from rbcflow.claims.table import Evidence, evaluate_claims
from rbcflow.config.checks import read_counts
from rbcflow.core.errors import InputError
from rbcflow.figures.cellmap import cell_map
from rbcflow.metrics import iou_first
from rbcflow.metrics.confusion import LABELS
from rbcflow.metrics.image_labels import count
from rbcflow.metrics.run import evaluate
from rbcflow.report.citation import PUBLISHED, REPOSITORY
from rbcflow.report.items import count_files, listed, read_items, unaccounted

FILE = PROJECT / "paper/published_items.yaml"
REGISTRY = yaml.safe_load((PROJECT / "paper/figures.yaml").read_text())
VALUES = yaml.safe_load((PROJECT / "paper/published.yaml").read_text())

# number of files as the listing of the repository names them
MEDIA, TRAININGS, RUNS = 8 + 6 + 2 + 2 + 2, 4 * (2 + 3 + 6 + 6 + 4 + 2), 11 * (4 + 2 + 6)


def test_every_published_item_has_a_counterpart_or_a_reason():
    items = read_items(FILE, REGISTRY)
    assert unaccounted(items, REGISTRY) == []
    files = {
        folder: sum(item.files for item in items if item.item.startswith(folder))
        for folder in ("media/", "runs/detect/train", "runs/detect/val")
    }
    assert files == {"media/": MEDIA, "runs/detect/train": TRAININGS, "runs/detect/val": RUNS}
    counted = count_files(items)
    assert counted["all"] == counted["figure"] + counted["file"] + counted["without"]
    told = "{all} files, of which {figure} have a figure, {file} a file of the same content, and {without} nothing"
    assert told.format(**counted) in (PROJECT / "docs/outputs.md").read_text()
    lines = listed(items).splitlines()
    assert lines[0].startswith(f"{counted['all']} published files: ") and len(lines) == 1 + counted["without"]
    assert [item.item.partition(":")[0] for item in items if item.without] == [
        "notebooks/analysis_of_dataset_csv_files",
        "notebooks/singapore_cell_selection_YOLO",
        "notebooks/german_cell_selection_UNET",
    ]
    by_id = {entry["id"]: entry.get("rebuilds") for entry in REGISTRY}
    assert by_id["training_curves"] == ["runs/detect/train*/results.png"]
    assert not by_id["seed_spread"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"item": "a plot", "files": 1, "by": "a", "without": "b"}, r"by and without"),
        ({"item": "a plot", "files": 0, "by": "a"}, r"files 0"),
        ({"item": "a plot", "by": "a"}, r"item and files"),
    ],
)
def test_a_wrong_item_is_named(tmp_path, row, message):
    (tmp_path / "items.yaml").write_text(yaml.safe_dump([row]))
    with pytest.raises(InputError, match=message):
        read_items(tmp_path / "items.yaml", [])


@pytest.mark.parametrize(
    ("row", "rebuilds", "found"),
    [
        ({"item": "a plot", "files": 1}, [], ["a plot"]),
        ({"item": "a plot", "files": 1, "by": "a"}, ["a plot"], ["a plot"]),
        ({"item": "a plot", "files": 1, "by": "a"}, ["another"], ["another"]),
        ({"item": "a plot", "files": 1}, ["a plot"], []),
    ],
)
def test_an_item_that_is_not_accounted_for_is_found(tmp_path, row, rebuilds, found):
    (tmp_path / "items.yaml").write_text(yaml.safe_dump([row]))
    registry = [{"id": "matrix", "rebuilds": rebuilds}]
    items = read_items(tmp_path / "items.yaml", registry)
    assert unaccounted(items, registry) == found


def test_curves_end_where_the_printed_values_do():
    table = pd.read_csv(PROJECT / "paper/published_curves.csv", comment="#")
    assert (
        (PROJECT / "paper/published_curves.csv")
        .read_text()
        .startswith("# Every epoch of the preprint's four trainings")
    )
    for name, printed in VALUES["trainings"].items():
        own = table[table["training"] == name].set_index("epoch")
        assert own.index.tolist() == list(range(1, 21))
        best = own.loc[printed["best_epoch"], ["precision", "recall", "map50", "map50_95"]]
        assert best.tolist() == [printed[metric] for metric in best.index]
        assert own["seconds"].iloc[-1] == pytest.approx(printed["seconds"], abs=0.06)


def test_every_validation_run_has_slots_and_a_link_at_the_pinned_commit():
    pictures = read_pictures(VALUES)
    assert set(pictures) == {item.id for item in PUBLISHED if item.kind == "validation"}
    assert count_slots(pictures) == (0, 11 * 20)
    pinned = re.search(r"archive/(\w{40})", (PROJECT / "resources/published_sets.yaml").read_text())[1]
    links = [link for own in pictures.values() for link in own.links.values()]
    assert all(link.startswith((f"{REPOSITORY}/blob/{pinned}/", f"{REPOSITORY}/tree/{pinned}/")) for link in links)
    assert sum("media/confusion_matrix" in link for link in links) == 8


def typed(change) -> dict:
    """Return the published values with a matrix of val28 typed in, then changed."""
    values = {"trainings": {}, "synthetic_on_singapore_raw": {}}
    values["read_from_picture"] = copy.deepcopy(VALUES["read_from_picture"])
    own = values["read_from_picture"]["runs"]["val28"]
    own["matrix"] = {
        "croissant": [0.9, 0.1, None, 0.5], "slipper": [0.05, 0.8, None, 0.5],
        "other": [0, 0, None, 0], "background": [0.05, 0.1, None, None],
    }  # fmt: skip
    own["ap50"]["all"] = 0.7
    change(own)
    return values


def test_typed_values_become_rows_of_the_claims_table():
    # 10 parachutes: 8 named so, 2 missed; 10 slippers: 8 named so, 2 called parachutes; one false slipper
    counts = np.zeros((4, 4), int)
    counts[0, 0], counts[0, 3], counts[1, 1], counts[1, 0], counts[3, 1] = 8, 2, 8, 2, 1
    known: Evidence = evidence()
    run = known.named["val1"]
    own = known.metrics[run] | {
        "thresholds": {"conf": 0.25, "iou": 0.45}, "matrix": {"iou_first": {"counts": counts.tolist()}},
        "coco": {"map50": 0.72, "classes": {}},
    }  # fmt: skip
    known = Evidence(**{**vars(known), "metrics": {**known.metrics, run: own}})
    published = typed(lambda own: None)
    runs = published["read_from_picture"]["runs"]
    published["read_from_picture"]["runs"] = {"val1": runs["val28"]}
    claims = {"sentences": [], "tolerance": {"trainings": 0, "singapore": 0, "counts": 0, "pictures": 0.05}}
    table = evaluate_claims(claims, published, known).set_index("id")
    assert table.loc["val1_croissant_as_croissant", ["published", "here", "verdict"]].tolist() == [
        "0.9", "0.8", "outside tolerance",
    ]  # fmt: skip
    assert table.loc["val1_slipper_as_slipper", "verdict"] == "within tolerance"
    assert table.loc["val1_background_as_slipper", ["published", "here"]].tolist() == ["0.5", "1"]
    assert table.loc["val1_ap50_all", ["here", "verdict"]].tolist() == ["0.72", "within tolerance"]
    assert not any(name.startswith("val1_other") for name in table.index)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda own: own["matrix"]["croissant"].__setitem__(0, 0.5), r"val28\.matrix.*croissant that adds up to 0\.60"),
        (lambda own: own["matrix"]["slipper"].__setitem__(0, 5), r"val28\.matrix\.slipper.*found 5"),
        (lambda own: own["matrix"].pop("other"), r"rows croissant, slipper, background"),
        (lambda own: own["ap50"].__setitem__("cell", 0.5), r"a line cell"),
        (lambda own: own.pop("ap50"), r"no key ap50"),
    ],
)  # fmt: skip
def test_a_value_that_was_typed_wrongly_is_named_before_anything_is_made(tmp_path, change, message):
    file = tmp_path / "published.yaml"
    file.write_text(yaml.safe_dump(typed(change) | {"counts": []}, sort_keys=False))
    # what the rule file of the tables reads when Snakemake starts
    with pytest.raises(InputError, match=message):
        read_counts(file)


BOXES = {"a": (0, 0, 10, 10), "b": (0, 4, 10, 14), "far": (50, 50, 60, 60)}


@pytest.mark.parametrize(
    ("truth", "found", "partner"),
    [
        # both overlap a; the second exactly, so it keeps a, and the first gets nothing although b is free
        (["a"], [(0, 1, 10, 11), (0, 0, 10, 10)], [-1, 0]),
        # the first overlaps b most and a second most, and loses b: no other box is its, as in Ultralytics 8.3
        (["a", "b"], [(0, 3, 10, 13), (0, 4, 10, 14)], [-1, 1]),
        (["far"], [(0, 0, 10, 10)], [-1]),
        ([], [(0, 0, 10, 10)], [-1]),
    ],
)
def test_the_highest_overlap_is_matched_first(truth, found, partner):
    boxes = np.array([BOXES[name] for name in truth], float).reshape(-1, 4)
    assert iou_first.pairs(boxes, np.array(found, float), 0.45).tolist() == partner


def test_a_run_states_how_far_the_match_order_moves_its_matrix(tmp_path):
    # two boxes on one parachute: the surer says slipper, the better placed says croissant
    testset = write_testset(tmp_path / "set", 2, [(0, "croissant", *BOXES["a"]), (1, "slipper", *BOXES["far"])])
    found = [(0, "slipper", 0.9, 0, 1, 10, 11), (0, "croissant", 0.6, 0, 0, 10, 10), (0, "other", 0.2, *BOXES["far"])]
    predictions = write_predictions(tmp_path / "run1.parquet", found)
    evaluate(predictions, testset, tmp_path / "run1", run="run1", model="model1")
    block = yaml.safe_load((tmp_path / "run1/metrics.json").read_text())["matrix"]["iou_first"]
    place = {name: number for number, name in enumerate(LABELS)}
    expected = np.zeros((4, 4), int)
    for true, named in (("croissant", "croissant"), ("background", "slipper"), ("slipper", "background")):
        expected[place[true], place[named]] = 1
    assert block["counts"] == expected.tolist()
    # confidence first: parachute called slipper, and a false parachute instead
    assert block["difference"] == 4


def test_the_four_plots_of_picture_labels_are_counted():
    frames = pd.DataFrame({"frame": range(4), "label": ["croissant", "croissant", "slipper", "slipper"]})
    rows = [
        (0, "croissant", 0.9),
        (0, "slipper", 0.8),
        (1, "croissant", 0.7),
        (2, "croissant", 0.6),
        (3, "slipper", 0.1),
    ]
    counted = count(frames, pd.DataFrame(rows, columns=["frame", "class", "conf"]), 0.25)
    assert counted["images_by_detections"] == [1, 2, 1]
    assert counted["images_by_classes"] == {"none": 1, "croissant": 2, "slipper": 0, "other": 0, "several": 1}
    assert counted["confusion"] == {
        "croissant": {"croissant": 2, "slipper": 1, "other": 0}, "slipper": {"croissant": 1, "slipper": 0, "other": 0},
    }  # fmt: skip
    assert sum(sum(row.values()) for row in counted["confusion"].values()) == counted["detections"] == 4


def test_cells_that_are_all_alike_have_no_map(tmp_path):
    # the library's t-SNE would end the process
    bank = make_bank(tmp_path / "nouaman2024", [""] * 24)
    with kept() as figures:
        cell_map([bank, bank], tmp_path / "map.png")
    assert texts(figures["map"]) == ["There are not 10 different cells for a map."]
