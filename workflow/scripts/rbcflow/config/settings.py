"""Configuration and tables after validation, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rbcflow.config.bank import Bank
from rbcflow.config.config import Config
from rbcflow.config.images import Images
from rbcflow.config.model import Model
from rbcflow.config.run import Companion, Run
from rbcflow.config.segmentation import NETWORKS
from rbcflow.config.source import Source
from rbcflow.config.testset import TestSetRow
from rbcflow.config.training import Training
from rbcflow.config.variant import Variant
from rbcflow.core.classes import CELL, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.strict import validate
from rbcflow.datasets.spec import VariantSpec
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import OF_OTHERS, SIMULATED
from rbcflow.sources.laboratory import TestSetKind


@dataclass(frozen=True)
class Settings:
    """Configuration and tables after validation, with every default and override applied."""

    config: Config
    sources: dict[str, Source]
    banks: dict[str, Bank]
    variants: dict[str, Variant]
    models: dict[str, Model]
    testsets: dict[str, TestSetRow]
    runs: dict[str, Run]
    companions: dict[str, Companion] = field(default_factory=dict)

    @property
    def evaluated(self) -> dict[str, Run]:
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
        return found | {name: self._label_of(run, found) for name, run in self.evaluated.items()}

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

    def access(self, source: str) -> str:
        """Return where a source's files come from: ``phantom``, ``local``, ``url``, ``package`` or ``simulated``."""
        own = self.sources[source]
        return own.access or ("local" if own.path or not self.config.phantoms else "phantom")

    def exact_truth(self, source: str) -> bool:
        """Return whether a source's files come with ``truth/``: a phantom's, or those of which the table says so."""
        return self.access(source) == "phantom" or self.sources[source].exact_truth

    def raw_folder(self, source: str) -> Path:
        """Return the folder where a source's own files are expected."""
        return Path(self.sources[source].path or f"{self.config.raw}/{source}")

    def networks(self, methods: list[str]) -> list[str]:
        """Return the names of the networks that some methods need, in a fixed order."""
        needed = {network for method in methods for network in NETWORKS.get(method, ())}
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
        return source is not None and source.layout != SIMULATED and laboratories.known()[source.layout].coloured

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
        return validate(Training, merged, Path(self.config.tables.models), f"{model}.training")

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
        if row.weights.source == "local":
            return {"path": row.weights.path, "sha256": row.weights.sha256}
        name = f"{row.published_as}.pt"
        if name not in weights:
            expected = f"an entry {name} with url, sha256 and licence, as `weights.source` of {model} is `published`"
            raise InputError(self.config.tables.weights, f"entries {', '.join(weights)}", expected)
        entry = weights[name]
        return {"path": entry.get("path") or f"resources/weights/{name}", "sha256": entry["sha256"]}


def testset_names(variants: dict[str, Variant], testsets: dict[str, TestSetRow]) -> list[str]:
    """Return the names of all test sets: those of the table and each variant's own test split."""
    return [*testsets, *(f"{variant}_test" for variant in variants)]
