"""Single errors with the frame around them: tiles for the page (rule ``collect_errors``), and a gallery."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from rbcflow.figures import pictures, style
from rbcflow.figures.validation import read_metrics, run_note, thresholds, unavailable
from rbcflow.metrics.error_kinds import KINDS
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.testsets.files import TestSet, read_image, write_image

SIDE = 112
"""Side of a tile in pixels."""
PER_KIND = 8
"""Errors of each kind that are shown."""
CONTEXT = 2.4
"""Side of what a tile shows, in longer sides of the box."""
LEAST = 56
"""Least side of what a tile shows, in pixels of the frame."""
SHOWN = 5
"""Errors of each kind that fit a row of the gallery."""
TABLE = ["tile", "kind", "frame", "recording", "condition", "true", "predicted", "conf", "iou", *BOX]
TRUE = "#FFFFFF"
"""Colour of true boxes; predicted ones have their class's."""

WORDS = {
    "classification": "misnamed",
    "localisation": "badly placed",
    "both": "badly placed and misnamed",
    "duplicate": "found twice",
    "background": "nothing there",
    "missed": "missed",
}
"""The kinds of error as a reader understands them."""


def worst(errors: pd.DataFrame) -> pd.DataFrame:
    """Return up to ``PER_KIND`` errors of each kind: the most confident ones, and the largest of the missed cells.

    Args:
        errors: ``errors.csv`` of a run.
    """
    area = (errors["x1"] - errors["x0"]) * (errors["y1"] - errors["y0"])
    ranked = errors.assign(rank=errors["conf"].fillna(area).astype(float))
    shown = [ranked[ranked["kind"] == kind].nlargest(PER_KIND, "rank", keep="first") for kind in KINDS]
    return pd.concat(shown, ignore_index=True).drop(columns="rank")


def error_tiles(run_folder: Path, predictions: Path, testset: Path, folder: Path) -> None:
    """Write the worst errors of a run as ``errors.csv`` and ``tiles.png``.

    Args:
        run_folder: folder with ``errors.csv``.
        predictions: Parquet file of boxes.
        testset: folder of the test set.
        folder: gets the table with columns ``TABLE``, and the tiles one below the other, (n * SIDE, SIDE, 3); where
            there is no error, one empty tile.
    """
    _, content = read_pair(predictions, testset)
    shown = worst(pd.read_csv(run_folder / "errors.csv"))
    frames = content.frames.set_index("frame")[["recording", "condition"]]
    table = shown.join(frames, on="frame").assign(tile=range(len(shown)))[TABLE]
    tiles = [_tile(content, row) for row in table.to_dict("records")]
    strip = np.vstack(tiles) if tiles else np.full((SIDE, SIDE, 3), 255, np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    write_image(folder / "tiles.png", strip)
    table.to_csv(folder / "errors.csv", index=False, float_format="%.6g")


def _tile(content: TestSet, error: dict) -> pictures.Rgb:
    """Return what is around an error, with every true box in white and the predicted one in its class's colour."""
    image = pictures.as_rgb(content.image(error["frame"]))
    box = np.array([error[name] for name in BOX], dtype=float)
    side = max(LEAST, CONTEXT * max(box[2] - box[0], box[3] - box[1]))
    corner = (box[:2] + box[2:]) / 2 - side / 2
    factor = SIDE / side
    move = np.array([[factor, 0, -factor * corner[0]], [0, factor, -factor * corner[1]]])
    tile = cv2.warpAffine(image, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(236, 236, 236))
    shift = np.array([*corner, *corner])
    for true in content.truth.loc[content.truth["frame"] == error["frame"], BOX].to_numpy(dtype=float):
        pictures.draw_box(tile, true - shift, TRUE, factor)
    if error["kind"] != "missed":
        pictures.draw_box(tile, box - shift, style.COLOURS[error["predicted"]], factor)
    return tile


def error_gallery(run_folder: Path, errors: Path, output: Path) -> None:
    """Show the worst errors of each kind, one row a kind.

    Args:
        run_folder: folder with ``metrics.json``.
        errors: folder with ``errors.csv`` and ``tiles.png``.
        output: PNG file.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output):
        return
    table = pd.read_csv(errors / "errors.csv")
    strip = read_image(errors / "tiles.png")
    kinds = [kind for kind in KINDS if (table["kind"] == kind).any()]
    if not kinds:
        style.notice(output, f"No error above the thresholds: {run_note(metrics, thresholds(metrics))}.")
        return
    counts = metrics["errors"]["kinds"]
    with style.canvas(output, style.SHEET_MM, 14 + 26 * len(kinds), run_note(metrics, thresholds(metrics))) as figure:
        grid = figure.subplots(len(kinds), SHOWN, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for row, kind in zip(grid, kinds, strict=True):
            for axes, error in zip(row, table[table["kind"] == kind].to_dict("records"), strict=False):
                pictures.show(axes, strip[error["tile"] * SIDE : (error["tile"] + 1) * SIDE])
                axes.set_title(_title(error), fontsize=style.LEAST_POINTS, weight="normal", pad=2)
            label = f"{WORDS[kind]}\n(n = {counts[kind]})".replace(" and ", "\nand ")
            row[0].text(-0.08, 0.5, label, transform=row[0].transAxes, rotation=90, ha="right", va="center",
                        multialignment="center", fontsize=style.LEAST_POINTS)  # fmt: skip


def _title(error: dict) -> str:
    true, predicted = style.class_name(error["true"]), style.class_name(error["predicted"])
    if error["kind"] == "missed":
        return true
    named = f"{predicted} {100 * error['conf']:.0f} %"
    return f"{true} as\n{named}" if error["kind"] in ("classification", "both") else named
