"""Splits, shards and datasets, and what of a run has a fingerprint (rule files ``datasets`` and ``tables``)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from rbcflow.config.bank import BANK_OPTIONS
from rbcflow.config.settings import Settings
from rbcflow.config.ways import ways
from rbcflow.plan import paths
from rbcflow.plan.cells import Cells
from rbcflow.plan.disk import Disk
from rbcflow.plan.raw import Raw
from rbcflow.sources.laboratories import known

NO_LIMIT = 10**6
"""More images than a folder of the user's can hold."""


class Datasets:
    """What the rules of the stage `datasets` ask.

    Attributes:
        generated: variants that are composed here.
        imported: variants whose images exist.
        bank_sets: cell banks by one name for those of a variant, or of a test set of held-out cells.
        divided: names of the sets whose cells are there.
        ways: the composer's parameters of the preprint's variants whose cells are there, as meant and as published.
    """

    def __init__(self, settings: Settings, published: dict[str, Any], raw: Raw, cells: Cells) -> None:
        """Take settings, the table of published sets, the sources and the banks."""
        self._settings, self._published, self._raw, self._cells = settings, published, raw, cells
        self.generated = [name for name, variant in settings.variants.items() if variant.dataset == "generated"]
        self.imported = [name for name in settings.variants if name not in self.generated]
        self.bank_sets = {self.together(name): settings.variants[name].banks for name in self.generated}
        self.divided = [name for name, banks in self.bank_sets.items() if {*banks} <= {*cells.feeding}]
        held_out = [row.bank for name, row in settings.testsets.items() if settings.kind(name).held_out]
        self.bank_sets |= {bank: [bank] for bank in held_out}
        there = {name for name in self.generated if {*settings.variants[name].banks} <= {*cells.feeding}}
        self.ways = {name: way for name, way in ways(settings).items() if name in there}

    def together(self, variant: str) -> str:
        """Return one name for the cell banks of a variant."""
        return "+".join(self._settings.variants[variant].banks)

    def banks(self, variant: str) -> list[str]:
        """Return the tables of the cell banks that feed a variant."""
        return [paths.cells(bank) for bank in self._settings.variants[variant].banks]

    def splits(self, variant: str) -> str:
        """Return the table that divides the cells of a variant.

        There is one for each set of banks, so that a new bank reruns no old variant.
        """
        return paths.splits(self._settings.scheme(variant), self.together(variant))

    def paper_shares(self, scheme: str, banks: str) -> dict[str, dict[str, float]]:
        """Return by source the shares that the preprint gave the cells of a set of banks; none for another scheme."""
        sources = {self._settings.banks[bank].source for bank in self.bank_sets[banks] if scheme == "paper"}
        laboratories = {source: known().get(self._raw.layout(source)) for source in sorted(sources)}
        return {name: dict(own.paper_shares) for name, own in laboratories.items() if own and own.paper_shares}

    def measured_banks(self) -> list[str]:
        """Return the tables of the banks of the variants whose boxes are measured."""
        return sorted({table for variant in self.ways for table in self.banks(variant)})

    def measured_splits(self) -> list[str]:
        """Return the tables that divide their cells."""
        return sorted({self.splits(variant) for variant in self.ways})

    def places(self, banks: Sequence[str], splits: Sequence[str]) -> dict[str, tuple[list[str], str]]:
        """Return folders of banks and table of splits by measured variant.

        Args:
            banks: the files of ``measured_banks`` as a job has them.
            splits: those of ``measured_splits``.
        """
        folders = dict(zip(self.measured_banks(), (str(Path(file).parent) for file in banks), strict=True))
        tables = dict(zip(self.measured_splits(), splits, strict=True))
        return {name: ([folders[bank] for bank in self.banks(name)], tables[self.splits(name)]) for name in self.ways}

    def import_params(self, variant: str, disk: Disk) -> dict[str, Any]:
        """Return where an existing dataset comes from, and the state of its folder, so that a change is seen."""
        row = self._settings.variants[variant]
        if row.dataset == "local":
            return {"path": row.path, "listing": disk.dataset_listing(variant)}
        return self.published_set(variant)

    def published_set(self, name: str) -> dict[str, Any]:
        """Return where a set that the preprint published lies."""
        return {**self._published["archive"], **self._published["sets"][name]}

    def image_count(self, variant: str, split: str) -> int:
        """Return the number of images of a variant's split; for a folder of the user's, more than it can hold."""
        if variant in self.imported:
            return self._published["sets"].get(variant, {}).get("images", {}).get(split, NO_LIMIT)
        return getattr(self._settings.images(variant), split)

    def shards(self, variant: str, split: str) -> list[str]:
        """Return the folders of a split's shards; a dataset that exists is one shard."""
        images = self.image_count(variant, split)
        count = 1 if variant in self.imported else ceil(images / self._settings.config.shard_size)
        return [f"<results>/datasets/{variant}/{split}/shards/{number:03d}" for number in range(count)]

    def shard_range(self, variant: str, split: str, shard: str) -> list[int]:
        """Return first and last-plus-one index of the images in a shard."""
        size = self._settings.config.shard_size
        first = int(shard) * size
        return [first, min(first + size, self.image_count(variant, split))]

    def mixed(self) -> str:
        """Return the variant whose images are mixed into a retraining: simulated cells, which are composed at once.

        Raises:
            WorkflowError: the table of variants has none of simulated cells alone.
        """
        banks, sources = self._settings.banks, self._settings.sources
        for name in sorted(self.generated, key=lambda name: name != "synthetic"):
            if all(sources[banks[bank].source].layout == "simulated" for bank in self._settings.variants[name].banks):
                return name
        table = self._settings.config.tables.variants
        raise WorkflowError(
            f"{table}: no variant of simulated cells alone. Images of one are mixed into a retraining: keep the row "
            "`synthetic` of config/variants.yaml."
        )

    def fingerprinted(self) -> list[dict[str, Any]]:
        """Return what has a fingerprint in the data's order: stage, name, file, settings, and what it is made of."""
        return [*self._raw_items(), *self._bank_items(), *self._split_items(), *self._dataset_items()]

    def _raw_items(self) -> list[dict[str, Any]]:
        """Return the phantoms: what is simulated in the laboratories' formats."""
        seed = self._settings.config.seed
        return [
            {
                "stage": "raw",
                "name": source,
                "file": paths.record(source),
                "settings": {"layout": self._raw.layout(source), "seed": seed, **self._raw.phantom(source)},
            }
            for source in self._raw.of("phantom")
        ]

    def _bank_items(self) -> list[dict[str, Any]]:
        """Return the banks that feed a dataset without a trained network, which differs from processor to processor."""
        items, config = [], self._settings.config
        for name in self._cells.feeding:
            bank, simulated = self._settings.banks[name], name not in self._cells.cut
            if self._settings.networks(bank.methods):
                continue
            size = {"per_class": config.phantom.simulated_per_class, "seed": config.seed} if simulated else {}
            options = bank.model_dump(include=BANK_OPTIONS, exclude_defaults=True)
            # the committed recipes are over these names
            settings = {"paths": bank.methods, "origin": self._settings.access(bank.source), **size, **options}
            made_of = [] if simulated else [bank.source]
            file = paths.cells(name)
            items.append({"stage": "bank", "name": name, "file": file, "settings": settings, "made_of": made_of})
        return items

    def _split_items(self) -> list[dict[str, Any]]:
        """Return the splits of the cells of every variant."""
        items, config = [], self._settings.config
        for name in self.generated:
            scheme, banks = self._settings.scheme(name), self._settings.variants[name].banks
            settings = {"scheme": scheme, "shares": config.shares.model_dump(), "seed": config.seed}
            file = self.splits(name)
            items.append({"stage": "split", "name": name, "file": file, "settings": settings, "made_of": banks})
        return items

    def _dataset_items(self) -> list[dict[str, Any]]:
        """Return the datasets, those that are taken as published included."""
        items, seed = [], self._settings.config.seed
        for name, variant in self._settings.variants.items():
            images = {split: self.image_count(name, split) for split in paths.SPLITS}
            settings = {"variant": name, "compose": variant.compose, "images": images, "seed": seed}
            made_of = [name] if name in self.generated else []
            file = paths.dataset(name)
            items.append({"stage": "dataset", "name": name, "file": file, "settings": settings, "made_of": made_of})
        return items
