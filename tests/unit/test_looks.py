"""How images look in plain numbers, and whether frames unlike a detector's training are seen as such."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from rbcflow.detector import looks
from rbcflow.recordings.detectors import shipped_record
from rbcflow.recordings.validity import verdict_of
from recordings_inputs import Simulated, draw_recording

RNG = np.random.default_rng(4)
BOX = np.array([[30.0, 20.0, 70.0, 60.0]])


def disc(dark: float = 60.0, around: float = 140.0) -> np.ndarray:
    """A dark disc that fills the box, before even grey."""
    rows, columns = np.mgrid[:80, :100]
    return np.where((rows - 39.5) ** 2 + (columns - 49.5) ** 2 < 20**2, dark, around)


def seen(image: np.ndarray) -> dict[str, float]:
    return looks.look(np.clip(np.round(image), 0, 255).astype(np.uint8), BOX)


def test_a_disc_by_hand():
    found = seen(disc())
    assert found["contrast"] == 80
    assert found["polarity"] == pytest.approx(-1, abs=0.01)
    assert found["noise"] < 0.1
    assert seen(200 - disc())["polarity"] == pytest.approx(1, abs=0.01)
    assert seen(disc(120))["contrast"] == 20
    # a step blurred by 1 px changes by 1 / sqrt(2 pi) of its height a pixel, a little less by Sobel's
    assert found["steepness"] == pytest.approx(0.36, abs=0.04)
    wider = seen(cv2.GaussianBlur(disc(), (0, 0), 3.0))["steepness"]
    assert wider == pytest.approx(1 / np.sqrt(2 * np.pi * 10), abs=0.02)


@pytest.mark.parametrize("sigma", [1.0, 4.0, 16.0])
def test_noise_is_measured_outside_of_boxes(sigma: float):
    assert seen(disc() + RNG.normal(0, sigma, (80, 100)))["noise"] == pytest.approx(sigma, rel=0.12)


def test_boxes_too_small_to_have_edges_say_nothing():
    image = disc().astype(np.uint8)
    assert looks.look(image, np.array([[1.0, 1.0, 8.0, 30.0]])) is None
    assert looks.look(image, np.zeros((0, 4))) is None


def images(count: int, **centre: float) -> list[dict[str, float]]:
    middle = {"contrast": 60.0, "steepness": 0.2, "noise": 1.0, "polarity": -0.4} | centre
    scatter = RNG.normal(0, 1, (count, 4)) * [0.2, 0.1, 0.3, 0.1]
    return [
        {
            "contrast": middle["contrast"] * np.exp(a),
            "steepness": middle["steepness"] * np.exp(b),
            "noise": middle["noise"] * np.exp(c),
            "polarity": middle["polarity"] + d,
        }
        for a, b, c, d in scatter
    ]


@pytest.mark.parametrize(
    ("centre", "words"),
    [
        ({}, []),
        ({"contrast": 6.0}, ["contrast of the cells"]),
        ({"contrast": 600.0}, ["contrast of the cells"]),
        ({"noise": 40.0}, ["noise"]),
        # less noise than in training hides nothing
        ({"noise": 0.05}, []),
        ({"polarity": 0.9}, ["the middle of the cells is 0.9 of the contrast brighter"]),
    ],
    ids=str,
)
def test_unlike_is_one_where_the_trainings_own_images_end(centre: dict, words: list[str]):
    reference = looks.reference(images(300))
    found = images(60, **centre)
    unlike = reference.unlike(found)
    assert (unlike > 1) == bool(words)
    strange = reference.strange(found)
    assert len(strange) == len(words) and all(own.startswith(start) for own, start in zip(strange, words, strict=True))


def test_a_reference_goes_through_its_record():
    reference = looks.reference(images(40))
    record = json.loads(json.dumps({"looks": asdict(reference)}))
    assert looks.Reference.of_record(record).unlike(images(9)) == pytest.approx(reference.unlike(images(9)), rel=0.5)
    assert looks.Reference.of_record({"looks": None}) is looks.Reference.of_record(None) is None
    assert looks.reference(images(looks.FEWEST - 1)) is None
    assert reference.unlike([]) is None


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return draw_recording(frames=12, seed=5)


HARMS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "none": (lambda image: image, "good"),
    "quarter of the contrast": (lambda image: (image - 140) * 0.25 + 140, "good"),
    "blur": (lambda image: cv2.GaussianBlur(image, (0, 0), 2.5), "good"),
    "inverted": (lambda image: 255 - image, "note"),
    "noise of 18": (lambda image: image + RNG.normal(0, 18, image.shape), "note"),
    "noise of 40": (lambda image: image + RNG.normal(0, 40, image.shape), "boxes only"),
    "edges alone": (lambda image: 128 + 4 * cv2.Laplacian(image, cv2.CV_64F), "boxes only"),
}
"""What the shipped detector makes of them stands in docs/linking.md: it finds nine cells of ten but in the last two."""


@pytest.mark.parametrize("harm", HARMS)
def test_recordings_unlike_the_shipped_detectors_training_are_seen(simulated: Simulated, harm: str):
    change, grade = HARMS[harm]
    reference = looks.Reference.of_record(shipped_record("starter"))
    corners = ["x0", "y0", "x1", "y1"]
    found = [
        look
        for number, image in simulated.images
        if (boxes := simulated.boxes.loc[simulated.boxes["frame"] == number, corners].to_numpy(float)).size
        if (look := looks.look(np.clip(np.round(change(image.astype(float))), 0, 255).astype(np.uint8), boxes))
    ]
    verdict = verdict_of({"boxes": 99.0, "unlike": reference.unlike(found)})
    assert next(f.grade for f in verdict.findings if f.name == "unlike") == grade
