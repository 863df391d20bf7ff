"""Prediction: boxes in pixels of the frame, whatever its size and colour, with a record of how they were made."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame, to_grey
from rbcflow.detector.detector import load_detector
from rbcflow.detector.fitting import ENOUGH, sides_of
from rbcflow.detector.sizes import PADDING, batches, factors, padded, scaled
from rbcflow.predictions.predict import Predictor
from rbcflow.testsets.files import read_testset, write_testset, write_unavailable
from tiny_yolo import save_model, scene, toy_network

pytestmark = pytest.mark.slow

BOX = ["x0", "y0", "x1", "y1"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def weights(config, tmp_path_factory):
    return save_model(toy_network(config), tmp_path_factory.mktemp("model"))


def testset_of(folder, images):
    frames = [(Frame(image, "s", "d", "r", index), []) for index, image in enumerate(images)]
    write_testset(folder, frames, name="toy", source="s", origin=["phantom"], labels="truth", classes_evaluated="true")
    return folder


testset_of.__test__ = False


def boxes_on(weights, tmp_path, images, size="native", scale=1.0, channels="recorded", **options):
    output = tmp_path / "out.parquet"
    folder = testset_of(tmp_path / "testset", images)
    Predictor(weights, "m", 1, **options).predict(
        folder, output, run="m-on-toy", size=size, scale=scale, channels=channels
    )
    return read(output)


def read(output):
    return pd.read_parquet(output), json.loads(pq.read_schema(output).metadata[b"rbcflow"])


def test_frames_of_any_shape_give_boxes_inside_them(weights, tmp_path):
    images = [scene(200, 200), scene(120, 480), scene(128, 672, colour=True), scene(200, 200, seed=1), scene(80, 400)]
    boxes, metadata = boxes_on(weights, tmp_path, images)
    assert sorted(boxes["frame"].unique()) == [0, 1, 2, 3, 4]
    assert list(boxes.columns) == ["frame", "class", "conf", *BOX, "cell"]
    assert set(boxes["class"]) == {"croissant"}
    for index, image in enumerate(images):
        own = boxes[boxes["frame"] == index]
        assert len(own) <= 300
        assert own["conf"].is_monotonic_decreasing
        assert own[["x0", "y0"]].min().min() >= 0
        assert own["x1"].max() <= image.shape[1]
        assert own["y1"].max() <= image.shape[0]
    assert boxes["frame"].is_monotonic_increasing
    assert boxes["conf"].min() > 0.001
    assert metadata["frames_per_second"] > 0
    expected = {"run": "m-on-toy", "model": "m", "testset": "toy", "status": "available", "scale": 1.0, "conf": 0.001}
    assert expected.items() <= metadata.items()
    assert len(metadata["model_hash"]) == len(metadata["testset_fingerprint"]) == 64


def test_colour_frames_agree_with_ultralytics_and_depend_on_the_order_of_channels(weights, tmp_path):
    image = scene(128, 224, colour=True)
    ours, _ = boxes_on(weights, tmp_path, [image])
    swapped, _ = boxes_on(weights, tmp_path / "swapped", [image[..., ::-1]])

    from ultralytics import YOLO

    options = {"conf": 0.001, "iou": 0.7, "max_det": 300, "imgsz": (128, 224), "device": "cpu", "verbose": False}
    theirs = YOLO(weights).predict(tmp_path / "testset" / "images" / "00000.png", **options)[0].boxes
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours["conf"], theirs.conf.numpy(), atol=1e-4)
    np.testing.assert_allclose(ours[BOX], theirs.xyxy.numpy(), atol=0.02)
    assert len(swapped) != len(ours) or not np.allclose(swapped["conf"], ours["conf"], atol=1e-3)


def test_grey_equals_three_equal_channels(weights, tmp_path):
    grey = scene(96, 128)
    one, _ = boxes_on(weights, tmp_path, [grey])
    three, _ = boxes_on(weights, tmp_path / "three", [np.repeat(grey[..., None], 3, axis=2)])
    pd.testing.assert_frame_equal(one, three)


def test_a_run_in_grey_sees_the_grey_of_a_colour_frame(weights, tmp_path):
    image = scene(96, 128, colour=True)
    recorded, told = boxes_on(weights, tmp_path, [image])
    grey, told_grey = boxes_on(weights, tmp_path / "grey", [image], channels="grey")
    by_hand, _ = boxes_on(weights, tmp_path / "hand", [to_grey(image)])
    pd.testing.assert_frame_equal(grey, by_hand)
    assert (told["input"], told_grey["input"]) == ("recorded", "grey")
    assert len(recorded) != len(grey) or not np.allclose(recorded["conf"], grey["conf"], atol=1e-3)


def test_the_score_of_a_cell_is_the_sum_over_its_classes(config, tmp_path):
    """Two classes have the same scores everywhere, those of their biases; the first one's depends on the place."""
    network = toy_network(config, names=CLASSES)
    for branch in network.model[-1].cv3:
        branch[-1].bias.data[1:] = branch[-1].bias.data.new([-2, -3])
    boxes, _ = boxes_on(save_model(network, tmp_path / "three"), tmp_path, [scene(64, 64)])
    assert set(boxes["class"]) == set(CLASSES)
    first = boxes[boxes["class"] == "croissant"]
    others = 1 / (1 + np.exp(2)) + 1 / (1 + np.exp(3))
    np.testing.assert_allclose(first["cell"], (first["conf"] + others).clip(upper=1), atol=1e-3)
    named = boxes[boxes["class"] == "slipper"]
    np.testing.assert_allclose(named["conf"], 1 / (1 + np.exp(2)), atol=1e-3)
    assert (named["cell"] > 0.3).all()


