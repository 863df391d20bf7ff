"""Origins through the real rules, from the first record to the claims table: `config/published.yaml` on a small served
archive, an own Naples folder, simulated trainings and an adopted checkpoint."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from accident_project import Place
from project_copy import snakemake
from raw_inputs import serving
from rbcflow.sources.phantoms import PHANTOMS

pytestmark = pytest.mark.slow

SETS = {
    "random_nosuperposition": ("data/random", "dataset.csv"),
    "microfluidic_nosuperposition": ("data/microfluidic", "dataset.csv"),
}
IMAGES = {"train": 8, "val": 4, "test": 4}
STARTER = Path("resources/starter/yolo11n-starter.pt")
TABLES = {
    "sources.yaml": """\
simulated: {title: simulated cells, layout: simulated, access: simulated, licence: x, availability: x, reference: x}
naples: {title: stacks, layout: naples, access: local, path: small/naples, licence: x, availability: x, reference: x}
""",
    "banks.yaml": """\
simulated: {title: simulated cells, source: simulated, methods: [simulated]}
naples: {title: stacks, source: naples, methods: [background]}
""",
    "variants.yaml": """\
random_nosuperposition: {title: no overlap, banks: [simulated]}
microfluidic_nosuperposition: {title: in a channel, banks: [simulated]}
synthetic: {title: simulated cells, banks: [simulated]}
""",
    "models.yaml": f"""\
random:
  title: an adopted checkpoint
  variant: random_nosuperposition
  published_as: train13
  weights: {{source: local, path: {STARTER}, sha256: {hashlib.sha256(STARTER.read_bytes()).hexdigest()}}}
random_nosuperposition: {{title: a, variant: random_nosuperposition, published_as: train16}}
random_nosuperposition_noother: {{title: b, variant: synthetic, published_as: train18}}
random_nosuperposition_nowalls: {{title: f, variant: random_nosuperposition}}
microfluidic_nosuperposition: {{title: c, variant: microfluidic_nosuperposition, published_as: train15}}
synthetic: {{title: d, variant: synthetic}}
starter: {{title: e, variant: synthetic}}
""",
    "testsets.yaml": "naples: {title: stacks, source: naples, kind: naples}\n",
    "small.yaml": """\
tables: {sources: small/sources.yaml, banks: small/banks.yaml, variants: small/variants.yaml, models: small/models.yaml,
  runs: small/runs.tsv, testsets: small/testsets.yaml, published: small/published_sets.yaml}
phantom: {simulated_per_class: 12}
images: {train: 8, val: 4, test: 4}
training: {architecture: yolo11n.yaml, weights: starter, epochs: 1, batch: 4, imgsz: 64}
models:
  random_nosuperposition: {training: {epochs: 1}}
  random_nosuperposition_noother: {training: {epochs: 1}}
  microfluidic_nosuperposition: {training: {epochs: 1}}
""",
    "runs.tsv": """\
run\tmodel\ttestset\tpublished_as\tsize
random_nosuperposition-on-naples\trandom_nosuperposition\tnaples\tval30\t
microfluidic_nosuperposition-on-microfluidic_nosuperposition_test\tmicrofluidic_nosuperposition\tmicrofluidic_nosuperposition_test\t\t
random_nosuperposition_noother-on-naples\trandom_nosuperposition_noother\tnaples\tval32\t
random-on-naples\trandom\tnaples\tval21\t
""",
}
LEARNED = "not decided: the model learned from simulated images"


def archive() -> bytes:
    """Return a repository's archive with both sets: discs on grey, each labelled."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for folder, _ in SETS.values():
            for split, n in IMAGES.items():
                for index in range(n):
                    image = np.full((64, 64, 3), 100 + index, np.uint8)
                    cv2.circle(image, (32, 32), 12, (20, 20, 20), -1)
                    files = {
                        f"{split}/images/{index:04d}.png": cv2.imencode(".png", image)[1].tobytes(),
                        f"{split}/labels/{index:04d}.txt": b"%d 0.5 0.5 0.375 0.375\n" % (index % 2),
                    }
                    for name, content in files.items():
                        entry = tarfile.TarInfo(f"repository-1/{folder}/{name}")
                        entry.size = len(content)
                        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@dataclass
class Small:
    """A copy of the project with small tables."""

    folder: Path

    def snakemake(self, *targets: str) -> None:
        """Run Snakemake at the published configuration with the small tables over it."""
        files = ["--configfile", "config/published.yaml", "small/small.yaml"]
        snakemake(self.folder, *targets, *files, no_proxy="127.0.0.1")

    def json(self, name: str) -> dict:
        return json.loads((self.folder / "results/published" / name).read_text())

    @property
    def claims(self) -> pd.DataFrame:
        table = pd.read_csv(self.folder / "results/published/tables/claims.csv", dtype=str, keep_default_na=False)
        return table.set_index("id")


