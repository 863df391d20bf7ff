"""Rows that the configuration adds to the tables: the user's checkpoint, companions, further test sets."""

from __future__ import annotations

from pathlib import Path

from rbcflow.config.checks import read_published
from rbcflow.config.model import Checkpoint, Model
from rbcflow.config.references import check_name
from rbcflow.config.run import SWITCHES, Companion, Run
from rbcflow.config.settings import Settings, testset_names
from rbcflow.config.testset import TestSetRow
from rbcflow.core.errors import InputError


def add_own_val(settings: Settings) -> None:
    """Where it is wanted, evaluate models with a published training on their variant's validation images too."""
    wanted = settings.models if settings.config.validation.own_val else {}
    for name, model in wanted.items():
        if not model.published_as or f"{name}-on-{model.variant}_test" not in settings.runs:
            continue
        row = {"title": "validation images of the same kind as the training's", "source": model.variant}
        settings.testsets[f"{model.variant}_val"] = TestSetRow(**row, kind="composed", split="val")
        run = f"{name}-on-{model.variant}_val"
        settings.runs.setdefault(run, Run(run=run, model=name, testset=f"{model.variant}_val"))


def add_published_sets(settings: Settings) -> None:
    """Where it is wanted, evaluate every model on the test images of the published sets too."""
    config = settings.config
    sets = read_published(Path(config.tables.published))["sets"] if config.validation.published_sets else {}
    evaluated = dict.fromkeys(run.model for run in settings.runs.values())
    for name, row in sets.items():
        testset = row.get("testset", f"published_{name}")
        described = {"title": row.get("title", f"published set {name}"), "label": row.get("label")}
        settings.testsets[testset] = TestSetRow(**described, source=name, kind="published")
        for model in evaluated:
            run = f"{model}-on-{testset}"
            settings.runs.setdefault(run, Run(run=run, model=model, testset=testset))


def add_given(settings: Settings) -> None:
    """Add the user's own checkpoint, where there is one, as the model ``given`` with its runs."""
    given, tables = settings.config.given, settings.config.tables
    if given.path is None:
        return
    if "given" in settings.models:
        raise InputError(tables.models, "a model named 'given'", "another name, as the key `given` is set")
    # No image of the variant is read to evaluate a checkpoint; models' pages show what it could have learned from.
    settings.models["given"] = Model(
        title="a checkpoint of the user's",
        variant=next(iter(settings.variants)),
        classes=given.classes,
        weights=Checkpoint(source="local", path=given.path, sha256=given.sha256),
    )
    for testset in given.testsets:
        check_name(testset, testset_names(settings.variants, settings.testsets), "configuration", "key given.testsets")
        name = f"given-on-{testset}"
        if name in settings.runs:
            raise InputError(tables.runs, f"run {name!r}", "another name, as the key `given` is set", f"run {name}")
        settings.runs[name] = Run(run=name, model="given", testset=testset, size=given.size)


def add_companions(settings: Settings) -> None:
    """Add to every published run a companion for each switch that is not turned in the run itself."""
    for name, run in settings.runs.items():
        for switch, turned in SWITCHES.items():
            turns_nothing = any(getattr(run, key) == value for key, value in turned.items())
            named = run.published_as or run.companions
            if not named or turns_nothing or ("input" in turned and not settings.coloured(run.testset)):
                continue
            row = run.model_dump() | {"published_as": None, "companions": False} | turned
            word = switch.partition("-")[2]
            companion = row | {"run": f"{name}-{switch}", "companion_of": name, "switch": word}
            settings.companions[companion["run"]] = Companion(**companion)
