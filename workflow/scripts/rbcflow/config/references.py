"""Check tables against each other: names that one has of another, and what goes together."""

from __future__ import annotations

from pathlib import Path

from rbcflow.config.checks import check_compose, check_overrides, read_published
from rbcflow.config.settings import Settings, testset_names
from rbcflow.core.errors import InputError
from rbcflow.core.strict import did_you_mean
from rbcflow.core.yamlfile import read_yaml
from rbcflow.detector.weights import read_weights
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import OF_OTHERS

ELSEWHERE = "_elsewhere"
"""What follows a model's name in the names of rules for its runs on test sets whose files are not there."""


def check_name(name: str, known: dict | list, path: str, where: str) -> None:
    if name not in known:
        expected = f"{did_you_mean(name, known)} one of {', '.join(known)}".strip()
        raise InputError(path, repr(name), expected, where)


def _check_banks(settings: Settings, weights: list[str]) -> None:
    """Check that banks name sources and methods that fit each other, and networks that there are."""
    tables, segmentation, taken = settings.config.tables, settings.config.segmentation, laboratories.takers()
    for name, bank in settings.banks.items():
        check_name(bank.source, settings.sources, tables.banks, f"key {name}.source")
        layout = settings.sources[bank.source].layout
        for method in bank.methods:
            if layout not in taken[method]:
                expected = (
                    f"a method for it: {', '.join(known for known, layouts in taken.items() if layout in layouts)}"
                )
                raise InputError(
                    tables.banks, f"method {method!r} for the layout {layout}", expected, f"key {name}.methods"
                )
    for network, own in (("unet", ["trained"]), ("cellpose", ["trained", "finetuned"]), ("yolo", [])):
        check_name(getattr(segmentation, network), [*own, *weights], tables.weights, f"key segmentation.{network}")


def check_references(settings: Settings) -> None:
    """Check that every name in a table is one of the table it stands for, and what goes together.

    Raises:
        InputError: names the table, the key, what was found and what is known.
    """
    tables = settings.config.tables
    known = read_weights(Path(tables.weights))
    _check_banks(settings, list(known))
    _check_sources(settings)
    _check_variants(settings)
    _check_models(settings, ["none", *known])
    for name in settings.testsets:
        _check_testset(settings, name)
    _check_runs(settings)


def _check_sources(settings: Settings) -> None:
    """Check that published sources are of sets that there are."""
    published = settings.config.tables.published
    for name, source in settings.sources.items():
        if source.published:
            check_name(source.published, read_published(Path(published))["sets"], published, f"sets, source {name}")


def _check_variants(settings: Settings) -> None:
    """Check variants' banks, compositions, and where their datasets come from."""
    tables = settings.config.tables
    for name, variant in settings.variants.items():
        for bank in variant.banks:
            check_name(bank, settings.banks, tables.variants, f"key {name}.banks")
        check_compose(name, variant, tables.variants)
        if variant.dataset == "published":
            check_name(name, read_published(Path(tables.published))["sets"], tables.published, f"sets, variant {name}")
        if (variant.dataset == "local") != (variant.path is not None):
            found = f"dataset {variant.dataset} and path {variant.path}"
            raise InputError(tables.variants, found, "a path with `dataset: local`, and only there", f"key {name}.path")


NO_MODEL = ("claims", "recording", "retraining")
"""Names that a model cannot have: there are rules ``evaluate_<name>`` that have nothing to do with it."""


def _check_models(settings: Settings, weights: list[str]) -> None:
    """Check models' names, variants, classes and trainings; ``weights`` are what a training can start from."""
    tables = settings.config.tables
    made: dict[str, str] = {}
    for name, model in settings.models.items():
        if name in NO_MODEL or any(name == f"{other}{ELSEWHERE}" for other in settings.models):
            raise InputError(tables.models, repr(name), "another name: rules have this one", f"key {name}")
        check_name(model.variant, settings.variants, tables.models, f"key {name}.variant")
        if model.classes == 1 and model.weights.source == "train":
            expected = "2 or 3, as a detector of one class is not trained here, only taken with `weights`"
            raise InputError(tables.models, "classes 1", expected, f"key {name}.classes")
        training = settings.training(name)
        check_name(training.weights, weights, tables.weights, f"weights of the model {name}")
        check_overrides(training, tables.models, f"key {name}.training.overrides")
        settings.checkpoint(name, read_yaml(Path(tables.weights)))
        if model.published_as and (first := made.setdefault(model.published_as, name)) != name:
            found = f"published_as {model.published_as!r} of {first!r} and of {name!r}"
            expected = "each published training once, as the claims table evaluates it"
            raise InputError(tables.models, found, expected, f"key {name}")


def _check_testset(settings: Settings, name: str) -> None:
    """Check what a test set of the table is made of."""
    tables, testset = settings.config.tables, settings.testsets[name]
    if testset.kind in ("composed", "published"):
        sets = settings.variants if testset.kind == "composed" else read_published(Path(tables.published))["sets"]
        check_name(testset.source, sets, tables.testsets, f"key {name}.source")
        return
    check_name(testset.source, settings.sources, tables.testsets, f"key {name}.source")
    laboratory, kind = laboratories.kinds().get(testset.kind, (None, OF_OTHERS.get(testset.kind)))
    if kind.bank:
        check_name(testset.bank or "", settings.banks, tables.testsets, f"key {name}.bank")
    if testset.table and not Path(testset.table).is_file():
        expected = "a table of the columns file, donor, recording, condition and frame"
        raise InputError(tables.testsets, f"{testset.table}, which is not there", expected, f"key {name}.table")
    if testset.of:
        same = [key for key, row in settings.testsets.items() if row.source == testset.source and not row.of]
        check_name(testset.of, same, tables.testsets, f"key {name}.of")
    layout = settings.sources[testset.source].layout
    if laboratory and layout != laboratory.layout:
        found = f"kind {testset.kind} with a source of layout {layout}"
        raise InputError(tables.testsets, found, f"a source of layout {laboratory.layout}", f"key {name}.source")
    if name.removesuffix("_test") in settings.variants and name.endswith("_test"):
        raise InputError(tables.testsets, f"the name {name!r}", "another: a variant's own test images have it")


def _check_runs(settings: Settings) -> None:
    """Check runs' models and test sets, and that each published run stands once."""
    runs = settings.config.tables.runs
    published: dict[str, str] = {}
    testsets = testset_names(settings.variants, settings.testsets)
    for name, run in settings.runs.items():
        if run.published_as and (first := published.setdefault(run.published_as, name)) != name:
            expected = f"each published run once, as the claims table evaluates it; it is {first} already"
            raise InputError(runs, repr(run.published_as), expected, f"run {name}, column published_as")
        check_name(run.model, settings.models, runs, f"run {name}, column model")
        check_name(run.testset, testsets, runs, f"run {name}, column testset")
