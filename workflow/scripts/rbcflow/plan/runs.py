"""Models on test sets, and the jobs that predict and count them (rule files ``predictions`` to ``claims``)."""

from __future__ import annotations

from collections.abc import Mapping

from snakemake.exceptions import WorkflowError

from rbcflow.config.references import ELSEWHERE
from rbcflow.config.run import Run
from rbcflow.config.settings import Settings
from rbcflow.plan import paths
from rbcflow.plan.possible import Possible

BESIDE = ("flow_public", "saarland_donors", "naples")
"""Recordings that the preprint's detectors and the shipped one are both evaluated on, in the order of the page."""


class Runs:
    """What the rules from predictions on ask.

    Attributes:
        runs_by_job: by job, the runs that it predicts and counts, companions among them.
        shown: by job, the runs that have pictures.
    """

    def __init__(self, settings: Settings, possible: Possible) -> None:
        """Take settings and what can be made."""
        self._settings, self._possible = settings, possible
        self.runs_by_job = self._by_model(settings.evaluated)
        self.shown = self._by_model(settings.runs)

    def _by_model(self, runs: Mapping[str, Run]) -> dict[str, dict[str, Run]]:
        """Return runs by job: those of every model together, those on test sets whose files are not there apart."""
        jobs: dict[str, dict[str, Run]] = {}
        for name, run in runs.items():
            there = getattr(run, "companion_of", name) in self._possible.runs
            jobs.setdefault(run.model if there else f"{run.model}{ELSEWHERE}", {})[name] = run
        return jobs

    def rules(self) -> list[str]:
        """Return the names of the rules that there are for each model."""
        families = {
            "predict": self.runs_by_job,
            "evaluate": self.runs_by_job,
            "collect_errors": self.shown,
            "draw_run": self.shown,
        }
        return [f"{family}_{job}" for family, jobs in families.items() for job in jobs]

    def given(self) -> list[str]:
        """Return the runs of the user's own checkpoint.

        Raises:
            WorkflowError: there is none.
        """
        if self._settings.config.given.path is None:
            raise WorkflowError("No checkpoint is given: set the key `given` with path, sha256 and testsets.")
        return [name for name, run in self._settings.runs.items() if run.model == "given"]

    def beside(self) -> dict[str, Run]:
        """Return the runs of the preprint's detectors on recordings that the shipped one is evaluated on too."""
        models = self._settings.models
        evaluated = self._settings.evaluated.items()
        return {name: run for name, run in evaluated if run.testset in BESIDE and models[run.model].published_as}

    def of_model(self, model: str) -> list[str]:
        """Return the runs of a model."""
        return [name for name, run in self._settings.runs.items() if run.model == model]


def testsets_of(runs: Mapping[str, Run]) -> list[str]:
    """Return the descriptions of the test sets of some runs, each once."""
    return [paths.testset(name) for name in dict.fromkeys(run.testset for run in runs.values())]
