"""What phantoms, banks and composer draw, picture by picture: run as a program, with a processor's units switched off.

It writes JSON: which units NumPy and OpenCV saw, and for each laboratory, bank and variant the digests of all pictures,
masks and tables.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy._core import _multiarray_umath as numpy_core

from rbcflow.cells.cut import Job, cut_cells
from rbcflow.core import portable
from rbcflow.core.classes import CLASSES
from rbcflow.datasets.image import compose
from rbcflow.datasets.spec import PRESETS, VariantSpec
from rbcflow.datasets.stock import Cutout, Stock
from rbcflow.phantom.single import simulate_cells
from rbcflow.reproduction.pixels import arrays_of
from rbcflow.sources.laboratories import known
from rbcflow.sources.phantoms import PHANTOMS

SIZES = {
    "nouaman2024": {
        "donors": 2, "recordings_per_donor": 2, "frames_per_recording": 18, "annotate_every": 3, "crops_per_class": 90,
        "raw_crops_per_folder": 3,
    },
    "naples": {"velocities": [0.12, 1.0], "tiffs_per_velocity": 2, "pages": 24},
    "kihm2018": {"kihm_per_class": 70, "kihm_s3_scale": 0.04},
    "liang2024": {"liang_scale": 0.12},
}  # fmt: skip
SIMULATED_PER_CLASS, IMAGES = 80, 200
SMALLER = {
    "universal": {"process_size": (80, 80), "channel_height": (30, 60), "domain": {"plain": 0, "size": (9, 40)}},
    # the same but for a class left out
    "random_nosuperposition_noother": {"process_size": (200, 200)},
}
"""Changes of variants: the same operations on fewer pixels."""


def main() -> None:
    """Draw everything and write what came out."""
    with tempfile.TemporaryDirectory() as scratch:
        found = {layout: list(_phantom(layout, Path(scratch, layout))) for layout in PHANTOMS}
        jobs = {
            layout: Job(layout, layout, Path(scratch, layout), extraction=known()[layout].extraction)
            for layout in PHANTOMS
        }
        crops = {
            layout: [cell for cell in cut_cells(["contrast"], jobs[layout]) if not cell.reason]
            for layout in ("kihm2018", "liang2024")
        }
        own = cut_cells(["polygon", "segmented_crop"], jobs["nouaman2024"])
        cut = [cell for cell in own if not cell.reason]
    simulated = list(simulate_cells(SIMULATED_PER_CLASS, seed=3))
    banks = {"bank nouaman2024": cut, "bank simulated": simulated} | {
        f"bank {name}": cells for name, cells in crops.items()
    }
    for name, cells in banks.items():
        found[name] = [short(cell.crop.tobytes() + cell.mask.tobytes()) for cell in cells]
    found["functions"] = list(_functions())
    stocks = {"alpha": _stock(cut), "transmit": _stock(simulated), "look": _stock([*cut, *simulated])}
    for name in sorted(PRESETS):
        spec = VariantSpec.from_dict({"name": name} | SMALLER.get(name, {}))
        made = (compose(spec, "train", index, 0, stocks[spec.paste]) for index in range(IMAGES))
        found[name] = [short(one.image.tobytes() + one.boxes.tobytes()) for one in made]
    units = {name: numpy_core.__cpu_features__[name] for name in numpy_core.__cpu_dispatch__}
    json.dump({"numpy": units, "opencv": cv2.getCPUFeaturesLine().split(), "found": found}, sys.stdout)


def short(content: bytes) -> str:
    """Return the first digits of a sha256."""
    return hashlib.sha256(content).hexdigest()[:16]


def _phantom(layout: str, folder: Path) -> Iterator[str]:
    """Draw a laboratory's folder and yield the digest of every picture, every mask and every text in it."""
    PHANTOMS[layout].write(folder, seed=3, **SIZES[layout])
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix in (".csv", ".json"):
            yield short(path.read_bytes())
        else:
            yield from (short(array.tobytes()) for array in arrays_of(path))


def _functions() -> Iterator[str]:
    """Yield the digests of the functions' values, to the last bit, at many places."""
    rng = np.random.default_rng(3)
    for kind in (np.float32, np.float64):
        for _ in range(100):
            places = rng.uniform(-40, 40, 999).astype(kind)
            values = [
                portable.exp(places),
                portable.log(abs(places) + kind(1e-3)),
                *portable.sincos(places),
            ]
            numbers = portable.complex_of(values[2], values[3])
            values += [portable.power(abs(places) + 1, 0.7), portable.product(numbers, numbers[::-1])]
            values.append(portable.smooth(places.reshape(27, 37), float(rng.uniform(0.3, 4))))
            yield short(b"".join(value.tobytes() for value in values))


def _stock(cells: list) -> Stock:
    """Return cells of a bank or simulated ones as the composer takes them."""
    stock: Stock = {name: [] for name in CLASSES}
    for number, cell in enumerate(cells):
        stock[cell.class_].append(Cutout(f"{number}", cell.class_, cell.crop, cell.mask, cell.background))
    return stock


if __name__ == "__main__":
    main()
