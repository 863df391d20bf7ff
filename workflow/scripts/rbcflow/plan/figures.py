"""Figures of the registry: what they are drawn for, from what, to which files (rule file ``figures``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

from snakemake.io import report

from rbcflow.config.settings import Settings
from rbcflow.figures.copies import copies_of
from rbcflow.figures.registry import DRAWS, Entry, keys_of
from rbcflow.plan import paths
from rbcflow.plan.cells import Cells
from rbcflow.plan.models import Models
from rbcflow.plan.names import rows
from rbcflow.plan.possible import Possible
from rbcflow.plan.raw import Raw

ONCE = {
    "evaluated": {"runs", "headline"},
    "trained": {"seeds"},
    "composed": {"datasets", "testsets", "banks"},
    "outlined": {"outlines"},
    "counted": {"raw_counts"},
    "published": {"published"},
}
"""Inputs of figures drawn once by what must have happened before, latest first."""

MAPS = ("image_map", "domain_map")
"""Drawing functions that need features of images."""

THERE = {"bank": "banks", "clustered": "banks", "recorded": "sources", "variant": "variants", "model": "models"}
"""What is possible of the keys of figures, by ``per``; of another kind all are taken to be."""


NOUNS = {"clustered": "clustered bank", "recorded": "source", "testset": "test set"}
"""What the keys of figures are called, where it is not as ``per``."""


def drawing_rules() -> list[str]:
    """Return the names of the rules that draw in any configuration, those of each model's runs apart."""
    kinds = get_args(Entry.model_fields["per"].annotation)
    return [f"draw_{what}" for what in (*kinds, *ONCE) if what not in ("none", "run")]


