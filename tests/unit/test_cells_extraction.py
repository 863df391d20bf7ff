"""Extraction: polygons, segmented crops, background subtraction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from raw_inputs import write_coco, write_recording
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.cells.methods import background, crops, polygons
from rbcflow.cells.methods.background import find_objects, median_background
from rbcflow.cells.outline import to_cells
from rbcflow.core.boxes import mask_box
from rbcflow.core.frames import Frame
from rbcflow.core.masks import rasterise
from rbcflow.sources.extraction import Thresholds
from rbcflow.sources.laboratories import known


def annotation(number, points):
    """Return a COCO annotation of class 1 on image 0."""
    return {"id": number, "image_id": 0, "category_id": 1, "segmentation": [np.ravel(points).tolist()]}


def rectangle(x0, y0, x1, y1):
    """Return the corners of a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


@pytest.mark.parametrize(
    ("points", "box", "area"),
    [
        (rectangle(3, 2, 8, 6), (3, 2, 8, 6), 20),
        (rectangle(3.4, 2.4, 8.4, 6.4), (3, 2, 8, 6), 20),  # centres 3.5 .. 7.5 lie inside
        (rectangle(3.6, 2.6, 8.6, 6.6), (4, 3, 9, 7), 20),
        ([(0, 0), (4, 0), (0, 4)], (0, 0, 4, 4), None),
        (rectangle(-0.0, 0, 20, 10), (0, 0, 20, 10), 200),
    ],
)
def test_rasterise_takes_pixels_whose_centre_is_inside(points, box, area):
    mask = rasterise(np.array(points, float), 20, 10)
    if area is None:  # the triangle's diagonal runs through centres, which may count or not
        assert 6 <= np.count_nonzero(mask) <= 10
    else:
        assert mask_box(mask) == box
        assert np.count_nonzero(mask) == area


# the first call imports Matplotlib
@settings(deadline=None)
@given(st.floats(5, 25), st.floats(5, 25), st.floats(3, 30))
def test_rasterised_area_is_the_polygons(rx, ry, shift):
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.column_stack([shift + 30 + rx * np.cos(angles), 30.3 + ry * np.sin(angles)])
    x, y = points.T
    exact = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    # of the smallest, rows of pixels that the outline just misses are more than a twentieth
    assert np.count_nonzero(rasterise(points, 100, 60)) == pytest.approx(exact, rel=0.05, abs=6)


def test_polygon_cells_and_their_reasons(tmp_path):
    write_coco(
        tmp_path,
        [
            annotation(1, rectangle(10, 5, 25, 15)),
            annotation(2, rectangle(0, 5, 12, 17)),
            annotation(3, rectangle(28, 20, 31, 23)),
            annotation(4, rectangle(5.6, 20.6, 5.9, 20.9)),
        ],
    )
    cells = list(to_cells(polygons.outline(tmp_path, "nouaman2024", "nouaman2024"), "polygon"))
    assert [cell.reason for cell in cells] == ["", "touches_edge", "too_small", "empty"]
    first = cells[0]
    assert (first.class_, first.donor, first.recording, first.frame, first.group) == (
        "slipper", "blood_donor_1", "blood_donor_1/0300mbar_1", 12, "blood_donor_1/0300mbar_1",
    )  # fmt: skip
    assert first.box == (10, 5, 25, 15)
    assert first.crop.shape == first.mask.shape == (20, 25)
    assert np.count_nonzero(first.mask) == 150
    assert [cell.touches_edge for cell in cells] == [False, True, False, False]


def test_segmented_crops_and_their_reasons(tmp_path):
    def write_crop(name, *ellipses):
        image = np.zeros((92, 92), np.uint8)
        for centre, axes in ellipses:
            cv2.ellipse(image, centre, axes, 0, 0, 360, 120, -1)
        image[46, 40] = 0  # a black pixel in a cell is part of the cell
        (tmp_path / "croissant").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "croissant" / f"12_8_0300mbar_{name}.bmp"), image)

    write_crop("0001", ((46, 46), (20, 12)), ((10, 10), (3, 3)))
    write_crop("0002", ((5, 46), (20, 12)))
    write_crop("0003", ((46, 46), (3, 3)))
    write_crop("0004")
    whole, cut_off, small, empty = to_cells(crops.outline(tmp_path, "nouaman2024", "nouaman2024"), "segmented_crop")
    assert [cell.reason for cell in (whole, cut_off, small, empty)] == ["", "touches_edge", "too_small", "empty"]
    assert (whole.recording, whole.group) == ("croissant/12_8_0300mbar", "12_8_0300mbar")
    assert (whole.frame, whole.donor) == (1, "")
    assert whole.box == (26, 34, 67, 59)
    assert whole.crop.shape == (35, 51)
    row, column = 46 - 29, 40 - 21
    assert whole.crop[row, column] == 0
    assert whole.mask[row, column]


