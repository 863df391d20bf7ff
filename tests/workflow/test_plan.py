"""What the rules ask of the plan: names, paths and keys, by hand for small tables."""

from __future__ import annotations

import ast
import re

import pytest
from snakemake.exceptions import WorkflowError

from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.plan import Plan, paths
from rbcflow.plan.disk import Disk
from rbcflow.plan.names import alternatives
from rbcflow.plan.recordings import Recordings
from rbcflow.plan.runs import testsets_of as described
from rbcflow.plan.start import told_of_missing

PLAN = PROJECT / "workflow/scripts/rbcflow/plan"
GIVEN = {"path": "own.pt", "sha256": 64 * "0", "testsets": ["naples"]}


def plan(**changes) -> Plan:
    return Plan.of(load(changes))


@pytest.fixture(scope="module")
def usual() -> Plan:
    return plan()


def test_a_retraining_mixes_in_simulated_cells_alone():
    datasets = plan().datasets
    assert datasets.mixed() == "synthetic"
    datasets.generated = ["random"]
    with pytest.raises(WorkflowError, match=r"config/variants\.yaml: no variant of simulated cells alone"):
        datasets.mixed()


@pytest.mark.parametrize(("names", "pattern"), [(["a", "b+c"], r"a|b\+c"), ([], "(?!)"), (iter(["x.y"]), r"x\.y")])
def test_alternatives(names, pattern):
    assert alternatives(names) == pattern


@pytest.mark.parametrize(
    ("images", "shard_size", "folders", "last"),
    [(5, 2, ["000", "001", "002"], [4, 5]), (4, 2, ["000", "001"], [2, 4]), (1, 250, ["000"], [0, 1])],
)
def test_shards_of_a_split(images, shard_size, folders, last):
    datasets = plan(images={"train": images}, shard_size=shard_size).datasets
    base = "<results>/datasets/synthetic/train/shards/"
    assert datasets.shards("synthetic", "train") == [base + folder for folder in folders]
    assert datasets.shard_range("synthetic", "train", folders[-1]) == last


def test_a_dataset_that_exists_is_one_shard():
    row = {"dataset": "local", "path": "nowhere"}
    datasets = plan(variants={"synthetic": row}).datasets
    assert datasets.shards("synthetic", "test") == ["<results>/datasets/synthetic/test/shards/000"]
    assert "synthetic" in datasets.imported
    assert "synthetic" not in datasets.generated
    assert not any(item["made_of"] for item in datasets.fingerprinted() if item["name"] == "synthetic")


@pytest.mark.parametrize(
    ("segmentation", "network", "file", "waits", "gpus"),
    [
        ({}, "unet", "<results>/segmentation/unet/weights.pt", True, 0),
        ({}, "yolo", "resources/starter/yolo11n-starter.pt", False, 0),
        ({"cellpose": "finetuned"}, "cellpose", "<results>/segmentation/cellpose-finetuned/weights.pt", True, 0),
        ({"cellpose": "cpsam_v2"}, "cellpose", "resources/weights/cpsam_v2", True, 1),
        ({"unet": "unet_carvana.pth"}, "unet", "resources/weights/unet_carvana.pth", True, 0),
    ],
)
def test_networks_that_outline(segmentation, network, file, waits, gpus):
    cells = plan(segmentation=segmentation).cells
    assert cells.network_file(network) == file
    assert cells.network_inputs([network]) == ({network: file} if waits else {})
    assert cells.gpus([network]) == gpus


def test_banks_of_an_absent_laboratory_feed_nothing(tmp_path):
    there = {"phantoms": False, "raw": str(tmp_path)}
    cells = plan(**there).cells
    assert cells.feeding == ["simulated"]
    (tmp_path / "naples").mkdir()
    (tmp_path / "naples/.DS_Store").touch()
    (tmp_path / "naples/any.tif").touch()
    assert Plan.of(load(there)).possible.sources == ["naples", "flow_public", "simulated"]


@pytest.mark.parametrize(
    ("row", "folder"), [({}, "seed-3"), ({"evaluated": "mean"}, "seed-mean"), ({"evaluated": "first"}, "seed-3")]
)
def test_the_training_that_is_evaluated(row, folder):
    models = plan(training={"seeds": [3, 5]} | row).models
    assert models.folder("synthetic") == f"<results>/models/synthetic/{folder}"
    # every seed is trained whichever is evaluated, and none anew for the choice
    assert models.all_records()[:2] == [
        f"<results>/models/{models.evaluated[0]}/seed-{n}/training.json" for n in (3, 5)
    ]
    assert "evaluated" not in models.training("synthetic")


