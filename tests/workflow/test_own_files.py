"""Hand-made folders in each laboratory's layout, and a download, through the raw rules; no phantom, no training."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import pandas as pd
import pytest
import yaml

from project_copy import copy_project, snakemake
from raw_inputs import CROP, PRESSURE, WRITERS, noise, serving, write_picture, zipped
from rbcflow.sources import manifest, seen
from rbcflow.sources.listing import listed

pytestmark = pytest.mark.slow

RECORDS = [f"measured/raw/{source}/source.json" for source in WRITERS]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with own files of every laboratory."""
    folder = tmp_path_factory.mktemp("own files") / "rbc flow"
    copy_project(folder)
    for source, write in WRITERS.items():
        write(folder / "own" / source)
    return folder


def run(project: Path, targets: list[str], *arguments: str, ok: bool = True, sources: dict | None = None) -> str:
    """Run Snakemake with the own files and return what it printed."""
    scale = {"phantoms": False, "raw": "own", "pathvars": {"results": "measured"}, "sources": sources or {}}
    (project / "own.yaml").write_text(yaml.safe_dump(scale))
    return snakemake(project, *targets, "--configfile", "config/toy.yaml", "own.yaml", *arguments, ok=ok)


def test_only_another_content_changes_what_a_rule_goes_by(tmp_path: Path):
    raw, kept = tmp_path / "raw", tmp_path / "seen.json"
    write_picture(raw / "a.bmp", noise(4, 4))
    first = seen.state(listed(raw), kept)
    seen.keep(listed(raw), manifest.check(listed(raw), tmp_path / "sums"), kept, first)
    os.utime(raw / "a.bmp", (1, 1))
    assert seen.state(listed(raw), kept) == first
    # the new time is kept: the file is not summed again
    assert json.loads(kept.read_text())["files"]["a.bmp"][1] == 10**9
    content = (raw / "a.bmp").read_bytes()
    (raw / "a.bmp").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    changed = seen.state(listed(raw), kept)
    write_picture(raw / "b.bmp", noise(4, 4))
    assert len({first, changed, seen.state(listed(raw), kept)}) == 3


def record(project: Path, source: str) -> dict:
    return json.loads((project / f"measured/raw/{source}/source.json").read_text())


def test_every_layout_is_registered_from_own_files(project: Path):
    cells = [f"measured/cells/{source}/cells.csv" for source in ("nouaman2024", "naples")]
    figures = [f"measured/figures/raw_frames/{source}.png" for source in WRITERS]
    run(project, [*RECORDS, *cells, *figures])
    for source in WRITERS:
        found = record(project, source)
        assert (found["origin"], found["status"], found["skipped"]) == ("raw", "available", [])
        assert found["folder"] == f"measured/raw/{source}/files"
        files = [path for path in (project / "own" / source).rglob("*") if path.is_file()]
        assert found["n_files"] == len(files)
        assert len((project / f"own/{source}.sha256").read_text().splitlines()) == len(files)
    # the two polygons are cells too small to keep; both stand in the table with the reason
    table = pd.read_csv(project / cells[0])
    assert (table.method == "polygon").sum() == 2
    assert set(table.loc[table.method == "segmented_crop", "recording"]) == {"slipper/12_8_0300mbar"}


def test_touched_files_rerun_nothing(project: Path):
    for path in (project / "own").rglob("*"):
        if path.is_file():
            os.utime(path)
    (project / "own/naples/.DS_Store").write_bytes(b"Bud1")
    (project / "own/naples/notes.txt").write_text("no data")
    cells = [f"measured/cells/{source}/cells.csv" for source in ("nouaman2024", "naples")]
    assert "Nothing to be done" in run(project, [*RECORDS, *cells], "--dry-run")


def test_bad_files_stop_with_all_their_names_or_are_left_out(project: Path):
    crops = [project / "own/kihm2018" / name for name in ("Slipper/a.bmp", "Croissant/a.bmp")]
    whole = [crop.read_bytes() for crop in crops]
    # the sums of the whole files
    run(project, RECORDS)
    manifest = (project / "own/kihm2018.sha256").rename(project / "kihm2018.kept")
    for crop, content in zip(crops, whole, strict=True):
        crop.write_bytes(content[:1000])
    try:
        printed = run(project, RECORDS, ok=False)
        assert "2 bad files" in printed
        assert "Slipper/a.bmp: found no readable picture" in printed
        assert "Croissant/a.bmp: found no readable picture" in printed

        printed = run(project, RECORDS, sources={"kihm2018": {"bad_files": "skip"}})
        assert "kihm2018: 2 files are left out as bad" in printed
        found = record(project, "kihm2018")
        assert [one["file"] for one in found["skipped"]] == ["Croissant/a.bmp", "Slipper/a.bmp"]
        assert (found["folder"], found["n_files"]) == ("measured/raw/kihm2018/files", 1)
        link = project / found["folder"] / "Slipper/b.bmp"
        assert link.is_symlink()
        assert link.read_bytes() == (project / "own/kihm2018/Slipper/b.bmp").read_bytes()
        assert "Slipper/a.bmp" in (project / "measured/logs/register_raw/kihm2018.log").read_text()
    finally:
        for crop, content in zip(crops, whole, strict=True):
            crop.write_bytes(content)
        manifest.replace(project / "own/kihm2018.sha256")


def test_supporting_files_come_from_their_address_and_are_compared_ever_after(project: Path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (project / "own/kihm2018.sha256").unlink(missing_ok=True)
    target = "measured/raw/kihm2018/source.json"
    member = f"S3/CNN input data/{PRESSURE}/Slippers/a.bmp"
    served = {"/s3": (zipped({member: CROP}), 0)}
    with serving(served) as url:
        sources = {"kihm2018": {"access": "url", "url": f"{url}/s3"}}
        run(project, [target], sources=sources)
        found = record(project, "kihm2018")
        assert (found["origin"], found["n_files"], found["folder"]) == ("raw", 1, "measured/raw/kihm2018/good")
        assert f"CNN input data/{PRESSURE}/Slippers/a.bmp" in (project / "own/kihm2018.sha256").read_text()

        served["/s3"] = (zipped({member: cv2.imencode(".bmp", 255 - noise(90, 90))[1].tobytes()}), 0)
        printed = run(project, [target], "--force", sources=sources, ok=False)
        assert "Slippers/a.bmp: found changed content" in printed

        served.clear()
        printed = run(project, [target], "--force", sources=sources, ok=False)
        assert f"InputError: {url}/s3: found no download (Not Found)" in printed
        assert "unpack the file into own/kihm2018/ and set `access: local`" in printed
