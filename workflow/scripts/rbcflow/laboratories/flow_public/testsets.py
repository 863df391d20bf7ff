"""The test set of the public recordings (rule ``build_testset``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, refuse_rows
from rbcflow.laboratories.flow_public import reader as flow_public
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import TestSet, TrueBox, write_testset
from rbcflow.testsets.labels import Labels


def build_flow_public(
    raw: Path, folder: Path, *, name: str, source: str, origin: Sequence[str], annotations: Path, max_frames: int
) -> TestSet:
    """Build the set of public recordings, with boxes and proxy classes from a table.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: ``public``.
        annotations: CSV as described in ``resources/annotations/README.md``.
        max_frames: frames to keep, evenly spaced.

    Raises:
        InputError: a recording is wrong, or the table does not fit it; names the row.
    """
    table = read_annotations(annotations)
    frames = {
        (f.recording, f.index): f for rec in flow_public.recordings(raw) for f in flow_public.read(raw, rec, source)
    }
    numbers = {rec: flow_public.frame_numbers(raw, rec) for rec in flow_public.recordings(raw)}
    for line, row in enumerate(table.itertuples(), start=2):
        if numbers.get(row.recording, {}).get(row.frame) != row.frame_number:
            found = f"frame {row.frame} with number {row.frame_number} of {row.recording}"
            raise InputError(annotations, found, f"a frame of the recordings in {raw}", where=f"line {line}")
        width, height = frames[row.recording, row.frame].size
        if row.x1 > width or row.y1 > height:
            box = f"box {row.x0:g} {row.y0:g} {row.x1:g} {row.y1:g}"
            raise InputError(annotations, box, f"a box inside the {width}x{height} pixels", where=f"line {line}")
    groups = evenly(list(table.groupby(["recording", "frame"], sort=True)), max_frames)
    labelled = ((frames[key], [_proxy_box(row) for row in rows.dropna().itertuples()]) for key, rows in groups)
    return write_testset(
        folder, labelled, name=name, source=source, origin=origin, labels=Labels.PROXY, classes_evaluated="proxy"
    )


def read_annotations(path: Path) -> pd.DataFrame:
    """Return the table of ``resources/annotations/README.md``; a frame without a cell has one row with an empty box.

    Raises:
        InputError: a column is missing, a class unknown, or a box half empty or ending before it starts.
    """
    text, box = ("recording", "kind", "proxy_class"), ["x0", "y0", "x1", "y1"]
    types = dict.fromkeys(text, str) | dict.fromkeys(("object", *box), float) | {"frame": int, "frame_number": int}
    table = read_csv(path, "boxes and proxy classes", list(types), dtype=types, keep_default_na=False,
                     na_values={key: [""] for key in ("object", *box)})  # fmt: skip
    boxed = table[box].notna()
    refuse_rows(path, table, boxed.any(axis=1) & ~boxed.all(axis=1), "object", "a whole box, or none")
    known = table["proxy_class"].isin(CLASSES) | ~boxed.any(axis=1)
    refuse_rows(path, table, ~known, "proxy_class", f"one of {', '.join(CLASSES)}")
    refuse_rows(path, table, (table["x1"] <= table["x0"]) | (table["x0"] < 0), "x0", "0 <= x0 < x1")
    refuse_rows(path, table, (table["y1"] <= table["y0"]) | (table["y0"] < 0), "y0", "0 <= y0 < y1")
    return table


def _proxy_box(row) -> TrueBox:
    """Return the box of a row of the annotation table."""
    return TrueBox(row.proxy_class, (row.x0, row.y0, row.x1, row.y1), row.kind)
