"""Maps of images: which a network sees as alike (stage figures)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rbcflow.figures import pictures, style, tsne
from rbcflow.figures.clouds import spread_line
from rbcflow.figures.datasets import SPLITS, image_list
from rbcflow.runtime import origin
from rbcflow.testsets.files import read_image, read_testset

WANTED = {"train": 40, "val": 20, "test": 20}
"""Images a variant on the map; the preprint took 2000/1000/1000 of one set."""

PERPLEXITY = 30
TOO_FEW = f"There are not {tsne.LEAST} different images for a map."
PALETTE = style.GROUP_COLOURS
MIXED = 0.6
"""Share of an image's cells that one source must have for the image to count as its."""


def image_map(datasets: list[Path], output: Path, network: dict[str, str] | None = None) -> None:
    """Show constructed images as points, close where a network sees them alike: by split, variant and source of cells.

    Args:
        datasets: folders of the variants.
        output: PNG file.
        network: ``network``, ``path`` and ``sha256`` of what computes the features.
    """
    if network is None:
        style.notice(output, "No network to compute features with.")
        return
    table = pd.concat([_chosen(folder) for folder in datasets], ignore_index=True)
    images = [pictures.as_rgb(read_image(path)) for path in table["image"]]
    embedded = _embed(images, network)
    if embedded is None:
        style.notice(output, TOO_FEW)
        return
    _, points, made = embedded
    made_from = style.made_from(*datasets)
    with style.canvas(output, style.SHEET_MM, 82, style.note(made, made_from)) as figure:
        for axes, (column, title) in zip(
            figure.subplots(1, 3), {"split": "split", "variant": "variant", "source": "source of most cells"}.items(),
            strict=True,
        ):  # fmt: skip
            _points(axes, points, table[column], title)


def _embed(
    images: list[NDArray[np.uint8]], network: dict[str, str]
) -> tuple[NDArray[np.float32], NDArray[np.float32], str] | None:
    """Return (N, F) features of images, (N, 2) points of their t-SNE, and how both were made; None of too few."""
    # its import takes seconds that other figures need not wait for
    from rbcflow.figures.features import features

    vectors = features(images, network["network"], Path(network["path"]), network["sha256"])
    points = tsne.points(vectors, PERPLEXITY)
    if points is None:
        return None
    size = f"t-SNE of {len(images)} images, {vectors.shape[1]} features of {network['network']}"
    settings = f"perplexity {tsne.perplexity(len(images), PERPLEXITY):.0f}, seed {tsne.SEED}"
    return vectors, points, style.note(size, settings)


SIGNS = ("o", "^", "s", "D", "v")
"""Signs of the test sets on the map, one for each round through the colours."""

SHOWN = 60
"""Images of each training set and of each test set on the map of both."""


