"""Models besides their training: taken checkpoints, seeds compared, cards, ONNX, and two trainings compared."""

from __future__ import annotations

import importlib.util
import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lazy import Lazy
from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.detector.detector import Detector, load_detector, load_network
from rbcflow.detector.export import NEEDED, export
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import class_names, load_verified, recorded, state_sha256
from rbcflow.recordings.network import load_finder
from rbcflow.runtime.provenance import sha256
from rbcflow.training.card import model_card
from rbcflow.training.seeds import seed_table
from rbcflow.training.verify import compare, subset, verify_training
from tiny_yolo import SIDE, save, save_model, toy_network, write_dataset

pytestmark = pytest.mark.slow
torch = Lazy("torch")
adoption = Lazy("rbcflow.training.adopt")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return toy_network(tmp_path_factory.mktemp("config"))


def write_model(folder: Path, values: list[tuple[float, float, float, float]], best: int, **more) -> Path:
    """Write record and curves of a model folder: precision, recall, mAP50 and mAP50-95 an epoch."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"metrics/{name}(B)" for name in ("precision", "recall", "mAP50", "mAP50-95")]
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "epoch", range(1, len(values) + 1))
    table.to_csv(folder / "results.csv", index=False)
    record = {"best_epoch": best, "epochs": len(values), "learned_from": ["phantom"], "weights": {"source": "random"}}
    (folder / "training.json").write_text(json.dumps(record | more))
    return folder


def test_a_checkpoint_becomes_a_model_folder_like_any_other(network, tmp_path):
    curves = {
        "epoch": [1],
        **{f"{side}/{part}_loss": [0.5] for side in ("train", "val") for part in ("box", "cls", "dfl")},
    }
    curves |= {f"metrics/{name}(B)": [0.7] for name in ("precision", "recall", "mAP50", "mAP50-95")}
    arguments = {"seed": 3, "batch": 16, "save_dir": "/home/somebody/runs", "data": "/home/somebody/data.yaml"}
    given = save(network, tmp_path / "given.pt", train_results=curves, train_args=arguments)
    folder = tmp_path / "model" / "seed-0"
    adoption.adopt(given, sha256(given), folder, classes=CLASSES, config=tmp_path / "config")

    best = folder / "weights" / "best.pt"
    assert state_sha256(best) == state_sha256(given)
    record = json.loads((folder / "training.json").read_text())
    assert record["weights"] == {"source": "given.pt", "sha256": sha256(given), "adopted": True}
    assert (record["seed"], record["epochs"], record["classes"]) == (3, 1, list(CLASSES))
    assert (record["learned_from"], record["data_fingerprint"]) == (["unknown"], None)
    assert recorded(best)["sha256"] == sha256(best)
    assert list(pd.read_csv(folder / "results.csv")["metrics/mAP50(B)"]) == [0.7]
    assert yaml.safe_load((folder / "args.yaml").read_text())["seed"] == 3
    for file in (best, folder / "args.yaml", folder / "training.json"):
        assert b"/home/somebody" not in file.read_bytes()
    load_verified(best, sha256(best))


def test_synonyms_of_a_taken_checkpoint_become_this_workflows_names(tmp_path):
    # in an order of its own, which boxes go by
    given = save(toy_network(tmp_path / "config", names=("slippers", "parachute ")), tmp_path / "given.pt")
    adoption.adopt(given, sha256(given), tmp_path / "model", classes=CLASSES[:2], config=tmp_path / "config")
    record = json.loads((tmp_path / "model" / "training.json").read_text())
    assert record["classes"] == ["slipper", "croissant"]
    assert load_detector(tmp_path / "model/weights/best.pt", threads=1).classes == record["classes"]
    assert pd.read_csv(tmp_path / "model" / "results.csv").empty


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "found no file; expected weights with sha256"),
        ("tampered", "changed or damaged since it was recorded"),
        ("other classes", "found classes croissant, slipper, other; expected croissant, slipper"),
        ("foreign classes", "found classes person, car"),
    ],
)
def test_an_unfit_checkpoint_is_refused_with_the_reason(network, tmp_path, kind, message):
    given = tmp_path / "given.pt"
    names = ("person", "car") if kind == "foreign classes" else CLASSES
    save(toy_network(tmp_path / "config", names=names) if names != CLASSES else network, given)
    expected = sha256(given)
    if kind == "missing":
        given.unlink()
    if kind == "tampered":
        given.write_bytes(given.read_bytes() + b"\0")
    with pytest.raises(InputError, match=message):
        adoption.adopt(given, expected, tmp_path / "model", classes=CLASSES[:2], config=tmp_path / "config")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("imgsz", [None, "224", 0, -5, 200.5, float("nan"), [], 100_000, {"a": 1}, True])
def test_a_checkpoint_trained_at_a_size_that_is_none_is_refused(network, tmp_path, imgsz):
    given = save(network, tmp_path / "given.pt", train_args={"imgsz": imgsz})
    with pytest.raises(
        InputError, match=r"given\.pt \(training argument imgsz\): found .*; expected pixels, 1 to 4096"
    ):
        adoption.adopt(given, sha256(given), tmp_path / "model", classes=CLASSES, config=tmp_path / "config")


@pytest.mark.parametrize(("arguments", "imgsz", "remarks"), [({}, 640, 1), ({"imgsz": [200, 320]}, [200, 320], 0)])
def test_a_checkpoint_that_does_not_say_its_size_says_so(network, tmp_path, arguments, imgsz, remarks):
    given = save(network, tmp_path / "given.pt", train_args=arguments)
    adoption.adopt(given, sha256(given), tmp_path / "model", classes=CLASSES, config=tmp_path / "config")
    best = tmp_path / "model" / "weights" / "best.pt"
    assert load_verified(best, sha256(best)).args["imgsz"] == imgsz
    assert len(json.loads((tmp_path / "model" / "training.json").read_text())["remarks"]) == remarks


def test_names_of_a_checkpoint_may_be_a_list_and_its_task_is_detection(tmp_path):
    listed = toy_network(tmp_path / "config")
    listed.names = list(CLASSES)
    given = save(listed, tmp_path / "listed.pt")
    adoption.adopt(given, sha256(given), tmp_path / "model", classes=CLASSES, config=tmp_path / "config")
    assert json.loads((tmp_path / "model" / "training.json").read_text())["classes"] == list(CLASSES)

    from ultralytics.nn.tasks import SegmentationModel

    given = save(SegmentationModel("yolo11n-seg.yaml", nc=3, verbose=False), tmp_path / "segment.pt")
    with pytest.raises(InputError, match=r"segment\.pt \(task\): found a network of the task segment"):
        adoption.adopt(given, sha256(given), tmp_path / "other", classes=CLASSES, config=tmp_path / "config")


def changed(network, change: str):
    """Return a network as somebody else may have saved it."""
    network = deepcopy(network)
    if change == "grey":
        first = network.model[0].conv
        first.weight = torch.nn.Parameter(first.weight[:, :1].clone(), requires_grad=False)
    if change == "numbers as text":
        network.names = {str(number): name for number, name in network.names.items()}
    if change == "numbers turned":
        network.names = dict(reversed(network.names.items()))
    if change == "two names":
        network.names = {0: "croissant", 1: "slipper"}
    if change == "no names":
        network.names = None
    if change == "classifier":
        from ultralytics.nn.modules import Classify

        network.model[-1] = Classify(16, 3)
    return network


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("numbers as text", ["croissant", "slipper", "other"]),
        ("numbers turned", ["croissant", "slipper", "other"]),
        ("grey", r"\(channels\): found a network for 1 channels; expected 3"),
        ("two names", r"\(class names\): found names .* for 3 outputs; expected a name for each output"),
        ("no names", r"\(class names\): found names None for 3 outputs"),
        ("classifier", r"\(architecture\): found a network that ends in Classify"),
    ],
)
def test_what_a_checkpoint_is_for_is_told_at_adoption(network, tmp_path, change: str, found: list[str] | str):
    given = save(changed(network, change), tmp_path / "given.pt")
    if isinstance(found, list):
        assert class_names(load_verified(given, sha256(given)).names.values(), given) == found
    else:
        with pytest.raises(InputError, match=found):
            load_verified(given, sha256(given))


def test_a_detector_of_one_class_is_taken_where_that_is_asked_for(network, tmp_path):
    given = save(toy_network(tmp_path / "config", names=("RBC",)), tmp_path / "given.pt")
    with pytest.raises(InputError, match=r"found the one class RBC; expected croissant, .*with `classes: 1`"):
        adoption.adopt(given, sha256(given), tmp_path / "model", classes=CLASSES, config=tmp_path / "config")
    adoption.adopt(given, sha256(given), tmp_path / "model", classes=["cell"], config=tmp_path / "config")
    detector = load_detector(tmp_path / "model/weights/best.pt", threads=1)
    assert detector.classes == ["cell"]
    given = save(network, tmp_path / "three.pt")
    with pytest.raises(InputError, match="found classes croissant, slipper, other; expected one class"):
        adoption.adopt(given, sha256(given), tmp_path / "model", classes=["cell"], config=tmp_path / "config")


def test_a_network_that_chooses_its_boxes_gives_the_scores_of_all_places(tmp_path):
    chooser = toy_network(tmp_path / "config", architecture="yolo26n.yaml")
    given = save(chooser, tmp_path / "given.pt", train_args={"imgsz": SIDE})
    frame = np.full((SIDE, SIDE), 100, np.uint8)
    finder = load_finder(given, sha256(given), {}, threads=1)
    assert list(finder.find([frame], 1.0)[0].columns)[:3] == ["class", "conf", "cell"]
    whole = load_network(given, sha256(given), threads=1, device="cpu")
    assert list(Detector(whole, list(CLASSES), size=SIDE).detect([frame])[0].columns)[:2] == ["class", "conf"]


def test_a_tampered_checkpoint_is_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    given = tmp_path / "given.pt"
    torch.save({"model": Trap()}, given)
    with pytest.raises(InputError, match="changed or damaged"):
        adoption.adopt(given, "0" * 64, tmp_path / "model", classes=CLASSES, config=tmp_path / "config")
    assert not (tmp_path / "sprung").exists()


def test_seeds_are_compared_at_their_best_epochs(tmp_path):
    low, high = (0.5, 0.6, 0.7, 0.4), (0.7, 0.8, 0.9, 0.5)
    folders = [
        write_model(tmp_path / "a" / "seed-10", [low, high], best=2),
        write_model(tmp_path / "a" / "seed-2", [low, high], best=1),
        write_model(tmp_path / "b" / "seed-0", [high], best=1),
        write_model(tmp_path / "c" / "seed-0", [], best=None),
    ]
    table = seed_table(folders).set_index(["model", "metric"])
    row = table.loc[("a", "map50")]
    assert (row["seeds"], row["values"]) == (2, "2:0.70000 10:0.90000")
    assert [row[name] for name in ("mean", "sd", "lowest", "highest")] == pytest.approx([0.8, 0.02**0.5, 0.7, 0.9])
    assert row["origin"] == "phantom"
    assert np.isnan(table.loc[("b", "recall"), "sd"])
    assert list(table.loc["b"].index) == ["precision", "recall", "map50", "map50_95"]
    assert "c" not in table.index.get_level_values("model")


def test_the_card_takes_its_numbers_from_the_files(network, tmp_path):
    weights = save_model(network, tmp_path / "random" / "seed-0")
    record = json.loads((tmp_path / "random" / "seed-0" / "training.json").read_text())
    record |= {
        "architecture": "yolo11n.yaml",
        "parameters": 2590425,
        "classes": list(CLASSES),
        "seed": 0,
        "seconds": 90,
    }
    record["average"] = 0.5
    record |= {"weights": {"source": "starter.pt"}, "data_fingerprint": "fe" * 32, "device": "cpu", "processor": "P 1"}
    record |= {"images_per_second": 51.2, "precision": "bfloat16", "versions": {"torch": "2.1", "ultralytics": "8.1"}}
    values = [(0.1, 0.2, 0.3, 0.25), (0.611, 0.622, 0.633, 0.544)]
    folder = write_model(weights.parent.parent, values, best=2, **record, state_sha256="aa" * 32)
    run = {"testset": "naples", "origin": ["phantom"], "n_frames": 7, "n_boxes": {"total": 31}, "caveats": ["Few."]}
    run |= {"size": {"asked": "trained", "imgsz": 224}, "input": "grey"}
    card = model_card(folder, title="a title", metrics=[{**run, "coco": {"map50": 0.4321, "map50_95": None}}])
    for stated in (
        "# random: a title",
        "`starter.pt`, with which the trained weights were averaged (its share 0.5)",
        sha256(weights),
        "precision 0.611",
        "map50_95 0.544",
        "images made from simulated cells",
        "The model learned from simulated images: no number here reproduces a published one",
    ):
        assert stated in card
    assert "| naples | simulated | 7 | 31 | trained, 224 px, in grey | 0.432 | – | Few. |" in card
    assert "P 1, 1.5 minutes, 51 images/s, bfloat16, torch 2.1, ultralytics 8.1" in card


def test_two_equal_trainings_have_equal_weights(tmp_path):
    arguments = {"architecture": "yolo11n.yaml", "weights": None, "weights_sha256": None, "epochs": 1, "batch": 4}
    arguments |= {"imgsz": SIDE, "seed": 0, "threads": 1, "data_fingerprint": "f", "overrides": {}}
    data, images = write_dataset(tmp_path / "data"), {"train": 5, "val": 2}
    result = verify_training(data, tmp_path / "report.json", images=images, **arguments)
    assert json.loads((tmp_path / "report.json").read_text()) == result
    assert (result["largest_difference"], result["tensors_that_differ"], result["largest_in"]) == (0.0, 0, None)
    assert result["images"] == images
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "report.json"]


def test_a_difference_is_found_and_named(network, tmp_path):
    first = save_model(network, tmp_path / "a")
    bias = network.state_dict()["model.23.cv3.0.2.bias"]
    bias[0] += 0.25
    second = save_model(network, tmp_path / "b")
    bias[0] -= 0.25
    result = compare(first, second, config=tmp_path / "config")
    assert (result["largest_difference"], result["largest_in"]) == (0.25, "model.23.cv3.0.2.bias")
    assert result["tensors_that_differ"] == 1
    assert result["state_sha256"][0] != result["state_sha256"][1]


def test_a_subset_takes_the_first_images(tmp_path):
    data = write_dataset(tmp_path / "data")
    chosen = yaml.safe_load(subset(data, tmp_path / "few", {"train": 3, "val": 1}).read_text())
    assert list(chosen["names"].values()) == list(CLASSES)
    lines = (tmp_path / "few" / "train.txt").read_text().split()
    whole = (data.parent / "train.txt").read_text().split()
    assert [Path(line).relative_to(data.parent.resolve()) for line in lines] == [Path(line) for line in whole[:3]]


def test_export_keeps_every_box_or_says_what_is_missing(network, tmp_path):
    weights = save_model(network, tmp_path / "model")
    images = sorted((write_dataset(tmp_path / "data").parent / "test").rglob("*.png"))
    arguments = (weights, images, tmp_path / "m.onnx", tmp_path / "m.json")
    if not all(importlib.util.find_spec(name) for name in NEEDED):
        with pytest.raises(InputError, match="found no package onnx, onnxruntime"):
            export(*arguments, threads=1)
        return
    result = export(*arguments, threads=1)
    assert result == json.loads((tmp_path / "m.json").read_text())
    assert (result["input"], result["classes"]) == ([1, 3, SIDE, SIDE], list(CLASSES))
    assert result["boxes_compared"] > 0
    assert result["largest_box_difference_px"] < 0.01
    assert result["largest_score_difference"] < 1e-4


def test_validation_in_bfloat16_decodes_boxes_in_float32(tmp_path):
    import_ultralytics(tmp_path / "config")
    from rbcflow.training.processor import MixedForward

    entry = yaml.safe_load((PROJECT / "resources/weights.yaml").read_text())["starter"]
    full = load_verified(PROJECT / entry["path"], entry["sha256"])
    images = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, (found, raw) = full(images)[0], MixedForward(full)(images)
        decoded = full.model[-1]._inference(raw)
    assert {found.dtype, raw["boxes"].dtype, raw["scores"].dtype} == {torch.float32}
    assert torch.equal(found, decoded)
    assert torch.equal(raw["boxes"], raw["boxes"].bfloat16().float())
    assert not torch.equal(found[:, :4], found[:, :4].bfloat16().float())
    assert 0 < float((found[:, 4:] - expected[:, 4:]).abs().max()) < 0.02
    assert not full.model[-1].training


@pytest.fixture
def table(monkeypatch) -> dict:
    monkeypatch.chdir(PROJECT)
    return yaml.safe_load((PROJECT / "config/config.yaml").read_text())


def test_models_with_the_published_classes(table):
    settings = load(table)
    published = {name: row.published_as for name, row in settings.models.items() if name != "starter"}
    assert published == {
        "random": "train13",
        "microfluidic_nosuperposition": "train15",
        "random_nosuperposition": "train16",
        "random_nosuperposition_noother": "train18",
        "random_nosuperposition_nowalls": None,
        "synthetic": None,
    }
    two = {name for name in published if len(settings.classes(name)) == 2}
    assert two == {"random_nosuperposition_noother", "synthetic"}
    assert settings.classes("starter") == list(CLASSES)


def test_train18_can_have_three_outputs(table):
    settings = load(table | {"models": {"random_nosuperposition_noother": {"classes": 3}}})
    assert settings.classes("random_nosuperposition_noother") == list(CLASSES)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"source": "published"}, r"expected an entry train13\.pt with url, sha256 and licence"),
        ({"source": "local", "path": "a.pt"}, "needs both path and sha256"),
        ({"source": "train", "path": "a.pt"}, "needs both path and sha256"),
        ({"source": "somewhere"}, "'train', 'published' or 'local'"),
    ],
)
def test_a_wrong_source_of_weights_is_refused_before_the_dag(table, weights, message):
    with pytest.raises(InputError, match=message):
        load(table | {"models": {"random": {"weights": weights}}})


def test_the_checkpoint_of_a_path_is_its_entry(table):
    given = {"source": "local", "path": "mine/a.pt", "sha256": "ab" * 32}
    settings = load(table | {"models": {"random": {"weights": given}}})
    assert settings.checkpoint("random", {}) == {"path": "mine/a.pt", "sha256": "ab" * 32}
    assert settings.checkpoint("random_nosuperposition", {}) is None
