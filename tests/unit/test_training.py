"""Training: a toy run writes the model folder, survives a kill, refuses bad input and leaves the dataset alone."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lazy import Lazy
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.detector import hardware
from rbcflow.detector.hardware import choose_precision
from rbcflow.detector.weights import load_verified, state_sha256
from rbcflow.runtime.provenance import sha256
from rbcflow.training.linked_dataset import linked_dataset
from rbcflow.training.train import train
from tiny_yolo import COUNTS, SIDE, save, toy_network, write_dataset

pytestmark = pytest.mark.slow
torch = Lazy("torch")

ARGUMENTS = {
    "architecture": "yolo11n.yaml",
    "weights": None,
    "weights_sha256": None,
    "epochs": 2,
    "batch": 4,
    "imgsz": SIDE,
    "seed": 0,
    "threads": 1,
    "precision": "float32",
    "data_fingerprint": "f" * 64,
    "overrides": {"close_mosaic": 1, "warmup_epochs": 0.0},
    "learned_from": ["published"],
    "remarks": ["A remark."],
}

KILLED = """
import json, os, signal, sys
from pathlib import Path
from rbcflow.detector.setup import import_ultralytics
folder = Path(sys.argv[2])
import_ultralytics(folder.parent / "config")
from rbcflow.training import trainer
from rbcflow.training.train import train

def on_train_epoch_start(self, begin=trainer.CellTraining.on_train_epoch_start):
    if self.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    begin(self)

