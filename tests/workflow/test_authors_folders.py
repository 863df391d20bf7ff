"""The preprint's authors' folders as they lie are read whole, and `config/paper.yaml` plans its way with them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

import authors_tree
from project_copy import PROJECT, snakemake
from rbcflow.cells.bank import write_bank
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.sources import layouts, skipping

SOURCES = yaml.safe_load((PROJECT / "config/sources.yaml").read_text())


def documented() -> str:
    """Return the configuration that `docs/own-data.md` gives for these folders."""
    text = (PROJECT / "docs/own-data.md").read_text(encoding="utf-8")
    [found] = [block for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S) if "data/2018_plos" in block]
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the authors' folders in it."""
    folder = tmp_path_factory.mktemp("authors") / "rbc flow"
    for name in ("config", "paper", "profiles", "resources", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__", *(["raw"] if name == "resources" else []))
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in ("Snakefile", "environment.yml", "CITATION.cff"):
        shutil.copy2(PROJECT / name, folder / name)
    authors_tree.write(folder / "data", folder.parent / "simulated")
    (folder / "authors.yaml").write_text(documented())
    return folder


def test_every_file_is_read_or_ignored(project: Path, tmp_path: Path):
    for source, overrides in yaml.safe_load(documented())["sources"].items():
        reading_options = {key: {**SOURCES[source], **overrides}.get(key, []) for key in ("take", "ignore")}
        links = tmp_path / source
        found = skipping.accept(source, project / overrides["path"], links, "stop", **reading_options,
                                without_polygons="leave_out")  # fmt: skip
        data = {name for name in found.listing.data if not name.endswith(".json")}
        assert data == set(found.arrangement.places.values()) - {"saarland/annotations/result.json"}
        assert sum(one["files"] for one in found.ignored) == len(found.listing.ignored) > 0, source
    reader = layouts.READERS["nouaman2024"]
    links = tmp_path / "nouaman2024"
    assert reader.recordings(links)[3] == "blood_donor_2/second day/0200mbar_1"
    assert {frame.recording for frame in reader.annotated_frames(links)} == set(reader.recordings(links))
    assert "raw_crops/2024_nouaman_raw/Sheared/0300mbar" in reader.raw_crop_recordings(links)
    cells = write_bank(tmp_path / "bank", cut_cells(["segmented_crop"], Job("nouaman2024", "s", links)))
    # cut to the cell's own box, nothing of it is cut off; nothing tells which of them belong together
    assert (len(cells), cells["kept"].all(), cells["group"].nunique()) == (6, True, 6)
    assert cells["recording"].value_counts().to_dict() == {"croissant": 3, "slipper": 3}


@pytest.mark.slow
def test_the_papers_configuration_plans_its_way(project: Path):
    planned = snakemake(project, "--dry-run", "--configfile", "config/paper.yaml", "authors.yaml")
    counted = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    assert counted.get("register_raw") == "4", planned[-3000:]
    assert "render_report" in counted
