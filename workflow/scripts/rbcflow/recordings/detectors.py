"""Which checkpoint finds the cells of a recording, decided before the DAG is built (rules of ``recordings.smk``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rbcflow.config.models import Config
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_object
from rbcflow.detector.weights import read_weights, recorded
from rbcflow.runtime.provenance import sha256

RETRAINED = "detectors"
"""Folder below the results with the detectors made by the target ``retrain``: ``<name>/weights/best.pt`` each."""


@dataclass(frozen=True)
class Chosen:
    """A detector.

    Attributes:
        name: as the user wrote it.
        path: of its checkpoint.
        sha256: of the checkpoint's bytes.
        classes: what its own names of classes mean, where that must be said.
        made: whether the workflow downloads it, so that jobs must wait for it.
        side: of the cells it learned from, pixels as it saw them; None where its record does not say.
    """

    name: str
    path: str
    sha256: str
    classes: dict[str, str]
    made: bool
    side: float | None

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
        path = Path(entry.path or f"resources/weights/{name}")
        side = _side(path.parent / "training.json")
        return Chosen(name, str(path), entry.sha256, config.detector_classes, entry.path is None, side)
    own = retrained / name / "weights" / "best.pt"
    if own.is_file() and config.detector_sha256 is None:
        side = _side(retrained / name / "training.json")
        return Chosen(name, str(own), recorded(own)["sha256"], config.detector_classes, False, side)
    path = Path(name).expanduser()
    if not path.is_file():
        made = sorted(folder.parent.parent.name for folder in retrained.glob("*/weights/best.pt"))
        expected = f"one of {', '.join([*listed, *made])}, a checkpoint's file, or the target `retrain` before `mine`"
        raise InputError("configuration", repr(name), expected, "key detector")
    if config.detector_sha256 is None:
        expected = f"detector_sha256={sha256(path)}, if you trust the file: opening a checkpoint can run what it holds"
        raise InputError("configuration", f"{name} without its sha256", expected, "key detector")
    return Chosen(path.name, str(path), config.detector_sha256, config.detector_classes, False, None)


def _side(record: Path) -> float | None:
    """Return what the record of a training says of the size of its cells, None where it says nothing."""
    cells = read_object(record, "the record of a training").get("cells") if record.is_file() else None
    return float(cells["side_seen_px"]) if cells else None


def new_name(config: Config) -> str:
    """Return what the detector that ``retrain`` makes is called.

    Raises:
        InputError: another detector has the name, or nothing to learn from is named.
    """
    name, listed = config.retrained, read_weights(Path(config.tables.weights))
    if name in listed or name == config.detector:
        taken = f"{name!r}, which is the detector to start from" if name == config.detector else f"{name!r}"
        expected = f"a name that is not one of {', '.join([*listed, config.detector])}"
        raise InputError("configuration", taken, expected, "key retrained")
    if not config.corrected:
        raise InputError("configuration", "no corrected labels", "`corrected=my/corrected`", "key corrected")
    if not Path(config.corrected).expanduser().exists():
        expected = "the folder, or the zip file, with corrected labels (docs/correcting.md)"
        raise InputError("configuration", f"{config.corrected!r}, which does not exist", expected, "key corrected")
    return name