def ask_of_one_run(claims: Path) -> None:
    """Let the sentences on Naples speak of `val30` alone: the small project has not all runs of the preprint."""
    content = yaml.safe_load(claims.read_text())
    asked = [entry for entry in content["sentences"] if entry["id"] in ("naples_missed", "naples_background")]
    content["sentences"] = [entry | {"runs": "val30"} for entry in asked]
    claims.write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The small project with its claims and the adopted model's card made."""
    folder = Place.new(tmp_path_factory.mktemp("origin")).folder
    (folder / "small").mkdir()
    for name, content in TABLES.items():
        (folder / "small" / name).write_text(content)
    ask_of_one_run(folder / "paper/claims.yaml")
    own = folder / "small/naples"
    PHANTOMS["naples"].write(own, seed=1, velocities=[0.12, 1.0], tiffs_per_velocity=2, pages=6)
    shutil.rmtree(own / "truth")
    project = Small(folder)
    with serving({"/a.tar.gz": (archive(), 0)}) as url:
        sets = {name: {"folder": path, "table": table, "images": IMAGES} for name, (path, table) in SETS.items()}
        published = {"archive": {"url": f"{url}/a.tar.gz", "licence": "MIT"}, "sets": sets}
        (folder / "small/published_sets.yaml").write_text(yaml.safe_dump(published))
        project.snakemake("results/published/tables/claims.csv", "results/published/cards/random.md")
    return project


def test_the_published_images_decide_the_trainings_made_of_them(small: Small):
    claims = small.claims
    for item in ("train15", "train16"):
        rows = claims[claims.section == f"training {item}"]
        assert len(rows) == 4
        assert set(rows.verdict) <= {"within tolerance", "outside tolerance"}
        assert set(rows.origin) == set(rows.learned_from) == {"published"}
    record = small.json("models/random_nosuperposition/seed-0/training.json")
    assert record["learned_from"] == ["published"]
    assert record["remarks"] == ["The training started from a checkpoint that had learned from simulated cells."]


def test_simulated_and_adopted_trainings_decide_nothing(small: Small):
    claims = small.claims
    simulated = claims[claims.section == "training train18"]
    assert set(simulated.verdict) == {"not decided: evaluated on and learned from simulated images"}
    unknown = "not decided: the images the checkpoint learned from are unknown"
    assert set(claims[claims.section == "training train13"].verdict) == {unknown}
    adopted = small.json("validation/random-on-naples/metrics.json")
    assert (adopted["origin"], adopted["learned_from"], adopted["adopted"]) == (["raw"], ["unknown"], True)
    assert "The images the checkpoint learned from are unknown" in " ".join(adopted["caveats"])
    card = (small.folder / "results/published/cards/random.md").read_text()
    assert "taken as it is, not trained here" in card
    assert "| training data | images of unknown origin, fingerprint `not recorded` |" in card


def test_every_run_says_what_it_was_evaluated_on_and_what_its_model_learned_from(small: Small):
    found = {
        path.parent.name: (metrics["origin"], metrics["learned_from"])
        for path in (small.folder / "results/published/validation").glob("*/metrics.json")
        for metrics in [json.loads(path.read_text())]
        if not path.parent.name.endswith(("-at-native", "-in-grey"))
    }
    learned = {
        "random_nosuperposition": ["published"], "microfluidic_nosuperposition": ["published"],
        "random_nosuperposition_noother": ["phantom"], "random": ["unknown"],
    }  # fmt: skip
    channel = "microfluidic_nosuperposition"
    assert {run: basis for run, basis in found.items() if "-on-published_" not in run} == {
        "random_nosuperposition-on-naples": (["raw"], ["published"]),
        f"{channel}-on-{channel}_test": (["published"], ["published"]),
        f"{channel}-on-{channel}_val": (["published"], ["published"]),
        "random_nosuperposition_noother-on-naples": (["raw"], ["phantom"]),
        "random-on-naples": (["raw"], ["unknown"]),
    }
    # every model is evaluated on the real cells of both published sets
    assert {run: basis for run, basis in found.items() if "-on-published_" in run} == {
        f"{model}-on-published_{name}": (["published"], own) for model, own in learned.items() for name in SETS
    }


def test_the_published_test_images_have_classes(small: Small):
    for name in SETS:
        description = small.json(f"testsets/published_{name}/testset.json")
        assert (description["status"], description["origin"]) == ("available", ["published"])
        assert (description["classes_evaluated"], description["labels"]) == ("true", "truth")
        assert (description["n_frames"], description["n_boxes"]) == (IMAGES["test"], IMAGES["test"])
        truth = pd.read_csv(small.folder / f"results/published/testsets/published_{name}/truth.csv")
        assert truth["class"].tolist() == ["croissant", "slipper"] * 2


def test_an_own_naples_folder_decides_with_the_published_training_and_nothing_with_a_simulated_one(small: Small):
    """`val30` is first the model of the published images, then one that learned from simulated cells."""
    before = small.claims
    sentences = before[(before.kind == "sentence") & (before.origin == "raw")].index
    assert len(sentences) >= 2
    assert not before.loc[sentences, "verdict"].str.startswith("not decided").any()
    counts = before[(before.section == "counts") & (before.origin == "raw")]
    assert not counts.verdict.str.startswith("not decided").any()

    table = small.folder / "small/runs.tsv"
    swapped = table.read_text().replace("val30", "val0").replace("val32", "val30").replace("val0", "val32")
    table.write_text(swapped)
    small.snakemake("results/published/tables/claims.csv")
    after = small.claims.loc[sentences]
    assert set(after.verdict) == {LEARNED}
    assert set(after.learned_from) == {"phantom"}
