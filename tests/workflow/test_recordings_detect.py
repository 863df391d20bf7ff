"""Detection over a recording: one box an object, tiles, the factor, tables in groups, and the whole way."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from project_copy import PROJECT, snakemake
from raw_inputs import write_avi
from rbcflow.config.recordings import Recording
from rbcflow.core.errors import InputError
from rbcflow.detector.fitting import SHIPPED, Learned
from rbcflow.recordings import detect, network, scales
from rbcflow.recordings.detect import read_record
from rbcflow.recordings.network import CORNERS, CellFinder, meaning, once, tiles
from rbcflow.recordings.probe import probe
from rbcflow.runtime.provenance import sha256
from recordings_inputs import draw_recording
from tiny_yolo import save, scene, toy_network


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def finder(config) -> CellFinder:
    toy = toy_network(config).float()
    import torch

    torch.set_num_threads(1)
    return CellFinder(toy, ("croissant", "slipper", "other"))


def test_an_object_gets_one_box_by_the_sum_of_its_scores(config):
    import torch

    class Fixed(torch.nn.Module):
        """A network with three candidates: two on one object, the surer class on the worse one, and one too weak."""

        stride = torch.tensor([32.0])

        def __init__(self) -> None:
            super().__init__()
            self.nothing = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            rows = [
                # centre, width, height, then croissant, slipper, other
                [32, 32, 20, 10, 0.40, 0.35, 0.05],
                [33, 32, 20, 10, 0.05, 0.60, 0.00],
                [10, 10, 8, 8, 0.10, 0.10, 0.04],
            ]
            return torch.tensor(rows).T[None].repeat(len(images), 1, 1)

    found = CellFinder(Fixed(), ("croissant", "slipper", "other")).find([np.zeros((64, 64), np.uint8)], 1.0)[0]
    assert len(found) == 1
    row = found.iloc[0]
    assert row["class"] == "croissant"
    np.testing.assert_allclose(row[["conf", "cell", "p_croissant", "p_slipper", "p_other"]].astype(float),
                               [0.40, 0.80, 0.40, 0.35, 0.05], atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(row[list(CORNERS)].astype(float), [22, 27, 42, 37], atol=1e-5)
    # a detector of one class knows no shapes: no shares, not shares of zero
    one = CellFinder(Fixed(), ("slipper", "cell", "croissant"))
    assert one.find([np.zeros((64, 64), np.uint8)], 1.0)[0]["p_other"].isna().all()


@pytest.mark.slow
def test_boxes_come_back_from_the_factor(finder: CellFinder):
    image = scene(64, 96)
    plain, doubled = finder.find([image], 1.0)[0], finder.find([image], 2.0)[0]
    assert len(plain) and len(doubled)
    for found in (plain, doubled):
        assert found[["x0", "y0"]].min().min() >= 0
        assert found["x1"].max() <= 96
        assert found["y1"].max() <= 64
        assert found["cell"].is_monotonic_decreasing


@pytest.mark.parametrize("size", [(400, 80), (1280, 1024), (4000, 300), (641, 1700)])
def test_tiles_cover_a_frame_once(size: tuple[int, int]):
    width, height = size
    owned = np.zeros((height, width), int)
    for tile in tiles(width, height):
        x0, y0, x1, y1 = tile.core
        owned[y0:y1, x0:x1] += 1
        assert tile.seen[0] == max(0, x0 - network.MARGIN) or len(tiles(*size)) == 1
        assert (tile.seen[2] - tile.seen[0]) * (tile.seen[3] - tile.seen[1]) <= max(network.TILED, 900**2)
    assert (owned == 1).all()
    assert (len(tiles(*size)) == 1) is (width * height <= network.TILED)


def test_boxes_of_two_tiles_are_one():
    rows = np.array([[0, 0, 10, 10, 0.5, 0], [1, 0, 11, 10, 0.9, 0], [20, 0, 30, 10, 0.7, 0]], float)
    assert once(rows)[:, 4].tolist() == [0.9, 0.7]
    assert len(once(rows[:0])) == 0


@pytest.mark.parametrize(
    ("own", "classes", "names"),
    [
        (["Parachute", "slipper", "rolling"], {}, ("croissant", "slipper", "other")),
        (["0", "1"], {"0": "slipper", "1": "croissant"}, ("slipper", "croissant")),
        (["rbc"], {}, ("cell",)),
        (["rbc"], {"rbc": "slipper"}, ("slipper",)),
    ],
)
def test_names_of_classes(own: list[str], classes: dict, names: tuple):
    assert meaning(Path("x.pt"), own, classes) == names


def test_a_class_that_nobody_explains_is_named():
    with pytest.raises(InputError, match=r"x.pt \(class names\).*'echinocyte'.*`detector_classes`"):
        meaning(Path("x.pt"), ["slipper", "echinocyte"], {})
    with pytest.raises(InputError, match=r"detector_classes for 'rolling'; expected some of slipper, disc"):
        meaning(Path("x.pt"), ["slipper", "disc"], {"rolling": "other"})


@dataclass
class Sized:
    """A finder of cells of one size that sees those that are, as it sees them, large enough."""

    true: float
    learned: Learned = SHIPPED
    asked: list[float] = field(default_factory=list)

    def find(self, images: list[np.ndarray], scale: float) -> list[pd.DataFrame]:
        self.asked.append(scale)
        rows = [(0.8, 0, 0, self.true, self.true)] * 2 if self.true * scale >= 10 else []
        return [pd.DataFrame(rows, columns=["cell", *CORNERS]) for _ in images]


@pytest.mark.parametrize(
    ("true", "facts", "factor", "source", "asked"),
    [
        (30, {}, 1.0, "native", [1]),
        (50, {}, 0.68, "fitted", [0.68, 1]),
        (9, {}, 3.778, "fitted", [1, 2, 3.778]),
        (2, {}, 1.0, "native", [1, 2]),
        # what the sheet says comes first, then the size of a pixel: 7.2 um / 0.1 um are 72 px
        (50, {"scale": 2, "pixel_um": 0.1}, 2.0, "sheet", []),
        (50, {"pixel_um": 0.1}, 0.472, "pixel size", []),
        (50, {"pixel_um": 0.2}, 1.0, "native", []),
    ],
)
def test_cells_are_brought_to_the_size_of_the_training(
    tmp_path: Path, true: float, facts: dict, factor: float, source: str, asked: list
):
    write_avi(tmp_path / "a.avi", np.zeros((20, 32, 32), np.uint8))
    finder = Sized(true)
    chosen = scales.choose(probe(Recording(recording="a", file=str(tmp_path / "a.avi"), **facts), "s"), finder)
    assert (chosen.factor, chosen.source) == (pytest.approx(factor, abs=1e-3), source)
    assert sorted(set(finder.asked)) == asked


@pytest.mark.slow
def test_tables_are_written_in_groups_and_say_how_they_were_made(finder: CellFinder, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(detect, "GROUP", 5)
    images = np.stack([scene(64, 96, seed=number) for number in range(12)])
    write_avi(tmp_path / "a.avi", images)
    row = Recording(recording="a", file=str(tmp_path / "a.avi"), roi=(16, 8, 80, 56), first=1, scale=1)
    known = probe(row, "s")
    boxes, frames = tmp_path / "boxes.parquet", tmp_path / "frames.parquet"
    detect.detect(known, finder, boxes, frames, detector="toy", sha256="0" * 64)
    found, seen = pd.read_parquet(boxes), pd.read_parquet(frames)
    assert pq.ParquetFile(frames).num_row_groups == 3
    assert list(found.columns) == ["frame", "class", "conf", "cell", "p_croissant", "p_slipper", "p_other", *CORNERS]
    assert seen["frame"].tolist() == list(range(1, 12))
    # boxes stand in the frame as it was recorded, inside its region of interest
    assert len(found) and found["x0"].min() >= 16 and found["x1"].max() <= 80
    assert found["y0"].min() >= 8 and found["y1"].max() <= 56
    direct = finder.find([images[3, 8:56, 16:80]], 1.0)[0]
    own = found[found["frame"] == 3]
    np.testing.assert_allclose(own["x0"], direct["x0"] + 16, atol=1e-3)
    part = images[3, 8:56, 16:80]
    assert seen["mean"].iloc[2] == pytest.approx(part.mean())
    assert seen["saturated"].iloc[2] == pytest.approx(((part == 0) | (part == 255)).mean())
    record = read_record(boxes)
    expected = {"recording": "a", "detector": "toy", "sha256": "0" * 64, "input": "grey", "scale": 1.0, "frames": 11,
                "boxes": len(found), "least_cell": 0.25, "digest": known["digest"],
                "fit": scales.choose(known, finder).as_dict()}  # fmt: skip
    assert expected.items() <= record.items()
    assert record["frames_per_second"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 5])
def test_workers_change_no_box_and_no_order(finder: CellFinder, tmp_path: Path, monkeypatch, workers: int):
    monkeypatch.setattr(scales, "BATCH", 2)
    write_avi(tmp_path / "a.avi", np.stack([scene(64, 96, seed=number) for number in range(11)]))
    known = probe(Recording(recording="a", file=str(tmp_path / "a.avi"), scale=1), "s")
    tables = []
    for count in (1, workers):
        files = tmp_path / f"b{count}.parquet", tmp_path / f"f{count}.parquet"
        detect.detect(known, finder, *files, detector="toy", sha256="", workers=count)
        tables.append([pd.read_parquet(file) for file in files])
    assert len(tables[0][0])
    for one, several in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, several)
    assert tables[1][1]["frame"].tolist() == list(range(11))


@pytest.mark.slow
def test_repeated_frames_have_one_digest_and_a_changed_recording_is_refused(finder: CellFinder, tmp_path: Path):
    images = np.stack([scene(32, 32, seed=seed) for seed in (0, 1, 1, 2)])
    write_avi(tmp_path / "a.avi", images)
    known = probe(Recording(recording="a", file=str(tmp_path / "a.avi"), scale=1), "s")
    files = tmp_path / "b.parquet", tmp_path / "f.parquet"
    detect.detect(known, finder, *files, detector="toy", sha256="")
    digests = pd.read_parquet(files[1])["digest"].tolist()
    assert digests[1] == digests[2]
    assert len(set(digests)) == 3
    write_avi(tmp_path / "a.avi", images[:3])
    with pytest.raises(InputError, match="found 3 frames; expected 4, as when it was probed"):
        detect.detect(known, finder, *files, detector="toy", sha256="")
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_a_checkpoint_is_verified_before_it_is_opened(config, tmp_path: Path):
    path = save(toy_network(config, names=("rbc",)), tmp_path / "one.pt")
    found = network.load_finder(path, sha256(path), {}, threads=1)
    assert found.classes == ("cell",)
    with pytest.raises(InputError, match="changed or damaged"):
        network.load_finder(path, "0" * 64, {}, threads=1)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The project as a fresh clone, and a simulated recording outside of it; no result of anything else is there."""
    root = tmp_path_factory.mktemp("own")
    listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(["git", *listed], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).is_file() and not name.startswith("tests/"):
            (root / "project" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, root / "project" / name)
    simulated = draw_recording(frames=30)
    (root / "data").mkdir()
    write_avi(root / "data" / "Donor A 20 mbar.avi", np.stack([image for _, image in simulated.images]))
    (root / "data" / "cut.avi").write_bytes((root / "data" / "Donor A 20 mbar.avi").read_bytes()[:60_000])
    sheet = "recording\tfile\tpixel_um\tfps\tcondition\na\tDonor A 20 mbar.avi\t0.18\t500\t20 mbar\n"
    (root / "data" / "recordings.tsv").write_text(sheet)
    return root


