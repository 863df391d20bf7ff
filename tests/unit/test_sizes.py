"""The size a detector sees frames at: as the library's validator brings them to it, and what is recorded of it."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from metrics_inputs import write_predictions, write_testset
from project_copy import PROJECT
from rbcflow.cells.bank import write_bank
from rbcflow.cells.simulated import draw
from rbcflow.core.classes import CLASSES
from rbcflow.datasets.dataset import write_shard
from rbcflow.datasets.spec import VariantSpec
from rbcflow.detector.detector import load_detector
from rbcflow.detector.sizes import long_side
from rbcflow.metrics.average_precision import THRESHOLDS, hits, ultralytics_ap
from rbcflow.metrics.run import evaluate
from rbcflow.metrics.sizes import COLUMNS, compare_sizes
from rbcflow.runtime.provenance import sha256
from rbcflow.training.linked_dataset import label_sizes

BOX = ["x0", "y0", "x1", "y1"]
VARIANT = yaml.safe_load((PROJECT / "config/variants.yaml").read_text())["synthetic"].get("compose", {})
IMAGES = 24


@pytest.fixture(scope="module")
def starter(tmp_path_factory) -> Path:
    """The shipped checkpoint, trained at 224 on simulated cells, as a model folder."""
    folder = tmp_path_factory.mktemp("starter")
    (folder / "weights").mkdir()
    shutil.copyfile(PROJECT / "resources/starter/yolo11n-starter.pt", folder / "weights/best.pt")
    record = {"sha256": sha256(folder / "weights/best.pt"), "state_sha256": "a" * 64}
    (folder / "training.json").write_text(json.dumps({"files": {"weights/best.pt": record}}))
    return folder / "weights/best.pt"


@pytest.fixture(scope="module")
def composed(tmp_path_factory) -> list[tuple[np.ndarray, pd.DataFrame]]:
    """Images of 200 x 100 composed of simulated cells, with their true boxes."""
    folder = tmp_path_factory.mktemp("composed")
    cells = write_bank(folder / "bank", draw("simulated", 10, 0))
    cells[cells["kept"]][["cell_id", "source", "class", "group"]].assign(split="test").to_csv(
        folder / "splits.csv", index=False
    )
    spec = VariantSpec.from_dict({"name": "synthetic", **VARIANT})
    read = {"banks": [folder / "bank"], "splits": folder / "splits.csv"}
    write_shard(spec, split="test", indices=range(IMAGES), seed=0, folder=folder / "shard", **read)
    result = []
    for file in sorted((folder / "shard/images").iterdir()):
        image = cv2.imread(str(file))
        lines = (folder / f"shard/labels/{file.stem}.txt").read_text().splitlines()
        rows = np.array([line.split() for line in lines], dtype=float).reshape(-1, 5)
        middle, half = rows[:, 1:3] * image.shape[1::-1], rows[:, 3:] * image.shape[1::-1] / 2
        table = pd.DataFrame(np.hstack([middle - half, middle + half]), columns=BOX)
        result.append((image, table.assign(**{"class": [CLASSES[int(number)] for number in rows[:, 0]]})))
    return result


def shrunk(image: np.ndarray, boxes: pd.DataFrame, factor: float) -> tuple[np.ndarray, pd.DataFrame]:
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return small, boxes.assign(**{name: boxes[name] * factor for name in BOX})


def row_of_three(members: list[tuple[np.ndarray, pd.DataFrame]]) -> tuple[np.ndarray, pd.DataFrame]:
    """Put three images side by side and widen them to 672 x 128, a recording's shape."""
    image = cv2.copyMakeBorder(np.hstack([own for own, _ in members]), 14, 14, 36, 36, cv2.BORDER_REPLICATE)
    moved = []
    for place, (_, boxes) in enumerate(members):
        shift = {"x0": 36 + 200 * place, "x1": 36 + 200 * place, "y0": 14, "y1": 14}
        moved.append(boxes.assign(**{name: boxes[name] + value for name, value in shift.items()}))
    return image, pd.concat(moved, ignore_index=True)


