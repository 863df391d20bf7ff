"""A CODECHECK manifest of the figures that were drawn (rule ``render_report``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rbcflow.figures.registry import counterparts
from rbcflow.report import citation
from rbcflow.report.records import read_provenance

CODECHECK = "https://codecheck.org.uk/spec/config/1.0/"


def list_figures(
    results: Path, registry: list[dict[str, Any]], runs: Mapping[str, Mapping[str, Any]]
) -> list[tuple[dict[str, Any], Path]]:
    """Return entry, with the published items of this figure alone, and file of every figure that was drawn.

    Args:
        results: folder the figures lie in.
        registry: entries of the registry with ``id``, ``title``, ``format`` and ``rebuilds``, in whose order, and by
            key, the figures come.
        runs: rows of the table of runs by name.
    """
    figures = []
    for entry in registry:
        kind = entry.get("format", "png")
        folder = results / ("gifs" if kind == "gif" else "figures") / entry["id"]
        for path in sorted(folder.glob(f"*.{kind}")):
            figures.append((entry | {"rebuilds": counterparts(entry.get("rebuilds") or (), runs.get(path.stem))}, path))
    return figures


def name_of(entry: dict[str, Any], path: Path) -> str:
    """Return what a figure is called: its title, with the key where there are several."""
    return entry["title"] if path.stem == "all" else f"{entry['title']}: {path.stem}"


def write_codecheck(results: Path, figures: list[tuple[dict[str, Any], Path]], output: Path) -> None:
    """Write the files a checker would compare; who checks adds name, date and certificate.

    Args:
        results: folder the files are named relative to.
        figures: what ``list_figures`` returned.
        output: the YAML file.
    """
    manifest = []
    for entry, path in figures:
        record = read_provenance(path.with_suffix(".json"), results)
        parts = [name_of(entry, path)]
        parts += [f"counterpart of {', '.join(entry['rebuilds'])}"] if entry.get("rebuilds") else []
        parts += ["made from " + " and ".join(record.origins)] if record and record.origins else []
        manifest.append({"file": path.relative_to(results).as_posix(), "comment": "; ".join(parts)})
    authors = [name.strip() for name in citation.AUTHORS.split(".,")]
    paper = {
        "title": citation.TITLE,
        "authors": [{"name": name if name.endswith(".") else f"{name}."} for name in authors],
        "reference": f"https://doi.org/{citation.DOI}",
    }
    data = {"version": CODECHECK, "paper": paper, "manifest": manifest}
    output.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
