"""From a cell's crop to pixels of the image (stage datasets)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.boxes import mask_box
from rbcflow.core.portable import FloatImage, blur, warp
from rbcflow.datasets.looks import Look, at_least, margin, relative_change
from rbcflow.datasets.objects import SIDE
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Cutout

TAPER = 4
"""Pixels over which a simulated patch fades into the background at its border."""

LEAST = 3
"""Pixels that are seen of a cell at a border, in either direction, where it is one."""

STEEPEST = 3.0
"""Largest exponent on relative brightness, however faint the cell was simulated."""


@dataclass(frozen=True)
class Patch:
    """A cell in its final shape.

    Attributes:
        tone: (h, w) float32: grey levels (paste ``alpha``) or brightness relative to the background (``transmit``).
        weight: (h, w) float32: blending weight (``alpha``) or the mask (``transmit``), 0..1.
        box: ``x0 y0 x1 y1`` of the cell inside the patch, whole pixels, half-open.
        relative: whether ``tone`` is relative to the background.
    """

    tone: FloatImage
    weight: FloatImage
    box: tuple[int, int, int, int]
    relative: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the box."""
        return self.box[2] - self.box[0], self.box[3] - self.box[1]

    def padded(self, pixels: int) -> Patch:
        """Return the patch with more of the background on all sides."""
        sides = [pixels] * 4
        tone = cv2.copyMakeBorder(self.tone, *sides, cv2.BORDER_CONSTANT, value=float(self.relative))
        weight = cv2.copyMakeBorder(self.weight, *sides, cv2.BORDER_CONSTANT, value=0)
        return Patch(tone, weight, tuple(side + pixels for side in self.box), self.relative)


def make_patch(
    cell: Cutout, spec: VariantSpec, unit: float, rng: np.random.Generator, stretch: float = 1
) -> Patch | None:
    """Scale and turn a cell for pasting; None if nothing of it remains visible.

    Args:
        cell: the cell.
        spec: the variant's rules.
        unit: height of the channel or size of the image's cells in pixels, for sizes in units of it.
        rng: source of randomness.
        stretch: factor on the cell's width, by which its height is divided, before it is turned.
    """
    factor, relative = _scale(cell, spec, unit, rng)
    any_angle = rng.random() < spec.full_rotation_share
    degrees = rng.uniform(-180, 180) if any_angle else rng.uniform(*spec.rotation)
    turn = np.where(rng.random(2) < 0.5, -1, 1) if spec.flips else np.ones(2, int)
    transmits = spec.paste == "transmit" or (spec.paste == "look" and cell.background is not None)
    if not transmits:
        cell = cell.trimmed(margin=1)
    layers = np.empty((*cell.mask.shape, 2))
    layers[..., 0] = _relative_brightness(cell) if transmits else cell.crop
    layers[..., 1] = cell.mask
    if stretch != 1:
        wide = (max(2, round(layers.shape[1] * stretch)), max(2, round(layers.shape[0] / stretch)))
        layers = cv2.resize(layers, wide, interpolation=cv2.INTER_LINEAR)
    shaped = _reshape(layers[:: turn[0], :: turn[1]], factor, degrees, outside=(float(transmits), 0))
    tone, inside = shaped[..., 0], shaped[..., 1] > 0.5
    if not transmits and (box := mask_box(inside)):
        x0, y0, x1, y1 = map(int, box)
        window = np.s_[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1]
        tone, inside = tone[window], inside[window]
        if spec.pressed:
            tone, inside = _pressed(tone, inside, [round(side * factor) for side in cell.size])
    if rng.random() < spec.defocus_share:
        tone = blur(tone, 0, rng.uniform(*spec.defocus))
    weight = inside.astype(np.float32) if transmits else _blending_weight(inside, spec, relative)
    box = mask_box(weight > spec.box_alpha)
    return None if box is None else Patch(tone, weight, tuple(map(int, box)), transmits)


