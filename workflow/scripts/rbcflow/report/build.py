"""Render the report: one HTML file with everything in it, nothing fetched (rule ``render_report``)."""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import logging
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rbcflow.claims.rows import TRIES
from rbcflow.core import names
from rbcflow.figures.style import CLASS_COLOURS
from rbcflow.metrics.intervals import LEAST_RECORDINGS
from rbcflow.report import citation
from rbcflow.report.page import Page, collect
from rbcflow.report.records import slug
from rbcflow.report.text import FILTERS

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("vendor/sortable.min.js", "page.js", "tables.js", "compare.js", "errors.js", "find.js")
"""Scripts of the page in their order; each keeps its names to itself."""


def build(
    results: Path,
    output: Path,
    *,
    config: dict[str, Any],
    registry: list[dict[str, Any]],
    sources: dict[str, dict],
    runs: list[dict[str, Any]],
    project: Path,
) -> None:
    """Write the report; the same results give the same bytes.

    Args:
        results: the folder the stages wrote.
        output: the HTML file.
        config: the configuration with its tables: of its keys, ``variants``, ``models`` and ``testsets`` (by name, rows
            with ``title`` and ``published_as``) say what the page must account for; ``labels`` what readers call them.
        registry: entries of ``paper/figures.yaml``.
        sources: rows of ``config/sources.yaml`` by name.
        runs: rows of ``config/runs.tsv``.
        project: the project's folder, for its citation file.

    Raises:
        InputError: a file in the results folder is there but unreadable; a missing one becomes a stated gap.
    """
    with names.naming(config.get("labels") or {}):
        page = collect(results, config=config, registry=registry, sources=sources, runs=runs, project=project)
        html = render(page)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(html, encoding="utf-8", newline="\n")
    log.info("%s: %.1f MB, %d figures, %d gaps", output, len(html) / 1e6, len(page.figures), len(page.gaps))


@functools.cache
def environment() -> Environment:
    """Return what compiles the templates; to compile them takes longer than to fill them, so a process does it once."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS, slug=slug)
    made.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return made


def render(page: Page) -> str:
    """Return the page as HTML; every text from data is escaped, and scripts other than the page's own are forbidden."""
    numbers = itertools.count(1)
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            preprint=citation,
            least_recordings=LEAST_RECORDINGS,
            tries=TRIES,
            class_colours=CLASS_COLOURS,
            numbering=lambda: next(numbers),
            opened=opened_run(page),
            runs_of=runs_of,
            names_of=names_of,
            metric_words=names.METRICS,
            digest=page_digest(),
            style=Markup(style),
            script=Markup(script),
            script_sha256=digest,
        )
    )


def page_digest() -> str:
    """Return a fingerprint of the templates: an example of the page must not lag behind them."""
    whole = hashlib.sha256()
    for path in sorted(path for path in TEMPLATES.rglob("*") if path.is_file()):
        whole.update(path.relative_to(TEMPLATES).as_posix().encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def opened_run(page: Page) -> str:
    """Return the one run that is not folded: the first screen's first, else the first that was evaluated."""
    chosen = [tile.run.name for tile in page.front.tiles] or [run.name for run in page.evaluated]
    return chosen[0] if chosen else ""


def runs_of(page: Page) -> dict[str, dict[str, str]]:
    """Return by test set and model the runs that can be compared."""
    table: dict[str, dict[str, str]] = {}
    for run in page.evaluated:
        table.setdefault(run.testset.name, {})[run.model] = run.name
    return {name: runs for name, runs in table.items() if len(runs) > 1}


def names_of(page: Page) -> dict[str, str]:
    """Return the display names of models and test sets that can be compared."""
    table = runs_of(page)
    return {
        name: names.shown(name)
        for name in dict.fromkeys([*table, *(model for runs in table.values() for model in runs)])
    }
