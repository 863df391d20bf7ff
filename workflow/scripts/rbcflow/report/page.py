"""Everything the report shows, collected once from the results folder (rule ``render_report``)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

from rbcflow.claims.readings import Pictures, count_slots, read_pictures
from rbcflow.core import names
from rbcflow.figures.registry import keys_of
from rbcflow.report import captions, citation
from rbcflow.report.boxes import BoxFold, read_box_folds
from rbcflow.report.cards import Card, Values, read_cards, read_values, tally
from rbcflow.report.claims import Claim, count_verdicts, read_claims
from rbcflow.report.error_browser import Errors, read_errors
from rbcflow.report.figures import Figure, read_figures
from rbcflow.report.front import Front, read_front
from rbcflow.report.graph import Graph, read_graph
from rbcflow.report.items import NAME as ITEMS
from rbcflow.report.items import Item, count_files, read_items
from rbcflow.report.matrix import Matrix, read_matrix, read_pairs
from rbcflow.report.pixels import Pixels, read_pixels
from rbcflow.report.records import Provenance, read_records
from rbcflow.report.runs import Run, TestSetSummary, read_runs
from rbcflow.report.shipped import read_universal
from rbcflow.report.stages import (
    SPLITS,
    CellBank,
    Dataset,
    Model,
    Source,
    read_banks,
    read_dataset,
    read_models,
    read_outlines,
    read_rows,
    read_sources,
)
from rbcflow.report.text import count
from rbcflow.report.timings import Timing, processor_sentence, read_timings
from rbcflow.report.universal import Universal
from rbcflow.runtime.lineage import PHANTOM
from rbcflow.runtime.origin import NOTHING, Basis, Question, rebuilt


@dataclass(frozen=True)
class Rebuilt:
    """A published item, what rebuilds it here, and how far that went: ``done``, ``gap`` or ``absent``.

    Attributes:
        reason: why it was not done.
        how: what was done instead of rebuilding it, or ``rebuilt``.
    """

    item: citation.Published
    by: str
    anchor: str
    state: str
    reason: str
    how: str
    basis: Basis


@dataclass(frozen=True)
class Made:
    """What the stages made, as the page and its parts speak of it; ``groups`` are the runs by test set."""

    sources: list[Source]
    banks: list[CellBank]
    datasets: list[Dataset]
    models: list[Model]
    groups: list[tuple[TestSetSummary, list[Run]]]

    @property
    def runs(self) -> list[Run]:
        """Every run, in the order of the page."""
        return [run for _, runs in self.groups for run in runs]


@dataclass(frozen=True)
class Page(Made):
    """What the templates see."""

    config: dict[str, Any]
    outlines: list[dict[str, Any]]
    leakage: list[dict[str, Any]]
    sizes: list[dict[str, Any]]
    box_folds: dict[str, BoxFold]
    pixels: Pixels
    published: list[dict[str, Any]]
    timings: list[Timing]
    processor: str
    figures: list[Figure]
    records: list[Provenance]
    rebuilt: list[Rebuilt]
    software: citation.Software | None
    claims: list[Claim] | None
    deviations: str
    errors: list[Errors]
    graph: Graph
    front: Front
    matrix: Matrix
    universal: Universal | None
    pairs: dict[str, Any]
    cards: list[Card]
    values: dict[str, Values]
    folder: str
    items: list[Item]
    pictures: dict[str, Pictures]

    @property
    def item_files(self) -> dict[str, int]:
        """How many published files have a counterpart, and of what kind."""
        return count_files(self.items)

    @property
    def slots(self) -> tuple[int, int]:
        """How many values were read off published pictures, and how many can be."""
        return count_slots(self.pictures)

    @property
    def verdicts(self) -> dict[str, tuple[str, int]]:
        """Tone and number of claims by verdict."""
        return count_verdicts(self.claims or [])

    def shared_caveats(self, testset: str) -> list[str]:
        """Return what must be known of every run on a test set, to be said once."""
        own = [run.caveats for run in self.evaluated if run.testset.name == testset]
        return [caveat for caveat in own[0] if all(caveat in other for other in own)] if len(own) > 1 else []

    @property
    def tally(self) -> dict[str, int]:
        """How many sentences are decided, and what the others would be on these frames."""
        return tally(self.cards)

    @property
    def known_donors(self) -> list[str]:
        """What the table of leakage is blind to: cells whose donor nobody wrote down, a sentence a source."""
        cells = {(row["source"], row["unit"]): int(row["cells"]) for row in self._leaks()}
        simulated = {source.name for source in self.sources if source.row.get("layout") == "simulated"}
        return [
            f"Of the {count(n)} cells of {names.shown(source)}, {count(cells.get((source, 'donor'), 0))} have a known "
            "donor and recording; of the others only the group can be compared."
            for (source, unit), n in cells.items()
            if unit == "group" and source not in simulated and n > cells.get((source, "donor"), 0)
        ]

    @property
    def kept_apart(self) -> list[str]:
        """What is proved of training cells from recordings that test sets show, a sentence a source."""
        cells = {(row["source"], row["unit"]): int(row["cells"]) for row in self._leaks()}
        sentences = []
        for row in self._leaks():
            if row["unit"] == "test frame recording":
                source, known = row["source"], cells.get((row["source"], "donor"), 0)
                sentences.append(
                    f"Of the {row['units']} recordings of {names.shown(source)} that test sets are made of, "
                    f"{row['crossing']} are known to have given a cell to train or val; the recording is known of "
                    f"{count(known)} of its {count(cells[source, 'group'])} cells."
                )
        return sentences

    def _leaks(self) -> list[dict[str, Any]]:
        return [row for row in self.leakage if row["scheme"] == self.config.get("scheme")]

    @property
    def evaluated(self) -> list[Run]:
        """Runs that have numbers."""
        return [run for run in self.runs if run.status == "evaluated"]

    @property
    def not_asked(self) -> list[str]:
        """Test sets of the table that no run of this configuration is asked on, and that were not made."""
        shown = {testset.name for testset, _ in self.groups}
        return [name for name in self.config["testsets"] if name not in shown]

    @property
    def companions(self) -> dict[str, int]:
        """How many records of validation are no run's own, by what is turned in them (``native``, ``grey``)."""
        known = {f"validation/{run.name}" for run in self.runs}
        more = [record.subject for record in self.stages.get("validation", []) if record.subject not in known]
        return dict(Counter(subject.rpartition("-")[2] for subject in more))

    @property
    def stand_ins(self) -> list[Source]:
        """Laboratories whose recordings were simulated; cells that the preprint itself simulates stand in for none."""
        return [source for source in self.sources if PHANTOM in source.origins and source.row["layout"] != "simulated"]

    @property
    def partly_public(self) -> list[Source]:
        """Of the laboratories whose recordings were simulated, those with files that can be fetched."""
        return [source for source in self.stand_ins if source.row.get("url")]

    @property
    def trained(self) -> list[Model]:
        """Trainings that were made here."""
        return [model for model in self.models if model.training and not model.adopted]

    @property
    def adopted(self) -> list[Model]:
        """Checkpoints that took the place of a training."""
        return [model for model in self.models if model.adopted]

    @property
    def images(self) -> int:
        """Number of constructed images."""
        return sum(sum(dataset.images.values()) for dataset in self.datasets)

    @property
    def learned(self) -> dict[str, int]:
        """Images, by split, of the datasets that a training made here learned from."""
        taught = {model.row.get("variant") or model.name for model in self.trained}
        images = [dataset.images for dataset in self.datasets if dataset.name in taught]
        return {split: sum(own.get(split, 0) for own in images) for split in SPLITS}

    @property
    def pasted(self) -> list[Source]:
        """The sources whose banks feed datasets composed here; those simulated as the method says come last."""
        made = [own.row for own in self.datasets if own.images and own.row.get("dataset", "generated") == "generated"]
        fed = {
            self.config["banks"].get(bank, {}).get("source", bank) for row in made for bank in row.get("banks") or []
        }
        return sorted(
            (own for own in self.sources if own.name in fed), key=lambda own: own.row["layout"] == "simulated"
        )

    @property
    def stages(self) -> dict[str, list[Provenance]]:
        """Records by stage, in the order of the data flow."""
        return {name: list(group) for name, group in groupby(self.records, lambda record: record.subject.split("/")[0])}

    @property
    def commits(self) -> list[str]:
        """Commits the results were made at."""
        return sorted({record.commit for record in self.records if record.commit})

    @property
    def versions(self) -> dict[str, list[str]]:
        """By package, the versions that records name."""
        named = sorted({pair for record in self.records for pair in record.versions.items()})
        return {package: [v for p, v in named if p == package] for package, _ in named}

    @property
    def gaps(self) -> list[Figure]:
        """Figures of the registry that were not drawn."""
        return [figure for figure in self.figures if figure.picture is None and figure.shown]

    @property
    def files(self) -> list[Figure]:
        """Figures that were drawn to files alone."""
        return [figure for figure in self.figures if not figure.shown]

    def drawn(self, section: str, per: str = "none", key: str = "") -> list[Figure]:
        """Return the figures of a section drawn per something, for one key."""
        return [f for f in self.figures if f.shown and (f.section, f.per, f.key) == (section, per, key)]

    def methods(self, section: str) -> dict[str, str]:
        """Return how the pictures of a section are made, by title."""
        return {f.title: f.caption for f in self.figures if f.shown and f.section == section and f.note}

    def titles(self, figures: Sequence[str]) -> list[str]:
        """Return the titles of figures by their ids."""
        return list(dict.fromkeys(figure.title for figure in self.figures if figure.id in figures))

    def record_of(self, path: str) -> Provenance | None:
        """Return the stage record that speaks for a path in the results folder, the closest one."""
        places = (f"/{path}/", f"/{path.removesuffix(PurePath(path).suffix)}/")
        fitting = [r for r in self.records if any(f"/{r.subject}/" in place for place in places)]
        return max(fitting, key=lambda record: len(record.subject), default=None)


