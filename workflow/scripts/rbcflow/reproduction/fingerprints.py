"""Fingerprints as committed, stage by stage, and this run's beside them (rule ``compare_fingerprints``).

``resources/expected/fingerprints.yaml`` has, for the versions it names, the fingerprint of every phantom's files, of
the banks that datasets are composed from, of their splits and of the datasets, at the scale of the embedded default
and at that of the integration test; each with a digest of the settings it follows from. It also has those of a probe
(see ``probe``). ``make fingerprints`` writes it anew.

All are taken over decoded pixels, masks, labels and tables (see ``pixels``). Banks that a trained network cuts have
none, as training is not exact from processor to processor.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv
from rbcflow.reproduction.pixels import digest_folder
from rbcflow.runtime.provenance import sha256, versions
from rbcflow.sources import record

FILE = Path("resources/expected/fingerprints.yaml")
PACKAGES = ("numpy", "opencv-python", "scipy")
"""What the pixels depend on, besides the code."""

STAGES = ("raw", "bank", "split", "dataset")
"""Stages with fingerprints, in the order of the data flow."""

COLUMNS = ["stage", "name", "recipe", "fingerprint", "committed_at", "differs_first_at"]
HEADER = """\
# Committed fingerprints of the simulated data, by stage; `make fingerprints` writes them, tests and every run compare.
# They change with what draws and composes, and perhaps with the packages named. `recipe` is over the settings.

"""


@dataclass(frozen=True)
class Item:
    """Something with a fingerprint.

    Attributes:
        stage: one of ``STAGES``.
        name: of the source, the bank or the variant.
        file: ``source.json``, ``cells.csv``, the table of splits or ``fingerprint.txt``.
        settings: what the pixels follow from besides ``made_of``.
        made_of: names of the items of the stage before that it is made of.
    """

    stage: str
    name: str
    file: Path
    settings: Mapping[str, Any]
    made_of: Sequence[str] = field(default_factory=tuple)


def compare(items: Sequence[Item], committed: Mapping[str, Any], output: Path) -> pd.DataFrame:
    """Write this run's fingerprints and how they stand to those expected.

    Args:
        items: what to compare, every one after those it is made of.
        committed: content of the committed file.
        output: CSV with the columns ``COLUMNS``. ``committed_at`` has the scales of the committed file at which the
            fingerprint is the same. Where there is none, but one with the same settings, ``differs_first_at`` is the
            first on the way that differs, such as ``bank simulated``.

    Raises:
        InputError: the committed file has no scales, or a fingerprint is none.
    """
    if not isinstance(committed.get("scales"), dict):
        raise InputError(FILE, f"scales {committed.get('scales')!r:.60}", "fingerprints by scale, stage and name")
    for scale, stages in committed["scales"].items():
        _check_scale(scale, stages)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    recipes = _recipes(items)
    for item in items:
        key = (item.stage, item.name)
        found = fingerprint(item, items)
        known = {scale: stages.get(item.stage, {}).get(item.name, {}) for scale, stages in committed["scales"].items()}
        same = [scale for scale, entry in known.items() if entry.get("fingerprint") == found]
        differs = ""
        if not same and any(entry.get("recipe") == recipes[key] for entry in known.values()):
            before = [rows[name]["differs_first_at"] for name in _before(item) if name in rows]
            differs = next(filter(None, before), f"{item.stage} {item.name}")
        values = (*key, recipes[key], found, " ".join(same), differs)
        rows[key] = dict(zip(COLUMNS, values, strict=True))
    table = pd.DataFrame(rows.values(), columns=COLUMNS)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def _check_scale(scale: str, stages: Any) -> None:
    """Refuse a scale of the committed file that is not fingerprints by stage and name."""
    if not isinstance(stages, dict):
        raise InputError(FILE, f"{stages!r:.60}", "fingerprints by stage and name", f"key scales.{scale}")
    for stage, entries in stages.items():
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            expected = "recipe and fingerprint by name"
            raise InputError(FILE, f"{entries!r:.60}", expected, f"key scales.{scale}.{stage}")


def fingerprint(item: Item, items: Sequence[Item]) -> str:
    """Return the fingerprint of one of several items.

    Raises:
        InputError: a file is broken or absent.
    """
    if item.stage == "raw":
        return digest_folder(Path(record.read(item.file).folder))
    if item.stage == "bank":
        # The table has the sha256 of every cell's pixels and mask.
        return sha256(item.file)
    if item.stage == "split":
        banks = [other.file for other in items if other.stage == "bank" and other.name in item.made_of]
        return _split(item.file, banks)
    found = item.file.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch("[0-9a-f]+", found):
        raise InputError(item.file, repr(found[:80]), "the fingerprint of a dataset, in hexadecimal")
    return found


def installed() -> dict[str, str]:
    """Return the versions of the packages that the pixels depend on."""
    return {name: versions()[name] for name in PACKAGES}


def _split(table: Path, banks: Sequence[Path]) -> str:
    """Return the sha256 over the rows of a table of splits that are about the cells of some banks."""
    cells = {cell for bank in banks for cell in read_csv(bank, "the table of a cell bank", ("cell_id",))["cell_id"]}
    rows = read_csv(table, "which cell may appear where", ("cell_id",), dtype=str, keep_default_na=False)
    text = rows[rows["cell_id"].isin(cells)].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def _before(item: Item) -> list[tuple[str, str]]:
    """Return stage and name of what an item is made of."""
    stage = STAGES[max(STAGES.index(item.stage) - 1, 0)]
    return [(stage, name) for name in item.made_of]


def _recipes(items: Sequence[Item]) -> dict[tuple[str, str], str]:
    """Return a digest of all settings each item follows from, its own and those before it."""
    recipes: dict[tuple[str, str], str] = {}
    for item in items:
        all_of_it = [item.settings, [recipes.get(before, "") for before in _before(item)]]
        text = json.dumps(all_of_it, sort_keys=True, default=str)
        recipes[item.stage, item.name] = hashlib.sha256(text.encode()).hexdigest()[:12]
    return recipes


def _by_stage(table: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return the entries of one scale of the committed file from a run's table."""
    entries: dict[str, dict[str, dict[str, str]]] = {}
    for row in pd.read_csv(table, dtype=str).itertuples():
        entries.setdefault(row.stage, {})[row.name] = {"recipe": row.recipe, "fingerprint": row.fingerprint}
    return entries


def main() -> None:
    """Write the committed file from the tables of runs, given as ``scale=table``; other scales are kept."""
    from rbcflow.reproduction.probe import probe

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("tables", nargs="+", metavar="SCALE=TABLE")
    old = yaml.safe_load(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    scales = old.get("scales") or {}
    for scale, _, table in (argument.partition("=") for argument in parser.parse_args().tables):
        scales[scale] = _by_stage(Path(table))
    content = {"versions": installed(), "probe": probe(), "scales": scales}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(HEADER + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
