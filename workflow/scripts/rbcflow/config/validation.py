"""The blocks `validation` and `given`: how detectors are evaluated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from rbcflow.config.base import Place, Sum
from rbcflow.core.strict import Strict


class Validation(Strict):
    """Thresholds of the confusion matrix and size of the test sets."""

    conf: float = Field(0.25, gt=0, lt=1, description="confidence of the matrix, as in the preprint")
    iou: float = Field(0.45, gt=0, lt=1, description="IoU of the matrix, as in the preprint")
    max_frames: int = Field(
        80,
        ge=1,
        description="frames a test set of recordings, evenly spaced",
    )
    clip_boxes: bool = Field(
        True, description="clip boxes to the frame before they are evaluated; the preprint's validator did not"
    )
    resamples: int = Field(400, ge=50, description="draws of recordings behind an interval")
    own_val: bool = Field(
        False,
        description="models with a published training are evaluated on the validation images of their own variant too, "
        "whose matrix and curves the preprint's training folders hold",
    )
    published_sets: bool = Field(
        False,
        description="every model is evaluated on the test images of the published sets too, which hold real cells with "
        "classes; needs the network once a set, else these test sets are unavailable",
    )


def _size(value: object) -> object:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    known = value in ("trained", "native", "fitted") or (type(number) is int and 32 <= number <= 4096)
    if not known:
        raise ValueError("`trained`, `native`, `fitted`, or a long side of 32 to 4096 pixels")
    return number


Size = Annotated[Literal["trained", "native", "fitted"] | Annotated[int, Field(ge=32, le=4096)], BeforeValidator(_size)]
"""The size a detector sees frames at: ``trained``, ``native``, ``fitted`` or a long side (``detector/sizes.py``)."""


class Given(Strict):
    """A checkpoint of yours that the target `validate_weights` evaluates like any model of the tables."""

    path: Place | None = Field(None, description="a detector of Ultralytics; the model `given` of the pages")
    sha256: Sum | None = Field(None, description="of its bytes; nothing opens another file")
    classes: Literal[1, 2, 3] = Field(
        3,
        description="its outputs: croissant and slipper, and other; 1: cells of any shape, evaluated on finding alone",
    )
    testsets: list[str] = Field(
        ["saarland_donors", "naples", "flow_public"], min_length=1, description="what it is evaluated on"
    )
    size: Size = Field(
        "trained",
        description="size it sees frames at: `trained` (its own imgsz, as Ultralytics validates), `native` (the "
        "frames' pixels times `scale`), `fitted` (those, larger or smaller where cells are of other sizes than its "
        "training had) or a long side",
    )

    @model_validator(mode="after")
    def _path_with_its_sum(self) -> Given:
        if (self.path is None) != (self.sha256 is None):
            raise ValueError("path and sha256 come together")
        return self


Input = Literal["recorded", "grey"]
"""What a detector sees of a frame: its channels as recorded, or its grey in all of them (``detector/detector.py``)."""
