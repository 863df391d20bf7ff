"""What is common to one image of a variant with a domain, sampled once (stage datasets)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rbcflow.core import portable
from rbcflow.datasets.domain import Domain, Range


@dataclass(frozen=True)
class Setting:
    """What is common to one image.

    Attributes:
        size: of its cells in pixels.
        stretch: factor on x; y is divided by it.
        crowded: whether objects overlap.
        empty: whether there are none.
        upright: whether the flow goes up or down.
        plain: whether the camera leaves the image as it is.
        cut: whether the border may cut cells.
    """

    size: float
    stretch: float
    crowded: bool
    empty: bool
    upright: bool
    plain: bool
    cut: bool

    @property
    def record(self) -> dict[str, float | bool]:
        """The columns of ``metadata.csv``."""
        return {
            "cell_px": round(self.size, 2), "stretch": round(self.stretch, 3), "crowded": self.crowded,
            "empty": self.empty, "upright": self.upright, "plain": self.plain, "cut": self.cut,
        }  # fmt: skip


def by_logarithm(limits: Range, rng: np.random.Generator) -> float:
    """Return a positive value that is as likely between 1 and 2 as between 2 and 4."""
    low, high = (float(portable.log(limit)) for limit in limits)
    return float(portable.exp(rng.uniform(low, high)))


def draw_setting(domain: Domain, rng: np.random.Generator) -> Setting:
    """Draw what is common to one image."""
    size = by_logarithm(domain.size, rng)
    # half of the stretch goes to either side, so that the size stays
    stretch = float(portable.exp(rng.uniform(*domain.stretch) / 2))
    shares = (domain.crowded, domain.empty, domain.upright, domain.plain, domain.cut)
    crowded, empty, upright, plain, cut = (bool(rng.random() < share) for share in shares)
    return Setting(size, stretch, crowded, empty, upright, plain, cut)
