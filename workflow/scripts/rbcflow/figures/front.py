"""Pictures of the page's first screen, without text: frames with boxes, a cell of each class (stage figures)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from rbcflow.cells.bank import read_bank
from rbcflow.core.classes import CLASSES
from rbcflow.figures import pictures, style
from rbcflow.figures.validation import read_metrics, unavailable
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.metrics.matching import BACKGROUND

WIDTH = 900
"""Of the picture in pixels: the page shows it at about two thirds of that."""

WHITE = "#FFFFFF"

SEGMENTED = "segmented_crop"
"""Method of cells without surroundings."""

TILE = 144
"""Side of the picture of a class in pixels."""


def front_frame(run_folder: Path, predictions: Path, testset: Path, output: Path) -> None:
    """Show the frame that is most like the whole run, its true boxes in white, the predicted ones in class colours.

    Args:
        run_folder: folder with ``metrics.json`` and ``matches.csv``.
        predictions: Parquet file of boxes.
        testset: folder of the test set.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    predicted, content = read_pair(predictions, testset)
    matches = pd.read_csv(run_folder / "matches.csv")
    number = typical(matches, metrics["n_frames"])
    frame = pictures.as_rgb(content.image(number))
    factor = WIDTH / frame.shape[1]
    image = np.ascontiguousarray(pictures.enlarge(frame, factor))
    own = matches[matches["frame"] == number]
    for row in own.loc[own["predicted"] != BACKGROUND, "prediction_row"].astype(int):
        box = predicted.boxes.loc[row, BOX].to_numpy(dtype=float)
        _outline(image, box * factor, style.COLOURS[str(predicted.boxes.loc[row, "class"])], 3, 3)
    for box in content.truth.loc[content.truth["frame"] == number, BOX].to_numpy(dtype=float):
        _outline(image, box * factor, WHITE, 2, -1)
    output.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(output)


def typical(matches: pd.DataFrame, n_frames: int) -> int:
    """Return the frame with true boxes whose share of found ones and false positives are nearest to the whole's.

    Args:
        matches: of a run, columns ``frame``, ``true`` and ``predicted``.
        n_frames: frames of the test set, of which some may have no match.
    """
    real, boxed = matches["true"] != BACKGROUND, matches["predicted"] != BACKGROUND
    if not len(matches):
        return 0
    count = pd.DataFrame(
        {"n": real, "found": real & boxed, "added": ~real & boxed, "frame": matches["frame"]}
    ).groupby("frame").sum()  # fmt: skip
    shown = count[count["n"] > 0] if (count["n"] > 0).any() else count
    share, added = count["found"].sum() / max(count["n"].sum(), 1), count["added"].sum() / n_frames
    apart = (shown["found"] / shown["n"].clip(lower=1) - share).abs() + (shown["added"] - added).abs() / (1 + added)
    # of frames that are alike the one with the most cells, of these the first
    nearest = shown.assign(apart=apart.round(6)).sort_values(["apart", "n"], ascending=[True, False], kind="stable")
    return int(nearest.index[0])


def _outline(image: pictures.Rgb, box: np.ndarray, colour: str, width: int, outside: int) -> None:
    """Draw a box in place, ``width`` pixels of colour with a dark one on either side, moved outwards by some pixels."""
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    height, width_px = image.shape[:2]
    # a box that ends with the frame, or beyond it, is drawn inside
    edge = width // 2 + 1
    corners = (
        (max(x0 - outside, edge), max(y0 - outside, edge)),
        (min(x1 + outside, width_px - edge) - 1, min(y1 + outside, height - edge) - 1),
    )
    cv2.rectangle(image, *corners, pictures.CASING, width + 2)
    cv2.rectangle(image, *corners, pictures.rgb(colour), width)


def class_examples(bank: Path, output: Path) -> None:
    """Show the cell of each class, in the classes' order, whose size and shape are nearest to its class's medians.

    Args:
        bank: folder with ``cells.csv`` and ``crops.npz``.
        output: PNG file, a square for each class, grey where the bank has none.
    """
    content = read_bank(bank)
    kept = content.table[content.table["kept"].astype(bool)]
    strip = np.full((TILE, TILE * len(CLASSES), 3), 150, np.uint8)
    for place, name in enumerate(CLASSES):
        own = kept[kept["class"] == name]
        # crops that a laboratory has segmented have no surroundings
        own = own[own["method"] != SEGMENTED] if (own["method"] != SEGMENTED).any() else own
        if len(own):
            apart = sum((own[look] / own[look].median() - 1).abs() for look in ("area_px", "aspect"))
            strip[:, place * TILE : (place + 1) * TILE] = _square(content.crops[own.loc[apart.idxmin(), "cell_id"]])
    output.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(strip).save(output)


def _square(crop: np.ndarray) -> pictures.Rgb:
    """Return a cell's crop (h, w) in the middle of a square, its border continued to the square's ends."""
    h, w = crop.shape
    side = max(h, w)
    top, left = (side - h) // 2, (side - w) // 2
    whole = np.pad(crop, ((top, side - h - top), (left, side - w - left)), mode="edge")
    return pictures.as_rgb(cv2.resize(whole, (TILE, TILE), interpolation=cv2.INTER_CUBIC))