def test_boxes_come_back_from_padding_and_scale(weights, tmp_path):
    small = scene(200, 200)
    padded = cv2.copyMakeBorder(small, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=PADDING)
    doubled = cv2.resize(padded, (448, 448), interpolation=cv2.INTER_LINEAR)
    own, _ = boxes_on(weights, tmp_path, [small])
    by_hand, _ = boxes_on(weights, tmp_path / "padded", [padded])
    np.testing.assert_allclose(own[BOX], (by_hand[BOX] - 12).clip(0, 200), atol=1e-3)

    scaled, _ = boxes_on(weights, tmp_path / "scaled", [padded], scale=2.0)
    by_hand, _ = boxes_on(weights, tmp_path / "doubled", [doubled])
    np.testing.assert_allclose(scaled[BOX], by_hand[BOX] / 2, atol=1e-3)


@pytest.mark.parametrize(
    ("size", "side", "brought", "whole", "offset"),
    [
        # the frame's own pixels, padded to the least multiples of the stride
        ((200, 200), None, (200, 200), (224, 224), (12, 12)),
        ((480, 120), None, (480, 120), (480, 128), (0, 4)),
        ((672, 128), None, (672, 128), (672, 128), (0, 0)),
        ((400, 80), None, (400, 80), (416, 96), (8, 8)),
        ((100, 101), None, (100, 101), (128, 128), (14, 13)),
        # Ultralytics' validator at 224: 7 strides and a half are rounded up to 8
        ((200, 200), 224, (224, 224), (256, 256), (16, 16)),
        ((100, 100), 224, (224, 224), (256, 256), (16, 16)),
        # 128 / 672 * 224 = 42.67 is rounded up; 42.67 / 32 + 0.5 = 1.83 strides, rounded up, are 64 pixels
        ((672, 128), 224, (224, 43), (256, 64), (16, 10)),
        ((128, 672), 224, (43, 224), (64, 256), (10, 16)),
        ((304, 120), 224, (224, 89), (256, 128), (16, 19)),
    ],
)
def test_frames_come_to_the_size_the_library_gives_them(size, side, brought, whole, offset):
    assert scaled(*size, side) == brought
    (batch,) = batches([size], side, 32)
    assert (batch.frames, batch.padded) == ([0], whole)
    _, added = padded(np.zeros((brought[1], brought[0], 3), np.uint8), batch.padded)
    assert added == offset


def test_frames_of_several_shapes_are_sorted_by_their_ratio_and_padded_together():
    # 17 flat and one upright frame, in the order of height over width; the sixteen flattest come first
    sizes = [(100, 200)] + [(400, 80)] * 15 + [(320, 80)] * 2
    first, second = batches(sizes, 224, 32)
    assert first.frames == [*range(1, 16), 16]
    # 0.25 * 7 + 0.5 = 2.25 strides
    assert first.padded == (256, 96)
    assert second.frames == [17, 0]
    # upright and flat together: a square
    assert second.padded == (256, 256)
    assert [batch.frames for batch in batches(sizes, None, 32)] == [[0], [*range(1, 16)], [16, 17]]


