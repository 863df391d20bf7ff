"""Provenance for machines: an RO-Crate and a CODECHECK manifest from the registry of figures (rule ``write_crate``)."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rbcflow.figures.registry import counterparts
from rbcflow.report import citation
from rbcflow.report.records import Provenance, read_provenance
from rbcflow.runtime.provenance import sha256

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
CODECHECK = "https://codecheck.org.uk/spec/config/1.0/"


def list_figures(
    results: Path, registry: list[dict[str, Any]], runs: Mapping[str, Mapping[str, Any]]
) -> list[tuple[dict[str, Any], Path]]:
    """Return entry, with the published items of this figure alone, and file of every figure that was drawn.

    They come in the registry's order, by key; see ``write_crate`` for the arguments.
    """
    figures = []
    for entry in registry:
        kind = entry.get("format", "png")
        folder = results / ("gifs" if kind == "gif" else "figures") / entry["id"]
        for path in sorted(folder.glob(f"*.{kind}")):
            figures.append((entry | {"rebuilds": counterparts(entry.get("rebuilds") or (), runs.get(path.stem))}, path))
    return figures


def _name(entry: dict[str, Any], path: Path) -> str:
    return entry["title"] if path.stem == "all" else f"{entry['title']}: {path.stem}"


def write_crate(
    results: Path,
    registry: list[dict[str, Any]],
    runs: Mapping[str, Mapping[str, Any]],
    citation_file: Path,
    output: Path,
) -> None:
    """Write ``ro-crate-metadata.json``: every figure as a file, and the job that drew it as an action.

    Args:
        results: folder the crate describes.
        registry: entries of the registry with ``id``, ``title``, ``format`` and ``rebuilds``.
        runs: rows of the table of runs by name.
        citation_file: ``CITATION.cff`` of the project.
        output: the JSON file, in ``results``.
    """
    project = yaml.safe_load(citation_file.read_text(encoding="utf-8"))
    figures = list_figures(results, registry, runs)
    graph = [
        {"@id": output.name, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": CONTEXT[:-8]}},
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Results of {project['title']} {project.get('version', '')}".strip(),
            "description": " ".join(str(project.get("abstract", "")).split()),
            "license": str(project.get("license", "")),
            **({"datePublished": str(project["date-released"])} if "date-released" in project else {}),
            "citation": {"@id": f"https://doi.org/{citation.DOI}"},
            "hasPart": [{"@id": path.relative_to(results).as_posix()} for _, path in figures],
            "mentions": [{"@id": f"#draw-{entry['id']}-{path.stem}"} for entry, path in figures],
        },
        {"@id": f"https://doi.org/{citation.DOI}", "@type": "ScholarlyArticle", "name": citation.TITLE},
    ]
    rules, inputs = set(), {}
    for entry, path in figures:
        record = read_provenance(path.with_suffix(".json"), results)
        graph += _entities(results, entry, path, record)
        if record:
            rules.add(record.rule)
            inputs |= {item.path: item.fingerprint for item in record.inputs if not item.path.endswith(" files")}
            inputs |= {name: "" for item in record.inputs for name in item.paths}
    graph += [{"@id": f"#rule-{rule}", "@type": "SoftwareApplication", "name": rule} for rule in sorted(rules)]
    graph += [
        {"@id": _id(results, name), "@type": "File", "name": name, **({"sha256": digest} if digest else {})}
        for name, digest in sorted(inputs.items())
    ]
    text = json.dumps({"@context": [CONTEXT, TERMS], "@graph": graph}, indent=1, ensure_ascii=False)
    output.write_text(text + "\n", encoding="utf-8")


def _id(results: Path, name: str) -> str:
    """Return an input's identifier: relative to the crate where it lies in it, else a fragment."""
    path = Path(name)
    return path.relative_to(results).as_posix() if path.is_relative_to(results) else f"#input-{name}"


def _entities(results: Path, entry: dict[str, Any], path: Path, record: Provenance | None) -> list[dict[str, Any]]:
    name = path.relative_to(results).as_posix()
    origins = ", ".join(record.origins) if record and record.origins else "not recorded"
    file = {
        "@id": name,
        "@type": "File",
        "name": _name(entry, path),
        "description": f"Made from: {origins}."
        + (
            f" Counterpart in the preprint's repository: {', '.join(entry['rebuilds'])}."
            if entry.get("rebuilds")
            else ""
        ),
        "encodingFormat": mimetypes.guess_type(path.name)[0],
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }
    action = {"@id": f"#draw-{entry['id']}-{path.stem}", "@type": "CreateAction", "result": {"@id": name}}
    if record:
        read = [name for item in record.inputs for name in (item.paths or (item.path,)) if not name.endswith(" files")]
        action |= {
            "name": f"{record.rule} {entry['id']} {path.stem}",
            "instrument": {"@id": f"#rule-{record.rule}"},
            "object": [{"@id": _id(results, name)} for name in dict.fromkeys(read)],
            "description": f"commit {record.commit or 'unknown'}",
        }
    return [file, action]


def write_codecheck(
    results: Path, registry: list[dict[str, Any]], runs: Mapping[str, Mapping[str, Any]], output: Path
) -> None:
    """Write a CODECHECK manifest: the files a checker would compare; who checks adds name, date and certificate.

    See ``write_crate`` for the arguments.
    """
    manifest = []
    for entry, path in list_figures(results, registry, runs):
        record = read_provenance(path.with_suffix(".json"), results)
        parts = [_name(entry, path)]
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