def run(clone: Path, *arguments: str, ok: bool = True) -> str:
    return snakemake(clone / "project", *arguments, ok=ok)


@pytest.mark.slow
def test_one_command_on_a_fresh_clone(clone: Path):
    sheet = clone / "data/recordings.tsv"
    whole = sheet.read_text()
    # a broken file stops no other; the command says so, and ends with another status than 0
    sheet.write_text(f"{whole}cut\tcut.avi\t\t\t\n")
    printed = run(clone, "recordings", "--config", f"recordings={sheet}", ok=False)
    sheet.write_text(whole)
    results = clone / "project/results/recordings"
    assert "1 of 2 usable, 1 of 2 refused.\n1 could not be read as the sheet says (cut)" in printed
    reason = pd.read_csv(results / "summary.csv").set_index("recording").loc["cut", "reasons"]
    assert "cut.avi (frame " in reason and "cut short" in reason and reason in (results / "index.html").read_text()
    assert "Your recordings:\n  a (30 frames)" in printed
    assert "Open results/recordings/index.html" in printed
    assert json.loads((results / "a/probe.json").read_text())["n_frames"] == 30
    record = read_record(results / "a/boxes.parquet")
    assert (record["detector"], record["frames"]) == ("universal", 30)
    # it learned from simulated cells such as these: nearly every one of them has its box
    boxes = pd.read_parquet(results / "a/boxes.parquet")
    assert boxes.groupby("frame").size().median() >= 2
    for name in ("index.html", "recordings.xlsx", "summary.csv", "check.tsv", "a/overlay.mp4", "a/kymograph.png"):
        assert (results / name).stat().st_size > 0, name
    # nothing of the rebuild was made
    assert sorted(path.name for path in (clone / "project/results").iterdir()) == ["benchmarks", "logs", "recordings"]


