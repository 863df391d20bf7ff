"""What stages left behind, as plain data: sources, banks of cells, datasets, models (rule ``render_report``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.tables import ANEW
from rbcflow.report.records import read_json, read_provenance
from rbcflow.runtime.origin import Basis, words

SPLITS = ("train", "val", "test")
ROW_KEYS = ("title", "licence", "availability", "reference", "sha256", "variant", "published_as")
"""Keys of the tables' rows that the page shows; a row without one shows a dash."""

TRAINING_KEYS = (
    "architecture", "parameters", "weights", "epochs", "best_epoch", "images_per_second", "seconds", "device",
    "precision", "threads", "state_sha256", "data_fingerprint",
)  # fmt: skip
"""Keys of ``training.json`` that the page shows."""

FIXED_COLUMNS = {"index", "split", "seed", "cells", "file"}
"""Columns of a dataset's ``metadata.csv`` that are neither factors nor counts."""

BIG_FACTOR = 12
"""A column with more distinct values than this is a measurement, not a factor."""


@dataclass(frozen=True)
class Bank:
    """A source's bank of single cells, counted.

    Attributes:
        kept: kept cells by class; the empty class is ``unnamed``.
        dropped: dropped cells by reason, most frequent first.
        recordings: distinct recordings a cell was found in; folders of crops are not among them.
        folders: distinct folders of crops.
        frames: distinct frames or crops a cell was found in.
    """

    kept: dict[str, int]
    dropped: dict[str, int]
    donors: list[str]
    recordings: int
    folders: int
    frames: int
    methods: list[str]

    @property
    def n_kept(self) -> int:
        """Number of kept cells."""
        return sum(self.kept.values())

    @property
    def n_dropped(self) -> int:
        """Number of dropped cells."""
        return sum(self.dropped.values())


@dataclass(frozen=True)
class CellBank:
    """A row of ``config/banks.yaml`` with what became of it; ``bank`` is None where no cells were cut."""

    name: str
    row: dict[str, Any]
    origins: tuple[str, ...]
    bank: Bank | None