def library(folder: Path, labelled: list[tuple[np.ndarray, pd.DataFrame]], weights: Path) -> tuple[float, float]:
    """Return mAP50 and mAP50-95 that Ultralytics' own validation finds at the checkpoint's size."""
    from ultralytics import YOLO

    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number, (image, boxes) in enumerate(labelled):
        cv2.imwrite(str(folder / f"images/{number:05d}.png"), image)
        corners = boxes[BOX].to_numpy() / np.tile(image.shape[1::-1], 2)
        middle, size = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
        lines = [
            " ".join([str(CLASSES.index(name)), *(f"{value:.9f}" for value in (*m, *s))])
            for name, m, s in zip(boxes["class"], middle, size, strict=True)
        ]
        (folder / f"labels/{number:05d}.txt").write_text("\n".join(lines) + "\n")
    description = {"path": str(folder), "train": "images", "val": "images", "names": dict(enumerate(CLASSES))}
    (folder / "data.yaml").write_text(yaml.safe_dump(description))
    options = {"device": "cpu", "workers": 0, "plots": False, "verbose": False, "rect": True}
    with tempfile.TemporaryDirectory() as project:
        found = YOLO(weights).val(data=str(folder / "data.yaml"), project=project, **options)
    return found.box.map50, found.box.map


def ours(labelled: list[tuple[np.ndarray, pd.DataFrame]], weights: Path, size: str) -> tuple[float, float]:
    """Return mAP50 and mAP50-95 of this workflow's boxes, averaged over precision as Ultralytics does."""
    found = load_detector(weights, threads=1, size=size).detect([image[..., ::-1] for image, _ in labelled])
    boxes = pd.concat([table.assign(frame=index) for index, table in enumerate(found)], ignore_index=True)
    truth = pd.concat([table.assign(frame=index) for index, (_, table) in enumerate(labelled)], ignore_index=True)
    hit = hits(truth, boxes, THRESHOLDS)
    values = []
    for name in set(truth["class"]):
        own, n = (boxes["class"] == name).to_numpy(), int((truth["class"] == name).sum())
        conf = boxes["conf"].to_numpy()[own]
        values.append([ultralytics_ap(conf, hit[own][:, column], n) for column in range(len(THRESHOLDS))])
    mean = np.mean(values, axis=0)
    return float(mean[0]), float(mean.mean())


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["full", "half", "672x128", "two shapes"])
def test_the_trained_size_agrees_with_ultralytics_own_validation(shape, starter, composed, tmp_path):
    rows = [row_of_three(composed[start : start + 3]) for start in range(0, IMAGES, 3)]
    labelled = {
        "full": composed,
        "half": [shrunk(*item, 0.5) for item in composed],
        "672x128": rows,
        "two shapes": [*rows, *composed],
    }[shape]
    found, expected = ours(labelled, starter, "trained"), library(tmp_path / "set", labelled, starter)
    assert expected[0] > 0.1
    assert found == pytest.approx(expected, abs=0.005)


@pytest.mark.slow
def test_the_frames_own_size_does_not(starter, composed, tmp_path):
    """Half as large, the images are another experiment: this is what the comparison above can tell."""
    half = [shrunk(*item, 0.5) for item in composed]
    assert abs(ours(half, starter, "native")[0] - ours(half, starter, "trained")[0]) > 0.1


@pytest.mark.parametrize(
    ("size", "checkpoint", "expected"),
    [
        ("trained", 200, 224), ("trained", 224, 224), ("trained", 225, 256), ("trained", 640, 640),
        ("trained", [200, 100], 224), ("trained", 1, 32), ("native", 200, None), (320, 200, 320), (321, 200, 352),
    ],
)  # fmt: skip
def test_the_long_side_is_rounded_up_as_the_library_does(size, checkpoint, expected):
    assert long_side(size, checkpoint) == expected


def test_the_cells_a_training_saw_are_measured_in_its_own_pixels(tmp_path):
    # sides in pixels: sqrt(20 x 20) = 20 twice and sqrt(40 x 10) = 20 in an image of 200, sqrt(9 x 4) = 6 in one of 100
    for name, size, lines in (
        ("a", (200, 100), "0 0.5 0.5 0.1 0.2\n1 0.5 0.5 0.1 0.2\n2 0.5 0.5 0.2 0.1\n"),
        ("b", (100, 50), "1 0.5 0.5 0.09 0.08\n"),
        ("c", (100, 50), ""),
    ):
        for kind in ("images", "labels"):
            (tmp_path / kind).mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / f"images/{name}.png"), np.zeros(size[::-1], np.uint8))
        (tmp_path / f"labels/{name}.txt").write_text(lines)
    listing = tmp_path / "train.txt"
    listing.write_text("".join(f"{tmp_path}/images/{name}.png\n" for name in "abc"))
    # 200 becomes 224: 22.4 three times, and 6 x 2.24 = 13.44; 5 % of four values lie 0.15 of the way to the second
    ends = {"low_seen_px": 14.78, "high_seen_px": 22.4}
    assert label_sizes(listing, 200) == {"n": 4, "side_px": 20.0, "side_seen_px": 22.4} | ends
    listing.write_text(f"{tmp_path}/images/c.png\n")
    assert label_sizes(listing, 200) is None


