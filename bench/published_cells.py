"""How well cells are cut again out of composed images, and how many copies of one cell are found.

``PYTHONPATH=workflow/scripts python bench/published_cells.py --json results/bench/published_cells.json``, or
`make bench`. Images are composed from the banks of a finished run as the preprint did it (``config/preprint.yaml``), so
that every mask, and which cell was pasted where, is known. Takes a finished default run in ``results/``. Correlations
are chosen on images of cells of train and measured on images of cells of val and test, of other recordings; with
``known`` the true blending weight stands in for the one that follows from the mask.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.alike import ALIKE, Look, copies, likeness, look_of
from rbcflow.cells.methods import rim
from rbcflow.core.classes import CLASSES
from rbcflow.core.frames import Frame
from rbcflow.core.yamlfile import read_yaml
from rbcflow.datasets import image
from rbcflow.datasets.paste import _covered
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Stock, load_stock

VARIANT = "random_nosuperposition"
BANKS = ("nouaman2024", "kihm2018_contrast", "liang2024_contrast")
SIDES = {"chosen on": ("train",), "measured on": ("val", "test")}
PRECISIONS = (0.95, 0.9, 0.8, 0.5)
Known = tuple[rim.Labelled, list[NDArray[np.float32]], list[str], str]
"""An image with its boxes, true blending weights, pasted cells, and its noise."""


@dataclass
class Cut:
    """Cells cut again: a row each, and the looks of those that are kept, as found and by their true weight."""

    rows: list[tuple] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    known: list[Look] = field(default_factory=list)

    @property
    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=["image", "class", "cell", "noise", "reason", "iou"])


def known_images(spec: VariantSpec, stock: Stock, count: int) -> Iterator[Known]:
    """Yield composed images of train with what was pasted."""
    weights: list[NDArray[np.float32]] = []

    def spy(canvas, patch, corner, *others):
        blank = np.zeros_like(canvas)
        window, _, weight, _ = _covered(blank, patch, corner, spec)
        window[:] = weight
        weights.append(blank)
        return pasted(canvas, patch, corner, *others)

    pasted = image.paste
    with mock.patch.object(image, "paste", spy):
        for index in range(count):
            weights.clear()
            made = image.compose(spec, "train", index, 0, stock)
            width, height = spec.final_size
            shape = (height, spec.downscale, width, spec.downscale)
            true = [one.reshape(shape).mean((1, 3)) for one in weights]
            frame = Frame(made.image, "composed", "", "train", index)
            labelled = rim.Labelled(frame, made.boxes.astype(int), tuple(CLASSES[one] for one in made.class_ids))
            yield labelled, true, made.record["cells"].split(), str(made.record["noise"])


def cut_again(spec: VariantSpec, stock: Stock, count: int) -> Cut:
    """Cut the parachutes and slippers of quiet composed images again."""
    cut = Cut()
    for labelled, true, names, noise in known_images(spec, stock, count):
        if rim.noisy(labelled.frame.image):
            continue
        cells = [number for number, name in enumerate(labelled.names) if name != "other"]
        with mock.patch.object(rim, "look_of", lambda *given: given):
            found = rim.objects(labelled)
        for number, (one, given) in zip(cells, found, strict=True):
            mask = true[number] > spec.box_alpha
            iou = np.count_nonzero(one.mask & mask) / max(np.count_nonzero(one.mask | mask), 1)
            cut.rows.append((labelled.frame.index, labelled.names[number], names[number], noise, one.reason, iou))
            if given is not None:
                cut.looks.append(look_of(*given))
                cut.known.append(look_of(*given, true[number][rim._window(labelled.boxes[number], 1 + rim.RIM)]))
    return cut


@dataclass(frozen=True)
class Pairs:
    """All pairs of cells of a class: their correlations, which are copies, and which are of images without noise."""

    alike: NDArray[np.float32]
    same: NDArray[np.bool_]
    clean: NDArray[np.bool_]

    @classmethod
    def of(cls, looks: Sequence[Look], kept: pd.DataFrame) -> Pairs:
        cells, clean = kept["cell"].to_numpy(), (kept["noise"] == "none").to_numpy()
        upper = np.triu_indices(len(cells), 1)
        alike, same = likeness(looks)[upper], (cells[:, None] == cells)[upper]
        return cls(alike, same, (clean[:, None] & clean)[upper])

    def least(self, precision: float) -> float | None:
        """Return the lowest correlation above which at least this share of pairs are copies."""
        order = np.argsort(-self.alike)
        share = np.cumsum(self.same[order]) / np.arange(1, len(order) + 1)
        enough = np.flatnonzero(share >= precision)
        return float(self.alike[order][enough[-1]]) if len(enough) else None

    def scores(self, limit: float) -> dict:
        """Return pairs, precision and recall of a threshold."""
        above = self.alike >= limit
        told = {"called": int(above.sum()), "pairs": int(self.same.sum()), "recall": float(above[self.same].mean())}
        return told | {"precision": float(self.same[above].mean()) if above.any() else None}

    def spread(self) -> dict:
        """Return correlations of copies (tenths and median) and of different cells, in images without noise."""
        own = self.clean & (self.alike > -1)
        copies_, others = self.alike[own & self.same], self.alike[own & ~self.same]
        told = {f"copies_{int(100 * q)}": float(np.quantile(copies_, q)) for q in (0.1, 0.5, 0.9)}
        return told | {f"others_{100 * q:g}": float(np.quantile(others, q)) for q in (0.5, 0.99, 0.999)}


def masks(cut: Cut) -> list[dict]:
    """Return a row a class: cells, those kept, and the overlap of their masks with the true ones."""
    found = []
    for name, own in cut.table.groupby("class"):
        iou = own.loc[own["reason"] == "", "iou"]
        quantiles = {f"iou_{int(100 * q)}": iou.quantile(q) for q in (0.1, 0.5, 0.9)}
        found.append({"class": name, "cells": len(own), "kept": len(iou), **quantiles})
    return found


def left(looks: Sequence[Look], kept: pd.DataFrame, limits: dict[str, float]) -> dict:
    """Return how many cells are left when copies are, and how many different ones before and after."""
    found = copies(looks, limits)
    return {"kept": len(kept), "different": kept["cell"].nunique(), "left": int((~found).sum()),
            "different_left": kept.loc[~found, "cell"].nunique()}  # fmt: skip


def measured(cuts: dict[str, Cut]) -> dict[str, list[dict]]:
    """Return tables of masks, of correlations, and of thresholds chosen on the one and measured on the other side."""
    tables = {"masks": [{"side": side} | row for side, cut in cuts.items() for row in masks(cut)], "spread": []}
    tables["thresholds"] = []
    for way in ("looks", "known"):
        for name, now in ALIKE.items():
            pairs, kept, looks = [], [], []
            for cut in cuts.values():
                table = cut.table.query("reason == ''").reset_index(drop=True)
                own = table.index[table["class"] == name]
                kept.append(table.loc[own].reset_index(drop=True))
                looks.append([getattr(cut, way)[number] for number in own])
                pairs.append(Pairs.of(looks[-1], kept[-1]))
            tables["spread"] += [{"weight": way, "class": name, "side": side} | one.spread()
                                 for side, one in zip(cuts, pairs, strict=True)]  # fmt: skip
            for wanted in (*PRECISIONS, None):
                limit = now if wanted is None else pairs[0].least(wanted)
                if limit is not None:
                    row = {"weight": way, "class": name, "wanted": wanted or "as set", "least": limit}
                    row |= {"chosen_recall": pairs[0].scores(limit)["recall"]} | pairs[1].scores(limit)
                    tables["thresholds"].append(row | left(looks[1], kept[1], {name: limit}))
    return tables


def stock_of(spec: VariantSpec, results: Path, splits: Path, sides: Sequence[str]) -> Stock:
    """Return the cells of some splits."""
    loaded = [load_stock(spec, [results / "cells" / bank for bank in BANKS], splits, side) for side in sides]
    return {name: [cell for one in loaded for cell in one[name]] for name in loaded[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    splits = given.results / f"splits/grouped/{'+'.join(BANKS)}.csv"
    if not splits.is_file():
        print(f"{splits} is not there: make the default run first")
        return
    compose = read_yaml(Path("config/preprint.yaml"))["variants"][VARIANT]["compose"]
    spec = VariantSpec.from_dict({"name": VARIANT, **compose})
    cuts = {side: cut_again(spec, stock_of(spec, given.results, splits, own), given.images)
            for side, own in SIDES.items()}  # fmt: skip
    tables = measured(cuts)
    for name, rows in tables.items():
        print(f"{name}\n{pd.DataFrame(rows).round(3).to_string(index=False)}")
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(tables, indent=1) + "\n")


if __name__ == "__main__":
    main()
