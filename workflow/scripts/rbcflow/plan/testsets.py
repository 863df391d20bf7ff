"""What test sets are built from (rule ``build_testset``)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rbcflow.config.settings import Settings, testset_names
from rbcflow.plan import paths
from rbcflow.plan.datasets import Datasets
from rbcflow.plan.disk import Disk
from rbcflow.plan.possible import Possible


class TestSets:
    """What the rule that builds test sets asks.

    Attributes:
        names: of all: those of the table, and each variant's own test images.
        evaluated: those that a run is evaluated on.
        recorded: those of recordings that a run is evaluated on, in the table's order.
        streamed: those that are streamed out of the archive of the published sets.
    """

    __test__ = False

    def __init__(self, settings: Settings, datasets: Datasets) -> None:
        """Take settings and the datasets."""
        self._settings, self._datasets = settings, datasets
        self.names = testset_names(settings.variants, settings.testsets)
        self.evaluated = {run.testset for run in settings.runs.values()}
        self.recorded = [name for name in settings.recorded if name in self.evaluated]
        self.streamed = [name for name, row in settings.testsets.items() if row.kind == "published"]

    def source(self, name: str) -> str:
        """Return what a test set is made from: a recording's source, or a variant's own images."""
        if name in self._settings.testsets:
            row = self._settings.testsets[name]
            if row.kind == "composed":
                return paths.dataset(row.source)
            return paths.testset(row.of) if row.of else paths.record(row.source)
        return paths.dataset(name.removesuffix("_test"))

    def cells(self, name: str) -> str | list[str]:
        """Return the bank whose boxes stand in for the truth that pictures of single cells do not have."""
        own = name in self._settings.testsets and self._settings.needs_bank(name)
        return paths.cells(self._settings.testsets[name].bank) if own else []

    def annotations(self, name: str) -> str | list[str]:
        """Return the table of the project that a test set's truth comes from: an edit of it builds no other anew."""
        return (self._settings.kind(name).annotations or []) if name in self._settings.testsets else []

    def splits(self, name: str) -> str | list[str]:
        """Return the preprint's split of the bank whose held-out cells make a test set."""
        own = name in self._settings.testsets and self._settings.kind(name).held_out
        return paths.splits("paper", self._settings.testsets[name].bank) if own else []

    def held_out(self, possible: Possible) -> list[str]:
        """Return the banks of which the cells that the preprint's split holds out are evaluated on."""
        banks = [self._settings.testsets[name].bank for name in self.recorded if self._settings.kind(name).held_out]
        return [bank for bank in banks if bank in possible.banks]

    def spec(self, name: str, disk: Disk) -> dict[str, Any]:
        """Return the kind of a test set and the limits it is built with; a variant's own test images are all taken."""
        config, row = self._settings.config, self._settings.testsets.get(name)
        if row is None:
            images = self._datasets.image_count(name.removesuffix("_test"), "test")
            return {"kind": "variant", "scheme": config.scheme, "max_frames": images}
        spec = {"kind": row.kind, "scheme": config.scheme, "max_frames": config.validation.max_frames}
        if background := self._settings.kind(name).background:
            spec["background"] = asdict(background)
        if row.kind == "composed":
            spec |= {"split": row.split, "max_frames": self._datasets.image_count(row.source, row.split)}
        if row.kind == "published":
            spec |= self._datasets.published_set(row.source)
        if row.kind == "yolo_folder":
            spec |= {"pattern": row.pattern, "table": row.table, "classes": row.classes}
            spec["table_sha256"] = disk.table_sum(row.table)
        return spec
