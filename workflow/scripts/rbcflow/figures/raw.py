"""Frames as the laboratories, the public recordings or the phantom gave them (figure ``raw_frames``)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from rbcflow.figures import style
from rbcflow.figures.pictures import as_rgb, spread
from rbcflow.frames import Frame
from rbcflow.raw import layouts, record

READERS = layouts.READERS
"""Reader by source; a source's layout has its name."""

STEP = 6
"""Frames between the two that are shown of a recording."""


def raw_frames(raw: Path, output: Path) -> None:
    """Show two frames of up to six recordings of a source.

    Args:
        raw: folder with the source's ``source.json``.
        output: PNG file.
    """
    source = record.read(raw / "source.json")
    if source.status != "available":
        style.notice(output, f"{source.source}: recordings unavailable. {source.reason}")
        return
    folder, reader = Path(source.folder), READERS[source.source]
    names = reader.recordings(folder)
    pairs = [list(islice(reader.read(folder, names[i]), 0, STEP + 1, STEP)) for i in spread(len(names), 6)]
    note = style.note(source.source, source.origin, f"{len(names)} recordings, two frames each of {len(pairs)}")
    _draw(pairs, output, note)


def _draw(pairs: list[list[Frame]], output: Path, note: str) -> None:
    width, height = (max(size) for size in zip(*(frame.size for pair in pairs for frame in pair), strict=True))
    row = style.PAGE_MM / 2 * height / width + 4.5
    with style.canvas(output, style.PAGE_MM, 6 + row * len(pairs), note) as figure:
        for axes, pair in zip(figure.subplots(len(pairs), 2, squeeze=False), pairs, strict=True):
            for axis in axes:
                axis.set_axis_off()
            for axis, frame in zip(axes, pair, strict=False):
                axis.imshow(as_rgb(frame.image), interpolation="nearest")
                place = f"{frame.recording}, frame {frame.index}"
                size = f"{frame.size[0]}×{frame.size[1]} px"
                axis.set_title(", ".join(filter(None, (place, frame.condition, size))), fontsize=6, weight="normal")
