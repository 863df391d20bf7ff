"""Tiny raw files for the tests of stages raw, cells, splits and test sets."""

from __future__ import annotations

import http.server
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
import tifffile

IMAGE = "frames/blood_donor_1/0300mbar_1_00012.png"
FRAME, OTHER_FRAME = (f"frames/blood_donor_1/0300mbar_1_0000{index}.png" for index in (0, 4))


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


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())


def write_kihm(root: Path) -> None:
    """Write three crops of two shapes."""
    for name in ("Croissant/a.bmp", "Slipper/a.bmp", "Slipper/b.bmp"):
        write_picture(root / name, noise(90, 90))


def write_liang(root: Path) -> None:
    """Write three pictures of two shapes."""
    for name in (
        "Parachute/50_C001H001S0001_0001.bmp",
        "Slipper/50_C001H001S0001_0002.bmp",
        "Slipper/50_C001H001S0002_0001.bmp",
    ):
        write_picture(root / name, noise(50, 100, 3))


def write_naples(root: Path) -> None:
    """Write two stacks of a velocity."""
    for number in (1, 2):
        write_tiff(root / f"v 0.12 cm:s/glob00{number}.tif", noise(3, 6, 9, 3))


def write_nouaman(root: Path) -> None:
    """Write two videos, two annotated frames with a polygon each, two segmented and two raw crops."""
    for number in (1, 2):
        write_avi(
            root / f"videos/blood_donor_1/0300mbar_{number}.avi", noise(5, 64, 64), codec="mjpeg", pix_fmt="yuvj420p"
        )
        write_picture(root / f"slipper/12_8_0300mbar_000{number}.bmp", np.pad(noise(80, 80), 6))
        write_picture(root / f"raw_crops/12_8/Other/0100mbar/000{number}.BMP", noise(92, 92))
    for name in (FRAME, OTHER_FRAME):
        write_picture(root / name, noise(30, 40))
    document = {
        "images": [
            {"id": number, "width": 40, "height": 30, "file_name": f"../../{name}"}
            for number, name in enumerate((FRAME, OTHER_FRAME))
        ],
        "categories": [{"id": 0, "name": "Slipper"}],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 0, "segmentation": [[5, 5, 20, 5, 20, 20]]}
            for number in (0, 1)
        ],
    }
    (root / "annotations").mkdir()
    (root / "annotations/result.json").write_text(json.dumps(document))


WRITERS = {"kihm2018": write_kihm, "liang2024": write_liang, "naples": write_naples, "nouaman2024": write_nouaman}


@contextmanager
def serving(served: dict[str, tuple[bytes, int]]) -> Iterator[str]:
    """Serve bytes on loopback and yield the address: path to content, and how many bytes more the header promises."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in served:
                self.send_error(404)
                return
            content, more = served[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + more))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


CROP = cv2.imencode(".bmp", noise(90, 90))[1].tobytes()
PRESSURE = "001_Crop_Pics_w_parameters_20mbar"


def zipped(members: dict[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip file with these members."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return memory.getvalue()
