"""A short simulated recording with boxes as a good detector finds them, for the tests of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from raw_inputs import write_picture
from rbcflow.laboratories.nouaman2024.phantom import KINDS
from rbcflow.phantom.optics import Optics, expose
from rbcflow.phantom.scene import Scene, views
from rbcflow.phantom.walls import channel
from rbcflow.recordings import flux, link, summarise, validity
from rbcflow.recordings.simulated import Setup, simulate


@dataclass(frozen=True)
class Simulated:
    """Frames, the boxes of their cells, and what would be said of them."""

    images: list[tuple[int, NDArray[np.uint8]]]
    boxes: pd.DataFrame
    frames: pd.DataFrame
    probe: dict[str, Any]
    true: int


def draw_recording(
    frames: int = 24, step: float = 40.0, seed: int = 0, name: str = "simulated", width: int = 320
) -> Simulated:
    """Draw a recording with the phantom's cells; boxes are the true ones, shaken by half a pixel."""
    rng = np.random.default_rng(seed)
    height, axis, half = 96, 48.0, 34.0
    optics = Optics(pixel_um=0.18, absorption=0.03, defocus_um=-4.0, condenser=0.2)
    shares = {"croissant": 0.5, "slipper": 0.4, "other": 0.1}
    scene = Scene(width, height, axis, half, 1, step, 90.0, 8.0, optics, 0.5, shares, KINDS)
    empty = channel(height, width, rng, walls=(axis - half, axis + half), dirt=0.5)
    images, rows, cells = [], [], set()
    for view in views(scene, frames, rng):
        images.append((view.index, expose(140 * empty * view.ratio, 0.12, 1.0, rng)))
        for instance in view.instances:
            cells.add(instance.number)
            box = np.clip(np.array(instance.box) + rng.normal(0, 0.5, 4), 0, [width, height] * 2)
            scores = {f"p_{kind}": 0.8 if kind == instance.class_ else 0.05 for kind in shares}
            rows.append({"frame": view.index, "class": instance.class_, "conf": 0.8, "cell": 0.9, **scores}
                        | dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)))  # fmt: skip
    table = pd.DataFrame(
        {
            "frame": range(frames),
            "mean": 140.0,
            "std": 10.0,
            "saturated": 0.0,
            "digest": [str(n) for n in range(frames)],
        }
    )
    probe = {"recording": name, "width": width, "height": height, "roi": None, "flow": None, "condition": "100 mbar",
             "pressure_mbar": 100.0, "pixel_um": 0.18, "fps": 500.0, "n_frames": frames, "warnings": [],
             "file": f"{name}.avi", "kind": "video", "interlaced": False, "refused": ""}  # fmt: skip
    return Simulated(images, pd.DataFrame(rows), table, probe, len(cells))


def summed(setup: Setup, seed: int = 0, **facts: Any) -> tuple[summarise.Recorded, link.LinkResult]:
    """Return all that is known of a simulated recording, with facts for its probe."""
    simulated = simulate(setup, seed=seed)
    probe = simulated.probe | facts
    links = link.link(simulated.boxes, simulated.frames, probe)
    cells, by_flux = summarise.cells(links, probe), flux.count(links, probe)
    verdict = validity.evaluate(simulated.boxes, simulated.frames, probe, links, cells, by_flux)
    duration = float(links.frames["time"].max()) + 1
    return summarise.Recorded(probe, links.flow, duration, cells, by_flux, verdict), links


def write_pictures(folder: Path, images: np.ndarray, name: str = "frame{}.png") -> Path:
    """Write images as a folder of pictures."""
    for number, image in enumerate(images):
        write_picture(folder / name.format(number), image)
    return folder


def write_rtdc(path: Path, images: np.ndarray, numbers: list[int] | None = None, **attributes: float) -> Path:
    """Write images as an instrument's HDF5 file; `imaging__pixel_size=1` becomes the attribute `imaging:pixel size`."""
    with h5py.File(path, "w") as file:
        file["events/image"] = images
        if numbers is not None:
            file["events/frame"] = numbers
        file.attrs.update({name.replace("__", ":").replace("_", " "): value for name, value in attributes.items()})
    return path


def write_mp4(path: Path, images: np.ndarray) -> Path:
    """Write (N, H, W, 3) R, G, B as MPEG-4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(25))
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for image in images:
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
