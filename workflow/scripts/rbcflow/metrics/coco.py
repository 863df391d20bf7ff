"""Average precision and recall as COCO defines them, by faster-coco-eval (stage metrics).

Precision at 101 recall levels, IoU 0.50 to 0.95 in steps of 0.05, predictions matched within their class
(Lin et al. 2014, "Microsoft COCO: Common Objects in Context").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from faster_coco_eval import COCO, COCOeval_faster

from rbcflow.core.classes import CLASS_ID, CLASSES
from rbcflow.metrics.inputs import BOX

MAX_DETECTIONS = 300
"""Predictions a frame that count; COCO's 100 would cut crowded frames."""
STRICT = 5
"""Row of IoU 0.75 among COCO's ten."""


@dataclass(frozen=True)
class AveragePrecision:
    """AP at IoU 0.5, at 0.75 and averaged over 0.5 to 0.95, and recall averaged likewise; None without true boxes."""

    ap50: float | None
    ap75: float | None
    ap50_95: float | None
    ar: float | None


UNDEFINED = AveragePrecision(None, None, None, None)
"""Without true boxes, or of a class that the model cannot name."""


def average_precision(
    truth: pd.DataFrame,
    predictions: pd.DataFrame,
    frames: pd.Series,
    *,
    classes: Sequence[str] = CLASSES,
    agnostic: bool = False,
) -> dict[str, AveragePrecision]:
    """Evaluate predictions on all frames, those without boxes included.

    Args:
        truth: true boxes with ``frame, class, x0, y0, x1, y1`` in pixels.
        predictions: the same with ``conf``.
        frames: every frame of the test set.
        classes: those the model can name; one it cannot name has no average precision.
        agnostic: ignore classes.

    Returns:
        By class name, and under ``mean`` the mean over the classes that the model can name and that have true boxes;
        only ``mean`` if agnostic.
    """
    names = ("mean",) if agnostic else CLASSES
    images = {frame: number for number, frame in enumerate(sorted(frames), start=1)}
    dataset = {
        "info": {},
        "images": [{"id": number} for number in images.values()],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, start=1)],
        "annotations": _annotations(truth, images, agnostic=agnostic),
    }
    ground = COCO(dataset)
    evaluation = COCOeval_faster(ground, ground.loadRes(_annotations(predictions, images, agnostic=agnostic)), "bbox")
    evaluation.params.maxDets = [MAX_DETECTIONS]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    # Axes: IoU, recall level, class, area, detections (recall has no second); -1 marks a class without true boxes.
    precision, recall = evaluation.eval["precision"][:, :, :, 0, 0], evaluation.eval["recall"][:, :, 0, 0]
    result = {
        name: AveragePrecision(
            ap50=_mean(precision[0, :, column]),
            ap75=_mean(precision[STRICT, :, column]),
            ap50_95=_mean(precision[:, :, column]),
            ar=_mean(recall[:, column]),
        )
        for column, name in enumerate(names)
    }
    if agnostic:
        return result
    result |= {name: UNDEFINED for name in CLASSES if name not in classes}
    return {**result, "mean": _mean_of_classes(result)}


def _annotations(boxes: pd.DataFrame, images: dict, *, agnostic: bool) -> list[dict]:
    corners = boxes[BOX].to_numpy(dtype=float)
    sizes = corners[:, 2:] - corners[:, :2]
    scores = boxes["conf"].to_numpy(dtype=float) if "conf" in boxes else np.ones(len(boxes))
    return [
        {
            "id": number,
            "image_id": images[frame],
            "category_id": 1 if agnostic else CLASS_ID[name] + 1,
            "bbox": [float(x0), float(y0), float(width), float(height)],
            "area": float(width * height),
            "iscrowd": 0,
            "score": float(score),
        }
        for number, (frame, name, (x0, y0), (width, height), score) in enumerate(
            zip(boxes["frame"], boxes["class"], corners[:, :2], sizes, scores, strict=True), start=1
        )
    ]


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if values.min() >= 0 else None


def _mean_of_classes(result: dict[str, AveragePrecision]) -> AveragePrecision:
    present = [own for own in result.values() if own.ap50 is not None]
    if not present:
        return UNDEFINED
    keys = [field.name for field in fields(AveragePrecision)]
    return AveragePrecision(**{key: float(np.mean([getattr(own, key) for own in present])) for key in keys})
