"""The block `gifs`."""

from __future__ import annotations

from pydantic import Field

from rbcflow.core.strict import Strict


class Gifs(Strict):
    """Look of the animations."""

    frames: int = Field(30, ge=1, description="frames a GIF has at most, all of one recording")
    fps: int = Field(3, ge=1, description="frames a second; display only, retrains nothing")