@given(st.integers(1, 9), st.integers(0, 1000))
def test_median_is_exact(count, seed):
    images = np.random.default_rng(seed).integers(0, 256, (count, 4, 5), dtype=np.uint8)
    expected = np.sort(images, axis=0)[(count - 1) // 2]
    assert np.array_equal(median_background(iter(images)), expected)


def scene(*cells, size=(128, 300), grey=150, depth=60):
    """Return a flat frame with dark ellipses (x, y, a, b)."""
    image = np.full(size, grey, np.uint8)
    for x, y, a, b in cells:
        cv2.ellipse(image, (x, y), (a, b), 0, 0, 360, grey - depth, -1)
    return image


BACKGROUND = scene()


@pytest.mark.parametrize(
    ("cells", "reasons"),
    [
        ([(150, 60, 30, 25)], [""]),
        ([(150, 60, 30, 15)], ["too_small"]),
        ([(20, 60, 30, 25)], ["touches_edge"]),
        ([(80, 60, 30, 25), (220, 60, 32, 25)], ["", "not_largest"]),
        ([(150, 60, 5, 5)], []),  # fewer than 200 pixels differ
        ([], []),
    ],
)
def test_objects_and_their_reasons(cells, reasons):
    assert [found.reason for found in find_objects(scene(*cells), BACKGROUND, Thresholds())] == reasons


def test_found_box_is_the_objects():
    (found,) = find_objects(scene((150, 60, 30, 25)), BACKGROUND, Thresholds())
    assert found.box == pytest.approx((120, 35, 181, 86), abs=1)


@pytest.mark.parametrize(
    ("thresholds", "columns", "grey", "reason"),
    [
        # the box is 61 columns wide from column 120 on; ten columns beside it may differ by a mean of 10, half of 20
        (Thresholds(), np.s_[30:90, 181:191], 11, "edge_changed"),
        (Thresholds(), np.s_[30:90, 110:120], 11, "edge_changed"),
        (Thresholds(), np.s_[30:90, 181:191], 9, ""),
        (Thresholds(), np.s_[30:90, 193:203], 19, ""),  # farther away nothing is asked
        (Thresholds(), np.s_[:30, 110:191], 19, ""),  # nor above the box
        # at 1 cm/s the threshold is 10
        (Thresholds(threshold_at={"": 10}), np.s_[30:90, 181:191], 6, "edge_changed"),
        # where cells come side by side, the frame's ends are looked at: three of twenty columns, mean 19 or 14
        (known()["flow_public"].extraction.background, np.s_[:, :1], 64, "edge_changed"),
        (known()["flow_public"].extraction.background, np.s_[:, :1], 56, ""),
    ],
)
def test_what_differs_beside_a_cell(thresholds, columns, grey, reason):
    image = scene((150, 60, 30, 25))
    image[columns] -= np.uint8(grey)
    assert reason in [found.reason for found in find_objects(image, BACKGROUND, thresholds)]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # four of five are alike, the fifth shows a cell: one of the four
        ([None, None, None, None, 150], None),
        # a cell goes on: none is like another, so the median, in which there is no cell
        ([40, 100, 160, 220, 260], None),
        # most frames show the cell at one place: the preprint takes it for the background
        ([150, 150, 150, 150, 40], 150),
    ],
)
def test_the_preprints_background_is_the_frame_like_most_others(places, expected):
    def frame(place):
        return scene() if place is None else scene((place, 60, 30, 25))

    assert np.array_equal(background.like_most([frame(place) for place in places]), frame(expected))


def test_threshold_follows_the_flow_condition():
    image = scene((150, 60, 30, 25), depth=15)
    assert find_objects(image, BACKGROUND, Thresholds(), "0.12 cm/s") == []
    assert len(find_objects(image, BACKGROUND, Thresholds(), "1 cm/s")) == 1


def test_cut_naples_cells(tmp_path):
    pages = [scene((60 + 40 * step, 60, 30, 25)) for step in range(5)] + [BACKGROUND] * 2
    folder = tmp_path / "v 0.12 cm:s"
    folder.mkdir()
    colour = np.stack(pages)[..., None].repeat(3, axis=-1)
    tifffile.imwrite(folder / "glob001.tif", colour, photometric="rgb")
    cells = list(cut_cells(["background"], Job("naples", "naples", tmp_path, extraction=known()["naples"].extraction)))
    assert [(cell.frame, cell.reason, cell.class_) for cell in cells] == [(index, "", "") for index in range(5)]
    assert {(cell.recording, cell.group, cell.method) for cell in cells} == {
        ("v 0.12 cm:s/glob001", "v 0.12 cm:s/glob001", "background")
    }
    # smoothed, the step of 60 is 18 one pixel outside the cell and 4 two pixels outside: the outline at 6 gains one
    assert cells[2].box == (109, 34, 172, 87)
    assert cells[2].crop.shape == (51 + 2 + 10, 61 + 2 + 10)


def test_cut_public_cells_uses_the_stored_background(tmp_path):
    # Two frames of six by eight pixels differ from their background everywhere: one object over the whole frame.
    write_recording(tmp_path / "naiad2024.h5", [1, 2])
    thresholds = Thresholds(min_changed=10, min_area=5, edge_buffer=1)
    cells = list(to_cells(background.outline(tmp_path, "flow_public", "flow_public", thresholds), "background"))
    assert [(cell.recording, cell.frame, cell.box, cell.reason) for cell in cells] == [
        ("naiad2024", 0, (0, 0, 8, 6), "touches_edge"),
        ("naiad2024", 1, (0, 0, 8, 6), "touches_edge"),
    ]


def test_frames_of_another_size_are_refused():
    frame = Frame(np.zeros((5, 5), np.uint8), "naples", "", "v 1 cm:s/glob001", 3)
    with pytest.raises(background.InputError, match="frame 3"):
        background.outline_frame(frame, np.zeros((6, 6), np.uint8), Thresholds())
