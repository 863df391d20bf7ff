"""The first screen: what is asked, what was measured, and the numbers that answer it (rule ``render_report``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.report import citation
from rbcflow.report.figures import Figure
from rbcflow.report.pixels import Pixels
from rbcflow.report.runs import Run, read_run
from rbcflow.report.stages import Dataset, Model, read_rows, read_table
from rbcflow.runtime.lineage import PHANTOM, PUBLIC

FRONT_AS = "val29"
"""The published run whose model stands for all on the first screen: the preprint shows it as animations, on frames
like its training's (val29) and unlike them (val30)."""

ROLES = (
    ("saarland_donors", "like the training images"),
    ("naples", "unlike the training images"),
    ("flow_public", "real, of another instrument"),
)
"""Kinds of test sets on the first screen and what each asks; the first test set of each kind is taken."""


@dataclass(frozen=True)
class Tile:
    """A run on the first screen.

    Attributes:
        role: what it asks.
        simulated: whether the frames were simulated.
        low, high: interval of the share of found cells, empty where there is none.
        figure: the frame, None where it was not drawn.
        grey: the same model on the same frames without their colours, None where it was not evaluated so.
    """

    run: Run
    role: str
    simulated: bool
    low: str
    high: str
    figure: Figure | None
    grey: Run | None = None

    @property
    def mostly_colour(self) -> bool:
        """Whether more than half of the missed cells and of the false positives are gone without colours."""
        if self.grey is None:
            return False
        had, left = self.run.found, self.grey.found
        fewer_false_positives = 2 * left["false_positives"] < had["false_positives"]
        return 2 * (1 - left["recall"]) < 1 - had["recall"] and fewer_false_positives

    @property
    def real(self) -> bool:
        """Whether the frames are public recordings."""
        return self.run.basis.evaluated == (PUBLIC,)


@dataclass(frozen=True)
class Trust:
    """What speaks for the numbers.

    Attributes:
        checks: counts that were made again by other libraries, and those that agree.
        libraries: their names.
        committed: datasets whose pixels are as committed, and all that were compared.
        trained: of the front's model, what was trained here (images, epochs, seeds).
        published: the same of the preprint, where its file says.
    """

    checks: int
    agree: int
    libraries: list[str]
    committed: int
    datasets: int
    trained: dict[str, int]
    published: dict[str, int]


@dataclass(frozen=True)
class Front:
    """The first screen; ``model`` is the one that stands for all, empty where no run was evaluated."""

    model: str
    tiles: list[Tile]
    trust: Trust
    classes: Figure | None


def front_model(runs: list[Run]) -> str:
    """Return the model that stands for all: that of ``FRONT_AS``, else of the first evaluated run."""
    evaluated = [run for run in runs if run.status == "evaluated"]
    chosen = [run.model for run in evaluated if run.published_as == FRONT_AS] or [run.model for run in evaluated]
    return chosen[0] if chosen else ""


def read_front(
    results: Path,
    project: Path,
    config: dict[str, Any],
    runs: list[Run],
    models: list[Model],
    figures: list[Figure],
    pixels: Pixels,
    datasets: list[Dataset],
) -> Front:
    """Put the first screen together from what the other parts of the page have read.

    Args:
        results: the results folder.
        project: the project's folder, for ``paper/published.yaml``.
        config: the configuration with its tables.
        runs: all runs.
        models: all trainings.
        figures: all figures.
        pixels: what is said of the datasets' pixels.
        datasets: all datasets.

    Raises:
        InputError: a table is broken.
    """
    model = front_model(runs)
    bank = (config["variants"].get(config["models"].get(model, {}).get("variant") or model, {}).get("banks") or [""])[0]
    return Front(
        model,
        _tiles(results, model, config["testsets"], runs, figures),
        Trust(*_checks(results), *_committed(pixels), *_settings(project, config, model, models, datasets)),
        next((f for f in figures if (f.id, f.key) == ("class_examples", bank) and f.picture), None),
    )


def _tiles(results: Path, model: str, testsets: dict[str, Any], runs: list[Run], figures: list[Figure]) -> list[Tile]:
    table = read_table(results / "tables/headline.csv", {"run", "metric", "low", "high"})
    found = {} if table is None else table[table["metric"] == "recall"].set_index("run").to_dict("index")
    frames = {figure.key: figure for figure in figures if figure.id == "front_frame" and figure.picture}
    tiles = []
    for kind, role in ROLES:
        own = [run for run in runs if run.model == model and run.status == "evaluated" and run.n_boxes]
        own = [run for run in own if (testsets.get(run.testset.name) or {}).get("kind", run.testset.name) == kind]
        for run in own[:1]:
            row = found.get(run.name, {"low": "", "high": ""})
            simulated = PHANTOM in run.basis.evaluated
            tiles.append(Tile(run, role, simulated, row["low"], row["high"], frames.get(run.name), _grey(results, run)))
    return tiles


def _grey(results: Path, run: Run) -> Run | None:
    """Return the run's companion on grey frames, which the configuration adds to published runs on coloured ones."""
    row = {"run": f"{run.name}-in-grey", "model": run.model}
    companion = read_run(results, row, run.testset)
    return companion if companion.status == "evaluated" and companion.n_boxes else None


def _checks(results: Path) -> tuple[int, int, list[str]]:
    rows = read_rows(results, "metric_checks", {"against", "agrees"})
    return len(rows), sum(row["agrees"] == "True" for row in rows), sorted({row["against"] for row in rows})


def _committed(pixels: Pixels) -> tuple[int, int]:
    said = [text for item, text in pixels.statements.items() if item.startswith("dataset ")]
    return sum(text.startswith("Pixels: as committed") for text in said), len(said)


def _settings(
    project: Path, config: dict[str, Any], model: str, models: list[Model], datasets: list[Dataset]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return images, epochs and seeds of a model's trainings here and in the preprint."""
    trainings = [own for own in models if own.name == model and own.training and not own.adopted]
    row = config["models"].get(model) or {}
    here = {}
    if trainings:
        learned = next((own for own in datasets if own.name == (row.get("variant") or model)), None)
        images = learned.images.get("train") if learned else None
        here = {"images": images, "epochs": trainings[0].training["epochs"], "seeds": len(trainings)}
    own = citation.read_trainings(project).get(row.get("published_as")) or {}
    there = {key: own[key] for key in ("images", "epochs", "seeds") if key in own}
    return {key: value for key, value in here.items() if value is not None}, there
