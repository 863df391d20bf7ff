"""Keys of own recordings, which are the columns of a sheet too."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from rbcflow.config.base import Place, Positive, Sum
from rbcflow.core.strict import Strict

PIXEL_UM = (0.01, 1.0)
"""Pixel sizes that a microscope of red cells may have, micrometres: at the largest they have 7 pixels, and nothing of
fewer is found. Others are nanometres, ten times too large, or another column's."""


class Facts(Strict):
    """What may be said of a recording besides where it lies: columns of a sheet, or keys beside `recording`."""

    pixel_um: Annotated[float, Field(ge=PIXEL_UM[0], le=PIXEL_UM[1], allow_inf_nan=False)] | None = Field(
        None, description="side of a pixel in micrometres, in the plane of the cells"
    )
    fps: Positive | None = Field(None, description="the camera's frames a second, not those a video is played at")
    condition: str | None = Field(None, description="flow condition in your words, e.g. `20 mbar`; shares go by it")
    pressure_mbar: Annotated[float, Field(allow_inf_nan=False)] | None = Field(None, description="pressure drop")
    flow_ul_s: Positive | None = Field(None, description="flow rate in microlitres a second")
    donor: str | None = Field(None, description="blood donor")
    channel_um: Positive | None = Field(None, description="width of the channel as seen in the frame, micrometres")
    roi: tuple[int, int, int, int] | None = Field(
        None, description="x0,y0,x1,y1 in pixels, x1 and y1 outside: only this part of a frame is looked at"
    )
    flow: Literal["right", "left", "up", "down"] | None = Field(
        None, description="where cells move to, if it shall not be found out"
    )
    first: Annotated[int, Field(ge=0)] | None = Field(None, description="first frame looked at, counted from 0")
    last: Annotated[int, Field(ge=0)] | None = Field(None, description="last frame looked at")
    scale: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, description="factor on both sides of a frame before the detector sees it, if it shall not be found out"
    )

    @field_validator(
        *("pixel_um", "fps", "pressure_mbar", "flow_ul_s", "channel_um", "first", "last", "scale"), mode="before"
    )
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("input should be a number")
        return value

    @field_validator("condition", "donor", mode="before")
    @classmethod
    def _numbers_are_names_too(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("roi", mode="before")
    @classmethod
    def _four_numbers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.strip("()[] ").split(",")]
        if len(parts) != 4 or not all(re.fullmatch(r"\d+", part) for part in parts):
            raise ValueError("input should be four whole numbers x0,y0,x1,y1")
        return tuple(map(int, parts))

    @field_validator("roi")
    @classmethod
    def _some_area(cls, value: tuple[int, int, int, int] | None) -> tuple[int, int, int, int] | None:
        if value and not (0 <= value[0] < value[2] and 0 <= value[1] < value[3]):
            raise ValueError("input should be x0,y0,x1,y1 with 0 <= x0 < x1 and 0 <= y0 < y1")
        return value

    @field_validator("last")
    @classmethod
    def _not_before_first(cls, value: int | None, info: ValidationInfo) -> int | None:
        first = info.data.get("first")
        if value is not None and first is not None and value < first:
            raise ValueError(f"input should be at least `first`, which is {first}")
        return value


class Recording(Facts):
    """One row of a sheet of recordings."""

    recording: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="its name, a folder of the results")
    file: str = Field(min_length=1, description="video, TIFF stack, folder of pictures, `.rtdc` or `.h5`")


class OwnRecordings(Strict):
    """The targets `recordings`, `labels` and `retrain`; nothing else reads these keys (docs/recordings.md)."""

    recordings: Place | None = Field(None, description="a sheet of your own recordings")
    recording: str | None = Field(None, description="or one recording's file, described by the keys that follow")
    detector: str = Field(
        "universal",
        description="what finds the cells of your recordings: a name from resources/weights.yaml, one made by "
        "`retrain` (`mine`), or a checkpoint's file",
    )
    detector_sha256: Sum | None = Field(None, description="of a checkpoint's file; nothing opens another")
    detector_classes: dict[str, str] = Field(
        {},
        description="a checkpoint's own names of classes: croissant, slipper or other each, e.g. `{rolling: other}`; "
        "`{rbc: cell}` for a detector of one class",
    )
    corrected: Place | None = Field(
        None, description="folder, or zip file, with corrected labels, for `retrain` (docs/correcting.md)"
    )
    retrained: str = Field(
        "mine", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="name of the detector that `retrain` makes"
    )

    @field_validator("recordings", "recording", "corrected", "detector", mode="before")
    @classmethod
    def _numbers_are_names_here_too(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("detector_classes")
    @classmethod
    def _known_classes(cls, value: dict[str, str]) -> dict[str, str]:
        allowed = ("croissant", "slipper", "other", "cell")
        if unknown := sorted(set(value.values()) - set(allowed)):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(allowed)}")
        return value
