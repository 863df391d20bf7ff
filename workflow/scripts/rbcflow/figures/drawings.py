"""The drawing functions by the names the registry uses (rules ``draw_figure`` and ``draw_gif``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rbcflow.figures import (
    cells,
    composition,
    datasets,
    extraction,
    gifs,
    learning,
    maps,
    models,
    overview,
    raw,
    samples,
    speed,
    validation,
)

log = logging.getLogger(__name__)

DRAWINGS: dict[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        raw.raw_frames,
        extraction.class_counts,
        extraction.pressure_shares,
        extraction.outline_scores,
        extraction.cluster_map,
        extraction.unet_panels,
        extraction.box_sizes,
        cells.cell_sheet,
        cells.cell_counts,
        datasets.dataset_examples,
        datasets.dataset_statistics,
        models.training_curves,
        validation.confusion_matrix,
        validation.confidence_curves,
        samples.sample_predictions,
        gifs.predicted_boxes,
        overview.overview,
        speed.seconds_by_rule,
        composition.background_steps,
        composition.overlaps,
        maps.image_map,
        composition.metadata_pairs,
        learning.label_statistics,
        learning.training_batches,
        models.seed_spread,
    )
}


def draw(name: str, inputs: Mapping[str, Path | list[Path]], output: Path, **options: Any) -> None:
    """Draw one figure.

    Args:
        name: of the drawing function, an entry's ``draws``.
        inputs: folders or files under the names in the entry's ``inputs``.
        output: PNG or GIF file; its folder is made.
        options: settings of the drawing function, such as ``frames`` and ``fps`` of a GIF.

    Raises:
        InputError: an input is malformed.
    """
    DRAWINGS[name](**inputs, output=output, **options)
    log.info("%s: %.0f kB", output, output.stat().st_size / 1000)
