"""Rows of values that were read off the preprint's pictures (``readings``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rbcflow.claims.readings import LABELS, Pictures
from rbcflow.claims.rows import Claim
from rbcflow.claims.values import printed_value
from rbcflow.metrics import iou_first
from rbcflow.runtime.origin import ABSENT, NO_NUMBER, Basis, Question

if TYPE_CHECKING:
    from rbcflow.claims.table import Evidence


def claims(pictures: Mapping[str, Pictures], known: Evidence, tolerance: float) -> list[Claim]:
    """Compare each value that is typed in with this run's, matrices in the match order of the preprint's library."""
    return [row for item, own in pictures.items() for row in _of_run(item, own, known, tolerance)]


def _of_run(item: str, own: Pictures, known: Evidence, tolerance: float) -> list[Claim]:
    run = known.named.get(item, "")
    metrics = known.metrics.get(run, {})
    there = metrics.get("status") == "available"
    absent = ABSENT if metrics.get("status") == "unavailable" else NO_NUMBER
    common = {"section": f"pictures of {item}", "tolerance": tolerance, "source": f"validation/{run}/metrics.json",
              "question": Question.RECORDINGS, "basis": Basis.of_metrics(metrics), "absent": absent,
              "models": metrics.get("model", "")}  # fmt: skip
    shares = iou_first.read(metrics).normalised() if there else None
    rows = []
    for (predicted, true), value in np.ndenumerate(own.shares):
        if np.isfinite(value) and not predicted == true == len(LABELS) - 1:
            here = None if shares is None or np.isnan(shares[true, predicted]) else float(shares[true, predicted])
            claim = f"share of true {LABELS[true]} predicted as {LABELS[predicted]} in the matrix of {item}"
            id_ = f"{item}_{LABELS[true]}_as_{LABELS[predicted]}"
            rows.append(printed_value(id_, claim=claim, printed=float(value), here=here, **common))
    coco = metrics.get("coco") or {}
    for label, value in own.ap50.items():
        here = coco.get("map50") if label == "all" else (coco.get("classes", {}).get(label) or {}).get("ap50")
        claim = f"AP50 of {label.replace('all', 'all classes')} in the legend of {item}"
        rows.append(printed_value(f"{item}_ap50_{label}", claim=claim, printed=value, here=here, **common))
    return rows