def paste(
    image: FloatImage,
    patch: Patch,
    corner: tuple[int, int],
    spec: VariantSpec,
    rng: np.random.Generator,
    base: float | None = None,
) -> None:
    """Paste a patch in place so that its box starts at a corner; what reaches over the border is cut off.

    Args:
        image: (H, W) float32 in grey levels.
        patch: the cell; at least a part of its box lies inside the image.
        corner: x and y.
        spec: paste mode and contrast.
        rng: source of randomness.
        base: grey that the contrast in ``alpha`` is held against in place of the covered one.
    """
    window, tone, weight, inside = _covered(image, patch, corner, spec)
    local = cv2.mean(window, inside)[0]
    if spec.paste == "transmit":
        contrast = np.sqrt(cv2.mean(np.square(tone - 1), inside)[0]) * local
        window *= (np.maximum(tone, 0.02).astype(float) ** _exponent(contrast, spec, rng)).astype(np.float32)
    else:
        shift = _shift(cv2.mean(tone, inside)[0], local if base is None else base, spec, rng)
        window += weight * (np.clip(tone + np.float32(shift), 0, 255) - window)


def paste_under(
    look: Look,
    image: FloatImage,
    patch: Patch,
    corner: tuple[int, int],
    spec: VariantSpec,
    size: float,
    rng: np.random.Generator,
) -> tuple[int, int, int, int] | None:
    """Paste a patch of either kind in place under the look of an image, with its halo; see ``paste``.

    Args:
        look: of the image.
        image: (H, W) float32 in grey levels.
        patch: the cell; at least a part of its box lies inside the image.
        corner: x and y.
        spec: recolouring and contrast.
        size: of the image's cells in pixels.
        rng: source of randomness.

    Returns:
        Corners of what the image shows of the cell, without its halo; None where that is less than ``LEAST`` pixels
        wide or high, which is not pasted.
    """
    around = patch.padded(margin(look, size))
    window, tone, weight, inside = _covered(image, around, corner, spec)
    shown = mask_box(inside) if inside.size else None
    if shown is None or min(shown[2] - shown[0], shown[3] - shown[1]) < LEAST:
        return None
    local = max(cv2.mean(window, inside)[0], 1.0)
    if patch.relative:
        change = tone - 1
    else:
        shift = _shift(cv2.mean(tone, inside)[0], local, spec, rng)
        change = weight * (np.clip(tone + np.float32(shift), 0, 255) * np.float32(1 / local) - 1)
    change = relative_change(change, inside, look, size, rng)
    window *= 1 + at_least(change, inside, local, spec.contrast, STEEPEST)
    left, top = (max(0, start - edge) for start, edge in zip(corner, around.box[:2], strict=True))
    x0, y0, x1, y1 = map(int, shown)
    return left + x0, top + y0, left + x1, top + y1


def _covered(
    image: FloatImage, patch: Patch, corner: tuple[int, int], spec: VariantSpec
) -> tuple[FloatImage, FloatImage, FloatImage, NDArray[np.uint8]]:
    """Return the part of an image that a patch covers, as a view, and the patch's tone, weight and inside there."""
    left, top = corner[0] - patch.box[0], corner[1] - patch.box[1]
    height, width = patch.tone.shape
    # empty where the patch lies outside the image
    first = (max(0, -top), max(0, -left))
    rows = slice(first[0], max(first[0], min(height, image.shape[0] - top)))
    columns = slice(first[1], max(first[1], min(width, image.shape[1] - left)))
    window = image[rows.start + top : rows.stop + top, columns.start + left : columns.stop + left]
    tone, weight = patch.tone[rows, columns], patch.weight[rows, columns]
    return window, tone, weight, (weight > spec.box_alpha).view(np.uint8)