def collect(
    results: Path,
    *,
    config: dict[str, Any],
    registry: list[dict[str, Any]],
    sources: dict[str, dict],
    runs: list[dict[str, Any]],
    project: Path,
) -> Page:
    """Read the results folder; see ``build.build`` for the arguments."""
    made = _made(results, config, sources, runs)
    recorded = [name for name, row in sources.items() if row.get("layout") != "simulated"]
    keys = keys_of(config["banks"], recorded, config["variants"], runs)
    figures = read_figures(results, registry, keys, {str(row["run"]): row for row in runs})
    figures = _told(results, project, figures, made)
    records, timings, printed = read_records(results), read_timings(results), citation.read_values(project)
    pixels, claims = read_pixels(results), read_claims(results)
    return Page(
        config=config,
        **vars(made),
        **_tables(results),
        box_folds=read_box_folds(results, project, printed),
        pixels=pixels,
        timings=timings,
        processor=processor_sentence(timings),
        figures=figures,
        records=records,
        rebuilt=_rebuilt(made.models, made.runs),
        software=citation.read_software(project),
        claims=claims,
        deviations=Path(os.path.relpath(project / "paper/deviations.md", results)).as_posix(),
        graph=read_graph(results, records, timings),
        errors=read_errors(results, [str(row["run"]) for row in runs]),
        front=read_front(results, project, config, made.runs, made.models, figures, pixels, made.datasets),
        matrix=read_matrix(results, config, made.groups),
        universal=read_universal(results, project),
        pairs=read_pairs(results, made.runs),
        cards=read_cards(claims, config["testsets"], made.sources, made.runs),
        values=read_values(claims),
        folder=results.as_posix() if not results.is_absolute() else results.name,
        items=read_items(project / ITEMS, registry),
        pictures=read_pictures(printed),
    )


