"""A row of `config/models.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rbcflow.config.base import Labelled, Place, Sum
from rbcflow.core.strict import Strict


class Checkpoint(Strict):
    """Whether a model is trained or taken as a verified checkpoint; what follows in the DAG is the same."""

    source: Literal["train", "published", "local"] = Field(
        "train",
        description="`published`: the entry <published_as>.pt of resources/weights.yaml; `local`: a file of yours",
    )
    path: Place | None = Field(None, description="with `source: local`, the checkpoint")
    sha256: Sum | None = Field(None, description="with `source: local`, of its bytes")

    @model_validator(mode="after")
    def _path_with_its_sum(self) -> Checkpoint:
        given = [name for name in ("path", "sha256") if getattr(self, name)]
        if (self.source == "local") != (len(given) == 2) or len(given) == 1:
            raise ValueError("`source: local` needs both path and sha256, the other sources have neither")
        return self


class Model(Labelled):
    """One row of `config/models.yaml`; keys left out come from the configuration's `training`."""

    variant: str
    published_as: str | None = None
    classes: Literal[1, 2, 3] | None = Field(
        None,
        description="left out: the variant's. 2: croissant and slipper, any other object is background; "
        "3: an output for other, even where no image has a label of it; 1: a checkpoint that finds cells of any shape",
    )
    weights: Checkpoint = Field(Checkpoint(), description="train it, or take a verified checkpoint instead")
    training: dict = Field({}, description="overrides of single keys of `training`")
