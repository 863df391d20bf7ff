"""The folders of the preprint's authors as they lie on their disk, with small simulated recordings in them.

After the description of their repository: cells by several sources below `data/`, results of earlier steps beside them,
pictures that went through Label Studio and its uploads, crops cut to the cell.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from rbcflow.sources.phantoms import PHANTOMS

TINY = {
    "nouaman2024": {"donors": 3, "recordings_per_donor": 2, "frames_per_recording": 3, "annotate_every": 2,
                    "crops_per_class": 3, "raw_crops_per_folder": 1},
    "naples": {"velocities": [0.12, 1.0], "tiffs_per_velocity": 1, "pages": 3},
    "kihm2018": {"kihm_per_class": 5, "kihm_s3_scale": 0.001},
    "liang2024": {"liang_scale": 0.002},
}  # fmt: skip
"""How much is simulated, by layout."""


def write(data: Path, scratch: Path, sizes: dict[str, dict] = TINY) -> None:
    """Write the authors' folders.

    Args:
        data: their `data/`.
        scratch: where the recordings are simulated.
        sizes: how much, by layout.
    """
    for layout, size in sizes.items():
        PHANTOMS[layout].write(scratch / layout, seed=3, **size)
        shutil.rmtree(scratch / layout / "truth")
    _plos(scratch / "kihm2018", data / "2018_plos")
    _liang(scratch / "liang2024", data / "2024_liang")
    _naples(scratch / "naples", data / "tomaiuolo_naples")
    _saarland(scratch / "nouaman2024", data)
    for folder in ("videos", "2018_plos/Slipper", "tomaiuolo_naples"):
        (data / folder / ".DS_Store").write_bytes(b"Bud1")


def _plos(simulated: Path, to: Path) -> None:
    """Crops by shape, the supporting file under another name, and what earlier steps left."""
    shutil.move(simulated / "CNN input data", to / "S3 file" / "CNN_input")
    for name in ("Croissant", "Slipper"):
        shutil.move(simulated / name, to / name)
    first = sorted((to / "Slipper").iterdir())
    (to / "Slipper/second half").mkdir()
    for path in first[3:]:
        shutil.move(path, to / "Slipper/second half" / path.name)
    image = cv2.imread(str(first[0]))
    for name in ("Parachute_extracted", "Slipper_extracted", "train/Slipper", "test/Slipper", "val/Slipper"):
        _picture(to / name / "0001.bmp", image)
    _picture(to / "Croissant_zoomed/0001.png", cv2.resize(image, (243, 243)))


def _liang(simulated: Path, to: Path) -> None:
    """Pictures by shape, and the crops of the U-Net as matplotlib saved them, with alpha."""
    shutil.copytree(simulated, to)
    image = np.full((50, 50, 4), 255, np.uint8)
    for name in ("Final_dataset_2024/Slipper", "Slipper_extracted", "Slipper_zoomed", "Parachute_1d_zoomed"):
        _picture(to / name / "img_662.png", image)


def _naples(simulated: Path, to: Path) -> None:
    """Stacks by velocity, and what the extraction wrote beside them."""
    shutil.copytree(simulated, to)
    velocity = next(path for path in sorted(to.iterdir()) if path.is_dir())
    for kind in ("cells", "images"):
        _picture(velocity / kind / f"{velocity.name}_glob001_cell_003.png", np.zeros((128, 672), np.uint8))
    (velocity / "labels").mkdir()
    (velocity / "labels" / f"{velocity.name}_glob001_cell_003.txt").write_text("2 0.5 0.5 0.1 0.3\n")
    _picture(to / f"{velocity.name}_stats.png", np.zeros((90, 90), np.uint8))


def _saarland(simulated: Path, data: Path) -> None:
    """Videos, pictures that were uploaded to Label Studio, crops cut to the cell, and raw crops without a day."""
    shutil.move(simulated / "videos", data / "videos/nouaman_2024")
    videos = sorted((data / "videos/nouaman_2024").rglob("*.avi"))
    videos[0].rename(videos[0].with_suffix(".AVI"))
    (videos[2].parent / "second day").mkdir()
    videos[2].rename(videos[2].parent / "second day" / videos[2].name)
    _upload(simulated, data / "saarland")
    for name in ("croissant", "slipper"):
        for number, path in enumerate(sorted((simulated / name).iterdir())):
            _cut_to_cell(path, data / "2024_nouaman" / name / f"{number:04d}", with_alpha=number % 3 == 0)
    for path in sorted((simulated / "raw_crops").rglob("*.BMP")):
        _, category, pressure = path.relative_to(simulated / "raw_crops").parts[:3]
        folder = data / "2024_nouaman/raw" / ("Sheared" if category == "Other" else category) / pressure
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(path, folder / f"{path.parts[-4]}_{path.name}")


def _upload(simulated: Path, to: Path) -> None:
    """Put eight digits before each picture's name, and paths of another disk into the export."""
    document = json.loads((simulated / "annotations/result.json").read_text())
    for number, image in enumerate(document["images"]):
        old = simulated / image["file_name"].removeprefix("../../")
        name = f"{number:08x}-{old.name}"
        (to / "frames" / old.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.move(old, to / "frames" / old.parent.name / name)
        image["file_name"] = f"/home/someone/label studio/upload/{old.parent.name}/{name}"
    (to / "annotations").mkdir()
    (to / "annotations/result.json").write_text(json.dumps(document), encoding="utf-8-sig")


def _cut_to_cell(path: Path, to: Path, with_alpha: bool) -> None:
    """Cut a crop on black to the cell's own box; with alpha it is transparent outside the cell."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    x, y, width, height = cv2.boundingRect((image > 0).astype(np.uint8))
    cell = image[y : y + height, x : x + width]
    if with_alpha:
        alpha = np.where(cell > 0, 255, 0).astype(np.uint8)
        _picture(to.with_suffix(".png"), np.dstack([cell + (alpha == 0), cell, cell, alpha]).astype(np.uint8))
    else:
        _picture(to.with_suffix(".bmp"), cell)


def _picture(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