@given(height=st.integers(1, 150), width=st.integers(1, 150), side=st.sampled_from([None, 64, 224]))
def test_padding_keeps_every_pixel(height, width, side):
    width, height = scaled(width, height, side)
    image = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    result, (left, top) = padded(image, batches([(width, height)], side, 32)[0].padded)
    assert result.shape[0] % 32 == result.shape[1] % 32 == 0
    assert result.shape[0] < height + 64
    assert result.shape[1] < width + 64
    np.testing.assert_array_equal(result[top : top + height, left : left + width], image)


def test_the_size_asked_for_and_the_factors_applied_are_on_record(config, tmp_path):
    """A checkpoint trained at 200 sees frames of 400 and 320 pixels at 224, whatever the test set's own factor."""
    weights = save_model(toy_network(config), tmp_path / "model", imgsz=200)
    (tmp_path / "model/training.json").write_text(
        json.dumps(json.loads((tmp_path / "model/training.json").read_text()) | {"cells": {"n": 3, "side_seen_px": 30}})
    )
    folder = testset_of(tmp_path / "testset", [scene(80, 400), scene(80, 320), scene(80, 400, seed=1)])
    predictor, records = Predictor(weights, "m", 1), []
    for size, scale in (("trained", 5.0), ("native", 5.0), (100, 1.0)):
        predictor.predict(folder, tmp_path / f"{size}.parquet", run="m-on-toy", size=size, scale=scale)
        records.append(read(tmp_path / f"{size}.parquet")[1])
    assert [record["size"] for record in records] == [
        {"asked": "trained", "imgsz": 224, "factor": [0.56, 0.7]},
        {"asked": "native", "imgsz": None, "factor": [5.0, 5.0]},
        {"asked": 100, "imgsz": 128, "factor": [0.32, 0.4]},
    ]
    assert [record["training_cells"] for record in records] == [{"n": 3, "side_seen_px": 30}] * 3
    boxes = read(tmp_path / "trained.parquet")[0]
    assert boxes.loc[boxes["frame"] == 1, "x1"].max() > 300


def test_each_recording_is_seen_at_the_factor_that_fits_it(config, tmp_path):
    """What is found as frames are decides; boxes are those at the factor, and come back in pixels of the frame."""
    weights = save_model(toy_network(config), tmp_path / "model")
    small = [scene(80, 160, seed=seed) for seed in range(7)]
    large = [cv2.resize(image, (480, 240)) for image in small]
    frames = [(Frame(image, "s", "d", name, 0), []) for name, own in (("b", small), ("a", large)) for image in own]
    write_testset(
        tmp_path / "set", frames, name="set", source="s", origin=["phantom"], labels="truth", classes_evaluated="true"
    )
    evaluated, medians = read_testset(tmp_path / "set"), {}
    detector = load_detector(weights, threads=1, size="native")
    for name, rows in (("b", slice(0, 7)), ("a", slice(7, 14))):
        found = detector.detect([evaluated.image(frame) for frame in range(rows.start, rows.stop)])
        table = pd.concat([boxes.assign(frame=number) for number, boxes in enumerate(found)])
        sides = sides_of(table)
        assert len(sides) >= ENOUGH
        medians[name] = float(np.median(sides))
    # the smaller of the two is like the training's, the larger is not
    low, high = sorted(medians, key=medians.get)
    assert medians[high] > 1.25 * medians[low]
    record = json.loads((tmp_path / "model/training.json").read_text()) | {"cells": {"side_seen_px": medians[low]}}
    (tmp_path / "model/training.json").write_text(json.dumps(record))
    found, metadata = predicted(tmp_path, weights, size="fitted")
    fits = metadata["size"]["fits"]
    assert (fits[low]["factor"], fits[low]["source"], fits[high]["source"]) == (1.0, "native", "fitted")
    # the toy sees other boxes at another factor, so that these may decide
    factor = fits[high]["factor"]
    assert factor < 0.9 and fits[high]["n"] >= ENOUGH
    assert metadata["size"]["factor"] == [factor, 1.0]
    assert factors(evaluated.frames, None, 2.0, fits).tolist() == [
        2 * fits[name]["factor"] for name in evaluated.frames["recording"]
    ]
    of_low = range(7) if low == "b" else range(7, 14)
    for own, scale in ((True, 1.0), (False, factor)):
        expected = predicted(tmp_path, weights, size="native", scale=scale)[0]
        pd.testing.assert_frame_equal(
            found[found["frame"].isin(of_low) == own].reset_index(drop=True),
            expected[expected["frame"].isin(of_low) == own].reset_index(drop=True),
        )
    assert found["frame"].is_monotonic_increasing