def _made(results: Path, config: dict[str, Any], sources: dict[str, dict], runs: list[dict[str, Any]]) -> Made:
    """Return what the stages made; models that were neither trained nor evaluated are left out."""
    evaluated = {str(row["model"]) for row in runs}
    trainings = [training for name, row in config["models"].items() for training in read_models(results, name, row)]
    return Made(
        sources=read_sources(results, sources),
        banks=read_banks(results, config["banks"]),
        datasets=[read_dataset(results, name, row) for name, row in config["variants"].items()],
        models=[model for model in trainings if model.training or model.name in evaluated],
        groups=read_runs(results, runs, config["testsets"]),
    )


def _tables(results: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the tables that templates read row by row, by their names on the page."""
    return {
        "outlines": read_outlines(results),
        "leakage": read_rows(results, "leakage", {"scheme", "source", "unit", "units", "crossing", "cells"}),
        "sizes": read_rows(results, "sizes", {"run", "size", "recall", "recall_low", "false_positives_per_frame"}),
        "published": read_rows(results, "published_counts", {"title", "published", "status", "here", "origin"}),
    }


def _told(results: Path, project: Path, figures: list[Figure], made: Made) -> list[Figure]:
    """Return the figures with what each shows."""
    by_run, by_bank = {run.name: run for run in made.runs}, {row.name: row for row in made.banks}
    by_dataset, by_source = {own.name: own for own in made.datasets}, {own.name: own for own in made.sources}
    by_model = {own.name: own for own in reversed(made.models)}
    printed = citation.read_trainings(project)

    def note(figure: Figure) -> str:
        id_, key = figure.id, figure.key
        if figure.per == "run" and id_ in captions.OF_RUN and by_run[key].status == "evaluated":
            return captions.OF_RUN[id_](results, by_run[key])
        if figure.per in ("bank", "clustered") and key in by_bank:
            return captions.of_bank(id_, by_bank[key])
        if figure.per == "variant":
            return captions.of_dataset(id_, by_dataset[key])
        if figure.per == "model" and key in by_model:
            return captions.of_model(id_, by_model[key], printed.get(by_model[key].row["published_as"], {}))
        return captions.of_source(id_, by_source[key]) if figure.per == "recorded" else ""

    return [replace(figure, note=note(figure)) for figure in figures]


def _rebuilt(models: list[Model], runs: list[Run]) -> list[Rebuilt]:
    """Return what became of every published training and validation run."""
    made: dict[str, tuple] = {}
    for model in models:
        state = "done" if model.training else "gap"
        how = rebuilt(Question.TRAINING, model.basis)
        place = (model.name, f"model-{model.name}", state)
        made[model.row.get("published_as")] = (*place, "not trained", how, model.basis)
    for run in runs:
        state = "done" if run.status == "evaluated" else "gap"
        how = rebuilt(Question.of_run(run.published_as), run.basis)
        made[run.published_as] = (run.name, f"run-{run.name}", state, run.reason, how, run.basis)
    absent = ("", "", "absent", "not part of this workflow's tables", "", NOTHING)
    return [Rebuilt(item, *made.get(item.id, absent)) for item in citation.PUBLISHED]
