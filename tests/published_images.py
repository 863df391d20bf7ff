"""A published set in small: images of slippers and parachutes with texture on a tilted ground, and their archive."""

from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np

SIZE = 120
SPOTS = {0: (34, 34), 1: (84, 84)}
"""Centre of the cell of each class in every image."""


def cell(seed: int, class_: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return grey levels above the ground and mask, 120 x 120, of a textured ellipse.

    As in the preprint it is turned, then pressed into the box it had before, and blended at its edge.
    """
    rng = np.random.default_rng([seed, class_])
    texture = cv2.resize(rng.uniform(-90, -25, (7, 7)).astype(np.float32), (61, 61), interpolation=cv2.INTER_CUBIC)
    mask = cv2.ellipse(np.zeros((61, 61), np.uint8), (30, 30), (20, 16 - 6 * class_), 0, 0, 360, 1, -1)
    turn = cv2.getRotationMatrix2D((30, 30), angle, 1)
    turned, inside = (cv2.warpAffine(layer, turn, (61, 61)) for layer in (texture, mask))
    (x0, y0, width, height), size = cv2.boundingRect(inside), (41, 33 - 12 * class_)
    box = np.s_[y0 : y0 + height, x0 : x0 + width]
    layers = [cv2.resize(layer[box].astype(np.float32), size) for layer in (turned, inside)]
    tone, whole = np.zeros((2, SIZE, SIZE), np.float32)
    x, y = SPOTS[class_][0] - size[0] // 2, SPOTS[class_][1] - size[1] // 2
    for canvas, layer in zip((tone, whole), layers, strict=True):
        canvas[y : y + size[1], x : x + size[0]] = layer
    depth = cv2.distanceTransform((whole > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    weight = cv2.GaussianBlur((depth > 2).astype(np.float32), (0, 0), 2.5) * (whole > 0.5)
    return tone * weight, weight > 0.2


def image(cells: list[tuple[int, int, float]], shift: int = 0) -> tuple[np.ndarray, str, list[np.ndarray]]:
    """Return a picture, its labels, and masks, of cells (seed, class, angle); ``shift`` lightens the cells."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    picture, text, masks = 120 + 0.1 * columns + 0.05 * rows, "", []
    for seed, class_, angle in cells:
        change, mask = cell(seed, class_, angle)
        picture = picture + change + shift * mask
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        text += f"{class_} {(x + width / 2) / SIZE} {(y + height / 2) / SIZE} {width / SIZE} {height / SIZE}\n"
        masks.append(mask)
    return picture.round().clip(0, 255).astype(np.uint8), text, masks


def archive(folder: str, images: dict[str, int]) -> bytes:
    """Return a repository's archive with the set: of a split, another cell of each class in every image."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for number, (split, count) in enumerate(images.items()):
            for index in range(count):
                seed = 100 * number + index
                picture, text, _ = image([(seed, 0, 17 * index), (seed, 1, 31 * index)])
                files = {f"images/{index:04d}.png": cv2.imencode(".png", picture)[1].tobytes(),
                         f"labels/{index:04d}.txt": text.encode()}  # fmt: skip
                for name, content in files.items():
                    entry = tarfile.TarInfo(f"repository-1/{folder}/{split}/{name}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
