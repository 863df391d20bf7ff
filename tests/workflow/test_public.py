"""`config/public.yaml` through the real rules on a small served archive: its plan, bank, datasets and origins."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

import project_copy
from accident_project import Place
from published_images import archive
from raw_inputs import serving

pytestmark = pytest.mark.slow

FOLDER, IMAGES = "data/set", {"train": 4, "val": 2, "test": 2}
RESULTS = Path("results/public")
AGAIN = ("random", "random_nosuperposition", "random_nosuperposition_noother", "random_nosuperposition_nowalls",
         "microfluidic_nosuperposition")  # fmt: skip
"""The variants that are rebuilt from published cells."""


def snakemake(folder: Path, *arguments: str) -> str:
    """Run Snakemake at the public configuration with few images; return what it printed."""
    return project_copy.snakemake(
        folder, *arguments, "--configfile", "config/public.yaml", "few.yaml", no_proxy="127.0.0.1"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the two datasets that take the least and the most of the bank."""
    folder = Place.new(tmp_path_factory.mktemp("public")).folder
    few = {"images": {"train": 2, "val": 1, "test": 1}, "tables": {"published": "sets.yaml"}}
    (folder / "few.yaml").write_text(yaml.safe_dump(few))
    with serving({"/a.tar.gz": (archive(FOLDER, IMAGES), 0)}) as url:
        row = {"folder": FOLDER, "table": "dataset.csv", "images": IMAGES}
        sets = {"archive": {"url": f"{url}/a.tar.gz", "licence": "MIT"}, "sets": {"random_nosuperposition": row}}
        (folder / "sets.yaml").write_text(yaml.safe_dump(sets))
        snakemake(folder, *(f"{RESULTS}/datasets/{name}/fingerprint.txt" for name in (AGAIN[0], AGAIN[-1])))
    return folder


def test_the_whole_plan_takes_every_variant_but_the_simulated_one_from_published_cells(made: Path):
    printed = snakemake(made, "--dry-run", "--quiet", "progress")
    trained = {name for name in AGAIN if f"models/{name}/seed-0" in printed}
    assert trained == set(AGAIN)
    assert f"{RESULTS}/report.html" in printed


def test_datasets_are_composed_of_published_cells_and_say_so(made: Path):
    bank = pd.read_csv(made / RESULTS / "cells/published_cells/cells.csv", keep_default_na=False)
    assert len(bank) == 2 * sum(IMAGES.values()) and set(bank["class"]) == {"croissant", "slipper"}
    splits = pd.read_csv(made / RESULTS / "splits/grouped/published_cells.csv").set_index("cell_id")["split"]
    for name in (AGAIN[0], AGAIN[-1]):
        record = json.loads((made / RESULTS / f"datasets/{name}/provenance.json").read_text())
        assert record["origin"] == ["published"]
        assert record["remarks"] == ["Cells were cut again out of the images that the preprint published."]
        for row in pd.read_csv(made / RESULTS / f"datasets/{name}/metadata.csv").itertuples():
            cells = [cell for cell in row.cells.split() if cell != "simulated-ring"]
            assert cells and {splits[cell] for cell in cells} == {row.split}