def domain_map(datasets: list[Path], testsets: list[Path], output: Path, network: dict[str, str] | None = None) -> None:
    """Show training images beside the frames of the test sets: how far apart a network sees them.

    Args:
        datasets: folders of the variants.
        testsets: folders of the test sets made from recordings.
        output: PNG file.
        network: ``network``, ``path`` and ``sha256`` of what computes the features.
    """
    if network is None:
        style.notice(output, "No network to compute features with.")
        return
    available = [own for own in map(read_testset, testsets) if own.available]
    if not available:
        style.notice(output, "No test set made from recordings is available.")
        return
    images, groups = [], []
    for folder in datasets:
        paths = image_list(folder, "train")
        images += [pictures.as_rgb(read_image(paths[index])) for index in pictures.spread(len(paths), SHOWN)]
        groups += [f"training: {style.label(folder.name)}"] * (len(images) - len(groups))
    for testset in available:
        chosen = testset.frames["frame"].iloc[pictures.spread(len(testset.frames), SHOWN)]
        images += [pictures.as_rgb(testset.image(frame)) for frame in chosen]
        frames = origin.text(testset.meta["origin"])
        groups += [f"{style.label(testset.meta['name'])} ({frames})"] * (len(images) - len(groups))
    embedded = _embed(images, network)
    if embedded is None:
        style.notice(output, TOO_FEW)
        return
    vectors, points, made = embedded
    named = pd.Series(groups)
    training = named.str.startswith("training").to_numpy()
    nearest = _nearest_training(vectors, training, named)
    explained = "below: distance of features, not of the map; 1 is the median distance between training images"
    with style.canvas(output, style.SHEET_MM, 146, style.note(made, explained)) as figure:
        left, right = figure.subplots(2, 1, height_ratios=[1.7, 1])
        names = list(nearest)
        left.scatter(*points[training].T, s=5, c="#C4C4C4", linewidths=0, label=f"training images ({training.sum()})")
        for place, name in enumerate(names):
            own = (named == name).to_numpy()
            colour, sign = mark(place)
            label = f"{name.partition(' (')[0]} ({own.sum()})"
            left.scatter(*points[own].T, s=11, color=colour, marker=sign, linewidths=0, label=label)
        left.set(title="map", xticks=[], yticks=[])
        left.spines[:].set_visible(False)
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), handletextpad=0.2, ncols=2)
        for place, name in enumerate(names):
            spread_line(right, nearest[name], place, mark(place)[0])
        right.set_yticks(range(len(names)), names)
        right.invert_yaxis()
        right.set(title="to the nearest training image", xlabel="in median distances between training images")
        right.grid(True, axis="x")


def mark(place: int) -> tuple[str, str]:
    """Return colour and sign of a set by its place: where colours repeat, the sign is another."""
    return PALETTE[place % len(PALETTE)], SIGNS[place // len(PALETTE) % len(SIGNS)]


def _nearest_training(
    vectors: NDArray[np.float32], training: NDArray[np.bool_], groups: pd.Series
) -> dict[str, NDArray[np.float64]]:
    """Return each test set's distances to the nearest training image, in median distances between training images."""
    from scipy.spatial.distance import cdist, pdist

    unit = np.median(pdist(vectors[training]))
    return {
        name: cdist(vectors[(groups == name).to_numpy()], vectors[training]).min(axis=1) / unit
        for name in dict.fromkeys(groups[~training])
    }


def _chosen(dataset: Path) -> pd.DataFrame:
    """Return images of a dataset, spread evenly over each split, with what they are coloured by."""
    metadata = pd.read_csv(dataset / "metadata.csv", keep_default_na=False)
    rows = []
    for split in SPLITS:
        images = image_list(dataset, split)
        cells = metadata.loc[metadata["split"] == split].set_index("index").get("cells", pd.Series(dtype=str))
        for index in pictures.spread(len(images), WANTED[split]):
            source = _source(str(cells.get(index, "")))
            rows.append((images[index], split, style.label(dataset.name), source))
    return pd.DataFrame(rows, columns=["image", "split", "variant", "source"])


def _source(cells: str) -> str:
    """Return the source that most of an image's cells come from; a cell_id is its source and a number."""
    found = pd.Series([name.rsplit("-", 1)[0] for name in cells.split() if name != "simulated-ring"], dtype=str)
    shares = found.value_counts(normalize=True)
    if shares.empty:
        return "no cell of a bank"
    return style.label(str(shares.index[0])) if shares.iloc[0] >= MIXED else "mixed"


def _points(axes: Axes, points: NDArray[np.float32], groups: pd.Series, title: str) -> None:
    """Draw the points in a random order, so that no group lies on top."""
    names = [name for name in (*SPLITS, *sorted(set(groups))) if name in set(groups)]
    names = list(dict.fromkeys(names))
    colours = groups.map(dict(zip(names, PALETTE * 3, strict=False))).to_numpy()
    order = np.random.default_rng(tsne.SEED).permutation(len(points))
    axes.scatter(*points[order].T, s=5, c=colours[order], linewidths=0, alpha=0.8)
    axes.set(title=f"by {title}", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for name, colour in zip(names, PALETTE * 3, strict=False):
        text = style.fold(f"{name} ({(groups == name).sum()})", 30)
        axes.scatter([], [], s=12, color=colour, label=text)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), handletextpad=0.2, handlelength=1)
