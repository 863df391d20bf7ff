"""A row of `config/testsets.yaml`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from rbcflow.config.base import Labelled, Place, one_of
from rbcflow.sources import laboratories
from rbcflow.sources.laboratories import OF_OTHERS


def _known_kind(value: str) -> str:
    return one_of(value, [*laboratories.kinds(), *OF_OTHERS])


class TestSetRow(Labelled):
    """One row of `config/testsets.yaml`."""

    source: str = Field(
        description="a source; with `kind: composed` a variant, with `published` a set of the table of published sets"
    )
    kind: Annotated[str, AfterValidator(_known_kind)]
    published_as: str | None = None
    scale: float = Field(1.0, gt=0, le=10, description="factor on both sides of a frame before a detector sees it")
    bank: str | None = Field(
        None,
        description="with `kind: singapore_raw` or `singapore_held_out`, whose cells' boxes are the truth where "
        "pictures have none; the latter takes the pictures of the cells that the preprint's split holds out",
    )
    split: Literal["val", "test"] = Field("test", description="with `kind: composed`, which of the variant's images")
    of: str | None = Field(
        None, description="with `kind: stress` or `stress_harder`, the test set whose frames are disturbed"
    )
    pattern: str | None = Field(
        None,
        description="with `kind: yolo_folder`, a regular expression for names of pictures, without suffix, that says "
        "donor, recording, condition and frame by groups of these names",
    )
    table: Place | None = Field(
        None, description="with `kind: yolo_folder`, a table of the columns file, donor, recording, condition and frame"
    )
    classes: bool | None = Field(
        None,
        description="with `kind: yolo_folder`, whether the labels tell shapes; left out: unless all are of class other",
    )

    @model_validator(mode="after")
    def _only_of_folders(self) -> TestSetRow:
        given = [name for name in ("pattern", "table", "classes") if getattr(self, name) is not None]
        if given and self.kind != "yolo_folder":
            raise ValueError(f"`{given[0]}` goes with `kind: yolo_folder`")
        if {"pattern", "table"} <= set(given):
            raise ValueError("`pattern` or `table`, not both")
        return self

    @field_validator("pattern")
    @classmethod
    def _groups_of_known_names(cls, value: str | None) -> str | None:
        try:
            groups = set(re.compile(value or "").groupindex)
        except re.error as error:
            raise ValueError(f"a regular expression; {error}") from None
        known = ("donor", "recording", "condition", "frame")
        if value is not None and not (groups and groups <= set(known)):
            raise ValueError(f"a regular expression with groups such as (?P<donor>...), of {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _frames_to_disturb(self) -> TestSetRow:
        if self.kind.startswith("stress") != (self.of is not None):
            raise ValueError("`of` goes with `kind: stress` or `stress_harder`, and only with them")
        return self
