"""Shares of the shape classes at a flow condition (used by the scenes of the phantom)."""

from __future__ import annotations

import numpy as np

from rbcflow.core.classes import CLASSES

KIHM_COUNTS: dict[int, tuple[int, int, int]] = {
    20: (9, 0, 98),
    50: (9, 0, 43),
    100: (165, 2, 38),
    200: (252, 22, 210),
    300: (102, 120, 253),
    400: (80, 167, 216),
    500: (17, 117, 81),
    600: (8, 124, 44),
    700: (0, 105, 18),
    800: (0, 169, 31),
    900: (2, 241, 39),
    1000: (0, 269, 39),
}
"""Croissants, slippers, others by pressure (mbar): the labelled cells of S3 of Kihm et al. 2018, PLoS Comput. Biol.
14(6) e1006278, doi 10.1371/journal.pcbi.1006278."""


def class_shares(pressure: float) -> dict[str, float]:
    """Return the share of each class at a pressure.

    Shares (not counts) are interpolated linearly in pressure and held constant beyond the table's ends.

    Args:
        pressure: mbar.

    Returns:
        Shares by class name; they sum to 1.
    """
    counts = np.array(list(KIHM_COUNTS.values()), dtype=float)
    shares = counts / counts.sum(axis=1, keepdims=True)
    pressures = list(KIHM_COUNTS)
    return {name: float(np.interp(pressure, pressures, shares[:, index])) for index, name in enumerate(CLASSES)}
