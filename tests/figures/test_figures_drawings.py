"""Every figure is drawn from small inputs; poor inputs give a stated gap, wrong ones a named error."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from drawn import bars, cells, kept, texts
from figure_inputs import (
    CURVES,
    FOUND,
    PUBLISHED,
    TRUTH,
    made_datasets,
    make_bank,
    make_dataset,
    make_model,
    make_run,
    poor_run,
)
from metrics_inputs import write_testset
from project_copy import PROJECT
from raw_inputs import WRITERS, write_picture
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.detector.weights import read_weights
from rbcflow.figures import clouds, composition, datasets, extraction, gifs, maps, pictures, raw, style
from rbcflow.figures.drawings import draw
from rbcflow.figures.features import features
from rbcflow.laboratories.kihm2018 import reader as kihm2018
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import record

PRINTED = {"published": PUBLISHED, "published_curves": CURVES}


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH), FOUND)


def test_curves_of_a_checkpoint_without_any_are_a_stated_gap(tmp_path):
    model = make_model(tmp_path / "mine/seed-0")
    table = pd.read_csv(model / "results.csv")
    table[:0].to_csv(model / "results.csv", index=False)
    with kept() as figures:
        draw("training_curves", {"model_folder": model, **PRINTED}, tmp_path / "figure.png")
    assert texts(figures["figure"]) == ["mine: its checkpoint came without training curves"]


@pytest.mark.parametrize("name", ["confusion_matrix", "confidence_curves", "sample_predictions", "predicted_boxes"])
def test_figures_of_a_run_are_drawn_alike_twice(tmp_path, run, name):
    wanted = {"confusion_matrix": 1, "confidence_curves": 1}.get(name, 3)
    inputs = dict(list(run.items())[:wanted])
    suffix = "gif" if name == "predicted_boxes" else "png"
    first, second = tmp_path / f"a/1.{suffix}", tmp_path / f"a/2.{suffix}"
    draw(name, inputs, first)
    draw(name, inputs, second)
    assert first.read_bytes() == second.read_bytes()


NOT_MISSED = ["0", "0", "0", "0"]
MATRICES = {
    # true croissant called slipper; a slipper found, a slipper missed; a box that is called other on background
    "plain": (3, [["0", "1", "0", "0"], ["0", "1", "0", "1"], NOT_MISSED, *[["0", "0", "0"]] * 2, ["0", "0", "1"]]),
    "no boxes": (0, [NOT_MISSED] * 3 + [["0", "0", "0"]] * 3),
}


@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_shows_every_count_and_its_share(tmp_path, kind):
    with kept() as figures:
        draw("confusion_matrix", {"run_folder": poor_run(tmp_path, kind)["run_folder"]}, tmp_path / "matrix.png")
    counts, shares = figures["matrix"].axes
    n, expected = MATRICES[kind]
    assert cells(counts) == expected
    assert counts.get_title("left") == f"counts (n = {n})"
    assert (counts.get_xlabel(), counts.get_ylabel()) == ("predicted class", "true class")
    halves = ["0.00", "0.50", "0.00", "0.50"] if n else ["–"] * 4
    assert cells(shares)[1] == halves


@pytest.mark.parametrize(("kind", "curves"), [("plain", 6), ("no boxes", 6), ("classes not evaluated", 2)])
def test_curves_are_of_the_classes_that_are_evaluated(tmp_path, kind, curves):
    with kept() as figures:
        draw("confidence_curves", {"run_folder": poor_run(tmp_path, kind)["run_folder"]}, tmp_path / "curves.png")
    axes = figures["curves"].axes
    assert [one.get_title("left") for one in axes] == ["precision", "recall", "F1", "precision over recall"]
    assert [one.get_xlabel() for one in axes] == ["confidence"] * 3 + ["recall"]
    # three classes, pooled, class ignored; and where the threshold stands
    assert [len(one.lines) for one in axes] == [curves] * 3 + [curves - 1]
    said = texts(figures["curves"])
    assert [style.class_name(name) in said for name in CLASSES] == [curves > 2] * 3
    assert any("true classes are not evaluated" in text for text in said) == (curves == 2)


@pytest.mark.parametrize(
    ("kind", "boxes"),
    # frame 0: two boxes, one misnamed with its true class inside; frame 1: one missed, one false positive
    [("plain", [3, 2]), ("no boxes", [0, 0, 0, 0]), ("classes not evaluated", [2, 2])],
)
def test_examples_show_every_box_of_a_frame(tmp_path, kind, boxes):
    run = poor_run(tmp_path, kind)
    with kept() as figures:
        draw("sample_predictions", run, tmp_path / "examples.png")
    axes = figures["examples"].axes
    assert [one.get_title("left") for one in axes] == [
        f"donor_1/0300mbar_1, frame {number}" for number in range(len(boxes))
    ]
    assert [len(one.patches) for one in axes] == boxes


@pytest.mark.parametrize("name", ["confusion_matrix", "confidence_curves", "sample_predictions"])
def test_a_run_without_its_test_set_is_a_stated_gap(tmp_path, name):
    run = poor_run(tmp_path, "unavailable")
    with kept() as figures:
        inputs = run if name == "sample_predictions" else {"run_folder": run["run_folder"]}
        draw(name, inputs, tmp_path / "figure.png")
    assert texts(figures["figure"]) == ["Test set set is unavailable: no network."]


@pytest.mark.parametrize(
    ("kind", "frames"), [("plain", 4), ("no boxes", 4), ("classes not evaluated", 4), ("unavailable", 1)]
)
def test_an_animation_has_a_picture_a_frame_or_the_reason(tmp_path, kind, frames):
    draw("predicted_boxes", poor_run(tmp_path, kind), tmp_path / "boxes.gif")
    with Image.open(tmp_path / "boxes.gif") as gif:
        assert gif.n_frames == frames
        assert len(np.unique(np.asarray(gif.convert("L")))) > 1


def test_overview_takes_available_and_unavailable_runs(tmp_path, run):
    other = poor_run(tmp_path / "b", "unavailable")
    with kept() as figures:
        draw("overview", {"runs": [run["run_folder"], other["run_folder"]]}, tmp_path / "overview.png")
    axes = figures["overview"].axes
    assert [one.get_title("left") for one in axes] == [
        "cells found: AP50, class ignored", "cells found and named: mAP50",
    ]  # fmt: skip
    # AP50 of three boxes with two found and one false positive after them: 67 of 101 recall levels at precision 1
    assert ["0.66" in texts(axes[0])[0], "absent" in texts(axes[0])] == [True, True]
    assert "model1" in texts(axes[0])


@pytest.mark.parametrize(
    ("reasons", "kept_cells", "dropped"),
    [
        ([""] * 30 + ["touches_edge"], {"parachute": 8, "slipper": 8, "other": 7, "unnamed": 7}, {"touches edge": 1}),
        (["too_small"], {}, {"too small": 1}),
        ([], {}, {}),
    ],
)
def test_banks_are_drawn_whatever_was_kept(tmp_path, reasons, kept_cells, dropped):
    bank = make_bank(tmp_path / "bank", reasons)
    with kept() as figures:
        for name in ("cell_sheet", "cell_counts"):
            draw(name, {"bank": bank}, tmp_path / f"{name}.png")
    sheet, counts = figures["cell_sheet"], figures["cell_counts"]
    titles = [axes.get_title("left") for axes in sheet.axes]
    assert titles == ([f"{name}, {n} kept" for name, n in kept_cells.items()] or [""])
    if not kept_cells:
        assert texts(sheet) == [f"bank: no cell was kept, of {len(reasons)} found."]
    if not reasons:
        assert texts(counts) == ["bank: no cell was found."]
        return
    expected = {f"kept: {name}": n for name, n in kept_cells.items()}
    assert bars(counts.axes[0]) == expected | {f"dropped: {name}": n for name, n in dropped.items()}


@pytest.mark.slow
def test_augmented_images_are_drawn_by_the_library(tmp_path):
    inputs = {"model_folder": make_model(tmp_path / "model"), "model_dataset": make_dataset(tmp_path / "dataset")}
    with kept() as figures:
        draw("training_batches", inputs, tmp_path / "figure.png")
    figure = figures["figure"]
    pictures_, boxes = ([axes for axes in figure.axes if getattr(axes, what)] for what in ("images", "patches"))
    assert len(pictures_) == 12
    assert boxes
    assert {"with mosaic", "without, as in the last 1 epochs", "parachute"} <= set(texts(figure))


@pytest.mark.parametrize("file", ["args.yaml", "training.json"])
def test_a_checkpoint_that_tells_little_of_its_training_gives_a_stated_gap(tmp_path, file):
    model = make_model(tmp_path / "model")
    changed = "imgsz: 224\n" if file == "args.yaml" else json.dumps({"classes": ["cell"]})
    (model / file).write_text(changed)
    with kept() as figures:
        draw("training_batches", {"model_folder": model, "model_dataset": tmp_path}, tmp_path / "figure.png")
    said = "The checkpoint was not trained here, and does not say how it was shown images."
    assert texts(figures["figure"]) == [said]


def test_unavailable_recordings_give_a_stated_gap(tmp_path):
    record = {"source": "flow_public", "layout": "flow_public", "origin": "public", "exact_truth": False,
              "status": "unavailable", "reason": "no network", "folder": "nowhere", "n_files": 0,
              "sha256": ""}  # fmt: skip
    (tmp_path / "source.json").write_text(json.dumps(record))
    with kept() as figures:
        draw("raw_frames", {"raw": tmp_path}, tmp_path / "raw.png")
    assert texts(figures["raw"]) == ["flow_public: recordings unavailable. no network"]


@pytest.mark.parametrize(("source", "first"), [("kihm2018", "Croissant"), ("liang2024", "Parachute")])
def test_sources_of_crops_are_shown_by_shape(tmp_path, source, first):
    WRITERS[source](tmp_path / "files")
    # a source need not have its layout's name
    record.write(
        tmp_path / "source.json", source="mylab", layout=source, origin="raw", folder=tmp_path / "files"
    )  # fmt: skip
    with kept() as figures:
        draw("raw_frames", {"raw": tmp_path}, tmp_path / "raw.png")
    figure = figures["raw"]
    assert [axes.get_title("left") for axes in figure.axes] == [f"{first} (parachute), 1", "Slipper (slipper), 2"]
    assert texts(figure)[-1] == "mylab · laboratory · 3 crops, up to 8 of each shape, evenly taken"
    assert [len(axes.images) for axes in figure.axes] == [1, 1]


def test_crops_are_taken_evenly_over_the_folders_of_a_shape(tmp_path):
    for folder, count in (("Croissant", 30), ("Slipper", 1)):
        for number in range(count):
            write_picture(tmp_path / folder / f"{number:02d}.bmp", np.full((90, 90), number, np.uint8))
    places = [("Croissant", index) for index in range(30)] + [("Slipper", 0)]
    frames = raw._chosen(tmp_path, kihm2018, places)
    assert len(frames) == 8
    assert [frame.recording for frame in frames].count("Slipper") == 1
    assert [frame.index for frame in frames[:3]] == [0, 4, 9]  # 30 / 7 apart: 0, 4.3, 8.6
    sheet = raw._sheet(frames)
    assert sheet.shape == (94, 8 * 94, 3)
    assert (sheet[:90, 94 : 94 + 90] == 4).all()
    assert (sheet[90:] == 255).all()


def test_wrong_tables_are_named(tmp_path):
    model = make_model(tmp_path / "model")
    (model / "results.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(InputError, match=r"results\.csv.*no column metrics/precision"):
        draw("training_curves", {"model_folder": model, **PRINTED}, tmp_path / "model.png")


def test_gif_keeps_class_colours_and_one_palette(tmp_path, run):
    output = tmp_path / "boxes.gif"
    draw("predicted_boxes", run, output, frames=3, fps=4)
    assert output.stat().st_size < gifs.MAX_BYTES
    with Image.open(output) as gif:
        assert gif.n_frames == 3
        palettes = {bytes(frame.palette.getdata()[1]) for frame in ImageSequence.Iterator(gif) if frame.mode == "P"}
        gif.seek(0)
        first = np.asarray(gif.convert("RGB")).reshape(-1, 3)
        assert gif.info["duration"] == 250
    assert len(palettes) <= 1
    colours = {tuple(colour) for colour in np.unique(first, axis=0).tolist()}
    assert {pictures.rgb(colour) for colour in style.CLASS_COLOURS.values()} <= colours


def test_grey_frames_get_grey_colours_and_tinted_ones_their_rare_darks():
    grey = np.arange(60, 180, dtype=np.uint8).repeat(3).reshape(10, 12, 3)
    palette = gifs._palette([grey], 16)
    assert (palette == palette[:, :1]).all()
    assert len(np.unique(palette, axis=0)) == 16
    tinted = np.full((70, 70, 3), (150, 160, 140), np.uint8)
    tinted[:7, :7] = (90, 70, 50)
    assert np.abs(gifs._palette([tinted], 8).astype(int) - (90, 70, 50)).sum(axis=1).min() <= 3


@pytest.mark.parametrize(
    ("lengths", "boxes", "label", "expected"),
    [
        ([5, 8, 8], [], "", ("r01", 6)),
        ([5, 8, 8], [20], "", ("r02", 6)),
        ([5, 4], [], "", ("r00", 5)),
        ([1] * 10, [], "", ("r00", 1)),
        ([9], [], "Slipper", None),
    ],
)
def test_frames_of_a_gif_are_those_of_one_recording_in_order(lengths, boxes, label, expected):
    rows = [(f"r{number:02d}", 3 * index) for number, length in enumerate(lengths) for index in range(length)]
    frames = pd.DataFrame(rows, columns=["recording", "index"]).assign(label=label)
    frames["frame"] = range(len(frames))
    chosen = gifs.choose(frames[::-1], pd.DataFrame({"frame": boxes}, dtype=int), 6)
    if expected is None:
        assert chosen.empty
        return
    assert (set(chosen["recording"]), len(chosen)) == ({expected[0]}, expected[1])
    assert chosen["index"].tolist() == [3 * index for index in range(expected[1])]


def test_a_gif_says_what_was_found_where_and_how_it_runs(tmp_path, run):
    metrics = json.loads((run["run_folder"] / "metrics.json").read_text())
    frames = pd.read_csv(run["testset"] / "frames.csv").iloc[[0, 1, 3]]
    texts = gifs._texts(metrics, frames, pd.read_csv(run["run_folder"] / "matches.csv"), 3)
    # frame 0: both cells found, one called by a wrong name; frame 1: its slipper missed, and a box where nothing is
    assert [one[0] for one in texts] == [
        "frame 0: 2 found, 0 missed, 0 false positives",
        "frame 1: 0 found, 1 missed, 1 false positive",
        "frame 3: 0 found, 0 missed, 0 false positives",
    ]
    assert texts[-1][1:3] == [
        "3 of 3 frames: 2 found, 1 missed, 1 false positive",
        "donor_1/0300mbar_1: frames 1 to 2 apart, 3 a second",
    ]


def test_a_confidence_is_written_only_where_it_lies_on_nothing(tmp_path):
    boxes = pd.DataFrame(
        [("slipper", 0.9, 40, 60, 60, 80), ("other", 0.8, 42, 82, 62, 99)], columns=["class", "conf", *gifs.BOX]
    )
    image = np.full((120, 420, 3), 120, np.uint8)
    drawn = gifs._render(image, boxes, boxes[:0], gifs.Look(1, 420, 120), ["a"])
    chips = np.asarray(drawn)[:120]
    first, second = (pictures.rgb(style.COLOURS[name]) for name in ("slipper", "other"))
    assert (chips[50:55, 40:50] == first).all(axis=2).any()
    # the second's would lie on the first box
    assert not (chips[70:78, 44:56] == second).all(axis=2).any()


def test_colours_of_models_are_none_of_a_class():
    """Distances in CIELAB as in the test of the classes; all vision is asked, as a legend stands beside each line."""

    def lab(colour):
        return cv2.cvtColor(np.float32([[pictures.rgb(colour)]]) / 255, cv2.COLOR_RGB2Lab)[0, 0]

    assert not set(style.GROUP_COLOURS) & set(style.CLASS_COLOURS.values())
    distances = [np.linalg.norm(lab(a) - lab(b)) for a in style.GROUP_COLOURS for b in style.CLASS_COLOURS.values()]
    assert min(distances) > 30


def test_conditions_come_in_natural_order_and_are_said_once():
    assert sorted(["1000 mbar", "20 mbar", "100 mbar", "0.7 cm/s"], key=style.natural) == [
        "0.7 cm/s", "20 mbar", "100 mbar", "1000 mbar",
    ]  # fmt: skip
    assert style.place("donor_1/0100mbar_1", "100 mbar", "frame 3") == "donor_1/0100mbar_1, frame 3"
    assert style.place("glob001", "0.7 cm/s") == "glob001, 0.7 cm/s"


def test_many_points_become_contours_that_hold_their_share():
    rng = np.random.default_rng(0)
    x, y = rng.normal(30, 4, 4000), rng.normal(40, 4, 4000)
    figure = Figure()
    axes = figure.subplots()
    clouds.cloud(axes, x, y, "black", (60, 80))
    (drawn,) = axes.collections
    outer, inner = (path.contains_points(np.column_stack([x, y])).mean() for path in drawn.get_paths())
    assert (outer, inner) == (pytest.approx(0.9, abs=0.02), pytest.approx(0.5, abs=0.02))
    clouds.cloud(axes, x[: clouds.FEW], y[: clouds.FEW], "black", (60, 80))
    assert len(axes.collections[-1].get_offsets()) == clouds.FEW


def test_factors_that_go_together_are_measured():
    # Cramer's V of two factors: 0 where all pairs are equally frequent, 1 where one tells the other
    assert datasets.association(np.array([[5, 5], [5, 5]])) == 0
    assert datasets.association(np.array([[7, 0], [0, 3]])) == pytest.approx(1)


def test_a_scale_bar_is_as_long_as_it_says():
    figure = Figure()
    with style.wording({}, {"naples": 0.125}):
        axes = figure.subplots()
        pictures.scale_bar(axes, "naples", 672, 128)
        pictures.scale_bar(axes, "elsewhere", 672, 128)
    (bar,), (text,) = axes.lines, axes.texts
    assert (text.get_text(), np.ptp(bar.get_xdata())) == ("10 µm", 80)


def test_class_colours_are_apart_for_every_kind_of_colour_vision():
    """Least distance of two class colours in CIELAB after simulated dichromacy (Viénot 1999): 10 is plainly visible."""
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    blind = {
        "normal": np.eye(3),
        "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    }
    rgb = np.array([pictures.rgb(colour) for colour in style.CLASS_COLOURS.values()]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for kind, matrix in blind.items():
        seen = np.clip(linear @ (np.linalg.inv(lms) @ matrix @ lms).T, 0, 1)
        back = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
        lab = cv2.cvtColor(back[None].astype(np.float32), cv2.COLOR_RGB2Lab)[0]
        distances = [np.linalg.norm(lab[i] - lab[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        assert min(distances) > 10, kind


def test_steps_of_the_background_are_drawn_for_each_way_to_place_cells(tmp_path):
    with kept() as figures:
        draw("background_steps", {"datasets": made_datasets(tmp_path)}, tmp_path / "figure.png")
    said = texts(figures["figure"])
    # of what was imported nothing is known
    assert {"random", "synthetic", "channel"} <= set(said) and "theirs" not in said
    steps = ["colour", "noise", "hair", "walls", "grey walls", "specks"]
    # a channel is drawn in that of `synthetic` only
    assert [texts(axes) for axes in figures["figure"].axes if axes.images] == [
        [step] for step in (*steps, *steps, "channel")
    ]


def test_boxes_that_cover_others_are_counted_in_every_dataset(tmp_path):
    with kept() as figures:
        draw("overlaps", {"datasets": made_datasets(tmp_path)}, tmp_path / "figure.png")
    covered, a_frame = figures["figure"].axes
    assert [" ".join(tick.get_text().split()) for tick in covered.get_yticklabels()] == [
        f"{name} 2 boxes" for name in ("random", "synthetic", "theirs")
    ]
    # one box an image: none is covered
    assert [bar.get_width() for bar in covered.patches] == [1, 0, 0, 0] * 3 or cells(covered) == [["100%"]] * 3
    assert (covered.get_xlabel(), a_frame.get_xlabel()) == ("share of boxes", "median, quartiles, range")


def test_a_map_without_a_network_is_a_stated_gap(tmp_path):
    with kept() as figures:
        draw("image_map", {"datasets": made_datasets(tmp_path)}, tmp_path / "figure.png")
    assert texts(figures["figure"]) == ["No network to compute features with."]


@pytest.mark.parametrize("name", ["image_map", "domain_map"])
def test_images_that_are_all_alike_have_no_map(tmp_path, monkeypatch, name):
    # the library's t-SNE would end the process
    monkeypatch.setattr("rbcflow.figures.features.features", lambda images, *_: np.ones((len(images), 8), np.float32))
    inputs = {"datasets": made_datasets(tmp_path)}
    if name == "domain_map":
        inputs["testsets"] = [write_testset(tmp_path / "set", 4, [])]
    with kept() as figures:
        draw(name, inputs, tmp_path / "figure.png", network={"network": "starter", "path": "", "sha256": ""})
    assert texts(figures["figure"]) == ["There are not 10 different images for a map."]


def test_a_dataset_without_a_plan_is_drawn(tmp_path):
    with kept() as figures:
        draw("dataset_statistics", {"dataset": made_datasets(tmp_path)[-1]}, tmp_path / "figure.png")
    by_title = {axes.get_title("left"): axes for axes in figures["figure"].axes}
    # a croissant in two of three images of each split
    assert [bar.get_height() for bar in by_title["cells (outline: planned)"].patches] == [2, 2, 2]
    # lines are on in every second image, beginning with the first
    assert [bar.get_width() for bar in by_title["levels of the factors"].patches] == pytest.approx([1 / 3, 2 / 3])
    assert "training boxes (n = 2)" in by_title


@pytest.mark.slow
def test_the_map_of_images_is_the_same_twice(tmp_path):
    entry = read_weights(PROJECT / "resources/weights.yaml")["starter"]
    network = {"network": "starter", "path": str(PROJECT / entry.path), "sha256": entry.sha256}
    with kept() as figures:
        for name in ("a", "b"):
            datasets = made_datasets(tmp_path / name)
            for number, file in enumerate(sorted((tmp_path / name).rglob("*.png"))):
                cv2.imwrite(str(file), np.random.default_rng(number).integers(0, 255, (50, 100), dtype=np.uint8))
            draw("image_map", {"datasets": datasets}, tmp_path / f"{name}.png", network=network)
    assert "t-SNE of 27 images" in " ".join(texts(figures["a"]))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.slow
def test_features_of_a_timm_model_and_of_the_starter(tmp_path):
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    file = tmp_path / "weights.pth"
    torch.save(timm.create_model("resnet10t", pretrained=False).state_dict(), file)
    images = [
        np.full((40, 60, 3), 90, np.uint8),
        np.full((30, 30, 3), 200, np.uint8),
        np.full((40, 60, 3), 90, np.uint8),
    ]
    found = features(images, "resnet10t", file, sha256(file))
    assert found.shape == (3, 512)
    np.testing.assert_allclose(found[0], found[2], atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-4
    with pytest.raises(InputError, match="sha256"):
        features(images, "resnet10t", file, "0" * 64)


def test_the_source_of_most_cells():
    assert maps._source("a-00001 a-00002 b-00001 simulated-ring") == "a"
    assert maps._source("a-00001 b-00001") == "mixed"
    assert maps._source("simulated-ring") == "no cell of a bank"


def test_the_share_of_a_box_that_another_covers():
    # the second lies with half of its area in the first, which is four times as large; the third is alone
    boxes = np.array([[0, 0, 20, 20], [10, 15, 20, 25], [50, 50, 60, 60]], float)
    assert composition._covered(boxes).tolist() == [50 / 400, 0.5, 0]
    assert composition._covered(np.zeros((0, 4))).shape == (0,)


def test_a_plot_is_also_written_as_svg_where_that_is_wanted_and_both_repeat(tmp_path):
    files = [tmp_path / folder / "plot.png" for folder in ("a", "b", "c")]
    for file, vector in zip(files, (True, True, False), strict=True):
        with style.vector_copies(vector), style.canvas(file, 60, 40, "n = 3") as figure:
            figure.subplots().plot([0, 1, 2], [1, 0, 1])
    first, second, without = files
    assert first.read_bytes() == second.read_bytes() == without.read_bytes()
    assert "</svg>" in first.with_suffix(".svg").read_text()
    assert first.with_suffix(".svg").read_bytes() == second.with_suffix(".svg").read_bytes()
    assert not without.with_suffix(".svg").exists()


def test_every_method_and_source_is_named_beside_its_segmentation_scores(tmp_path):
    for method in ("unet_cellpose", "unet"):
        sources = [
            {"method": method, "source": name, "origin": "phantom", "n_cells": 4, "found": 3, "found_from_iou": 0.5}
            | {"iou_p10": 0.2, "iou_median": 0.8}
            for name in ("kihm2018", "liang2024")
        ]
        (tmp_path / method).mkdir()
        (tmp_path / method / "summary.json").write_text(json.dumps({"sources": sources}))
        rows = [
            {"source": name, "recording": "a", "frame": frame, "object": 0, "iou": iou}
            for name in ("kihm2018", "liang2024")
            for frame, iou in enumerate((0.1, 0.7, 0.9, 0.95))
        ]
        pd.DataFrame(rows).to_csv(tmp_path / method / "objects.csv", index=False)
    with style.vector_copies(True):
        extraction.segmentation_scores([tmp_path / "unet_cellpose", tmp_path / "unet"], tmp_path / "plot.png")
    # Matplotlib names every text that it draws
    drawn = re.findall(r"<!-- (.+) -->", (tmp_path / "plot.svg").read_text())
    assert {"unet + cellpose on kihm2018", "unet + cellpose on liang2024", "3 of 4"} <= set(drawn)
    # four cells of each source, each outlined by both methods
    assert any("8 whole true cells" in text and "n = 16" in text for text in drawn)


def test_every_set_on_the_map_has_a_mark_of_its_own():
    marks = [maps.mark(place) for place in range(35)]
    assert len(set(marks)) == 35
    assert len({colour for colour, _ in marks[:7]}) == 7
