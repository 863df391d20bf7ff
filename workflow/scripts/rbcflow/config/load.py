"""Read configuration and tables, check them against each other, and answer a wrong entry with what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rbcflow.config.checks import check_compose, check_overrides, read_published
from rbcflow.config.models import (  # fmt: skip
    NETWORKS,
    SWITCHES,
    Bank,
    Checkpoint,
    Companion,
    Config,
    Images,
    Model,
    Run,
    Source,
    TestSet,
    Training,
    Variant,
)
from rbcflow.core.classes import CELL, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_object
from rbcflow.core.textfile import read_text, rows
from rbcflow.core.yamlfile import check_once, read_yaml
from rbcflow.datasets.spec import VariantSpec
from rbcflow.detector.weights import read_weights
from rbcflow.figures.registry import read_registry
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import DRAWN, OF_OTHERS
from rbcflow.sources.laboratory import TestSetKind

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Settings:
    """Configuration and tables after validation, with every default and override applied."""

    config: Config
    sources: dict[str, Source]
    banks: dict[str, Bank]
    variants: dict[str, Variant]
    models: dict[str, Model]
    testsets: dict[str, TestSet]
    runs: dict[str, Run]
    companions: dict[str, Companion] = field(default_factory=dict)

    @property
    def judged(self) -> dict[str, Run]:
        """The runs of the table, and their companions after them: all that is predicted and counted."""
        return {**self.runs, **self.companions}

    @property
    def recorded(self) -> list[str]:
        """The test sets of the table whose frames are recordings, or made of them."""
        return [name for name, row in self.testsets.items() if row.kind not in ("composed", "published")]

    @property
    def labels(self) -> dict[str, str]:
        """Short names for readers, by the name of a source, bank, variant, model, test set or run.

        A name that several tables have (a variant and its model) is taken from the first with a label, in that order.
        """
        tables = (self.sources, self.banks, self.variants, self.models, self.testsets)
        found = {name: name.replace("_", " ") for table in tables for name in table}
        for table in reversed(tables):
            found |= {name: row.label for name, row in table.items() if row.label}
        found |= {f"{name}_test": f"composed: {found[name]}" for name in self.variants}
        found |= {f"{name}_val": f"validation: {found[name]}" for name in self.variants}
        return found | {name: self._label_of(run, found) for name, run in self.judged.items()}

    def _label_of(self, run: Run, found: dict[str, str]) -> str:
        own = run.testset == f"{self.models[run.model].variant}_test"
        turned = (
            {"native": ", at native size"}.get(run.switch, f", in {run.switch}") if isinstance(run, Companion) else ""
        )
        return f"{found[run.model]} on {'composed images' if own else found[run.testset]}{turned}"

    @property
    def pixels_um(self) -> dict[str, float]:
        """Side of a pixel in micrometres, by source, where it is known."""
        return {name: row.pixel_um for name, row in self.sources.items() if row.pixel_um}

    def origin(self, source: str) -> str:
        """Return where a source's files come from: ``phantom``, ``path``, ``url``, ``package`` or ``drawn``."""
        own = self.sources[source]
        return own.origin or ("path" if own.path or not self.config.phantoms else "phantom")

    def exact_truth(self, source: str) -> bool:
        """Return whether a source's files come with ``truth/``: a phantom's, or those of which the table says so."""
        return self.origin(source) == "phantom" or self.sources[source].exact_truth

    def raw_folder(self, source: str) -> Path:
        """Return the folder where a source's own files are expected."""
        return Path(self.sources[source].path or f"{self.config.raw}/{source}")

    def networks(self, paths: list[str]) -> list[str]:
        """Return the names of the networks that some paths need, in a fixed order."""
        needed = {network for path in paths for network in NETWORKS.get(path, ())}
        return [network for network in ("unet", "cellpose", "yolo") if network in needed]

    def kind(self, testset: str) -> TestSetKind:
        """Return the kind of a test set of the table."""
        kind = self.testsets[testset].kind
        return OF_OTHERS[kind] if kind in OF_OTHERS else laboratories.kinds()[kind][1]

    def needs_bank(self, testset: str) -> bool:
        """Return whether a test set of the table is made with cells of the bank that its row names."""
        kind = self.kind(testset)
        return kind.bank and (kind.held_out or not self.exact_truth(self.testsets[testset].source))

    def coloured(self, testset: str) -> bool:
        """Return whether a test set's frames are in colour; a variant's own are grey."""
        row = self.testsets.get(testset)
        source = self.sources.get(row.source) if row else None
        return source is not None and source.layout != DRAWN and laboratories.known()[source.layout].coloured

    def scale(self, testset: str) -> float:
        """Return the factor on both sides of a test set's frames before a detector sees them."""
        return self.testsets[testset].scale if testset in self.testsets else 1.0

    def images(self, variant: str) -> Images:
        """Return the numbers of images of a variant."""
        return self.variants[variant].images or self.config.images

    def scheme(self, variant: str) -> str:
        """Return the scheme by which the cells of a variant are divided."""
        return self.variants[variant].scheme or self.config.scheme

    def training(self, model: str) -> Training:
        """Return a model's training settings: the configuration's, with the model's own keys over them."""
        merged = {**self.config.training.model_dump(), **self.models[model].training}
        return _validate(Training, merged, Path(self.config.tables.models), f"{model}.training")

    def classes(self, model: str) -> list[str]:
        """Return the names of a model's outputs in the order of their ids."""
        row = self.models[model]
        variant = self.variants[row.variant]
        own = VariantSpec.from_dict({"name": row.variant, **variant.compose}).classes
        if row.classes == 1:
            return [CELL]
        return list(CLASSES[: row.classes] if row.classes else own)

    def checkpoint(self, model: str, weights: dict[str, dict]) -> dict[str, str] | None:
        """Return path and sha256 of the checkpoint that stands in for a model's training, None where it is trained.

        Args:
            model: its name.
            weights: the table of resources/weights.yaml.

        Raises:
            InputError: the model's published checkpoint has no entry in that table.
        """
        row = self.models[model]
        if row.weights.source == "train":
            return None
        if row.weights.source == "path":
            return {"path": row.weights.path, "sha256": row.weights.sha256}
        name = f"{row.published_as}.pt"
        if name not in weights:
            expected = f"an entry {name} with url, sha256 and licence, as `weights.source` of {model} is `published`"
            raise InputError(self.config.tables.weights, f"entries {', '.join(weights)}", expected)
        entry = weights[name]
        return {"path": entry.get("path") or f"resources/weights/{name}", "sha256": entry["sha256"]}

    def lacks_files(self, source: str) -> bool:
        """Return whether a source should be read from a folder that is absent or empty."""
        folder = self.raw_folder(source)
        return self.origin(source) == "path" and not (folder.is_dir() and any(folder.iterdir()))

    def drawn_before(self) -> list[str]:
        """Return the sources whose files are absent and of which an earlier run left drawn ones in the results folder.

        Snakemake takes an output that is there, and that nothing can make, for a file of the user's.
        """
        raw = Path(self.config.pathvars.get("results", "results")) / "raw"
        records = {name: raw / name / "source.json" for name in self.sources if self.lacks_files(name)}
        return [
            name
            for name, file in records.items()
            if file.is_file() and read_object(file, "the record of a source's files", []).get("origin") == "phantom"
        ]

    def missing_raw(self) -> list[str]:
        """Return one paragraph for each source that should be read from a folder that is absent or empty."""
        lines = []
        for name, source in self.sources.items():
            if self.lacks_files(name):
                lines.append(
                    f"{name} ({source.title})\n"
                    f"    put its files into: {self.raw_folder(name)}/\n"
                    + (f"    or download a part: origin `url`, from {source.url}\n" if source.url else "")
                    + f"    where to ask:       {source.access}\n"
                    f"    reference:          {source.reference}"
                )
        return lines


