"""The blocks `pictures` and `gifs`."""

from __future__ import annotations

from pydantic import Field

from rbcflow.core.strict import Strict


class Pictures(Strict):
    """Look of the pictures."""

    dpi: int = Field(
        240,
        ge=50,
        le=1200,
        description="dots an inch; at 240 a picture of 120 mm is 1134 pixels wide; retrains nothing",
    )


class Gifs(Strict):
    """Look of the animations."""

    frames: int = Field(30, ge=1, description="frames a GIF has at most, all of one recording")
    fps: int = Field(3, ge=1, description="frames a second; display only, retrains nothing")
