"""In which units a recording's lengths and speeds can be given (used by all tables and figures of recordings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CELL_UM = 7.2
"""Side of a red cell in a channel, the root of width times height of its box: where the size of a pixel is known, it
says how large cells are. The median true cells of the simulated recordings and the public ones have 6.6 to 7.8."""


@dataclass(frozen=True)
class Units:
    """Units and how to get them from pixels and frames.

    Attributes:
        length: ``um`` or ``px``: the ending of columns.
        per_length: of it, per pixel.
        speed: ``um_s`` or ``px_frame``.
        per_speed: of it, per pixel a frame.
        per_second: frames a second, None where the rate is not known.
    """

    length: str
    per_length: float
    speed: str
    per_speed: float
    per_second: float | None


def units(probe: dict[str, Any]) -> Units:
    """Return the units that a recording's pixel size (um) and rate (frames a second) allow."""
    pixel, rate = probe.get("pixel_um"), probe.get("fps")
    length = ("um", float(pixel)) if pixel else ("px", 1.0)
    speed = ("um_s", float(pixel) * float(rate)) if pixel and rate else ("px_frame", 1.0)
    return Units(*length, *speed, float(rate) if rate else None)


WORDS: dict[str, str] = {"um": "µm", "px": "px", "um_s": "µm/s", "px_frame": "px/frame"}
"""How a unit is written in figures and on pages."""