def test_a_checkpoint_that_is_adopted_has_no_seeds_to_average(usual):
    row = {
        "title": "own",
        "variant": "synthetic",
        "weights": {"source": "local", "path": GIVEN["path"], "sha256": GIVEN["sha256"]},
    }
    models = plan(models={"synthetic": row}, training={"seeds": [3, 5], "evaluated": "mean"}).models
    assert models.folder("synthetic") == "<results>/models/synthetic/seed-3"


def test_a_map_of_cells_has_one_bank_a_source(usual):
    # of crops with two banks the one that datasets take, of recordings that feed none the only one
    assert usual.cells.mapped == ["nouaman2024", "kihm2018_contrast", "liang2024_contrast", "naples", "flow_public"]
    assert usual.figures.input_file("banks", "all") == [paths.cells(bank) for bank in usual.cells.mapped]


def test_what_a_test_set_is_made_of(usual, tmp_path):
    names = ["naples", "random_test"]
    assert [usual.testsets.source(name) for name in names] == [
        "<results>/raw/naples/source.json",
        "<results>/datasets/random/fingerprint.txt",
    ]
    disk = Disk(usual.settings)
    images = usual.settings.images("random").test
    assert usual.testsets.spec("random_test", disk) == {"kind": "variant", "scheme": "grouped", "max_frames": images}
    assert usual.testsets.spec("naples", disk)["max_frames"] == usual.settings.config.validation.max_frames


def test_boxes_of_cells_stand_in_where_pictures_have_no_truth(usual, tmp_path):
    name = next(name for name, row in usual.settings.testsets.items() if row.kind == "singapore_raw")
    bank = usual.settings.testsets[name].bank
    assert usual.testsets.cells(name) == []
    assert plan(phantoms=False, raw=str(tmp_path)).testsets.cells(name) == f"<results>/cells/{bank}/cells.csv"


def test_runs_without_files_are_jobs_of_their_own(tmp_path):
    own = plan(phantoms=False, raw=str(tmp_path))
    assert set(own.runs.runs_by_job) >= {"synthetic", "synthetic_elsewhere"}
    there = {
        run.testset for job, runs in own.runs.runs_by_job.items() if job[-9:] != "elsewhere" for run in runs.values()
    }
    assert there == {"synthetic_test", "flow_public"}


def test_figures_of_what_is_not_there_are_jobs_of_their_own(usual, tmp_path):
    together = usual.figures.together()
    assert {job for _, job in together} == {
        "draw_bank",
        "draw_clustered",
        "draw_recorded",
        "draw_variant",
        "draw_model",
    }
    assert together["bank", "draw_bank"] == list(usual.settings.banks)
    own = plan(phantoms=False, raw=str(tmp_path)).figures.together()
    assert own["recorded", "draw_recorded"] == ["flow_public"]
    assert own["bank", "draw_bank"] == ["flow_public", "simulated"] and "naples" in own["bank", "draw_bank_elsewhere"]
    assert own["model", "draw_model"] == ["synthetic"]


def test_a_description_is_waited_for_once():
    runs = {name: run for name, run in load({}).runs.items() if run.testset == "naples"}
    assert len(runs) > 1
    assert described(runs) == ["<results>/testsets/naples/testset.json"]


def test_a_given_checkpoint_has_runs_or_is_asked_for(usual):
    assert plan(given=GIVEN).runs.given() == ["given-on-naples"]
    with pytest.raises(WorkflowError, match="No checkpoint is given: set the key `given`"):
        usual.runs.given()


def test_recordings_are_asked_for(usual):
    own = Recordings(usual.settings.config, Disk(usual.settings))
    for ask in (own.names, lambda: own.retrained("x")):
        with pytest.raises(WorkflowError, match="No recording is named"):
            ask()


def test_what_trainings_start_from(usual):
    models = usual.models
    start = models.start("random")
    assert start["path"] == "resources/starter/yolo11n-starter.pt"
    assert models.waited_for(start) == []
    assert models.waited_for({"path": "resources/weights/x.pt"}) == "resources/weights/x.pt"
    assert models.waited_for(None) == []
    assert {"seeds", "threads"}.isdisjoint(models.training("random"))
    assert models.folder("random") == "<results>/models/random/seed-0"


def test_one_table_of_keys_draws_and_shows(usual):
    keys = usual.figures.keys
    evaluated = list(dict.fromkeys(run.model for run in usual.settings.runs.values()))
    assert keys["model"] == evaluated
    assert sorted(evaluated) == usual.models.evaluated
    assert keys["clustered"] == ["liang2024"]
    assert keys["none"] == ["all"]
    assert set(usual.figures.once()) == {"evaluated", "trained", "composed", "outlined", "counted"}
    run = keys["run"][0]
    assert usual.figures.input_file("errors", run) == f"<results>/errors/{run}/errors.csv"
    assert usual.figures.input_file("testset", run) == paths.testset(usual.settings.runs[run].testset)


