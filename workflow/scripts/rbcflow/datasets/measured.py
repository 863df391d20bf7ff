"""Sizes of boxes by class, as a variant is meant and as the preprint made it (rule ``measure_boxes``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.datasets.dataset import write_table
from rbcflow.datasets.image import compose
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Stock, load_stock

IMAGES = 16
"""Images composed of each variant in each way: some 50 boxes a class, a mean to about a pixel."""

SIDES = ("width", "height")
COLUMNS = ["variant", "way", "class", "boxes", *(f"{side}{what}" for side in SIDES for what in ("", "_least", "_most")),
           "wider", "placed"]  # fmt: skip


def write_sizes(
    ways: Mapping[str, Mapping[str, dict[str, Any]]], places: Mapping[str, tuple[list[Path], Path]], *, published:
    Mapping[str, Mapping[str, Any]], seed: int, output: Path,
) -> None:  # fmt: skip
    """Compose a few training images of each variant in each way and write the sizes of their boxes.

    Args:
        ways: parameters of the composer by variant and way.
        places: banks and splits by variant.
        published: what was read of the published labels, by variant and class: ``width`` and ``height``, each mean,
            least and most in pixels, and perhaps ``boxes``, their number, and ``wider``, the share wider than tall.
        seed: root seed of the workflow.
        output: CSV with the columns ``COLUMNS``, a row for each variant, way and class; ``placed`` is objects an image.
    """
    rows = [
        {"variant": variant, "way": "published sample", "class": name}
        | {key: own.get(key, "") for key in ("boxes", "wider")}
        | _spread({side: own[side] for side in SIDES})
        for variant, sample in published.items()
        for name, own in sample.items()
        if variant in ways
    ]
    for variant, way in ways.items():
        for name, parameters in way.items():
            spec = VariantSpec.from_dict({"name": variant, **parameters})
            stock = load_stock(spec, *places[variant], "train")
            rows += [{"variant": variant, "way": name, **row} for row in measure(spec, stock, seed).to_dict("records")]
    order = list(ways)
    rows.sort(key=lambda row: order.index(row["variant"]))
    write_table(output, [dict.fromkeys(COLUMNS, "") | row for row in rows])


def measure(spec: VariantSpec, stock: Stock, seed: int, images: int = IMAGES) -> pd.DataFrame:
    """Return sizes of the boxes of a variant's first training images in pixels, a row a class.

    Args:
        spec: the variant.
        stock: the cells of its training images.
        seed: root seed of the workflow.
        images: how many.
    """
    made = [compose(spec, "train", index, seed, stock) for index in range(images)]
    ids = np.concatenate([image.class_ids for image in made])
    boxes = np.concatenate([image.boxes for image in made])
    rows = []
    for number, name in enumerate(spec.classes):
        width, height = (boxes[ids == number, 2:] - boxes[ids == number, :2]).T
        if not len(width):
            continue
        spread = {side: [own.mean(), own.min(), own.max()] for side, own in zip(SIDES, (width, height), strict=True)}
        share = {"wider": round(float(np.mean(width > height)), 3), "placed": round(len(width) / images, 2)}
        rows.append({"class": name, "boxes": len(width), **_spread(spread), **share})
    return pd.DataFrame(rows, columns=COLUMNS[2:])


def _spread(sides: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the columns of mean, least and most of both sides."""
    return {
        f"{side}{what}": round(float(value), 1)
        for side, values in sides.items()
        for what, value in zip(("", "_least", "_most"), values, strict=True)
    }
