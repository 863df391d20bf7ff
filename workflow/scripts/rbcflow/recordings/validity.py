"""Whether a recording's results may be used (rule ``evaluate_recording``): one table of limits, applied to all alike.

What a limit is for stands in its sentence. A value that could not be measured passes, and is listed as not measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.detector.fitting import SHIPPED
from rbcflow.recordings.flux import Flux
from rbcflow.recordings.gauge import DOUBTFUL, VALID
from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.network import CELL
from rbcflow.recordings.objects import Objects
from rbcflow.recordings.units import CELL_UM

VERDICTS = ("usable", "boxes only", "refused")
"""From good to bad. ``boxes only``: cells are where the boxes are, but counts, speeds and shares are not given."""


HOPELESS = 0.3
"""Average precision below which boxes are worth nothing."""


@dataclass(frozen=True)
class Limit:
    """A limit on one number of a recording.

    Attributes:
        name: of the number.
        sentence: what is wrong beyond a limit; ``{value}`` stands for the number.
        form: how the number is written, a format specification.
        note: beyond it the sentence is a remark.
        boxes_only: beyond it the verdict is at best that.
        refused: beyond it the recording is refused.
        above: larger numbers are worse.
    """

    name: str
    sentence: str
    form: str = ".0%"
    note: float | None = None
    boxes_only: float | None = None
    refused: float | None = None
    above: bool = True

    def grade(self, value: float) -> str:
        """Return ``good``, ``note``, ``boxes only`` or ``refused``."""
        for grade, limit in (("refused", self.refused), ("boxes only", self.boxes_only), ("note", self.note)):
            if limit is not None and (value > limit if self.above else value < limit):
                return grade
        return "good"


LIMITS: tuple[Limit, ...] = (
    Limit("file", "the recording cannot be read as the sheet says", ".0f", refused=0),
    Limit("boxes", "{value} boxes in all frames: no cells were found", ".0f", refused=1, above=False),
    Limit(
        "unlike",
        "frames look unlike the detector's training images ({value} of the distance that 99% of those stay within)",
        ".2g",
        note=1.25,
        boxes_only=1.9,
    ),
    Limit(
        "gauge",
        "the recording is unlike what the detector learned from: its boxes are expected to have an average precision "
        "of {value}",
        ".2f",
        note=VALID,
        boxes_only=DOUBTFUL,
        refused=HOPELESS,
        above=False,
    ),
    Limit(
        "size",
        "boxes have {value} of the size from which on the detector takes cells as they are: it was not made for such "
        "small cells",
        ".0%",
        note=0.85,
        boxes_only=0.65,
        above=False,
    ),
    Limit(
        "size_large",
        "boxes have {value} of the size up to which the detector takes cells as they are: it was not made for such "
        "large cells",
        ".0%",
        note=1.2,
        boxes_only=1.6,
    ),
    Limit(
        "size_um",
        "cells are {value} times as large or as small as red cells, so pixel_um may be wrong",
        ".1f",
        note=1.35,
        boxes_only=1.8,
    ),
    Limit("capped", "{value} of the frames have as many boxes as there can be: some are missing", note=0, refused=0.02),
    Limit(
        "doubles",
        "{value} of the boxes lie on a cell that has another: cells are counted twice",
        note=0.05,
        boxes_only=0.2,
    ),
    Limit(
        "off_object",
        "{value} of the boxes lie where nothing moves before the background",
        note=0.1,
        boxes_only=0.25,
        refused=0.5,
    ),
    Limit(
        "missed",
        "{value} of what moves before the background has no box: cells are not found",
        note=0.25,
        boxes_only=0.5,
        refused=0.8,
    ),
    Limit("still", "{value} of the boxes never move: dirt or walls", note=0.05, boxes_only=0.5),
    Limit("unlinked", "cells could not be followed", ".0f", boxes_only=0),
    Limit(
        "unfollowed", "{value} of the boxes belong to no cell that counts: links do not hold", note=0.1, boxes_only=0.2
    ),
    Limit("merged", "{value} of the boxes cover two cells: speeds and sizes leave them out", note=0.15),
    Limit(
        "flux",
        "counted cells are {value} further off the number by flux than chance explains",
        note=0.15,
        boxes_only=0.3,
    ),
    Limit(
        "rival",
        "which box is which cell is less sure: a second displacement explains {value} of what the chosen one does",
        note=0.5,
    ),
    Limit(
        "interlaced",
        "every second row of the frames shows another moment, as in interlaced video, and cells that move are combs: "
        "save it deinterlaced, each half picture as a frame",
        ".0f",
        boxes_only=0,
    ),
    Limit("lost", "{value} of the frame numbers have no frame", note=0.02),
    Limit(
        "repeated",
        "{value} of the frames repeat the one before: the rate may not be what it says",
        note=0.01,
        boxes_only=0.2,
    ),
    Limit("drift", "brightness drifts by {value}", note=0.1, boxes_only=0.4),
    Limit("saturated", "{value} of the pixels are black or white", note=0.05, boxes_only=0.3),
    Limit("cells", "{value} cells: too few to say much", ".0f", note=20, above=False),
    Limit(
        "upright",
        "cells move up or down the frame, and the detector learned its classes from cells that move along its rows: "
        "turn the frames by 90 degrees before you believe its shares",
        ".0f",
        note=0,
    ),
    Limit("one_class", "all cells are of one class: the detector may know no other here", ".0f", note=0),
    Limit("alone", "the only recording of its condition: nothing says how recordings differ", ".0f", note=0),
)
"""Numbers, where they become doubtful, and what that means; checked in this order."""


@dataclass(frozen=True)
class Finding:
    """One number of a recording against its limits.

    Attributes:
        name: of the limit.
        value: the number; None if it was not measured.
        grade: ``good``, ``note``, ``boxes only``, ``refused`` or ``not measured``.
        sentence: what it means; empty where good.
    """

    name: str
    value: float | None
    grade: str
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Whether a recording may be used, and why.

    Attributes:
        verdict: one of ``VERDICTS``.
        findings: every number, in the order of ``LIMITS``.
    """

    verdict: str
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> list[str]:
        """Sentences of all that is not good, the gravest first."""
        order = {"refused": 0, "boxes only": 1, "note": 2}
        bad = [finding for finding in self.findings if finding.grade in order]
        return [finding.sentence for finding in sorted(bad, key=lambda finding: order[finding.grade])]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON holds it."""
        return {"verdict": self.verdict, "reasons": self.reasons, "findings": [asdict(f) for f in self.findings]}


def evaluate(
    boxes: pd.DataFrame,
    frames: pd.DataFrame,
    probe: dict[str, Any],
    links: LinkResult,
    cells: pd.DataFrame,
    flux: Flux,
    *,
    scale: float = 1.0,
    taken_px: tuple[float, float] = SHIPPED.taken,
    most_boxes: int = 300,
    objects: Objects | None = None,
    unlike: float | None = None,
    gauge: Mapping[str, Any] | None = None,
    strange: Sequence[str] = (),
    alone: bool = False,
) -> Verdict:
    """Evaluate a recording.

    Args:
        boxes: of the detector.
        frames: ``frame, mean, saturated, digest``.
        probe: of the recording.
        links: its cells followed.
        cells: its table of cells.
        flux: its count by flux.
        scale: by which frames were enlarged for the detector.
        taken_px: the smallest and the largest cells, sqrt(width * height), that the detector takes as they are
            (``fitting.Learned``), pixels as it sees them.
        most_boxes: a frame can have.
        objects: boxes against what moves before the background, None where not measured.
        unlike: distance of the frames from the training images in how they look, over the distance that 99 % of the
            training images stay within (``looks.Reference``); None where not measured.
        gauge: what the detector's gauge says (``gauge.GaugeResult``); None where it has none.
        strange: what is unlike the training images, in words.
        alone: no other recording has its condition.
    """
    measured = _of_boxes(boxes, frames, scale, taken_px, most_boxes) | _of_links(links, cells, flux)
    measured["size_um"] = _unlike_a_red_cell(boxes, probe)
    measured |= _of_frames(frames, links) | {"unlike": unlike, "alone": float(alone)}
    measured |= {"interlaced": float(probe["interlaced"])}
    measured |= {"gauge": gauge["expected"] if gauge else None}
    measured |= {name: getattr(objects, name) if objects else None for name in ("off_object", "missed")}
    because = {"unlinked": links.flow.reason, "unlike": "; ".join(strange)}
    if measured["size_um"]:
        side, pixel = _side(boxes) * probe["pixel_um"], probe["pixel_um"]
        because["size_um"] = f"a median of {side:.2g} um at {pixel:g} um a pixel, where red cells have about {CELL_UM}"
    because["gauge"] = f"{gauge['verdict']}, as {'; '.join(gauge['reasons'])}" if gauge else ""
    return verdict_of(measured | {"file": 0.0}, because)


def refusal(reason: str) -> Verdict:
    """Return the verdict on a recording whose file is broken, or contradicts the sheet."""
    return verdict_of({"file": 1.0}, {"file": reason})


def verdict_counts(verdicts: Sequence[str]) -> str:
    """Return in words how many recordings have which verdict: ``2 of 3 usable, 1 of 3 refused``."""
    return ", ".join(f"{verdicts.count(name)} of {len(verdicts)} {name}" for name in VERDICTS if name in verdicts)


def verdict_of(measured: dict[str, float | None], because: dict[str, str] | None = None) -> Verdict:
    """Return the verdict on a recording's numbers.

    Args:
        measured: by name of limit; a missing one or None was not measured.
        because: by name of limit, what goes behind its sentence: why cells could not be followed, say.
    """
    because = because or {}
    findings = []
    for limit in LIMITS:
        value = measured.get(limit.name)
        if value is None or np.isnan(value):
            findings.append(Finding(limit.name, None, "not measured", ""))
            continue
        grade = limit.grade(value)
        sentence = limit.sentence.format(value=format(value, limit.form)) if grade != "good" else ""
        if sentence and because.get(limit.name):
            sentence = f"{sentence}: {because[limit.name]}"
        findings.append(Finding(limit.name, float(value), grade, sentence))
    worst = max((VERDICTS.index(f.grade) for f in findings if f.grade in VERDICTS), default=0)
    return Verdict(VERDICTS[worst], tuple(findings))


def _of_boxes(
    boxes: pd.DataFrame, frames: pd.DataFrame, scale: float, taken_px: tuple[float, float], most_boxes: int
) -> dict[str, float | None]:
    """Return numbers of the boxes as they came; ``scale`` takes pixels to those that the detector saw."""
    if not len(boxes):
        return {"boxes": 0.0}
    size = _side(boxes) * scale
    full = (boxes.groupby("frame").size() >= most_boxes).sum()
    sizes = {"size": size / taken_px[0], "size_large": size / taken_px[1]}
    return {"boxes": float(len(boxes)), "capped": float(full) / max(len(frames), 1)} | sizes


def _side(boxes: pd.DataFrame) -> float:
    """Return the median of the root of width times height, pixels of the frame."""
    return float(np.sqrt((boxes["x1"] - boxes["x0"]) * (boxes["y1"] - boxes["y0"])).median())


def _unlike_a_red_cell(boxes: pd.DataFrame, probe: dict[str, Any]) -> float | None:
    """Return how many times the median box is larger than a red cell, or smaller; None where no pixel size is known."""
    if not len(boxes) or not probe.get("pixel_um"):
        return None
    ratio = _side(boxes) * probe["pixel_um"] / CELL_UM
    return max(ratio, 1 / ratio)


def _of_links(links: LinkResult, cells: pd.DataFrame, flux: Flux) -> dict[str, float | None]:
    """Return numbers of the cells that were followed."""
    tracks = links.tracks
    own = tracks[~tracks["repeated"]]
    if not len(own):
        return {}
    values: dict[str, float | None] = {
        "doubles": float(own["double"].mean()),
        "still": float(own["still"].mean()),
        "unlinked": float(not links.flow.linkable),
    }
    if not links.flow.linkable:
        return values
    counted = cells[cells["counted"].astype(bool)]
    moving = own[~(own["still"] | own["double"])]
    values["unfollowed"] = float(1 - moving["cell"].isin(counted["cell"]).mean())
    values["merged"] = float(moving["merged"].mean())
    values["rival"] = links.flow.rival
    values["upright"] = float(links.flow.direction in ("up", "down"))
    values["cells"] = float(len(counted))
    named = counted["class"][counted["class"] != CELL]
    values["one_class"] = float(len(named) >= 20 and named.nunique() == 1)
    if flux.seen:
        # counts scatter about each other by chance, the less the more there are
        off = max(abs(len(counted) - flux.seen) - np.sqrt(flux.seen), 0.0)
        values["flux"] = off / flux.seen
    return values


def _of_frames(frames: pd.DataFrame, links: LinkResult) -> dict[str, float | None]:
    """Return numbers of the frames themselves."""
    numbers = np.sort(frames["frame"].to_numpy())
    if not len(numbers):
        return {}
    span = (numbers[-1] - numbers[0]) / links.flow.base + 1
    level = frames.sort_values("frame")["mean"].rolling(max(len(frames) // 20, 1), min_periods=1, center=True).median()
    middle = float(level.median())
    return {
        "lost": float(1 - len(numbers) / span),
        "repeated": len(links.flow.repeated) / len(numbers),
        "drift": float(level.max() - level.min()) / middle if middle > 0 else None,
        "saturated": float(frames["saturated"].median()),
    }
