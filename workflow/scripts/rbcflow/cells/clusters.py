"""The cluster filter of the Liang method (rule ``cluster_objects``; method, section 2.2): features, DBSCAN, verdicts.

The preprint listed by hand which clusters to drop, after looking at them. Here a cluster is dropped where more than
half of its members do not look like one whole cell: they lie at the frame's end, or their foreground falls into parts.
What every cluster holds is shown in a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.cells.methods.unet import components, square_window
from rbcflow.cells.outline import Outlined
from rbcflow.core.errors import InputError
from rbcflow.core.frames import to_grey
from rbcflow.core.tables import read_csv

EPS, MIN_SAMPLES = 0.3, 10
"""The preprint's."""

SIDE = 50
"""Side of the squares the preprint took features of, in pixels."""

MARGIN = 20
PANELS, PANEL_EVERY = 10, 23
"""How many frames a figure shows, and how far apart they are: 23 has no part in common with a folder's size."""
COLUMNS = ["recording", "frame", "object", "x0", "y0", "x1", "y1", "whole", "first", "second", "cluster", "kept"]


@dataclass(frozen=True)
class Clusters:
    """Verdicts by object: (recording, frame, number among the usable objects of the frame)."""

    kept: dict[tuple[str, int, int], bool]

    def keeps(self, recording: str, frame: int, number: int) -> bool:
        """Tell whether an object stays; one that was not seen stays."""
        return self.kept.get((recording, frame, number), True)


def read_clusters(path: Path) -> Clusters:
    """Read the table of ``write_clusters``.

    Raises:
        InputError: the columns are not those of the table.
    """
    table = read_csv(path, "verdicts on clusters", (), dtype={"recording": str})
    if list(table.columns) != COLUMNS:
        raise InputError(path, f"columns {', '.join(table.columns)}", ", ".join(COLUMNS), "header")
    keys = zip(table["recording"], table["frame"], table["object"], strict=True)
    return Clusters(dict(zip(keys, table["kept"].astype(bool), strict=True)))


def write_clusters(path: Path, outlined: Iterable[Outlined]) -> pd.DataFrame:
    """Cluster the usable objects of frames and write one row each.

    Features are the object's mask and pixels on a grid of ``SIDE`` / 5, reduced to two principal components and scaled
    to unit variance. Only features stay in memory.

    Args:
        path: CSV with the columns ``COLUMNS``; ``whole`` tells whether the object looks like one whole cell.
        outlined: frames with the U-Net's objects.
    """
    rows, features = [], []
    for item in outlined:
        grey = to_grey(item.frame.image)
        for number, found in enumerate(f for f in item.found if not f.reason):
            window = square_window(found.box, *item.frame.size, MARGIN)
            features.append(_features(grey[window], found.mask[window]))
            rows.append(
                [
                    item.frame.recording,
                    item.frame.index,
                    number,
                    *found.box,
                    _whole(found.mask[window]) and _clear(found.box, window),
                ]
            )
    table = pd.DataFrame(rows, columns=COLUMNS[:8])
    places = reduced(np.array(features, dtype=np.float32).reshape(len(rows), 2 * (SIDE // 5) ** 2))
    table["first"], table["second"] = places[:, 0].round(4), places[:, 1].round(4)
    table["cluster"] = cluster(places)
    share = table.groupby("cluster")["whole"].mean()
    table["kept"] = table["cluster"].map(share >= 0.5).astype(bool) | (table["cluster"] == -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return table


class Pictures:
    """What the figures show, collected while the objects pass: a square of each, and a few whole frames."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray] = {}
        self.panels: list[int] = []
        self.objects = 0

    def watching(self, outlined: Iterable[tuple[Outlined, NDArray[np.float32]]]) -> Iterator[Outlined]:
        """Pass frames on, given with the (H, W) float32 probability of foreground."""
        for number, (item, probability) in enumerate(outlined):
            grey = to_grey(item.frame.image)
            for found in (f for f in item.found if not f.reason):
                window = square_window(found.box, *item.frame.size, MARGIN)
                square = cv2.resize(grey[window], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                self.arrays[f"square_{self.objects}"] = square
                self.objects += 1
            if number % PANEL_EVERY == 0 and len(self.panels) < PANELS:
                mask = np.any([f.mask for f in item.found], axis=0) if item.found else np.zeros(grey.shape, bool)
                self.panels.append(number)
                self.arrays[f"image_{number}"] = grey
                self.arrays[f"probability_{number}"] = probability.astype(np.float16)
                self.arrays[f"mask_{number}"] = mask.astype(np.uint8) * np.uint8(255)
            yield item

    def write(self, path: Path) -> None:
        """Write ``square_<row of the table>``, ``image_<n>``, ``probability_<n>``, ``mask_<n>`` and ``panels``."""
        np.savez_compressed(path, panels=np.array(self.panels, dtype=int), **self.arrays)


def reduced(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (N, 2) principal components of unit variance; zeros where there are too few objects to tell."""
    if len(features) < 3:
        return np.zeros((len(features), 2))
    # scikit-learn takes a quarter of a second to import; those who read clusters do without
    from sklearn.decomposition import PCA

    places = PCA(2, svd_solver="full").fit_transform(features)
    spread = places.std(axis=0)
    # a component without variance is rounding, not shape
    return places / np.where(spread > 1e-4 * spread[0], spread, np.inf)


def cluster(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return DBSCAN's cluster of each place; -1 is none."""
    if not len(places):
        return np.zeros(0, dtype=np.int64)
    from sklearn.cluster import DBSCAN

    return DBSCAN(eps=EPS, min_samples=MIN_SAMPLES).fit_predict(places)


def _features(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return mask and contrast of an object on a coarse grid."""
    size = (SIDE // 5, SIDE // 5)
    contrast = (image.astype(np.float32) - np.median(image)) / max(float(image.std()), 1.0)
    grids = [cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (mask.astype(np.float32), 0.3 * contrast)]
    return np.concatenate([grid.ravel() for grid in grids])


def _clear(box: tuple[float, ...], window: tuple[slice, slice]) -> bool:
    """Tell whether the frame's left and right ends leave at least half of the margin beside an object."""
    width = max(box[2] - box[0], box[3] - box[1]) + 2 * MARGIN
    return width - (window[1].stop - window[1].start) <= MARGIN / 2


def _whole(mask: NDArray[np.bool_]) -> bool:
    """Tell whether a square shows one connected object that keeps clear of the square's border."""
    border = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
    return not border and len(components(mask)) == 1
