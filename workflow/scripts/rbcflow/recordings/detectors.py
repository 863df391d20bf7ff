"""Which checkpoint finds the cells of a recording, decided before the DAG is built (rules of ``recordings.smk``)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rbcflow.config.config import Config
from rbcflow.core.errors import InputError
from rbcflow.core.names import GAUGE
from rbcflow.detector.fitting import Learned
from rbcflow.detector.weights import Weights, read_weights, recorded, training_record
from rbcflow.runtime.provenance import sha256

if TYPE_CHECKING:
    from rbcflow.recordings.gauge import Gauge
    from rbcflow.recordings.network import CellFinder

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
        learned: sizes of the cells it learned from; those of the shipped ones where no record says it.
        gauge: digest of what lies beside the checkpoint and says what its boxes are worth, "" where nothing does.
    """

    name: str
    path: str
    sha256: str
    classes: dict[str, str]
    made: bool
    learned: Learned
    gauge: str

    def params(self) -> dict[str, Any]:
        """Return what boxes depend on, for the params of a rule."""
        return asdict(self)


PROJECT = Path(__file__).resolve().parents[4]
"""Where the tables and the shipped checkpoints lie."""


def shipped(name: str = "starter") -> CellFinder:
    """Return a detector that comes with the project, ready to find cells, from any folder.

    Args:
        name: an entry of ``resources/weights.yaml`` with a ``path``.

    Raises:
        InputError: no such entry, or the file is not the recorded one.
    """
    # every dry run imports this module, and must not wait for what only a search needs
    from rbcflow.recordings.network import load_finder

    entry = _shipped(name)
    path = PROJECT / str(entry.path)
    return load_finder(path, entry.sha256, {}, learned=_learned(path, entry.sha256), threads=1)


def shipped_record(name: str) -> dict[str, Any]:
    """Return the ``training.json`` of a detector that comes with the project."""
    entry = _shipped(name)
    return training_record(PROJECT / str(entry.path), entry.sha256)


def shipped_gauge(name: str) -> Gauge | None:
    """Return what says what the boxes of a shipped detector are worth; None where it has none."""
    from rbcflow.recordings.gauge import read_gauge

    entry, record = _shipped(name), shipped_record(name)
    side = Learned.of_cells(record.get("cells")).side
    return read_gauge(PROJECT / str(entry.path), entry.sha256, record, side)


def gauge_digest(path: Path, sha256: str) -> str:
    """Return 16 hexadecimal digits over a checkpoint's gauge and how its training images look, "" without a gauge."""
    beside = path.parent / GAUGE
    if not beside.is_file():
        return ""
    looks = json.dumps(training_record(path, sha256).get("looks"), sort_keys=True)
    return hashlib.sha256(beside.read_bytes() + looks.encode()).hexdigest()[:16]


def _learned(path: Path, sha256: str) -> Learned:
    return Learned.of_cells(training_record(path, sha256).get("cells"))


def _shipped(name: str) -> Weights:
    table = PROJECT / "resources" / "weights.yaml"
    listed = {key: entry for key, entry in read_weights(table).items() if entry.path}
    if name not in listed:
        raise InputError(table, repr(name), f"one of {', '.join(listed)}")
    return listed[name]


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
        return _chosen(name, path, entry.sha256, config, made=entry.path is None)
    own = retrained / name / "weights" / "best.pt"
    if own.is_file() and config.detector_sha256 is None:
        return _chosen(name, own, recorded(own)["sha256"], config)
    path = Path(name).expanduser()
    if not path.is_file():
        made = sorted(folder.parent.parent.name for folder in retrained.glob("*/weights/best.pt"))
        # the table has segmentation networks as well, or know none
        there = [key for key, entry in listed.items() if entry.path]
        expected = f"one of {', '.join([*there, *made])}, a checkpoint's file, or the target `retrain` before `mine`"
        evaluated = retrained / name / "README.md"
        found = f"{name!r}, which was trained but is not better, so it was not kept ({evaluated})"
        raise InputError("configuration", found if evaluated.is_file() else repr(name), expected, "key detector")
    if config.detector_sha256 is None:
        expected = f"detector_sha256={sha256(path)}, if you trust the file: opening a checkpoint can run what it holds"
        raise InputError("configuration", f"{name} without its sha256", expected, "key detector")
    return _chosen(path.name, path, config.detector_sha256, config)


def _chosen(name: str, path: Path, sha256: str, config: Config, *, made: bool = False) -> Chosen:
    learned, gauge = _learned(path, sha256), gauge_digest(path, sha256)
    return Chosen(name, str(path), sha256, config.detector_classes, made, learned, gauge)


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