@pytest.mark.parametrize(
    ("row", "network", "waits"),
    [
        (None, "starter", False),
        ({"path": "own/resnet50", "sha256": 64 * "1"}, "resnet50", False),
        ({"url": "https://example.org/resnet50", "sha256": 64 * "1"}, "resnet50", True),
    ],
)
def test_which_network_maps_images(usual, row, network, waits):
    weights = {**usual.weights, **({"resnet50": row} if row else {})}
    figures = Plan(usual.settings, weights, usual.published, usual.registry, usual.possible).figures
    entry = next(entry for entry in usual.registry if entry.draws == "image_map")
    assert figures.params(entry, lambda *names: "")["options"]["network"]["network"] == network
    inputs = figures.inputs([entry], "all")(None)
    assert inputs.get("network") == ("resources/weights/resnet50" if waits else None)


def test_an_absent_laboratory_is_told_of(tmp_path):
    own = plan(phantoms=False, raw=str(tmp_path), pathvars={"results": str(tmp_path / "results")})
    told = told_of_missing(own.settings, own.possible, Disk(own.settings), looked_at=False)
    assert "The files of these laboratories are not there" in told
    assert f"put its files into: {tmp_path}/naples/" in told
    assert "--config phantoms=true" in told
    record = tmp_path / "results/raw/naples/source.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"origin": "phantom"}')
    with pytest.raises(WorkflowError, match="An earlier run left simulated files of naples"):
        told_of_missing(own.settings, own.possible, Disk(own.settings), looked_at=False)
    assert told_of_missing(own.settings, own.possible, Disk(own.settings), looked_at=True) == told


def test_nothing_is_told_where_laboratories_are_simulated(usual):
    assert told_of_missing(usual.settings, usual.possible, Disk(usual.settings), looked_at=False) is None


def test_a_folder_of_images_is_seen_by_its_files(tmp_path):
    folder = tmp_path / "own"
    row = {"dataset": "local", "path": str(folder)}
    disk = Disk(load({"variants": {"synthetic": row}, "pathvars": {"results": str(tmp_path / "results")}}))
    assert disk.dataset_files("synthetic") == f"{folder}/its-images"
    assert disk.dataset_listing("synthetic") == ""
    (folder / "images").mkdir(parents=True)
    assert disk.dataset_files("synthetic") == []
    before = disk.dataset_listing("synthetic")
    (folder / "images/a.png").write_bytes(b"1")
    assert disk.dataset_listing("synthetic") != before


LOOKS = {"is_file", "is_dir", "exists", "stat", "glob", "rglob", "iterdir", "open", "read_text", "read_bytes"}


def test_one_module_looks_at_the_disk():
    looking = {
        file.name
        for file in PLAN.glob("*.py")
        if file.name != "documents.py"  # no rule imports it
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in LOOKS
    }
    assert looking == {"disk.py"}
    # what it asks other rooms for, nobody else in the plan asks for
    asking = {file.name for file in PLAN.glob("*.py") if re.search(r"recordings\.(detectors|sheet) ", file.read_text())}
    assert asking == {"disk.py"}
    # the configuration only checks that a file is one, and that a table which a row names is there
    looks = re.compile(r"\b(is_file|is_dir|exists|iterdir|r?glob|stat)\b[(,]")
    config = {file.name for file in PLAN.with_name("config").glob("*.py") if looks.search(file.read_text())}
    assert config == {"reader.py", "references.py"}


def test_rules_hold_no_functions_and_the_common_file_is_short():
    rules = PROJECT / "workflow/rules"
    texts = {file.name: file.read_text() for file in rules.glob("*.smk")}
    assert [name for name, text in texts.items() if "\ndef " in text] == ["common.smk"]
    assert len(texts["common.smk"].splitlines()) <= 150


def test_what_lacks_its_files(tmp_path):
    (tmp_path / "naples").mkdir()
    (tmp_path / "liang2024").mkdir()
    (tmp_path / "liang2024/a").touch()
    row = {"dataset": "local", "path": str(tmp_path / "images")}
    disk = Disk(load({"phantoms": False, "raw": str(tmp_path), "variants": {"synthetic": row}}))
    assert [name for name in ("naples", "liang2024", "kihm2018", "simulated") if disk.lacks_files(name)] == [
        "naples",
        "kihm2018",
    ]
    assert (disk.lacks_images("synthetic"), disk.lacks_images("random")) == (True, False)
    (tmp_path / "images").mkdir()
    assert not disk.lacks_images("synthetic")
    assert (disk.lacks(str(tmp_path)), disk.lacks(str(tmp_path / "liang2024/a"))) == (True, False)
    assert (disk.recordings(), disk.detector().name) == ({}, disk._settings.config.detector)
