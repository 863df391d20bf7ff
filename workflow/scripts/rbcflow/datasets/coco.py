"""A dataset's labels as COCO JSON, for tools that do not read YOLO's files (rule ``collect_dataset``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rbcflow.core.images import png_size
from rbcflow.core.yolo import label_file, read_labels


def write_coco(images: list[Path], names: dict[int, str], file: Path) -> None:
    """Write the labels of images as one COCO file.

    Category ids are the class ids of the label files; boxes are ``x y w h`` in pixels; file names are relative to the
    folder above the JSON file, which is the dataset's.

    Args:
        images: PNG files, each with its label file in the folder ``labels`` beside ``images``.
        names: class names by id.
        file: the JSON file; its folder is made.

    Raises:
        InputError: an image is no PNG.
    """
    root = file.parents[1]
    document: dict[str, Any] = {
        "info": {"description": f"{root.name}, {file.stem}"},
        "images": [],
        "annotations": [],
        "categories": [{"id": number, "name": name} for number, name in names.items()],
    }
    for number, image in enumerate(images, start=1):
        width, height = png_size(image)
        entry = {"id": number, "file_name": image.relative_to(root).as_posix(), "width": width, "height": height}
        document["images"].append(entry)
        document["annotations"] += _annotations(image, entry, len(document["annotations"]))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def _annotations(image: Path, entry: dict[str, Any], before: int) -> list[dict[str, Any]]:
    """Return an image's boxes, numbered after those before."""
    labels = read_labels(label_file(image))
    boxes = labels.corners(entry["width"], entry["height"])
    sizes = boxes[:, 2:] - boxes[:, :2]
    return [
        {
            "id": before + number,
            "image_id": entry["id"],
            "category_id": int(class_id),
            "bbox": [round(float(value), 3) for value in (*box[:2], *size)],
            "area": round(float(size.prod()), 3),
            "iscrowd": 0,
        }
        for number, (class_id, box, size) in enumerate(zip(labels.ids, boxes, sizes, strict=True), start=1)
    ]
