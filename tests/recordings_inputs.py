"""A short drawn recording with boxes as a good detector finds them, for the tests of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.phantom.optics import Optics, expose
from rbcflow.phantom.scene import Scene, views
from rbcflow.phantom.walls import channel
from rbcflow.recordings import flux, link, summarise, validity
from rbcflow.recordings.simulated import Setup, simulate
from rbcflow.sources.nouaman2024.phantom import KINDS


@dataclass(frozen=True)
class Drawn:
    """Frames, the boxes of their cells, and what would be said of them."""

    images: list[tuple[int, NDArray[np.uint8]]]
    boxes: pd.DataFrame
    frames: pd.DataFrame
    probe: dict[str, Any]
    true: int


def draw_recording(frames: int = 24, step: float = 40.0, seed: int = 0, name: str = "drawn") -> Drawn:
    """Draw a recording with the phantom's cells; boxes are the true ones, shaken by half a pixel."""
    rng = np.random.default_rng(seed)
    width, height, axis, half = 320, 96, 48.0, 34.0
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
             "file": f"{name}.avi", "kind": "video"}  # fmt: skip
    return Drawn(images, pd.DataFrame(rows), table, probe, len(cells))


def summed(setup: Setup, seed: int = 0, **facts: Any) -> tuple[summarise.Recorded, link.LinkResult]:
    """Return all that is known of a simulated recording, with facts for its probe."""
    simulated = simulate(setup, seed=seed)
    probe = simulated.probe | facts
    links = link.link(simulated.boxes, simulated.frames, probe)
    cells, by_flux = summarise.cells(links, probe), flux.count(links, probe)
    verdict = validity.judge(simulated.boxes, simulated.frames, probe, links, cells, by_flux)
    duration = float(links.frames["time"].max()) + 1
    return summarise.Recorded(probe, links.flow, duration, cells, by_flux, verdict), links
