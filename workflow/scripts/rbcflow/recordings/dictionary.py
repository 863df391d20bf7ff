"""What every column of the tables of recordings means: a sheet of the workbook, and a table of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

MEANINGS: dict[str, str] = {
    "recording": "name of the recording in the sheet",
    "frame": "number of the frame in the recording, from 0; lost frames keep their number",
    "class": "croissant, slipper or other; of a cell, the class of the largest score summed over its whole boxes",
    "conf": "confidence of the box's class",
    "score": "sum of the scores of all classes: how sure it is that there is a cell",
    "p_croissant": "score of the class croissant",
    "p_slipper": "score of the class slipper",
    "p_other": "score of the class other",
    "x0": "left end of the box, pixels of the frame",
    "y0": "upper end of the box, pixels of the frame",
    "x1": "right end of the box, pixels of the frame",
    "y1": "lower end of the box, pixels of the frame",
    "cell": "number of the cell in its recording, from 1 in order of appearance; empty for a box that belongs to none "
    "(in boxes.parquet: the score)",
    "time": "frames since the first, by how far cells moved: it counts frames that were lost, and repeated ones not",
    "repeated": "the frame is a copy of the one before and is not used",
    "still": "the box stands in its place in nearly all frames: dirt or a wall",
    "double": "a surer box lies on the same cell",
    "edge": "the edge of the field cuts the box along the flow",
    "merged": "the box covers two cells and has a row for each",
    "first": "first frame that shows the cell",
    "last": "last frame that shows the cell",
    "frames": "of a cell, frames it was found in; of a recording, frames of time that passed",
    "class_frames": "frames in which the cell's box had its class, edge and merged boxes left out where it has others",
    "velocity": "speed along the flow; of recordings the mean of counted cells, of conditions the mean of recordings",
    "velocity_se": "standard error of the speed, from how far ends of boxes lie off the cell's line in time",
    "velocity_low": "lower end of the 95 % interval",
    "velocity_high": "upper end of the 95 % interval",
    "x": "place of the cell's middle in its frame",
    "y": "place across the flow, from the frame's edge: a cell's median, in check.tsv that of its middle in its frame",
    "length": "median size along the flow, of whole boxes over one cell",
    "height": "median size across the flow",
    "counted": "whether the cell counts",
    "reason": "why it does not",
    "level": "whether the row is of a recording or of all usable recordings of a condition",
    "condition": "flow condition as the sheet has it",
    "scale": "factor on both sides of the frames before the detector saw them",
    "scale_source": "what it rests on: native (frames as they are), fitted (the median box as they are), pixel size, "
    "or sheet",
    "recordings": "usable recordings in the row",
    "cells": "cells that count",
    "cells_low": "lower end of the 95 % interval: Poisson's, or over recordings where that is wider",
    "cells_high": "upper end of it",
    "cells_per_s": "cells that come into view in a second: over the time recorded and what one takes through the field",
    "cells_per_frame": "the same a frame, where the rate is not known",
    "cells_by_flux": "cells that should have been seen, from boxes in a window, their speed and its length",
    "intervals_over": "what the velocity's interval is taken over",
    "share": "share of the class among counted cells, corrected by those checked by hand where there are some",
    "share_low": "lower end of the 95 % interval; empty where no cell was checked by hand",
    "share_high": "upper end of it",
    "basis": "what the shares rest on",
    "n_checked": "cells checked by hand",
    "verdict": "usable; boxes only (no counts, speeds or shares are given); refused",
    "reasons": "what speaks against the recording, the gravest first",
    "name": "of the limit",
    "value": "of the recording; empty where it was not measured",
    "grade": "good, note, boxes only, refused, or not measured",
    "sentence": "what the number means beyond its limit",
    "tile": "number of the cell in tiles.png",
    "checked": "what the cell is by eye: croissant, slipper or other, to be filled in",
    "mean": "mean grey level of the frame, 0 to 255",
    "std": "standard deviation of its grey levels",
    "saturated": "share of its pixels that are black or white",
    "sharpness": "variance of its Laplacian",
    "digest": "the same for frames with the same pixels",
    "column": "name of a column",
    "unit": "its unit, empty where it has none",
    "meaning": "what it says",
}
"""By column without its unit or class."""

UNITS = {"um": "micrometres", "px": "pixels", "um_s": "micrometres a second", "px_frame": "pixels a frame"}


def described(columns: Iterable[str]) -> pd.DataFrame:
    """Return ``column, unit, meaning`` of columns.

    Raises:
        KeyError: a column has no meaning here.
    """
    rows = []
    for column in columns:
        unit = re.search(r"_(um_s|px_frame|um|px)$", column)
        plain = column.removesuffix(unit.group()) if unit else column
        share = re.fullmatch(r"share_(?:croissant|slipper|other)(_low|_high)?", plain)
        plain = f"share{share.group(1) or ''}" if share else plain
        rows.append((column, UNITS[unit.group(1)] if unit else "", MEANINGS[plain]))
    return pd.DataFrame(rows, columns=["column", "unit", "meaning"])
