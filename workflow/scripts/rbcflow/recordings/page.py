"""The page about recordings: verdicts first, nothing fetched but the videos beside it (``summarise_recordings``)."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from rbcflow.figures.style import CLASS_COLOURS
from rbcflow.recordings.dictionary import described
from rbcflow.recordings.summarise import Recorded
from rbcflow.recordings.units import WORDS
from rbcflow.recordings.validity import LIMITS, Finding, Limit, verdict_counts
from rbcflow.report.build import TEMPLATES as REPORT_TEMPLATES

TEMPLATES = Path(__file__).parent / "templates"
NBSP = "\N{NO-BREAK SPACE}"
TONES = {"usable": "good", "boxes only": "open", "refused": "bad"}


@dataclass(frozen=True)
class Figures:
    """Pictures of a recording; a missing one is left out.

    Attributes:
        kymograph, overlay: PNG and GIF files.
        video: path of the video as the page links it, relative to the page; "" where there is none.
    """

    kymograph: Path | None = None
    overlay: Path | None = None
    video: str = ""


@dataclass(frozen=True)
class Shared:
    """Pictures over all recordings, and the files beside the page.

    Attributes:
        conditions, pressures, tiles: PNG files.
        files: by name as the page links them, what each holds.
    """

    conditions: Path | None = None
    pressures: Path | None = None
    tiles: Path | None = None
    files: dict[str, str] | None = None


def write(
    output: Path,
    recorded: list[Recorded],
    summary: pd.DataFrame,
    *,
    figures: dict[str, Figures],
    shared: Shared,
    detector: str = "",
    classes_checked: bool = False,
) -> None:
    """Write the page; the same results give the same bytes.

    Args:
        output: HTML file.
        recorded: the recordings in the order of the sheet.
        summary: of :func:`rbcflow.recordings.summarise.summary`.
        figures: by recording.
        shared: pictures and files of all.
        detector: name of the detector, as a reader should see it.
        classes_checked: whether cells were named by hand.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(picture=picture, width=width, limits=limits, measured=measured, plain=plain)
    style = (REPORT_TEMPLATES / "page.css").read_text(encoding="utf-8") + (TEMPLATES / "recordings.css").read_text(
        encoding="utf-8"
    )
    html = environment.get_template("recordings.html.j2").render(
        recorded=recorded,
        count=verdict_counts([one.verdict.verdict for one in recorded]),
        rows=readable(summary),
        figures=figures,
        shared=shared,
        detector=detector,
        classes_checked=classes_checked,
        tones=TONES,
        limits_table=LIMITS,
        columns=described(summary.columns).to_dict("records"),
        class_colours=CLASS_COLOURS,
        style=Markup(style),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(html, encoding="utf-8", newline="\n")


def picture(path: Path | None) -> str:
    """Return a picture as a data URI, of a moving one its first page; "" where there is none."""
    if path is None or not path.is_file():
        return ""
    content, kind = path.read_bytes(), "png"
    if path.suffix == ".gif":
        # moving pictures made the page of three recordings 8 MB; the video beside it moves
        with Image.open(path) as image, io.BytesIO() as still:
            image.convert("RGB").save(still, "webp", quality=80)
            content, kind = still.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def width(path: Path) -> int:
    """Return the width at which the page's style shows a picture well: figures smaller, moving ones pixel by pixel."""
    with Image.open(path) as image:
        return round(image.width / 0.66) if path.suffix == ".gif" else image.width


def limits(limit: Limit) -> dict[str, str]:
    """Return the limits of a number by grade, as a reader should see them."""
    sign = "above" if limit.above else "below"
    steps = {"note": limit.note, "boxes only": limit.boxes_only, "refused": limit.refused}
    return {grade: f"{sign} {value:{limit.form}}" for grade, value in steps.items() if value is not None}


def measured(finding: Finding) -> str:
    """Return the number of a finding as a reader should see it."""
    form = next(limit.form for limit in LIMITS if limit.name == finding.name)
    return "–" if finding.value is None else format(finding.value, form)


def readable(summary: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the summary with numbers rounded, intervals joined to them, and units written."""
    rows = []
    for row in summary.to_dict("records"):
        unit = next((u for u in ("um_s", "px_frame") if pd.notna(row.get(f"velocity_{u}"))), None)
        speeds = [row.get(f"velocity{part}_{unit}") for part in ("", "_low", "_high")] if unit else [None] * 3
        rate = "cells_per_s" if pd.notna(row.get("cells_per_s")) else "cells_per_frame"
        rows.append(
            {
                **{name: row[name] for name in ("level", "recording", "condition", "verdict", "reasons")},
                "recordings": row["recordings"],
                "cells": _interval(row["cells"], row["cells_low"], row["cells_high"], ".0f"),
                "flux": _number(row["cells_by_flux"], ".0f"),
                "rate": _number(row.get(rate), 3, " /s" if rate == "cells_per_s" else " /frame"),
                "velocity": _interval(*speeds, 4, f" {WORDS[unit]}" if unit else ""),
                "over": _text(row["intervals_over"]),
                "shares": {
                    name: _interval(*(row[f"share_{name}{part}"] for part in ("", "_low", "_high")), ".2f")
                    for name in CLASS_COLOURS
                },
                "basis": _text(row["basis"]),
            }
        )
    return rows


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def plain(value: float, form: str | int) -> str:
    """Return a number in a format, or to so many figures without an exponent: 39920, not 3.992e+04."""
    return f"{value:{form}}" if isinstance(form, str) else f"{float(f'{value:.{form}g}'):.15g}"


def _number(value: float | None, form: str | int, unit: str = "") -> str:
    return "–" if value is None or pd.isna(value) else f"{plain(value, form)}{unit.replace(' ', NBSP)}"


def _interval(value: float | None, low: float | None, high: float | None, form: str | int, unit: str = "") -> str:
    """Return ``value [low, high] unit``, without the brackets where no interval is known; lines break before them."""
    if value is None or pd.isna(value):
        return "–"
    known = low is not None and high is not None and not pd.isna(low) and not pd.isna(high)
    brackets = f" [{plain(low, form)},{NBSP}{plain(high, form)}]" if known else ""
    return f"{plain(value, form)}{brackets}{unit.replace(' ', NBSP)}"
