"""How cells look: elongation, colour and halo of boxes on pictures of known contents."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from metrics_inputs import write_testset
from rbcflow.metrics.looks import LOOKS, halo, measure

BOX = np.array([40.0, 40.0, 80.0, 60.0])


def picture(border: int, inside: int = 60, background: int = 100) -> np.ndarray:
    """Return a frame with one elliptic cell in ``BOX`` and a line of some grey around it."""
    image = np.full((100, 120), background, np.uint8)
    cv2.ellipse(image, (60, 50), (23, 13), 0, 0, 360, border, -1)
    cv2.ellipse(image, (60, 50), (20, 10), 0, 0, 360, inside, -1)
    return image


@pytest.mark.parametrize(("border", "expected"), [(150, 0.5), (120, 0.2), (100, 0.0), (70, 0.0)])
def test_halo_is_the_border_s_brightness_over_the_background(border, expected):
    assert halo(picture(border).astype(float), BOX) == pytest.approx(expected, abs=0.01)


def test_a_halo_does_not_depend_on_the_light():
    bright = picture(150).astype(float)
    assert halo(bright * 1.4, BOX) == pytest.approx(halo(bright, BOX))


def test_a_box_that_fills_the_frame_has_no_halo():
    # the frame ends before the ellipse around which the background is taken from, but for its corners
    assert np.isnan(halo(np.full((20, 40), 90.0), np.array([0.0, -10.0, 40.0, 30.0])))


def test_whole_boxes_are_measured_and_cut_ones_left_out(tmp_path):
    rows = [(0, "slipper", *BOX), (0, "slipper", 0, 5, 20, 25, "edge"), (1, "other", 40, 40, 50, 70)]
    folder = write_testset(tmp_path / "set", 2, rows, size=(120, 100), origin=["raw"])
    coloured = np.dstack([picture(150) // 2, picture(150), picture(150)])  # blue is half of green and red
    cv2.imwrite(str(folder / "images/00000.png"), coloured)
    table = measure([folder])
    assert table[["testset", "origin", "frame", "class"]].to_numpy().tolist() == [
        ["set", "raw", 0, "slipper"], ["set", "raw", 1, "other"],
    ]  # fmt: skip
    assert table["elongation"].tolist() == [2, 3]
    assert table["saturation"].tolist() == pytest.approx([0.5, 0], abs=0.01)
    assert table.loc[0, "halo"] == pytest.approx(0.5, abs=0.02)


def test_a_set_without_frames_gives_no_row(tmp_path):
    folder = write_testset(tmp_path / "set", 0, [], status="unavailable", reason="no recordings")
    assert measure([folder]).empty
    assert {*LOOKS} <= {*measure([]).columns}
