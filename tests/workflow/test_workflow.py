"""The whole DAG at toy scale in a temporary clone: it ends with a report, reruns what it must, and nothing else.

The tests of this module share one clone and stand in the order in which they change it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from browser import open_page
from page_sentences import wrong, wrong_matrix
from project_copy import PROJECT, snakemake
from rbcflow.config.reader import merged
from rbcflow.runtime.lineage import OUTLINED

pytestmark = pytest.mark.slow

TOY = ["--configfile", "config/toy.yaml"]
MADE_BEFORE_DATASETS = {
    "simulate_phantom", "fetch_recordings", "simulate_practice", "train_unet", "train_cellpose", "cluster_objects",
    "cut_cells", "simulate_cells", "split_cells", "score_segmentation",
}  # fmt: skip
BY_BANK_OR_SOURCE = MADE_BEFORE_DATASETS - {"simulate_practice", "train_unet", "train_cellpose"}
DRAWN_LAST = {
    "collect_errors", "check_metrics", "compare_runs", "compare_sizes", "compare_published", "measure_looks",
    "compare_with_universal", "evaluate_claims", "draw_figure", "draw_model", "draw_run", "draw_variant",
    "tabulate_seeds", "write_model_card", "render_report",
}  # fmt: skip
ONE_SCRIPT = {
    r"^(predict|evaluate)_.+": r"\1_model",
    r"^(draw_run|collect_errors|score_segmentation)_.+": r"\1",
    r"^draw_(counted|outlined|composed|trained|evaluated)$": "draw_figure",
}
"""Rules that there are for each model, or for what has happened, and what their logs and records call them."""
COUNTED = ("confusion_matrix", "curves", "matches", "errors", "groups", "calibration")


UNREACHABLE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_NO_CACHE_DIR": "1",
}


@dataclass
class Clone:
    """A copy of the project, as git would clone it, and Snakemake in it."""

    folder: Path
    tracked: list[str]

    def snakemake(self, *arguments: str, ok: bool = True, **environment: str) -> str:
        """Run Snakemake in the clone and return everything it printed."""
        return snakemake(self.folder, *arguments, ok=ok, **environment)

    def planned(self, *arguments: str) -> set[str]:
        """Return the rules a dry run would run; those that there are for each model by the name of their script."""
        printed = self.snakemake("--dry-run", *(arguments or TOY))
        rules = set(re.findall(r"^(\w+) +\d+$", printed, re.MULTILINE)) - {"total"}
        for pattern, name in ONE_SCRIPT.items():
            rules = {re.sub(pattern, name, rule) for rule in rules}
        assert bool(rules) is not ("Nothing to be done" in printed), printed[-3000:]
        return rules

    def json(self, name: str) -> dict:
        """Read a JSON file below `results`."""
        return json.loads((self.folder / "results" / name).read_text())

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the clone; the text must be there."""
        file = self.folder / name
        text = file.read_text()
        assert old in text, f"{name} has no {old!r}"
        file.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which the toy DAG has run once."""
    folder = tmp_path_factory.mktemp("clone") / "rbc flow"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    tracked = [name for name in listed.stdout.split("\0") if (PROJECT / name).is_file()]
    for name in tracked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, folder / name)
    made = Clone(folder, tracked)
    made.snakemake(*TOY)
    return made


def test_every_run_of_the_table_is_counted(clone: Clone):
    runs = pd.read_csv(PROJECT / "config/runs.tsv", sep="\t")
    for run in runs.run:
        metrics = clone.json(f"validation/{run}/metrics.json")
        assert metrics["run"] == run
        assert metrics["status"] in {"available", "unavailable"}
        for name in (
            "confusion_matrix.csv",
            "curves.csv",
            "matches.csv",
            "errors.csv",
            "groups.csv",
            "calibration.csv",
        ):
            assert (clone.folder / "results/validation" / run / name).is_file()


def test_origins_are_told_apart_all_the_way(clone: Clone):
    origins = {
        testset: clone.json(f"testsets/{testset}/provenance.json")["origin"]
        for testset in ("saarland_donors", "naples", "flow_public", "random_test")
    }
    assert origins == {
        "saarland_donors": ["phantom"],
        "naples": ["phantom"],
        "flow_public": ["public"],
        "random_test": ["phantom"],
    }
    # a model that learned from phantoms, evaluated on public frames: the number depends on both
    assert clone.json("validation/random-on-flow_public/provenance.json")["origin"] == ["phantom", "public"]
    metrics = clone.json("validation/random-on-flow_public/metrics.json")
    assert (metrics["origin"], metrics["learned_from"], metrics["adopted"]) == (["public"], ["phantom"], False)


def test_no_test_frame_comes_from_a_recording_that_trains(clone: Clone):
    cells = pd.read_csv(clone.folder / "results/cells/nouaman2024/cells.csv", dtype={"sha256": str}).set_index(
        "cell_id"
    )
    splits = pd.read_csv(
        clone.folder / "results/splits/grouped/nouaman2024+kihm2018_contrast+liang2024_contrast.csv"
    ).set_index("cell_id")
    frames = pd.read_csv(clone.folder / "results/testsets/saarland_donors/frames.csv")
    learned = splits[splits.split.isin(["train", "val"])].index.intersection(cells.index)
    assert len(learned) and len(frames)
    assert set(cells.loc[learned].query("method == 'polygon'").recording).isdisjoint(frames.recording)


def test_every_rule_was_timed_and_logged(clone: Clone):
    ran = {*BY_BANK_OR_SOURCE, "compose_shard", "collect_dataset", "train_model"}
    ran |= {
        "build_testset",
        "predict_model",
        "evaluate_model",
        "draw_figure",
        "draw_run",
        "collect_errors",
        "write_model_card",
    }
    assert ran <= {path.name for path in (clone.folder / "results/benchmarks").iterdir()}
    assert ran <= {path.name for path in (clone.folder / "results/logs").iterdir() if path.is_dir()}


def test_the_report_opens_whole_and_alone(clone: Clone):
    with open_page(clone.folder / "results/report.html") as opened:
        # folded parts cost nothing before they are opened
        assert opened.page.evaluate("document.querySelectorAll('*').length") < 12_000
        opened.page.evaluate("rbc.fillAll()")
        assert opened.undecoded() == []
        assert opened.page.locator("figure img").count() > 40
        assert opened.page.locator("text=simulated").count() > 5
        assert opened.requests == []
        assert opened.complaints == []


def test_the_page_says_what_the_files_say(clone: Clone):
    page = (clone.folder / "results/report.html").read_text(encoding="utf-8")
    assert wrong(page, clone.folder / "results") == []
    assert wrong_matrix(page, clone.folder / "results") == []


def test_the_preprints_own_settings_end_with_a_report(clone: Clone, tmp_path: Path):
    shutil.copytree(clone.folder, tmp_path / "preprint", symlinks=True)
    own = Clone(tmp_path / "preprint", clone.tracked)
    # all are composed anew, in fewer shards
    shutil.rmtree(own.folder / "results/datasets")
    small_preprint(own.folder)
    own.snakemake("--configfile", "config/preprint.yaml")
    training = own.json(f"models/{PAIR}/seed-0/training.json")
    assert (training["classes"], training["precision"]) == (["croissant", "slipper", "other"], "float32")
    boxes = pd.read_csv(own.folder / "results/tables/box_sizes.csv").set_index(["variant", "way", "class"])
    assert boxes.loc[PAIR, "published", "slipper"]["wider"] > 0.8 > boxes.loc[PAIR, "meant", "slipper"]["wider"]
    assert boxes.loc["microfluidic_nosuperposition", "published", "other"]["width"] < 10
    labels = "".join(file.read_text() for file in (own.folder / f"results/datasets/{PAIR}").rglob("labels/*.txt"))
    corners = np.array([[float(part) * 200 for part in line.split()[1:]] for line in labels.splitlines()])
    ends = corners[:, :2] + corners[:, 2:] / 2
    assert np.allclose(ends, ends.round(), atol=1e-3) and ends.max() <= 175
    for run in (f"{PAIR}-on-naples_published", f"{PAIR}-on-naples_published-at-native", f"{PAIR}-on-naples-at-native"):
        assert own.json(f"validation/{run}/metrics.json")["status"] == "available"
    page = (own.folder / "results/report.html").read_text()
    assert "Configured by <code>config/config.yaml</code>, over it <code>config/preprint.yaml</code>" in page
    assert page.count("Boxes as the preprint made them") == 2


PAIR = "random_nosuperposition_noother"
"""The model of two classes that was described with three."""


def small_preprint(folder: Path) -> None:
    """Leave of config/preprint.yaml, at toy scale, two variants and a model, and crops that no network outlines."""
    read = {name: yaml.safe_load((folder / f"config/{name}.yaml").read_text()) for name in
            ("preprint", "toy", "variants", "models")}  # fmt: skip
    few = merged(read["preprint"], read["toy"])
    kept = {"variants": (PAIR, "microfluidic_nosuperposition"), "models": (PAIR,)}
    for name, rows in kept.items():
        (folder / f"few-{name}.yaml").write_text(yaml.safe_dump({row: read[name][row] for row in rows}))
        few[name] = {row: few[name][row] for row in rows}
    # a tenth of so few of Liang's slippers is none
    for row in few["variants"].values():
        row["banks"] = ["nouaman2024", "kihm2018"]
    few["runs"] = {run: row for run, row in few["runs"].items() if run.startswith(PAIR)}
    table = (folder / "config/runs.tsv").read_text().splitlines(keepends=True)
    (folder / "few-runs.tsv").write_text("".join(row for row in table if row.startswith(("run\t", f"{PAIR}-"))))
    (folder / "few-figures.yaml").write_text(
        "- {id: a, per: run, draws: confusion_matrix, inputs: [run_folder], title: t, caption: c, section: validation}"
    )
    small = {
        "phantoms": True,
        "pathvars": {"results": "results"},
        "tables": {name: f"few-{name}.{end}" for name, end in
                   (("variants", "yaml"), ("models", "yaml"), ("runs", "tsv"), ("figures", "yaml"))},
        "banks": {name: {"methods": ["contrast"]} for name in ("kihm2018", "liang2024")},
        "segmentation": {"cellpose": "trained", "unet": "trained", "diameter": None},
        "shard_size": 1000,
        "training": {"architecture": "yolo11n.yaml", "weights": "starter", "threads": 1},
        "validation": {"resamples": 50},
    }  # fmt: skip
    (folder / "config/preprint.yaml").write_text(yaml.safe_dump(merged(few, small)))


def test_a_verified_checkpoint_takes_the_place_of_a_training(clone: Clone):
    given = clone.folder / "given.pt"
    shutil.copy2(clone.folder / "results/models/random/seed-0/weights/best.pt", given)
    digest = hashlib.sha256(given.read_bytes()).hexdigest()
    own = {"models": {"random": {"weights": {"source": "local", "path": "given.pt", "sha256": digest}}}}
    scale = yaml.safe_load((clone.folder / "config/toy.yaml").read_text())
    scale["models"]["random"] |= own["models"]["random"]
    (clone.folder / "config/given.yaml").write_text(yaml.safe_dump(scale | {"pathvars": {"results": "given"}}))
    target = "given/models/random/seed-0/weights/best.pt"
    clone.snakemake(target, "--configfile", "config/given.yaml")
    states = [clone.folder / name / "models/random/seed-0/training.json" for name in ("results", "given")]
    first, taken = (json.loads(path.read_text())["state_sha256"] for path in states)
    assert first == taken
    assert not (clone.folder / "given/datasets").exists()
    given.write_bytes(given.read_bytes() + b"more")
    printed = clone.snakemake(target, "--configfile", "config/given.yaml", "--force", ok=False)
    assert "InputError: given.pt: found sha256" in printed


def test_again_there_is_nothing_to_do_by_the_default_profile(clone: Clone):
    printed = clone.snakemake(*TOY)
    assert "Using workflow specific profile profiles/default" in printed
    assert "Nothing to be done" in printed


def test_touching_scripts_and_editing_comments_reruns_nothing(clone: Clone):
    for script in (clone.folder / "workflow/scripts").rglob("*.py"):
        script.touch()
    for file in (clone.folder / "config").iterdir():
        file.touch()
    library = "workflow/scripts/rbcflow/datasets/paste.py"
    text = (clone.folder / library).read_text()
    (clone.folder / library).write_text(f"# a comment\n{text}\n# another\n")
    assert clone.planned() == set()


def test_a_fresh_clone_over_finished_results_trains_nothing(clone: Clone):
    kept = clone.folder / ".snakemake/metadata"
    hidden = kept.rename(kept.with_name("metadata-hidden"))
    for file in clone.tracked:
        (clone.folder / file).touch()
    try:
        assert clone.planned() <= {"all", "build_testset", "predict_model", "evaluate_model", *DRAWN_LAST}
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        hidden.rename(kept)


def planned_after(clone: Clone, *edits: tuple[str, str, str]) -> set[str]:
    """Return the rules a dry run would run after edits of the library, which are taken back."""
    files = [clone.folder / "workflow/scripts/rbcflow" / name for name, _, _ in edits]
    before = [file.read_text() for file in files]
    for file, text, (_, old, new) in zip(files, before, edits, strict=True):
        assert old in text
        file.write_text(text.replace(old, new, 1))
    try:
        return clone.planned()
    finally:
        for file, text in zip(files, before, strict=True):
            file.write_text(text)


def test_messages_of_the_library_rerun_nothing(clone: Clone):
    said = ("predictions/predict.py", "%s: %d boxes on", "%s has %d boxes on")
    assert planned_after(clone, said, ("core/errors.py", "; expected {expected}", ", not {expected}")) == set()


def test_a_preset_reruns_datasets_and_what_follows(clone: Clone):
    planned = planned_after(clone, ("datasets/spec.py", "(0.75, 1.25)", "(0.75, 1.3)"))
    follows = {"compose_shard", "collect_dataset", "train_model", "build_testset", "predict_model", "evaluate_model"}
    assert follows | {"render_report"} <= planned
    assert not MADE_BEFORE_DATASETS & planned


def test_a_caption_renders_the_report_and_nothing_else(clone: Clone):
    registry = clone.folder / "paper/figures.yaml"
    text = registry.read_text()
    registry.write_text(re.sub(r"caption: (>-\n +)?", r"\g<0>Edited. ", text, count=1))
    try:
        assert clone.planned() == {"render_report", "all"}
    finally:
        registry.write_text(text)


def test_cells_and_a_variant_of_ones_own_rerun_no_other_dataset(clone: Clone):
    for table, added in (
        ("banks", "mine: {title: cells of my own, source: kihm2018, methods: [cellpose]}"),
        ("variants", "mine: {title: mine among others, banks: [nouaman2024, mine]}"),
    ):
        (clone.folder / f"{table}.yaml").write_text(
            (clone.folder / f"config/{table}.yaml").read_text() + f"\n{added}\n"
        )
    printed = clone.snakemake(
        "--dry-run", *TOY, "--config", "tables={'banks': 'banks.yaml', 'variants': 'variants.yaml'}"
    )
    assert set(re.findall(r"Composing (\w+),", printed)) == {"mine"}
    assert "Dividing the cells of nouaman2024+mine into" in printed
    assert "Training " not in printed and "Predicting " not in printed


def test_fingerprints_do_not_depend_on_shards_or_threads(clone: Clone):
    scale = yaml.safe_load((clone.folder / "config/toy.yaml").read_text())
    other = {**scale, "shard_size": 9, "pathvars": {"results": "other"}}
    (clone.folder / "config/other.yaml").write_text(yaml.safe_dump(other))
    # one of each way to paste and to place cells
    variants = ["random", "microfluidic_nosuperposition", "synthetic"]
    targets = [f"other/datasets/{variant}/fingerprint.txt" for variant in variants]
    clone.snakemake(*targets, "--configfile", "config/other.yaml", OMP_NUM_THREADS="2", OPENCV_FOR_THREADS_NUM="2")
    for variant, target in zip(variants, targets, strict=True):
        first = (clone.folder / f"results/datasets/{variant}/fingerprint.txt").read_text()
        assert len(first.split()[0]) == 64
        assert (clone.folder / target).read_text() == first


def test_fingerprints_are_those_expected(clone: Clone):
    table = pd.read_csv(clone.folder / "results/tables/fingerprints.csv", keep_default_na=False)
    expected = yaml.safe_load((PROJECT / "resources/expected/fingerprints.yaml").read_text())["scales"]["toy"]
    assert set(zip(table["stage"], table["name"], strict=True)) == {
        (stage, name) for stage in expected for name in expected[stage]
    }
    assert set(expected["dataset"]) == set(yaml.safe_load((PROJECT / "config/variants.yaml").read_text()))
    assert table.committed_at.tolist() == ["toy"] * len(table), "if the change is meant, run `make fingerprints`"


def test_half_of_the_shards_lost_come_back_the_same(clone: Clone):
    folder = clone.folder / "results/datasets/random"
    before = (folder / "fingerprint.txt").read_text()
    shards = sorted(folder.glob("*/shards/*"))
    assert len(shards) > len(shards[::2]) > 1
    for shard in shards[::2]:
        shutil.rmtree(shard)
    (folder / "fingerprint.txt").unlink()
    clone.snakemake("results/datasets/random/fingerprint.txt", *TOY)
    assert (folder / "fingerprint.txt").read_text() == before
    assert sorted(folder.glob("*/shards/*")) == shards


def test_with_the_package_index_unreachable_the_report_says_what_is_missing(clone: Clone):
    run = "validation/random-on-flow_public/metrics.json"
    clone.snakemake(f"results/{run}", *TOY, "--forcerun", "fetch_recordings", **UNREACHABLE)
    assert clone.json("testsets/flow_public/testset.json")["status"] == "unavailable"
    assert clone.json(run)["status"] == "unavailable"
    # what else was evaluated on them is left as it is: the page is of what is there
    clone.snakemake("results/report.html", *TOY, "--force", "--allowed-rules", "render_report")
    with open_page(clone.folder / "results/report.html") as opened:
        assert opened.undecoded() == []
        assert opened.complaints == []
        assert opened.page.locator("text=--forcerun fetch_recordings").count() > 0


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--config", "sed=1"], ["unknown key 'sed'", "did you mean 'seed'?"]),
        (
            ["--configfile", "config/paper.yaml"],
            ["resources/raw/nouaman2024/", "resources/raw/naples/", "Christian Wagner", "Tomaiuolo"],
        ),
    ],
)
def test_a_wrong_configuration_ends_before_the_dag(clone: Clone, arguments: list[str], parts: list[str]):
    printed = clone.snakemake("--dry-run", *arguments, ok=False)
    for part in parts:
        assert part in printed


# the default itself is planned by test_module
@pytest.mark.parametrize("file", ["paper.yaml", "preprint.yaml", "published.yaml", "starter.yaml", "universal.yaml"])
def test_every_configuration_plans_the_whole_way(clone: Clone, file: str):
    overrides = ["phantoms=true", "pathvars={'results': 'elsewhere'}"]
    planned = clone.planned("--configfile", f"config/{file}", "--config", *overrides)
    assert {
        "simulate_phantom",
        "cut_cells",
        "compose_shard",
        "train_model",
        "evaluate_model",
        "render_report",
    } <= planned


def test_a_cut_file_is_named_and_what_was_finished_stays(clone: Clone):
    stack = sorted((clone.folder / clone.json("raw/naples/source.json")["folder"]).rglob("*.tif"))[0]
    whole = stack.read_bytes()
    stack.write_bytes(whole[: len(whole) // 2])
    finished = (clone.folder / "results/cells/nouaman2024/cells.csv").read_bytes()
    try:
        banks = [f"results/cells/{name}/cells.csv" for name in ("naples", "nouaman2024")]
        printed = clone.snakemake(*banks, *TOY, "--forcerun", "cut_cells", "--until", "cut_cells", ok=False)
    finally:
        stack.write_bytes(whole)
    assert f"InputError: {stack.relative_to(clone.folder)}" in printed
    assert (clone.folder / "results/cells/nouaman2024/cells.csv").read_bytes() == finished


def without_truth_and_most_crops(folder: str, names: list[str]) -> set[str]:
    """Return what to leave out of a copy of a folder: what no laboratory has, and two of three crops and pressures."""
    crops = sorted(name for name in names if name.endswith((".bmp", "mbar")))
    return {"truth", *crops} - set(crops[::3])


def test_the_same_rules_take_a_laboratorys_own_files(clone: Clone):
    for source in ("nouaman2024", "naples", "kihm2018", "liang2024"):
        files = clone.folder / clone.json(f"raw/{source}/source.json")["folder"]
        shutil.copytree(files, clone.folder / "own" / source, ignore=without_truth_and_most_crops)
    # the segmentation networks learned from simulated pictures, not from anybody's files: they stay
    shutil.copytree(clone.folder / "results/segmentation", clone.folder / "measured/segmentation")
    own = ["phantoms=false", "raw=own", "pathvars={'results': 'measured'}"]
    testsets = [f"measured/testsets/{name}/testset.json" for name in ("saarland_donors", "naples")]
    banks = [f"measured/cells/{name}/cells.csv" for name in ("kihm2018", "liang2024", "liang2024_yolo")]
    clone.snakemake(*testsets, *banks, *TOY, "--config", *own)
    described = {name: json.loads((clone.folder / name).read_text()) for name in testsets}
    assert [one["origin"] for one in described.values()] == [["raw"], ["raw"]]
    assert [one["labels"] for one in described.values()] == ["annotations", "background"]
    assert all(one["n_boxes"] > 0 for one in described.values())
    # segmentation networks learned from simulated pictures, which makes no cell a simulated one
    records = [json.loads((clone.folder / name).with_name("provenance.json").read_text()) for name in banks]
    assert [(one["origin"], one["remarks"]) for one in records] == [(["raw"], [OUTLINED])] * 3
    tables = [pd.read_csv(clone.folder / name, dtype={"sha256": str}, keep_default_na=False) for name in banks]
    # every crop is a row of the bank, kept or with the reason why not
    assert [table.groupby(["recording", "frame"]).ngroups for table in tables[:2]] == [
        sum(1 for _ in (clone.folder / "own" / source).rglob("*.bmp")) for source in ("kihm2018", "liang2024")
    ]

    stack = sorted((clone.folder / "own/naples").rglob("*.tif"))[0]
    stack.write_bytes(stack.read_bytes() + b"more")
    printed = clone.snakemake(*testsets, *TOY, "--config", *own, ok=False)
    assert f"InputError: {stack.relative_to(clone.folder)}: found changed content" in printed
