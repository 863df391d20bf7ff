"""Checks of what others define: the composer's parameters, Ultralytics' arguments, published sets and counts."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rbcflow.claims.readings import read_pictures
from rbcflow.config.training import Training
from rbcflow.config.variant import Variant
from rbcflow.core.errors import InputError
from rbcflow.core.strict import did_you_mean
from rbcflow.core.yamlfile import read_yaml
from rbcflow.datasets.domain import Domain
from rbcflow.datasets.spec import PRESETS, Scale, VariantSpec


def read_published(path: Path) -> dict[str, Any]:
    """Return the table of published sets.

    Raises:
        InputError: it lacks the archive, or a set its folder, table or numbers of images.
    """
    table = read_yaml(path)
    if not isinstance(table.get("archive"), dict) or "url" not in table["archive"]:
        raise InputError(path, f"archive {table.get('archive')!r:.60}", "a mapping with url", "key archive")
    if not isinstance(table.get("sets"), dict):
        raise InputError(path, f"sets {table.get('sets')!r:.60}", "a mapping of variants to sets", "key sets")
    for name, row in table["sets"].items():
        missing = [key for key in ("folder", "table", "images") if not isinstance(row, dict) or key not in row]
        if missing:
            raise InputError(path, f"no key {', '.join(missing)}", "folder, table and images", f"key sets.{name}")
        images = row["images"] if isinstance(row["images"], dict) else {}
        if any(not isinstance(images.get(split), int) or images[split] < 1 for split in ("train", "val", "test")):
            expected = "numbers of images of train, val and test"
            raise InputError(path, f"images {row['images']!r}", expected, f"key sets.{name}.images")
    return table


NESTED = {"scale": Scale, "domain": Domain}
"""Parameters of the composer that have parameters of their own."""


def check_compose(name: str, variant: Variant, path: str) -> None:
    """Check the composer's parameters of a variant, which have a model of their own.

    Raises:
        InputError: names the parameter and what is allowed.
    """
    where = f"key {name}.compose"
    if "name" in variant.compose:
        raise InputError(path, "the key 'name'", "parameters of the composer; the variant has its name", where)
    if variant.compose.get("preset", next(iter(PRESETS))) not in PRESETS:
        raise InputError(path, repr(variant.compose["preset"]), f"one of {', '.join(PRESETS)}", f"{where}.preset")
    try:
        VariantSpec.from_dict({"name": name, **variant.compose})
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(part) for part in first["loc"]]
        if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            model = NESTED.get(keys[0], VariantSpec) if len(keys) > 1 else VariantSpec
            allowed = [known.name for known in fields(model) if known.name != "name"]
            expected = f"{did_you_mean(keys[-1], allowed)} allowed are {', '.join(allowed)}".strip()
            raise InputError(path, f"unknown key {keys[-1]!r}", expected, ".".join((where, *keys))) from None
        found = repr(variant.compose) if not keys else repr(first["input"])
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(path, f"{found:.120}", message[0].lower() + message[1:], ".".join((where, *keys))) from None


OWN_ARGUMENTS = frozenset(
    ("model", "data", "epochs", "batch", "imgsz", "seed", "device", "workers", "amp", "save_dir", "resume", "cache",
     "pretrained", "task", "mode", "project", "name", "exist_ok", "plots", "verbose", "single_cls", "classes", "time"),
)  # fmt: skip
"""Training arguments that the workflow itself sets, or that would change what a model folder means."""


@cache
def _library_arguments() -> frozenset[str]:
    """Return the names of Ultralytics' arguments from its own file; importing the library would take seconds."""
    place = importlib.util.find_spec("ultralytics")
    file = Path(place.submodule_search_locations[0]) / "cfg" / "default.yaml"
    return frozenset(read_yaml(file))


def check_overrides(training: Training, path: str, where: str) -> None:
    """Check the names of further training arguments, which the library would refuse only once the data is there.

    Raises:
        InputError: names the argument.
    """
    for key in training.overrides:
        if key in OWN_ARGUMENTS:
            raise InputError(path, f"{key!r}", f"other arguments; {key} is set by the workflow", where)
        if key not in _library_arguments():
            expected = did_you_mean(key, _library_arguments()) or "a training argument of Ultralytics"
            raise InputError(path, f"unknown key {key!r}", expected, where)


STATISTICS = ("rows", "mean", "sd", "sum", "share")
NEEDED = {"mean": "column", "sd": "column", "sum": "column", "share": "is"}
"""The key that a statistic needs besides ``table``."""


def read_counts(path: Path) -> list[dict[str, Any]]:
    """Return the entries ``counts`` of ``paper/published.yaml``, and see that what was read off pictures is well typed.

    Raises:
        InputError: an entry lacks a key or asks for a statistic that there is not, or a value was typed wrongly.
    """
    table = read_yaml(path)
    read_pictures(table)
    counts = table.get("counts")
    if not isinstance(counts, list):
        raise InputError(path, f"{counts!r:.80}", "a list of published counts", "key counts")
    for number, entry in enumerate(counts, start=1):
        where = f"count {entry.get('id', number)}" if isinstance(entry, dict) else f"count {number}"
        keys = ("id", "title", "value", "status", "source", "ours")
        if not isinstance(entry, dict) or any(key not in entry for key in keys):
            raise InputError(path, f"{entry!r:.80}", f"the keys {', '.join(keys)}", where)
        if not isinstance(entry["value"], int | float):
            raise InputError(path, f"value {entry['value']!r}", "a number", where)
        if not isinstance(entry.get("tolerance", 0), int | float) or {"tolerance", "deviation"} <= set(entry):
            found = f"tolerance {entry['tolerance']!r}, deviation {entry.get('deviation')!r}"
            raise InputError(path, found, "a number, and no deviation beside it", where)
        rule = entry["ours"]
        if not isinstance(rule, dict) or "table" not in rule or rule.get("statistic") not in STATISTICS:
            raise InputError(path, f"ours {rule!r:.80}", f"a table and one of {', '.join(STATISTICS)}", where)
        needed = NEEDED.get(rule["statistic"])
        if needed and needed not in rule:
            raise InputError(path, f"a {rule['statistic']} without {needed}", f"the key {needed}", where)
    return counts
