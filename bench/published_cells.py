"""How well cells are cut again out of composed images, and how many copies of one cell are found.

``PYTHONPATH=workflow/scripts python bench/published_cells.py --json results/bench/published_cells.json``, or
`make bench`. Images are composed from the banks of a finished run as the preprint did it (``config/preprint.yaml``), so
that every mask, and which cell was pasted where, is known. Takes a finished default run in ``results/``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.alike import ALIKE, Look, copies, likeness
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
Known = tuple[rim.Labelled, list[NDArray[np.bool_]], list[str], str]
"""An image with its boxes, true masks, pasted cells, and its noise."""


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
            masks = [one.reshape(shape).mean((1, 3)) > spec.box_alpha for one in weights]
            frame = Frame(made.image, "composed", "", "train", index)
            labelled = rim.Labelled(frame, made.boxes.astype(int), tuple(CLASSES[one] for one in made.class_ids))
            yield labelled, masks, made.record["cells"].split(), str(made.record["noise"])


def cut_again(spec: VariantSpec, stock: Stock, count: int) -> tuple[pd.DataFrame, list[Look]]:
    """Return a row a parachute or slipper of quiet images, and the looks of those that are kept."""
    rows, looks = [], []
    for labelled, masks, names, noise in known_images(spec, stock, count):
        if rim.noisy(labelled.frame.image):
            continue
        cells = [number for number, name in enumerate(labelled.names) if name != "other"]
        for number, (found, look) in zip(cells, rim.objects(labelled), strict=True):
            union = np.count_nonzero(found.mask | masks[number])
            iou = np.count_nonzero(found.mask & masks[number]) / max(union, 1)
            rows.append((labelled.frame.index, labelled.names[number], names[number], noise, found.reason, iou))
            looks += [look] if look is not None else []
    return pd.DataFrame(rows, columns=["image", "class", "cell", "noise", "reason", "iou"]), looks


def scores(table: pd.DataFrame, looks: list[Look]) -> list[dict]:
    """Return masks' overlap, and precision and recall of pairs of copies at the thresholds, a row a class."""
    kept, rows = table[table["reason"] == ""].reset_index(drop=True), []
    for name, limit in ALIKE.items():
        own = kept.index[kept["class"] == name]
        iou, cells = kept.loc[own, "iou"], kept.loc[own, "cell"].to_numpy()
        alike = likeness([looks[number] for number in own])
        upper = np.triu_indices(len(own), 1)
        same, likely = (cells[:, None] == cells)[upper], alike[upper] >= limit
        left = cells[~copies([looks[number] for number in own])]
        rows.append({
            "class": name, "cells": int((table["class"] == name).sum()), "kept": len(own),
            "iou_median": iou.median(), "iou_10": iou.quantile(0.1), "iou_90": iou.quantile(0.9),
            "least": limit, "pairs": int(same.sum()),
            "precision": float(same[likely].mean()) if likely.any() else None, "recall": float(likely[same].mean()),
            "different": len(set(cells)), "left": len(left), "different_left": len(set(left)),
        })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    splits = given.results / f"splits/grouped/{'+'.join(BANKS)}.csv"
    if not splits.is_file():
        print(f"{splits} is not there: make the default run first")
        return
    compose = read_yaml(Path("config/preprint.yaml"))["variants"][VARIANT]["compose"]
    spec = VariantSpec.from_dict({"name": VARIANT, **compose})
    stock = load_stock(spec, [given.results / "cells" / bank for bank in BANKS], splits, "train")
    rows = scores(*cut_again(spec, stock, given.images))
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