@pytest.mark.slow
def test_a_changed_condition_finds_no_cell_anew(clone: Path):
    sheet = clone / "data/recordings.tsv"
    sheet.write_text(sheet.read_text().replace("20 mbar\n", "25 mbar\n"))
    planned = run(clone, "-n", "recordings", "--config", f"recordings={sheet}")
    assert "probe_recording" in planned
    assert "summarise_recordings" in planned
    assert "detect_recording" not in planned
    sheet.write_text(sheet.read_text().replace("fps\tcondition", "fps\tscale").replace("25 mbar\n", "1.3\n"))
    assert "detect_recording" in run(clone, "-n", "recordings", "--config", f"recordings={sheet}")


@pytest.mark.slow
def test_one_recording_without_a_sheet_is_named_after_its_file(clone: Path):
    asked = [f"recording={clone}/data/Donor A 20 mbar.avi", "pixel_um=0.18", "fps=500", "detector=starter"]
    planned = run(clone, "-n", "recordings", "--config", *asked)
    assert "results/recordings/donor_a_20_mbar/metadata.json" in planned


@pytest.mark.slow
def test_nothing_to_do_is_said(clone: Path):
    # a detector alone is no recording either
    printed = run(clone, "-n", "recordings", "--config", "detector=mine", ok=False)
    assert "No recording is named" in printed and "recordings=my/recordings.tsv" in printed, printed[-2000:]
