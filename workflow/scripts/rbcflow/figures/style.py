"""One look for all figures, GIFs and pages: colours, sizes in millimetres, file format (stage figures)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rbcflow.runtime import origin

CLASS_COLOURS: dict[str, str] = {"croissant": "#E69F00", "slipper": "#56B4E9", "other": "#CC79A7"}
"""Okabe and Ito's orange, sky blue and reddish purple: apart for every kind of colour vision, and all lighter than
the mid grey of bright-field frames."""

COLOURS: dict[str, str] = {
    **CLASS_COLOURS,
    "background": "#8C8C8C",
    "all": "#000000",
    "any": "#767676",
    "unnamed": "#009E73",
    "accent": "#0072B2",
}
"""Every colour that means something: classes, what is no cell, classes pooled, class ignored, cells without a class."""

SHADES = ("#1F4E79", "#5B8DB8", "#9EC1DD", "#D3E3F0")
"""Levels of a factor: they have an order of mention, not a meaning."""

COLUMN_MM, PAGE_MM = 85.0, 175.0
"""Widths of one and of two journal columns."""

NOTE_CHARACTERS_A_MM = 0.72
"""How many characters of a note fit a millimetre at its size of 7 points; longer notes take a second line."""

DPI = 200
PNG = {"compress_level": 4}
"""As small as at the usual 6, in a third of the time."""
MM = 1 / 25.4

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "svg.hashsalt": "rbcflow",
}


_vector: ContextVar[bool] = ContextVar("vector", default=False)


@contextmanager
def vector_copies(wanted: bool) -> Iterator[None]:
    """Within the block, if they are wanted, figures are also written as SVG, to be used in another paper."""
    token = _vector.set(wanted)
    try:
        yield
    finally:
        _vector.reset(token)


@contextmanager
def canvas(output: Path, width: float, height: float, note: str = "") -> Iterator[Figure]:
    """Yield an empty figure and write it when the block ends; the same drawing gives the same bytes.

    It is written as PNG, and within ``vector_copies`` as SVG beside it.

    Args:
        output: PNG file; its folder is made.
        width: millimetres.
        height: millimetres.
        note: what the figure must be read with (what, n, thresholds, origin), set above the panels.
    """
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width * MM, height * MM), dpi=DPI, layout="constrained")
        if note:
            lines = textwrap.fill(note, int(width * NOTE_CHARACTERS_A_MM))
            figure.suptitle(lines, x=0.005, ha="left", fontsize=7, color="#444444")
        yield figure
        output.parent.mkdir(parents=True, exist_ok=True)
        # Matplotlib measures ticks that nobody sees, and for every file draws all that has to find its place once more.
        for axes in figure.axes:
            if not axes.axison:
                axes.set(xticks=[], yticks=[])
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        figure.savefig(output, dpi=DPI, metadata={"Software": None}, facecolor="white", pil_kwargs=PNG)
        if _vector.get():
            figure.savefig(output.with_suffix(".svg"), dpi=DPI, metadata={"Date": None}, facecolor="white")


def notice(output: Path, text: str, width: float = PAGE_MM) -> None:
    """Draw a plain panel that states why there is no figure."""
    with canvas(output, width, 24) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, color="#444444", fontsize=9)


def folder_origin(folder: Path) -> str:
    """Return the origin that a stage's folder states, as words."""
    return origin.text(folder_origins(folder))


def folder_origins(*folders: Path) -> set[str]:
    """Return the origins that stages' folders state in their ``provenance.json``."""
    records = [file for folder in folders if (file := folder / "provenance.json").is_file()]
    return {word for file in records for word in json.loads(file.read_text(encoding="utf-8"))["origin"]}


def note(*parts: str) -> str:
    """Join what a figure must be read with into one line."""
    return "  ·  ".join(part for part in parts if part)


def class_handles(names: Iterable[str]) -> list[Patch]:
    """Return the legend entries of some classes."""
    return [Patch(color=COLOURS[name], label=name) for name in names]
