"""What can be made with the files that are there: asked before the DAG is built, and by rule ``check_raw``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rbcflow.config.settings import Settings, testset_names
from rbcflow.plan.disk import Disk


@dataclass(frozen=True)
class Possible:
    """Names of the tables of which everything is there, and what the others lack.

    Attributes:
        sources: simulated, fetched, or with a folder that has files.
        banks: cut from them.
        variants: composed from these banks, or imported.
        models: trained on these variants, or taken as a checkpoint.
        testsets: made from these sources or variants.
        runs: of these models on these test sets.
        lacking: by table and name, what is not there.
    """

    sources: list[str] = field(default_factory=list)
    banks: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    testsets: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    lacking: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, table: str, name: str, needs: list[tuple[str, str]], absent: list[str] | None = None) -> None:
        """Put a name down as possible, or with the sources and files it lacks."""
        lacks = [one for need in needs for one in self.lacking.get(need, [])] + (absent or [])
        if lacks:
            self.lacking[table, name] = list(dict.fromkeys(lacks))
        else:
            getattr(self, table).append(name)

    def targets(self, results: str, recorded: Collection[str]) -> list[str]:
        """Return a file for everything that is possible, the last stages last; ``recorded`` sources have a record."""
        places = {
            "sources": "raw/{}/source.json", "banks": "cells/{}/cells.csv", "variants": "datasets/{}/fingerprint.txt",
            "testsets": "testsets/{}/testset.json", "runs": "validation/{}/metrics.json",
        }  # fmt: skip
        return [
            f"{results}/{place.format(name)}"
            for table, place in places.items()
            for name in getattr(self, table)
            if table != "sources" or name in recorded
        ]

    def lines(self) -> Iterator[str]:
        """Yield a line for each table: what is possible, and what is not for want of what."""
        for table in ("sources", "banks", "variants", "models", "testsets", "runs"):
            yield f"{table + ':':10} {', '.join(getattr(self, table)) or 'none'}"
            by_lack: dict[str, list[str]] = {}
            for (own, name), lacks in self.lacking.items():
                if own == table:
                    by_lack.setdefault(", ".join(lacks), []).append(name)
            for lacks, names in by_lack.items():
                yield f"{'':10} not {', '.join(names)}" + ("" if table == "sources" else f": no {lacks}")


def possible(settings: Settings, checkpoints: dict[str, dict[str, str] | None], disk: Disk) -> Possible:
    """Return what can be made.

    Args:
        settings: configuration and tables.
        checkpoints: by model, what stands in for its training.
        disk: the user's files.
    """
    found = Possible()
    for name in settings.sources:
        found.add("sources", name, [], [name] if disk.lacks_files(name) else [])
    for name, bank in settings.banks.items():
        found.add("banks", name, [("sources", bank.source)])
    for name, variant in settings.variants.items():
        absent = [variant.path] if disk.lacks_images(name) else []
        needs = [("banks", bank) for bank in variant.banks] if variant.dataset == "generated" else []
        found.add("variants", name, needs, absent)
    for name, model in settings.models.items():
        given = checkpoints.get(name)
        own = model.weights.source == "local" and disk.lacks(given["path"])
        found.add("models", name, [] if given else [("variants", model.variant)], [given["path"]] if own else [])
    for name in testset_names(settings.variants, settings.testsets):
        found.add("testsets", name, _testset_needs(settings, name))
    for name, run in settings.runs.items():
        found.add("runs", name, [("models", run.model), ("testsets", run.testset)])
    return found


def _testset_needs(settings: Settings, name: str) -> list[tuple[str, str]]:
    if name not in settings.testsets:
        return [("variants", name.removesuffix("_test"))]
    row = settings.testsets[name]
    if row.kind in ("composed", "published"):
        return [("variants", row.source)] if row.kind == "composed" else []
    bank = [("banks", row.bank)] if settings.needs_bank(name) else []
    return [("sources", row.source), *bank]
