"""Files of the laboratory in `strips/`, and the rows that a configuration adds for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

STRIPS = Path(__file__).parent / "strips"
ROW = {"layout": "strips", "access": "local", "licence": "none", "availability": "made by a test", "reference": "none"}


def write_strips(folder: Path) -> Path:
    """Write two donors' strips of four frames, a dark cell in each, 30 pixels farther to the right every time."""
    for donor in ("a", "b"):
        frames = np.full((4, 64, 160), 150, np.uint8)
        for index in range(4):
            frames[index, 20:44, 20 + 30 * index : 50 + 30 * index] = 60
        (folder / donor).mkdir(parents=True)
        cv2.imwrite(str(folder / donor / "one.png"), frames.reshape(-1, 160))
    return folder


def rows(folder: Path, laboratory: Path = STRIPS) -> dict:
    """Return what a configuration says of the laboratory; no table of the project is copied or edited."""
    return {
        "laboratories": [str(laboratory)],
        "sources": {"sixth": {**ROW, "title": "strips", "path": str(folder)}},
        "banks": {"sixth": {"title": "cells of strips", "source": "sixth", "methods": ["background"]}},
        "testsets": {
            "sixth": {"title": "strips", "source": "sixth", "kind": "strips"},
            "sixth_found": {"title": "strips, by background", "source": "sixth", "kind": "strips_found"},
        },
        "runs": {"random-on-sixth": {"model": "random", "testset": "sixth"}},
        "variants": {"random": {"banks": ["nouaman2024", "sixth"]}},
    }
