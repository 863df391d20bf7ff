"""Retraining from corrected frames: what is learned from, what is held out, and that only a better detector is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from project_copy import PROJECT
from raw_inputs import write_avi
from rbcflow.config.config import Config
from rbcflow.config.recordings import Recording
from rbcflow.core.boxes import to_yolo
from rbcflow.core.errors import InputError
from rbcflow.detector.fitting import NEAR, SIDE, Learned
from rbcflow.detector.weights import recorded
from rbcflow.recordings import detectors, kept, network, retrain, retraining
from rbcflow.recordings.corrected import Corrected
from rbcflow.recordings.kept import Evaluated
from rbcflow.recordings.link import Flow
from rbcflow.recordings.probe import probe
from rbcflow.runtime.provenance import sha256
from rbcflow.training.linked_dataset import label_sizes, linked_dataset
from rbcflow.training.train import train
from recordings_inputs import draw_recording
from tiny_yolo import save, toy_network

STARTER = PROJECT / "resources/starter/yolo11n-starter.pt"


def frame(number: int, boxes: list = (), recording: str = "a") -> Corrected:
    """A corrected frame whose boxes are slippers."""
    corners = np.array(boxes, dtype=float).reshape(-1, 4)
    return Corrected(recording, number, ("slipper",) * len(corners), corners, f"{recording}_{number}.txt")


FOUR = [[0, 0, 10, 10]] * 4


def test_the_last_block_of_time_is_held_out_and_what_shows_its_cells_is_left_out():
    frames = [frame(number, FOUR) for number in range(0, 200, 10)]
    made = retrain.blocks(frames, {"a": 25})
    # 20 frames: 6 to evaluate on, 3 before them to choose the epoch; a cell takes 25 frames through the field
    assert [own.number for own in made.held] == [140, 150, 160, 170, 180, 190]
    assert [own.number for own in made.val] == [110]
    assert [own.number for own in made.train] == list(range(0, 90, 10))
    assert [own.number for own in made.dropped] == [90, 100, 120, 130]


def test_every_recording_gives_to_every_block():
    frames = [frame(number, FOUR, name) for name in ("a", "b") for number in range(10)]
    made = retrain.blocks(frames, {"a": 0, "b": 1})
    assert [(own.recording, own.number) for own in made.held] == [(name, n) for name in "ab" for n in (7, 8, 9)]
    assert not made.dropped
    # three frames each are enough where there are several recordings; one of them then chooses the epoch
    few = [frame(number, FOUR, name) for name in "abc" for number in range(3)]
    made = retrain.blocks(few, dict.fromkeys("abc", 0))
    assert [len(block) for block in (made.train, made.val, made.held)] == [5, 1, 3]


def test_the_frame_that_chooses_the_epoch_in_want_of_a_block_shows_no_cell_that_is_learned_from():
    # no block of three frames is large enough to choose by: the last of those before the held-out one is taken
    frames = [frame(number, FOUR * 3) for number in (0, 50, 200)] + [
        frame(number, FOUR, "b") for number in (0, 90, 200)
    ]
    made = retrain.blocks(frames, {"a": 10, "b": 10})
    assert [(own.recording, own.number) for own in made.train] == [("a", 0), ("a", 50), ("b", 0)]
    assert [(own.recording, own.number) for own in made.val] == [("b", 90)]
    made = retrain.blocks(frames, {"a": 10, "b": 100})
    assert [(own.recording, own.number) for own in made.dropped] == [("b", 0)]
    assert [(own.recording, own.number) for own in made.val] == [("b", 90)]


@pytest.mark.parametrize("frames", [[frame(1, FOUR)], [frame(n, [[0, 0, 9, 9]]) for n in range(12)], [frame(1)] * 9])
def test_too_little_to_evaluate_by_is_refused(frames):
    with pytest.raises(InputError, match=r"a_\d.txt: found .* to evaluate on; expected some of each, and 10 boxes"):
        retrain.blocks(frames, {"a": 0})


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ({"linkable": True, "px_frame": 30.0, "direction": "right"}, 14),  # 400 / 30
        ({"linkable": True, "px_frame": 30.0, "direction": "up"}, 3),  # 80 / 30
        ({"linkable": False, "px_frame": 30.0, "direction": "right"}, 0),
    ],
)
def test_a_passage(flow, expected):
    assert retrain.passage(flow, {"width": 400, "height": 80, "roi": None}) == expected


def test_true_cells_are_brought_to_the_size_the_detector_knows():
    frames = [frame(1, [[0, 0, 10, 10], [0, 0, 20, 5]]), frame(2, [[0, 0, 40, 40]])]
    assert retrain.factor(frames, 34.0, None) == pytest.approx(3.4)
    assert retrain.factor(frames, 12.0, None) == 1.0  # 1.2 is near enough
    assert retrain.factor(frames, 34.0, 2.0) == 2.0
    assert retrain.factor([frame(1)], 34.0, None) == 1.0


def test_parts_are_as_wide_as_the_networks_input_and_show_every_cell_whole_once():
    image = np.arange(400, dtype=np.uint8)[None].repeat(80, axis=0)
    boxes = np.array([[5, 10, 45, 40], [190, 10, 230, 40], [360, 50, 400, 80]], dtype=float)
    found = retrain.parts(image, boxes, ("croissant", "slipper", "other"), 1.0)
    assert [part.image.shape for part in found] == [(80, 224), (80, 224)]
    # parts begin at 0 and 176: the middle cell is whole in the second, and a good part of it is in the first
    assert [part.classes for part in found] == [("croissant", "slipper"), ("slipper", "other")]
    np.testing.assert_array_equal(found[0].boxes, [[5, 10, 45, 40], [190, 10, 224, 40]])
    np.testing.assert_array_equal(found[1].boxes, [[14, 10, 54, 40], [184, 50, 224, 80]])
    np.testing.assert_array_equal(found[1].image[0], image[0, 176:])


def test_narrow_frames_are_padded_and_large_ones_brought_down():
    image = np.full((60, 100), 90, np.uint8)
    (part,) = retrain.parts(image, np.array([[10, 10, 30, 30.0]]), ("slipper",), 2.0)
    assert part.image.shape == (120, 224) and (part.image[:, 200:] == 114).all()
    np.testing.assert_array_equal(part.boxes, [[20, 20, 60, 60]])
    empty = retrain.parts(np.zeros((1000, 1000), np.uint8), np.array([[0, 0, 30, 30.0]]), ("slipper",), 1.0)
    assert [len(own.boxes) for own in empty] == [1, 0]


def test_boxes_mostly_outside_a_region_are_not_looked_for():
    own = frame(3, [[90, 20, 130, 40], [100, 20, 110, 30], [150, 0, 170, 40]])
    boxes, classes = retrain.inside(own, (100.0, 10.0, 160.0, 50.0))
    np.testing.assert_array_equal(boxes, [[0, 10, 30, 30], [0, 10, 10, 20]])
    assert classes == ("slipper", "slipper")
    true = retrain.truth([own], {"a": (100.0, 10.0, 160.0, 50.0)})
    assert true[["x0", "y0", "x1", "y1"]].to_numpy().tolist() == [[100, 20, 130, 40], [100, 20, 110, 30]]


@pytest.fixture
def shard(tmp_path) -> Path:
    """Images of a project: 100x50 pixels with a cell of 20x20."""
    for name in ("images", "labels"):
        (tmp_path / "shard" / name).mkdir(parents=True)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"shard/images/{number:05d}.png"), np.full((50, 100), 40 * number, np.uint8))
        box = to_yolo(np.array([[10, 10, 30, 30]]), 100, 50)[0]
        (tmp_path / f"shard/labels/{number:05d}.txt").write_text(f"2 {' '.join(map(str, box))}\n")
    return tmp_path / "shard"


def test_as_many_project_images_as_own_ones_with_cells_of_the_same_size(shard, tmp_path):
    three, eight = (list(retrain.of_project(shard, 34.0, count)) for count in (3, 8))
    assert [int(part.image[0, 0]) for part in three] == [0, 80, 160]
    assert [int(part.image[0, 0]) for part in eight] == [0, 40, 80, 120, 160, 0, 40, 80]
    assert three[0].classes == ("other",)
    np.testing.assert_allclose(three[0].boxes, [[17, 17, 51, 51]])
    own = {split: retrain.parts(np.zeros((80, 400), np.uint8), np.array([[0, 0, 34, 34.0]]), ("slipper",), 1.0)
           for split in ("train", "val")}  # fmt: skip
    retrain.write(tmp_path / "data", own, three)
    view = linked_dataset(tmp_path / "data/data.yaml", tmp_path / "view")
    assert label_sizes(Path(view["train"]), retrain.SIDE) == {"n": 4} | dict.fromkeys(
        ("side_px", "low_seen_px", "side_seen_px", "high_seen_px"), 34.0
    )
    assert len(Path(view["train"]).read_text().splitlines()) == 2 + 3
    assert len(Path(view["val"]).read_text().splitlines()) == 2
    first = (tmp_path / "data/fingerprint.txt").read_text()
    retrain.write(tmp_path / "data", own, three[:2])
    assert (tmp_path / "data/fingerprint.txt").read_text() != first


@pytest.mark.parametrize(("images", "expected"), [(1, 30), (60, 30), (200, 16), (5000, 8)])
def test_small_sets_are_shown_more_often(images, expected):
    assert retrain.epochs(images) == expected


OLD = Evaluated("starter", 0.83, 0.5, 0.9, {"slipper": 0.83}, {"a": 1.0})


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"map50": 0.84}, True),
        ({"map50": 0.83, "map50_95": 0.9}, False),
        ({"map50": 0.51}, False),
        # one of the two names no classes: boxes decide
        ({"map50": None, "ap50": 0.95}, True),
        ({"map50": None, "ap50": 0.89}, False),
    ],
)
def test_only_a_better_detector_is_kept_and_both_numbers_are_told(new, expected):
    after = replace(OLD, name="mine", **new)
    assert kept.better(OLD, after) is expected
    said = kept.verdict(OLD, after, kept=expected)
    _, *numbers = kept.measure(OLD, after)
    assert all(f"{number:.3f}" in said for number in numbers)
    assert said.startswith("Kept" if expected else "Not kept")
    assert ("detector=mine" in said) is expected


@pytest.mark.parametrize(("overlaps", "told"), [(1.0, True), (0.97, False), (None, False)])
def test_held_out_frames_that_nobody_corrected_are_told(overlaps, told):
    old = replace(OLD, map50=1.0, map50_95=overlaps)
    said = kept.verdict(old, replace(OLD, name="mine", map50=0.8), kept=False)
    assert ("are as starter drew them, so nothing could be better" in said) is told


HELD = {"a": [3, 9], "b": [0]}


def table(*rows: tuple) -> pd.DataFrame:
    """Boxes: recording, frame, class, place, confidence."""
    made = [
        {"recording": name, "frame": number, "class": kind, "x0": x, "y0": 0.0, "x1": x + 20, "y1": 20.0, "conf": conf}
        for name, number, kind, x, conf in rows
    ]
    return pd.DataFrame(made)


def test_detectors_are_evaluated_by_hand():
    truth = table(("a", 3, "slipper", 0, 1), ("a", 3, "croissant", 50, 1), ("b", 0, "slipper", 0, 1))
    # frames of two recordings have equal numbers; a false positive on a frame without a cell comes first
    found = table(("a", 9, "slipper", 0, 0.9), ("a", 3, "slipper", 1, 0.8), ("a", 3, "slipper", 50, 0.7),
                  ("b", 0, "slipper", 0, 0.6))  # fmt: skip
    evaluated = kept.evaluate("x", truth.drop(columns="conf"), found, HELD, {})
    # slippers: false, true, false, true of two: precision 1/2 and 1/2 at recalls 1/2 and 1; croissants: none found
    assert evaluated.by_class == pytest.approx({"croissant": 0.0, "slipper": 0.5}, abs=1e-6)
    assert evaluated.map50 == pytest.approx(0.25)
    # whatever the class: false, then three true ones, precision 3/4 from there on
    assert evaluated.ap50 == pytest.approx(0.75)
    unnamed = kept.evaluate("x", truth.drop(columns="conf"), found.assign(**{"class": "cell"}), HELD, {})
    assert (unnamed.map50, unnamed.by_class) == (None, {})
    assert unnamed.ap50 == pytest.approx(0.75)


def test_the_difference_has_an_interval_over_frames():
    truth = table(*[("a", n, "slipper", 0, 1) for n in range(8)])
    good = table(*[("a", n, "slipper", 0, 0.9) for n in range(8)])
    half = good[good["frame"] < 4]
    held = {"a": list(range(8))}
    assert kept.difference(truth, good, good, held, named=True) == (0.0, 0.0)
    low, high = kept.difference(truth, half, good, held, named=True)
    # half of the frames are found only after: 0.5, and a binomial of 8 has its 95 % within 1/8 and 7/8
    assert 0.1 <= low <= 0.25 and 0.75 <= high <= 0.9
    assert kept.difference(truth, good, half, held, named=False)[1] < 0


@pytest.fixture(scope="module")
def corrected_recording(tmp_path_factory):
    """A simulated recording, evaluated as far as a retraining asks, and corrected labels of its frames."""
    root = tmp_path_factory.mktemp("corrected")
    simulated = draw_recording(frames=24, step=20.0, seed=1, name="a")
    write_avi(root / "a.avi", np.stack([image for _, image in simulated.images]))
    folder = root / "recordings/a"
    folder.mkdir(parents=True)
    known = probe(Recording(recording="a", file=str(root / "a.avi"), scale=1), "s")
    (folder / "probe.json").write_text(json.dumps(known))
    (folder / "flow.json").write_text(json.dumps(Flow().as_dict()))
    pd.DataFrame({"frame": range(24)}).to_parquet(folder / "frames.parquet")
    (root / "mine/labels").mkdir(parents=True)
    # another order than this workflow's: names count
    order = ["slipper", "other", "croissant"]
    (root / "mine/classes.txt").write_text("\n".join(order))
    for number in range(24):
        own = simulated.boxes[simulated.boxes["frame"] == number]
        rows = to_yolo(own[["x0", "y0", "x1", "y1"]], known["width"], known["height"])
        lines = [f"{order.index(kind)} {' '.join(f'{v:.6f}' for v in row)}\n"
                 for kind, row in zip(own["class"], rows, strict=True)]  # fmt: skip
        (root / f"mine/labels/a_f{number:06d}.txt").write_text("".join(lines))
    return root


@pytest.mark.slow
def test_a_real_small_training_is_kept_exactly_if_it_is_better(corrected_recording, shard, tmp_path):
    folders, data = [corrected_recording / "recordings/a"], tmp_path / "out/detectors/mine/data"
    retraining.cut_corrected(folders, corrected_recording / "mine", shard, data, side=34.0, variant="simulated")
    described = json.loads((data / "blocks.json").read_text())
    assert described["frames"]["held"] == {"a": list(range(17, 24))}
    assert described["project"]["images"] == described["parts"]["train"] > 8
    sum_ = sha256(STARTER)
    candidate = data.parent / "candidate"
    settings = {"architecture": "yolo11n.yaml", "weights": STARTER, "weights_sha256": sum_, "epochs": 1, "batch": 16}
    settings |= {"imgsz": retrain.SIDE, "seed": 0, "threads": 1, "overrides": retrain.OVERRIDES}
    train(data / "data.yaml", candidate, data_fingerprint="f", **settings)
    best = candidate / "weights/best.pt"
    cells = json.loads((candidate / "training.json").read_text())["cells"]
    finders = {
        "starter": network.load_finder(STARTER, sum_, {}, threads=1),
        "mine": network.load_finder(best, recorded(best)["sha256"], {}, learned=Learned.of_cells(cells), threads=1),
        "random": network.load_finder(
            save(toy_network(tmp_path / "c"), tmp_path / "t.pt"), sha256(tmp_path / "t.pt"), {}, threads=1
        ),
    }
    told = {}
    for name, old, new in (("mine", "starter", "mine"), ("worse", "starter", "random"), ("better", "random", "mine")):
        output = tmp_path / "out/detectors" / name
        output.mkdir(exist_ok=True)
        retraining.evaluate_retraining(folders, data, candidate, output, old=finders[old], new=finders[new], start=old,
                                    start_sha256=sum_)  # fmt: skip
        told[name] = json.loads((output / "retraining.json").read_text())
        before, after = (told[name][key]["map50"] for key in ("before", "after"))
        assert told[name]["kept"] is (after > before) is (output / "weights/best.pt").is_file()
        card = (output / "README.md").read_text()
        assert f"{before:.3f}" in card and f"{after:.3f}" in card
        assert told[name]["sentence"] in card and told[name]["sentence"] in retraining.told_retraining(
            output / "retraining.json"
        )
    assert told["better"]["kept"] and not told["worse"]["kept"]
    # the one that was kept is a detector like any other, and says how large its cells are
    chosen = detectors.chosen(Config(detector="better", pathvars={"results": str(tmp_path / "out")}))
    assert chosen.learned == Learned.of_cells(cells)


def test_how_large_cells_must_be_is_said_by_the_record():
    starter, universal = (detectors.chosen(Config(detector=name)).learned for name in ("starter", "universal"))
    assert (starter.side, starter.near) == (pytest.approx(SIDE, abs=3), NEAR)
    cells = detectors.shipped_record("universal")["cells"]
    # half of the labels it learned from are small, as small cells are many in an image
    assert cells["low_seen_px"] < cells["side_seen_px"] < universal.side < cells["high_seen_px"]
    assert universal.takes(cells["high_seen_px"] - 1) and not universal.takes(cells["high_seen_px"] + 1)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, r"\(key corrected\): found no corrected labels; expected `corrected=my/corrected`"),
        ({"corrected": "nowhere"}, r"\(key corrected\): found 'nowhere', which does not exist"),
        ({"corrected": ".", "retrained": "universal"}, r"\(key retrained\): found 'universal', .*to start from"),
        ({"corrected": ".", "detector": "mine"}, r"\(key retrained\): found 'mine', which is the detector"),
    ],
)
def test_what_cannot_be_retrained_is_named(keys, message):
    with pytest.raises(InputError, match=message):
        detectors.new_name(Config(**keys))
    assert detectors.new_name(Config(corrected=".", retrained="another")) == "another"
