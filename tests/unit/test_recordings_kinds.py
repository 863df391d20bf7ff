"""Recordings of all kinds that people have, from file to summary: results, or the reason why there are none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import dclab
import numpy as np
import pandas as pd
import pytest
import tifffile

from raw_inputs import write_avi, write_tiff
from rbcflow.config.recordings import Recording
from rbcflow.recordings import dictionary, stage
from rbcflow.recordings.detect import detect, detect_nothing
from rbcflow.recordings.detectors import shipped, shipped_record
from rbcflow.recordings.network import CellFinder
from rbcflow.recordings.probe import described_or_refused, read_or_refuse
from recordings_inputs import Simulated, draw_recording, write_mp4, write_pictures, write_rtdc

pytestmark = pytest.mark.slow

FRAMES = 26
STEP = 40.0


def coloured(images: np.ndarray) -> np.ndarray:
    """Return (N, H, W, 3) frames as a colour camera with a warm light has them."""
    return (images[..., None] * np.array([1.0, 0.93, 0.82])).round().astype(np.uint8)


def far_away(images: np.ndarray) -> np.ndarray:
    """Return (N, H, W, 3) large colour frames whose cells are about eight pixels long."""
    small = np.stack([cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for image in images])
    level = int(np.median(small[:, 0]))
    frames = np.pad(small, ((0, 0), (60, 76), (0, 0)), constant_values=level)
    rough = np.random.default_rng(3).normal(0, 1.0, frames.shape)
    return coloured((frames + rough).clip(0, 255).astype(np.uint8))


def avi(path: Path, images: np.ndarray) -> Path:
    write_avi(path / "a.avi", images)
    return path / "a.avi"


def mp4(path: Path, images: np.ndarray) -> Path:
    return write_mp4(path / "a.mp4", np.repeat(images[..., None], 3, axis=3))


def colour_pictures(path: Path, images: np.ndarray) -> Path:
    return write_pictures(path / "p", coloured(images)[..., ::-1], "img_{}.jpg")


def sixteen_bits(path: Path, images: np.ndarray) -> Path:
    write_tiff(path / "a.tif", images.astype(np.uint16) * 13 + 900)
    return path / "a.tif"


def imagej(path: Path, images: np.ndarray) -> Path:
    tags = {"axes": "TYX", "unit": "um", "finterval": 0.002}
    tifffile.imwrite(path / "a.tif", images, imagej=True, resolution=(1 / 0.18, 1 / 0.18), metadata=tags)
    return path / "a.tif"


def rtdc(path: Path, images: np.ndarray) -> Path:
    facts = {"imaging__pixel_size": 0.18, "imaging__frame_rate": 500.0}
    return write_rtdc(path / "a.rtdc", images, list(range(len(images))), **facts)


def upright(path: Path, images: np.ndarray) -> Path:
    return write_pictures(path / "p", images.transpose(0, 2, 1))


def inverted(path: Path, images: np.ndarray) -> Path:
    write_avi(path / "a.avi", 255 - images)
    return path / "a.avi"


def every_fourth(path: Path, images: np.ndarray) -> Path:
    write_avi(path / "a.avi", images[::4])
    return path / "a.avi"


def cut_short(path: Path, images: np.ndarray) -> Path:
    write_tiff(path / "a.tif", images)
    (path / "a.tif").write_bytes((path / "a.tif").read_bytes()[:200_000])
    return path / "a.tif"


def small_cells(path: Path, images: np.ndarray) -> Path:
    return write_mp4(path / "a.mp4", far_away(images))


KNOWN = {"pixel_um": 0.18, "fps": 500}
KINDS: dict[str, tuple[Callable[[Path, np.ndarray], Path], dict, str, str]] = {
    "avi": (avi, KNOWN, "usable", "um_s"),
    "mp4": (mp4, {"pixel_um": 0.18}, "usable", "px_frame"),
    "pictures": (lambda path, images: write_pictures(path / "p", images), {}, "usable", "px_frame"),
    "colour_pictures": (colour_pictures, KNOWN, "usable", "um_s"),
    "sixteen_bits": (sixteen_bits, {}, "usable", "px_frame"),
    "imagej": (imagej, {}, "usable", "um_s"),
    "rtdc": (rtdc, {}, "usable", "um_s"),
    "upright": (upright, {}, "usable", "px_frame"),
    "part": (avi, {"roi": (0, 0, 280, 96), "first": 2}, "usable", "px_frame"),
    "not_consecutive": (
        every_fourth,
        {},
        "boxes only",
        "could not be followed: .*(frames are not consecutive|boxes; a flow needs)",
    ),
    "cut_short": (cut_short, {}, "refused", r"a\.tif \(page \d+\): found .*cut short"),
    "contradiction": (rtdc, {"pixel_um": 0.3}, "refused", "column pixel_um.: found 0.3; expected 0.18"),
    "outside": (
        avi,
        {"roi": (0, 0, 900, 96)},
        "refused",
        "column roi.: found 0,0,900,96; expected a part of the frame",
    ),
    "small_cells": (small_cells, {}, "usable", "px_frame"),
    "small_cells_as_they_are": (
        small_cells,
        {"scale": 1},
        "boxes only",
        "not made for such small cells; .* has no box: cells are not found",
    ),
}
"""By name: what writes the file, what the sheet says, the verdict, and unit of speed or reason."""


@pytest.fixture(scope="module")
def finder() -> CellFinder:
    return shipped("starter")


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return draw_recording(frames=FRAMES, step=STEP, seed=2)


@pytest.fixture(scope="module")
def wide() -> Simulated:
    return draw_recording(frames=16, step=STEP, seed=2, width=1600)


def run(finder: CellFinder, row: Recording, folder: Path) -> None:
    """Take one recording through all stages that say something of it."""
    folder.mkdir(parents=True)
    metadata = read_or_refuse(row, "my.tsv")
    (folder / "probe.json").write_text(json.dumps(described_or_refused(row, metadata, "my.tsv")))
    tables, named = (folder / "boxes.parquet", folder / "frames.parquet"), {"detector": "starter", "sha256": "0"}
    if metadata["refused"]:
        detect_nothing(metadata, *tables, **named)
    else:
        detect(metadata | {"scale": row.scale}, finder, *tables, **named, looks=shipped_record("starter").get("looks"))
    stage.link_recording(folder)
    stage.evaluate_recording(folder, alone=False)


@pytest.fixture(scope="module")
def results(finder: CellFinder, simulated: Simulated, wide: Simulated, tmp_path_factory) -> Path:
    """All kinds as one sheet would have them."""
    root = tmp_path_factory.mktemp("kinds")
    for name, (write, facts, _, _) in KINDS.items():
        shown = wide if name.startswith("small") else simulated
        (root / "data" / name).mkdir(parents=True)
        file = write(root / "data" / name, np.stack([image for _, image in shown.images]))
        run(finder, Recording(recording=name, file=str(file), **facts), root / name)
    stage.summarise_recordings([root / name for name in KINDS], root)
    return root


@pytest.fixture(scope="module")
def summary(results: Path) -> pd.DataFrame:
    table = pd.read_csv(results / "summary.csv", keep_default_na=False, na_values={"cells": ""})
    return table.set_index("recording")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_ends_in_results_or_says_why_not(summary: pd.DataFrame, simulated, wide, kind: str):
    _, facts, verdict, words = KINDS[kind]
    row = summary.loc[kind]
    assert row["verdict"] == verdict, row["reasons"]
    if verdict != "usable":
        assert re.search(words, row["reasons"]), row["reasons"]
        assert pd.isna(row["cells"])
        return
    true = (wide if kind.startswith("small") else simulated).true
    if "roi" not in facts:
        assert row["cells"] == pytest.approx(true, abs=max(1, 0.1 * true))
    per_pixel = 0.25 if kind.startswith("small") else 1.0
    expected = 0.95 * STEP * per_pixel * (0.18 * 500 if words == "um_s" else 1)
    assert float(row[f"velocity_{words}"]) == pytest.approx(expected, rel=0.08)


def test_a_recordings_cells_open_in_dclab(results: Path):
    boxes = pd.read_csv(results / "boxes.csv").query("recording == 'rtdc' and not repeated").dropna(subset="cell")
    cells = pd.read_csv(results / "rtdc/cells.csv").set_index("cell")
    with dclab.new_dataset(results / "rtdc/rtdc.rtdc") as stored:
        assert len(stored) == len(boxes) > 20
        assert stored.config["imaging"]["pixel size"] == 0.18
        assert stored.config["imaging"]["frame rate"] == 500
        np.testing.assert_allclose(stored["size_x"], (boxes["x1"] - boxes["x0"]) * 0.18, rtol=1e-5)
        np.testing.assert_allclose(stored["pos_y"], (boxes["y0"] + boxes["y1"]) / 2 * 0.18, rtol=1e-5)
        np.testing.assert_array_equal(stored["frame"], boxes["frame"] + 1)
        np.testing.assert_allclose(stored["userdef3"], cells.loc[boxes["cell"], "velocity_um_s"], rtol=1e-5)
        # the classes of dclab are the scores' names in the alphabet's order
        classes = np.array(["croissant", "other", "slipper"])[np.asarray(stored["ml_class"])]
        assert (classes == boxes["class"]).all()
    # without a pixel size there is no length in micrometres, and none of the format's features
    assert not (results / "pictures/pictures.rtdc").exists()
    assert not (results / "cut_short/cut_short.rtdc").exists()


def test_the_workbook_opens_by_a_second_library(results: Path):
    for sheet in ("summary", "cells", "verdicts", "boxes"):
        table = pd.read_csv(results / f"{sheet}.csv", keep_default_na=False, na_values=[""])
        read = pd.read_excel(
            results / "recordings.xlsx", sheet, engine="calamine", keep_default_na=False, na_values=[""]
        )
        pd.testing.assert_frame_equal(read, table, check_dtype=False, rtol=1e-9)


def test_every_column_of_every_table_is_explained(results: Path):
    files = [path for path in results.rglob("*") if path.suffix in (".csv", ".tsv", ".parquet")]
    assert {path.name for path in files} >= {"boxes.csv", "check.tsv", "frames.parquet", "times.csv", "verdicts.csv"}
    for path in files:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep=None, engine="python")
        described = dictionary.described(table.columns)
        assert described["meaning"].str.len().gt(3).all(), path
    listed = set(pd.read_csv(results / "columns.csv")["column"])
    for name in ("boxes.csv", "cells.csv", "summary.csv", "verdicts.csv", "check.tsv"):
        columns = (results / name).read_text().partition("\n")[0].split("\t" if name.endswith("tsv") else ",")
        assert set(columns) <= listed, name
