"""What a detector learned from: statistics of its labels and augmented images (stage figures)."""

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

from rbcflow.detector.setup import import_ultralytics
from rbcflow.figures import style
from rbcflow.runtime import origin

EXAMPLES = 6
"""Augmented images a row."""

AUGMENTED_FROM = 32
"""Training images that examples are made of; a mosaic takes four."""


def label_statistics(model_folder: Path, model_dataset: Path, output: Path) -> None:
    """Show classes, numbers, places and sizes of the boxes a model was trained on.

    Args:
        model_folder: folder with ``training.json``.
        model_dataset: the dataset's folder.
        output: PNG file.
    """
    classes = _classes(model_folder)
    boxes, images = _labels(model_dataset, len(classes))
    side = np.array(_size(model_dataset))
    note = _note(model_folder, model_dataset, f"{len(boxes)} boxes on {images} training images")
    with style.canvas(output, style.PAGE_MM, 48, note) as figure:
        counted, crowded, placed, sized = figure.subplots(1, 4)
        totals = [int((boxes[:, 1] == index).sum()) for index in range(len(classes))]
        counted.bar(classes, totals, color=[style.COLOURS[name] for name in classes])
        counted.set(title="boxes by class", ylabel="boxes")
        counted.tick_params(axis="x", labelrotation=20)
        per_image = np.bincount(boxes[:, 0].astype(int), minlength=images)
        values, times = np.unique(per_image, return_counts=True)
        crowded.bar(values, times, color="#333333", width=0.8)
        crowded.set(title="boxes an image", xlabel="boxes", ylabel="images")
        placed.hist2d(*(boxes[:, 2:4] * side).T, bins=24, range=[(0, side[0]), (0, side[1])], cmap="Greys")
        placed.set(title="centres", xlabel="x (px)", ylabel="y (px)", aspect="equal")
        placed.invert_yaxis()
        points = float(np.clip(3000 / max(len(boxes), 1), 1.5, 8))
        for index, name in enumerate(classes):
            own = boxes[boxes[:, 1] == index]
            sized.scatter(*(own[:, 4:] * side).T, s=points, color=style.COLOURS[name], alpha=0.5, linewidths=0)
        sized.set(title="box sizes", xlabel="width (px)", ylabel="height (px)", xlim=(0, None), ylim=(0, None))


def training_batches(model_folder: Path, model_dataset: Path, output: Path) -> None:
    """Show images as the network is trained on them: with mosaic, and without, as in the last epochs.

    Args:
        model_folder: folder with ``args.yaml`` and ``training.json``.
        model_dataset: the dataset's folder.
        output: PNG file.
    """
    classes = _classes(model_folder)
    arguments = yaml.safe_load((model_folder / "args.yaml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        rows = _augmented(Path(folder), model_dataset, classes, arguments)
    closed = arguments["close_mosaic"]
    titles = ("with mosaic", f"without, as in the last {closed} epochs" if closed else "without mosaic, not used")
    with style.canvas(output, style.PAGE_MM, 78, _note(model_folder, model_dataset)) as figure:
        panels = figure.subplots(2, EXAMPLES)
        for line, title, examples in zip(panels, titles, rows, strict=True):
            line[0].set_title(title)
            for axes, (image, found) in zip(line, examples, strict=True):
                _show(axes, image, found, classes)
        figure.legend(handles=style.class_handles(classes), loc="outside lower right", ncols=len(classes))


def _augmented(
    folder: Path, dataset: Path, classes: list[str], arguments: dict[str, Any]
) -> list[list[tuple[NDArray[np.uint8], NDArray[np.float64]]]]:
    """Return two rows of images with rows (class, x, y, w, h) of their boxes, relative to the image."""
    import_ultralytics(folder / "config")
    from ultralytics.cfg import get_cfg
    from ultralytics.data.build import build_yolo_dataset
    from ultralytics.utils.torch_utils import init_seeds

    from rbcflow.training.verify import subset
    from rbcflow.training.view import private_view

    data = subset(dataset / "data.yaml", folder / "data", {"train": AUGMENTED_FROM, "val": 1})
    view = private_view(data, folder / "view", classes)
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


def _labels(dataset: Path, classes: int) -> tuple[NDArray[np.float64], int]:
    """Return rows (image, class, x, y, w, h) of the training labels, relative to the image, and how many images."""
    listed = (dataset / "train.txt").read_text(encoding="utf-8").splitlines()
    rows = []
    for number, line in enumerate(listed):
        image = dataset / line
        text = (image.parent.with_name("labels") / f"{image.stem}.txt").read_text(encoding="utf-8")
        rows += [[number, *map(float, label.split())] for label in text.splitlines() if label.strip()]
    table = np.array(rows).reshape(-1, 6)
    return table[table[:, 1] < classes], len(listed)


def _size(dataset: Path) -> tuple[int, int]:
    """Return width and height of the first training image."""
    import cv2

    first = dataset / (dataset / "train.txt").read_text(encoding="utf-8").splitlines()[0]
    height, width = cv2.imread(str(first)).shape[:2]
    return width, height


def _classes(model_folder: Path) -> list[str]:
    return json.loads((model_folder / "training.json").read_text(encoding="utf-8"))["classes"]


def _name(model_folder: Path) -> str:
    return f"{model_folder.parent.name} {model_folder.name}"


def _note(model_folder: Path, dataset: Path, *more: str) -> str:
    """Say what a dataset's images are, and whether the model learned from them at all."""
    record = json.loads((model_folder / "training.json").read_text(encoding="utf-8"))
    adopted = "the checkpoint was not trained here" if origin.Basis.of_training(record).adopted else ""
    return style.note(_name(model_folder), *more, origin.made_from(style.folder_origins(dataset)), adopted)
