"""A linked copy of a dataset: what the rule ``train_model`` trains from, so that the dataset itself is only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.core.images import png_size
from rbcflow.core.yolo import label_file, read_labels
from rbcflow.detector import looks
from rbcflow.detector.sizes import long_side, resized
from rbcflow.sources.image import read_rgb


def linked_dataset(data_yaml: Path, view: Path, classes: Sequence[str] | None = None) -> dict[str, Any]:
    """Lay out a dataset for Ultralytics in a folder of its own.

    Ultralytics keeps a cache of the labels beside them, keyed on names and sizes alone. Here it ends up in the view.

    Args:
        data_yaml: the dataset's ``data.yaml``; image lists are taken relative to its folder.
        view: empty folder to fill: a link to every folder of images and labels, and the image lists.
        classes: names of the detector's outputs, the first of CLASSES; None takes the dataset's. Labels of other
            classes are left out, so that these objects are background; the folders of labels are then copies.

    Returns:
        What Ultralytics' trainers use: ``train`` and ``val`` (image lists), ``nc``, ``names``, ``channels``, ``path``.

    Raises:
        InputError: the description is broken or names other classes, a list is absent or empty or leads out of the
            dataset, an image or its label file is missing.
    """
    description = read_description(data_yaml)
    names = description["names"]
    root, kept = data_yaml.parent.resolve(), len(classes or names)
    lists = {split: _link_split(root / description[split], root, view / split) for split in ("train", "val")}
    if kept < len(names):
        for link in sorted(view.glob("*/*/labels")):
            _copy_labels(link, {str(index) for index in range(kept, len(names))})
    names = dict(enumerate(classes)) if classes else names
    return {**lists, "nc": len(names), "names": names, "channels": 3, "path": view}


def read_description(data_yaml: Path) -> dict[str, Any]:
    """Return a dataset's ``data.yaml``: ``train``, ``val`` (image lists) and ``names``, class names by id.

    Raises:
        InputError: no YAML, a key is missing, or the names are not the first of CLASSES in their order.
    """
    if not data_yaml.is_file():
        raise InputError(data_yaml, "no such file", "the description of a dataset")
    try:
        description = yaml.safe_load(data_yaml.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(data_yaml, f"no YAML ({' '.join(str(error).split())})", "a dataset's description") from error
    keys = ("train", "val", "names")
    if not isinstance(description, dict) or any(not description.get(key) for key in keys):
        raise InputError(data_yaml, f"{description!r:.80}", f"a mapping with {', '.join(keys)}")
    names = description["names"]
    named = names if isinstance(names, dict) else dict(enumerate(names)) if isinstance(names, list) else {}
    if named != dict(enumerate(CLASSES[: len(named)])) or not named:
        strangers = [str(name) for name in named.values() if name not in CLASSES]
        found = ", ".join(strangers or map(str, named.values())) or repr(names)
        raise InputError(data_yaml, f"classes {found}", f"the first of {', '.join(CLASSES)}, counted from 0", "names")
    return description | {"names": named}


def _copy_labels(link: Path, left_out: set[str]) -> None:
    """Replace a link to a folder of labels by a copy without the lines of some class ids."""
    source = link.resolve()
    link.unlink()
    link.mkdir()
    for file in sorted(source.glob("*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.partition(" ")[0] not in left_out]
        (link / file.name).write_text("".join(kept), encoding="utf-8")


def _link_split(listing: Path, root: Path, target: Path) -> str:
    """Link the folders an image list refers to, write the list of the linked images and return its path."""
    if not listing.is_file():
        raise InputError(listing, "no such file", "a list of images, one path a line")
    lines = [line for line in listing.read_text(encoding="utf-8").split("\n") if line]
    for number, line in enumerate(lines, start=1):
        if ".." in Path(line).parts:
            raise InputError(listing, line, "a path that does not leave the dataset", f"line {number}")
    images = [root / line for line in lines]
    if not images:
        raise InputError(listing, "no images", "one path a line")
    for image in images:
        for file in (image, label_file(image)):
            if not file.is_file():
                raise InputError(listing, f"no file {file.relative_to(root)}", "an image and a label file a line")
    links: dict[Path, Path] = {}
    for folder in sorted({image.parent for image in images}):
        link = target / f"{len(links):05d}"
        link.mkdir(parents=True)
        (link / "images").symlink_to(folder)
        (link / "labels").symlink_to(folder.with_name("labels"))
        links[folder] = link / "images"
    linked = target.with_suffix(".txt")
    linked.write_text("".join(f"{links[image.parent] / image.name}\n" for image in images), encoding="utf-8")
    return str(linked)


def label_sizes(listing: Path, imgsz: int) -> dict[str, float] | None:
    """Return how large the cells of a linked dataset's training images are, None where no image has a label.

    Args:
        listing: image list of the view.
        imgsz: longer side a training was asked for; the network sees it rounded up, as the library does.

    Returns:
        ``n`` labels; the medians of the square root of a box's area: ``side_px`` in pixels of the image and
        ``side_seen_px`` in pixels of the network's input, before augmentation; ``low_seen_px`` and ``high_seen_px``,
        between which are nine of ten.
    """
    own, seen = [], []
    for line in listing.read_text(encoding="utf-8").splitlines():
        image = Path(line)
        size = png_size(image)
        for width, height in read_labels(label_file(image)).boxes[:, 2:] * size:
            own.append((width * height) ** 0.5)
            seen.append(own[-1] * long_side("trained", imgsz) / max(size))
    if not own:
        return None
    found = dict(
        zip(("low_seen_px", "side_seen_px", "high_seen_px"), np.quantile(seen, [0.05, 0.5, 0.95]), strict=True)
    )
    found = {"side_px": np.median(own)} | found
    return {"n": len(own), **{name: round(float(side), 2) for name, side in found.items()}}


LOOKED_AT = 200
"""Training images whose looks are measured."""


def image_looks(listing: Path, imgsz: int) -> dict[str, Any] | None:
    """Return how a linked dataset's training images look, for ``looks.Reference``; None where too few have labels.

    Args:
        listing: image list of the view.
        imgsz: longer side a training was asked for; images are measured as the network sees them, turned grey.
    """
    images = [Path(line) for line in listing.read_text(encoding="utf-8").splitlines()]
    chosen = np.unique(np.linspace(0, len(images) - 1, LOOKED_AT).round().astype(int))
    measured = [found for place in chosen if (found := _look(images[place], imgsz))]
    found = looks.reference(measured)
    return asdict(found) if found else None


def _look(path: Path, imgsz: int) -> dict[str, float] | None:
    """Return how one training image looks."""
    image = to_grey(read_rgb(path))
    height, width = image.shape
    factor = long_side("trained", imgsz) / max(width, height)
    size = round(width * factor), round(height * factor)
    boxes = read_labels(label_file(path)).boxes
    corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
    return looks.look(resized(image, size), corners * np.array(size * 2))