def _readable(error: ValidationError, model: type[BaseModel], path: Path, where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence with key, value and what is allowed."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(model, first["loc"][:-1])
        guess = difflib.get_close_matches(str(first["loc"][-1]), allowed, n=1)
        hint = f"did you mean {guess[0]!r}? " if guess else ""
        return InputError(path, f"unknown key {key!r}", f"{hint}allowed here: {', '.join(allowed)}", f"key {key}")
    if first["type"] == "missing":
        return InputError(path, f"no key {key!r}", "this key, which has no default", f"key {key}")
    message = first["msg"].removeprefix("Value error, ")
    message = (message[0].lower() + message[1:]).removeprefix("input should be ")
    return InputError(path, repr(first["input"]), message, f"key {key}")


def _keys_at(model: type[BaseModel], location: tuple) -> list[str]:
    """Return the keys allowed at a place inside a model."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)


def _validate(model: type[M], data: Any, path: Path, where: str = "") -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _readable(error, model, path, where) from None


def merged(base: dict, over: dict) -> dict:
    """Return base with over's values laid on top, dictionary by dictionary."""
    laid = deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(laid.get(key), dict)
        laid[key] = merged(laid[key], value) if both else value
    return laid


def _table(model: type[M], path: str, overrides: dict[str, dict]) -> dict[str, M]:
    rows = read_yaml(Path(path))
    for name, row in rows.items():
        _check_row(name, row, path)
    needed = {key for key, field in model.model_fields.items() if field.is_required()}
    for name in sorted(set(overrides) - set(rows)):
        if not needed <= set(overrides[name]):
            expected = f"one of {', '.join(rows)}, or a whole row: keys {', '.join(sorted(needed))} at least"
            raise InputError(path, f"an override for {name!r}", expected)
        _check_row(name, overrides[name], "configuration")
    whole = {name: merged(rows.get(name, {}), overrides.get(name, {})) for name in [*rows, *overrides]}
    return {name: _validate(model, row, Path(path), name) for name, row in whole.items()}


def _check_row(name: str, row: Any, path: str) -> None:
    # names are wildcards: they become folders, parts of rule inputs, and ids on the page
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(path, f"the name {name!r}", "small letters, digits and _, a letter first", f"key {name}")
    if not isinstance(row, dict):
        raise InputError(path, repr(row), "a mapping of keys to values", f"key {name}")


RUN_COLUMNS = ("run", "model", "testset", "published_as")
"""Columns that a table of runs must have; others of `Run` may stand beside them."""


def _runs(path: str, overrides: dict[str, dict]) -> dict[str, Run]:
    """Return the rows of a table of runs with the configuration's own columns and rows laid over them."""
    runs = _read_runs(path)
    for name, own in overrides.items():
        row = {"run": name} | (runs[name].model_dump() if name in runs else {}) | own
        runs[name] = _validate(Run, row, Path("configuration"), f"runs.{name}")
    return runs


def _read_runs(path: str) -> dict[str, Run]:
    file, known = Path(path), list(Run.model_fields)
    lines = rows(file, read_text(file, "a table of runs, its columns separated by tabs"), known)
    line, header = next(lines, (1, []))
    named = [name for name in header if name]
    if not set(RUN_COLUMNS) <= set(named) <= set(known) or len(set(named)) < len(named):
        told = f"tab-separated columns {list(RUN_COLUMNS)}, and any of {known[len(RUN_COLUMNS) :]}, each once"
        raise InputError(file, f"columns {header}", told, f"row {line}")
    runs = {}
    for number, cells in lines:
        if any(cell for place, cell in enumerate(cells) if cell and (place >= len(header) or not header[place])):
            raise InputError(file, f"{len(cells)} fields", f"{len(named)}, as in the first row", f"row {number}")
        row = dict.fromkeys(RUN_COLUMNS) | {name: cell for name, cell in zip(header, cells, strict=False) if name}
        # an empty field of an optional column is the column's default
        run = _validate(Run, {k: v or None for k, v in row.items() if v or k in RUN_COLUMNS}, file, f"row {number}")
        if run.run in runs:
            raise InputError(file, f"run {run.run!r} twice", "one row a run", f"row {number}")
        runs[run.run] = run
    if not runs:
        raise InputError(file, "no run", "at least one row", "row 2")
    return runs


def _check_name(name: str, known: dict | list, path: str, where: str) -> None:
    if name not in known:
        raise InputError(path, repr(name), f"one of {', '.join(known)}", where)


def testset_names(variants: dict[str, Variant], testsets: dict[str, TestSet]) -> list[str]:
    """Return the names of all test sets: those of the table and each variant's own test split."""
    return [*testsets, *(f"{variant}_test" for variant in variants)]


def check_files(files: Iterable[Path]) -> None:
    """Check the files that a configuration was merged from, of which Snakemake says nothing once they are one.

    Raises:
        InputError: a key twice, or a file that is no configuration: a target after ``--configfile`` is taken for one.
    """
    for file in filter(Path.is_file, files):
        keys = check_once(file)
        if not set(keys) & set(Config.model_fields) and set(keys) - {"__use_yte__"}:
            found = f"keys {', '.join(map(str, keys))}"
            expected = "keys of the configuration; if this is a target, write it before --configfile, or -- before it"
            raise InputError(file, f"{found:.80}", expected)


def load(raw: dict) -> Settings:
    """Validate a configuration and the tables it names.

    Args:
        raw: Snakemake's merged configuration.

    Raises:
        InputError: a key, value or name is wrong; the message has the file, the key, the value and what is allowed.
    """
    config = _validate(Config, raw, Path("configuration"))
    laboratories.tell(config.laboratories)
    tables = config.tables
    settings = Settings(
        config=config,
        sources=_table(Source, tables.sources, config.sources),
        banks=_table(Bank, tables.banks, config.banks),
        variants=_table(Variant, tables.variants, config.variants),
        models=_table(Model, tables.models, config.models),
        testsets=_table(TestSet, tables.testsets, config.testsets),
        runs=_runs(tables.runs, config.runs),
    )
    _add_own_val(settings)
    _add_published_sets(settings)
    _add_given(settings)
    _add_companions(settings)
    _check_references(settings)
    read_registry(Path(tables.figures))
    return settings


def _add_own_val(settings: Settings) -> None:
    """Where it is wanted, judge models with a published training on their variant's validation images too."""
    wanted = settings.models if settings.config.validation.own_val else {}
    for name, model in wanted.items():
        if not model.published_as or f"{name}-on-{model.variant}_test" not in settings.runs:
            continue
        row = {"title": "validation images of the same kind as the training's", "source": model.variant}
        settings.testsets[f"{model.variant}_val"] = TestSet(**row, kind="composed", split="val")
        run = f"{name}-on-{model.variant}_val"
        settings.runs.setdefault(run, Run(run=run, model=name, testset=f"{model.variant}_val"))


def _add_published_sets(settings: Settings) -> None:
    """Where it is wanted, judge every model on the test images of the published sets too."""
    config = settings.config
    sets = read_published(Path(config.tables.published))["sets"] if config.validation.published_sets else {}
    judged = dict.fromkeys(run.model for run in settings.runs.values())
    for name, row in sets.items():
        testset = row.get("testset", f"published_{name}")
        described = {"title": row.get("title", f"published set {name}"), "label": row.get("label")}
        settings.testsets[testset] = TestSet(**described, source=name, kind="published")
        for model in judged:
            run = f"{model}-on-{testset}"
            settings.runs.setdefault(run, Run(run=run, model=model, testset=testset))


def _add_given(settings: Settings) -> None:
    """Add the user's own checkpoint, where there is one, as the model ``given`` with its runs."""
    given, tables = settings.config.given, settings.config.tables
    if given.path is None:
        return
    if "given" in settings.models:
        raise InputError(tables.models, "a model named 'given'", "another name, as the key `given` is set")
    # No image of the variant is read to judge a checkpoint; the pages of models show what it could have learned from.
    settings.models["given"] = Model(
        title="a checkpoint of the user's",
        variant=next(iter(settings.variants)),
        classes=given.classes,
        weights=Checkpoint(source="path", path=given.path, sha256=given.sha256),
    )
    for testset in given.testsets:
        _check_name(testset, testset_names(settings.variants, settings.testsets), "configuration", "key given.testsets")
        name = f"given-on-{testset}"
        if name in settings.runs:
            raise InputError(tables.runs, f"run {name!r}", "another name, as the key `given` is set", f"run {name}")
        settings.runs[name] = Run(run=name, model="given", testset=testset, size=given.size)


def _add_companions(settings: Settings) -> None:
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


def _check_banks(settings: Settings, weights: list[str]) -> None:
    """Check that banks name sources and paths that fit each other, and networks that there are."""
    tables, segmenters, taken = settings.config.tables, settings.config.segmenters, laboratories.takers()
    for name, bank in settings.banks.items():
        _check_name(bank.source, settings.sources, tables.banks, f"key {name}.source")
        layout = settings.sources[bank.source].layout
        for path in bank.paths:
            if layout not in taken[path]:
                expected = f"a path for it: {', '.join(known for known, layouts in taken.items() if layout in layouts)}"
                raise InputError(tables.banks, f"path {path!r} for the layout {layout}", expected, f"key {name}.paths")
    for network, own in (("unet", ["trained"]), ("cellpose", ["trained", "finetuned"]), ("yolo", [])):
        _check_name(getattr(segmenters, network), [*own, *weights], tables.weights, f"key segmenters.{network}")


def _check_references(settings: Settings) -> None:
    tables = settings.config.tables
    known = read_weights(Path(tables.weights))
    weights = ["none", *known]
    _check_banks(settings, list(known))
    for name, variant in settings.variants.items():
        for bank in variant.banks:
            _check_name(bank, settings.banks, tables.variants, f"key {name}.banks")
        check_compose(name, variant, tables.variants)
        if variant.dataset == "published":
            _check_name(name, read_published(Path(tables.published))["sets"], tables.published, f"sets, variant {name}")
        if (variant.dataset == "path") != (variant.path is not None):
            found = f"dataset {variant.dataset} and path {variant.path}"
            raise InputError(tables.variants, found, "a path with `dataset: path`, and only there", f"key {name}.path")
    for name, model in settings.models.items():
        _check_name(model.variant, settings.variants, tables.models, f"key {name}.variant")
        if model.classes == 1 and model.weights.source == "train":
            expected = "2 or 3, as a detector of one class is not trained here, only taken with `weights`"
            raise InputError(tables.models, "classes 1", expected, f"key {name}.classes")
        training = settings.training(name)
        _check_name(training.weights, weights, tables.weights, f"weights of the model {name}")
        check_overrides(training, tables.models, f"key {name}.training.overrides")
        settings.checkpoint(name, read_yaml(Path(tables.weights)))
    for name, testset in settings.testsets.items():
        if testset.kind in ("composed", "published"):
            sets = settings.variants if testset.kind == "composed" else read_published(Path(tables.published))["sets"]
            _check_name(testset.source, sets, tables.testsets, f"key {name}.source")
            continue
        _check_name(testset.source, settings.sources, tables.testsets, f"key {name}.source")
        laboratory, kind = laboratories.kinds().get(testset.kind, (None, OF_OTHERS.get(testset.kind)))
        if kind.bank:
            _check_name(testset.bank or "", settings.banks, tables.testsets, f"key {name}.bank")
        if testset.table and not Path(testset.table).is_file():
            expected = "a table of the columns file, donor, recording, condition and frame"
            raise InputError(tables.testsets, f"{testset.table}, which is not there", expected, f"key {name}.table")
        layout = settings.sources[testset.source].layout
        needed = laboratory.layout if laboratory else layout
        if testset.of:
            same = [key for key, row in settings.testsets.items() if row.source == testset.source and not row.of]
            _check_name(testset.of, same, tables.testsets, f"key {name}.of")
        if layout != needed:
            found = f"kind {testset.kind} with a source of layout {layout}"
            raise InputError(tables.testsets, found, f"a source of layout {needed}", f"key {name}.source")
        if name.removesuffix("_test") in settings.variants and name.endswith("_test"):
            raise InputError(tables.testsets, f"the name {name!r}", "another: a variant's own test images have it")
    testsets = testset_names(settings.variants, settings.testsets)
    made: dict[str, str] = {}
    for name, model in settings.models.items():
        if model.published_as and (first := made.setdefault(model.published_as, name)) != name:
            found = f"published_as {model.published_as!r} of {first!r} and of {name!r}"
            raise InputError(
                tables.models, found, "each published training once, as the ledger judges it", f"key {name}"
            )
    published: dict[str, str] = {}
    for name, run in settings.runs.items():
        if run.published_as and (first := published.setdefault(run.published_as, name)) != name:
            expected = f"each published run once, as the ledger judges it; it is {first} already"
            raise InputError(tables.runs, repr(run.published_as), expected, f"run {name}, column published_as")
        _check_name(run.model, settings.models, tables.runs, f"run {name}, column model")
        _check_name(run.testset, testsets, tables.runs, f"run {name}, column testset")
