"""Every kind of test set and the function that builds it (rule ``build_testset``).

Kinds of a laboratory are told by its object, and built by ``build_<kind>`` of ``testsets.py`` in its folder."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.sources.laboratories import Parts
from rbcflow.testsets.composed import build_variant_test
from rbcflow.testsets.files import TestSet
from rbcflow.testsets.stress import KINDS, build_stress

Builder = Callable[..., TestSet]
"""Takes the folder that a set is made from, the folder it is written to, and by name what it asks for of what a job
offers: ``name``, ``source``, ``origin``, ``exact_truth``, the rule's inputs and the keys of its param ``spec``."""

OF_DATASET = "variant"
"""A variant's own test images, which no row of the table describes; those that one does are ``OF_VARIANT``."""

OF_VARIANT = "composed"

BUILDERS: dict[str, Builder] = {
    OF_DATASET: build_variant_test,
    OF_VARIANT: build_variant_test,
    **{kind: partial(build_stress, kind=kind) for kind in KINDS},
}
"""Of kinds that are made of a folder of the workflow's own, not of a laboratory's files."""

BUILDING = Parts("testsets")
"""Modules by layout with the functions of the laboratories' own kinds."""


def builder(kind: str, layout: str) -> Builder:
    """Return the function that builds a kind of test set from a laboratory's files.

    Raises:
        InputError: the laboratory has none.
    """
    module = BUILDING.get(layout)
    if function := getattr(module, f"build_{kind}", None):
        return function
    raise InputError(
        getattr(module, "__file__", layout), f"no function build_{kind}", f"one, as {layout} has this kind"
    )


def build(function: Builder, made_from: Path, folder: Path, offered: Mapping[str, Any]) -> TestSet:
    """Build a test set with what its function asks for of what is offered."""
    asked = inspect.signature(function).parameters
    return function(made_from, folder, **{name: value for name, value in offered.items() if name in asked})
