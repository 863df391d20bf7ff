"""The training labels of a dataset, each number against each (figure ``label_pairs``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from matplotlib.axes import Axes

from rbcflow.core.yolo import label_file, read_labels
from rbcflow.figures import style
from rbcflow.figures.datasets import image_list

NUMBERS = ("x", "y", "width", "height")
"""Numbers of a label line, as shares of the image."""

BINS = 50


def label_pairs(dataset: Path, output: Path) -> None:
    """Show place and size of the training boxes, each number alone and against each other, as Ultralytics does.

    Args:
        dataset: folder of the variant.
        output: PNG file.
    """
    values = _labels(dataset)
    names = yaml.safe_load((dataset / "data.yaml").read_text())["names"].values()
    note = style.note(
        style.label(dataset.name), style.made_from(dataset), f"n = {len(values)} training boxes",
        f"{', '.join(map(style.class_name, names))} together", "shares of the image's width and height",
    )  # fmt: skip
    with style.canvas(output, style.SHEET_MM, 112, note) as figure:
        grid = figure.subplots(4, 4)
        for (row, column), axes in np.ndenumerate(grid):
            if column > row:
                axes.set_axis_off()
            elif column == row:
                _alone(axes, values[:, row])
            else:
                counts, *_ = np.histogram2d(values[:, column], values[:, row], bins=BINS, range=[(0, 1), (0, 1)])
                axes.imshow(np.sqrt(counts.T), cmap="Blues", origin="lower", extent=(0, 1, 0, 1), aspect="auto")
                axes.set_yticks((0, 0.5, 1), ("0", "0.5", "1"))
            axes.set(xlim=(0, 1), xticks=(0, 0.5, 1), **({"yticks": ()} if column else {}))
            axes.set_xticklabels(("0", "0.5", "1") if row == 3 else ())
        for number, name in enumerate(NUMBERS):
            grid[3, number].set_xlabel(name)
            if number:
                grid[number, 0].set_ylabel(name)


def _alone(axes: Axes, values: np.ndarray) -> None:
    axes.hist(values, BINS, range=(0, 1), histtype="stepfilled", color=style.COLOURS["accent"])
    axes.set_yticks([])


def _labels(dataset: Path) -> np.ndarray:
    """Return (N, 4) place and size of the training boxes, relative to their images."""
    boxes = [read_labels(label_file(image)).boxes for image in image_list(dataset, "train")]
    return np.concatenate([np.zeros((0, 4)), *boxes])
