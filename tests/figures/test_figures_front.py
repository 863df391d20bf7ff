"""The frame of the page's first screen: which one is taken, and where boxes are drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rbcflow.figures.front import WHITE, _outline, typical


def matches(*rows: tuple[int, str, str]) -> pd.DataFrame:
    """Return matches of frames: true and predicted names."""
    return pd.DataFrame(rows, columns=["frame", "true", "predicted"])


HIT, MISS, FALSE_POSITIVE = ("slipper", "slipper"), ("slipper", "background"), ("background", "slipper")


def test_the_frame_nearest_to_the_whole_run_is_taken():
    # of 6 true boxes 3 are found; 2 false positives on 4 frames
    rows = [
        (0, *HIT),
        (1, *HIT),
        (1, *MISS),
        (2, *HIT),
        (2, *MISS),
        (2, *FALSE_POSITIVE),
        (3, *MISS),
        (3, *FALSE_POSITIVE),
    ]
    # frames 1 and 2 find half, and are as far from 0.5 false positives a frame: the first of two with as many cells
    assert typical(matches(*rows), 4) == 1
    # with a false positive in every frame it is the other one
    assert typical(matches(*rows, (0, *FALSE_POSITIVE), (3, *FALSE_POSITIVE)), 4) == 2
    # frames without a true box are taken only where there is no other
    assert typical(matches((5, *FALSE_POSITIVE)), 4) == 5
    assert typical(matches(), 4) == 0


def test_a_box_beyond_the_frame_is_drawn_at_its_edge():
    image = np.full((40, 60, 3), 128, np.uint8)
    _outline(image, np.array([-5.0, -5.0, 70.0, 50.0]), WHITE, 2, 3)
    white = (image == 255).all(axis=2)
    assert white[:4].any() and white[-4:].any() and white[:, :4].any() and white[:, -4:].any()
    assert not white[10:30, 10:50].any()
