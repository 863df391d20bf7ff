"""Predicted boxes beside true ones over frames of a recording, as a GIF (GIF ``predicted_boxes``)."""

from __future__ import annotations

import io
from collections import Counter
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
from rbcflow.figures.validation import read_metrics
from rbcflow.metrics.inputs import BOX, read_pair
from rbcflow.metrics.matching import BACKGROUND
from rbcflow.runtime.origin import text as origin_text

MAX_BYTES = 1_200_000
LEAST_FRAMES = 3
"""Fewest frames of a recording that show motion."""

SIZES = ((1010, 64), (1010, 32), (720, 48), (720, 32), (480, 24))
"""Largest width in pixels and colours taken from the frames, from best to smallest file."""

DRAWN = np.array([*map(pictures.rgb, (*style.CLASS_COLOURS.values(), "#FFFFFF")), pictures.CASING], dtype=np.uint8)
"""(N, 3) colours of boxes, strip and text."""

LETTER = 0.0206
"""Height of the text in widths of the picture: 7 pixels where a phone shows it 342 pixels wide."""


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

    @property
    def letter(self) -> int:
        """Size of the text in pixels."""
        return max(12, round(LETTER * self.width))


def predicted_boxes(
    run_folder: Path, predictions: Path, testset: Path, output: Path, *, frames: int = 30, fps: int = 3
) -> None:
    """Animate predicted boxes beside the true ones over frames of one recording that follow each other.

    Args:
        run_folder: folder with ``metrics.json`` and ``matches.csv``.
        predictions: Parquet file of boxes.
        testset: folder of the test set.
        output: GIF file.
        frames: largest number of frames.
        fps: frames a second.
    """
    metrics = read_metrics(run_folder)
    if metrics["status"] != "available":
        _still(output, " ".join(metrics["caveats"]))
        return
    predicted, content = read_pair(predictions, testset)
    shown = choose(content.frames, content.truth, frames)
    if len(shown) < LEAST_FRAMES:
        _still(output, f"{style.label(metrics['testset'])}: its pictures do not follow one another, nothing moves.")
        return
    boxes = predicted.boxes[predicted.boxes["conf"] > metrics["thresholds"]["conf"]]
    images = [pictures.as_rgb(content.image(frame)) for frame in shown["frame"]]
    matches = pd.read_csv(run_folder / "matches.csv")
    texts = _texts(metrics, shown, matches, fps)
    output.parent.mkdir(parents=True, exist_ok=True)
    for width, colours in SIZES:
        look = _look(shown, width)
        rendered = [
            _render(image, boxes[boxes["frame"] == frame], content.truth[content.truth["frame"] == frame], look, text)
            for image, frame, text in zip(images, shown["frame"], texts, strict=True)
        ]
        data = encode(rendered, images, colours, fps)
        if len(data) <= MAX_BYTES:
            break
    output.write_bytes(data)


def _still(output: Path, text: str) -> None:
    """Write a GIF of one picture that states why nothing moves."""
    drawn = output.with_suffix(".png")
    style.notice(drawn, text)
    with Image.open(drawn) as still:
        still.save(output)
    drawn.unlink()


def choose(frames: pd.DataFrame, truth: pd.DataFrame, wanted: int) -> pd.DataFrame:
    """Return frames of one recording in their order: of the one with most frames, then with most true boxes.

    Pictures that a laboratory sorted one by one do not follow each other, and are left out.

    Args:
        frames: the test set's frames.
        truth: its true boxes.
        wanted: largest number of frames.
    """
    ordered = frames[frames["label"].fillna("") == ""].sort_values(["recording", "index"], kind="stable")
    boxes = ordered["frame"].map(truth["frame"].value_counts()).fillna(0)
    by_recording = ordered.assign(boxes=boxes).groupby("recording", sort=False)["boxes"].agg(["size", "sum"])
    if by_recording.empty:
        return ordered
    best = by_recording.sort_values(["size", "sum"], ascending=False, kind="stable").index[0]
    return ordered[ordered["recording"] == best].head(wanted)


def _look(frames: pd.DataFrame, width: int) -> Look:
    """Return the largest of the enlargements 3, 2.5, 2, 1.5 and 1 that fits the width."""
    widest, highest = int(frames["width"].max()), int(frames["height"].max())
    factor = next((factor for factor in (3, 2.5, 2, 1.5) if widest * factor <= width), 1)
    return Look(factor, max(round(widest * factor), 400), round(highest * factor))


