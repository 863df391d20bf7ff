"""The profiles agree with each other and with the rules."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.config.references import NO_MODEL
from rbcflow.plan import Plan
from rbcflow.plan.figures import drawing_rules
from rbcflow.plan.profile import FAMILIES as PATTERNS
from rbcflow.plan.profile import spread, spread_resources, told_of_unknown

SLURM = yaml.safe_load((PROJECT / "profiles/slurm/profile.yaml").read_text())
LOCAL = yaml.safe_load((PROJECT / "profiles/default/profile.yaml").read_text())
NEED_THE_NETWORK = ["download_raw", "fetch_recordings", "fetch_testset", "fetch_weights", "import_dataset"]


def rules() -> dict[str, str]:
    """Return the text of every rule by its name, without those that take another's over.

    Rules that there are for each model or kind of figure have a name such as ``predict_{job}``.
    """
    text = "\n".join(path.read_text() for path in sorted((PROJECT / "workflow/rules").glob("*.smk")))
    text = re.sub(
        r"^    rule:\n(?:        \"{3}.*\n)?        name:\n            f\"(.+)\"$",
        r"rule \1:",
        text,
        flags=re.MULTILINE,
    )
    parts = re.split(r"^rule ([\w{}]+):$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


FAMILIES = {"predict_*": "predictions", "evaluate_*": "metrics", "collect_errors_*": "errors", "draw_run_*": "figures"}
"""Patterns of the rules that there are for each model, and the group of each."""


def taken_over() -> set[str]:
    """Return the names of rules that are another rule with other files."""
    text = "\n".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))
    return set(re.findall(r"^use rule \w+ as (\w+) with:$", text, re.MULTILINE))


@pytest.mark.parametrize("rule", sorted(rules()))
def test_memory_and_time_grow_with_the_attempt(rule: str):
    for resource in ("mem_mb", "runtime"):
        assert re.search(rf"^ +{resource}=growing\(\d+\),$", rules()[rule], re.MULTILINE), resource


def test_what_trains_or_predicts_asks_for_a_gpu():
    asking = {name for name, text in rules().items() if re.search(r"^ +gpu=", text, re.MULTILINE)}
    assert asking == {
        "train_model",
        "verify_training",
        "predict_{job}",
        "cut_cells",
        "score_segmentation_by_{kind}",
        "detect_recording",
        "retrain_detector",
        "evaluate_retraining",
    }


def test_scripts_have_the_names_of_their_rules():
    """Those that rules share, and those of targets, are named in docs/architecture.md."""
    scripts = {name: re.findall(r'"\.\./scripts/(\w+)\.py"', text) for name, text in rules().items()}
    others = {script for name, found in scripts.items() for script in found if script != name}
    [said] = re.findall(r"^Scripts under .*(?:\n.+)*", (PROJECT / "docs/architecture.md").read_text(), re.MULTILINE)
    named = {name for name in re.findall(r"`(\w+)`", said) if (PROJECT / f"workflow/scripts/{name}.py").is_file()}
    assert others == named


@pytest.mark.parametrize("rule", NEED_THE_NETWORK)
def test_downloads_run_where_snakemake_runs(rule: str):
    assert "    localrule: True\n" in rules()[rule]


def test_the_slurm_profile_names_rules_that_there_are():
    scored = {"score_segmentation_by_rules", "score_segmentation_by_networks"}
    known = {*rules(), *taken_over(), *drawing_rules(), *FAMILIES, *scored}
    assert {*SLURM["groups"], *SLURM["set-resources"]} <= known
    assert {*SLURM["group-components"]} <= {*SLURM["groups"].values()}
    for rule in SLURM["groups"]:
        assert "localrule" not in rules().get(rule, ""), rule


def test_rules_that_are_gone_are_named_with_those_of_today():
    there = {*rules(), *taken_over(), *drawing_rules(), "predict_random"}
    for profile in (SLURM, LOCAL):
        assert told_of_unknown({key: profile.get(key, {}) for key in ("set-resources", "groups")}, there) is None
    named = {
        "set-threads": ["judge_recording", "train_model"],
        "set-resources": ["train_modl", "collect_errors", "predict_other"],
        "groups": ["draw_phantom", "zzz"],
    }
    assert told_of_unknown(named, there).splitlines()[1:] == [
        "  set-threads: judge_recording did you mean 'evaluate_recording'?",
        "  set-resources: train_modl did you mean 'train_model'?",
        "  set-resources: collect_errors did you mean 'collect_errors_*'?",
        "  groups: draw_phantom did you mean 'simulate_phantom'?",
        "  groups: zzz",
    ]


def test_the_families_of_rules_are_known():
    assert {*FAMILIES} <= {*PATTERNS}


def test_no_model_has_the_name_of_a_rule():
    fixed = {name for name in {*rules(), *taken_over(), *drawing_rules()} if "{" not in name}
    starts = [pattern.removesuffix("*") for pattern in FAMILIES]
    alike = {name.removeprefix(start) for name in fixed for start in starts if name.startswith(start)}
    assert alike == {*NO_MODEL}


def test_the_rules_that_score_extraction_are_named_by_a_pattern_too():
    plan = Plan.of(load({}))
    said = spread({"score_segmentation_by_*": {"mem_mb": 9000}}, plan.cells.rules())
    assert said == {f"score_segmentation_by_{kind}": {"mem_mb": 9000} for kind in ("networks", "rules")}


def test_both_profiles_name_the_rules_of_every_model_by_a_pattern():
    assert LOCAL["set-resources"] == {"predict_*": {"gpu": 0}}
    assert SLURM["set-resources"]["predict_*"] == SLURM["set-resources"]["train_model"]
    assert {pattern: SLURM["groups"][pattern] for pattern in FAMILIES} == FAMILIES
    for pattern in FAMILIES:
        [text] = [
            text for name, text in rules().items() if name.replace("{job}", "*").replace("{model}", "*") == pattern
        ]
        assert f'group_of(workflow, "{pattern}")' in text


def test_a_model_is_a_row_of_a_table():
    """A model besides those of the tables has the rules of its family, which the profiles' patterns fit."""
    row = {"title": "more", "variant": "random"}
    runs = Plan.of(
        load({"models": {"more": row}, "runs": {"more-on-naples": {"model": "more", "testset": "naples"}}})
    ).runs
    expected = {f"{pattern[:-1]}more" for pattern in FAMILIES}
    assert {name for name in runs.rules() if name.endswith("_more")} == expected
    assert spread(LOCAL["set-resources"], runs.rules())["predict_more"] == {"gpu": 0}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"predict_*": {"gpu": 0}}, {"predict_a": {"gpu": 0}, "predict_b": {"gpu": 0}}),
        (
            {"predict_a": {"gpu": 1}, "predict_*": {"gpu": 0, "x": 1}},
            {"predict_a": {"gpu": 1, "x": 1}, "predict_b": {"gpu": 0, "x": 1}},
        ),
        ({"train_model": {"gpu": 2}, "nothing_*": {"gpu": 3}}, {"train_model": {"gpu": 2}}),
    ],
)
def test_a_rule_is_known_by_its_name_before_its_pattern(said: dict, expected: dict):
    assert spread(said, ["predict_a", "predict_b"]) == expected


