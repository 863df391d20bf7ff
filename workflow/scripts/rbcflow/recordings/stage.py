"""The files of a recording between the rules of ``recordings.smk``: read, put together, written."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_csv, read_object
from rbcflow.detector import looks
from rbcflow.detector.sizes import resized
from rbcflow.figures import style
from rbcflow.recordings import (
    checks,
    dictionary,
    draw,
    flux,
    link,
    objects,
    overlay,
    page,
    rtdc,
    summarise,
    validity,
    workbook,
)
from rbcflow.recordings.detect import read_record
from rbcflow.recordings.flux import Flux
from rbcflow.recordings.media import frames_of
from rbcflow.recordings.network import CORNERS
from rbcflow.recordings.places import field_of
from rbcflow.recordings.summarise import Recorded
from rbcflow.recordings.validity import Finding, Verdict

BOXES = ("recording", "frame", "class", "conf", "score", "p_croissant", "p_slipper", "p_other", "x0", "y0", "x1", "y1",
         "cell", "time", "repeated", "still", "double", "edge", "merged")  # fmt: skip
"""Columns of ``boxes.csv``."""


def read_probe(folder: Path) -> dict[str, Any]:
    """Return the ``probe.json`` of a recording's folder."""
    return read_object(
        folder / "probe.json", "what probe_recording found", ["recording", "file", "n_frames", "roi", "refused"]
    )


