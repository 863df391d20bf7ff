"""How single cells are cut out of a laboratory's files, where methods must be told (``Laboratory.extraction``).

Jobs get it as params, so that a changed number reruns what it changes, and a changed word of a laboratory nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of background subtraction; the defaults are those of the preprint's final run on the Naples set.

    Attributes:
        threshold: grey difference above which a pixel belongs to an object.
        threshold_at: other thresholds by flow condition.
        min_changed: pixels that must differ for a frame to be looked at.
        min_area: contour area in square pixels an object must exceed to be an object at all.
        min_height: of a cell's box, pixels.
        min_width: of a cell's box, pixels.
        edge_buffer: columns at both ends of the frame that a cell must not touch.
        beside: columns left and right of a cell's box, over its rows, whose mean grey difference must not exceed half
            of the threshold on either side: else the object is not fully seen.
        max_edge_difference: mean grey difference in the buffer's columns above which no cell is fully in the frame;
            None: no such test.
        largest_only: keep one cell a frame.
        outline: smoothed grey difference that belongs to an object once it was found; None keeps the shape
            that the threshold gave, which leaves out a soft cell's rim.
    """

    threshold: int = 20
    threshold_at: dict[str, int] = field(default_factory=lambda: {"1 cm/s": 10})
    min_changed: int = 200
    min_area: float = 50.0
    min_height: int = 40
    min_width: int = 0
    edge_buffer: int = 10
    beside: int = 10
    max_edge_difference: float | None = None
    largest_only: bool = True
    outline: int | None = None

    def threshold_of(self, condition: str) -> int:
        """Return the threshold at a flow condition."""
        return self.threshold_at.get(condition, self.threshold)


@dataclass(frozen=True)
class Extraction:
    """What methods must be told of a laboratory's files.

    Attributes:
        background: thresholds of background subtraction.
        scale: factor by which frames are enlarged before a network sees them, so that cells are 30 to 80 pixels long.
        max_width: largest width of an object that a U-Net finds, pixels; None for any.
        elongation: largest longer side over shorter side, less one, by class, where a bank says nothing else.
        all_labels: classes of which Cellpose's labels in a sorted crop are one cell together; of others it is the label
            at the crop's centre.
    """

    background: Thresholds = field(default_factory=Thresholds)
    scale: float = 1.0
    max_width: int | None = None
    elongation: Mapping[str, float] = field(default_factory=dict)
    all_labels: tuple[str, ...] = ()

    def params(self) -> dict[str, Any]:
        """Return plain values for the params of a rule."""
        return asdict(self)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Extraction:
        """Return what ``params`` gave."""
        own = {"background": Thresholds(**params["background"]), "all_labels": tuple(params["all_labels"])}
        return cls(**{**params, **own})
