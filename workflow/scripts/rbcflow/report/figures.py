"""Figures of the registry with pictures and provenance, (rule ``render_report``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rbcflow.core import names
from rbcflow.figures.registry import counterparts, place
from rbcflow.report.pictures import Animation, Picture, embed_animation, embed_still
from rbcflow.report.records import Provenance, read_provenance, slug


@dataclass(frozen=True)
class Figure:
    """An entry of the registry for one key; without ``picture`` it is a gap.

    Attributes:
        key: what it was drawn for: a source, variant, model, run or test set; empty for a figure drawn once.
        per: what the entry is drawn once for.
        path: the full-size file, relative to the results folder.
        vector: the same as SVG, empty where there is none.
        picture: what the page shows, for an animation its first frame.
        moving: the animation, for a GIF of several frames.
        shown: whether the page holds it; else it links the file.
        note: what this one shows, with its number; empty where nothing is known but the caption.
    """

    id: str
    key: str
    per: str
    section: str
    title: str
    caption: str
    rebuilds: str
    path: str
    vector: str
    picture: Picture | None
    moving: Animation | None
    provenance: Provenance | None
    shown: bool = True
    note: str = ""

    @property
    def of(self) -> str:
        """What it was drawn for, as a reader knows it."""
        return names.shown(self.key) if self.key else ""

    @property
    def player(self) -> str:
        """The page that plays an animation, beside this one."""
        return PurePosixPath(self.path).with_suffix(".html").as_posix() if self.moving else ""

    @property
    def anchor(self) -> str:
        """Fragment identifier of the figure on the page."""
        return "fig-" + slug(f"{self.id}-{self.key}")


def read_figures(
    results: Path, registry: list[dict[str, Any]], keys: dict[str, list[str]], runs: Mapping[str, Mapping[str, Any]]
) -> list[Figure]:
    """Return every figure of the registry in the registry's order; one that was not drawn has no picture.

    Args:
        results: the results folder.
        registry: entries of ``paper/figures.yaml``.
        keys: by ``per``, the keys a figure is drawn for.
        runs: rows of the table of runs by name.
    """
    return [_figure(results, entry, key, runs) for entry in registry for key in keys[entry["per"]]]


def _figure(results: Path, entry: dict[str, Any], key: str, runs: Mapping[str, Mapping[str, Any]]) -> Figure:
    path = place(results, str(entry["id"]), key, entry.get("format", "png"))
    drawn, vector = path.is_file(), path.with_suffix(".svg")
    embedded = drawn and entry.get("shown", True)
    animation = embed_animation(path) if embedded and path.suffix == ".gif" else None
    still = embed_still(path) if embedded and not animation else None
    return Figure(
        id=str(entry["id"]),
        key="" if entry["per"] == "none" else key,
        per=str(entry["per"]),
        section=str(entry["section"]),
        title=str(entry["title"]),
        caption=str(entry.get("caption") or ""),
        rebuilds=", ".join(counterparts(entry.get("rebuilds") or (), runs[key] if entry["per"] == "run" else None)),
        path=path.relative_to(results).as_posix(),
        vector=vector.relative_to(results).as_posix() if vector.is_file() else "",
        picture=animation.still if animation else still,
        moving=animation if animation and animation.frames > 1 else None,
        provenance=read_provenance(path.with_suffix(".json"), results),
        shown=bool(entry.get("shown", True)),
    )