def predicted(tmp_path, weights, **seen):
    """Predict a test set at a size and return boxes and metadata."""
    Predictor(weights, "m", 1).predict(tmp_path / "set", tmp_path / "p.parquet", run="m", **seen)
    return read(tmp_path / "p.parquet")


def test_a_detector_takes_any_images_without_a_test_set(weights):
    images = [scene(80, 400), scene(120, 90), scene(80, 400, colour=True)]
    detector = load_detector(weights, threads=1, size=96, conf=0.3)
    together = detector.detect(images)
    assert [len(table) > 0 for table in together] == [True] * 3
    for image, table in zip(images, together, strict=True):
        assert table["conf"].min() > 0.3
        assert 0.5 * image.shape[1] < table["x1"].max() <= image.shape[1]
        assert table["y1"].max() <= image.shape[0]
    assert detector.detect([]) == []


def test_an_unavailable_test_set_gives_an_empty_table_that_says_so(weights, tmp_path):
    folder, output = tmp_path / "none", tmp_path / "out.parquet"
    write_unavailable(folder, name="naples", source="naples", reason="not public")
    Predictor(weights, "m", 1).predict(folder, output, run="m-on-naples")
    boxes, metadata = read(output)
    assert len(boxes) == 0
    assert list(boxes.columns) == ["frame", "class", "conf", *BOX, "cell"]
    assert metadata["size"] == {"asked": "trained", "imgsz": None, "factor": [None, None]}
    assert (metadata["status"], metadata["frames"], metadata["frames_per_second"]) == ("unavailable", 0, None)


def test_a_frame_without_boxes_is_no_error(weights, tmp_path):
    boxes, metadata = boxes_on(weights, tmp_path, [scene(64, 64)], conf=0.9999999)
    assert len(boxes) == 0
    assert metadata["frames"] == 1


def test_weights_of_other_classes_or_another_training_are_refused(config, tmp_path):
    stranger = save_model(toy_network(config, names=("person", "dog")), tmp_path / "stranger")
    with pytest.raises(InputError, match="found classes person, dog"):
        boxes_on(stranger, tmp_path / "a", [scene(64, 64)])
    tampered = save_model(toy_network(config), tmp_path / "tampered")
    tampered.write_bytes(tampered.read_bytes() + b"!")
    with pytest.raises(InputError, match="changed or damaged"):
        boxes_on(tampered, tmp_path / "b", [scene(64, 64)])
    tampered.unlink()
    with pytest.raises(InputError, match=r"best\.pt: found no file"):
        boxes_on(tampered, tmp_path / "c", [scene(64, 64)])


def test_a_two_class_model_keeps_its_names(config, tmp_path):
    two = save_model(toy_network(config, names=("slipper", "parachute")), tmp_path / "two")
    boxes, _ = boxes_on(two, tmp_path, [scene(64, 64)])
    assert set(boxes["class"]) == {"slipper"}


def test_crowded_frames_keep_the_same_boxes_by_the_compiled_suppression():
    """``predict`` loads torchvision for them; without it Ultralytics suppresses in Python."""
    import torch
    import torchvision
    from ultralytics.utils.nms import TorchNMS

    generator = torch.Generator().manual_seed(0)
    corner, size = (torch.rand(800, 2, generator=generator) * scale for scale in (180, 60))
    boxes, scores = torch.cat([corner, corner + size + 2], dim=1), torch.rand(800, generator=generator)
    kept = torchvision.ops.nms(boxes, scores, 0.7)
    assert 100 < len(kept) < 800
    assert kept.tolist() == TorchNMS.nms(boxes, scores, 0.7).tolist()
