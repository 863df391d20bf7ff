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

from rbcflow.errors import InputError
from rbcflow.frames import Frame
from rbcflow.predict import PADDING, fit, predict
from rbcflow.testset_files import write_testset, write_unavailable
from tiny_yolo import save_model, toy_network

BOX = ["x0", "y0", "x1", "y1"]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def weights(config, tmp_path_factory):
    return save_model(toy_network(config), tmp_path_factory.mktemp("model"))


def scene(height: int, width: int, *, colour: bool = False, seed: int = 0) -> np.ndarray:
    """Return a smooth random picture, so that the toy network's boxes differ from place to place."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 8 + 1, width // 8 + 1, 3 if colour else 1)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def testset_of(folder, images):
    frames = [(Frame(image, "s", "d", "r", index), []) for index, image in enumerate(images)]
    write_testset(folder, frames, name="toy", source="s", origin=["phantom"], labels="truth", classes_judged="true")
    return folder


testset_of.__test__ = False


def boxes_on(weights, tmp_path, images, **options):
    output = tmp_path / "out.parquet"
    folder = testset_of(tmp_path / "testset", images)
    predict(weights, folder, output, run="m-on-toy", model="m", threads=1, **options)
    return pd.read_parquet(output), json.loads(pq.read_schema(output).metadata[b"rbcflow"])


def test_frames_of_any_shape_give_boxes_inside_them(weights, tmp_path):
    images = [scene(200, 200), scene(120, 480), scene(128, 672, colour=True), scene(200, 200, seed=1), scene(80, 400)]
    boxes, metadata = boxes_on(weights, tmp_path, images)
    assert sorted(boxes["frame"].unique()) == [0, 1, 2, 3, 4]
    assert list(boxes.columns) == ["frame", "class", "conf", *BOX]
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
    ("shape", "scale", "padded", "offset"),
    [
        ((200, 200), 1.0, (224, 224), (12, 12)),
        ((120, 480), 1.0, (128, 480), (0, 4)),
        ((128, 672), 1.0, (128, 672), (0, 0)),
        ((80, 400), 1.0, (96, 416), (8, 8)),
        ((101, 100), 1.0, (128, 128), (14, 13)),
        ((120, 480), 0.5, (64, 256), (8, 2)),
    ],
)
def test_fit_pads_to_the_stride(shape, scale, padded, offset):
    result, added = fit(np.zeros((*shape, 3), np.uint8), scale, 32)
    assert result.shape == (*padded, 3)
    assert added == offset


@given(height=st.integers(1, 150), width=st.integers(1, 150))
def test_fit_keeps_every_pixel(height, width):
    image = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    result, (left, top) = fit(image, 1.0, 32)
    assert result.shape[0] % 32 == result.shape[1] % 32 == 0
    assert result.shape[0] < height + 32
    assert result.shape[1] < width + 32
    np.testing.assert_array_equal(result[top : top + height, left : left + width], image)


def test_an_unavailable_test_set_gives_an_empty_table_that_says_so(weights, tmp_path):
    folder, output = tmp_path / "none", tmp_path / "out.parquet"
    write_unavailable(folder, name="naples", source="naples", reason="not public")
    predict(weights, folder, output, run="m-on-naples", model="m", threads=1)
    boxes = pd.read_parquet(output)
    assert len(boxes) == 0
    assert list(boxes.columns) == ["frame", "class", "conf", *BOX]
    metadata = json.loads(pq.read_schema(output).metadata[b"rbcflow"])
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
