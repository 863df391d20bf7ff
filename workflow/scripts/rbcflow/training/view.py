"""A private view of a dataset: what the rule ``train_model`` trains from, so that the dataset itself is only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rbcflow.classes import CLASSES
from rbcflow.errors import InputError


def private_view(data_yaml: Path, view: Path) -> dict[str, Any]:
    """Lay out a dataset for Ultralytics in a folder of its own.

    Ultralytics keeps a cache of the labels beside them, keyed on names and sizes alone. Here it ends up in the view.

    Args:
        data_yaml: the dataset's ``data.yaml``; image lists are taken relative to its folder.
        view: empty folder to fill: a link to every folder of images and labels, and the image lists.

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
    root = data_yaml.parent.resolve()
    lists = {split: _link_split(root / description[split], root, view / split) for split in ("train", "val")}
    return {**lists, "nc": len(names), "names": names, "channels": 3, "path": view}


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