def read_table(path: Path) -> pd.DataFrame:
    """Return a parquet table.

    Raises:
        InputError: it is missing or broken.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(path, f"no table ({error})", "a parquet table of a recording") from error


def link_recording(folder: Path) -> None:
    """Follow the cells of a recording; writes what ``link.write`` does."""
    boxes, frames, probe = (
        read_table(folder / "boxes.parquet"),
        read_table(folder / "frames.parquet"),
        read_probe(folder),
    )
    # a sheet that contradicts the file is found beside the cells, not before them
    links = link.link(boxes[:0], frames[:0], probe) if probe["refused"] else link.link(boxes, frames, probe)
    link.write(links, folder)


def evaluate_recording(folder: Path, *, alone: bool) -> None:
    """Write ``cells.csv``, ``flux.json`` and ``verdict.json`` of a recording that was linked.

    Args:
        folder: of the recording.
        alone: no other recording has its condition.
    """
    probe, links = read_probe(folder), link.read(folder)
    cells, counted = summarise.cells(links, probe), flux.count(links, probe)
    verdict = (
        validity.refusal(probe["refused"]) if probe["refused"] else _evaluated(folder, cells, counted, alone=alone)
    )
    cells.to_csv(folder / "cells.csv", index=False)
    # no output of the rule, as it is not there without a pixel size
    rtdc.write(links, cells, probe, folder / f"{folder.name}.rtdc")
    _write_json(folder / "flux.json", asdict(counted))
    _write_json(folder / "verdict.json", verdict.as_dict())


def _evaluated(folder: Path, cells: pd.DataFrame, counted: Flux, *, alone: bool) -> Verdict:
    """Return the verdict on a recording whose frames were read."""
    probe, links, record = read_probe(folder), link.read(folder), read_record(folder / "boxes.parquet")
    boxes, frames = read_table(folder / "boxes.parquet"), read_table(folder / "frames.parquet")
    wanted = set(objects.spread(frames["frame"].to_numpy()).tolist())
    shown = [(number, image) for number, image in frames_of(probe, whole=True) if number in wanted]
    learned = looks.Reference(**record["looks"]) if record["looks"] else None
    seen = _looks(shown, boxes, probe, record["scale"]) if learned else []
    return validity.evaluate(
        boxes,
        frames,
        probe,
        links,
        cells,
        counted,
        scale=record["scale"],
        taken_px=record["taken_px"],
        most_boxes=record["max_det"],
        objects=objects.measure(shown, boxes, probe),
        unlike=learned.unlike(seen) if learned else None,
        gauge=record.get("gauge"),
        strange=learned.strange(seen) if learned and seen else [],
        alone=alone,
    )


def _looks(
    shown: list[tuple[int, NDArray[np.uint8]]], boxes: pd.DataFrame, probe: dict[str, Any], scale: float
) -> list[dict[str, float]]:
    """Return how frames look, each as the detector saw it."""
    x, y, right, lower = (int(value) for value in field_of(probe))
    size = round((right - x) * scale), round((lower - y) * scale)
    by_frame = dict(iter(boxes.groupby("frame")[list(CORNERS)]))
    found = [
        looks.look(
            resized(image[y:lower, x:right], size), (by_frame[number].to_numpy(dtype=float) - [x, y, x, y]) * scale
        )
        for number, image in shown
        if number in by_frame
    ]
    return [one for one in found if one]


def draw_recording(folder: Path) -> None:
    """Write ``overlay.mp4``, ``overlay.gif`` and ``kymograph.png`` of a recording that was evaluated."""
    probe, links = read_probe(folder), link.read(folder)
    files = folder / "overlay.mp4", folder / "overlay.gif"
    if probe["refused"]:
        style.notice(folder / "kymograph.png", "The recording is refused: no frame was looked at.")
        overlay.notice("The recording is refused: no frame was looked at.", *files)
        return
    draw.kymograph(links, read_cells(folder), probe, folder / "kymograph.png")
    numbers = links.frames["frame"].to_numpy()
    overlay.draw(frames_of(probe, whole=True), links.tracks, numbers, probe, *files)


def read_cells(folder: Path) -> pd.DataFrame:
    """Return the ``cells.csv`` of a recording."""
    text = {"recording": str, "class": str, "reason": str}
    needed = ["recording", "cell", "counted"]
    table = read_csv(folder / "cells.csv", "the cells of a recording", needed, dtype=text, keep_default_na=False)
    numbers = [name for name in table.columns if name not in (*text, "counted")]
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})


def read_recorded(folder: Path) -> Recorded:
    """Return an evaluated recording with all that is known of it."""
    links = link.read(folder)
    stored = read_object(folder / "verdict.json", "the verdict on a recording", ["verdict", "findings"])
    verdict = Verdict(stored["verdict"], tuple(Finding(**finding) for finding in stored["findings"]))
    counted = Flux(**read_object(folder / "flux.json", "the count by flux of a recording"))
    times = links.frames["time"]
    frames = float(times.max() - times.min() + 1) if len(times) else 0.0
    fit = read_record(folder / "boxes.parquet").get("fit")
    return Recorded(read_probe(folder), links.flow, frames, read_cells(folder), counted, verdict, fit)


def summarise_recordings(folders: list[Path], output: Path) -> None:
    """Write the tables and figures over all recordings.

    ``check.tsv`` is for filling in by hand. It is written where it is absent and kept where it asks for the same cells.
    Where cells have changed, what was typed for those that are still asked for stays, and a table with anything else in
    it is put aside as ``check.old.tsv``.

    Args:
        folders: of the recordings, in the order of the sheet.
        output: where to.
    """
    recorded = [read_recorded(folder) for folder in folders]
    for one in recorded:
        one.probe["warnings"] = warnings_of(one.probe, [other.probe for other in recorded])
    tracks = pd.concat(
        [link.read(folder).tracks.assign(recording=folder.name) for folder in folders], ignore_index=True
    )
    cells = pd.concat([one.cells for one in recorded if len(one.cells)] or [recorded[0].cells], ignore_index=True)
    sample = checks.sample(cells, tracks, {one.name: one.condition for one in recorded})
    named = _checked(sample, output / "check.tsv")
    summary = summarise.summary(recorded, named)
    findings = pd.concat([_findings(one) for one in recorded], ignore_index=True)
    tracks[list(BOXES)].to_csv(output / "boxes.csv", index=False)
    cells.to_csv(output / "cells.csv", index=False)
    summary.to_csv(output / "summary.csv", index=False)
    findings.to_csv(output / "verdicts.csv", index=False)
    columns = dict.fromkeys([*summary.columns, *cells.columns, *BOXES, *findings.columns, *checks.COLUMNS])
    dictionary.described(columns).to_csv(output / "columns.csv", index=False)
    sheets = {"summary": summary, "cells": cells, "verdicts": findings, "boxes": tracks[list(BOXES)]}
    workbook.write(output / "recordings.xlsx", sheets)
    draw.conditions(summary, output / "conditions.png")
    draw.pressures(summary, {one.name: one.probe["pressure_mbar"] for one in recorded}, output / "pressures.png")
    draw.tiles(_shown(recorded, sample), sample, tracks, output / "tiles.png")
    _write_page(recorded, summary, output, classes_checked=len(named) > 0)


def warnings_of(probe: dict[str, Any], probes: list[dict[str, Any]]) -> list[str]:
    """Return what a reader must know of a recording: the warnings of its probe, and that it is a copy of another."""
    earlier = summarise.copies(probes).get(probe["recording"])
    text = f"the same frames as {earlier}, so it adds nothing to a condition that has both"
    return [*probe["warnings"], *([text] if earlier else [])]


def told(probes: list[dict[str, Any]], summary: pd.DataFrame, page: str) -> str:
    """Return the last words of the command: a verdict a recording, how many are refused, and what to open.

    Args:
        probes: the ``probe.json`` of all recordings.
        summary: the table of :func:`rbcflow.recordings.summarise.summary`.
        page: path of the page.
    """
    rows = summary[summary["level"] == "recording"].set_index("recording")
    lines = ["", "Your recordings:"]
    for probe in probes:
        row = rows.loc[probe["recording"]]
        cells = f", {row['cells']:.0f} cells" if row["verdict"] == "usable" else ""
        reasons = f": {row['reasons']}" if row["reasons"] else ""
        lines.append(f"  {probe['recording']} ({probe['n_frames']} frames): {row['verdict']}{cells}{reasons}")
        lines += [f"    note: {warning}" for warning in warnings_of(probe, probes)]
    lines.append(f"{validity.verdict_counts(rows['verdict'].tolist())}.")
    if unread := [probe["recording"] for probe in probes if probe["refused"]]:
        lines.append(
            f"{len(unread)} could not be read as the sheet says ({', '.join(unread)}), so this command ends with "
            "status 1; all others are done. Fix the file or the sheet, and run it again."
        )
    return "\n".join([*lines, f"Open {page} in a browser; recordings.xlsx beside it has all tables.", ""])


FILES = {
    "recordings.xlsx": "all tables as sheets, and what every column means",
    "summary.csv": "a row a recording and a condition",
    "cells.csv": "a row a cell that passed",
    "boxes.csv": "a row a box, with its cell",
    "verdicts.csv": "every number that a recording was evaluated by",
    "columns.csv": "what every column means",
    "check.tsv": "cells to name by hand from tiles.png: fill in the last column and run the same command again",
}
"""What lies beside the page."""


def _write_page(recorded: list[Recorded], summary: pd.DataFrame, output: Path, *, classes_checked: bool) -> None:
    """Write ``index.html`` from the tables and drawings that lie beside it."""
    drawn = {
        one.name: page.Figures(
            output / one.name / "kymograph.png", output / one.name / "overlay.gif", f"{one.name}/overlay.mp4"
        )
        for one in recorded
        if not one.probe["refused"]
    }
    shared = page.Shared(output / "conditions.png", output / "pressures.png", output / "tiles.png", FILES)
    detector = read_record(output / recorded[0].name / "boxes.parquet")["detector"]
    page.write(
        output / "index.html",
        recorded,
        summary,
        figures=drawn,
        shared=shared,
        detector=detector,
        classes_checked=classes_checked,
    )


def _findings(one: Recorded) -> pd.DataFrame:
    return pd.DataFrame([asdict(finding) for finding in one.verdict.findings]).assign(recording=one.name)


def _shown(recorded: list[Recorded], sample: pd.DataFrame) -> Any:
    """Yield recording, number and whole frame of every frame that shows a cell of the sample."""
    for one in recorded:
        wanted = set(sample[sample["recording"] == one.name]["frame"].tolist())
        if not wanted:
            continue
        for number, image in frames_of(one.probe, whole=True):
            if number in wanted:
                yield one.name, number, image
            if number >= max(wanted):
                break


def _checked(sample: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the cells named by hand; leaves a table that asks for the cells of the sample.

    What was typed for these cells stays, also where it had been put aside in between. What was typed for others is put
    aside under a name that is not there yet.
    """
    if path.exists():
        checks.read(path)
    there = [file for file in (path, *sorted(path.parent.glob("check.old*.tsv"))) if file.exists()]
    stored = {file: checks.as_filled_in(file) for file in there}
    table = checks.taken_over(sample, list(stored.values()))
    if path not in stored or not np.array_equal(stored[path].to_numpy(str), table.to_numpy(str)):
        if path in stored and checks.left_over(sample, stored[path]):
            stored[path].to_csv(_free(path), sep="\t", index=False)
        part = path.with_suffix(".part")
        table.to_csv(part, sep="\t", index=False)
        part.replace(path)
    return checks.read(path)


def _free(path: Path) -> Path:
    """Return ``check.old.tsv``, or with a number where that is taken."""
    names = (f"{path.stem}.old{f'-{number}' if number > 1 else ''}{path.suffix}" for number in itertools.count(1))
    return next(free for name in names if not (free := path.with_name(name)).exists())


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
