"""The block `training`, which a model's row overrides."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rbcflow.core.strict import Strict


class Training(Strict):
    """Scale of every training; a model's entry in `config/models.yaml` may override single keys."""

    architecture: Literal["yolo11n.yaml", "yolo11s.yaml"] = Field(
        "yolo11n.yaml", description="network; the preprint trained yolo11s"
    )
    weights: str = Field(
        "starter",
        description="a name from resources/weights.yaml (`starter` is shipped, trained on simulated cells), or `none`",
    )
    epochs: int = Field(10, ge=1, description="passes over the training images; the preprint: 20")
    batch: int = Field(16, ge=1, description="images a step")
    imgsz: int = Field(200, ge=32, description="longer side in pixels; Ultralytics rounds up to a multiple of 32")
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [0], min_length=1, description="one training each; `evaluated` says which one runs are evaluated with"
    )
    evaluated: Literal["first", "mean"] = Field(
        "first", description="runs are evaluated with the weights of the `first` seed, or with the `mean` of all seeds'"
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|\d+)$",
        description="`auto`: CUDA where there is a device; else `cpu` or a CUDA index such as `0`",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="on a CPU, `auto` is bfloat16 where the processor computes in it; CUDA uses Ultralytics' own",
    )
    threads: int = Field(
        1,
        ge=1,
        description="processor threads a training asks Snakemake for; one leaves the other of two cores to other jobs, "
        "so that the whole ends sooner. More for a single training, or to feed a GPU",
    )
    overrides: dict[str, float | int | bool | str] = Field(
        {
            "optimizer": "AdamW",
            "lr0": 0.005,
            "momentum": 0.9,
            "close_mosaic": 2,
            "warmup_epochs": 1.0,
            "freeze": 10,
        },
        description="further Ultralytics training arguments; the preprint kept the library's defaults",
    )
    average: float = Field(
        0,
        ge=0,
        lt=1,
        description="share of the weights a training starts from in those it ends with; above 0 it forgets less",
    )

    @model_validator(mode="after")
    def _a_start_to_average_with(self) -> Training:
        if self.average and self.weights == "none":
            raise ValueError("`average` above 0 needs `weights` to start from")
        return self

    @model_validator(mode="after")
    def _different_seeds(self) -> Training:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("`seeds` must differ: equal ones would count as repetitions")
        return self
