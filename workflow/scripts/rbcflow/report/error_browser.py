"""The error browser: tiles of what a detector got wrong, one sprite a run (rule ``render_report``)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from rbcflow.core.errors import InputError
from rbcflow.report.pictures import data_uri, open_picture
from rbcflow.report.stages import read_table

COLUMNS = ("tile", "kind", "frame", "recording", "condition", "true", "predicted", "conf", "iou")
ERROR_BYTES = 1_300_000
"""Bytes all sprites are meant to take before base64."""

ACROSS = 16
"""Tiles in a row of a sprite: a strip of all of them would be longer than WebP allows."""

STEPS = ((96, 70), (80, 60), (64, 50))
"""Sides of a tile in pixels and WebP qualities tried in turn until a sprite fits its share."""


@dataclass(frozen=True)
class Errors:
    """Errors of a run; ``rows`` is None where nobody looked for any.

    Attributes:
        rows: one a shown error, keys as in ``COLUMNS``, the tile's number an integer.
        uri: sprite of all tiles, ``across`` in a row.
        side: of a tile in pixels of the sprite.
    """

    run: str
    rows: list[dict[str, Any]] | None
    uri: str = ""
    side: int = 0
    across: int = ACROSS


def read_errors(results: Path, runs: list[str]) -> list[Errors]:
    """Return the errors of every run, in the runs' order."""
    share = ERROR_BYTES // max(1, len(runs))
    return [_read(results / "errors" / run, run, share) for run in runs]


def _read(folder: Path, run: str, share: int) -> Errors:
    table = read_table(folder / "errors.csv", set(COLUMNS))
    if table is None or not (folder / "tiles.png").is_file():
        return Errors(run, None)
    if table.empty:
        return Errors(run, [])
    strip = open_picture(folder / "tiles.png").convert("RGB")
    count = strip.height // strip.width
    rows = [{**{name: row[name] for name in COLUMNS}, "tile": int(row["tile"])} for row in table.to_dict("records")]
    if highest := [row["tile"] for row in rows if not 0 <= row["tile"] < count]:
        raise InputError(folder / "errors.csv", f"tile {highest[0]}", f"0 to {count - 1}, as tiles.png has {count}")
    for side, quality in STEPS:
        data = _sprite(strip, count, min(side, strip.width), quality)
        if len(data) <= share:
            break
    return Errors(run, rows, data_uri(data, "image/webp"), min(side, strip.width))


def _sprite(strip: Image.Image, count: int, side: int, quality: int) -> bytes:
    """Return the strip's tiles in rows of ``ACROSS``, encoded."""
    sprite = Image.new("RGB", (ACROSS * side, -(-count // ACROSS) * side))
    for number in range(count):
        tile = strip.crop((0, number * strip.width, strip.width, (number + 1) * strip.width))
        tile = tile.resize((side, side), Image.Resampling.LANCZOS)
        sprite.paste(tile, (number % ACROSS * side, number // ACROSS * side))
    buffer = io.BytesIO()
    sprite.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()