def _texts(metrics: dict, frames: pd.DataFrame, matches: pd.DataFrame, fps: int) -> list[list[str]]:
    """Return what stands below each frame: counts of it and up to it, the recording and how it is shown, the origin."""
    first = frames.iloc[0]
    steps = np.diff(frames["index"])
    apart = f"{steps.min()} to {steps.max()}" if steps.min() < steps.max() else f"{steps.min()}"
    shown = "every frame" if steps.max() == 1 else f"frames {apart} apart"
    about = f"{style.place(first['recording'], first['condition'])}: {shown}, {fps} a second"
    origin = f"{origin_text(metrics['origin'])}, confidence > {metrics['thresholds']['conf']:g}"
    texts, total = [], Counter()
    for number, (frame, index) in enumerate(zip(frames["frame"], frames["index"], strict=True), start=1):
        own = count(matches[matches["frame"] == frame])
        total += own
        texts.append(
            [
                f"frame {index}: {_words(own)}",
                f"{number} of {len(frames)} frames: {_words(total)}",
                about,
                origin,
            ]
        )
    return texts


def count(matches: pd.DataFrame) -> Counter[str]:
    """Return the hits, misses, false positives and wrong names among rows of ``matches.csv``."""
    true, found = matches["true"] != BACKGROUND, matches["predicted"] != BACKGROUND
    return Counter(
        {
            "cells": int(true.sum()),
            "found": int((true & found).sum()),
            "false": int((~true & found).sum()),
        }
    )


def _words(counts: Counter[str]) -> str:
    missed = counts["cells"] - counts["found"]
    false = f"{counts['false']} false positive{'' if counts['false'] == 1 else 's'}"
    return f"{counts['found']} found, {missed} missed, {false}"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)


def _render(image: pictures.Rgb, boxes: pd.DataFrame, truth: pd.DataFrame, look: Look, texts: list[str]) -> Image.Image:
    """Return a frame with true boxes in white dashes, predicted ones in colour, and the strip below it."""
    large = pictures.enlarge(image, look.factor)
    for box in truth[BOX].to_numpy(dtype=float):
        pictures.draw_dashed(large, box, look.factor)
    for name, *box in boxes[["class", *BOX]].itertuples(index=False):
        pictures.draw_box(large, np.array(box), style.COLOURS[name], look.factor)
    strip = round(1.5 * look.letter)
    picture = Image.new("RGB", (look.width, look.height + strip * (len(texts) + 1) + 6), "white")
    left = (look.width - large.shape[1]) // 2
    picture.paste(Image.fromarray(large), (left, 0))
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"  # no smoothing: smoothed text would need colours of its own in the palette
    _confidences(pen, boxes, look, left)
    _legend(pen, look)
    for number, text in enumerate(texts, start=1):
        place = (look.letter // 2, look.height + 6 + number * strip)
        pen.text(place, text, font=_font(look.letter), fill=pictures.CASING)
    return picture


def _confidences(pen: ImageDraw.ImageDraw, boxes: pd.DataFrame, look: Look, left: int) -> None:
    """Write confidences in percent on chips above their boxes, each only where it lies on no box and no other chip."""
    font, high = _font(look.letter), look.letter + 3
    edges = boxes[BOX].to_numpy(dtype=float) * look.factor + [left, 0, left, 0]
    taken = [tuple(edge) for edge in edges]
    for (name, conf), edge in zip(boxes[["class", "conf"]].itertuples(index=False), edges, strict=True):
        text = f"{100 * conf:.0f}"
        x0, y0 = round(edge[0]) - 3, round(edge[1]) - high - 4
        chip = (x0, y0, x0 + round(font.getlength(text)) + 6, y0 + high)
        others = [other for other in taken if other != tuple(edge)]
        if x0 < 0 or y0 < 0 or chip[2] > look.width or any(_meet(chip, other) for other in others):
            continue
        taken.append(chip)
        pen.rectangle(chip, fill=style.COLOURS[name], outline=pictures.CASING)
        pen.text((x0 + 3, y0), text, font=font, fill=pictures.CASING)


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend(pen: ImageDraw.ImageDraw, look: Look) -> None:
    """Write what the colours and the dashes mean below the frame."""
    side, y = round(0.8 * look.letter), look.height + 6
    x = look.letter // 2
    for name in (*CLASSES, "truth"):
        if name in CLASSES:
            pen.rectangle((x, y + 2, x + side, y + 2 + side), fill=style.COLOURS[name], outline=pictures.CASING)
        else:
            for left in range(x, x + side, 7):
                pen.line((left, y + side // 2 + 2, min(left + 4, x + side), y + side // 2 + 2), pictures.CASING, 2)
        word = style.class_name(name)
        pen.text((x + side + 5, y), word, font=_font(look.letter), fill=pictures.CASING)
        x += side + 5 + round(_font(look.letter).getlength(word)) + look.letter


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
