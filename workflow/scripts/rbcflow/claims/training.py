"""Whether models that a sentence compares were trained alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SETTINGS = {
    "images": "{} images",
    "epochs": "{} epochs",
    "batch": "batches of {}",
    "rate": "rate {}",
    "optimizer": "{}",
    "architecture": "{}",
    "start": "from {}",
}
"""What is compared, and how it is said."""


def settings(record: Mapping[str, Any], images: int) -> dict[str, Any]:
    """Return a training's settings.

    Args:
        record: ``training.json``.
        images: training images of its dataset.
    """
    optimizer, weights = record.get("optimizer") or {}, record.get("weights") or {}
    return {
        "images": images,
        "epochs": record.get("epochs"),
        "batch": record.get("batch"),
        "rate": optimizer.get("initial_lr"),
        "optimizer": optimizer.get("name"),
        "architecture": record.get("architecture"),
        "start": weights.get("source"),
    }


def unlike(models: Iterable[str], trainings: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a sentence on models that were not trained alike, empty if they were.

    Args:
        models: names.
        trainings: their ``settings``.
    """
    names = list(dict.fromkeys(models))
    apart = [key for key in SETTINGS if len({str(trainings[name][key]) for name in names}) > 1]
    if not apart:
        return ""
    said = [
        f"{name} "
        + ", ".join(
            SETTINGS[key].format("unknown" if trainings[name][key] is None else trainings[name][key]) for key in apart
        )
        for name in names
    ]
    return "The models were not trained alike: " + "; ".join(said) + "."
