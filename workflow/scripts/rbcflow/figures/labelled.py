"""The preprint's four plots of its simulated-cell model on pictures with one label each (figure ``picture_labels``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rbcflow.core.classes import CLASSES
from rbcflow.figures import style
from rbcflow.figures.validation import DARK, HEAT, read_metrics, run_note
from rbcflow.runtime import origin

SEVERAL, NONE = "several", "none"


def picture_labels(runs: list[Path], output: Path) -> tuple[str, ...]:
    """Show predictions by class, detections a picture, the confusion of picture labels, and pictures of mixed classes.

    Args:
        runs: folders of the runs; the first whose pictures carry a label is shown.
        output: PNG file.

    Returns:
        The origins of the run that is shown, none where none is.
    """
    described = [read_metrics(folder) for folder in runs]
    metrics = next((own for own in described if own["status"] == "available" and own.get("image_labels")), None)
    if metrics is None:
        style.notice(output, "No run was evaluated on pictures that carry one label each.")
        return ()
    counted = metrics["image_labels"]
    note = run_note(
        metrics,
        f"{counted['detections']} detections above confidence {counted['conf']:g} on {counted['images']} pictures",
        "every detection takes its picture's label as its truth, as in the preprint",
    )
    with style.canvas(output, style.SHEET_MM, 104, note) as figure:
        (named, crowd), (confusion, mixed) = figure.subplots(2, 2)
        totals = {name: sum(row[name] for row in counted["confusion"].values()) for name in CLASSES}
        _bars(named, {name: n for name, n in totals.items() if n}, "predictions by class", "detections")
        crowd.bar(range(len(counted["images_by_detections"])), counted["images_by_detections"],
                  color=style.COLOURS["accent"])  # fmt: skip
        crowd.set(title="boxes in a picture", xlabel="boxes", ylabel="pictures")
        crowd.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        _confusion(confusion, counted["confusion"])
        shown = {
            name: n for name, n in counted["images_by_classes"].items() if n or name in (*counted["confusion"], SEVERAL)
        }
        _bars(mixed, shown, "classes in a picture", "pictures")
    return origin.Basis.of_metrics(metrics).origins


def _bars(axes: Axes, counts: dict[str, int], title: str, what: str) -> None:
    colours = [style.COLOURS.get(name, style.COLOURS["all" if name == SEVERAL else "background"]) for name in counts]
    # lying bars, as the names of five of them would run into each other below standing ones
    drawn = axes.barh([style.class_name(name) for name in counts], list(counts.values()), color=colours, height=0.65)
    axes.bar_label(drawn, padding=2, fontsize=style.LEAST_POINTS)
    axes.invert_yaxis()
    axes.set(title=title, xlabel=what)
    axes.margins(x=0.3)
    axes.tick_params(axis="y", length=0)


def _confusion(axes: Axes, table: dict[str, dict[str, int]]) -> None:
    """Draw the confusion of picture labels as counts, rows true, shaded by the share of the row."""
    names = [name for name in CLASSES if name in table or any(row[name] for row in table.values())]
    counts = np.array([[row[name] for name in names] for row in table.values()])
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    drawn = axes.imshow(shares, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
    axes.figure.colorbar(drawn, ax=axes, label="share of the label", ticks=[0, 0.5, 1], aspect=12, pad=0.03)
    for (row, column), n in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > DARK else "black"
        axes.text(column, row, f"{n}", ha="center", va="center", fontsize=8.5, color=colour)
    axes.set_xticks(range(len(names)), [style.class_name(name) for name in names])
    axes.set_yticks(range(len(table)), [style.class_name(name) for name in table])
    axes.set(title="picture labels", xlabel="predicted class", ylabel="label of the picture")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
