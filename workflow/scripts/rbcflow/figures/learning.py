"""What a detector learned from: augmented images (stage figures)."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from rbcflow.core.classes import CELL
from rbcflow.detector.setup import import_ultralytics
from rbcflow.figures import style
from rbcflow.runtime import origin

EXAMPLES = 6
"""Augmented images a row."""

AUGMENTED_FROM = 32
"""Training images that examples are made of; a mosaic takes four."""


def training_batches(model_folder: Path, model_dataset: Path, output: Path) -> None:
    """Show images as the network is trained on them: with mosaic, and without, as in the last epochs.

    Args:
        model_folder: folder with ``args.yaml`` and ``training.json``.
        model_dataset: the dataset's folder.
        output: PNG file.
    """
    classes = _classes(model_folder)
    arguments = yaml.safe_load((model_folder / "args.yaml").read_text(encoding="utf-8"))
    if classes == [CELL] or not {"imgsz", "close_mosaic"} <= set(arguments):
        style.notice(output, "The checkpoint was not trained here, and does not say how it was shown images.")
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = _augmented(Path(folder), model_dataset, classes, arguments)
    closed = arguments["close_mosaic"]
    titles = ("with mosaic", f"without, as in the last {closed} epochs" if closed else "without mosaic, not used")
    with style.canvas(output, style.SHEET_MM, 64, _note(model_folder, model_dataset)) as figure:
        for line, title, examples in zip(figure.subfigures(2, 1), titles, rows, strict=True):
            line.suptitle(title, x=0.005, ha="left", fontsize=8, weight="bold")
            for axes, (image, found) in zip(line.subplots(1, EXAMPLES), examples, strict=True):
                _show(axes, image, found, classes)
        figure.legend(handles=style.class_handles(classes), loc="outside lower right", ncols=len(classes))


def _augmented(
    folder: Path, dataset: Path, classes: list[str], arguments: dict[str, Any]
) -> list[list[tuple[NDArray[np.uint8], NDArray[np.float64]]]]:
    """Return two rows of images with rows (class, x, y, w, h) of their boxes, relative to the image."""
    import_ultralytics(folder / "config")
    from rbcflow.detector.internals import build_yolo_dataset, get_cfg, init_seeds
    from rbcflow.training.linked_dataset import linked_dataset
    from rbcflow.training.verify import subset

    data = subset(dataset / "data.yaml", folder / "data", {"train": AUGMENTED_FROM, "val": 1})
    view = linked_dataset(data, folder / "view", classes)
    settings = {key: value for key, value in arguments.items() if value is not None}
    # The library rounds the size up to the network's stride before it builds its data.
    size = -(-settings["imgsz"] // 32) * 32
    chosen = get_cfg(overrides=settings | {"imgsz": size, "cache": "ram", "task": "detect", "mode": "train"})
    init_seeds(0)
    with contextlib.redirect_stdout(io.StringIO()):
        images = build_yolo_dataset(chosen, view["train"], EXAMPLES, view, mode="train")
    rows = []
    for closing in (False, True):
        if closing:
            images.close_mosaic(chosen)
        picked = [images[index % len(images)] for index in range(EXAMPLES)]
        rows.append(
            [
                (one["img"].numpy().transpose(1, 2, 0), np.hstack([one["cls"].numpy(), one["bboxes"].numpy()]))
                for one in picked
            ]
        )
    return rows


def _show(axes: Axes, image: NDArray[np.uint8], boxes: NDArray[np.float64], classes: list[str]) -> None:
    height, width = image.shape[:2]
    axes.imshow(image)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for kind, x, y, w, h in boxes:
        corner = ((x - w / 2) * width - 0.5, (y - h / 2) * height - 0.5)
        colour = style.COLOURS[classes[int(kind)]]
        axes.add_patch(Rectangle(corner, w * width, h * height, fill=False, edgecolor=colour, linewidth=0.8))


def _classes(model_folder: Path) -> list[str]:
    return json.loads((model_folder / "training.json").read_text(encoding="utf-8"))["classes"]


def _name(model_folder: Path) -> str:
    return style.note(style.label(model_folder.parent.name), model_folder.name.replace("-", " "))


def _note(model_folder: Path, dataset: Path, *more: str) -> str:
    """Say what a dataset's images are, and whether the model learned from them at all."""
    record = json.loads((model_folder / "training.json").read_text(encoding="utf-8"))
    adopted = "the checkpoint was not trained here" if origin.Basis.of_training(record).adopted else ""
    return style.note(_name(model_folder), *more, style.made_from(dataset), adopted)
