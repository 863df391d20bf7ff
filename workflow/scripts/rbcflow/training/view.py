"""A private view of a dataset: what the rule ``train_model`` trains from, so that the dataset itself is only read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rbcflow.classes import CLASSES
from rbcflow.errors import InputError


def private_view(data_yaml: Path, view: Path, classes: Sequence[str] | None = None) -> dict[str, Any]:
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
        InputError: a class is unknown, a list is empty, an image or its label file is missing.
    """
    description = yaml.safe_load(data_yaml.read_text(encoding="utf-8"))
    names = description["names"]
    names = dict(names) if isinstance(names, dict) else dict(enumerate(names))
    unknown = sorted(set(names.values()) - set(CLASSES))
    if unknown:
        raise InputError(data_yaml, f"classes {', '.join(unknown)}", f"classes among {', '.join(CLASSES)}", "names")
    root, kept = data_yaml.parent.resolve(), len(classes or names)
    lists = {split: _link_split(root / description[split], root, view / split) for split in ("train", "val")}
    if kept < len(names):
        for link in sorted(view.glob("*/*/labels")):
            _copy_labels(link, {str(index) for index in range(kept, len(names))})
    names = dict(enumerate(classes)) if classes else names
    return {**lists, "nc": len(names), "names": names, "channels": 3, "path": view}


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
    images = [root / line for line in listing.read_text(encoding="utf-8").split("\n") if line]
    if not images:
        raise InputError(listing, "no images", "one path a line")
    for image in images:
        for file in (image, image.parent.with_name("labels") / f"{image.stem}.txt"):
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
