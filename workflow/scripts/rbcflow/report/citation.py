"""How to cite: the preprint, as its authors ask, and this software, from ``CITATION.cff`` (rule ``render_report``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rbcflow.core.yamlfile import read_yaml

TITLE = "Deep Learning Detection and Classification of Red Blood Cells: Towards a Universal Dataset"
AUTHORS = "Amrani, A., Caridi, I., Kaoui, B."
REPOSITORY = "https://github.com/4l3x4ndre/Detection-and-Classification-of-Red-Blood-Cells-under-flow"
"""The preprint's repository, read at the commit below."""
REPOSITORY_COMMIT = "67410beb"
DOI = "10.1101/2025.09.18.677048"

PREPRINT_BIBTEX = f"""@article{{Amrani2025.09.18.677048,
  author       = {{Amrani, A. and Caridi, I. and Kaoui, B.}},
  title        = {{{TITLE}}},
  journal      = {{bioRxiv}},
  year         = {{2025}},
  elocation-id = {{2025.09.18.677048}},
  publisher    = {{Cold Spring Harbor Laboratory}},
  doi          = {{{DOI}}}
}}"""


@dataclass(frozen=True)
class Published:
    """An item the preprint or its repository shows, and the id it has there."""

    id: str
    kind: str
    text: str


PUBLISHED = (
    Published("train13", "training", "random positions, overlaps allowed"),
    Published("train16", "training", "random positions, no overlap"),
    Published("train18", "training", "random positions, no overlap, two classes"),
    Published("train15", "training", "simulated microchannel, no overlap"),
    Published("val21", "validation", "train13 on Naples"),
    Published("val22", "validation", "train15 on Naples"),
    Published("val23", "validation", "train15 on Saarland frames"),
    Published("val25", "validation", "train13 on Saarland, one donor"),
    Published("val26", "validation", "train15 on Saarland, one donor"),
    Published("val27", "validation", "train15 on Saarland, all donors"),
    Published("val28", "validation", "train13 on Saarland, all donors"),
    Published("val29", "validation", "train16 on Saarland, all donors"),
    Published("val30", "validation", "train16 on Naples"),
    Published("val31", "validation", "train18 on Saarland, all donors"),
    Published("val32", "validation", "train18 on Naples"),
)
"""Trainings and validation runs in the preprint's repository, under the names they have there."""


@dataclass(frozen=True)
class Software:
    """This project as its citation file describes it."""

    title: str
    version: str
    licence: str
    bibtex: str
    repository: str = ""


def read_values(project: Path) -> dict[str, Any]:
    """Return what the preprint published as text, and what was read off its pictures (``paper/published.yaml``)."""
    path = project / "paper/published.yaml"
    return read_yaml(path) if path.is_file() else {}


def read_trainings(project: Path) -> dict[str, dict]:
    """Return what the preprint printed of its trainings, by the id it gave them."""
    return read_values(project).get("trainings") or {}


def read_software(project: Path) -> Software | None:
    """Return what ``CITATION.cff`` says, or None where there is none."""
    path = project / "CITATION.cff"
    if not path.is_file():
        return None
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    authors = " and ".join(
        author.get("name") or f"{author.get('family-names', '')}, {author.get('given-names', '')}"
        for author in data.get("authors", [])
    )
    fields = {
        "author": authors,
        "title": data.get("title"),
        "version": data.get("version"),
        "year": str(data.get("date-released") or "")[:4],
        "url": data.get("repository-code"),
        "doi": data.get("doi"),
        "license": data.get("license"),
    }
    lines = ",\n".join(f"  {key:<8}= {{{value}}}" for key, value in fields.items() if value)
    bibtex = f"@software{{rbcflow,\n{lines}\n}}"
    return Software(
        str(data.get("title", "")),
        str(data.get("version", "")),
        str(data.get("license", "")),
        bibtex,
        str(data.get("repository-code") or ""),
    )