@dataclass(frozen=True)
class Source:
    """A row of ``config/sources.yaml`` with what became of it.

    Attributes:
        reason: why its files are unavailable, else empty.
        n_files: number of its raw files, None where it has none of its own.
        sha256: over its raw files.
        skipped: raw files that are left out as bad.
        ignored: raw files that are ignored as the source's entry says.
        remarks: what a reader should know of its files.
    """

    name: str
    row: dict[str, Any]
    origins: tuple[str, ...]
    reason: str
    n_files: int | None
    sha256: str
    skipped: int = 0
    ignored: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A constructed dataset; ``images`` is empty where it was not made.

    Attributes:
        images: number of images by split.
        counts: by class, planned and placed cells of all splits; none planned where the images came from elsewhere.
        factors: by factor, number of images at each level.
    """

    name: str
    row: dict[str, Any]
    origins: tuple[str, ...]
    images: dict[str, int] = field(default_factory=dict)
    counts: dict[str, tuple[int | None, int]] = field(default_factory=dict)
    factors: dict[str, dict[str, int]] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(frozen=True)
class Model:
    """One training of a model; ``training`` is None where it was not made.

    Attributes:
        evaluated_epoch: row of ``results.csv`` of the best epoch, whose weights are taken; empty where there is none.
    """

    name: str
    seed: str
    row: dict[str, Any]
    origins: tuple[str, ...]
    training: dict[str, Any] | None
    evaluated_epoch: dict[str, float] = field(default_factory=dict)

    @property
    def adopted(self) -> bool:
        """Whether a checkpoint took the place of a training."""
        return bool(((self.training or {}).get("weights") or {}).get("adopted"))

    @property
    def basis(self) -> Basis:
        """What its validation values rest on."""
        return Basis.of_training(self.training or {})


def read_table(path: Path, columns: set[str], separator: str = ",") -> pd.DataFrame | None:
    """Return a table with text left as text, or None where there is no such file.

    Raises:
        InputError: the file is no such table or lacks a column.
    """
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, str(error).strip(), "a table with a header") from error
    table.columns = table.columns.str.strip()
    missing = sorted(columns - set(table.columns))
    if missing:
        raise InputError(
            path, f"no column {', '.join(missing)}", f"columns {', '.join(sorted(columns))}; {ANEW}", "header"
        )
    return table


def complete(row: dict[str, Any], keys: tuple[str, ...] = ROW_KEYS) -> dict[str, Any]:
    """Return a row with None for the keys it lacks."""
    return {**dict.fromkeys(keys), **row}


def _tally(values: pd.Series) -> dict[str, int]:
    return {str(key): int(n) for key, n in values.value_counts(sort=False).sort_index().items()}


def read_places(results: Path) -> dict[tuple[str, str], str]:
    """Return ``recording`` or ``crops`` by source and name: readers call a folder of single crops a recording too."""
    rows = read_rows(results, "raw_counts", {"source", "recording", "kind"})
    return {(row["source"], row["recording"]): row["kind"] for row in rows}


def read_bank(folder: Path, places: Mapping[tuple[str, str], str]) -> Bank | None:
    """Count the cells of a bank, or return None where there is none.

    Args:
        folder: of the bank.
        places: what each recording of each source is, from ``read_places``; simulated cells are of none.
    """
    cells = read_table(
        folder / "cells.csv", {"source", "class", "donor", "recording", "frame", "method", "kept", "reason"}
    )
    if cells is None:
        return None
    kept = cells["kept"].str.lower().isin({"true", "1"})
    named = _tally(cells.loc[kept, "class"].replace("", "unnamed"))
    dropped = _tally(cells.loc[~kept, "reason"].replace("", "no reason given"))
    found = [places.get(place) for place in set(zip(cells["source"], cells["recording"], strict=True))]
    return Bank(
        kept={name: named[name] for name in (*CLASSES, "unnamed") if name in named},
        dropped=dict(sorted(dropped.items(), key=lambda item: (-item[1], item[0]))),
        donors=sorted(set(cells["donor"]) - {""}),
        recordings=found.count("recording"),
        folders=found.count("crops"),
        frames=len(cells[["recording", "frame"]].drop_duplicates()),
        methods=sorted(set(cells["method"]) - {""}),
    )


def _origins_of(results: Path, *folders: str) -> tuple[str, ...]:
    """Return the origins that the first existing provenance among folders states."""
    for folder in folders:
        record = read_provenance(results / folder / "provenance.json", results)
        if record:
            return record.origins
    return ()


def read_sources(results: Path, sources: dict[str, dict]) -> list[Source]:
    """Return every source in the order of the table."""
    return [_read_source(results, name, row) for name, row in sources.items()]


def _read_source(results: Path, name: str, row: dict[str, Any]) -> Source:
    files = read_json(results / "raw" / name / "source.json") or {}
    return Source(
        name,
        complete(row),
        _origins_of(results, f"raw/{name}", f"cells/{name}") or words(row.get("access")),
        reason=str(files.get("reason") or "").rstrip("."),
        n_files=files.get("n_files"),
        sha256=str(files.get("sha256") or ""),
        skipped=len(files.get("skipped") or []),
        ignored=sum(one["files"] for one in files.get("ignored") or []),
        remarks=tuple(files.get("remarks") or []),
    )


def read_banks(results: Path, banks: dict[str, dict]) -> list[CellBank]:
    """Return every bank of cells in the order of the table."""
    places = read_places(results)
    return [
        CellBank(
            name, complete(row), _origins_of(results, f"cells/{name}"), read_bank(results / "cells" / name, places)
        )
        for name, row in banks.items()
    ]


def read_outlines(results: Path) -> list[dict[str, Any]]:
    """Return the summaries of rule ``score_segmentation``, one a method and source."""
    files = sorted((results / "outlines").glob("*/summary.json"))
    return [summary for file in files for summary in (read_json(file) or {}).get("sources", [])]


def read_dataset(results: Path, name: str, row: dict[str, Any]) -> Dataset:
    """Return a variant's dataset as its ``metadata.csv`` describes it."""
    folder = results / "datasets" / name
    origin = _origins_of(results, f"datasets/{name}")
    table = read_table(folder / "metadata.csv", {"index", "split"})
    if table is None:
        return Dataset(name, complete(row), origin)
    counted = {f"{c}_{word}": c for c in CLASSES for word in ("count", "placed")}
    totals = {column: int(pd.to_numeric(table[column]).sum()) for column in counted if column in table}
    factors = {
        column: _tally(table[column])
        for column in table
        if column not in FIXED_COLUMNS | counted.keys() and 1 < table[column].nunique() <= BIG_FACTOR
    }
    images = _tally(table["split"])
    fingerprint = folder / "fingerprint.txt"
    return Dataset(
        name,
        complete(row),
        origin,
        images={split: images[split] for split in SPLITS if split in images},
        counts={c: (totals.get(f"{c}_count"), totals[f"{c}_placed"]) for c in CLASSES if f"{c}_placed" in totals},
        factors=factors,
        fingerprint=fingerprint.read_text(encoding="utf-8").split()[0] if fingerprint.is_file() else "",
    )


def read_rows(results: Path, name: str, columns: set[str]) -> list[dict[str, Any]]:
    """Return the rows of ``tables/<name>.csv``, none where there is no such table."""
    table = read_table(results / "tables" / f"{name}.csv", columns)
    return [] if table is None else table.to_dict("records")


def read_models(results: Path, name: str, row: dict[str, Any]) -> list[Model]:
    """Return a model's trainings, one a seed; one without ``training`` where there is none. A mean is no training."""
    folders = sorted(own for own in (results / "models" / name).glob("seed-*/") if own.name != "seed-mean")
    return [_read_model(results, name, row, folder) for folder in folders] or [Model(name, "", complete(row), (), None)]


def _read_model(results: Path, name: str, row: dict[str, Any], folder: Path) -> Model:
    origin = _origins_of(results, folder.relative_to(results).as_posix())
    training = read_json(folder / "training.json")
    epochs = read_table(folder / "results.csv", {"epoch"})
    rows = [] if epochs is None or training is None else epochs.to_dict("records")
    best = [{k: float(v) for k, v in row.items() if v} for row in rows if float(row["epoch"]) == training["best_epoch"]]
    seed = folder.name.removeprefix("seed-")
    known = training and complete(training, TRAINING_KEYS)
    return Model(name, seed, complete(row), origin, known, best[0] if best else {})
