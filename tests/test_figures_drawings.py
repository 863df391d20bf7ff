"""Every figure is drawn from small inputs; poor inputs give a stated gap, wrong ones a named error."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from metrics_inputs import write_predictions, write_testset
from raw_inputs import WRITERS, write_picture
from rbcflow.cells.bank import Cell, write_bank
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.detector.weights import read_weights
from rbcflow.figures import clouds, composition, datasets, extraction, gifs, maps, pictures, raw, style
from rbcflow.figures.drawings import draw
from rbcflow.figures.features import features
from rbcflow.metrics.run import evaluate
from rbcflow.runtime.provenance import sha256
from rbcflow.sources import record
from rbcflow.sources.kihm2018 import reader as kihm2018
from rbcflow.testsets.files import write_unavailable

PROJECT = Path(__file__).parents[1]
A, B = (10, 10, 30, 30), (60, 10, 80, 30)
TRUTH = [(0, "slipper", *A), (0, "croissant", *B), (1, "slipper", *A)]
FOUND = [(0, "slipper", 0.9, *A), (0, "slipper", 0.8, *B), (1, "other", 0.7, *B)]


def make_run(folder: Path, testset: Path, found: list[tuple], fingerprint: str | None = "f0") -> dict[str, Path]:
    predictions = write_predictions(folder / "run1.parquet", found, testset_fingerprint=fingerprint)
    evaluate(predictions, testset, folder / "run1", run="run1", model="model1")
    return {"run_folder": folder / "run1", "predictions": predictions, "testset": testset}


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, write_testset(tmp_path / "set", 4, TRUTH), FOUND)


def make_bank(folder: Path, reasons: list[str]) -> Path:
    mask = np.zeros((20, 30), bool)
    mask[5:15, 5:25] = True
    crop = np.where(mask, 90, 140).astype(np.uint8)
    cells = [
        Cell(
            "nouaman2024", (*CLASSES, "")[i % 4], "d", "r", i, (5, 5, 25, 15), "polygon", "g", crop, mask, reason=reason
        )
        for i, reason in enumerate(reasons)
    ]
    write_bank(folder, cells)
    return folder


def make_dataset(folder: Path) -> Path:
    rows = []
    for split in ("train", "val", "test"):
        shard = folder / split / "shards/000"
        for name in ("images", "labels"):
            (shard / name).mkdir(parents=True)
        for index in range(3):
            cv2.imwrite(str(shard / f"images/{index:05d}.png"), np.full((50, 100), 120, np.uint8))
            (shard / f"labels/{index:05d}.txt").write_text("0 0.5 0.5 0.2 0.4\n" if index else "")
            rows.append((index, split, index % 2 == 0, 1, 1 if index else 0))
        lines = [f"./{split}/shards/000/images/{index:05d}.png\n" for index in range(3)]
        (folder / f"{split}.txt").write_text("".join(lines))
    columns = ["index", "split", "lines", "croissant_count", "croissant_placed"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "metadata.csv", index=False)
    lists = {split: f"{split}.txt" for split in ("train", "val", "test")}
    (folder / "data.yaml").write_text(yaml.safe_dump(lists | {"names": {0: "croissant"}}))
    return folder


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    names = [f"{side}/{loss}_loss" for side in ("train", "val") for loss in ("box", "cls", "dfl")]
    names += [f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95")]
    pd.DataFrame({"epoch": [1, 2], **{name: [0.5, 0.4] for name in names}}).to_csv(folder / "results.csv", index=False)
    (folder / "training.json").write_text(json.dumps({"classes": ["croissant"]}))
    (folder / "args.yaml").write_text(yaml.safe_dump({"imgsz": 96, "mosaic": 1.0, "close_mosaic": 1, "save_dir": None}))
    return folder


PUBLISHED = Path(__file__).parent.parent / "paper" / "published.yaml"


def test_curves_of_a_checkpoint_without_any_are_a_stated_gap(tmp_path):
    model = make_model(tmp_path / "model")
    table = pd.read_csv(model / "results.csv")
    table[:0].to_csv(model / "results.csv", index=False)
    draw("training_curves", {"model_folder": model, "published": PUBLISHED}, tmp_path / "figure.png")
    assert size(tmp_path / "figure.png")[1] < 200


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


@pytest.mark.parametrize("name", ["confusion_matrix", "confidence_curves", "sample_predictions", "predicted_boxes"])
def test_figures_of_a_run_are_drawn_alike_twice(tmp_path, run, name):
    wanted = {"confusion_matrix": 1, "confidence_curves": 1}.get(name, 3)
    inputs = dict(list(run.items())[:wanted])
    suffix = "gif" if name == "predicted_boxes" else "png"
    first, second = tmp_path / f"a/1.{suffix}", tmp_path / f"a/2.{suffix}"
    draw(name, inputs, first)
    draw(name, inputs, second)
    assert first.read_bytes() == second.read_bytes()
    assert size(first)[0] > 350


@pytest.mark.parametrize("name", ["confusion_matrix", "confidence_curves", "sample_predictions", "predicted_boxes"])
@pytest.mark.parametrize("kind", ["unavailable", "no boxes", "classes not judged"])
def test_poor_runs_are_drawn(tmp_path, name, kind):
    folder = tmp_path / "set"
    if kind == "unavailable":
        write_unavailable(folder, name="set", source="flow_public", reason="no network")
        run = make_run(tmp_path, folder, [], None)
    elif kind == "no boxes":
        run = make_run(tmp_path, write_testset(folder, 2, []), [])
    else:
        run = make_run(tmp_path, write_testset(folder, 4, TRUTH, classes_judged="false"), FOUND)
    output = tmp_path / f"out.{'gif' if name == 'predicted_boxes' else 'png'}"
    draw(name, run if name in ("sample_predictions", "predicted_boxes") else {"run_folder": run["run_folder"]}, output)
    assert size(output)[0] > 350


def test_overview_takes_available_and_unavailable_runs(tmp_path, run):
    write_unavailable(tmp_path / "gone", name="gone", source="flow_public", reason="no network")
    other = make_run(tmp_path / "b", tmp_path / "gone", [], None)
    draw("overview", {"runs": [run["run_folder"], other["run_folder"]]}, tmp_path / "overview.png")
    assert size(tmp_path / "overview.png")[0] > 1000


@pytest.mark.parametrize("reasons", [[""] * 30 + ["touches_edge"], ["too_small"], []])
@pytest.mark.parametrize("name", ["cell_sheet", "cell_counts"])
def test_banks_are_drawn_whatever_was_kept(tmp_path, reasons, name):
    draw(name, {"bank": make_bank(tmp_path / "bank", reasons)}, tmp_path / "cells.png")
    assert size(tmp_path / "cells.png")[0] > 900


def test_augmented_images_are_drawn_by_the_library(tmp_path):
    inputs = {"model_folder": make_model(tmp_path / "model"), "model_dataset": make_dataset(tmp_path / "dataset")}
    draw("training_batches", inputs, tmp_path / "figure.png")
    assert size(tmp_path / "figure.png")[0] > 1000


@pytest.mark.parametrize("file", ["args.yaml", "training.json"])
def test_a_checkpoint_that_tells_little_of_its_training_gives_a_stated_gap(tmp_path, file):
    model = make_model(tmp_path / "model")
    changed = "imgsz: 224\n" if file == "args.yaml" else json.dumps({"classes": ["cell"]})
    (model / file).write_text(changed)
    draw("training_batches", {"model_folder": model, "model_dataset": tmp_path}, tmp_path / "figure.png")
    assert size(tmp_path / "figure.png")[1] < 250


def test_unavailable_recordings_give_a_stated_gap(tmp_path):
    record = {"source": "flow_public", "layout": "flow_public", "origin": "public", "exact_truth": False,
              "status": "unavailable", "reason": "no network", "folder": "nowhere", "n_files": 0,
              "sha256": ""}  # fmt: skip
    (tmp_path / "source.json").write_text(json.dumps(record))
    draw("raw_frames", {"raw": tmp_path}, tmp_path / "raw.png")
    assert size(tmp_path / "raw.png")[1] < 250


@pytest.mark.parametrize("source", ["kihm2018", "liang2024"])
def test_sources_of_crops_are_shown_by_shape(tmp_path, source):
    WRITERS[source](tmp_path / "files")
    # a source need not have its layout's name
    record.write(
        tmp_path / "source.json", source="mylab", layout=source, origin="raw", folder=tmp_path / "files"
    )  # fmt: skip
    draw("raw_frames", {"raw": tmp_path}, tmp_path / "raw.png")
    width, height = size(tmp_path / "raw.png")
    assert width == pytest.approx(120 / 25.4 * 240, abs=2)
    # two shapes: two rows of eight square or nearly half as high tiles
    tile = width / 8 * (1.0 if source == "kihm2018" else 0.5)
    assert 2 * tile < height < 2 * tile + 250


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
        draw("training_curves", {"model_folder": model, "published": PUBLISHED}, tmp_path / "model.png")


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
        "frame 0: 2 found, 0 missed, 0 false alarms",
        "frame 1: 0 found, 1 missed, 1 false alarms",
        "frame 3: 0 found, 0 missed, 0 false alarms",
    ]
    assert texts[-1][1:3] == [
        "3 of 3 frames: 2 found, 1 missed, 1 false alarms",
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


def made_datasets(folder: Path) -> list[Path]:
    """Return two generated datasets and one that was imported: no plan, no cells, no steps."""
    folders = []
    for name, kind in (("random", "generated"), ("synthetic", "generated"), ("theirs", "published")):
        folders.append(make_dataset(folder / name))
        params = {"compose": {}, "seed": 0, "dataset": kind}
        (folders[-1] / "provenance.json").write_text(json.dumps({"params": params, "origin": ["phantom"]}))
    metadata = pd.read_csv(folders[-1] / "metadata.csv").drop(columns="croissant_count")
    metadata.assign(file="0000.png").to_csv(folders[-1] / "metadata.csv", index=False)
    metadata.assign(cells="a-00001 a-00002 b-00001").to_csv(folders[0] / "metadata.csv", index=False)
    return folders


@pytest.mark.parametrize("name", ["background_steps", "overlaps", "image_map"])
def test_figures_of_all_datasets_are_drawn(tmp_path, name):
    draw(name, {"datasets": made_datasets(tmp_path)}, tmp_path / "figure.png")
    assert size(tmp_path / "figure.png")[0] > 1000


def test_a_dataset_without_a_plan_is_drawn(tmp_path):
    draw("dataset_statistics", {"dataset": made_datasets(tmp_path)[-1]}, tmp_path / "figure.png")
    assert size(tmp_path / "figure.png")[0] > 1000


def test_the_map_of_images_is_the_same_twice(tmp_path):
    entry = read_weights(PROJECT / "resources/weights.yaml")["starter"]
    network = {"network": "starter", "path": str(PROJECT / entry.path), "sha256": entry.sha256}
    for name in ("a", "b"):
        draw("image_map", {"datasets": made_datasets(tmp_path / name)}, tmp_path / f"{name}.png", network=network)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


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
    assert maps._source("a-00001 a-00002 b-00001 drawn-ring") == "a"
    assert maps._source("a-00001 b-00001") == "mixed"
    assert maps._source("drawn-ring") == "no cell of a bank"


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


def test_every_path_and_source_is_named_beside_its_outline_scores(tmp_path):
    for path in ("unet_cellpose", "unet"):
        sources = [
            {"path": path, "source": name, "origin": "phantom", "n_cells": 4, "found": 3, "found_from_iou": 0.5}
            | {"iou_p10": 0.2, "iou_median": 0.8}
            for name in ("kihm2018", "liang2024")
        ]
        (tmp_path / path).mkdir()
        (tmp_path / path / "summary.json").write_text(json.dumps({"sources": sources}))
        rows = [
            {"source": name, "recording": "a", "frame": frame, "object": 0, "iou": iou}
            for name in ("kihm2018", "liang2024")
            for frame, iou in enumerate((0.1, 0.7, 0.9, 0.95))
        ]
        pd.DataFrame(rows).to_csv(tmp_path / path / "objects.csv", index=False)
    with style.vector_copies(True):
        extraction.outline_scores([tmp_path / "unet_cellpose", tmp_path / "unet"], tmp_path / "plot.png")
    # Matplotlib names every text that it draws
    drawn = re.findall(r"<!-- (.+) -->", (tmp_path / "plot.svg").read_text())
    assert {"unet + cellpose on kihm2018", "unet + cellpose on liang2024", "3 of 4"} <= set(drawn)
    # four cells of each source, each outlined by both paths
    assert any("8 whole true cells" in text and "n = 16" in text for text in drawn)


def test_every_set_on_the_map_has_a_mark_of_its_own():
    marks = [maps.mark(place) for place in range(35)]
    assert len(set(marks)) == 35
    assert len({colour for colour, _ in marks[:7]}) == 7
