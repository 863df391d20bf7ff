"""The registry of figures, ``paper/figures.yaml``: what is drawn, for which keys, from which inputs, to which file.

It drives the figure rule, the report and the list of outputs; nothing is drawn that is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from rbcflow.core.errors import InputError
from rbcflow.core.strict import Strict, validate
from rbcflow.core.yamlfile import parse_yaml

DRAWS: dict[str, str] = {
    function: module
    for module, functions in {
        "raw": ("raw_frames",),
        "extraction": (
            "class_counts", "pressure_shares", "segmentation_scores", "unet_panels", "box_sizes",
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
        "error_tiles": ("error_gallery",),
        "quality": ("run_quality",),
        "comparison": ("published_matrices", "headline", "localisation"),
        "gifs": ("predicted_boxes",),
        "front": ("front_frame", "class_examples"),
    }.items()
    for function in functions
}  # fmt: skip
"""The module of ``figures`` that each drawing function is in. A job imports that one alone, and its params carry that
one's code: this module must be light for a dry run, and the modules' libraries take seconds to load."""

ONLY_KEY = "all"
"""Key of a figure that is drawn once."""


def _folder_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError("small letters, digits and _, as it is a folder's name")
    return name


class Entry(Strict):
    """A figure of the registry.

    Attributes:
        id: name of the figure and of its folder.
        per: what it is drawn once for. ``bank`` has single cells, ``clustered`` is a bank that was filtered by
            clusters, ``recorded`` a source with recordings.
        draws: name of the drawing function.
        inputs: what the drawing function reads: folders, files (``predictions``, ``seeds``, ``published``,
            ``published_curves``, ``clusters``, ``raw_counts``, ``headline``) and lists (``runs``, ``datasets``,
            ``outlines``, ``testsets``, ``banks``). ``model_dataset`` is the dataset a model learned from.
        title: heading, without a full stop.
        caption: one sentence what it shows, one how it was made.
        section: section of the report.
        rebuilds: the preprint's items it rebuilds, if any, as in ``paper/published_items.yaml``.
        format: an animation is a GIF.
        vector: whether it is also written as SVG, which suits plots; figures drawn once always are.
        shown: whether the page holds it; else it links the file.
    """

    id: Annotated[str, AfterValidator(_folder_name)]
    per: Literal["none", "bank", "clustered", "recorded", "variant", "model", "run", "testset"]
    draws: Literal[*DRAWS]
    inputs: list[
        Literal[
            "raw", "bank", "dataset", "model_folder", "run_folder", "predictions", "testset", "runs", "datasets",
            "model_dataset", "seeds", "published", "outlines", "clusters", "raw_counts", "errors", "headline",
            "testsets", "published_curves", "banks",
        ]
    ]  # fmt: skip
    title: str
    caption: str
    section: Literal["data", "cells", "datasets", "models", "validation"]
    rebuilds: list[str] = Field([])
    format: Literal["png", "gif"] = "png"
    vector: bool = Field(default_factory=lambda known: known.get("per") == "none")
    shown: bool = True

    @field_validator("vector")
    @classmethod
    def _drawn_once_or_no_animation(cls, vector: bool, known: ValidationInfo) -> bool:
        # figures drawn once share a rule, whose outputs are the same for all
        if not vector and known.data.get("per") == "none":
            raise ValueError("true: a figure that is drawn once is written as SVG too")
        if vector and known.data.get("format") == "gif":
            raise ValueError("false: an animation is no SVG")
        return vector

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
    entries = [validate(Entry, values, path, _where(number, values)) for number, values in enumerate(listed, start=1)]
    names = [entry.id for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(path, f"{names.count(name)} entries with id {name!r}", "each id once", f"figure {name}")
    return entries


def _where(number: int, values: Any) -> str:
    """Return what an entry is called in a message: its id where it has one, else its number."""
    return f"figure {values.get('id', number) if isinstance(values, dict) else number}"


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
    evaluated = list(runs)
    return {
        "none": [ONLY_KEY],
        "bank": list(banks),
        "clustered": [name for name, row in banks.items() if "unet_cellpose" in row["methods"]],
        "recorded": list(recorded),
        "variant": list(variants),
        "model": list(dict.fromkeys(str(row["model"]) for row in evaluated)),
        "run": [str(row["run"]) for row in evaluated],
        "testset": list(dict.fromkeys(str(row["testset"]) for row in evaluated)),
    }
