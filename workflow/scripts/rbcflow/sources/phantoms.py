"""The phantom of each layout by name (rules ``simulate_phantom`` and ``simulate_practice``)."""

from __future__ import annotations

from collections.abc import Callable

from rbcflow.sources.kihm2018 import phantom as kihm2018
from rbcflow.sources.laboratories import outside
from rbcflow.sources.liang2024 import phantom as liang2024
from rbcflow.sources.naples import phantom as naples
from rbcflow.sources.nouaman2024 import phantom as nouaman2024

Writer = Callable[..., None]
"""Writes a laboratory's folder, given the folder, a seed and how much to draw."""


class Writers(dict[str, Writer]):
    """Functions by layout; those of laboratories from outside are looked for when they are asked for."""

    def __missing__(self, layout: str) -> Writer:
        """Return ``write`` of a laboratory from outside; raises KeyError where it draws nothing."""
        if module := outside(layout, "phantom"):
            return module.write
        raise KeyError(layout)


WRITERS = Writers(
    {
        "kihm2018": kihm2018.write,
        "liang2024": liang2024.write,
        "naples": naples.write,
        "nouaman2024": nouaman2024.write,
    }
)
