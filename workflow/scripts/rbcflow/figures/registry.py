"""The registry of figures, ``paper/figures.yaml``: what is drawn, for which keys, from which inputs, to which file.

It drives the figure rule, the report and the list of outputs; nothing is drawn that is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.core.yamlfile import parse_yaml

PER = ("none", "bank", "clustered", "recorded", "variant", "model", "run", "testset")
"""What a figure is drawn once for. ``bank`` has single cells, ``clustered`` is a bank that was filtered
by clusters, ``recorded`` a source with recordings."""

SECTIONS = ("data", "cells", "datasets", "models", "validation")

INPUTS = (
    "raw", "bank", "dataset", "model_folder", "run_folder", "predictions", "testset", "runs",
    "datasets", "model_dataset", "seeds", "published", "outlines",
    "clusters", "raw_counts", "errors", "headline", "testsets", "published_curves", "banks",
)  # fmt: skip
"""Names under which drawing functions ask for folders, files (``predictions``, ``seeds``, ``published``,
``published_curves``, ``clusters``, ``raw_counts``, ``headline``) and lists (``runs``, ``datasets``, ``outlines``,
``testsets``, ``banks``).
``model_dataset`` is the dataset a model learned from."""

DRAWS: dict[str, str] = {
    function: module
    for module, functions in {
        "raw": ("raw_frames",),
        "extraction": (
            "class_counts", "pressure_shares", "outline_scores", "unet_panels", "box_sizes",
        ),
        "cells": ("cell_sheet", "cell_counts"),
        "composition": ("background_steps", "overlaps"),
        "datasets": ("dataset_examples", "dataset_statistics"),
        "labels": ("label_pairs",),
        "maps": ("image_map", "domain_map"),
        "models": ("training_curves", "seed_spread"),
        "learning": ("training_batches",),
        "cellmap": ("cell_map",),
        "crops": ("crop_masks",),
        "labelled": ("picture_labels",),
        "overview": ("overview",),
        "validation": ("confusion_matrix", "confidence_curves"),
        "samples": ("sample_predictions",),
        "errors": ("error_gallery",),
        "quality": ("run_quality",),
        "comparison": ("published_matrices", "headline", "localisation"),
        "gifs": ("predicted_boxes",),
        "front": ("front_frame", "class_examples"),
    }.items()
    for function in functions
}  # fmt: skip
"""The module of ``figures`` that each drawing function is in. A job imports that one alone, and its params carry that
one's code: this module must be light for a dry run, and the modules' libraries take seconds to load."""

OPTIONAL = ("rebuilds", "format", "vector", "shown")
"""Keys that an entry may leave out."""

ONLY_KEY = "all"
"""Key of a figure that is drawn once."""


@dataclass(frozen=True)
class Entry:
    """A figure of the registry.

    Attributes:
        id: name of the figure and of its folder.
        per: what it is drawn once for, one of ``PER``.
        draws: name of the drawing function, one of ``DRAWS``.
        inputs: what the drawing function reads, names of ``INPUTS``.
        title: heading, without a full stop.
        caption: one sentence what it shows, one how it was made.
        section: section of the report, one of ``SECTIONS``.
        rebuilds: the preprint's items it rebuilds, if any, as in ``paper/published_items.yaml``.
        format: ``png`` or ``gif``.
        vector: whether it is also written as SVG, which suits plots; figures drawn once always are.
        shown: whether the page holds it; else it links the file.
    """

    id: str
    per: str
    draws: str
    inputs: tuple[str, ...]
    title: str
    caption: str
    section: str
    rebuilds: tuple[str, ...] = ()
    format: str = "png"
    vector: bool = False
    shown: bool = True

    def output(self, results: Path, key: str) -> Path:
        """Return where the figure of a key is written."""
        return place(results, self.id, key, self.format)


def place(results: Path, id_: str, key: str, format_: str) -> Path:
    """Return where the figure of a key is written."""
    return results / ("gifs" if format_ == "gif" else "figures") / id_ / f"{key}.{format_}"


TOLD = re.compile(r"/(val\d+|val\*|train\*)[_/]")
"""What a published item is of, where its name tells: one validation run, each of them, or each training."""


def counterparts(rebuilds: Iterable[str], run: Mapping[str, Any] | None = None) -> list[str]:
    """Return which of an entry's published items one figure is the counterpart of.

    Args:
        rebuilds: the entry's, of all its figures.
        run: the row of the table of runs that the figure is drawn for. Items of a validation run are those of the run
            published as it, items of a training those of a model on its own composed images. None: all items.
    """
    if run is None:
        return list(rebuilds)
    published, own = run.get("published_as") or "", [f"{run['model']}_{split}" for split in ("test", "val")]
    of_run = {published, "val*" if published.startswith("val") else "", "train*" if run["testset"] in own else ""}
    told = {item: TOLD.search(item) for item in rebuilds}
    return [item for item, found in told.items() if not found or found[1] in of_run]


def read_registry(path: Path) -> list[Entry]:
    """Read and validate the registry.

    Raises:
        InputError: an entry lacks a key, has an unknown one, a value that is not allowed, or a repeated id.
    """
    listed = parse_yaml(path, "the registry of figures")
    if not isinstance(listed, list):
        raise InputError(path, f"a {type(listed).__name__}", "a list of figures")
    entries = [_entry(path, number, values) for number, values in enumerate(listed, start=1)]
    names = [entry.id for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(path, f"{names.count(name)} entries with id {name!r}", "each id once", f"figure {name}")
    return entries


def _entry(path: Path, number: int, values: dict[str, Any]) -> Entry:
    if not isinstance(values, dict):
        raise InputError(path, f"{values!r:.80}", "a mapping with id, per, draws, inputs ...", f"figure {number}")
    where = f"figure {values.get('id', number)}"
    known = [field.name for field in fields(Entry)]
    if unknown := sorted(values.keys() - set(known)):
        raise InputError(path, f"key {', '.join(unknown)}", f"keys {', '.join(known)}", where)
    if missing := [name for name in known if name not in values and name not in OPTIONAL]:
        raise InputError(path, f"no key {', '.join(missing)}", "it, as every figure has one", where)
    if not re.fullmatch(r"[a-z0-9_]+", str(values["id"])):
        raise InputError(path, f"id {values['id']!r}", "small letters, digits and _, as it is a folder's name", where)
    if not isinstance(values["inputs"], list):
        raise InputError(path, f"inputs {values['inputs']!r}", "a list of names", where)
    rebuilds = values.get("rebuilds", [])
    if not isinstance(rebuilds, list) or not all(isinstance(item, str) for item in rebuilds):
        raise InputError(path, f"rebuilds {rebuilds!r}", "a list of items of paper/published_items.yaml", where)
    vector = values.get("vector", values["per"] == "none")
    lists = {"inputs": tuple(values["inputs"]), "rebuilds": tuple(rebuilds)}
    entry = Entry(**{**values, **lists, "vector": vector})
    for key, value, allowed in (
        ("per", entry.per, PER),
        ("draws", entry.draws, DRAWS),
        ("section", entry.section, SECTIONS),
        ("format", entry.format, ("png", "gif")),
        ("vector", entry.vector, _vector_choices(entry)),
        ("shown", entry.shown, (True, False)),
        *(("inputs", name, INPUTS) for name in entry.inputs),
    ):
        if value not in allowed:
            raise InputError(path, f"{key} {value!r}", f"one of {', '.join(map(str, allowed))}", where)
    return entry


def _vector_choices(entry: Entry) -> tuple[bool, ...]:
    """Return what ``vector`` may be: figures drawn once share a rule, whose outputs are the same for all."""
    if entry.per == "none":
        return (True,)
    return (False,) if entry.format == "gif" else (True, False)


def keys_of(
    banks: Mapping[str, Mapping[str, Any]],
    recorded: Iterable[str],
    variants: Iterable[str],
    runs: Iterable[Mapping[str, Any]],
) -> dict[str, list[str]]:
    """Return what figures are drawn for, by ``per``: one answer for the rules that draw and the page that shows.

    Args:
        banks: rows of the table of banks by name.
        recorded: sources with recordings.
        variants: names of variants.
        runs: rows of the table of runs.
    """
    judged = list(runs)
    return {
        "none": [ONLY_KEY],
        "bank": list(banks),
        "clustered": [name for name, row in banks.items() if "unet_cellpose" in row["methods"]],
        "recorded": list(recorded),
        "variant": list(variants),
        "model": list(dict.fromkeys(str(row["model"]) for row in judged)),
        "run": [str(row["run"]) for row in judged],
        "testset": list(dict.fromkeys(str(row["testset"]) for row in judged)),
    }
