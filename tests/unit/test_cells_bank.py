"""The cell bank: geometry, writing, reading, and what breaks the contract."""

from __future__ import annotations

import hashlib
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbcflow.cells.bank import COLUMNS, Cell, cut, geometry, read_bank, touches_edge, write_bank
from rbcflow.core.errors import InputError


def cell(recording="a/1", frame=0, x=0, **changes) -> Cell:
    """Return a 4x2 (w x h) cell at column x with a one-pixel rim."""
    mask = np.zeros((4, 6), bool)
    mask[1:3, 1:5] = True
    crop = np.arange(24, dtype=np.uint8).reshape(4, 6) + np.uint8(x)
    box = (float(x), 1.0, float(x + 4), 3.0)
    plain = Cell("src", "slipper", "a", recording, frame, box, "polygon", recording, crop, mask)
    return replace(plain, **changes)


def blob(*rows: str) -> np.ndarray:
    """Return a mask from rows of # and dots."""
    return np.array([[character == "#" for character in row] for row in rows])


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (blob("....", ".##.", ".##."), (4, 1.0, 1.0)),
        (blob("####"), (4, 4.0, 1.0)),
        (blob("#..", "#..", "###"), (5, 1.0, 5 / 6)),  # the hull is the triangle of 6 pixels
        (blob("#.#", "###"), (5, 1.5, 5 / 6)),
    ],
)
def test_geometry(mask, expected):
    assert geometry(mask) == pytest.approx(expected)


def test_geometry_of_nothing():
    area, aspect, solidity = geometry(np.zeros((3, 3), bool))
    assert area == 0
    assert np.isnan([aspect, solidity]).all()


@given(st.integers(1, 20), st.integers(1, 20))
def test_an_ellipse_is_convex(a, b):
    mask = cv2.ellipse(np.zeros((50, 50), np.uint8), (25, 25), (a, b), 0, 0, 360, 1, -1) > 0
    assert geometry(mask)[2] > 0.9


def test_cut_pads_by_five_and_stops_at_the_frame():
    image = np.arange(600, dtype=np.uint16).astype(np.uint8).reshape(20, 30)
    mask = np.zeros((20, 30), bool)
    mask[8:12, 2:6] = True
    box, crop, crop_mask = cut(image, mask)
    assert box == (2.0, 8.0, 6.0, 12.0)
    assert np.array_equal(crop, image[3:17, 0:11])
    assert np.array_equal(crop_mask, mask[3:17, 0:11])


@pytest.mark.parametrize(
    ("box", "expected"),
    [((2, 2, 38, 28), False), ((1, 2, 38, 28), True), ((2, 0.5, 38, 28), True), ((2, 2, 39, 28), True),
     ((2, 2, 38, 29), True)],
)  # fmt: skip
def test_touches_edge(box, expected):
    assert touches_edge(box, 40, 30) is expected


def test_bank_reads_back(tmp_path):
    dropped = cell(recording="b/1", reason="too_small")
    write_bank(tmp_path, [cell(frame=3), cell(frame=2, x=9), cell(frame=2, x=1, background=120), dropped])
    bank = read_bank(tmp_path)
    assert tuple(bank.table.columns) == COLUMNS
    assert list(bank.table["cell_id"]) == ["src-00000", "src-00001", "src-00002", "src-00003"]
    assert list(bank.table["x0"]) == [1, 9, 0, 0]
    assert list(bank.table["frame"]) == [2, 2, 3, 0]
    assert list(bank.kept["cell_id"]) == list(bank.crops) == list(bank.masks) == ["src-00000", "src-00001", "src-00002"]
    assert bank.table["reason"].tolist() == ["", "", "", "too_small"]
    assert bank.table["background"].tolist()[0] == 120
    assert bank.table["background"].isna().tolist() == [False, True, True, True]
    assert np.array_equal(bank.crops["src-00001"], cell(x=9).crop)
    assert np.array_equal(bank.masks["src-00001"], cell().mask)
    assert bank.table.loc[0, ["area_px", "aspect", "solidity"]].tolist() == [8, 2.0, 1.0]


