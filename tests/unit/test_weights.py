"""Weights: nothing is opened before its sha256 is checked, and a network's hash is about its state alone."""

from __future__ import annotations

import copy
import hashlib
import re

import pytest

from project_copy import PROJECT
from rbcflow.core.errors import InputError
from rbcflow.detector.weights import (
    FIRST_SIGHT,
    Weights,
    class_names,
    fetch,
    load_verified,
    read_weights,
    recorded,
    state_sha256,
    verify,
)
from tiny_yolo import save, save_model, toy_network

TABLE = PROJECT / "resources" / "weights.yaml"
CONTENT = b"pretend weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return toy_network(tmp_path_factory.mktemp("config"))


def test_the_table_names_every_download_with_its_digest():
    table = read_weights(TABLE)
    assert table["yolo11s.pt"].size == 19_313_732
    for weights in table.values():
        assert (weights.url is None) != (weights.path is None)
        assert weights.licence in {"AGPL-3.0", "BSD-3-Clause", "GPL-3.0"}
    unknown = {name for name, weights in table.items() if weights.sha256 is None}
    assert unknown == {"unet_carvana.pth"}, "no file without a sum on record is ever opened"
    assert all(re.fullmatch(r"[0-9a-f]{64}", table[name].sha256) for name in table.keys() - unknown)


def test_fetch_writes_a_verified_file(tmp_path):
    source = tmp_path / "there.pt"
    source.write_bytes(CONTENT)
    target = tmp_path / "deep" / "here.pt"
    fetch(Weights("here.pt", DIGEST, "AGPL-3.0", url=source.as_uri()), target, TABLE)
    assert target.read_bytes() == CONTENT
    assert [file.name for file in target.parent.iterdir()] == ["here.pt"]


@pytest.mark.parametrize(
    ("exists", "digest", "message"),
    [(True, "0" * 64, f"found sha256 {DIGEST}"), (False, DIGEST, "found no download")],
)
def test_a_failed_fetch_leaves_nothing_behind(tmp_path, exists, digest, message):
    source = tmp_path / "there.pt"
    if exists:
        source.write_bytes(CONTENT)
    target = tmp_path / "deep" / "here.pt"
    with pytest.raises(InputError, match=message):
        fetch(Weights("here.pt", digest, "AGPL-3.0", url=source.as_uri()), target, TABLE)
    assert list(target.parent.iterdir()) == []


def test_what_is_trusted_on_first_sight_is_compared_ever_after(tmp_path, caplog):
    (source := tmp_path / "there.pth").write_bytes(CONTENT)
    table, target = tmp_path / "weights.yaml", tmp_path / "net.pth"
    head = f"first.pt:\n  url: {source.as_uri()}\n  sha256: null\n  licence: x\n\n# a remark\nnet.pth:\n"
    table.write_text(f"{head}  url: {source.as_uri()}\n  sha256: null  # unknown\n  first_sight: true\n  licence: x\n")
    fetch(read_weights(table)["net.pth"], target, table)
    assert read_weights(table)["net.pth"].sha256 == DIGEST and read_weights(table)["first.pt"].sha256 is None
    assert "# unknown" in table.read_text() and "trusted on first sight" in caplog.text
    verify(target, f"{FIRST_SIGHT}{table}")
    source.write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="changed or damaged"):
        fetch(read_weights(table)["net.pth"], tmp_path / "again.pth", table)
    target.write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="changed or damaged"):
        verify(target, f"{FIRST_SIGHT}{table}")
    with pytest.raises(InputError, match="a sha256 on record"):
        fetch(read_weights(table)["first.pt"], tmp_path / "first.pt", table)


def test_missing_and_tampered_weights_are_different_errors(tmp_path):
    path = tmp_path / "a.pt"
    with pytest.raises(InputError, match="found no file"):
        load_verified(path, DIGEST)
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="changed or damaged"):
        load_verified(path, DIGEST)
    path.write_bytes(CONTENT)
    verify(path, DIGEST)


def test_class_names_know_synonyms_and_refuse_strangers(tmp_path):
    assert class_names(["parachute", "slipper", "other"], tmp_path) == ["croissant", "slipper", "other"]
    with pytest.raises(InputError, match="found classes person, slipper"):
        class_names(["person", "slipper"], tmp_path / "coco.pt")


@pytest.mark.slow
def test_recorded_reads_the_training_record(network, tmp_path):
    path = save_model(network, tmp_path)
    assert recorded(path)["state_sha256"] == state_sha256(path)
    with pytest.raises(InputError, match=r"expected weights/last\.pt"):
        recorded(path.with_name("last.pt"))
    (tmp_path / "training.json").unlink()
    with pytest.raises(InputError, match=r"training\.json: found no file"):
        recorded(path)


@pytest.mark.slow
def test_state_hash_is_about_names_and_values_alone(network, tmp_path):
    original = save(network, tmp_path / "a.pt", date="2025-01-01", train_args={"seed": 1})
    dated = save(network, tmp_path / "b.pt", date="2026-06-06", train_args={"seed": 2})
    assert original.read_bytes() != dated.read_bytes()
    assert state_sha256(original) == state_sha256(dated)

    weight = network.state_dict()["model.0.conv.weight"]
    before = weight[0, 0, 0, 0].clone()
    weight[0, 0, 0, 0] += 1
    changed = save(network, tmp_path / "c.pt")
    weight[0, 0, 0, 0] = before
    assert state_sha256(changed) != state_sha256(original)
    assert state_sha256(save(network, tmp_path / "d.pt")) == state_sha256(original)


@pytest.mark.slow
def test_what_is_no_detector_is_named(network, tmp_path):
    spoiled, bare = copy.deepcopy(network), copy.deepcopy(network)
    next(spoiled.parameters()).data[0] = float("nan")
    del bare.names
    for model, found in ((spoiled, "not finite"), (bare, "without the names of its classes")):
        save(model, tmp_path / "a.pt", train_args={"imgsz": 64})
        with pytest.raises(InputError, match=found):
            load_verified(tmp_path / "a.pt", hashlib.sha256((tmp_path / "a.pt").read_bytes()).hexdigest())
    for text, found in ((b"version https://git-lfs.github.com/spec/v1", "Git LFS"), (b"<!DOCTYPE html>", "a web page")):
        (tmp_path / "b.pt").write_bytes(text)
        with pytest.raises(InputError, match=found):
            load_verified(tmp_path / "b.pt", hashlib.sha256(text).hexdigest())
