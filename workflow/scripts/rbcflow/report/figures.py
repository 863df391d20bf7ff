"""Figures of the registry with pictures and provenance, embedded within the page's size (rule ``render_report``)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.report.pictures import Animation, Picture, embed_animation, embed_still
from rbcflow.report.records import Provenance, read_provenance, slug

PAGE_BYTES = 6_500_000
"""Bytes all pictures are meant to take before base64, which adds a third; the smallest animations may exceed it."""

THREADS = 2
"""Pictures encoded at once; Pillow lets go of the interpreter's lock meanwhile."""

SMALLEST_SHARE = 100_000
"""Bytes every animation may take, however many there are."""


@dataclass(frozen=True)
class Figure:
    """An entry of the registry for one key; without ``picture`` it is a gap.

    Attributes:
        key: what it was drawn for: a source, variant, model, run or test set; empty for a figure drawn once.
        per: what the entry is drawn once for.
        path: the full-size file, relative to the results folder.
        picture: what the page shows, for an animation its first frame.
        moving: the animation, for a GIF.
    """

    id: str
    key: str
    per: str
    section: str
    title: str
    caption: str
    rebuilds: str
    path: str
    picture: Picture | None
    moving: Animation | None
    provenance: Provenance | None

    @property
    def anchor(self) -> str:
        """Fragment identifier of the figure on the page."""
        return "fig-" + slug(f"{self.id}-{self.key}")


def _file(results: Path, entry: dict[str, Any], key: str) -> Path:
    """Return where the figure rule writes an entry's figure of a key."""
    kind = entry.get("format", "png")
    return results / ("gifs" if kind == "gif" else "figures") / str(entry["id"]) / f"{key}.{kind}"


def read_figures(results: Path, registry: list[dict[str, Any]], keys: dict[str, list[str]]) -> list[Figure]:
    """Return every figure of the registry, embedded, in the registry's order.

    Args:
        results: the results folder.
        registry: entries of ``paper/figures.yaml``.
        keys: by ``per``, the keys a figure is drawn for.
    """
    planned = [(entry, key, _file(results, entry, key)) for entry in registry for key in keys[entry["per"]]]
    drawn = [path for _, _, path in planned if path.suffix == ".png" and path.is_file()]
    with ThreadPoolExecutor(THREADS) as pool:
        stills = dict(zip(drawn, pool.map(embed_still, drawn), strict=True))
    gifs = [path for _, _, path in planned if path.suffix == ".gif" and path.is_file()]
    left = PAGE_BYTES - sum(len(still.uri) * 3 // 4 for still in stills.values())
    share = max(SMALLEST_SHARE, left // max(1, len(gifs)))
    with ThreadPoolExecutor(THREADS) as pool:
        moving = dict(zip(gifs, pool.map(lambda path: embed_animation(path, share), gifs), strict=True))
    return [_figure(results, entry, key, path, stills.get(path), moving.get(path)) for entry, key, path in planned]


def _figure(
    results: Path, entry: dict[str, Any], key: str, path: Path, still: Picture | None, moving: Animation | None
) -> Figure:
    return Figure(
        id=str(entry["id"]),
        key="" if entry["per"] == "none" else key,
        per=str(entry["per"]),
        section=str(entry["section"]),
        title=str(entry["title"]),
        caption=str(entry.get("caption") or ""),
        rebuilds=str(entry.get("rebuilds") or ""),
        path=path.relative_to(results).as_posix(),
        picture=moving.still if moving else still,
        moving=moving,
        provenance=read_provenance(path.with_suffix(".json"), results),
    )