def test_stored_form_is_the_contract(tmp_path):
    write_bank(tmp_path, [cell()])
    with np.load(tmp_path / "crops.npz", allow_pickle=False) as stored:
        assert sorted(stored.files) == ["src-00000.crop", "src-00000.mask"]
        crop, mask = stored["src-00000.crop"], stored["src-00000.mask"]
    assert (crop.dtype, mask.dtype, set(np.unique(mask))) == (np.uint8, np.uint8, {0, 255})
    table = pd.read_csv(tmp_path / "cells.csv", dtype={"sha256": str})
    assert table["sha256"][0] == hashlib.sha256(crop.tobytes() + mask.tobytes()).hexdigest()


def test_bytes_do_not_depend_on_the_order_of_cells(tmp_path):
    cells = [cell(frame=frame, x=x) for frame in range(3) for x in (0, 7)]
    write_bank(tmp_path / "a", cells)
    write_bank(tmp_path / "b", reversed(cells))
    for name in ("cells.csv", "crops.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_empty_bank(tmp_path):
    write_bank(tmp_path, [])
    assert len(read_bank(tmp_path).table) == 0


def test_a_dropped_cell_without_a_mask_has_no_shape(tmp_path):
    empty = cell(frame=1, mask=np.zeros((4, 6), bool), box=(0.0, 0.0, 0.0, 0.0), reason="empty")
    table = write_bank(tmp_path, [cell(), empty])
    assert table["aspect"].isna().tolist() == [False, True]
    assert table["solidity"].isna().tolist() == [False, True]
    assert table["area_px"].tolist() == [8, 0]
    assert len(read_bank(tmp_path).kept) == 1


def test_changed_pixels_are_found(tmp_path):
    write_bank(tmp_path, [cell(), cell(frame=1)])
    with np.load(tmp_path / "crops.npz") as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    arrays["src-00001.crop"][0, 0] += 1
    np.savez_compressed(tmp_path / "crops.npz", **arrays)
    with pytest.raises(InputError, match="pixels with sha256") as error:
        read_bank(tmp_path)
    assert error.value.where == "cell src-00001"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda table: table.drop(columns="group"), "no column group"),
        (lambda table: table.assign(cell_id="src-00000"), "repeated cell_id"),
        (lambda table: table.assign(**{"class": "banana"}), "unknown class"),
        (lambda table: table.assign(kept=False), "contradict"),
    ],
)
def test_table_that_breaks_the_contract(tmp_path, change, found):
    write_bank(tmp_path, [cell(), cell(frame=1)])
    change(pd.read_csv(tmp_path / "cells.csv", dtype={"sha256": str}, keep_default_na=False)).to_csv(
        tmp_path / "cells.csv", index=False
    )
    with pytest.raises(InputError, match=found):
        read_bank(tmp_path)


def test_absent_or_broken_pixels(tmp_path):
    write_bank(tmp_path, [cell()])
    (tmp_path / "crops.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="unreadable"):
        read_bank(tmp_path)
    np.savez_compressed(tmp_path / "crops.npz")
    with pytest.raises(InputError, match=r"no array.*src-00000.crop"):
        read_bank(tmp_path)
    (tmp_path / "cells.csv").unlink()
    with pytest.raises(InputError, match="no such file"):
        read_bank(tmp_path)


def test_a_bank_of_many_recordings_takes_the_memory_of_one(tmp_path):
    def peak(recordings):
        def cells():
            for number in range(recordings):
                pixels = np.full((400, 400), number % 200 + 1, np.uint8)
                yield replace(cell(recording=f"r{number:03d}"), crop=pixels, mask=pixels > 0)

        tracemalloc.start()
        write_bank(tmp_path / str(recordings), cells())
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(2)  # what is loaded once
    assert peak(64) < 1.3 * peak(4)
