"""How far the images of a variant are moved from one look: parameters (stage datasets).

A detector for recordings that nobody trained it on has to see cells of every size, look and shape under every camera
(domain randomisation). Each ingredient is a share of images or cells; 0 leaves it out.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, model_validator
from pydantic.dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Domain:
    """Parameters of the images' looks, sizes in pixels at process size, grey levels of 0-255.

    Attributes:
        size: range of the cells' size common to an image, geometric mean of a box's sides; sampled by its logarithm.
        stretch: range of the logarithm of the factor on x over that on y, common to an image.
        crowded: share of images in which objects overlap, each labelled on its own.
        clusters: share of the other images' objects of class other that are cells which touch, labelled as one.
        cut: share of the other images whose border cuts cells.
        empty: share of images without objects.
        upright: share of images whose flow goes up or down instead of across.
        looks: share of images whose cells have brighter and darker parts weighted anew, up to the opposite sign.
        halos: share of images whose cells get a fringe around them, of either sign.
        apart: range of the distance between the outline and where that fringe is strongest, in widths of the fringe;
            below 0 is 0. The more a cell is out of focus, the farther out its first fringe lies (``phantom.optics``);
            a detector that has only seen fringes at the outline takes those for a part of the cell.
        rims: share of images whose cells get a rim inside their outline, of either sign.
        shapes: share of cells that are simulated ellipses, drops and sickles.
        clutter: share of images with specks and soft blobs.
        plain: share of images that no camera transform touches.
        tone: share of the others with another grey curve.
        inverted: share of curves that are turned dark for bright.
        bent: share of curves that do not rise or fall throughout.
        steep: share of curves that leave little but black and white.
        contrast: range of the factor on contrast that goes with a curve; sampled by its logarithm.
        mean: range of the image's mean grey after a curve.
        sharpness: share of images that are blurred, moved, coarsened or sharpened.
        light: share of images with a gradient and clouds of light.
        gradient: largest fall of grey across the image.
        noise: share of images with sensor noise.
        grain: largest standard deviation of that noise relative to the cells' contrast.
        streaks: share of images with rows or columns of another brightness.
        floor: least contrast of an image's median cell: root mean square over the box of what the cell changes.
        visible: least contrast of a cell that keeps its label.
    """

    size: Range = (9, 85)
    stretch: Range = (-0.45, 0.45)
    crowded: float = 0.2
    clusters: float = 0.5
    cut: float = 0.5
    empty: float = 0.1
    upright: float = 0.2
    looks: float = 0.5
    halos: float = 0.55
    apart: Range = (-1, 2)
    rims: float = 0.2
    shapes: float = 0.2
    clutter: float = 0.35
    plain: float = 0.25
    tone: float = 0.7
    inverted: float = 0.35
    bent: float = 0.12
    steep: float = 0.08
    contrast: Range = (0.25, 1.3)
    mean: Range = (35, 215)
    sharpness: float = 0.6
    light: float = 0.4
    gradient: float = 50
    noise: float = 0.75
    grain: float = 0.55
    streaks: float = 0.3
    floor: float = 12
    visible: float = 6

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, found {getattr(self, name):g}")
        for name in ("size", "stretch", "apart", "contrast", "mean"):
            low, high = getattr(self, name)
            signed = name in ("stretch", "apart")
            if not low <= high or (not signed and low <= 0):
                wanted = "end after it starts" if signed else "be positive and end after it starts"
                raise ValueError(f"{name} ({low:g}, {high:g}) must {wanted}")
        if min(self.gradient, self.grain, self.floor, self.visible) < 0:
            raise ValueError("gradient, grain, floor and visible must be 0 or more")
        return self


SHARES = (
    "crowded", "clusters", "cut", "empty", "upright", "looks", "halos", "rims", "shapes", "clutter", "plain", "tone",
    "inverted", "bent", "steep", "sharpness", "light", "noise", "streaks",
)  # fmt: skip
"""The ingredients: fields of ``Domain`` that are shares."""

INGREDIENTS: dict[str, dict[str, Any]] = {
    "sizes": {"size": [28, 45], "stretch": [0, 0]},
    "crowds": {"crowded": 0},
    "clusters": {"clusters": 0},
    "borders": {"cut": 0},
    "empty_and_clutter": {"empty": 0, "clutter": 0},
    "looks": {"looks": 0, "halos": 0, "rims": 0},
    "halos_apart": {"apart": [0, 0]},
    "shapes": {"shapes": 0},
    "tone": {"tone": 0},
    "sharpness": {"sharpness": 0},
    "light_and_streaks": {"light": 0, "streaks": 0},
    "noise": {"noise": 0},
}
"""What may be left out, and the parameters of ``Domain`` that leave it out (``make ablation``)."""

NOT_ALONE = ("halos_apart",)
"""Ingredients that say where another one is: alone they do nothing."""