trainer.CellTraining.on_train_epoch_start = on_train_epoch_start
train(Path(sys.argv[1]), folder, **json.loads(sys.argv[3]))
"""


@pytest.fixture
def data(tmp_path) -> Path:
    return write_dataset(tmp_path / "data")


@pytest.fixture(scope="module")
def trained_of(tmp_path_factory) -> Callable[[int], Path]:
    """Give the folder of a training of float32 by its seed; each is done once."""

    @functools.cache
    def train_once(seed: int) -> Path:
        folder = tmp_path_factory.mktemp("model")
        train(write_dataset(folder / "data"), folder / "out", **ARGUMENTS | {"seed": seed})
        return folder / "out"

    return train_once


@pytest.fixture(scope="module")
def trained(trained_of: Callable[[int], Path]) -> Path:
    return trained_of(0)


def train_and_kill(data: Path, folder: Path, arguments: dict) -> None:
    """Train in a process of its own that is killed when its third epoch begins."""
    command = [sys.executable, "-c", KILLED, str(data), str(folder), json.dumps(arguments)]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=os.environ | paths, check=False).returncode == -signal.SIGKILL
    assert not (folder / "training.json").exists()


def snapshot(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): sha256(path) for path in sorted(root.rglob("*")) if path.is_file()}


def test_the_model_folder_is_complete(trained):
    files = sorted(str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file())
    assert files == ["args.yaml", "results.csv", "training.json", "weights/best.pt", "weights/last.pt"]
    for name in ("best.pt", "last.pt"):
        assert (trained / "weights" / name).stat().st_size < 6_000_000
    assert list(pd.read_csv(trained / "results.csv")["epoch"]) == [1, 2]


def test_the_record_describes_the_training(trained):
    record = json.loads((trained / "training.json").read_text())
    assert record["epochs"] == 2
    assert record["best_epoch"] in (1, 2)
    assert record["weights"] == {"source": "random", "sha256": None}
    assert (record["learned_from"], record["remarks"]) == (["published"], ["A remark."])
    assert record["classes"] == ["croissant", "slipper", "other"]
    assert record["optimizer"]["name"] == "AdamW"
    assert record["optimizer"]["initial_lr"] == pytest.approx(0.001429)  # 0.002 * 5 / (4 + 3): the preprint's rate
    assert record["parameters"] == 2_590_425
    assert record["resumed_after"] == []
    assert len(record["epoch_seconds"]) == 2
    assert record["seconds"] == pytest.approx(sum(record["epoch_seconds"]), abs=0.05)
    assert record["state_sha256"] == state_sha256(trained / "weights" / "best.pt")
    for name, expected in record["files"].items():
        assert sha256(trained / name) == expected["sha256"]


def test_checkpoints_and_arguments_hold_no_local_path(trained):
    arguments = yaml.safe_load((trained / "args.yaml").read_text())
    assert (arguments["optimizer"], arguments["close_mosaic"], arguments["mosaic"]) == ("auto", 1, 1.0)
    assert str(trained.parent).encode() not in (trained / "args.yaml").read_bytes()
    assert str(trained.parent).encode() not in (trained / "weights" / "best.pt").read_bytes()


def test_a_published_checkpoint_opens_as_a_plain_ultralytics_model(trained):
    best = trained / "weights" / "best.pt"
    network = load_verified(best, sha256(best))
    assert list(network.names.values()) == ["croissant", "slipper", "other"]
    assert type(network).__module__ == "ultralytics.nn.tasks"


def test_same_seed_same_weights_and_the_dataset_is_only_read(trained_of, data, tmp_path):
    before = snapshot(data.parent)
    train(data, tmp_path / "again", **ARGUMENTS)
    assert snapshot(data.parent) == before
    folders = (trained_of(0), tmp_path / "again", trained_of(1))
    states = [json.loads((folder / "training.json").read_text())["state_sha256"] for folder in folders]
    assert states[0] == states[1] != states[2]


def test_bfloat16_follows_float32(trained_of, data, tmp_path):
    # From random weights single steps may part further, so the median of three trainings counts. Box losses of three
    # steps rest on a handful of anchors; all anchors enter this one.
    apart = []
    for seed in range(3):
        train(data, tmp_path / str(seed), **ARGUMENTS | {"precision": "bfloat16", "seed": seed})
        folders = (trained_of(seed), tmp_path / str(seed))
        curves = [pd.read_csv(folder / "results.csv")["train/cls_loss"] for folder in folders]
        apart.append((curves[1] / curves[0] - 1).abs())
    assert all(0 < gap < 0.01 for gap in pd.DataFrame(apart).median())


def test_a_killed_training_ends_as_if_nothing_had_happened(data, tmp_path):
    folder, undisturbed = tmp_path / "out", tmp_path / "undisturbed"
    # Five batches make a step and three an epoch, so gradients wait when the kill comes, with mosaics closed before it.
    overrides = {"close_mosaic": 3, "warmup_epochs": 1.0, "nbs": 20}
    arguments = ARGUMENTS | {"epochs": 4, "precision": "bfloat16", "overrides": overrides}
    train_and_kill(data, folder, arguments)
    train(data, folder, **arguments)
    train(data, undisturbed, **arguments)
    record, expected = (json.loads((path / "training.json").read_text()) for path in (folder, undisturbed))
    assert (record["epochs"], record["resumed_after"], expected["resumed_after"]) == (4, [2], [])
    curves = [pd.read_csv(path / "results.csv") for path in (folder, undisturbed)]
    assert list(curves[0]["epoch"]) == [1, 2, 3, 4]
    clocks = ["time", "epoch_seconds", "images_per_second"]
    pd.testing.assert_frame_equal(*(table.drop(columns=clocks) for table in curves), check_exact=True)
    for name, file in record["files"].items():
        assert file["state_sha256"] == expected["files"][name]["state_sha256"], name
    assert not (folder / "work").exists()


def test_a_checkpoint_without_its_state_is_not_gone_on_with(data, tmp_path, caplog):
    folder, arguments = tmp_path / "out", ARGUMENTS | {"epochs": 3}
    train_and_kill(data, folder, arguments)
    (state,) = (folder / "work/run/weights").glob("state-*.pt")
    state.unlink()
    with caplog.at_level("WARNING", logger="rbcflow"):
        train(data, folder, **arguments)
    record = json.loads((folder / "training.json").read_text())
    assert (record["epochs"], record["resumed_after"]) == (3, [])
    assert f"starting anew: {state} is missing" in caplog.text


def test_work_of_another_key_is_not_gone_on_with(data, tmp_path):
    folder = tmp_path / "out"
    left = folder / "work" / "run" / "weights" / "last.pt"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"must not be opened")
    (folder / "work" / "key.json").write_text(json.dumps({"key": "other", "resumed_after": [7]}))
    train(data, folder, **ARGUMENTS | {"epochs": 1})
    record = json.loads((folder / "training.json").read_text())
    assert (record["epochs"], record["resumed_after"]) == (1, [])


def test_a_diverging_loss_stops_with_the_epoch(data, tmp_path):
    with pytest.raises(FloatingPointError, match="not finite in epoch 1 of 2"):
        train(data, tmp_path / "out", **ARGUMENTS | {"overrides": {"box": float("nan")}})


OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize(
    ("epoch", "at_once", "resumed", "said"),
    [
        (0, 2, [], "out of memory: 2 instead of 4 images a batch, gradients gathered over"),
        (1, 2, [1], "out of memory in epoch 2: going on from the last epoch with batches of 2 instead of 4 images"),
    ],
)
def test_out_of_memory_halves_the_batch_and_says_so(data, tmp_path, monkeypatch, caplog, epoch, at_once, resumed, said):
    toy_network(tmp_path / "config")
    from rbcflow.training.trainer import CellTraining

    preprocess, batches = CellTraining.preprocess_batch, []

    def crowded(self, batch):
        if self.epoch == epoch and len(batch["img"]) > 2:
            raise torch.OutOfMemoryError(OUT_OF_MEMORY)
        batches.append((self.epoch, len(batch["img"]), self.accumulate))
        return preprocess(self, batch)

    monkeypatch.setattr(CellTraining, "preprocess_batch", crowded)
    with caplog.at_level("WARNING", logger="rbcflow"):
        train(data, tmp_path / "out", **ARGUMENTS | {"overrides": {"close_mosaic": 1, "nbs": 8, "warmup_epochs": 0.0}})
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (record["epochs"], record["batch"], record["batch_at_once"]) == (2, 4, at_once)
    assert record["resumed_after"] == resumed
    assert said in caplog.text
    # 12 images; 8 of them make a step of the optimiser, before and after
    whole = [(0, 4, 2)] * 3 if epoch else [(0, 2, 4)] * 6
    assert batches == whole + [(1, 2, 4)] * 6


def test_out_of_memory_with_one_image_a_batch_fails(data, tmp_path, monkeypatch):
    toy_network(tmp_path / "config")
    from rbcflow.training.trainer import CellTraining

    def crowded(self, batch):
        raise torch.OutOfMemoryError(OUT_OF_MEMORY)

    monkeypatch.setattr(CellTraining, "preprocess_batch", crowded)
    with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
        train(data, tmp_path / "out", **ARGUMENTS)


@pytest.mark.parametrize(("classes", "labels"), [(CLASSES[:2], {0, 1}), (CLASSES, {0, 1, 2}), (None, {0, 1, 2})])
def test_a_view_keeps_the_labels_of_the_classes_asked_for(data, tmp_path, classes, labels):
    view = linked_dataset(data, tmp_path / "view", classes)
    assert tuple(view["names"].values()) == (classes or CLASSES)
    assert view["nc"] == len(view["names"])
    files = sorted((tmp_path / "view").glob("*/*/labels/*.txt"))
    assert len(files) == COUNTS["train"] + COUNTS["val"]
    assert {int(line.split()[0]) for file in files for line in file.read_text().splitlines()} == labels


def test_three_outputs_for_two_classes_of_labels(data, tmp_path):
    view = linked_dataset(data, tmp_path / "two", CLASSES[:2])
    assert (view["nc"], view["names"]) == (2, {0: "croissant", 1: "slipper"})
    description = yaml.safe_load(data.read_text())
    del description["names"][2]
    data.write_text(yaml.safe_dump(description))
    view = linked_dataset(data, tmp_path / "three", CLASSES)
    assert (view["nc"], view["names"]) == (3, {0: "croissant", 1: "slipper", 2: "other"})


def test_two_of_three_classes_are_trained(data, tmp_path):
    before = snapshot(data.parent)
    train(data, tmp_path / "out", **ARGUMENTS | {"epochs": 1, "classes": CLASSES[:2]})
    assert json.loads((tmp_path / "out" / "training.json").read_text())["classes"] == ["croissant", "slipper"]
    assert snapshot(data.parent) == before


def start_from(path: Path) -> dict:
    return {"weights": path, "weights_sha256": sha256(path)}


def test_starting_weights_reach_the_whole_network_head_included(data, tmp_path):
    start = save(toy_network(tmp_path / "config"), tmp_path / "start.pt")
    frozen = {"optimizer": "SGD", "lr0": 0.0, "warmup_epochs": 0.0, "close_mosaic": 0}
    train(data, tmp_path / "out", **ARGUMENTS | start_from(start) | {"epochs": 1, "overrides": frozen})
    best = tmp_path / "out" / "weights" / "best.pt"
    before, after = (dict(load_verified(path, sha256(path)).named_parameters()) for path in (start, best))
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, msg=name)


def test_weights_of_another_architecture_are_refused(data, tmp_path):
    start = save(toy_network(tmp_path / "config", architecture="yolo11s.yaml"), tmp_path / "start.pt")
    with pytest.raises(InputError, match=r"weights of another architecture; expected yolo11n\.yaml"):
        train(data, tmp_path / "out", **ARGUMENTS | start_from(start))


def test_tampered_and_missing_weights_are_refused(data, tmp_path):
    start = tmp_path / "start.pt"
    arguments = ARGUMENTS | {"weights": start, "weights_sha256": "0" * 64}
    with pytest.raises(InputError, match="found no file"):
        train(data, tmp_path / "out", **arguments)
    start.write_bytes(b"not the recorded one")
    with pytest.raises(InputError, match="changed or damaged"):
        train(data, tmp_path / "out", **arguments)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train/shards/000/labels/00000.txt", "7 0.5 0.5 0.1 0.1\n", "corrupt image or label file"),
        ("train/shards/000/images/00000.png", "no picture", "corrupt image or label file"),
        ("val/shards/001/labels/00001.txt", None, "found no file val/shards/001/labels/00001.txt"),
        ("val.txt", "", "found no images"),
        ("data.yaml", "train: train.txt\nval: val.txt\nnames: [croissant, person]\n", "found classes person"),
    ],
)
def test_a_broken_dataset_is_refused(data, tmp_path, file, content, message):
    broken = data.parent / file
    broken.unlink() if content is None else broken.write_text(content)
    with pytest.raises(InputError, match=message):
        train(data, tmp_path / "out", **ARGUMENTS)


def test_the_view_lists_every_image_through_links(data, tmp_path):
    view = linked_dataset(data, tmp_path / "view")
    assert view["names"] == {0: "croissant", 1: "slipper", 2: "other"}
    for split in ("train", "val"):
        images = [Path(line) for line in Path(view[split]).read_text().splitlines()]
        assert len(images) == COUNTS[split]
        assert all(image.is_file() and image.is_relative_to(tmp_path / "view") for image in images)


@pytest.mark.parametrize(
    ("asked", "device", "native", "chosen"),
    [
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "0", False, "amp"),
        ("float32", "cpu", True, "float32"),
        ("bfloat16", "0", False, "bfloat16"),
    ],
)
def test_precision_follows_the_machine(monkeypatch, asked, device, native, chosen):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda: native)
    assert choose_precision(asked, device) == chosen


def test_the_loss_of_a_bfloat16_network_is_reckoned_in_float32(tmp_path):
    toy_network(tmp_path / "config")
    from rbcflow.training.processor import FullPrecisionLoss

    seen = {}

    def loss(outputs, batch):
        seen.update({key: value.dtype for key, value in outputs.items()})
        seen["product"] = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
        return torch.zeros(1), {}

    outputs = {key: torch.zeros(1, dtype=torch.bfloat16) for key in ("boxes", "scores", "feats")}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        FullPrecisionLoss(loss)(outputs, {})
    expected = {"boxes": torch.float32, "scores": torch.float32, "feats": torch.bfloat16, "product": torch.float32}
    assert seen == expected
