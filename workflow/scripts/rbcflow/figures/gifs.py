"""Predicted boxes over frames of a test set, as a GIF that reads at a glance (GIF ``predicted_boxes``)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import cKDTree

from rbcflow.core.classes import CLASSES
from rbcflow.figures import pictures, style
from rbcflow.figures.validation import read_metrics, unavailable
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.runtime.origin import text as origin_text

MAX_BYTES = 3_000_000
BLOCK = 12
"""Fewest frames shown of a recording, if the test set has as many: fewer would not show motion."""

SIZES = ((1010, 64), (1010, 48), (1010, 32), (720, 48), (720, 32), (480, 24))
"""Largest width in pixels and colours taken from the frames, from best to smallest file."""

DRAWN = np.array([*map(pictures.rgb, (*style.CLASS_COLOURS.values(), "#FFFFFF")), pictures.CASING], dtype=np.uint8)
"""(N, 3) colours of boxes, strip and text."""

STRIP = 46
"""Height in pixels of the strip below the frame that holds legend and frame counter."""


@dataclass(frozen=True)
class Look:
    """How a frame is laid out.

    Attributes:
        factor: enlargement.
        width: of the picture in pixels.
        height: of the part above the strip in pixels.
    """

    factor: float
    width: int
    height: int


def predicted_boxes(
    run_folder: Path, predictions: Path, testset: Path, output: Path, *, frames: int = 36, fps: int = 5
) -> None:
    """Animate the boxes above the run's confidence over frames in order of recording and time.

    Args:
        run_folder: folder with ``metrics.json``, for the confidence.
        predictions: Parquet file of boxes.
        testset: folder of the test set.
        output: GIF file.
        frames: number of frames.
        fps: frames a second.
    """
    metrics = read_metrics(run_folder)
    if unavailable(metrics, output.with_suffix(".png")):
        with Image.open(output.with_suffix(".png")) as still:
            still.save(output)
        output.with_suffix(".png").unlink()
        return
    predicted, content = read_pair(predictions, testset)
    shown = choose(content.frames, frames)
    boxes = predicted.boxes[predicted.boxes["conf"] > metrics["thresholds"]["conf"]]
    images = [pictures.as_rgb(content.image(frame)) for frame in shown["frame"]]
    output.parent.mkdir(parents=True, exist_ok=True)
    for width, colours in SIZES:
        look = _look(shown, width)
        rendered = [
            _render(image, boxes[boxes["frame"] == row.frame], look, _texts(metrics, row, number, len(shown)))
            for number, (image, row) in enumerate(zip(images, shown.itertuples(), strict=True), start=1)
        ]
        content = encode(rendered, images, colours, fps)
        if len(content) <= MAX_BYTES:
            break
    output.write_bytes(content)


def choose(frames: pd.DataFrame, wanted: int) -> pd.DataFrame:
    """Return frames in order of recording and index: neighbours in the test set, of as many recordings as fit.

    Args:
        frames: the test set's frames.
        wanted: number of frames.
    """
    ordered = frames.sort_values(["recording", "index"], kind="stable")
    recordings = list(dict.fromkeys(ordered["recording"]))
    block = max(-(-wanted // len(recordings)), BLOCK)
    heads = ordered.groupby("recording", sort=False).head(block)
    typical = max(1, int(heads.groupby("recording").size().median()))
    kept = [recordings[index] for index in pictures.spread(len(recordings), -(-wanted // typical))]
    return heads[heads["recording"].isin(kept)].head(wanted)


def _look(frames: pd.DataFrame, width: int) -> Look:
    """Return the largest of the enlargements 3, 2.5, 2, 1.5 and 1 that fits the width."""
    widest, highest = int(frames["width"].max()), int(frames["height"].max())
    factor = next((factor for factor in (3, 2.5, 2, 1.5) if widest * factor <= width), 1)
    return Look(factor, max(round(widest * factor), 400), round(highest * factor))


def _texts(metrics: dict, row: tuple, number: int, total: int) -> tuple[str, str]:
    """Return what stands in the strip: place in the recording and condition; and what it was made from."""
    place = ", ".join(filter(None, (row.recording, f"frame {row.index}", row.condition)))
    return (
        f"{number}/{total}  {place}",
        f"{origin_text(metrics['origin'])}, conf > {metrics['thresholds']['conf']:g}",
    )


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)


def _render(image: pictures.Rgb, boxes: pd.DataFrame, look: Look, texts: tuple[str, str]) -> Image.Image:
    """Return a frame with boxes and confidences, and the strip below it."""
    large = pictures.enlarge(image, look.factor)
    for name, *box in boxes[["class", *BOX]].itertuples(index=False):
        pictures.draw_box(large, np.array(box), style.COLOURS[name], look.factor)
    picture = Image.new("RGB", (look.width, look.height + STRIP), "white")
    picture.paste(Image.fromarray(large), ((look.width - large.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"  # no smoothing: smoothed text would need colours of its own in the palette
    left = (look.width - large.shape[1]) // 2
    for name, conf, x0, y0, x1, y1 in boxes[["class", "conf", *BOX]].itertuples(index=False):
        _confidence(pen, conf, style.COLOURS[name], np.array([x0, y0, x1, y1]) * look.factor + [left, 0, left, 0], look)
    _strip(pen, look, texts)
    return picture


def _confidence(pen: ImageDraw.ImageDraw, conf: float, colour: str, box: np.ndarray, look: Look) -> None:
    """Write a confidence in percent on a chip above its box, or below where the frame ends; never over the cell."""
    text, font = f"{100 * conf:.0f}", _font(11)
    width = round(font.getlength(text)) + 5
    left = round(min(max(box[0] - 3, 0), look.width - width))
    top = round(box[1] - 16 if box[1] >= 16 else min(box[3] + 3, look.height - 14))
    pen.rectangle((left, top, left + width, top + 13), fill=colour, outline=pictures.CASING)
    pen.text((left + 3, top + 1), text, font=font, fill=pictures.CASING)


def _strip(pen: ImageDraw.ImageDraw, look: Look, texts: tuple[str, str]) -> None:
    place, origin = texts
    font, y = _font(12), look.height + 5
    x = 6
    for name in CLASSES:
        pen.rectangle((x, y + 2, x + 10, y + 12), fill=style.COLOURS[name], outline=pictures.CASING)
        pen.text((x + 15, y), name, font=font, fill=pictures.CASING)
        x += 15 + round(font.getlength(name)) + 14
    pen.text((look.width - 6 - font.getlength(origin), y), origin, font=font, fill=pictures.CASING)
    pen.text((6, y + 20), place, font=font, fill=pictures.CASING)


def encode(frames: list[Image.Image], images: list[pictures.Rgb], colours: int, fps: int) -> bytes:
    """Return frames as a GIF with one palette for all, without dithering, so that nothing flickers.

    Args:
        frames: R, G, B pictures of one size.
        images: (H, W, 3) the recorded frames in them, which the palette is made for.
        colours: how many colours to take from the recorded frames, besides those of boxes and text.
        fps: frames a second.
    """
    palette = np.vstack([DRAWN, _palette(images, colours)])
    indexer = Indexer(palette)
    first, *rest = [indexer.of(frame) for frame in frames]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=round(1000 / fps), loop=0, optimize=False)
    return buffer.getvalue()


class Indexer:
    """Puts frames into the colours of a palette; Pillow's own mapping is coarse and tints grey.

    Frames of one animation have nearly all colours in common, so each colour is looked for once.
    """

    def __init__(self, palette: np.ndarray) -> None:
        """Take a palette, (N, 3) uint8."""
        self._colours = palette.ravel().tolist()
        self._nearest = cKDTree(palette)
        self._known = np.zeros(1 << 24, dtype=bool)
        self._index = np.zeros(1 << 24, dtype=np.uint8)

    def of(self, frame: Image.Image) -> Image.Image:
        """Return a frame of R, G, B as one of palette indices."""
        red, green, blue = np.moveaxis(np.asarray(frame).astype(np.uint32), 2, 0)
        pixels = red << 16 | green << 8 | blue
        if (unknown := pixels[~self._known[pixels]]).size:
            values = np.unique(unknown)
            channels = (values[:, None] >> np.array([16, 8, 0], dtype=np.uint32)) & 255
            self._index[values] = self._nearest.query(channels)[1]
            self._known[values] = True
        picture = Image.fromarray(self._index[pixels])
        picture.putpalette(self._colours)
        return picture


def _palette(images: list[pictures.Rgb], colours: int) -> np.ndarray:
    """Return (N, 3) uint8 colours for all recorded frames: even steps where they are grey, else by median cut.

    Median cut would spend most levels of grey frames on the noise of the background, and a noisy GIF is a large one.
    """
    pixels = np.vstack([image.reshape(-1, 3)[::7] for image in images])
    if (pixels == pixels[:, :1]).all():
        return np.repeat(np.linspace(pixels.min(), pixels.max(), colours).round()[:, None], 3, axis=1).astype(np.uint8)
    # The square root keeps rare colours, those of the cells, from being lost among the background's.
    values, counts = np.unique(pixels, axis=0, return_counts=True)
    weighted = np.repeat(values, np.ceil(np.sqrt(counts)).astype(int), axis=0)
    cut = Image.fromarray(weighted[:, None]).quantize(colours, method=Image.Quantize.MEDIANCUT)
    return np.array(cut.getpalette(), dtype=np.uint8).reshape(-1, 3)[:colours]
