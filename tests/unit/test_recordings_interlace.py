"""Frames in which every second row shows another moment are told from others."""

from __future__ import annotations

import numpy as np
import pytest

from raw_inputs import noise
from rbcflow.recordings.interlace import Interlace
from recordings_inputs import draw_recording


def found(frames: np.ndarray) -> bool:
    seen = Interlace()
    for image in frames:
        seen.add(image)
    return seen.found


def interlaced(frames: np.ndarray) -> np.ndarray:
    """Return frames whose odd rows are of the next frame."""
    combed = frames.copy()
    combed[:-1, 1::2] = frames[1:, 1::2]
    return combed[:-1]


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.stack([image for _, image in draw_recording(frames=16, step=25).images])


@pytest.mark.parametrize("deeper", [1, 200])
def test_combs_are_seen_in_either_depth(frames: np.ndarray, deeper: int):
    own = frames.astype(np.uint16 if deeper > 1 else np.uint8) * deeper
    assert found(interlaced(own)) and not found(own)


def test_neither_noise_nor_rows_that_stand_still_are_combs(frames: np.ndarray):
    assert not found(noise(12, 24, 40))
    striped = frames.astype(int)
    striped[:, 1::2] += 20
    assert not found(striped.clip(0, 255).astype(np.uint8))


def test_too_few_frames_say_nothing(frames: np.ndarray):
    assert not found(interlaced(frames)[:4]) and not found(frames[:0]) and not found(noise(12, 2, 40))