class Figures:
    """What the rules that draw ask.

    Attributes:
        registry: the entries.
        keys: names that a figure is drawn for, by ``per``.
        per: the entries by what they are drawn once for.
        words: what all figures print names and scale bars by, and their resolution; of the looks of a figure, not of
            what it shows.
    """

    def __init__(
        self,
        settings: Settings,
        weights: dict[str, dict],
        registry: list[Entry],
        raw: Raw,
        cells: Cells,
        models: Models,
        possible: Possible,
    ) -> None:
        """Take settings, the table of weights, the registry, the stages that figures show, and what can be made."""
        self._settings, self._weights, self._cells, self._models = settings, weights, cells, models
        self._possible = possible
        self.registry = registry
        self.keys = keys_of(rows(settings.banks), raw.recorded, settings.variants, rows(settings.runs).values())
        self.per: dict[str, list[Entry]] = {}
        for entry in registry:
            self.per.setdefault(entry.per, []).append(entry)
        self.words = {
            "labels": settings.labels,
            "pixels_um": settings.pixels_um,
            "dpi": settings.config.pictures.dpi,
        }

    def once(self) -> dict[str, list[Entry]]:
        """Return the entries drawn once by job, named by what happened before: none waits for another's inputs."""
        jobs: dict[str, list[Entry]] = {}
        for entry in self.per.get("none", []):
            happened = next(name for name, inputs in ONCE.items() if inputs & set(entry.inputs))
            jobs.setdefault(happened, []).append(entry)
        return jobs

    def inputs(self, entries: list[Entry], key: str | list[str]) -> Callable[[Any], dict[str, Any]]:
        """Return an input function: what entries are drawn from, by the names their drawing functions know.

        A list of keys makes lists of inputs in their order.
        """
        names = sorted({name for entry in entries for name in entry.inputs})
        if isinstance(key, list):
            return lambda wildcards: {name: [self.input_file(name, one) for one in key] for name in names}
        extra = self._downloaded_network() if any(entry.draws in MAPS for entry in entries) else {}
        return lambda wildcards: extra | {name: self.input_file(name, key) for name in names}

    def input_file(self, name: str, key: str) -> str | list[str]:
        """Return the file inside a folder that stands for one of a figure's inputs."""
        settings = self._settings
        run, row = settings.runs.get(key), settings.models.get(key)
        files: dict[str, Callable[[], str | list[str]]] = {
            "raw": lambda: paths.record(key),
            "bank": lambda: paths.cells(key),
            "banks": lambda: [paths.cells(bank) for bank in self._cells.mapped],
            "clusters": lambda: paths.clusters(key),
            "dataset": lambda: paths.dataset(key),
            "datasets": lambda: [paths.dataset(variant) for variant in settings.variants],
            "model_folder": lambda: self._models.record(key),
            "model_dataset": lambda: paths.dataset(row.variant),
            "run_folder": lambda: paths.counted([key])[0],
            "runs": lambda: paths.counted(settings.runs),
            "predictions": lambda: paths.predictions([key])[0],
            "errors": lambda: paths.errors([key])[0],
            "testset": lambda: paths.testset(run.testset if run else key),
            "testsets": lambda: [paths.testset(name) for name in settings.recorded if name in self.keys["testset"]],
            "outlines": lambda: [paths.outlines(path) for path in self._cells.scored],
            "seeds": lambda: paths.table("seeds"),
            "raw_counts": lambda: paths.table("raw_counts"),
            "headline": lambda: paths.table("headline"),
            "published": lambda: "paper/published.yaml",
            "published_curves": lambda: "paper/published_curves.csv",
        }
        return files[name]()

    def outputs(self, entries: list[Entry], keys: Iterable[str]) -> dict[str, list]:
        """Return the output files of a job that draws entries for some keys, by kind: key by key, in order."""
        pairs = [(entry, key) for key in keys for entry in entries]
        drawn = [(entry, output(entry, key)) for entry, key in pairs]
        return {
            "figures": [in_report(entry, key) for entry, key in pairs],
            "players": [in_report(entry, key, player=True) for entry, key in pairs if entry.format == "gif"],
            "vectors": [beside(figure, ".svg") for entry, figure in drawn if entry.vector],
            "copies": [str(copy) for _, figure in drawn for copy in copies_of(Path(figure))],
            "provenance": [beside(figure, ".json") for _, figure in drawn],
        }

    def params(self, entry: Entry, source_fingerprint: Callable[..., str]) -> dict[str, Any]:
        """Return what draws a figure, and that code's fingerprint; titles and captions concern the report alone."""
        options = self._settings.config.gifs.model_dump() if entry.format == "gif" else {}
        if entry.draws in MAPS:
            options = {"network": self._network()}
        if entry.draws == "published_matrices":
            options = {"table": list(rows(self._settings.runs).values())}
        return {
            "id": entry.id,
            "draws": entry.draws,
            "inputs": list(entry.inputs),
            "options": options,
            "vector": entry.vector,
            "source_fingerprint": source_fingerprint("draw_figures", f"rbcflow.figures.{DRAWS[entry.draws]}"),
        }

    def _network(self) -> dict[str, str]:
        """Return what computes features of images: resnet50 where the table of weights lists it, else the starter."""
        name = "resnet50" if "resnet50" in self._weights else "starter"
        row = self._weights[name]
        return {"network": name, "path": row.get("path") or paths.downloaded(name), "sha256": row["sha256"]}

    def _downloaded_network(self) -> dict[str, str]:
        """Return the weights of that network, where a job must wait for their download."""
        path = self._network()["path"]
        return {"network": path} if path.startswith(paths.downloaded("")) else {}

    def all(self) -> list[str]:
        """Return every file the registry promises."""
        return [output(entry, key) for entry in self.registry for key in self.keys[entry.per]]

    def of_runs(self, runs: list[str]) -> list[str]:
        """Return the figures of some runs."""
        return [output(entry, run) for entry in self.per["run"] for run in runs]

    def together(self) -> dict[tuple[str, str], list[str]]:
        """Return the keys that one job draws, by ``per`` and the rule's name: all banks, all variants and so on.

        Those whose files are not there have a job of their own, so that the others can be drawn.
        """
        jobs: dict[tuple[str, str], list[str]] = {}
        for per in self.per:
            for key in self.keys[per] if per not in ("none", "run") else ():
                there = per not in THERE or key in getattr(self._possible, THERE[per])
                jobs.setdefault((per, f"draw_{per}" if there else f"draw_{per}_elsewhere"), []).append(key)
        return jobs


def output(entry: Entry, key: str) -> str:
    """Return the file of an entry."""
    return entry.output(Path("<results>"), key).as_posix()


def beside(figure: str, suffix: str) -> str:
    """Return the file of another kind beside a figure."""
    return str(Path(figure).with_suffix(suffix))


def in_report(entry: Entry, key: str, player: bool = False) -> Any:
    """Return a figure's file, flagged for Snakemake's own report; that shows no GIF, but the page that plays one."""
    figure = output(entry, key)
    if entry.format == "gif" and not player:
        return figure
    return report(
        beside(figure, ".html") if player else figure,
        caption="../report/figure.rst",
        category=entry.section.capitalize(),
        labels={"figure": entry.title, "of": key},
    )
