"""The plan of a run: what each stage's rules ask, made once from configuration and tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rbcflow.config.checks import read_published
from rbcflow.config.settings import Settings
from rbcflow.core.yamlfile import read_yaml
from rbcflow.figures.registry import Entry, read_registry
from rbcflow.plan.cells import Cells
from rbcflow.plan.datasets import Datasets
from rbcflow.plan.disk import Disk
from rbcflow.plan.figures import Figures
from rbcflow.plan.models import Models
from rbcflow.plan.possible import Possible, possible
from rbcflow.plan.raw import Raw
from rbcflow.plan.report import Report
from rbcflow.plan.runs import Runs
from rbcflow.plan.testsets import TestSets


@dataclass(frozen=True)
class Plan:
    """The stages' plans.

    Attributes:
        settings: configuration and tables.
        weights: checkpoints by name, from the table of weights.
        published: the table of published sets.
        registry: figures, in the registry's order.
        possible: what can be made with the files that are there; all of it where laboratories are simulated.
    """

    settings: Settings
    weights: dict[str, dict[str, Any]]
    published: dict[str, Any]
    registry: list[Entry]
    possible: Possible

    @classmethod
    def of(cls, settings: Settings) -> Plan:
        """Return the plan of validated settings.

        Raises:
            InputError: the table of published sets or the registry of figures is wrong.
        """
        tables = settings.config.tables
        weights = read_yaml(Path(tables.weights))
        checkpoints = {name: settings.checkpoint(name, weights) for name in settings.models}
        return cls(
            settings,
            weights,
            published=read_published(Path(tables.published)),
            registry=read_registry(Path(tables.figures)),
            possible=possible(settings, checkpoints, Disk(settings)),
        )

    @cached_property
    def raw(self) -> Raw:
        """Sources and their files."""
        return Raw(self.settings)

    @cached_property
    def cells(self) -> Cells:
        """Banks of cells, networks, and extraction methods that are scored."""
        return Cells(self.settings, self.weights, self.raw, self.possible)

    @cached_property
    def datasets(self) -> Datasets:
        """Splits, shards and datasets."""
        return Datasets(self.settings, self.published, self.raw, self.cells)

    @cached_property
    def models(self) -> Models:
        """Trainings, and the checkpoints they start from or give way to."""
        return Models(self.settings, self.weights)

    @cached_property
    def testsets(self) -> TestSets:
        """What test sets are built from."""
        return TestSets(self.settings, self.datasets)

    @cached_property
    def runs(self) -> Runs:
        """Models on test sets, and their jobs."""
        return Runs(self.settings, self.possible)

    @cached_property
    def figures(self) -> Figures:
        """Figures of the registry: keys, inputs and files."""
        return Figures(self.settings, self.weights, self.registry, self.raw, self.cells, self.models, self.possible)

    @cached_property
    def report(self) -> Report:
        """What the page reads."""
        return Report(self.settings)
