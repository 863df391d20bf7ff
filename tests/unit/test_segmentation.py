"""Segmentation networks: the pictures they practise on, trainings as small as they can be, checkpoints.

PyTorch, Cellpose and their like take seconds to import, so no module of theirs is asked for before a test needs it.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from raw_inputs import write_coco
from rbcflow.core.errors import InputError
from rbcflow.detector.weights import verify
from rbcflow.runtime.provenance import sha256
from rbcflow.segmentation import pictures, practice
from rbcflow.sources import laboratories

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unet():
    from rbcflow.segmentation import unet

    return unet


@pytest.fixture(scope="module")
def flows():
    from rbcflow.segmentation import flows

    return flows


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Practice pictures, as few as there can be."""
    path = tmp_path_factory.mktemp("practice") / "practice.npz"
    practice.write_practice(path, phantoms=laboratories.practice(), per_layout=5, seed=3)
    return path


def test_practice_pictures_have_labels_and_repeat(simulated, tmp_path):
    content = pictures.read_practice(simulated)
    assert content.images.shape == content.labels.shape == (40, pictures.SIDE, pictures.SIDE)
    filled = [label.max() > 0 for label in content.labels]
    assert np.mean(filled) > 0.85
    differs = [
        abs(float(image[label > 0].mean()) - float(np.median(image[label == 0]))) > 2
        for image, label in zip(content.images, content.labels, strict=True)
        if label.any() and not label.all()
    ]
    assert np.mean(differs) > 0.6
    practice.write_practice(tmp_path / "again.npz", phantoms=laboratories.practice(), per_layout=5, seed=3)
    assert np.array_equal(pictures.read_practice(tmp_path / "again.npz").images, content.images)


def test_broken_practice_pictures_are_named(tmp_path):
    (tmp_path / "p.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"p\.npz"):
        pictures.read_practice(tmp_path / "p.npz")


def test_unet_learns_and_can_be_read_back(simulated, tmp_path, unet):
    unet.train_unet(simulated, tmp_path, steps=30, seed=0, threads=1)
    curves = pd.read_csv(tmp_path / "curves.csv")
    assert curves["loss"].iloc[-1] < curves["loss"].iloc[0]
    network = unet.Foreground(tmp_path / "weights.pt")
    (probability,) = network.probability([np.full((50, 100), 90, np.uint8)])
    assert probability.shape == (50, 100)
    assert 0 <= probability.min() <= probability.max() <= 1


def test_cellpose_runs_around_the_small_network(simulated, tmp_path, flows):
    flows.train_cellpose(simulated, tmp_path, steps=6, seed=0, threads=1)
    model = flows.Instances(tmp_path / "weights.pt", None, None)
    labels = model.labels(pictures.read_practice(simulated).images[0])
    assert labels.shape == (pictures.SIDE, pictures.SIDE)
    grey = pictures.read_practice(simulated).images[1]
    assert np.array_equal(model.labels(grey), model.labels(grey.copy()))
    record = json.loads((tmp_path / "training.json").read_text())
    assert record["steps"] == 6


def test_finetuning_needs_polygons_and_moves_the_weights(simulated, tmp_path, flows):
    import torch

    from rbcflow.segmentation.finetuning import finetune_cellpose

    flows.train_cellpose(simulated, tmp_path / "start", steps=5, seed=0, threads=1)
    annotation = {"id": 1, "image_id": 0, "category_id": 1, "segmentation": [[10, 5, 30, 5, 30, 20, 10, 20]]}
    write_coco(tmp_path / "raw", [annotation])
    start = tmp_path / "start" / "weights.pt"
    finetune_cellpose("nouaman2024", tmp_path / "raw", start, tmp_path / "mine", steps=12, seed=0, threads=1)
    before, after = (torch.load(p, weights_only=True) for p in (start, tmp_path / "mine" / "weights.pt"))
    assert any(not torch.equal(before[name], after[name]) for name in before if "conv" in name)
    write_coco(tmp_path / "bare", [])
    with pytest.raises(InputError, match="no picture with a polygon"):
        finetune_cellpose("nouaman2024", tmp_path / "bare", start, tmp_path / "no", steps=5, seed=0, threads=1)


def test_carvana_network_reads_a_checkpoint_of_its_shape_and_no_other(tmp_path, unet):
    import torch

    torch.manual_seed(0)
    network = unet.CarvanaUNet()
    assert sum(p.numel() for p in network.parameters()) == 31_037_698  # as published: 31 million
    assert {
        "inc.double_conv.0.weight",
        "down4.maxpool_conv.1.double_conv.4.weight",
        "up1.up.weight",
        "outc.conv.bias",
    } <= set(network.state_dict())
    path = tmp_path / "carvana.pth"
    torch.save(network.state_dict(), path)
    with pytest.raises(InputError, match="sha256"):
        unet.CarvanaForeground(path, "0" * 64)
    (probability,) = unet.CarvanaForeground(path, sha256(path)).probability([np.full((50, 100), 90, np.uint8)])
    assert probability.shape == (50, 100)


def test_a_checkpoint_without_a_sum_on_record_is_never_opened(tmp_path):
    path = tmp_path / "unknown.pth"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=r"resources/weights\.yaml"):
        verify(path, None)