def _scale(cell: Cutout, spec: VariantSpec, unit: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return the factor on the crop, and the value sampled relative to the largest of its range."""
    rule = spec.scale
    size = _side(cell, spec)
    low, high = rule.simulated_other if rule.simulated_other and cell.is_ring else rule.range
    value = rng.uniform(low, high)
    crop = size * spec.enlarged.get(cell.bank, 1)
    wanted = value * {"pixels": 1, "crop": crop, "channel": unit, "image": unit}[rule.unit]
    return max(wanted, rule.minimum) / size, value / high


def _side(cell: Cutout, spec: VariantSpec) -> float:
    """Return the length that the variant's rule of sizes is about, in pixels of the crop."""
    width, height = (SIDE, SIDE) if cell.is_ring and spec.simulated_other_canvas else cell.size
    sides = {"mean": math.sqrt(width * height), "height": height, "width": width, "shorter": min(width, height)}
    return sides[spec.scale.side]


def _shift(mean: float, local: float, spec: VariantSpec, rng: np.random.Generator) -> int:
    """Return a whole shift of grey after which a cell's mean differs enough from the grey it covers."""
    shifts = np.arange(-spec.recolour, spec.recolour + 1)
    apart = np.abs((mean + shifts).clip(0, 255) - local)
    # No shift may be enough where a variant asks for more contrast than it lets shift: then the best there is.
    return int(rng.choice(shifts[apart >= min(spec.contrast, apart.max())]))


def _exponent(contrast: float, spec: VariantSpec, rng: np.random.Generator) -> float:
    """Return an exponent on relative brightness that leaves enough of a root-mean-square contrast in grey levels."""
    return min(max(rng.uniform(*spec.gamma), spec.contrast / max(contrast, 1e-3)), STEEPEST)


def _relative_brightness(cell: Cutout) -> FloatImage:
    """Return the crop over its flat background, fading to 1 at the patch's border."""
    ratio = cell.crop.astype(np.float32) / np.float32(cell.background)
    rows, columns = (np.minimum(np.arange(n) + 1, n - np.arange(n)) / (TAPER + 1) for n in ratio.shape)
    taper = np.minimum(rows[:, None], columns).clip(0, 1).astype(np.float32)
    return 1 + (ratio - 1) * taper


def _reshape(layers: NDArray, factor: float, degrees: float, outside: tuple[float, float]) -> FloatImage:
    """Resize and rotate layers about their centre on a canvas that holds all and one more pixel on every side."""
    if factor < 1:
        size = [max(2, round(side * factor)) for side in layers.shape[1::-1]]
        layers, factor = cv2.resize(layers, size, interpolation=cv2.INTER_AREA), 1
    sides = np.array(layers.shape[1::-1])
    turn = cv2.getRotationMatrix2D((sides - 1) / 2, degrees, factor)
    canvas = np.ceil(np.abs(turn[:, :2]) @ sides).astype(int) + 2
    turn[:, 2] += (canvas - sides) / 2
    return warp(layers, turn, canvas, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)


def _pressed(tone: FloatImage, inside: NDArray[np.bool_], size: list[int]) -> tuple[FloatImage, NDArray[np.bool_]]:
    """Return a cell pressed or stretched into a box of another shape, with a pixel around it."""
    x0, y0, x1, y1 = map(int, mask_box(inside))
    layers = np.dstack([tone, inside])[y0:y1, x0:x1].astype(float)
    layers = cv2.resize(layers, [max(2, side) for side in size], interpolation=cv2.INTER_AREA)
    layers = cv2.copyMakeBorder(layers, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return layers[..., 0].astype(np.float32), layers[..., 1] > 0.5


def _blending_weight(inside: NDArray[np.bool_], spec: VariantSpec, relative: float) -> FloatImage:
    """Return the weight of the cell's pixels, 0..1 (preprint, section on pasting).

    It is the eroded mask, blurred, and 0 outside the mask. Two erosions by an ellipse of k pixels take k - 1 away.
    """
    kernel = spec.erosion[int(relative > 2 / 3) + int(relative > 4 / 5)]
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    limit = math.inf if spec.erosion_limit is None else spec.erosion_limit * float(depth.max())
    eroded = (depth > min(kernel - 1, limit)).astype(float)
    sigma = max(min(spec.feather, limit), 0.3)
    side = 2 * int(np.ceil(3 * sigma)) + 1
    return blur(eroded, side, sigma, cv2.BORDER_CONSTANT) * inside
