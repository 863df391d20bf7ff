"""Everything the report shows, collected once from the results folder (rule ``render_report``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

from rbcflow.report import citation
from rbcflow.report.claims import Claim, count_verdicts, read_claims
from rbcflow.report.errors import Errors, read_errors
from rbcflow.report.figures import Figure, read_figures
from rbcflow.report.graph import Graph, read_graph
from rbcflow.report.pixels import Pixels, read_pixels
from rbcflow.report.records import Provenance, read_records
from rbcflow.report.runs import Run, TestSet, read_runs
from rbcflow.report.stages import (
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
from rbcflow.report.timings import Timing, read_timings
from rbcflow.runtime.origin import NOTHING, Basis, Question, rebuilt
from rbcflow.runtime.provenance import PHANTOM


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
class Page:
    """What the templates see; ``groups`` are the runs by test set."""

    config: dict[str, Any]
    sources: list[Source]
    banks: list[CellBank]
    outlines: list[dict[str, Any]]
    datasets: list[Dataset]
    leakage: list[dict[str, Any]]
    sizes: list[dict[str, Any]]
    pixels: Pixels
    published: list[dict[str, Any]]
    models: list[Model]
    groups: list[tuple[TestSet, list[Run]]]
    timings: list[Timing]
    figures: list[Figure]
    records: list[Provenance]
    rebuilt: list[Rebuilt]
    software: citation.Software | None
    claims: list[Claim] | None
    deviations: str
    errors: list[Errors]
    graph: Graph

    @property
    def verdicts(self) -> dict[str, tuple[str, int]]:
        """Tone and number of claims by verdict."""
        return count_verdicts(self.claims or [])

    @property
    def foreign(self) -> list[TestSet]:
        """Test sets that are not a dataset's own test images."""
        return [testset for testset, runs in self.groups if runs and testset.name in self.config["testsets"]]

    @property
    def matrix(self) -> dict[str, list[Run | None]]:
        """By model, its run on its own composed images and on each foreign test set, None where there is none."""
        table = {(run.model, run.testset.name): run for run in self.runs}
        variants = {name: row.get("variant") or name for name, row in self.config["models"].items()}
        return {
            model: [
                table.get((model, f"{variants.get(model, model)}_test")),
                *(table.get((model, testset.name)) for testset in self.foreign),
            ]
            for model in dict.fromkeys(run.model for run in self.runs)
        }

    @property
    def known_donors(self) -> list[str]:
        """What the table of leakage is blind to: cells whose donor nobody wrote down, a sentence a source."""
        cells = {(row["source"], row["unit"]): int(row["cells"]) for row in self._leaks()}
        drawn = {source.name for source in self.sources if source.row.get("layout") == "drawn"}
        return [
            f"Of the {count(n)} cells of {source}, {count(cells.get((source, 'donor'), 0))} have a known donor and "
            "recording; of the others only the group can be compared."
            for (source, unit), n in cells.items()
            if unit == "group" and source not in drawn and n > cells.get((source, "donor"), 0)
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
                    f"Of the {row['units']} recordings of {source} that test sets are made of, {row['crossing']} are "
                    f"known to have given a cell to train or val; the recording is known of {count(known)} of its "
                    f"{count(cells[source, 'group'])} cells."
                )
        return sentences

    def _leaks(self) -> list[dict[str, Any]]:
        return [row for row in self.leakage if row["scheme"] == self.config.get("scheme")]

    @property
    def runs(self) -> list[Run]:
        """Every run, in the order of the page."""
        return [run for _, runs in self.groups for run in runs]

    @property
    def evaluated(self) -> list[Run]:
        """Runs that have numbers."""
        return [run for run in self.runs if run.status == "evaluated"]

    @property
    def stand_ins(self) -> list[Source]:
        """Laboratories whose recordings were drawn; cells that the preprint's method draws itself stand in for none."""
        return [source for source in self.sources if PHANTOM in source.origins and source.row["layout"] != "drawn"]

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
    def stages(self) -> dict[str, list[Provenance]]:
        """Records by stage, in the order of the way of the data."""
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
        return [figure for figure in self.figures if figure.picture is None]

    def drawn(self, section: str, per: str = "none", key: str = "") -> list[Figure]:
        """Return the figures of a section drawn per something, for one key."""
        return [f for f in self.figures if (f.section, f.per, f.key) == (section, per, key)]

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
    variants, models = config["variants"], config["models"]
    groups = read_runs(results, runs, config["testsets"])
    judged = dict.fromkeys(str(row["model"]) for row in runs)
    trained = [training for name, row in models.items() for training in read_models(results, name, row)]
    trained = [model for model in trained if model.training or model.name in judged]
    keys = {
        "none": ["all"],
        "bank": list(config["banks"]),
        "clustered": [name for name, row in config["banks"].items() if "unet_cellpose" in row["paths"]],
        "recorded": [name for name, row in sources.items() if row.get("layout") != "drawn"],
        "variant": list(variants),
        "model": list(judged),
        "run": [str(row["run"]) for row in runs],
        "testset": list(dict.fromkeys(str(row["testset"]) for row in runs)),
    }
    records, timings = read_records(results), read_timings(results)
    return Page(
        config=config,
        sources=read_sources(results, sources),
        banks=read_banks(results, config["banks"]),
        outlines=read_outlines(results),
        datasets=[read_dataset(results, name, row) for name, row in variants.items()],
        leakage=read_rows(results, "leakage", {"scheme", "source", "unit", "units", "crossing", "cells"}),
        sizes=read_rows(results, "sizes", {"run", "size", "recall", "recall_low", "false_alarms_per_frame"}),
        pixels=read_pixels(results),
        published=read_rows(results, "published_counts", {"title", "published", "status", "here", "origin"}),
        models=trained,
        groups=groups,
        timings=timings,
        figures=read_figures(results, registry, keys),
        records=records,
        rebuilt=_rebuilt(trained, [run for _, group in groups for run in group]),
        software=citation.read_software(project),
        claims=read_claims(results),
        deviations=Path(os.path.relpath(project / "paper/deviations.md", results)).as_posix(),
        graph=read_graph(results, records, timings),
        errors=read_errors(results, [str(row["run"]) for row in runs]),
    )


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
