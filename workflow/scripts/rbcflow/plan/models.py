"""Trainings, and the checkpoints they start from or give way to (rule file ``models``)."""

from __future__ import annotations

from typing import Any

from rbcflow.config.settings import Settings
from rbcflow.plan import paths

NOT_LEARNED = {"seeds", "threads", "evaluated"}
"""Training settings that a rule's wildcards and threads carry, or that choose among trainings."""

MEAN = "mean"
"""Stands for a seed where the weights of all seeds are averaged."""


class Models:
    """What the rules of the stage `models` ask.

    Attributes:
        evaluated: the models of runs, in the order of the alphabet.
        trained: models that are trained here; a checkpoint stands in for the others.
        adopted: models a checkpoint stands in for.
    """

    def __init__(self, settings: Settings, weights: dict[str, dict[str, Any]]) -> None:
        """Take settings and the table of weights."""
        self._settings, self._weights = settings, weights
        self.evaluated = sorted({run.model for run in settings.runs.values()})
        self.trained = [name for name in settings.models if not self.checkpoint(name)]
        self.adopted = [name for name in settings.models if self.checkpoint(name)]

    def variant(self, model: str) -> str:
        """Return the variant a model learns from."""
        return self._settings.models[model].variant

    def training(self, model: str) -> dict[str, Any]:
        """Return a model's training settings; display-only fields of the table never get here."""
        return self._settings.training(model).model_dump(exclude=NOT_LEARNED)

    def start(self, model: str) -> dict[str, Any] | None:
        """Return path, sha256 and origin of the checkpoint a training starts from, or nothing for random weights.

        The sha256 is a param, not the file an input: a fresh clone's newer file must not train again.
        """
        name = self._settings.training(model).weights
        if name == "none":
            return None
        entry = self._weights[name]
        path = entry.get("path") or paths.downloaded(name)
        return {"path": path, "sha256": entry["sha256"], "learned_from": entry.get("learned_from")}

    def checkpoint(self, model: str) -> dict[str, str] | None:
        """Return path and sha256 of the checkpoint that stands in for a model's training, or nothing."""
        return self._settings.checkpoint(model, self._weights)

    def waited_for(self, checkpoint: dict[str, Any] | None) -> str | list[str]:
        """Return a checkpoint a job must wait for because it is downloaded, if there is one."""
        path = checkpoint["path"] if checkpoint else ""
        return path if path.startswith(paths.downloaded("")) else []

    def asked_classes(self, model: str) -> list[str] | None:
        """Return the names of a model's outputs where they are not simply its dataset's."""
        return self._settings.classes(model) if self._settings.models[model].classes else None

    def folder(self, model: str) -> str:
        """Return the folder of the model that is evaluated: the one of its first seed, or of the mean of all."""
        training = self._settings.training(model)
        mean = training.evaluated == MEAN and model in self.trained
        return self._of_seed(model, MEAN if mean else training.seeds[0])

    def of_seeds(self, model: str, file: str) -> list[str]:
        """Return a file of each of a model's trainings."""
        return [f"{self._of_seed(model, seed)}/{file}" for seed in self._settings.training(model).seeds]

    def _of_seed(self, model: str, seed: int | str) -> str:
        return f"<results>/models/{model}/seed-{seed}"

    def record(self, model: str) -> str:
        """Return the record of the training that is evaluated."""
        return f"{self.folder(model)}/training.json"

    def all_records(self) -> list[str]:
        """Return the record of every seed of every model that is evaluated."""
        return [record for model in self.evaluated for record in self.of_seeds(model, "training.json")]
