"""Cells and what recordings say, as tables (rules ``evaluate_recording`` and ``summarise_recordings``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASSES
from rbcflow.recordings import checks, intervals
from rbcflow.recordings.flux import Flux
from rbcflow.recordings.link import Flow, LinkResult
from rbcflow.recordings.motion import motion
from rbcflow.recordings.network import CELL
from rbcflow.recordings.units import Units, units
from rbcflow.recordings.validity import VERDICTS, Verdict

MIN_SEEN = 0.34
"""Least part of the frames that should show a cell in which it must have been found, to be counted."""


def cells(links: LinkResult, probe: dict[str, Any]) -> pd.DataFrame:
    """Return the cells of a recording, a row a cell; none where it could not be linked.

    Args:
        links: of the recording.
        probe: of the recording: with ``pixel_um`` and ``fps`` lengths are in um and speeds in um/s, with one of them
            missing what needs it is in pixels and pixels a frame.
    """
    scale = units(probe)
    names = cell_columns(scale)
    if not links.flow.linkable:
        return pd.DataFrame(columns=names)
    moved = motion(links, probe)
    named = classes(links.tracks, moved.index)
    counted, reason = evaluated(moved)
    measured = {
        "velocity": moved["speed"] * scale.per_speed,
        "velocity_se": moved["speed_se"] * scale.per_speed,
        "y": moved["across"] * scale.per_length,
        "length": moved["length"] * scale.per_length,
        "height": moved["height"] * scale.per_length,
    }
    table = moved[["first", "last", "hits"]].astype(int).rename(columns={"hits": "frames"})
    table = table.assign(recording=probe["recording"], cell=moved.index, counted=counted, reason=reason)
    table = table.join(named).assign(**{_named(name, scale): value for name, value in measured.items()})
    return table[names].reset_index(drop=True)


def cell_columns(scale: Units) -> list[str]:
    """Return the columns of the table of cells."""
    measured = [_named(name, scale) for name in ("velocity", "velocity_se", "y", "length", "height")]
    return [*("recording", "cell", "first", "last", "frames", "class", "class_frames"), *measured, "counted", "reason"]


def _named(quantity: str, scale: Units) -> str:
    """Return the column of a quantity, with its unit."""
    return f"{quantity}_{scale.speed if quantity.startswith('velocity') else scale.length}"


def classes(tracks: pd.DataFrame, numbers: pd.Index) -> pd.DataFrame:
    """Return by cell its ``class``, that of the largest summed score, and ``class_frames`` whose own class it is.

    Cells of a detector that knows no shapes, whose boxes have no scores of classes, are of the class ``cell``.
    Boxes that the edge cuts or that cover two cells are asked only where a cell has no others.

    Args:
        tracks: boxes with cells.
        numbers: of the cells.
    """
    scores = [f"p_{name}" for name in CLASSES]
    rows = tracks[tracks["cell"].notna() & ~tracks["repeated"]].assign(partial=lambda t: t["edge"] | t["merged"])
    least = rows.groupby("cell")["partial"].transform("min")
    rows = rows[rows["partial"] == least]
    summed = rows.groupby("cell")[scores].sum(min_count=1).astype(float).reindex(numbers)
    best = np.array(CLASSES)[summed.fillna(-1.0).to_numpy().argmax(axis=1)]
    winner = pd.Series(np.where(summed.notna().any(axis=1), best, CELL), index=numbers, name="class")
    agrees = rows["class"] == rows["cell"].map(winner)
    frames = agrees.groupby(rows["cell"]).sum().reindex(numbers).astype(int).rename("class_frames")
    return pd.concat([winner, frames], axis=1)


def evaluated(moved: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return which cells count, and why the others do not.

    Args:
        moved: of :func:`rbcflow.recordings.motion.motion`.
    """
    once = (moved["hits"] == 1) & (moved["expected"] >= 2)
    seldom = moved["hits"] < MIN_SEEN * moved["expected"]
    text = [
        f"seen in {hits:.0f} of {expected:.0f} frames" if bad else ""
        for hits, expected, bad in zip(moved["hits"], moved["expected"], once | seldom, strict=True)
    ]
    return ~(once | seldom), pd.Series(text, index=moved.index, dtype=object)


@dataclass(frozen=True)
class Recorded:
    """A recording with all that is known of it.

    Attributes:
        probe: what it is.
        flow: what displacements say.
        frames: how long it is, frames of time that passed from its first to its last.
        cells: its table of cells.
        flux: its count by flux.
        verdict: whether it may be used.
        fit: ``fitting.Fit`` of the frames that the detector saw; None where it saw none.
    """

    probe: dict[str, Any]
    flow: Flow
    frames: float
    cells: pd.DataFrame
    flux: Flux
    verdict: Verdict
    fit: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.probe["recording"])

    @property
    def condition(self) -> str:
        """Its flow condition as the sheet has it, empty where it has none."""
        return str(self.probe.get("condition") or "")

    @property
    def counted(self) -> pd.DataFrame:
        """The cells that count."""
        return self.cells[self.cells["counted"].astype(bool)]

    @property
    def exposure(self) -> float:
        """Frames of time in which its cells could come into view: its length, and what a cell takes through the field.

        Cells in the field at its start came before it. Over its length alone a short recording has too high a rate.
        """
        return self.flux.seen / self.flux.rate if self.flux.seen and self.flux.rate else self.frames

    @property
    def usable(self) -> bool:
        """Whether counts, speeds and shares are given."""
        return self.verdict.verdict == "usable"


