"""Tiny raw files for the tests of stages raw, cells, splits and test sets."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
import tifffile

IMAGE = "frames/blood_donor_1/0300mbar_1_00012.png"


def noise(*shape: int) -> np.ndarray:
    """Return uint8 noise, always the same."""
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def write_avi(path, images, codec="ffv1", pix_fmt="gray"):
    """Write (n, H, W) grey images as AVI."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = images.shape[1:]
        stream.pix_fmt = pix_fmt
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray")))
        container.mux(stream.encode())


def write_tiff(path, pages):
    """Write (H, W), (H, W, 3) or (H, W, 4) images as the pages of a TIFF, each with a header of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(path) as writer:
        for page in pages:
            writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack", contiguous=False, metadata=None)


def write_recording(path, numbers):
    """Write an HDF5 recording with one event a number; event i is grey 10 * i on a background of 200."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(numbers)
    with h5py.File(path, "w") as file:
        file["events/image"] = (np.arange(count, dtype=np.uint8) * 10)[:, None, None] * np.ones((1, 6, 8), np.uint8)
        file["events/image_bg"] = np.full((count, 6, 8), 200, np.uint8)
        file["events/frame"] = np.array(numbers)
        file.attrs["setup:flow rate"] = 0.06


def write_coco(root: Path, annotations: list, name: str = "Slipper", **image) -> Path:
    """Write a 40x30 frame and an export; ``image`` replaces keys of the image entry."""
    picture = root / IMAGE
    picture.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(picture), np.full((30, 40), 100, np.uint8))
    document = {
        "images": [{"id": 0, "width": 40, "height": 30, "file_name": f"../../{IMAGE}"} | image],
        "categories": [{"id": 0, "name": "Croissant"}, {"id": 1, "name": name}],
        "annotations": annotations,
        "info": {"contributor": "Label Studio"},
    }
    path = root / "annotations" / "result.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    return path
