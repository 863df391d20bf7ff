"""The whole configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from rbcflow.config.base import Place
from rbcflow.config.gifs import Gifs, Pictures
from rbcflow.config.images import Images, Shares
from rbcflow.config.phantom import Phantom
from rbcflow.config.recordings import Facts, OwnRecordings
from rbcflow.config.segmentation import Segmentation
from rbcflow.config.training import Training
from rbcflow.config.validation import Given, Validation
from rbcflow.core.strict import Strict


class Tables(Strict):
    """Where the tables are, relative to the working folder."""

    sources: Place = Field("config/sources.yaml", description="laboratories and public recordings")
    variants: Place = Field("config/variants.yaml", description="constructed datasets")
    models: Place = Field("config/models.yaml", description="trained detectors")
    banks: Place = Field("config/banks.yaml", description="banks of single cells and how they are cut")
    testsets: Place = Field("config/testsets.yaml", description="what the detectors are evaluated on")
    runs: Place = Field("config/runs.tsv", description="which model is evaluated on which test set")
    figures: Place = Field("paper/figures.yaml", description="registry of figures")
    weights: Place = Field("resources/weights.yaml", description="downloadable weights with checksums")
    published: Place = Field("resources/published_sets.yaml", description="constructed datasets that others published")


class Rebuild(Strict):
    """What the rebuild of the preprint is configured by."""

    seed: int = Field(0, ge=0, description="root of every random draw")
    phantoms: bool = Field(
        True,
        description="true: laboratories' recordings are simulated; false: read from `raw`, no folder is an error",
    )
    raw: Place = Field("resources/raw", description="folder with one folder a source, named as in config/sources.yaml")
    shard_size: int = Field(1000, ge=1, description="images one job generates; changes no pixel")
    scheme: Literal["grouped", "paper"] = Field(
        "grouped",
        description="`grouped`: no donor or file family on two sides; `paper`: by single cell, which leaks; a variant "
        "may have its own, test sets of recordings go by this one",
    )
    shares: Shares = Field(Shares(), description="shares of the `grouped` scheme")
    phantom: Phantom = Field(Phantom(), description="size of the phantom recordings")
    segmentation: Segmentation = Field(Segmentation(), description="segmentation networks")
    images: Images = Field(Images(), description="images a variant")
    training: Training = Field(Training(), description="scale of the trainings")
    validation: Validation = Field(Validation(), description="thresholds and test-set size")
    given: Given = Field(Given(), description="a checkpoint for the target `validate_weights`")
    pictures: Pictures = Field(Pictures(), description="pictures of the registry")
    gifs: Gifs = Field(Gifs(), description="animations")
    tables: Tables = Field(Tables(), description="places of the tables")
    sources: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/sources.yaml, and rows besides its own, by source"
    )
    banks: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/banks.yaml, and rows besides its own, by bank"
    )
    variants: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/variants.yaml, and rows besides its own, by variant"
    )
    models: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/models.yaml, and rows besides its own, by model"
    )
    testsets: dict[str, dict] = Field(
        {}, description="keys laid over rows of config/testsets.yaml, and rows besides its own, by test set"
    )
    runs: dict[str, dict] = Field(
        {}, description="overrides of single columns of config/runs.tsv, and rows besides its own, by run"
    )
    laboratories: list[Place] = Field(
        [],
        description="folders of laboratories that this package does not know, each with laboratory.py and reader.py "
        "(docs/own-data.md)",
    )
    pathvars: dict[Literal["results", "logs", "benchmarks"], str] = Field(
        {}, description="Snakemake's path variables, e.g. `results: elsewhere`"
    )

    @field_validator("pathvars")
    @classmethod
    def _spelled_out(cls, value: dict[str, str]) -> dict[str, str]:
        for name, path in value.items():
            if path.startswith("~") or "$" in path:
                raise ValueError(f"paths spelled out: in `{name}`, Snakemake puts nothing in place of ~ and $NAME")
        return value


class Config(Facts, OwnRecordings, Rebuild):
    """rbcflow's configuration."""
