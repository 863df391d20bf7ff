"""Every kind of test set and the function that builds it (rule ``build_testset``)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rbcflow.sources.laboratories import outside
from rbcflow.testsets import builders
from rbcflow.testsets.files import TestSet
from rbcflow.testsets.labelled import build_yolo_folder
from rbcflow.testsets.stress import KINDS, build_stress

Builder = Callable[..., TestSet]
"""Takes the folder that a set is made from, the folder it is written to, and by name what it asks for of what a job
offers: ``name``, ``source``, ``origin``, ``exact_truth``, the rule's inputs and the keys of its param ``spec``."""

OF_DATASET = "variant"
"""A variant's own test images, which no row of the table describes; those that one does are ``OF_VARIANT``."""

OF_VARIANT = "composed"

BUILDERS: dict[str, Builder] = {
    OF_DATASET: builders.build_variant_test,
    "saarland_donors": builders.build_saarland_donors,
    "saarland_one_donor": builders.build_saarland_one_donor,
    "saarland_frames": builders.build_saarland_frames,
    "naples": builders.build_naples,
    "naples_published": builders.build_naples_published,
    "singapore_raw": builders.build_singapore_raw,
    "singapore_held_out": builders.build_singapore_held_out,
    "flow_public": builders.build_flow_public,
    "yolo_folder": build_yolo_folder,
    OF_VARIANT: builders.build_variant_test,
    **{kind: partial(build_stress, kind=kind) for kind in KINDS},
}

OF_FOLDERS = frozenset((OF_DATASET, OF_VARIANT, *KINDS))
"""Kinds that are made of a folder of the workflow's own, not of a laboratory's files."""


def builder(kind: str, layout: str) -> Builder:
    """Return the function that builds a kind of test set; a laboratory's from outside is ``build_<kind>`` there.

    Raises:
        KeyError: there is none.
    """
    if kind in BUILDERS:
        return BUILDERS[kind]
    if module := outside(layout, "testsets"):
        return getattr(module, f"build_{kind}")
    raise KeyError(kind)


def build(function: Builder, made_from: Path, folder: Path, offered: Mapping[str, Any]) -> TestSet:
    """Build a test set with what its function asks for of what is offered."""
    asked = inspect.signature(function).parameters
    return function(made_from, folder, **{name: value for name, value in offered.items() if name in asked})
