"""The preprint's counting on pictures that carry one class for all their cells (stage metrics; method, section 8).

Every detection takes its picture's label as its truth: no box is compared, a missed cell leaves no trace, and several
cells in a picture all count as of its class. It is kept beside proper matching, so that the two can be compared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASSES


def count(frames: pd.DataFrame, predictions: pd.DataFrame, conf: float) -> dict | None:
    """Return the preprint's figures, or None where frames carry no label.

    Args:
        frames: ``frame`` and ``label``.
        predictions: boxes with ``frame, class, conf``.
        conf: confidence that counted detections exceed.
    """
    labels = frames.set_index("frame")["label"]
    if (labels == "").all():
        return None
    counted = predictions[predictions["conf"] > conf]
    true, named = counted["frame"].map(labels), counted["class"]
    per_image = counted.groupby("frame").size().reindex(labels.index, fill_value=0)
    classes = counted.groupby("frame")["class"].nunique()
    return {
        "conf": conf,
        "images": len(labels),
        "detections": len(counted),
        "detections_per_image": {
            "mean": float(per_image.mean()), "median": float(per_image.median()), "max": int(per_image.max()),
        },
        "images_by_detections": np.bincount(per_image).tolist(),
        "images_with_both_classes": int((classes > 1).sum()),
        "images_by_classes": _by_classes(labels, counted),
        "confusion": {label: _named(named[true == label]) for label in CLASSES if (labels == label).any()},
        "accuracy": float((true == named).mean()) if len(counted) else None,
        "classes": {name: _class(true == name, named == name) for name in CLASSES if (labels == name).any()},
        "meaning": "every detection takes its picture's label as its truth, as in the preprint; n are detections",
    }  # fmt: skip


def _named(named: pd.Series) -> dict[str, int]:
    """Return how many detections were given each class's name."""
    return {name: int((named == name).sum()) for name in CLASSES}


def _by_classes(labels: pd.Series, counted: pd.DataFrame) -> dict[str, int]:
    """Return how many pictures have detections of no class, of one alone, and of several."""
    named = counted.groupby("frame")["class"].agg(lambda names: "several" if names.nunique() > 1 else names.iloc[0])
    found = named.reindex(labels.index, fill_value="none").value_counts()
    return {name: int(found.get(name, 0)) for name in ("none", *CLASSES, "several")}


def _class(true: pd.Series, named: pd.Series) -> dict:
    hits, n, predicted = int((true & named).sum()), int(true.sum()), int(named.sum())
    total = n + predicted
    return {
        "n": n,
        "precision": hits / predicted if predicted else None,
        "recall": hits / n if n else None,
        "f1": 2 * hits / total if total else None,
    }
