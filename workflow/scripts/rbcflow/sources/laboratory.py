"""What a laboratory is, as one typed object: what configuration, plan and docs ask of a layout.

Each laboratory is a folder: ``laboratory.py`` with the object, ``reader.py``, ``phantom.py`` where its recordings can
be simulated, and ``testsets.py`` with a function ``build_<kind>`` for each kind of test set. No job
imports the objects (a changed word of one must rerun nothing); what a job needs to know of them are its params.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rbcflow.sources.extraction import Extraction, Thresholds

OWN_FILES = ("phantom", "local", "url", None)
"""Where files can come from of a laboratory whose recordings can be simulated; None leaves it to the configuration."""


@dataclass(frozen=True)
class TestSetKind:
    """A kind of test set that is built from a laboratory's files.

    Attributes:
        says: what it holds, for the docs.
        annotations: a table of the project that its truth comes from.
        background: thresholds by which boxes are found where there is no exact truth, of a kind that needs them.
        bank: whether a row of the table names a bank, whose boxes stand in where there is no exact truth.
        held_out: whether it takes the cells of that bank which the preprint's split keeps from every training.
    """

    __test__ = False

    says: str
    annotations: str | None = None
    background: Thresholds | None = None
    bank: bool = False
    held_out: bool = False


@dataclass(frozen=True)
class Laboratory:
    """A laboratory's layout.

    Attributes:
        layout: its name in the table of sources.
        takes: what files it takes, for the docs.
        stands: where a file stands, for the docs.
        methods: the ways of cutting single cells out of its files.
        kinds: the kinds of test sets that are built from it, by name.
        access: where its files can come from.
        phantom_sizes: keys of the configuration's ``phantom`` that say how much its phantom simulates.
        coloured: whether its frames are in colour.
        extraction: what the ways of cutting must be told of its files.
        practice: how much of its phantom is simulated for practice pictures of segmentation networks, by keys of
            ``phantom_sizes``; None: nothing.
        paper_shares: shares of train, val and test that the preprint gave its cells; None: the configuration's.
    """

    layout: str
    takes: str
    stands: str
    methods: tuple[str, ...] = ()
    kinds: Mapping[str, TestSetKind] = field(default_factory=dict)
    access: tuple[str | None, ...] = OWN_FILES
    phantom_sizes: tuple[str, ...] = ()
    coloured: bool = False
    extraction: Extraction = field(default_factory=Extraction)
    practice: Mapping[str, Any] | None = None
    paper_shares: Mapping[str, float] | None = None
