"""Banks of cells, the networks that outline them, and the scores of extraction methods (rule file ``cells``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from rbcflow.config.bank import BANK_OPTIONS
from rbcflow.config.settings import Settings
from rbcflow.detector.weights import FIRST_SIGHT
from rbcflow.plan import paths as places
from rbcflow.plan.possible import Possible
from rbcflow.plan.raw import Raw
from rbcflow.sources.laboratories import known, takers


class Cells:
    """What the rules of the stage `cells` ask.

    Attributes:
        cut: banks that are cut from files; the others are simulated.
        clustered: banks whose method has a cluster filter.
        scored: the sources with true masks that each extraction method is scored on.
        scored_by: the methods that one job scores, by whether they need networks.
        mapped: one bank a source, for each cell once: the first that datasets are composed from, else the first.
        feeding: banks that datasets are composed from, without those of a laboratory whose files are not there.
    """

    def __init__(self, settings: Settings, weights: dict[str, dict[str, Any]], raw: Raw, possible: Possible) -> None:
        """Take settings, the table of weights, the sources and what can be made."""
        self._settings, self._weights, self._raw = settings, weights, raw
        self.cut = [name for name, bank in settings.banks.items() if bank.source in raw.recorded]
        self.clustered = [name for name, bank in settings.banks.items() if "unet_cellpose" in bank.methods]
        scored = {method: [name for name in raw.masked if raw.layout(name) in own] for method, own in takers().items()}
        self.scored = {method: sources for method, sources in scored.items() if sources}
        by_need = {
            "networks": [method for method in self.scored if settings.networks([method])],
            "rules": [method for method in self.scored if not settings.networks([method])],
        }
        self.scored_by = {kind: methods for kind, methods in by_need.items() if methods}
        composed = {bank for variant in settings.variants.values() for bank in variant.banks}
        self.feeding = sorted(composed & set(possible.banks))
        first = {settings.banks[bank].source: bank for bank in reversed(self.cut)}
        fed = {settings.banks[bank].source: bank for bank in reversed(self.cut) if bank in self.feeding}
        self.mapped = list({source: fed.get(source, first[source]) for source in reversed(first)}.values())

    def rules(self) -> list[str]:
        """Return the names of the rules that score extraction methods."""
        return [f"score_segmentation_by_{kind}" for kind in self.scored_by]

    def feeds(self, source: str) -> bool:
        """Return whether cells for a dataset are cut from a source."""
        return source in {self._settings.banks[bank].source for bank in self.feeding}

    def networks(self, bank: str) -> list[str]:
        """Return the networks that a bank's methods need."""
        return self._settings.networks(self._settings.banks[bank].methods)

    def record(self, bank: str) -> str:
        """Return the record of the source a bank is cut from."""
        return places.record(self._settings.banks[bank].source)

    def clusters(self, bank: str) -> str | list[str]:
        """Return the verdicts of the cluster filter, for a bank whose method has one."""
        return places.clusters(bank) if bank in self.clustered else []

    def network_file(self, network: str) -> str:
        """Return where a network's weights lie."""
        name = getattr(self._settings.config.segmentation, network)
        if name in ("trained", "finetuned"):
            return f"<results>/segmentation/{network}{'-finetuned' if name == 'finetuned' else ''}/weights.pt"
        return self._weights[name].get("path") or places.downloaded(name)

    def network_inputs(self, networks: Iterable[str]) -> dict[str, str]:
        """Return the files a job must wait for; a checkpoint that ships with the project is a param, not an input."""
        networks, segmentation = list(networks), self._settings.config.segmentation
        shipped = {name for name in networks if self._weights.get(getattr(segmentation, name), {}).get("path")}
        return {name: self.network_file(name) for name in networks if name not in shipped}

    def network_params(self, methods: list[str]) -> dict[str, Any]:
        """Return path, sha256 and origin of the listed checkpoints that methods use, and the diameter."""
        segmentation = self._settings.config.segmentation
        chosen = {name: getattr(segmentation, name) for name in self._settings.networks(methods)}
        listed = {key: self._weights[name] for key, name in chosen.items() if name in self._weights}
        # a sum that the first download writes must not change a param
        first = FIRST_SIGHT + self._settings.config.tables.weights
        sums = {key: first if own.get("first_sight") else own["sha256"] for key, own in listed.items()}
        files = {key: [self.network_file(key), sums[key], own.get("learned_from")] for key, own in listed.items()}
        return {**files, "diameter": segmentation.diameter}

    def bank_params(self, bank: str) -> dict[str, Any]:
        """Return what a bank's job must know of its networks."""
        return self.network_params(self._settings.banks[bank].methods)

    def options(self, bank: str) -> dict[str, Any]:
        """Return in which ways a bank differs from what its methods do by themselves."""
        return self._settings.banks[bank].model_dump(include=BANK_OPTIONS)

    def extraction(self, source: str) -> dict[str, Any]:
        """Return what the ways of cutting must be told of a source's files."""
        return known()[self._raw.layout(source)].extraction.params()

    def gpus(self, networks: Collection[str]) -> int:
        """Return the GPUs for a job with the named networks: one for Cellpose's own, none for those trained here."""
        return int("cellpose" in networks and self._settings.config.segmentation.cellpose in self._weights)

    def scored_method(self, method: str) -> dict[str, Any]:
        """Return what a job that scores a method must know of it."""
        return {
            "method": method,
            "sources": self.scored[method],
            "needs": self._settings.networks([method]),
            "networks": self.network_params([method]),
            "extraction": {source: self.extraction(source) for source in self.scored[method]},
        }

    def scored_records(self, methods: Collection[str]) -> list[str]:
        """Return the records of the sources that methods are scored on, each once."""
        sources = [name for name in self._raw.masked if any(name in self.scored[method] for method in methods)]
        return [places.record(source) for source in sources]
