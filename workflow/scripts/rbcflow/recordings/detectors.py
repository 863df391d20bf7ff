"""Which checkpoint finds the cells of a recording, decided before the DAG is built (rules of ``recordings.smk``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rbcflow.config.models import Config
from rbcflow.core.errors import InputError
from rbcflow.detector.weights import read_weights
from rbcflow.runtime.provenance import sha256

RETRAINED = "detectors"
"""Folder below the results with the detectors made by the target ``retrain``: ``<name>/weights/best.pt`` each."""


@dataclass(frozen=True)
class Chosen:
    """A detector.

    Attributes:
        name: as the user wrote it.
        path: of its checkpoint.
        sha256: of the checkpoint's bytes; None where the ``training.json`` of a model folder vouches for them.
        classes: what its own names of classes mean, where that must be said.
        made: whether the workflow makes or downloads it, so that jobs must wait for it.
    """

    name: str
    path: str
    sha256: str | None
    classes: dict[str, str]
    made: bool

    def params(self) -> dict[str, Any]:
        """Return what boxes depend on, for the params of a rule."""
        return asdict(self)


def chosen(config: Config) -> Chosen:
    """Return the detector that the configuration names.

    Raises:
        InputError: no such detector, or a file without its sha256.
    """
    name, table = config.detector, Path(config.tables.weights)
    listed = read_weights(table)
    retrained = Path(config.pathvars.get("results", "results")) / RETRAINED
    if name in listed and config.detector_sha256 is None:
        entry = listed[name]
        path = entry.path or f"resources/weights/{name}"
        return Chosen(name, path, entry.sha256, config.detector_classes, entry.path is None)
    own = retrained / name / "weights" / "best.pt"
    if own.is_file() and config.detector_sha256 is None:
        return Chosen(name, str(own), None, config.detector_classes, False)
    path = Path(name).expanduser()
    if not path.is_file():
        made = sorted(folder.parent.parent.name for folder in retrained.glob("*/weights/best.pt"))
        expected = f"one of {', '.join([*listed, *made])}, a checkpoint's file, or the target `retrain` before `mine`"
        raise InputError("configuration", repr(name), expected, "key detector")
    if config.detector_sha256 is None:
        expected = f"detector_sha256={sha256(path)}, if you trust the file: opening a checkpoint can run what it holds"
        raise InputError("configuration", f"{name} without its sha256", expected, "key detector")
    return Chosen(path.name, str(path), config.detector_sha256, config.detector_classes, False)
