"""Count one validation run from its predictions and its test set (rules ``evaluate_<model>``)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from rbcflow.core.errors import InputError
from rbcflow.metrics import curves, error_kinds, image_labels, iou_first, sizes, summary
from rbcflow.metrics.calibration import calibration
from rbcflow.metrics.confusion import ConfusionMatrix
from rbcflow.metrics.groups import by_group
from rbcflow.metrics.inputs import Predictions, evaluation, read_pair
from rbcflow.metrics.localisation import localisation
from rbcflow.metrics.matching import Matching, match
from rbcflow.runtime.origin import Basis
from rbcflow.testsets.files import TestSet

log = logging.getLogger(__name__)

COCO_IOU = 0.5
"""Overlap at which found and missed cells are counted a second time, for comparison with AP50."""


def evaluate(
    predictions: Path,
    testset: Path,
    folder: Path,
    *,
    run: str,
    model: str,
    training: Mapping[str, Any] = MappingProxyType({}),
    conf: float = 0.25,
    iou: float = 0.45,
) -> None:
    """Write ``metrics.json`` of a run and its tables.

    The tables: ``confusion_matrix.csv``, ``curves.csv``, ``matches.csv``, ``errors.csv`` (one row an error),
    ``groups.csv`` (by donor and flow condition) and ``calibration.csv``.

    The defaults of ``conf`` and ``iou`` are those of Ultralytics' confusion matrix, which the preprint shows.

    Args:
        predictions: Parquet file of boxes, made on exactly this state of the test set.
        testset: folder of the test set; where it is unavailable, tables are empty and numbers are null with a reason.
        folder: output folder, made if absent.
        run: run id.
        model: model id.
        training: the model's ``training.json``, which says what it learned from.
        conf: confidence that counted predictions exceed.
        iou: overlap that matches exceed.

    Raises:
        InputError: predictions or test set are malformed, or do not belong together.
    """
    predicted, evaluated = read_pair(predictions, testset)
    for key, expected in (("run", run), ("model", model)):
        if predicted.meta.get(key) != expected:
            raise InputError(predictions, f"predictions of {key} {predicted.meta.get(key)!r}", repr(expected), key)
    matching = match(evaluated.truth, predicted.boxes, iou)
    matches = matching.at(conf)
    matrix = ConfusionMatrix.from_matches(matches, conf=conf, iou=iou)
    named = evaluation(evaluated, predicted) != "false"
    names = _counted(evaluated, named)
    tables = _tables(evaluated, predicted, matching, matches, names, iou, named=named)
    folder.mkdir(parents=True, exist_ok=True)
    matrix.write_csv(folder / "confusion_matrix.csv")
    for name, own in tables.items():
        own.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
    basis = replace(Basis.of_training(training), evaluated=tuple(evaluated.meta["origin"]))
    numbers = {"run": run, "model": model, **summary.identity(evaluated, predicted, basis)}
    numbers |= _numbers(evaluated, predicted, matching, matches, tables["curves"], names, conf)
    numbers["matrix"]["iou_first"] = iou_first.block(matrix, evaluated.truth, predicted.boxes)
    numbers |= {"caveats": [*summary.caveats(evaluated, predicted, basis), *sizes.caveats(numbers["size"])]}
    numbers |= {
        "errors": summary.error_block(tables["errors"], len(evaluated.frames)),
        "calibration": summary.calibration_block(tables["calibration"], named=named),
        "image_labels": None if predicted.shapeless else image_labels.count(evaluated.frames, predicted.boxes, conf),
    }
    (folder / "metrics.json").write_text(json.dumps(numbers, indent=2, allow_nan=False) + "\n")
    log.info("%s: %d frames, %d true boxes, %d rows matched", run, len(evaluated.frames), matrix.n, len(matches))


def _tables(
    evaluated: TestSet,
    predicted: Predictions,
    matching: Matching,
    matches: pd.DataFrame,
    names: tuple[str, ...],
    iou: float,
    *,
    named: bool,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a run by the names of their files."""
    walls = error_kinds.walls_of(evaluated)
    return {
        "curves": curves.curves(matching, names),
        "matches": matches,
        "errors": error_kinds.classify(
            matches, evaluated.truth, predicted.boxes, evaluated.frames, walls, iou, named=named
        ),
        "groups": by_group(evaluated.frames, matches),
        "calibration": calibration(matching, named=named),
    }


def _counted(evaluated: TestSet, named: bool) -> tuple[str, ...]:
    """Classes enter the counts only where they are evaluated; an unavailable test set is counted in no way."""
    if not evaluated.available:
        return ()
    return curves.COUNTED if named else (curves.ANY,)


def _numbers(
    evaluated: TestSet,
    predicted: Predictions,
    matching: Matching,
    matches: pd.DataFrame,
    table: pd.DataFrame,
    names: tuple[str, ...],
    conf: float,
) -> dict:
    """Return the body of ``metrics.json``."""
    strict, size = match(evaluated.truth, predicted.boxes, COCO_IOU), sizes.size_block(evaluated, predicted)
    return {
        "size": size,
        "thresholds": {
            "conf": conf,
            "iou": matching.iou,
            "meaning": "predictions above conf, in falling confidence, each take the free true box they overlap most, "
            "of any class, if the overlap exceeds iou; by class, a misnamed cell is a miss of its own class and a "
            "false positive of the other",
            "confidence_floor": predicted.meta.get("conf"),
            "nms_iou": predicted.meta.get("iou"),
        },
        "interpretable": evaluated.available and len(evaluated.truth) >= summary.MIN_BOXES,
        "coco": summary.coco_block(evaluated, predicted),
        "agnostic": summary.agnostic_block(evaluated, predicted, conf, [matching, strict]),
        "operating_point": summary.operating_point(matching, names, conf),
        "best_f1": summary.best_f1_block(table, names),
        "one_box_a_cell": summary.one_box_block(evaluated, predicted, conf, matching.iou, predicted.meta["iou"]),
        "cell_score": summary.cell_block(evaluated, predicted, conf, matching.iou, predicted.meta["iou"]),
        "localisation": localisation(matches, evaluated.truth, predicted.boxes),
        "classification": summary.classification(matches, evaluated, predicted),
        "recall_by_kind": summary.recall_by_kind(evaluated, matches),
        "matrix": {"orientation": ConfusionMatrix.orientation, "n": len(evaluated.truth)},
    }
