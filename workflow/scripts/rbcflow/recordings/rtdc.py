"""Cells as an ``.rtdc`` file, which Shape-Out and dclab open: one event a box of a cell (``evaluate_recording``).

Boxes have no contours, so there is no area and no deformation: what is known is place, size, scores and speed.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.classes import CLASSES
from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.places import field_of

SCORES = {name: f"ml_score_{name[:3]}" for name in CLASSES}
"""Feature of each class: dclab's name for the score of a learned class, three letters long."""

OWN = {"userdef1": "cell", "userdef2": "counted", "userdef3": "velocity"}
"""Features that the format leaves to users: number of the cell, 1 where it counts, its speed in um/s or px/frame."""


def write(links: LinkResult, cells: pd.DataFrame, probe: dict[str, Any], path: Path) -> bool:
    """Write the boxes of a recording's cells; nothing where its pixel size or its cells are not known.

    Args:
        links: of the recording.
        cells: its table of cells.
        probe: of the recording.
        path: file to write; one of an earlier run is removed first.

    Returns:
        Whether it was written.
    """
    path.unlink(missing_ok=True)
    rows = links.tracks[links.tracks["cell"].notna() & ~links.tracks["repeated"]]
    if not probe["pixel_um"] or not len(rows):
        return False
    # half a second, and nobody else needs it
    from dclab import RTDCWriter

    with RTDCWriter(path, mode="reset") as writer:
        writer.store_metadata(_metadata(links, probe))
        for name, values in _features(rows, cells, probe).items():
            writer.store_feature(name, values)
    return True


def _first(probe: dict[str, Any]) -> int:
    """Return what is added to a frame's number, so that the first of all is 1; instruments' own numbers stay."""
    return 0 if probe["kind"] == "hdf5" and probe["frame_numbers"]["first"] >= 1 else 1


def _features(rows: pd.DataFrame, cells: pd.DataFrame, probe: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return the format's features of boxes: lengths in um, frames counted from 1, seconds where the rate is known."""
    um, (left, upper, *_) = float(probe["pixel_um"]), field_of(probe)
    x0, y0, x1, y1 = (rows[name].to_numpy(dtype=float) for name in ("x0", "y0", "x1", "y1"))
    own = cells.set_index("cell").loc[rows["cell"].astype(int)]
    speed = next(name for name in cells.columns if name.startswith("velocity_") and "_se" not in name)
    features = {
        "frame": rows["frame"].to_numpy(dtype=float) + _first(probe),
        "pos_x": ((x0 + x1) / 2 - left) * um,
        "pos_y": ((y0 + y1) / 2 - upper) * um,
        "size_x": (x1 - x0) * um,
        "size_y": (y1 - y0) * um,
        "userdef1": rows["cell"].to_numpy(dtype=float),
        "userdef2": own["counted"].to_numpy(dtype=float),
        "userdef3": own[speed].to_numpy(dtype=float),
    }
    if probe["fps"]:
        features["time"] = (rows["frame"].to_numpy(dtype=float) - float(rows["frame"].iloc[0])) / float(probe["fps"])
    for name, feature in SCORES.items():
        scores = rows[f"p_{name}"].astype(float).to_numpy()
        if not np.isnan(scores).any():
            features[feature] = scores
    return features


def _metadata(links: LinkResult, probe: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sections of the format that a recording fills."""
    left, upper, right, lower = (int(value) for value in field_of(probe))
    setup = {
        "channel width": probe.get("channel_um"),
        "flow rate": probe.get("flow_ul_s"),
        "software version": "rbcflow",
    }
    return {
        "experiment": {
            "sample": probe.get("donor") or probe["recording"],
            "run index": 1,
            "event count": int((links.tracks["cell"].notna() & ~links.tracks["repeated"]).sum()),
            "run identifier": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{probe['recording']} {probe['digest']}")),
            "date": time.strftime("%Y-%m-%d", time.gmtime(Path(probe["file"]).stat().st_mtime)),
        },
        "imaging": {
            "pixel size": float(probe["pixel_um"]),
            "roi position x": left,
            "roi position y": upper,
            "roi size x": right - left,
            "roi size y": lower - upper,
            **({"frame rate": float(probe["fps"])} if probe["fps"] else {}),
        },
        "setup": {name: value for name, value in setup.items() if value is not None}
        | {"module composition": "rbcflow"},
    }
