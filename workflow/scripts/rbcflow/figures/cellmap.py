"""A map of single cells: which look alike, by class and by laboratory (figure ``cell_map``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rbcflow.cells.bank import read_table
from rbcflow.figures import style, tsne
from rbcflow.figures.pictures import spread
from rbcflow.runtime import origin

WANTED = 24
"""Cells of a class and source on the map."""

SIDE = 20
"""Sides of the square a cell is brought to, in pixels."""

PERPLEXITY, STEPS = 20, 500

LOOKS = tuple(
    zip((colour for colour in style.GROUP_COLOURS if colour != style.COLOURS["all"]), style.MARKERS, strict=False)
)
"""Colours and signs of the laboratories; not black, which small points of dark blue are taken for."""


def cell_map(banks: list[Path], output: Path) -> None:
    """Show kept cells as points, close where they look alike: by class and by laboratory.

    Args:
        banks: folders with ``cells.csv`` and ``crops.npz``, one of each laboratory.
        output: PNG file.
    """
    tables, vectors, kept = zip(*[_chosen(bank) for bank in banks], strict=True) if banks else ([], [], [])
    stacked = np.concatenate(vectors) if vectors else np.empty((0, SIDE * SIDE), np.float32)
    points = tsne.points(stacked, PERPLEXITY, STEPS)
    if points is None:
        style.notice(output, f"There are not {tsne.LEAST} different cells for a map.")
        return
    cells = pd.concat(tables, ignore_index=True)
    note = style.note(
        f"t-SNE of {len(cells)} of {sum(kept)} kept cells",
        f"their grey values as {SIDE}×{SIDE} pixels inside the mask",
        "size, brightness and contrast taken out",
        f"perplexity {tsne.perplexity(len(cells), PERPLEXITY):.0f}, seed {tsne.SEED}",
        origin.text({word for bank in banks for word in style.folder_origins(bank)}),
    )
    classes = cells["class"].replace("", "unnamed")
    named = {name: (colour, "o") for name, colour in style.COLOURS.items() if name in set(classes)}
    sources = cells["source"].map(style.label)
    groups = {name: LOOKS[place % len(LOOKS)] for place, name in enumerate(sorted(set(sources)))}
    with style.canvas(output, style.SHEET_MM, 84, note) as figure:
        left, right = figure.subplots(1, 2)
        _points(left, points, classes, named, "by class")
        _points(right, points, sources, groups, "by laboratory")


def _chosen(bank: Path) -> tuple[pd.DataFrame, NDArray[np.float32], int]:
    """Return cells of a bank, evenly taken from those of each class, their vectors, and how many are kept in all."""
    table = read_table(bank)
    kept = table[table["kept"]]
    parts = [own.iloc[spread(len(own), WANTED)] for _, own in kept.groupby(["source", "class"])]
    chosen = pd.concat(parts) if parts else kept
    found = [_vector(*pair) for pair in arrays_of(bank, chosen["cell_id"])]
    return chosen[["source", "class"]], np.array(found, np.float32).reshape(-1, SIDE * SIDE), len(kept)


def arrays_of(bank: Path, cell_ids: Iterable[str]) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Return crop and mask of some kept cells; the bank's others stay on disk."""
    with np.load(bank / "crops.npz", allow_pickle=False) as stored:
        return [(stored[f"{key}.crop"], stored[f"{key}.mask"] > 0) for key in cell_ids]


def _vector(crop: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a cell as (SIDE * SIDE,) numbers: its long side fills the square; 0 outside, mean 0 and spread 1 in it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = mask[window]
    grey = crop[window].astype(np.float32)
    grey = np.where(inside, (grey - grey[inside].mean()) / max(float(grey[inside].std()), 1e-6), 0).astype(np.float32)
    height, width = (max(1, round(SIDE * side / max(inside.shape))) for side in inside.shape)
    square = np.zeros((SIDE, SIDE), np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[top : top + height, left : left + width] = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return square.ravel()


def _points(
    axes: Axes, points: NDArray[np.float32], groups: pd.Series, looks: dict[str, tuple[str, str]], title: str
) -> None:
    """Draw the points in a random order, so that no group lies on top; ``looks`` has colour and sign by group."""
    for place in np.random.default_rng(tsne.SEED).permutation(len(points)):
        colour, sign = looks[groups.iloc[place]]
        axes.plot(*points[place], sign, color=colour, markersize=2.8, markeredgewidth=0, alpha=0.85)
    axes.set(title=title, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for name, (colour, sign) in looks.items():
        text = f"{style.class_name(name)} ({(groups == name).sum()})"
        axes.scatter([], [], s=14, color=colour, marker=sign, label=text)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), handletextpad=0.2, handlelength=1, ncols=2)
