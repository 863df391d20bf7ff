"""The phantom of each layout by name (rules ``draw_phantom`` and ``draw_practice``)."""

from __future__ import annotations

from rbcflow.sources.kihm2018 import phantom as kihm2018
from rbcflow.sources.liang2024 import phantom as liang2024
from rbcflow.sources.naples import phantom as naples
from rbcflow.sources.nouaman2024 import phantom as nouaman2024

WRITERS = {
    "kihm2018": kihm2018.write,
    "liang2024": liang2024.write,
    "naples": naples.write,
    "nouaman2024": nouaman2024.write,
}
"""Functions that write a laboratory's folder, given the folder, a seed and how much to draw."""
