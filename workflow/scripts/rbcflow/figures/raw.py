"""Frames as the laboratories, the public recordings or the phantom gave them (figure ``raw_frames``)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from rbcflow.core.frames import Frame
from rbcflow.figures import style
from rbcflow.figures.pictures import Rgb, as_rgb, scale_bar, spread
from rbcflow.runtime import origin
from rbcflow.sources import layouts, record
from rbcflow.sources.arrange import class_folder
from rbcflow.sources.croplists import class_of, pictures

T = TypeVar("T")

STEP = 6
"""Frames between the two that are shown of a recording."""

COLUMNS, GAP = 8, 4
"""Crops shown of a shape, and pixels between them."""


def raw_frames(raw: Path, output: Path) -> None:
    """Show two frames of up to six recordings of a source, or a row of crops of each of its folders by shape.

    Args:
        raw: folder with the source's ``source.json``.
        output: PNG file.
    """
    source = record.read(raw / "source.json")
    if source.status != "available":
        style.notice(output, f"{source.source}: recordings unavailable. {source.reason}")
        return
    folder, reader = Path(source.folder), layouts.READERS[source.layout]
    names = reader.recordings(folder)
    if getattr(reader, "OF_CROPS", False):
        _draw_crops(folder, reader, names, output, source)
        return
    pairs = [list(islice(reader.read(folder, names[i]), 0, STEP + 1, STEP)) for i in spread(len(names), 6)]
    sizes = sorted({f"{frame.size[0]}×{frame.size[1]}" for pair in pairs for frame in pair})
    counted = f"{len(names)} recordings, two frames each of {len(pairs)}, {' and '.join(sizes)} px"
    _draw(pairs, output, style.note(style.label(source.source), origin.text(source.origin), counted), source.source)


def _draw_crops(folder: Path, reader: ModuleType, names: list[str], output: Path, source: record.SourceRecord) -> None:
    """Draw a row of crops a shape, evenly taken from all folders of its name."""
    places: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        count = len(pictures(folder / name))
        places.setdefault(_shape(name), []).extend((name, index) for index in range(count))
    rows = {
        shape: _in_order(_chosen(folder, reader, found), lambda frame: frame.condition)
        for shape, found in sorted(places.items()) if found
    }  # fmt: skip
    total = sum(len(found) for found in places.values())
    sheets = {shape: _sheet(frames) for shape, frames in rows.items()}
    labelled = [any(frame.condition for frame in frames) for frames in rows.values()]
    heights = [sheet.shape[0] / sheet.shape[1] * style.SHEET_MM + 5 + 3.5 * more
               for sheet, more in zip(sheets.values(), labelled, strict=True)]  # fmt: skip
    note = style.note(
        style.label(source.source),
        origin.text(source.origin),
        f"{total} crops, up to {COLUMNS} of each shape, evenly taken",
    )
    with style.canvas(output, style.SHEET_MM, style.note_mm(note) + sum(heights), note) as figure:
        panels = figure.subplots(len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (shape, sheet) in zip(panels, sheets.items(), strict=True):
            axes.imshow(sheet, interpolation="nearest")
            axes.set_title(f"{shape} ({style.class_name(class_of(shape))}), {len(places[shape])}")
            axes.set_axis_off()
            tile = sheet.shape[1] / COLUMNS
            for number, frame in enumerate(rows[shape]):
                axes.text(number * tile, sheet.shape[0] + 1, frame.condition, fontsize=style.LEAST_POINTS, va="top")
            first = rows[shape][0]
            scale_bar(axes, source.source, *first.size)


def _in_order(things: list[T], text: Callable[[T], object]) -> list[T]:
    """Return things in the natural order of a text of theirs: 20 mbar before 100 mbar."""
    return sorted(things, key=lambda thing: style.natural(str(text(thing))))


def _shape(recording: str) -> str:
    """Return the folder that names a recording's class, the last of its path for crops that lie no deeper."""
    parts = Path(recording).parts
    return parts[class_folder(f"{recording}/x") or 0] if parts else recording


def _sheet(frames: list[Frame]) -> Rgb:
    """Return crops side by side on white, room left for ``COLUMNS`` of them."""
    width, height = (max(size) + GAP for size in zip(*(frame.size for frame in frames), strict=True))
    sheet = np.full((height, COLUMNS * width, 3), 255, np.uint8)
    for number, frame in enumerate(frames):
        wide, high = frame.size
        sheet[:high, number * width : number * width + wide] = as_rgb(frame.image)
    return sheet


def _chosen(folder: Path, reader: ModuleType, places: list[tuple[str, int]]) -> list[Frame]:
    """Return up to ``COLUMNS`` frames, evenly spread over (recording, index) places in their order."""
    wanted = [places[index] for index in spread(len(places), COLUMNS)]
    frames: list[Frame] = []
    for name in dict.fromkeys(name for name, _ in wanted):
        indices = {index for recording, index in wanted if recording == name}
        frames += [frame for frame in reader.read(folder, name) if frame.index in indices]
    return frames


def _draw(pairs: list[list[Frame]], output: Path, note: str, source: str) -> None:
    width, height = (max(size) for size in zip(*(frame.size for pair in pairs for frame in pair), strict=True))
    row = style.SHEET_MM / 2 * height / width + 6
    pairs = _in_order([pair for pair in pairs if pair], lambda pair: (pair[0].condition, pair[0].recording))
    with style.canvas(output, style.SHEET_MM, style.note_mm(note) + row * len(pairs), note) as figure:
        for axes, pair in zip(figure.subplots(len(pairs), 2, squeeze=False), pairs, strict=True):
            for axis in axes:
                axis.set_axis_off()
            for axis, frame in zip(axes, pair, strict=False):
                axis.imshow(as_rgb(frame.image), interpolation="nearest")
                axis.autoscale(False)
                scale_bar(axis, source, *frame.size)
            titles = style.place(pair[0].recording, pair[0].condition), f"{STEP} frames later"
            for axis, title in zip(axes[: len(pair)], titles, strict=False):
                axis.set_title(style.fold(title, 56), fontsize=style.LEAST_POINTS, weight="normal")
