"""The configuration: committed files match the model; a wrong entry is answered with file, key and what is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.config.reader import merged
from rbcflow.config.run import SWITCHES
from rbcflow.config.settings import Settings
from rbcflow.config.write import config_yaml, readme_md, schema_json
from rbcflow.core.errors import InputError
from rbcflow.plan import Plan
from rbcflow.plan.disk import Disk


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(PROJECT)


def default() -> dict:
    return yaml.safe_load((PROJECT / "config/config.yaml").read_text())


def test_committed_files_are_what_the_model_writes():
    assert (PROJECT / "config/config.yaml").read_text() == config_yaml(), "run `make config`"
    assert (PROJECT / "workflow/schemas/config.schema.json").read_text() == schema_json(), "run `make config`"
    assert (PROJECT / "config/README.md").read_text() == readme_md(), "run `make config`"


def test_every_key_and_column_is_explained():
    rows = [line.split(" | ") for line in readme_md().splitlines() if line.startswith("| `")]
    assert len(rows) > 90
    # the word for it stands second in the table of the sheet and third in that of the keys
    assert [row[0] for row in rows if len(row[1 if row[-1].strip("| ") in ("", "yes") else 2].strip("| ")) < 4] == []


def test_default_says_phantom_for_every_laboratory():
    settings = load(default())
    assert {name: settings.access(name) for name in settings.sources} == {
        "nouaman2024": "phantom",
        "naples": "phantom",
        "flow_public": "package",
        "simulated": "simulated",
        "kihm2018": "phantom",
        "liang2024": "phantom",
    }
    assert Disk(settings).missing_raw() == []


def test_paper_scale_is_the_published_one():
    settings = load(default() | yaml.safe_load((PROJECT / "config/paper.yaml").read_text()) | {"phantom": {}})
    for model in settings.models.keys() - {"starter"}:
        training = settings.training(model)
        images = settings.images(settings.models[model].variant)
        assert (images.train, images.val, images.test) == (4000, 2000, 2000)
        assert (training.architecture, training.weights) == ("yolo11s.yaml", "yolo11s.pt")
        assert (training.epochs, training.batch, training.imgsz, training.seeds) == (20, 16, 200, [0])


@pytest.mark.parametrize("file", ["public.yaml", "published.yaml", "preprint.yaml", "paper.yaml"])
def test_the_toy_scale_behind_another_configuration_needs_no_weights_of_elsewhere(file: str):
    whole = default()
    for name in (file, "toy.yaml"):
        whole = merged(whole, yaml.safe_load((PROJECT / "config" / name).read_text()))
    settings = load(whole)
    # the starter's own recipe begins from nothing
    trained = [settings.training(model) for model in settings.models if model != "starter"]
    assert {(one.architecture, one.weights, one.epochs) for one in trained} == {("yolo11n.yaml", "starter", 1)}


def test_a_model_overrides_single_training_keys():
    settings = load(default() | {"models": {"random": {"training": {"epochs": 3}}}})
    assert settings.training("random").epochs == 3
    assert settings.training("random").batch == settings.training("random_nosuperposition").batch


def test_the_configuration_needs_no_heavy_library():
    """Every dry run loads it, and must not wait for imports it has no use for."""
    program = (
        "import sys, rbcflow.plan, rbcflow.plan.recordings, rbcflow.plan.start, rbcflow.runtime.clock; "
        "print([m for m in ('pandas', 'cv2', 'torch', 'ultralytics') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(PROJECT / "workflow/scripts")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_text_that_reads_as_a_number_is_taken():
    # what `--config "images={'train': 7}"` becomes
    assert load(default() | {"images": {"train": "7"}, "training": {"seeds": ["3"]}}).config.images.train == 7


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"segmenters": {"steps": 9}}, ["'segmenters'", "did you mean 'segmentation'?"]),
        ({"phantom": {"drawn_per_class": 9}}, ["phantom.drawn_per_class", "did you mean 'simulated_per_class'?"]),
        ({"variants": {"random": {"banks": ["drawn"]}}}, ["random.banks", "did you mean 'simulated'? one of"]),
        ({"sources": {"naples": {"layout": "drawn"}}}, ["naples.layout", "did you mean 'simulated'?"]),
        ({"sources": {"simulated": {"access": "drawn"}}}, ["simulated.access", "did you mean 'simulated'?"]),
        ({"sources": {"naples": {"access": "drawn"}}}, ["naples.access", "layout naples: 'phantom', 'local', 'url'"]),
        ({"sources": {"mine": {"origin": "path", "title": "x"}}}, ["'mine.origin'", "did you mean 'access'?"]),
        ({"sources": {"mine": {"access": "drawn"}}}, ["key mine.access", "did you mean 'simulated'?"]),
        ({"banks": {"mine": {"paths": ["rim"], "source": "naples"}}}, ["'mine.paths'", "did you mean 'methods'?"]),
        (
            {"variants": {"random": {"compose": {"other_drawn_share": 0.5}}}},
            ["random.compose.other_drawn_share", "did you mean 'other_simulated_share'?"],
        ),
        (
            {"variants": {"random": {"compose": {"scale": {"drawn_other": [1, 2]}}}}},
            ["random.compose.scale.drawn_other", "did you mean 'simulated_other'?"],
        ),
        ({"sed": 1}, ["'sed'", "did you mean 'seed'?", "shard_size"]),
        ({"seed": "x"}, ["key seed", "'x'", "integer"]),
        ({"images": {"trian": 4}}, ["'images.trian'", "did you mean 'train'?", "train, val, test"]),
        ({"images": {"train": 0}}, ["images.train", "found 0", "greater than or equal to 1"]),
        ({"training": {"architecture": "yolo12n.yaml"}}, ["training.architecture", "yolo12n.yaml", "'yolo11n.yaml'"]),
        ({"shares": {"train": 0.9, "val": 0.2, "test": 0.2}}, ["key shares", "must be 1, found 1.3"]),
        ({"scheme": "none"}, ["key scheme", "'none'", "'grouped' or 'paper'"]),
        ({"models": {"randm": {}}}, ["config/models.yaml", "'randm'", "did you mean 'random'?", "keys title, variant"]),
        ({"models": {"random": {"training": {"epoch": 3}}}}, ["random.training.epoch", "did you mean 'epochs'?"]),
        (
            {"models": {"claims": {"title": "a model", "variant": "random"}}},
            ["config/models.yaml", "key claims", "'claims'", "another name"],
        ),
        (
            {"models": {"random_elsewhere": {"title": "a model", "variant": "random"}}},
            ["config/models.yaml", "key random_elsewhere", "another name"],
        ),
        ({"models": {"random": {"variant": "rnd"}}}, ["config/models.yaml", "random.variant", "'rnd'", "synthetic"]),
        (
            {"models": {"random_nosuperposition": {"published_as": "train13"}}},
            ["config/models.yaml", "'train13' of 'random' and of 'random_nosuperposition'"],
        ),
        ({"variants": {"random": {"banks": ["kihm"]}}}, ["random.banks", "'kihm'", "nouaman2024"]),
        ({"banks": {"naples": {"methods": ["polygon"]}}}, ["naples.methods", "'polygon'", "background"]),
        ({"banks": {"naples": {"source": "napoli"}}}, ["naples.source", "'napoli'", "nouaman2024"]),
        ({"segmentation": {"unet": "carvana"}}, ["segmentation.unet", "'carvana'", "unet_carvana.pth"]),
        ({"sources": {"naples": {"acess": "local"}}}, ["naples.acess", "did you mean 'access'?"]),
        ({"sources": {"naples": {"origin": "path", "access": "x"}}}, ["naples.origin", "did you mean 'access'?"]),
        ({"sources": {"naples": {"access": "path"}}}, ["naples.access", "'path'", "'local'", "availability"]),
        ({"sources": {"flow_public": {"exact_truth": True}}}, ["flow_public", "`exact_truth`", "access `local`"]),
        ({"variants": {"random": {"dataset": "published"}}}, ["published_sets.yaml", "'random'", "microfluidic"]),
        ({"variants": {"random": {"dataset": "local"}}}, ["random.path", "a path with `dataset: local`"]),
        ({"variants": {"random": {"path": "mine"}}}, ["random.path", "dataset generated and path mine"]),
        ({"variants": {"random": {"scheme": "fair"}}}, ["random.scheme", "'fair'", "'grouped' or 'paper'"]),
        ({"tables": {"runs": "config/nothing.tsv"}}, ["config/nothing.tsv", "no such file"]),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_allowed(change: dict, parts: list[str]):
    with pytest.raises(InputError) as caught:
        load(default() | change)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("run\tmodel\ttestset\n", ["row 1", "published_as"]),
        ("run\tmodel\ttestset\tpublished_as\na-on-b\tnobody\tnaples\t\n", ["'nobody'", "random_nosuperposition"]),
        ("run\tmodel\ttestset\tpublished_as\na-on-b\trandom\tnowhere\t\n", ["'nowhere'", "flow_public"]),
        ("run\tmodel\ttestset\tpublished_as\nBad Run\trandom\tnaples\t\n", ["row 2", "Bad Run"]),
        ("run\tmodel\ttestset\tpublished_as\na-on-b\trandom\tnaples\t\na-on-b\trandom\tnaples\t\n", ["row 3", "twice"]),
        (
            "run\tmodel\ttestset\tpublished_as\na-on-b\trandom\tnaples\tval21\nc-on-b\trandom\tnaples\tval21\n",
            ["run c-on-b", "published_as", "'val21'", "it is a-on-b already"],
        ),
    ],
)
def test_a_wrong_row_of_the_runs_table_is_named(tmp_path: Path, text: str, parts: list[str]):
    table = tmp_path / "runs.tsv"
    table.write_text(text)
    with pytest.raises(InputError) as caught:
        load(default() | {"tables": {"runs": str(table)}})
    for part in [str(table), *parts]:
        assert part in str(caught.value)


def test_a_table_that_is_not_yaml_is_named_with_its_line(tmp_path: Path):
    table = tmp_path / "models.yaml"
    table.write_text("random:\n  title: [unclosed\n")
    with pytest.raises(InputError, match=r"models\.yaml.*not YAML"):
        load(default() | {"tables": {"models": str(table)}})


def test_scripts_read_yaml_by_the_loader_that_refuses_double_keys():
    scripts = {path.name: path.read_text() for path in (PROJECT / "workflow/scripts").glob("*.py")}
    assert [name for name, text in scripts.items() if "import yaml" in text] == []
    assert "read_yaml(" in scripts["evaluate_claims.py"]


def test_missing_raw_folders_say_whom_to_ask_and_where_to_put_them(tmp_path: Path):
    (tmp_path / "naples").mkdir()
    (tmp_path / "naples" / "a.tif").write_bytes(b"")
    missing, *others = Disk(load(default() | {"phantoms": False, "raw": str(tmp_path)})).missing_raw()
    assert [line.split()[0] for line in others] == ["kihm2018", "liang2024"]
    assert missing.startswith("nouaman2024")
    assert f"{tmp_path}/nouaman2024/" in missing
    assert "Christian Wagner" in missing


GIVEN = {"path": "mine.pt", "sha256": "0" * 64, "testsets": ["naples", "random_test"], "classes": 2}


HEAD = "run\tmodel\ttestset\tpublished_as"
LINE = "random-on-naples\trandom\tnaples"


def with_runs(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "runs.tsv").write_text(text)
    return load(default() | {"tables": {"runs": str(tmp_path / "runs.tsv")}})


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (f"{HEAD}\n{LINE}\t\n", "trained"),
        (f"{HEAD}\tsize\n{LINE}\t\t\n", "trained"),
        (f"{HEAD}\tsize\n{LINE}\t\tnative\n", "native"),
        (f"{HEAD}\tsize\n{LINE}\t\t448\n", 448),
    ],
)
def test_a_run_may_say_the_size_its_frames_are_seen_at(tmp_path: Path, text: str, size: str | int):
    settings = with_runs(tmp_path, text)
    assert settings.runs["random-on-naples"].size == size
    assert settings.companions == {}


@pytest.mark.parametrize("size", ["large", "16", "5000", "22.4"])
def test_a_size_that_is_none_is_named(tmp_path: Path, size: str):
    with pytest.raises(InputError) as raised:
        with_runs(tmp_path, f"{HEAD}\tsize\n{LINE}\t\t{size}\n")
    for part in ("runs.tsv", "row 2", "size", repr(size), "`native`", "32 to 4096"):
        assert part in str(raised.value)


def test_every_published_run_has_a_companion_at_the_frames_own_size(tmp_path: Path):
    settings = load(default())
    published = {name for name, run in settings.runs.items() if run.published_as}
    assert published
    assert {run.size for run in settings.runs.values() if run.published_as} == {"trained"}
    assert {companion.companion_of for companion in settings.companions.values()} == published
    natives = {name: row for name, row in settings.companions.items() if row.switch == "native"}
    assert {companion.companion_of for companion in natives.values()} == published
    for name, companion in natives.items():
        own = settings.runs[companion.companion_of]
        assert name == companion.run == f"{own.run}-at-native"
        assert (companion.model, companion.testset, companion.size) == (own.model, own.testset, "native")
        assert (companion.published_as, companion.input) == (None, "recorded")
    assert list(settings.evaluated) == [*settings.runs, *settings.companions]
    # what is seen at its own size already, and in grey, needs none
    twice = with_runs(tmp_path, f"{HEAD}\tsize\tinput\n{LINE}\tval21\tnative\tgrey\n")
    assert twice.companions == {}


def test_where_frames_are_in_colour_a_published_run_is_evaluated_in_grey_too():
    settings = load(default())
    grey = {name: row for name, row in settings.companions.items() if row.input == "grey"}
    on_naples = [name for name, run in settings.runs.items() if run.published_as and run.testset == "naples"]
    assert sorted(grey) == sorted(f"{name}-in-grey" for name in on_naples)
    assert on_naples
    assert {(row.switch, row.size) for row in grey.values()} == {("grey", "trained")}
    assert {run.input for run in settings.runs.values()} == {"recorded"}


def test_an_input_that_is_none_is_named(tmp_path: Path):
    with pytest.raises(InputError) as raised:
        with_runs(tmp_path, f"{HEAD}\tinput\n{LINE}\t\tcolour\n")
    for part in ("runs.tsv", "row 2", "input", "'colour'", "'grey'"):
        assert part in str(raised.value)


def test_another_switch_makes_companions_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(SWITCHES, "at-large", {"size": 448})
    settings = with_runs(tmp_path, f"{HEAD}\n{LINE}\tval21\n")
    assert {name: run.size for name, run in settings.companions.items() if run.input == "recorded"} == {
        "random-on-naples-at-native": "native",
        "random-on-naples-at-large": 448,
    }


def test_runs_that_are_not_the_preprints_are_seen_as_the_table_says():
    sizes = {run.testset: run.size for run in load(default()).runs.values()}
    assert sizes.pop("flow_public") == "native"
    assert set(sizes.values()) == {"trained"}


def test_a_given_checkpoint_is_a_model_with_runs():
    settings = load(default() | {"given": GIVEN})
    assert settings.checkpoint("given", {}) == {"path": "mine.pt", "sha256": "0" * 64}
    for printed in ("sha256:" + "0" * 64, "0" * 64 + "  mine.pt", "0" * 64 + "\n"):
        again = load(default() | {"given": GIVEN | {"sha256": printed}})
        assert again.checkpoint("given", {}) == settings.checkpoint("given", {})
    assert settings.classes("given") == ["croissant", "slipper"]
    runs = {name: run.testset for name, run in settings.runs.items() if run.model == "given"}
    assert runs == {"given-on-naples": "naples", "given-on-random_test": "random_test"}
    assert "given" not in load(default()).models
    assert settings.runs["given-on-naples"].size == "trained"
    assert load(default() | {"given": GIVEN | {"size": 320}}).runs["given-on-naples"].size == 320


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"testsets": ["naple"]}, ["'naple'", "naples", "given.testsets"]),
        ({"sha256": None}, ["path and sha256 come together"]),
        ({"sha256": "abc"}, ["given.sha256", "64 hexadecimal digits, as `sha256sum` prints them"]),
        ({"sha256": 10**63}, ["given.sha256", "in quotes"]),
    ],
)
def test_a_wrongly_given_checkpoint_is_named(change: dict, parts: list[str]):
    with pytest.raises(InputError) as raised:
        load(default() | {"given": GIVEN | change})
    for part in parts:
        assert part in str(raised.value)


def test_a_given_checkpoint_takes_no_run_of_the_table(tmp_path: Path):
    table = tmp_path / "runs.tsv"
    table.write_text(f"{HEAD}\ngiven-on-naples\trandom\tnaples\t\n")
    with pytest.raises(InputError, match=r"runs\.tsv.*run 'given-on-naples'.*another name"):
        load(default() | {"given": GIVEN, "tables": {"runs": str(table)}})


def test_a_test_set_of_pictures_needs_its_bank_and_knows_its_scale():
    settings = load(default())
    assert settings.scale("singapore_raw") == 5
    assert settings.scale("naples") == settings.scale("random_test") == 1


def test_a_variant_may_divide_its_cells_in_its_own_way():
    settings = load(default() | {"variants": {"random": {"scheme": "paper"}}})
    assert (settings.scheme("random"), settings.scheme("random_nosuperposition")) == ("paper", "grouped")


@pytest.mark.parametrize("name", ["paper", "published"])
def test_the_preprints_scale_keeps_none_of_the_embedded_defaults_training(name):
    content = yaml.safe_load((PROJECT / f"config/{name}.yaml").read_text())
    settings = load(content | {"phantoms": True})
    evaluated = {run.model for run in settings.runs.values()}
    assert evaluated == set(settings.models) - {"starter"}
    for model in evaluated:
        training = settings.training(model)
        assert (training.epochs, training.batch, training.imgsz, training.weights) == (20, 16, 200, "yolo11s.pt")
        assert training.overrides.get("optimizer", "auto") == "auto"
        assert training.overrides["freeze"] == 0
    if name == "paper":
        assert {settings.images(variant).train for variant in settings.variants} == {4000}


def test_readers_get_short_names_for_everything_that_is_drawn():
    labels = load(default()).labels
    assert labels["random_nosuperposition_noother"] == "no overlap, 2 classes"
    assert labels["random_test"] == "composed: overlap"
    assert labels["random-on-random_test"] == "overlap on composed images"
    assert labels["random-on-naples"] == "overlap on Naples"
    assert labels["random-on-naples-at-native"] == "overlap on Naples, at native size"
    assert labels["random-on-naples-in-grey"] == "overlap on Naples, in grey"
    assert not [name for name, label in labels.items() if "_" in label]


def test_a_row_without_a_label_goes_by_its_name():
    settings = load(default() | {"variants": {"random": {"label": None}}, "models": {"random": {"label": None}}})
    assert settings.labels["random-on-naples"] == "random on Naples"


def test_the_universal_detector_has_tables_of_its_own():
    """The embedded default neither draws nor trains it; its target does, evaluating it beside the starter in grey."""
    assert "universal" not in {**load(default()).variants, **load(default()).models}
    settings = load(default() | yaml.safe_load((PROJECT / "config/universal.yaml").read_text()))
    training = settings.training("universal")
    assert (training.weights, training.average, training.evaluated) == ("starter", 0.5, "mean")
    evaluated = {model: [run for run in settings.runs.values() if run.model == model] for model in settings.models}
    sets = {model: [run.testset for run in runs] for model, runs in evaluated.items()}
    assert set(sets["starter"]) <= set(sets["universal"]) and len(sets["starter"]) >= 6
    in_colour = {run.testset for run in settings.runs.values() if run.input == "recorded"}
    assert in_colour == {"naples_colour"}
    sizes = {model: {run.size for run in runs} for model, runs in evaluated.items()}
    assert sizes == {"starter": {"native"}, "universal": {"native", "fitted"}}


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"kind": "stress", "of": "naples"}, []),
        ({"kind": "stress"}, ["`of` goes with `kind: stress`"]),
        ({"kind": "naples", "of": "naples"}, ["`of` goes with `kind: stress`"]),
        ({"kind": "stress", "of": "elsewhere"}, ["'elsewhere'", "naples", "key hard.of"]),
        # of another source, and a stress set itself
        ({"kind": "stress", "of": "flow_public"}, ["'flow_public'", "key hard.of"]),
        ({"kind": "stress", "of": "hard"}, ["'hard'", "key hard.of"]),
    ],
)
def test_a_stress_set_is_of_another_set_of_its_source(tmp_path: Path, row: dict, parts: list[str]):
    table = yaml.safe_load((PROJECT / "config/testsets.yaml").read_text())
    (tmp_path / "testsets.yaml").write_text(yaml.safe_dump(table | {"hard": {"title": "t", "source": "naples"} | row}))
    changed = default() | {"tables": {"testsets": str(tmp_path / "testsets.yaml")}}
    if not parts:
        assert load(changed).testsets["hard"].of == "naples"
        return
    with pytest.raises(InputError) as raised:
        load(changed)
    assert all(part in str(raised.value) for part in parts), raised.value


def test_an_average_needs_weights_to_start_from():
    with pytest.raises(InputError, match="`average` above 0 needs `weights`"):
        load(default() | {"training": {"average": 0.5, "weights": "none"}})


def test_trainings_are_evaluated_on_their_validation_images_on_request():
    assert not [run for run in load(default()).runs if run.endswith("_val")]
    settings = load(default() | {"validation": {"own_val": True}})
    added = [run for run in settings.runs if run.endswith("_val")]
    # the four published trainings, and no model that the preprint has not
    assert added == [
        f"{name}-on-{name}_val"
        for name in (
            "random",
            "random_nosuperposition",
            "random_nosuperposition_noother",
            "microfluidic_nosuperposition",
        )
    ]
    row = settings.testsets["random_val"]
    assert (row.kind, row.source, row.split) == ("composed", "random", "val")
    assert settings.labels["random_val"] == "validation: overlap"
    assert settings.labels["random-on-random_val"] == "overlap on validation: overlap"
    assert "random_val" not in settings.recorded
    plan = Plan.of(settings)
    assert plan.testsets.source("random_val") == "<results>/datasets/random/fingerprint.txt"
    assert plan.testsets.spec("random_val", Disk(settings))["max_frames"] == 60


def test_every_model_is_evaluated_on_the_published_sets_on_request():
    settings = load(default() | {"validation": {"published_sets": True}})
    models = {run.model for run in settings.runs.values()}
    for testset in ("published_random_nosuperposition", "published_microfluidic"):
        assert {run.model for run in settings.runs.values() if run.testset == testset} == models
        assert settings.testsets[testset].kind == "published"
    plan = Plan.of(settings)
    assert plan.testsets.streamed == ["published_random_nosuperposition", "published_microfluidic"]
    spec = plan.testsets.spec("published_microfluidic", Disk(settings))
    assert (spec["folder"], spec["images"]["test"]) == ("data/copy_paste_microfluidic", 2000)
    assert Plan.of(load(default())).testsets.streamed == []