def test_threads_are_said_by_pattern_like_resources():
    said = {"predict_a": 4, "predict_*": 2, "train_model": 8}
    settings = SimpleNamespace(overwrite_threads=said, overwrite_resources={"predict_*": {"gpu": 0}})
    spread_resources(SimpleNamespace(resource_settings=settings), iter(["predict_a", "predict_b"]))
    assert settings.overwrite_threads == {"predict_a": 4, "predict_b": 2, "train_model": 8}
    assert settings.overwrite_resources == {"predict_a": {"gpu": 0}, "predict_b": {"gpu": 0}}


def test_rules_that_use_gpus_are_grouped_with_no_others():
    asking = {rule for rule in SLURM["set-resources"] if rule in SLURM["groups"]}
    groups = {SLURM["groups"][rule] for rule in asking}
    assert {rule for rule, group in SLURM["groups"].items() if group in groups} == asking


def test_an_own_recording_is_one_job():
    group = {rule for rule, name in SLURM["groups"].items() if name == "recording"}
    # every rule whose files lie in the folder of one recording
    own = {rule for rule, text in rules().items() if '"<results>/recordings/{recording}/' in text.split("log:")[0]}
    assert group == own
    # groups of two recordings stay apart
    assert SLURM["group-components"].get("recording", 1) == 1


def test_polling_fits_what_slurm_remembers_by_default():
    assert SLURM["slurm-status-command"] == "squeue"
    assert 3 * SLURM["slurm-init-seconds-before-status-checks"] <= 300


@pytest.mark.parametrize("key", ["scheduler", "rerun-triggers", "rerun-incomplete", "keep-going", "show-failed-logs"])
def test_what_reruns_is_the_same_on_a_cluster(key: str):
    assert SLURM[key] == LOCAL[key]
