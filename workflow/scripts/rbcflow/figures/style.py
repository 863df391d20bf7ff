"""One look for all figures, GIFs and pages: colours, sizes in millimetres, file format (stage figures)."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rbcflow.core import names
from rbcflow.runtime import origin
from rbcflow.runtime.lineage import remarks_of

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

GROUP_COLOURS = ("#1B3A8C", "#117733", "#B2182B", "#000000", "#7A6A00", "#5B2A86", "#00796B", "#7F3B08")
"""Colours of models, test sets and splits, in this order: darker than those of the classes, so that no line of a model
is taken for a class. Groups also differ in ``MARKERS`` and ``DASHES``."""

MARKERS, DASHES = ("o", "s", "^", "D", "v", "P", "X", "*"), ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

SHADES = ("#1F4E79", "#5B8DB8", "#9EC1DD", "#D3E3F0")
"""Levels of a factor: they have an order of mention, not a meaning."""

SHEET_MM = 120.0
"""Width of a figure of the registry, one and a half of a journal's columns: a phone shows ``LEAST_POINTS`` legibly."""

LEAST_POINTS = 7.0
"""Size of the smallest text: 7 pixels on a figure of ``SHEET_MM`` that is shown 342 pixels wide, 9 from 440 on."""

CHARACTERS_A_MM = 0.72
"""How many characters fit a millimetre at 7 points; longer notes and titles take a second line."""

SEPARATOR = "  ·  "
"""Between the parts of a note."""

DPI = 240
"""A figure of ``SHEET_MM`` has 1134 pixels, what a wide screen shows of it."""

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
_dpi: ContextVar[int] = ContextVar("dpi", default=DPI)
_pixels: ContextVar[Mapping[str, float]] = ContextVar("pixels", default=MappingProxyType({}))


@contextmanager
def vector_copies(wanted: bool) -> Iterator[None]:
    """Within the block, if they are wanted, figures are also written as SVG, to be used in another paper."""
    token = _vector.set(wanted)
    try:
        yield
    finally:
        _vector.reset(token)


@contextmanager
def wording(labels: Mapping[str, str], pixels_um: Mapping[str, float], dpi: int = DPI) -> Iterator[None]:
    """Within the block, names are printed by their labels, frames of known pixels have scale bars, dots their density.

    Args:
        labels: short names for readers, by name.
        pixels_um: side of a pixel in micrometres, by source.
        dpi: dots an inch.
    """
    token, dots = _pixels.set(pixels_um), _dpi.set(dpi)
    try:
        with names.naming(labels):
            yield
    finally:
        _pixels.reset(token)
        _dpi.reset(dots)


def label(name: str, width: int = 0) -> str:
    """Return what readers call a source, bank, variant, model, test set or run, in lines of so many characters."""
    text = names.shown(name)
    return textwrap.fill(text, width) if width else text


def pixel_um(source: str) -> float | None:
    """Return the side of a source's pixel in micrometres, where it is known."""
    return _pixels.get().get(source)


def place(recording: str, condition: str, *more: str) -> str:
    """Return where a frame is from; a condition whose number the recording's name has is not said again."""
    numbers = [set(map(float, re.findall(r"\d+(?:\.\d+)?", text))) for text in (condition, recording)]
    told = bool(numbers[0]) and numbers[0] <= numbers[1]
    return ", ".join(filter(None, (recording, *more, "" if told else condition)))


def fold(text: str, millimetres: float) -> str:
    """Return text of 7 points in lines that fit a width."""
    return textwrap.fill(text, max(6, int(millimetres * CHARACTERS_A_MM)))


def natural(text: str) -> tuple:
    """Return what sorts texts with numbers in them as people do: 20 mbar before 100 mbar."""
    parts = re.split(r"(\d+(?:\.\d+)?)", text)
    return tuple((1, float(part), "") if number % 2 else (0, 0.0, part) for number, part in enumerate(parts) if part)


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
        figure = Figure(figsize=(width * MM, height * MM), dpi=_dpi.get(), layout="constrained")
        if note:
            figure.suptitle(_lines(note, width), x=0.005, ha="left", fontsize=LEAST_POINTS, color="#444444")
        yield figure
        output.parent.mkdir(parents=True, exist_ok=True)
        # Matplotlib measures ticks that nobody sees, and for every file draws all that has to find its place once more.
        for axes in figure.axes:
            if not axes.axison:
                axes.set(xticks=[], yticks=[])
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        figure.savefig(output, dpi=_dpi.get(), metadata={"Software": None}, facecolor="white", pil_kwargs=PNG)
        if _vector.get():
            figure.savefig(output.with_suffix(".svg"), dpi=_dpi.get(), metadata={"Date": None}, facecolor="white")


def _lines(note: str, width: float) -> str:
    """Return a note in lines that fit a width, broken between its parts where they allow it."""
    lines = [""]
    for part in note.split(SEPARATOR):
        joined = SEPARATOR.join(filter(None, (lines[-1], part)))
        if len(joined) <= width * CHARACTERS_A_MM:
            lines[-1] = joined
        else:
            lines += fold(part, width).splitlines()
    return "\n".join(line for line in lines if line)


def note_mm(note: str, width: float = SHEET_MM) -> float:
    """Return the height of a note in millimetres, with the room below it."""
    return 3.2 * (1 + _lines(note, width).count("\n")) + 2


def notice(output: Path, text: str, width: float = SHEET_MM) -> None:
    """Draw a plain panel that states why there is no figure."""
    with canvas(output, width, 20) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.5, fold(text, width * 0.8), ha="center", va="center", color="#444444", fontsize=8)


def folder_origin(folder: Path) -> str:
    """Return the origin that a stage's folder states, as words."""
    return origin.text(folder_origins(folder))


def folder_origins(*folders: Path) -> set[str]:
    """Return the origins that stages' folders state in their ``provenance.json``."""
    records = [file for folder in folders if (file := folder / "provenance.json").is_file()]
    return {word for file in records for word in json.loads(file.read_text(encoding="utf-8"))["origin"]}


def made_from(*folders: Path) -> str:
    """Return what the images of datasets' folders are, for a note."""
    return origin.made_from(folder_origins(*folders), remarks_of(folder / "provenance.json" for folder in folders))


def note(*parts: str) -> str:
    """Join what a figure must be read with into one line."""
    return SEPARATOR.join(part for part in parts if part)


def of_group(place: int) -> dict[str, Any]:
    """Return colour and dashes of the line of a model, test set or another group, by its place among them."""
    return {
        "color": GROUP_COLOURS[place % len(GROUP_COLOURS)],
        "linestyle": DASHES[place % len(DASHES)],
        "linewidth": 1.2,
    }


def class_handles(classes: Iterable[str]) -> list[Patch]:
    """Return the legend entries of some classes."""
    return [Patch(color=COLOURS[name], label=class_name(name)) for name in classes]


def class_name(name: str) -> str:
    """Return what readers call a class; what is none keeps its name."""
    return names.CLASSES.get(name, name)