SUMMARY = (
    *("level", "recording", "condition", "scale", "scale_source", "recordings", "frames"),
    *("cells", "cells_low", "cells_high"),
    *("cells_per_s", "cells_per_frame", "cells_by_flux"),
    *(f"velocity{part}_{unit}" for unit in ("um_s", "px_frame") for part in ("", "_low", "_high")),
    "intervals_over",
    *(f"share_{name}{part}" for name in CLASSES for part in ("", "_low", "_high")),
    *("basis", "n_checked", "verdict", "reasons"),
)
"""Columns of the summary in their order; those of a unit that no recording has are left out."""


def summary(recorded: list[Recorded], named: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what recordings and conditions say, one row each.

    A condition's row rests on its usable recordings, each once: a copy of one says nothing new. What may not be used
    has a verdict and reasons, and no numbers.

    Args:
        recorded: the recordings, in the order of the sheet.
        named: cells named by hand, of :func:`rbcflow.recordings.checks.read`.
    """
    rows = [_row([one], named, {}) | _seen(one) | {"level": "recording", "recording": one.name} for one in recorded]
    for condition in dict.fromkeys(one.condition for one in recorded if one.condition):
        own = [one for one in recorded if one.condition == condition]
        same = copies([one.probe for one in own if one.usable])
        rows.append(_row(own, named, same) | {"level": "condition", "recording": ""})
    table = pd.DataFrame(rows, columns=SUMMARY)
    optional = [name for name in SUMMARY if name.endswith(("um_s", "px_frame")) or name.startswith("cells_per_")]
    return table.drop(columns=[name for name in optional if table[name].isna().all()])


def copies(probes: list[dict[str, Any]]) -> dict[str, str]:
    """Return, by name, the recordings that show the same frames as one before them, and that one's name.

    Args:
        probes: the ``probe.json`` of recordings, in the order of the sheet.
    """
    first: dict[tuple, str] = {}
    found = {}
    for probe in probes:
        # two channels of one file are two regions of the same frames
        key = (probe.get("digest") or probe["recording"], str(probe.get("roi")))
        earlier = first.setdefault(key, probe["recording"])
        if earlier != probe["recording"]:
            found[probe["recording"]] = earlier
    return found


def _row(own: list[Recorded], named: pd.DataFrame | None, same: dict[str, str]) -> dict[str, Any]:
    """Return the numbers of one or several recordings of one condition; those of a copy add nothing."""
    used = [one for one in own if one.usable and one.name not in same]
    row: dict[str, Any] = {"condition": own[0].condition, "recordings": len(used)} | _verdict(own, same)
    if not used:
        return row
    counts, times = [len(one.counted) for one in used], [one.frames for one in used]
    low, high = intervals.total(counts, times)
    row |= {"frames": sum(times), "cells": sum(counts), "cells_low": low, "cells_high": high}
    row["cells_by_flux"] = sum(one.flux.seen or 0.0 for one in used)
    row |= _rates(used) | _velocity(used)
    found = checks.shares(pd.concat([one.counted for one in used]), named)
    for name in CLASSES:
        values = (found.share[name], found.low[name], found.high[name])
        row |= dict(zip((f"share_{name}", f"share_{name}_low", f"share_{name}_high"), values, strict=True))
    return row | {"basis": found.basis, "n_checked": found.checked}


def _seen(one: Recorded) -> dict[str, Any]:
    """Return at what factor the detector saw a recording's frames, and what that rests on."""
    return {"scale": one.fit["factor"], "scale_source": one.fit["source"]} if one.fit else {}


def _verdict(own: list[Recorded], same: dict[str, str]) -> dict[str, str]:
    """Return the verdict on a recording, or on a condition: that of its best recording, and who is left out."""
    if len(own) == 1:
        return {"verdict": own[0].verdict.verdict, "reasons": "; ".join(own[0].verdict.reasons)}
    best = min((one.verdict.verdict for one in own), key=VERDICTS.index)
    left = [f"{one.name} left out ({one.verdict.verdict})" for one in own if not one.usable]
    left += [f"{name} left out (the same frames as {earlier})" for name, earlier in same.items()]
    return {"verdict": best, "reasons": "; ".join(left)}


def _rates(used: list[Recorded]) -> dict[str, float]:
    """Return how many cells come into view a second where all rates are known, else a frame."""
    scales = [units(one.probe) for one in used]
    cells_ = sum(len(one.counted) for one in used)
    if all(scale.per_second for scale in scales):
        return {"cells_per_s": cells_ / sum(one.exposure / s.per_second for one, s in zip(used, scales, strict=True))}
    return {"cells_per_frame": cells_ / sum(one.exposure for one in used)}


def _velocity(used: list[Recorded]) -> dict[str, Any]:
    """Return the mean velocity of cells with its interval: over recordings where there are several, else over cells."""
    endings = {units(one.probe).speed for one in used}
    if len(endings) > 1:
        return {}
    unit = endings.pop()
    speeds = [values for one in used if len(values := one.counted[f"velocity_{unit}"].dropna())]
    if not speeds:
        return {}
    everyone = pd.concat(speeds)
    several = len(speeds) > 1
    means = np.array([values.mean() for values in speeds])
    low, high = intervals.mean(means if several else everyone)
    mean = means.mean() if several else everyone.mean()
    numbers = (f"velocity_{unit}", f"velocity_low_{unit}", f"velocity_high_{unit}")
    return dict(zip(numbers, (float(mean), low, high), strict=True)) | {
        "intervals_over": f"{len(speeds)} recordings" if several else f"{len(everyone)} cells"
    }