SEEN = {"asked": "trained", "imgsz": 224, "factor": [1.12, 1.12]}


@pytest.mark.parametrize(
    ("size", "learned", "side", "ratio", "warned"),
    [
        # true boxes of 20 x 20, 10 x 40 and 30 x 30 in frames of 200 x 100: the median side is 20
        (SEEN, 22.4, 22.4, 1.0, False),
        (SEEN, 44.8, 22.4, 0.5, False),
        (SEEN, 45.0, 22.4, 0.498, True),
        ({"asked": "native", "imgsz": None, "factor": [3.0, 3.0]}, 29.9, 60.0, 2.007, True),
        (SEEN, None, 22.4, None, False),
    ],
)
def test_cells_that_are_not_like_the_trainings_are_said_to_be(tmp_path, size, learned, side, ratio, warned):
    rows = [(0, "slipper", 0, 0, 20, 20), (0, "slipper", 30, 0, 40, 40), (1, "other", 50, 50, 80, 80)]
    write_testset(tmp_path / "set", 2, rows, size=(200, 100))
    cells = {"n": 9, "side_px": 1.0, "side_seen_px": learned} if learned else None
    scale = size["factor"][0] if size["imgsz"] is None else 1.0
    write_predictions(tmp_path / "p.parquet", [], size=size, scale=scale, training_cells=cells)
    evaluate(tmp_path / "p.parquet", tmp_path / "set", tmp_path / "out", run="run1", model="model1")
    numbers = json.loads((tmp_path / "out/metrics.json").read_text())
    block = numbers["size"]
    assert (block["cell_side_px"], block["training_cell_side_px"], block["cell_side_ratio"]) == (side, learned, ratio)
    assert {key: block[key] for key in size} == size
    said = [sentence for sentence in numbers["caveats"] if "another size" in sentence]
    assert bool(said) is warned
    if warned:
        assert f"{ratio:.2f} times" in said[0]


def row(run: str, **more) -> dict:
    return {"run": run, "model": "m", "testset": "naples", "published_as": None, "size": "trained", **more}


def counted(factor: float, side: float) -> dict:
    size = {"imgsz": None, "factor": [factor, factor], "cell_side_px": side, "training_cell_side_px": 20.0}
    return {
        "size": size | {"cell_side_ratio": side / 20}, "n_frames": 4, "n_boxes": {"total": 7},
        "agnostic": {"at": [{"false_positives_per_frame": factor}, {"false_positives_per_frame": 99.0}]},
    }  # fmt: skip


def test_each_published_run_stands_beside_itself_at_another_size():
    runs = [
        row("m-on-naples", published_as="val21"),
        row("m-on-other", published_as="val22"),
        row("m-on-naples-at-native", size="native", companion_of="m-on-naples"),
        row("m-on-naples-at-grey", companion_of="m-on-naples"),
    ]
    metrics = {own["run"]: counted(factor, 20 * factor) for own, factor in zip(runs, (0.5, 9, 1.0, 9), strict=True)}
    headline = pd.DataFrame(
        [("m-on-naples", "recall", 0.4, 0.3, 0.5), ("m-on-naples-at-native", "recall", 0.8, 0.7, math.nan)],
        columns=["run", "metric", "value", "low", "high"],
    )
    table = compare_sizes(runs, metrics, headline)
    assert list(table.columns) == COLUMNS
    shown = ["published_as", "run", "size", "factor_low", "cell_side_ratio", "recall", "recall_low", "precision"]
    assert table[shown].astype(object).where(table[shown].notna(), None).to_numpy().tolist() == [
        ["val21", "m-on-naples", "trained", 0.5, 0.5, 0.4, 0.3, None],
        ["val21", "m-on-naples-at-native", "native", 1.0, 1.0, 0.8, 0.7, None],
    ]
    assert table["false_positives_per_frame"].tolist() == [0.5, 1.0]
