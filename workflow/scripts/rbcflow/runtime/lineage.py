"""What decides the origin of a stage's output: from record to record, along the data flow.

It is apart from ``provenance``, which writes the records: that module is no part of a rule's fingerprint, this one is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

PHANTOM, PUBLIC, PUBLISHED, RAW, UNKNOWN = ORIGINS = ("phantom", "public", "published", "raw", "unknown")
"""What files can come from: simulated here; public recordings the preprint did not use; the images it published;
laboratories' recordings; made elsewhere. ``runtime/origin.py`` says what each lets a number decide."""

SEPARATOR = " + "
"""Stands between the origins of one row of a table."""

ACCESS = {"phantom": PHANTOM, "simulated": PHANTOM, "package": PUBLIC, "local": RAW, "url": RAW, "published": PUBLISHED}
"""The origin of a source's files by the way the configuration gets them; a laboratory's own are ``raw`` by any way."""

OUTLINED = "Cells were segmented by a network trained on simulated pictures."
STARTED = "The training started from a checkpoint that had learned from simulated cells."
RECUT = "Cells were cut again out of the images that the preprint published."
"""Remarks on the method: they travel beside the origin and decide nothing."""


def _record_of(path: Path) -> Path | None:
    """Return the provenance that speaks for a path: beside it under its own name, or in the nearest folder above."""
    beside = path.with_suffix(".json")
    places = [beside] if beside != path and beside.is_file() else []
    places += [folder / "provenance.json" for folder in (path, *list(path.parents)[:4])]
    return next((place for place in places if place.is_file() and "origin" in json.loads(place.read_text())), None)


def of_source(access: str, layout: str) -> str:
    """Return the origin of a source's files by the way they come; other people's recordings stay public on any disk."""
    return PUBLIC if layout == "flow_public" else ACCESS[access]


def _stated(inputs: Iterable[Path], key: str) -> set[str]:
    """Return the union of what the provenance of several inputs states under a key."""
    records = [record for path in inputs if (record := _record_of(path)) is not None]
    return {word for record in records for word in json.loads(record.read_text(encoding="utf-8")).get(key, [])}


def origins_of(inputs: Iterable[Path]) -> list[str]:
    """Return the union of the origins that the provenance of several inputs states, in the order of ORIGINS."""
    found = _stated(inputs, "origin")
    return [origin for origin in ORIGINS if origin in found]


def remarks_of(inputs: Iterable[Path]) -> list[str]:
    """Return the remarks on the method that the provenance of several inputs states, sorted."""
    return sorted(_stated(inputs, "remarks"))


def of_job(
    made_from: Sequence[Path], tools: Sequence[Path], origin: list[str] | None, remarks: Sequence[str]
) -> dict[str, list[str]]:
    """Return what a job's record says of its output: keys ``origin`` and ``remarks``.

    Args:
        made_from: inputs that the output is made of.
        tools: inputs that are networks which outline cells: what they learned from is no origin, but a remark.
        origin: words of ORIGINS if the job is the first on the way; else taken from the inputs.
        remarks: sentences on the method, besides those of the inputs.
    """
    outlined = [OUTLINED] if PHANTOM in origins_of(tools) else []
    return {
        "origin": origin if origin is not None else origins_of(made_from),
        "remarks": sorted({*remarks, *remarks_of(made_from), *outlined}),
    }
