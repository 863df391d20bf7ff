"""Every figure of the registry at the size the page shows it: no small text, none on text or a line, none cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import legible
from figure_tree import write_tree
from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.config.settings import Settings
from rbcflow.figures import style
from rbcflow.figures.drawings import draw
from rbcflow.figures.registry import read_registry

PICTURES = ("front_frame", "class_examples")
"""Figures that are frames or cells without text."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        return load({})


@pytest.fixture(scope="module")
def tree(tmp_path_factory, settings) -> dict[str, Any]:
    return write_tree(tmp_path_factory.mktemp("tree"), settings)


ENTRIES = [entry for entry in read_registry(PROJECT / "paper/figures.yaml") if entry.format == "png"]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_every_figure_can_be_read(tmp_path, tree, settings, entry, monkeypatch):
    monkeypatch.setattr("rbcflow.figures.maps._embed", _points)
    monkeypatch.setattr("rbcflow.figures.tsne.points", lambda vectors, *_: _points(list(vectors), {})[1])
    monkeypatch.setattr("rbcflow.figures.learning._augmented", _augmented)
    options: dict[str, Any] = {}
    if entry.draws in ("image_map", "domain_map"):
        options = {"network": {"network": "starter", "path": "starter.pt", "sha256": ""}}
    if entry.draws == "published_matrices":
        options = {"table": [row.model_dump() for row in settings.runs.values()]}
    found: dict[str, list[str]] = {}
    with legible.evaluated(found):
        inputs = {name: tree[name] for name in entry.inputs}
        draw(
            entry.draws,
            inputs,
            tmp_path / entry.id / "key.png",
            labels=settings.labels,
            pixels_um=settings.pixels_um,
            **options,
        )
    assert found == ({} if entry.id in PICTURES else {f"{entry.id}/key": []})


def _points(images: list, _: dict) -> tuple[np.ndarray, np.ndarray, str]:
    """Stand in for a network's features and their t-SNE, which take seconds."""
    rng = np.random.default_rng(0)
    text = style.note("t-SNE of 480 images, 2048 features of resnet50", "perplexity 30, seed 42")
    return rng.normal(size=(len(images), 8)), rng.normal(size=(len(images), 2)), text


def _augmented(*_: object) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    return [[(np.zeros((96, 96, 3), np.uint8), np.array([[0, 0.5, 0.5, 0.2, 0.2]]))] * 6] * 2


def _text(figure: Figure, x: float, y: float, text: str, size: float = 8) -> None:
    figure.axes[0].text(x, y, text, fontsize=size)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda figure: [_text(figure, x, 0.5, f"at {x}") for x in (0.1, 0.12)], "'at 0.1' lies on 'at 0.12'"),
        (lambda figure: _text(figure, 0.9, 0.5, "a long remark"), "'a long remark' leaves its axes"),
        (lambda figure: figure.text(0.9, 0.02, "a very long remark"), "leaves the figure"),
        (lambda figure: _text(figure, 0.1, 0.5, "tiny", 4), "'tiny' has 4.0 px on a page of 390 px"),
        (lambda figure: _text(figure, 0.45, 0.5, "remark"), "'remark' lies on a line"),
        (lambda figure: figure.text(0.4, 0.5, "stray words"), "'stray words' lies in the axes 'plot'"),
        (lambda figure: _text(figure, 0.1, 0.8, "croissant 5"), "'croissant 5' says croissant"),
        (lambda figure: _text(figure, 0.1, 0.8, "fine"), None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path, change: Callable[[Figure], None], fault: str | None):
    found: dict[str, list[str]] = {}
    with legible.evaluated(found), style.canvas(tmp_path / "plot.png", style.SHEET_MM, 60) as figure:
        axes = figure.subplots()
        axes.plot([0.5, 0.5], [0, 0.7])
        axes.set(title="plot", xlim=(0, 1), ylim=(0, 1))
        change(figure)
    (faults,) = found.values()
    assert any(fault in one for one in faults) if fault else faults == []
