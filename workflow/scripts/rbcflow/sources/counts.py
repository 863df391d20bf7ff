"""How many frames or crops every recording of every source has (rule ``count_raw``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from rbcflow.sources import layouts
from rbcflow.sources.record import SourceRecord

COLUMNS = ("source", "origin", "recording", "folder", "kind", "class", "condition", "frames", "width", "height")


def write_counts(sources: Iterable[SourceRecord], output: Path) -> pd.DataFrame:
    """Write one row a recording; an unavailable source has none.

    Args:
        sources: the sources' records.
        output: CSV with the columns ``COLUMNS``; ``folder`` is the last part of the recording's name, ``kind`` is
            ``crops`` or ``recording``, ``width`` and ``height`` are those of the first frame in pixels.
    """
    rows = []
    for source in sources:
        if source.status == "available":
            found = _recordings(source.layout, Path(source.folder))
            rows += [(source.source, source.origin, row[0], Path(row[0]).name, *row[1:]) for row in found]
    table = pd.DataFrame(rows, columns=COLUMNS)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def _recordings(layout: str, folder: Path):
    """Yield recording, kind, class, condition, frames, width and height."""
    reader = layouts.READERS[layout]
    for name in layouts.recordings(layout, folder):
        if hasattr(reader, "frame_count"):
            first, count = next(reader.read(folder, name)), reader.frame_count(folder, name)
        else:
            # headers of videos lie about their number of frames: what decodes is counted
            first, count = None, 0
            for frame in reader.read(folder, name):
                first, count = first or frame, count + 1
        if first is not None:
            kind = "crops" if first.label else "recording"
            yield name, kind, first.label, first.condition, count, *first.size
    if hasattr(reader, "crop_files"):
        crops: dict[tuple[str, str], list] = {}
        for crop in reader.crop_files(folder):
            crops.setdefault((crop.recording, crop.class_), []).append(crop)
        for (name, class_), files in sorted(crops.items()):
            height, width = files[0].load().shape
            yield name, "crops", class_, "", len(files), width, height
