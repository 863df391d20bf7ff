"""Folders of images and labels as people keep them; shared by tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

BOX = "0 0.5 0.5 0.2 0.4\n"
SPLITS = ("train", "val", "test")
LISTED = "train: train/images\nval: val/images\ntest: test/images\n"


def picture(number: int = 0, suffix: str = ".png") -> bytes:
    """Return an encoded picture, 20 wide and 10 high, of one grey level each."""
    return cv2.imencode(suffix.lower(), np.full((10, 20), 60 + number, np.uint8))[1].tobytes()


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def splits(label: str | None = BOX, name: str = "a", suffix: str = ".png", **more: str | bytes) -> dict:
    """Return two pictures a split in ``<split>/images``, the second of them with an empty label file."""
    files: dict[str, str | bytes] = {}
    for place, split in enumerate(SPLITS):
        for number, text in enumerate((label, "")):
            files[f"{split}/images/{name}{number}{suffix}"] = picture(10 * place + number, suffix)
            if text is not None:
                files[f"{split}/labels/{name}{number}.txt"] = text
    return files | more


NAPLES = {
    f"{kind}/v 0.12 cm_s_glob00{stack}_cell_{frame:03d}.{suffix}": picture(frame) if kind == "images" else text
    for stack in (1, 2, 3)
    for frame in (4, 9)
    for kind, suffix, text in (("images", "png", ""), ("labels", "txt", "2 0.5 0.5 0.2 0.4\n" * 2))
}
PATTERN = r"(?P<condition>v [\d.]+ cm_s)_(?P<recording>glob\d+)_cell_(?P<frame>\d+)"
