"""The drawing functions by the names the registry uses (rules ``draw_<per>`` and ``draw_figure``)."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rbcflow.figures import style
from rbcflow.figures.registry import DRAWS
from rbcflow.runtime.lineage import ORIGINS

log = logging.getLogger(__name__)


def draw(
    name: str,
    inputs: Mapping[str, Path | list[Path]],
    output: Path,
    *,
    vector: bool = False,
    labels: Mapping[str, str] = MappingProxyType({}),
    pixels_um: Mapping[str, float] = MappingProxyType({}),
    dpi: int = style.DPI,
    **options: Any,
) -> list[str] | None:
    """Draw one figure.

    Args:
        name: of the drawing function, an entry's ``draws``.
        inputs: folders or files under the names in the entry's ``inputs``.
        output: PNG or GIF file; its folder is made.
        vector: write an SVG beside the PNG.
        labels: short names for readers, by the name of a source, bank, variant, model, test set or run.
        pixels_um: side of a pixel in micrometres, by source.
        dpi: dots an inch of a PNG.
        options: settings of the drawing function, such as ``frames`` and ``fps`` of a GIF.

    Returns:
        The origins of what is shown, for the figure's record, where the drawing function shows a part of its inputs and
        says so; else None: all that its inputs have.

    Raises:
        InputError: an input is malformed.
    """
    module = importlib.import_module(f"rbcflow.figures.{DRAWS[name]}")
    with style.vector_copies(vector), style.wording(labels, pixels_um, dpi):
        shown = getattr(module, name)(**inputs, output=output, **options)
    log.info("%s: %.0f kB", output, output.stat().st_size / 1000)
    return [word for word in ORIGINS if word in shown] if shown else None
