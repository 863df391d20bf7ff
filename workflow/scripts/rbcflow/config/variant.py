"""A row of `config/variants.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rbcflow.config.base import Labelled, Place, each_once
from rbcflow.config.images import Images


class Variant(Labelled):
    """One row of `config/variants.yaml`: which banks feed it, its scale, and the parameters of the composer."""

    banks: list[str] = Field(min_length=1)
    images: Images | None = Field(None, description="left out: the configuration's `images`")
    compose: dict = Field({}, description="parameters of rbcflow.datasets.VariantSpec")
    scheme: Literal["grouped", "paper"] | None = Field(None, description="left out: the configuration's `scheme`")
    dataset: Literal["generated", "published", "local"] = Field(
        "generated", description="`published`: the images of the published sets' table; `local`: those of a folder"
    )
    path: Place | None = Field(
        None, description="a folder of images and labels as Ultralytics reads them, for `dataset: local`"
    )
    published_as: str | None = None

    @model_validator(mode="after")
    def _each_bank_once(self) -> Variant:
        return each_once(self, "banks")
