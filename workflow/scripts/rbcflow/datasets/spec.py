"""What makes one dataset variant differ from another: a set of parameters, never a code path of its own (stage
datasets).

Defaults are those of the preprint's set without overlap (preprint, section on the construction of the dataset); sizes
are in pixels at process size, before the final downscaling.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal, Self

from pydantic import ConfigDict, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

from rbcflow.core.classes import CLASSES
from rbcflow.datasets.domain import Domain

STRICT = ConfigDict(extra="forbid")
SWITCH = (False, True)
LEVELS: dict[str, tuple] = {
    "lines": SWITCH,
    "walls": SWITCH,
    "walls_gray": SWITCH,
    "artifacts": SWITCH,
    "channel": ("none", "normal", "lighten", "darken"),
    "noise": ("none", "gaussian", "salt_pepper", "random"),
}
"""Every factor and its possible levels; a variant that does not name a factor has its first level throughout."""

Range = tuple[float, float]
Level = bool | str
ClassName = Literal["croissant", "slipper", "other"]


@dataclass(frozen=True, config=STRICT)
class Scale:
    """How large a cell becomes.

    Attributes:
        side: what its size is, of the box before rotation: ``mean``: the geometric mean of the sides; ``height``;
            ``width``; ``shorter`` side.
        unit: ``pixels``: the size is sampled; ``crop``: a factor of the crop's own size; ``channel``: the size in units
            of the channel's height; ``image``: in units of the size common to an image (``domain``).
        range: lowest and highest value sampled, in that unit.
        minimum: smallest size in pixels, whatever was sampled.
        simulated_other: range of the factor for simulated objects, where it differs (unit ``crop`` only).
    """

    unit: Literal["pixels", "crop", "channel", "image"] = "pixels"
    range: Range = (40, 80)
    minimum: float = 0
    simulated_other: Range | None = None
    side: Literal["mean", "height", "width", "shorter"] = "mean"


@dataclass(frozen=True, config=STRICT)
class VariantSpec:
    """Parameters of one dataset variant.

    Attributes:
        name: name of the variant; part of every image's seed.
        classes: classes placed and labelled, in the order of their ids.
        process_size: width and height the image is composed at.
        downscale: factor by which the composed image shrinks.
        counts: possible numbers of objects of each class.
        factors: levels used of the factors in ``LEVELS``.
        overlap: True: only an object's anchor corner must be free, so objects overlap and reach over the borders;
            False: its whole box must be free and inside.
        block_margin: share by which a placed box is enlarged before it blocks others.
        anchor: which corner must be free where objects overlap: ``any``: one sampled at random; ``upper_left``: objects
            then reach over the right and the lower border only.
        empty_margin: rows at the bottom and columns at the right that stay empty where objects do not overlap.
        minimum_visible: smallest share of a box that must lie inside the image and stay uncovered by later objects.
        retries: attempts to place an object, each with a newly sampled cell, before it is left out.
        scale: size rule.
        enlarged: factor on the cells of a bank, by its name, before the rule (unit ``crop``).
        simulated_other_canvas: the size of a simulated object is that of the square it is simulated in, not its own.
        rotation: range of the rotation in degrees.
        full_rotation_share: share of objects turned by any angle instead.
        pressed: a turned cell is pressed into the box it had before, so that every cell lies as in its crop.
        flips: mirror left/right and up/down at random.
        paste: ``alpha`` recolours and blends the masked cell; ``transmit`` multiplies the background by the crop's
            brightness relative to its own flat background; ``look`` takes cells of both kinds, as relative brightness
            under the look of the image (``domain``).
        recolour: largest shift of grey in ``alpha``.
        contrast: least contrast in grey levels: of a cell's mean in ``alpha``, root mean square in ``transmit``.
        contrast_to: what ``contrast`` is held against in ``alpha``: the grey ``covered``, or the image's ``base`` grey.
        gamma: range of the exponent on relative brightness in ``transmit``: below 1 is less contrast.
        erosion: elliptic kernels (two iterations) for objects up to 2/3, up to 4/5, and above 4/5 of the largest scale.
        erosion_limit: share of a cell's inscribed radius that erosion and feathering may take at most, or thin cells
            would vanish; None takes the kernels as they are.
        feather: sigma of the blur of the blending mask (a 31x31 Gaussian of OpenCV has 5).
        box_alpha: a pasted pixel is inside the box where its blending weight exceeds this.
        whole_pixels: labels in the final image's pixels are cut to whole ones, which moves and shrinks boxes.
        other_simulated_share: share of class other that is simulated instead of taken from a bank.
        defocus_share: share of objects blurred, with a sigma from ``defocus``.
        base_grey: range of the background's base grey.
        first_grain: range of the amplitude of the finest grain in grey levels.
        common_field: all images show the same field of grain and clouds, at a zoom of their own.
        illumination: largest relative brightness difference across the image.
        straight_walls_share: share of ``walls`` and ``walls_gray`` that are straight fringe pairs along the whole
            frame.
        wall_lines: of a wall between two borders: ``beside`` each other, or the last ``covering`` the others.
        channel_walls: a channel's walls: straight ``fringes``, or three deformed ``lines`` each.
        channel_height: range of the distance of a channel's walls.
        gaussian: standard deviation of that noise, of full scale.
        salt_pepper: share of pixels that noise sets.
        random_mix: weight of the noise called random.
        domain: how far looks, sizes and cameras vary from image to image; None for one look throughout.
    """

    name: str
    classes: tuple[ClassName, ...] = CLASSES
    process_size: tuple[int, int] = (400, 400)
    downscale: int = 2
    counts: dict[ClassName, tuple[int, ...]] = field(default_factory=lambda: dict.fromkeys(CLASSES, (3, 4)))
    factors: dict[str, tuple[Level, ...]] = field(
        default_factory=lambda: {name: levels for name, levels in LEVELS.items() if name != "channel"}
    )
    overlap: bool = False
    anchor: Literal["any", "upper_left"] = "any"
    empty_margin: int = 0
    block_margin: float = 0.5
    minimum_visible: float = 0.3
    retries: int = 4
    scale: Scale = Scale()
    enlarged: dict[str, float] = field(default_factory=dict)
    simulated_other_canvas: bool = False
    rotation: Range = (-180, 180)
    full_rotation_share: float = 0
    pressed: bool = False
    flips: bool = False
    paste: Literal["alpha", "transmit", "look"] = "alpha"
    recolour: int = 40
    contrast: float = 30
    contrast_to: Literal["covered", "base"] = "covered"
    gamma: Range = (1, 1)
    erosion: tuple[int, int, int] = (5, 7, 9)
    erosion_limit: float | None = 0.4
    feather: float = 5
    box_alpha: float = 0.22
    whole_pixels: bool = False
    other_simulated_share: float = 1
    defocus_share: float = 0
    defocus: Range = (0.8, 2.5)
    base_grey: Range = (100, 150)
    first_grain: Range = (0.5, 2)
    common_field: bool = False
    illumination: float = 0.2
    straight_walls_share: float = 0.5
    wall_lines: Literal["beside", "covering"] = "beside"
    channel_walls: Literal["fringes", "lines"] = "fringes"
    channel_height: Range = (90, 190)
    gaussian: float = 0.08
    salt_pepper: float = 0.02
    random_mix: float = 0.35
    domain: Domain | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, levels in self.factors.items():
            allowed = LEVELS.get(name)
            if allowed is None:
                raise ValueError(f"unknown factor {name!r}; known are {', '.join(LEVELS)}")
            if not levels or set(levels) - set(allowed):
                raise ValueError(f"factor {name!r} has levels {levels}; allowed are {allowed}")
        for name in ("scale.range", "rotation", "gamma", "defocus", "base_grey", "first_grain", "channel_height"):
            low, high = self.scale.range if name == "scale.range" else getattr(self, name)
            if not low <= high:
                raise ValueError(f"{name} ({low:g}, {high:g}) ends before it starts")
        if min(*self.process_size, self.downscale) < 1 or self.retries < 0:
            raise ValueError("process_size and downscale must be 1 or more, retries 0 or more")
        for name in ("full_rotation_share", "other_simulated_share", "defocus_share", "straight_walls_share",
                     "minimum_visible", "box_alpha", "salt_pepper", "random_mix"):  # fmt: skip
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, found {getattr(self, name):g}")
        if not 0 <= self.empty_margin < min(self.process_size) or min(self.enlarged.values(), default=1) <= 0:
            raise ValueError("empty_margin must be 0 or more and leave some of the image, factors of enlarged above 0")
        if self.erosion_limit is not None and not 0 < self.erosion_limit <= 1:
            raise ValueError(f"erosion_limit must be above 0 and at most 1, or null, found {self.erosion_limit:g}")
        if any(count < 0 for counts in self.counts.values() for count in counts):
            raise ValueError("counts must be 0 or more")
        if self.classes != CLASSES[: len(self.classes)] or not self.classes:
            raise ValueError(f"classes must be the first of {', '.join(CLASSES)}, in this order")
        missing = [name for name in self.classes if not self.counts.get(name)]
        if missing:
            raise ValueError(f"no counts for class {', '.join(missing)}")
        if any(side % self.downscale for side in self.process_size):
            raise ValueError(f"process_size {self.process_size} is not a multiple of downscale {self.downscale}")
        if (self.domain is None) != (self.paste != "look") or (self.scale.unit == "image" and not self.domain):
            raise ValueError("`paste: look` and `domain` come together, and the scale's unit `image` needs them")
        if self.domain and self.domain.upright and self.process_size[0] != self.process_size[1]:
            raise ValueError("domain.upright turns square images only")
        return self

    @property
    def final_size(self) -> tuple[int, int]:
        """Width and height of the written image in pixels."""
        width, height = self.process_size
        return width // self.downscale, height // self.downscale

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> VariantSpec:
        """Build a variant from its configuration: the preset of its name, if there is one, with ``values`` on top.

        The key ``preset`` takes another preset than that of the name.

        The key ``size``, [width, height] of the written images, stands for ``process_size``: ``downscale`` times it.

        Raises:
            pydantic.ValidationError: a key is unknown or a value is not allowed; the message names both.
        """
        own = PRESETS.get(values.get("preset", values.get("name")), {}) | values
        own.pop("preset", None)
        if size := own.pop("size", None):
            factor = own.get("downscale", cls.downscale)
            own["process_size"] = [side * factor for side in size] if isinstance(size, list) else size
        return TypeAdapter(cls).validate_python(own)


_MICROFLUIDIC: dict[str, Any] = {
    "process_size": (400, 200),
    "counts": dict.fromkeys(CLASSES, (1, 2)),
    "factors": {
        "lines": SWITCH,
        "artifacts": SWITCH,
        "channel": LEVELS["channel"][1:],
        "noise": LEVELS["noise"],
    },
    "block_margin": 0,
    "scale": {"unit": "channel", "range": (0.4, 1)},
    "rotation": (0, 0),
    "gaussian": 0.035,
    "channel_height": (40, 75),
}

PRESETS: dict[str, dict[str, Any]] = {
    "random": {
        "overlap": True,
        "scale": {"unit": "crop", "range": (0.75, 1.25), "minimum": 80, "simulated_other": (3, 4)},
        "erosion": (11, 11, 11),
    },
    "random_nosuperposition": {},
    "random_nosuperposition_noother": {"classes": CLASSES[:2]},
    "microfluidic_nosuperposition": _MICROFLUIDIC,
    "synthetic": {
        "process_size": (400, 200),
        "counts": dict.fromkeys(CLASSES, (0, 1, 2)),
        "factors": LEVELS,
        "block_margin": 0.1,
        "scale": {"unit": "pixels", "range": (28, 110)},
        "rotation": (-8, 8),
        "full_rotation_share": 0.15,
        "flips": True,
        "paste": "transmit",
        "gamma": (0.6, 1.4),
        "contrast": 14,
        "other_simulated_share": 0.1,
        "defocus_share": 0.15,
        "base_grey": (80, 190),
        "gaussian": 0.035,
    },
    "universal": {
        "process_size": (224, 224),
        "downscale": 1,
        "counts": dict.fromkeys(CLASSES, (0, 1, 2, 4)),
        # a level named twice is sampled twice as often
        "factors": {
            "lines": (False, False, False, True),
            "walls": (False, False, False, True),
            "walls_gray": (False, False, False, True),
            "artifacts": (False, False, False, True),
            "channel": LEVELS["channel"],
        },
        "block_margin": 0.1,
        "scale": {"unit": "image", "range": (0.75, 1.3), "minimum": 6},
        "rotation": (-10, 10),
        "full_rotation_share": 0.2,
        "flips": True,
        "paste": "look",
        "contrast": 14,
        "erosion": (3, 3, 5),
        "feather": 2,
        "other_simulated_share": 0.1,
        "defocus_share": 0.1,
        "base_grey": (60, 200),
        "channel_height": (60, 190),
        "domain": {},
    },
}
"""How the named variants differ from the defaults."""
