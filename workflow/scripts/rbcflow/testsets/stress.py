"""Frames of another test set under listed disturbances (rule ``build_testset``, kinds ``stress``, ``stress_harder``).

What a detector loses under each says how far from its training it can go. The disturbances are fixed, and stronger or
other than those of any training set: they are not sampled from the ranges of ``datasets.domain``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core import portable
from rbcflow.core.frames import Frame, to_grey
from rbcflow.core.portable import FloatImage, blur, resize
from rbcflow.datasets.camera import filtered, movement
from rbcflow.datasets.seeds import generator
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, read_testset, write_testset, write_unavailable

FRAMES = 24
"""Frames each disturbance is applied to, at most, evenly spaced over the other test set."""

Disturbance = Callable[[FloatImage, np.random.Generator], FloatImage]


def _around_mean(factor: float) -> Disturbance:
    def disturbed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
        mean = np.float32(image.mean(dtype=np.float64))
        return (image - mean) * np.float32(factor) + mean

    return disturbed


def _gamma(exponent: float) -> Disturbance:
    def disturbed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
        levels = 255 * portable.power(np.maximum(np.arange(256) / 255, 1e-6), exponent)
        return levels.astype(np.float32)[np.rint(np.clip(image, 0, 255)).astype(int)]

    return disturbed


def _noise(levels: float) -> Disturbance:
    return lambda image, rng: image + levels * rng.standard_normal(image.shape, dtype=np.float32)


def _streaks(levels: int) -> Disturbance:
    def disturbed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
        # every band of 1 to 4 rows is brighter or darker, by so many grey levels in the root mean square
        rows = np.repeat(rng.standard_normal(len(image)), rng.integers(1, 5, len(image)))[: len(image)]
        return image + levels * rows[:, None].astype(np.float32)

    return disturbed


def _after(*parts: Disturbance) -> Disturbance:
    """Return disturbances one after the other."""

    def disturbed(image: FloatImage, rng: np.random.Generator) -> FloatImage:
        for part in parts:
            image = part(image, rng)
        return image

    return disturbed


def _blur(pixels: float) -> Disturbance:
    return lambda image, rng: blur(image, 0, pixels)


def _motion(pixels: int) -> Disturbance:
    return lambda image, rng: filtered(image, movement(pixels))


def _scale(factor: float) -> Disturbance:
    return lambda image, rng: _scaled(image, factor)


DISTURBANCES: dict[str, Disturbance] = {
    "none": lambda image, rng: image,
    "inverted": lambda image, rng: 255 - image,
    "contrast x0.25": _around_mean(0.25),
    "gamma 2.5": _gamma(2.5),
    "blur 2.5 px": _blur(2.5),
    "motion 13 px": _motion(13),
    "noise 18": _noise(18),
    "streaks 10": _streaks(10),
    "nearly binary": _around_mean(6),
    "scale x0.4": _scale(0.4),
    "scale x2": _scale(2),
}
"""What a frame goes through, by the name that becomes its condition: functions of (H, W) float32 grey levels."""

HARDER: dict[str, Disturbance] = {
    "contrast x0.1": _around_mean(0.1),
    "contrast x0.05": _around_mean(0.05),
    "gamma 5": _gamma(5),
    "gamma 8": _gamma(8),
    "blur 5 px": _blur(5),
    "blur 8 px": _blur(8),
    "motion 27 px": _motion(27),
    "motion 41 px": _motion(41),
    "noise 36": _noise(36),
    "noise 60": _noise(60),
    "streaks 25": _streaks(25),
    "streaks 50": _streaks(50),
    "black and white": _around_mean(30),
    "scale x0.25": _scale(0.25),
    "scale x0.15": _scale(0.15),
    "scale x3": _scale(3),
    "inverted, contrast x0.25, noise 9": _after(lambda image, rng: 255 - image, _around_mean(0.25), _noise(9)),
    "blur 2.5 px, scale x0.4": _after(_blur(2.5), _scale(0.4)),
    "noise 18, scale x0.4": _after(_noise(18), _scale(0.4)),
    "contrast x0.5, streaks 25": _after(_around_mean(0.5), _streaks(25)),
}
"""Disturbances two and more times as strong, or two at once, which detectors fail under: what the gauge of own
recordings is calibrated with (``recordings.gauge``), as nothing can be learned of failing where nothing fails."""

KINDS = {"stress": DISTURBANCES, "stress_harder": HARDER}


def build_stress(testset: Path, folder: Path, *, name: str, kind: str = "stress") -> TestSet:
    """Build a set of frames of another one, in grey, under each of the disturbances; their name is the condition.

    A frame keeps its recording, so that intervals go by recordings, not by copies.

    Args:
        testset: folder of the other test set.
        folder: gets the test set.
        name: of the test set.
        kind: a key of ``KINDS``.

    Raises:
        InputError: an image of the other test set is missing or damaged.
    """
    other = read_testset(testset)
    if not other.available:
        reason = f"the frames are those of {other.meta['name']}, which is unavailable: {other.meta['reason']}"
        return write_unavailable(folder, name=name, source=other.meta["source"], reason=reason)
    other.require_images()
    known = {key: other.meta[key] for key in ("source", "origin", "labels", "classes_evaluated")}
    return write_testset(folder, _disturbed(other, KINDS[kind]), name=name, **known)


def _disturbed(other: TestSet, disturbances: Mapping[str, Disturbance]) -> Iterator[Labelled]:
    """Yield every chosen frame under every disturbance."""
    chosen = other.frames.iloc[np.unique(np.linspace(0, len(other.frames) - 1, FRAMES).round().astype(int))]
    for name, disturb in disturbances.items():
        for row in chosen.itertuples():
            image = to_grey(other.image(row.frame))
            rng = generator(0, "stress", name, other.meta["name"], row.frame)
            changed = np.rint(np.clip(disturb(image.astype(np.float32), rng), 0, 255)).astype(np.uint8)
            frame = Frame(changed, other.meta["source"], row.donor, row.recording, row.index, condition=name)
            truth = other.truth[other.truth["frame"] == row.frame]
            yield frame, _boxes(truth.itertuples(index=False), np.array(changed.shape[::-1]) / image.shape[::-1])


def _boxes(rows: Iterator, factor: NDArray[np.float64]) -> list[TrueBox]:
    """Return true boxes on a frame whose width and height were multiplied by factors; rows: frame, class, corners,
    kind."""
    found = []
    for _, class_, *corners, kind in rows:
        x0, y0, x1, y1 = (np.array(corners) * np.tile(factor, 2)).tolist()
        found.append(TrueBox(class_, (x0, y0, x1, y1), kind))
    return found


def _scaled(image: FloatImage, factor: float) -> FloatImage:
    height, width = image.shape
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return resize(image, (round(width * factor), round(height * factor)), how)
