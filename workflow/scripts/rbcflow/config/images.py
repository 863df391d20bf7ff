"""The blocks `images` and `shares`: how many images are composed, and of which cells."""

from __future__ import annotations

from pydantic import Field, model_validator

from rbcflow.core.strict import Strict


class Images(Strict):
    """Images a split; the preprint made 4000/2000/2000."""

    train: int = Field(600, ge=1, description="trained on")
    val: int = Field(60, ge=1, description="watched during training")
    test: int = Field(160, ge=1, description="evaluated on after training")


class Shares(Strict):
    """Shares of the groups of cells a split receives."""

    train: float = Field(0.7, gt=0, lt=1, description="of the cells that training images are composed of")
    val: float = Field(0.15, gt=0, lt=1, description="of those watched during training")
    test: float = Field(0.15, gt=0, lt=1, description="of those evaluated on after training")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Shares:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, found {total:g}")
        return self
