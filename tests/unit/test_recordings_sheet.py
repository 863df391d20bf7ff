"""The sheet of recordings: what spreadsheets make of it is read; what is wrong is named with line and column."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from project_copy import PROJECT, snakemake
from rbcflow.config import load
from rbcflow.config.config import Config
from rbcflow.core.errors import InputError
from rbcflow.recordings.detectors import chosen
from rbcflow.recordings.folder import main, write_sheet
from rbcflow.recordings.sheet import COLUMNS, read_sheet, recordings_of, slug
from rbcflow.runtime.provenance import sha256


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.avi", "b c.avi", "Donor A 20 mbar.avi"):
        (tmp_path / name).write_bytes(b"no video, but there")
    return tmp_path


def sheet_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "recordings.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_all_columns_are_read(folder: Path):
    row = ["a", "a.avi", "0.2645", "500", "20 mbar", "20", "0.06", "3", "20", '"10,0,300,80"', "left", "5", "99", "1.5"]
    read = read_sheet(sheet_of(folder, "\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n"))["a"]
    assert read.file == str(folder / "a.avi")
    assert (read.pixel_um, read.fps, read.pressure_mbar, read.flow_ul_s, read.channel_um) == (0.2645, 500, 20, 0.06, 20)
    assert (read.condition, read.donor, read.flow) == ("20 mbar", "3", "left")
    assert (read.roi, read.first, read.last, read.scale) == ((10, 0, 300, 80), 5, 99, 1.5)


PLAIN = "recording\tfile\tfps\na\ta.avi\t500\nb\tb c.avi\t\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        # empty columns and rows that a spreadsheet leaves behind
        "recording\tfile\tfps\t\t\na\ta.avi\t500\t\t\n\t\t\t\t\nb\tb c.avi\t\t\t\n\t\t\t\t\n\t\t\t\t\n",
        'recording\tfile\tfps\n"a"\t"a.avi"\t500\nb\t"b c.avi"\n',
        "recording \t file\tfps\n a\ta.avi \t 500\nb\tb c.avi\t\n",
        "# of Tuesday\n" + PLAIN + "# c\tbroken.avi\t\n",
        PLAIN.replace("\t", ";").replace("\n", "\r\n").encode("utf-8-sig"),
        PLAIN.replace("\t", ","),
    ],
    ids=["plain", "bom", "utf-16", "crlf", "no newline", "empty cells", "quotes", "blanks", "put aside", "semicolons",
         "commas"],
)  # fmt: skip
def test_what_spreadsheets_write_is_read(folder: Path, content: str | bytes):
    read = read_sheet(sheet_of(folder, content))
    assert {name: (Path(row.file).name, row.fps) for name, row in read.items()} == {
        "a": ("a.avi", 500.0),
        "b": ("b c.avi", None),
    }


HEAD = "recording\tfile\tpixel_um\tfps\troi\tfirst\tlast\tflow\tscale\n"
WRONG = {
    "empty": ("", ["line 1", "an empty file"]),
    "header alone": (HEAD, ["line 2", "no recording"]),
    "workbook": (b"PK\x03\x04rest", ["a workbook", "CSV UTF-8"]),
    "latin-1": ("recording\tfile\nb\u00f6\ta.avi\n".encode("latin-1"), ["line 2", "UTF-8"]),
    "zero byte": ("recording\tfile\na\ta\0.avi\n", ["line 2", "zero byte"]),
    "unknown column": ("recording\tfile\tpixelsize\na\ta.avi\t1\n", ["line 1", "'pixelsize'", "pixel_um"]),
    "case of a column": (
        "Recording\tfile\na\ta.avi\n",
        ["line 1", "'Recording'", "expected 'recording', perhaps: one of"],
    ),
    "column twice": ("recording\tfile\tfile\na\ta.avi\ta.avi\n", ["line 1", "'file' twice"]),
    "no file column": ("recording\tfps\na\t500\n", ["line 1", "the column file"]),
    "no name": (HEAD + "\ta.avi\n", ["line 2, column recording", "an empty cell"]),
    "no file": (HEAD + "a\n", ["line 2, column file", "an empty cell"]),
    "name with a slash": (HEAD + "a/b\ta.avi\n", ["line 2, column recording", "'a/b'", "it becomes a folder"]),
    "name that is a way up": (HEAD + "..\ta.avi\n", ["line 2, column recording", "'..'"]),
    "name twice": (HEAD + "a\ta.avi\n\nA\tb c.avi\n", ["line 4, column recording", "'A', as in line 2"]),
    "absent file": (HEAD + "a\tgone.avi\n", ["line 2, column file", "'gone.avi'", "there is no"]),
    "backslash": (HEAD + "a\tx\\a.avi\n", ["line 2, column file", "separated by /"]),
    "variable": (HEAD + "a\t$RBC_NOT_SET/a.avi\n", ["line 2, column file", "$RBC_NOT_SET is not"]),
    "decimal comma": (HEAD + "a\ta.avi\t0,26\n", ["line 2, column pixel_um", "'0,26'", "a point, not a comma"]),
    "unit": (HEAD + "a\ta.avi\t\t500 Hz\n", ["line 2, column fps", "'500 Hz'", "a number"]),
    "zero": (HEAD + "a\ta.avi\t0\n", ["line 2, column pixel_um", "'0'", "greater than or equal to 0.01"]),
    "no number": (HEAD + "a\ta.avi\tnan\n", ["line 2, column pixel_um", "'nan'", "finite"]),
    "half a frame": (HEAD + "a\ta.avi\t\t\t\t1.5\n", ["line 2, column first", "'1.5'", "a whole number"]),
    "last before first": (HEAD + "a\ta.avi\t\t\t\t9\t3\n", ["line 2, column last", "'3'", "`first`, which is 9"]),
    "three corners": (HEAD + "a\ta.avi\t\t\t1,2,3\n", ["line 2, column roi", "'1,2,3'", "x0,y0,x1,y1"]),
    "corners swapped": (HEAD + "a\ta.avi\t\t\t30,0,10,9\n", ["line 2, column roi", "'30,0,10,9'", "x0 < x1"]),
    "direction": (HEAD + "a\ta.avi\t\t\t\t\t\tsideways\n", ["line 2, column flow", "'sideways'", "'right'"]),
    "scale": (HEAD + "a\ta.avi\t\t\t\t\t\t\t99\n", ["line 2, column scale", "'99'", "10"]),
    "cell without a column": (HEAD + "a\ta.avi" + "\t" * 8 + "note\n", ["line 2, column 10", "'note'"]),
    "quote": (HEAD + 'a\t"a.avi\n', ["line 2", "quote"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(folder: Path, case: str):
    content, parts = WRONG[case]
    path = sheet_of(folder, content)
    with pytest.raises(InputError) as caught:
        read_sheet(path)
    message = str(caught.value)
    assert all(part in message for part in [str(path), *parts]), message


def test_files_are_found_from_the_sheet_the_home_folder_and_variables(folder: Path, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("RBC_DATA", str(folder))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (folder / "my").mkdir()
    sheet = sheet_of(
        folder / "my", "recording\tfile\na\t../a.avi\nb\t~/a.avi\nc\t$RBC_DATA/a.avi\nd\t${RBC_DATA}/a.avi\n"
    )
    assert {Path(row.file).resolve() for row in read_sheet(sheet).values()} == {folder.resolve() / "a.avi"}


@pytest.mark.parametrize(
    ("text", "name"),
    [("Donor A 20 mbar", "donor_a_20_mbar"), ("Größe 5µm", "grosse_5um"), ("x-1", "x-1"), ("...", "recording")],
)
def test_names_from_files(text: str, name: str):
    assert slug(text.replace("ß", "ss")) == name


def test_one_recording_from_the_command_line(folder: Path):
    config = {"recording": str(folder / "Donor A 20 mbar.avi"), "pixel_um": 0.2645, "fps": 500, "condition": 20,
              "roi": "0,0,10,5"}  # fmt: skip
    (row,) = recordings_of(Config(**config)).values()
    assert (row.recording, row.pixel_um, row.condition, row.roi) == ("donor_a_20_mbar", 0.2645, "20", (0, 0, 10, 5))


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({"recording": "x", "recordings": "y"}, ["one of the two"]),
        ({"fps": 500}, ["fps without a recording", "key fps"]),
        ({"recordings": "y.tsv", "fps": 500}, ["fps beside a sheet", "a column fps in y.tsv"]),
        ({"recording": "gone.avi"}, ["key recording", "'gone.avi'"]),
        ({"recordings": "gone.tsv"}, ["gone.tsv", "no such file"]),
    ],
)
def test_a_wrong_configuration_is_named(config: dict, parts: list[str]):
    with pytest.raises(InputError) as caught:
        recordings_of(Config(**config))
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_no_recording_is_asked_for_by_default():
    assert recordings_of(Config()) == {}


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"pixel_um": "wide"}, ["pixel_um", "'wide'"]),
        ({"fps": True}, ["fps"]),
        ({"roi": "1,2"}, ["roi", "x0,y0,x1,y1"]),
        ({"detector_classes": {"rbc": "erythrocyte"}}, ["detector_classes", "'erythrocyte'", "cell"]),
        ({"detector_sha256": "abc"}, ["detector_sha256"]),
    ],
)
def test_wrong_keys_of_recordings_are_named(change: dict, parts: list[str], monkeypatch):
    monkeypatch.chdir(PROJECT)
    with pytest.raises(InputError) as caught:
        load(yaml.safe_load((PROJECT / "config/config.yaml").read_text()) | change)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.slow
def test_a_wrong_sheet_ends_before_the_graph_of_jobs(folder: Path):
    sheet = sheet_of(folder, HEAD + "a\ta.avi\t0,26\n")
    printed = snakemake(PROJECT, "-n", "recordings", "--config", f"recordings={sheet}", ok=False)
    assert f"{sheet} (line 2, column pixel_um): found '0,26'" in printed
    assert "Traceback" not in printed
    assert "Building DAG" not in printed


def test_a_folder_becomes_a_sheet_and_what_was_filled_in_stays(folder: Path):
    for name in ("deep/c.TIF", "pictures/1.png", "pictures/2.png", "deep/a.avi", ".hidden/x.avi", "notes.txt",
                 "odd/setup.png", "odd/y.nd2", "odd/z.zip"):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    sheet = folder / "my" / "recordings.tsv"
    (folder / "gone.avi").symlink_to("nowhere")
    passed = ["gone.avi", "odd/setup.png", "odd/y.nd2", "odd/z.zip"]
    assert write_sheet(folder, sheet) == (6, passed)
    names = {name: Path(row.file).relative_to(folder).as_posix() for name, row in read_sheet(sheet).items()}
    assert names == {
        "a": "a.avi", "b_c": "b c.avi", "a_2": "deep/a.avi", "c": "deep/c.TIF",
        "donor_a_20_mbar": "Donor A 20 mbar.avi", "pictures": "pictures",
    }  # fmt: skip
    lines = sheet.read_text().splitlines()
    assert lines[0].split("\t") == list(COLUMNS)
    filled = [line.replace("a.avi\t", "a.avi\t0.25", 1) if line.startswith("a\t") else line for line in lines]
    filled = [f"#{line}" if line.startswith("pictures") else line for line in filled]
    sheet.write_text("\n".join(filled) + "\n")
    (folder / "z.mp4").write_bytes(b"")
    assert write_sheet(folder, sheet) == (1, passed)
    again = read_sheet(sheet)
    assert (again["a"].pixel_um, list(again)[-1], "pictures" in again) == (0.25, "z", False)
    assert write_sheet(folder, sheet)[0] == 0


def test_tiffs_of_one_frame_are_pictures_and_links_are_followed(tmp_path: Path, capsys):
    for name, frames in (("frames/f1.tif", 1), ("frames/f2.tif", 1), ("stacks/s1.tif", 1), ("stacks/s2.tif", 3)):
        (tmp_path / "away" / name).parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(tmp_path / "away" / name, np.zeros((frames, 20, 30), np.uint8), photometric="minisblack")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/linked").symlink_to(tmp_path / "away")
    # two links that lead to each other lead nowhere
    (tmp_path / "here/loop").symlink_to("pool")
    (tmp_path / "here/pool").symlink_to("loop")
    (tmp_path / "here/fast.cine").write_bytes(b"")
    (tmp_path / "here/one.png").write_bytes(b"")
    (tmp_path / "here/array.npy").write_bytes(b"")
    sheet = tmp_path / "s.tsv"
    assert main([str(tmp_path / "here"), str(sheet)]) == 0
    files = [Path(row.file).relative_to(tmp_path / "here").as_posix() for row in read_sheet(sheet).values()]
    assert files == ["fast.cine", "linked/frames", "linked/stacks/s1.tif", "linked/stacks/s2.tif"]
    printed = capsys.readouterr().out
    passed = "Passed over: array.npy, loop, one.png, pool."
    assert f"{passed} They are no recording that is read here, or one picture alone." in printed
    assert "4 more recordings" in printed


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        ("a\ta.avi\t2.645", ["column pixel_um", "2.645", "less than or equal to 1"]),
        ("a\ta.avi\t264.5", ["column pixel_um", "264.5", "less than or equal to 1"]),
        ("a\tgone.avi\t", ["column file", "a # before the line leaves it out"]),
        (f"a\t{'x' * 300}.avi\t", ["column file", "File name too long"]),
    ],
)
def test_what_people_write_into_a_sheet_is_named(folder: Path, cells: str, parts: list[str]):
    with pytest.raises(InputError) as caught:
        read_sheet(sheet_of(folder, f"recording\tfile\tpixel_um\n{cells}\n"))
    assert all(part in str(caught.value) for part in ["line 2", *parts]), str(caught.value)


def test_a_sheet_in_windows_own_alphabet_says_how_to_save_it(folder: Path):
    sheet = folder / "latin.tsv"
    sheet.write_bytes("recording\tfile\tcondition\na\ta.avi\t20 µl/s\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"line 2.*not UTF-8.*Save as: CSV UTF-8"):
        read_sheet(sheet)


def test_a_folder_without_recordings_is_named(tmp_path: Path, capsys):
    (tmp_path / "notes.txt").write_bytes(b"")
    assert main([str(tmp_path), str(tmp_path / "s.tsv")]) == 1
    assert f"{tmp_path}: found no recording" in capsys.readouterr().err


@pytest.fixture
def in_project(monkeypatch):
    monkeypatch.chdir(PROJECT)


def test_shipped_detectors_are_named(in_project):
    detector = chosen(Config())
    assert (detector.path, detector.made) == ("resources/universal/yolo11n-universal.pt", False)
    assert chosen(Config(detector="starter")).path == "resources/starter/yolo11n-starter.pt"
    assert len(detector.sha256) == 64
    assert chosen(Config(detector="yolo11s.pt")).made


def test_a_detector_of_ones_own_needs_its_sum(in_project, tmp_path: Path):
    own = tmp_path / "own.pt"
    own.write_bytes(b"weights")
    with pytest.raises(
        InputError, match=r"found 'mine'; expected one of .*starter.*, or the target `retrain`"
    ) as caught:
        chosen(Config(detector="mine"))
    assert "cpsam" not in str(caught.value), "a network that outlines is no detector"
    digest = "0" * 64
    with pytest.raises(InputError, match=r"without its sha256; expected detector_sha256=[0-9a-f]{64}, if you trust"):
        chosen(Config(detector=str(own)))
    assert chosen(Config(detector=str(own), detector_sha256=digest)).sha256 == digest


def test_a_retrained_detector_that_was_not_kept_is_named_as_such(in_project, tmp_path: Path):
    card = tmp_path / "detectors/mine/README.md"
    card.parent.mkdir(parents=True)
    card.write_text("Not kept\n")
    with pytest.raises(InputError, match=r"'mine', which was trained but is not better, so it was not kept \(.*README"):
        chosen(Config(detector="mine", pathvars={"results": str(tmp_path)}))


def test_a_retrained_detector_is_found_by_its_name(in_project, tmp_path: Path):
    best = tmp_path / "detectors/mine/weights/best.pt"
    best.parent.mkdir(parents=True)
    best.write_bytes(b"weights")
    files = {"weights/best.pt": {"sha256": sha256(best), "state_sha256": "0"}}
    record = best.parent.parent / "training.json"
    record.write_text(json.dumps({"files": files, "cells": {"side_seen_px": 21.5}}))
    detector = chosen(Config(detector="mine", pathvars={"results": str(tmp_path)}))
    assert (detector.path, detector.sha256, detector.learned.side) == (str(best), sha256(best), 21.5)


def test_a_path_that_would_be_a_wildcard_is_named(folder: Path):
    (folder / "{x}.avi").write_bytes(b"")
    (folder / "own.tsv").write_text(HEAD + "a\t{x}.avi\n")
    with pytest.raises(InputError, match=r"line 2, column file\): found .*\{x\}\.avi.*without \{ and \}"):
        read_sheet(folder / "own.tsv")
