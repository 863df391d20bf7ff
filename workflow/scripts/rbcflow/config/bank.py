"""A row of `config/banks.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rbcflow.config.base import Labelled, each_once
from rbcflow.sources.laboratories import MethodName


class Bank(Labelled):
    """One row of `config/banks.yaml`: a bank of single cells."""

    source: str
    methods: list[MethodName] = Field(min_length=1)
    recordings: list[str] = Field(
        [], description="recordings, which of crops are folders, that cells are cut from; left out: all"
    )
    kernel: Literal["cross", "square"] = Field(
        "cross", description="3x3 kernel that opens and closes a U-Net's foreground; the preprint: square"
    )
    elongation: dict[Literal["croissant", "slipper", "other"], Annotated[float, Field(gt=0)]] | None = Field(
        None, description="largest elongation of what Cellpose outlines, by class; left out: croissant 0.5, slipper 2.5"
    )
    elongation_of: Literal["sides", "height"] = Field(
        "sides",
        description="longer side over shorter, less one; or, as in the preprint, how far height over width is from one",
    )

    @model_validator(mode="after")
    def _each_path_once(self) -> Bank:
        return each_once(self, "methods")


BANK_OPTIONS = {"recordings", "kernel", "elongation", "elongation_of"}
"""Keys of a bank's row that say how its methods work (``cells.outline.Options``)."""
