"""The numbers of ``metrics.json``, block by block (stage metrics).

A number that cannot be had is None, and its block says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
import pandas as pd

from rbcflow.core.classes import CLASSES
from rbcflow.core.names import CLASSES as CLASS_WORDS
from rbcflow.metrics import calibration, coco, curves, error_kinds
from rbcflow.metrics.inputs import Predictions, evaluation
from rbcflow.metrics.matching import BACKGROUND, Matching, match
from rbcflow.metrics.suppression import one_box_a_cell
from rbcflow.runtime import origin
from rbcflow.runtime.origin import Basis
from rbcflow.testsets.files import TestSet

MIN_BOXES = 10
"""Below this many true boxes a ratio is a story about single cells: it is given, but marked as not interpretable."""

NOT_EVALUATED = "classes are not evaluated on this test set: its true boxes carry no class that could be right or wrong"

NAMES_NONE = "classes are not evaluated: the detector finds cells and names no shape"

OWN_FRAMES = (
    "These frames were annotated elsewhere and not set apart by the splits of this workflow: whether a model learned "
    "from cells of the same recordings is not known."
)

ONE_BOX = (
    "boxes of all classes compete: of those that overlap by more than nms_iou only the most confident remains; all "
    "other numbers let an object keep one box a class, as the preprint's do"
)


CELL = (
    "one box an object, as in one_box_a_cell, but in order of the sum of all classes' scores (at most 1), which is its "
    "confidence: how well cells are found where their names do not matter"
)


def not_evaluated(testset: TestSet, predictions: Predictions) -> str:
    """Return why classes are not evaluated."""
    return NAMES_NONE if predictions.shapeless and testset.meta["classes_evaluated"] != "false" else NOT_EVALUATED


def identity(testset: TestSet, predictions: Predictions, basis: Basis) -> dict:
    """Return what was evaluated on what, and what both were made from."""
    own, made = testset.meta, predictions.meta
    return {
        "model_hash": made.get("model_hash"),
        "testset": own["name"],
        "testset_fingerprint": own["fingerprint"],
        "status": own["status"],
        "status_reason": own.get("reason") or None,
        "source": own.get("source"),
        "origin": list(basis.evaluated),
        "learned_from": list(basis.learned or ()),
        "adopted": basis.adopted,
        "remarks": list(basis.remarks),
        "labels": own.get("labels"),
        "classes_evaluated": evaluation(testset, predictions),
        "input": made.get("input"),
        "frames_per_second": made.get("frames_per_second"),
        "n_frames": len(testset.frames),
        "n_empty_frames": len(_empty_frames(testset)),
        "n_boxes": {**_class_counts(testset.truth), "total": len(testset.truth)},
    }


def _class_counts(boxes: pd.DataFrame) -> dict[str, int]:
    return {name: int((boxes["class"] == name).sum()) for name in CLASSES}


def _empty_frames(testset: TestSet) -> set:
    return set(testset.frames["frame"]) - set(testset.truth["frame"])


def caveats(testset: TestSet, predictions: Predictions, basis: Basis) -> list[str]:
    """Return one sentence for each reason to read the numbers with care."""
    if not testset.available:
        return [f"Test set {testset.meta['name']} is unavailable: {testset.meta['reason'].rstrip('.')}."]
    n, sentences = len(testset.truth), [OWN_FRAMES] if testset.meta["labels"] == "given" else []
    if n < MIN_BOXES:
        sentences.append(f"n = {n} true boxes: not interpretable.")
    evaluated = evaluation(testset, predictions)
    if evaluated == "proxy":
        sentences.append("True classes are proxies named by eye: numbers by class show agreement with them, not truth.")
    elif evaluated == "false":
        reason = not_evaluated(testset, predictions)
        sentences.append(f"{reason[0].upper()}{reason[1:]}.")
    else:
        few = {name: count for name, count in _class_counts(testset.truth).items() if count < MIN_BOXES}
        sentences += [
            f"n = {count} true boxes of class {CLASS_WORDS[name]}: not interpretable." for name, count in few.items()
        ]
    if evaluated != "false":
        sentences += _unnamed(testset, predictions)
    return [*sentences, *(origin.caveats(basis) if n else ())]


def _unnamed(testset: TestSet, predictions: Predictions) -> list[str]:
    """Return a sentence for each class that has true boxes and that the model cannot name."""
    known = " and ".join(CLASS_WORDS.get(name, name) for name in predictions.classes)
    unnamed = {
        CLASS_WORDS[name]: count
        for name, count in _class_counts(testset.truth).items()
        if count and name not in predictions.classes
    }
    return [
        f"The model has no class {name}: mAP is the mean over {known}; the {count} true boxes of class {name} count "
        "only where classes are ignored or pooled."
        for name, count in unnamed.items()
    ]


def _reason(n_boxes: int, n_predictions: int) -> str | None:
    """Say why precision or recall is undefined, if one is."""
    missing = [text for count, text in ((n_boxes, "no true boxes"), (n_predictions, "no predictions")) if count == 0]
    return "; ".join(missing) or None


def ratios(count: curves.Counts) -> dict:
    """Return one way of counting at the operating point, as JSON."""
    return {
        "n_boxes": count.n_boxes,
        "n_predictions": count.n_predictions,
        "hits": count.hits,
        "misses": count.n_boxes - count.hits,
        "false_positives": count.n_predictions - count.hits,
        "precision": count.precision,
        "recall": count.recall,
        "f1": count.f1,
        "interpretable": count.n_boxes >= MIN_BOXES,
        "reason": _reason(count.n_boxes, count.n_predictions),
    }


def operating_point(matching: Matching, names: Iterable[str], conf: float) -> dict:
    """Return counts and ratios above one confidence, by class, ``all`` and ``any``."""
    return {name: ratios(curves.counts(matching, name, np.array([conf]))[0]) for name in names}


def coco_block(testset: TestSet, predictions: Predictions) -> dict:
    """Return COCO's average precision by class and in the mean."""
    none = asdict(coco.UNDEFINED)
    reason = None
    if evaluation(testset, predictions) == "false":
        reason = not_evaluated(testset, predictions)
    elif testset.truth.empty:
        reason = "no true boxes"
    if reason:
        by_class, mean = dict.fromkeys(CLASSES, none), none
    else:
        frames = testset.frames["frame"]
        result = coco.average_precision(testset.truth, predictions.boxes, frames, classes=predictions.classes)
        by_class, mean = {name: asdict(result[name]) for name in CLASSES}, asdict(result["mean"])
    n = _class_counts(testset.truth)
    own = {name: None if name in predictions.classes else "the model cannot name this class" for name in CLASSES}
    return {
        "map50": mean["ap50"],
        "map75": mean["ap75"],
        "map50_95": mean["ap50_95"],
        "ar": mean["ar"],
        "classes": {
            name: {
                **values,
                "n_boxes": n[name],
                "reason": reason or own[name] or (None if n[name] else "no true boxes"),
            }
            for name, values in by_class.items()
        },
        "named": list(predictions.classes),
        "left_out": [] if reason else [name for name in CLASSES if own[name] and n[name]],
        "max_detections": coco.MAX_DETECTIONS,
        "meaning": "mean over classes with true boxes that the model can name (left_out: those it cannot); AP at IoU "
        "0.5, at 0.75 and over 0.5 to 0.95, AR over the latter",
        "reason": reason,
    }


def agnostic_block(testset: TestSet, predictions: Predictions, conf: float, matchings: Iterable[Matching]) -> dict:
    """Return how well cells are found, whatever they are named: AP, and counts at each matching's IoU."""
    if testset.truth.empty:
        precision = coco.UNDEFINED
    else:
        found = coco.average_precision(testset.truth, predictions.boxes, testset.frames["frame"], agnostic=True)
        precision = found["mean"]
    return {
        **asdict(precision),
        "at": [_agnostic_at(testset, matching, conf) for matching in matchings],
        "reason": "no true boxes" if testset.truth.empty else None,
    }


def one_box_block(testset: TestSet, predictions: Predictions, conf: float, iou: float, nms_iou: float) -> dict:
    """Return the second evaluation of a run: the numbers of ``agnostic_block`` when each object has one box.

    Args:
        testset: true boxes.
        predictions: all predictions of the run.
        conf: confidence of the operating point.
        iou: its overlap.
        nms_iou: overlap from which only the most confident box remains, whatever the classes.
    """
    single = Predictions(predictions.meta, one_box_a_cell(predictions.boxes, nms_iou))
    matching = match(testset.truth, single.boxes, iou)
    return {
        "nms_iou": nms_iou,
        "meaning": ONE_BOX,
        **agnostic_block(testset, single, conf, [matching]),
        "map50": coco_block(testset, single)["map50"],
        "classification": classification(matching.at(conf), testset, predictions),
    }


def cell_block(testset: TestSet, predictions: Predictions, conf: float, iou: float, nms_iou: float) -> dict:
    """Return the third evaluation of a run: one box an object, its score the sum over the classes.

    A detector that cannot decide between two names gives each a low score, and the cell is lost at a threshold on one
    of them; arguments as ``one_box_block``.
    """
    single = by_cell_score(predictions, nms_iou)
    matching = match(testset.truth, single.boxes, iou)
    return {"nms_iou": nms_iou, "meaning": CELL, **agnostic_block(testset, single, conf, [matching])}


def by_cell_score(predictions: Predictions, nms_iou: float) -> Predictions:
    """Return one box an object, its confidence the sum over the classes, its class the surest."""
    by_sum = predictions.boxes.assign(conf=predictions.boxes["cell"])
    by_sum = by_sum.sort_values("conf", ascending=False, kind="stable").sort_values("frame", kind="stable")
    return Predictions(predictions.meta, one_box_a_cell(by_sum.reset_index(drop=True), nms_iou))


def _agnostic_at(testset: TestSet, matching: Matching, conf: float) -> dict:
    table, empty = matching.at(conf), _empty_frames(testset)
    false_positives = table[table["true"] == BACKGROUND]
    in_empty = int(false_positives["frame"].isin(empty).sum())
    return {
        "conf": conf,
        "iou": matching.iou,
        **operating_point(matching, [curves.ANY], conf)[curves.ANY],
        "false_positives_per_frame": len(false_positives) / len(testset.frames) if len(testset.frames) else None,
        "n_empty_frames": len(empty),
        "false_positives_in_empty_frames": in_empty,
        "false_positives_per_empty_frame": in_empty / len(empty) if empty else None,
    }


def classification(matches: pd.DataFrame, testset: TestSet, predictions: Predictions) -> dict:
    """Return the share of matched boxes whose class is that of the true box."""
    found = matches[(matches["true"] != BACKGROUND) & (matches["predicted"] != BACKGROUND)]
    evaluated = evaluation(testset, predictions)
    reason = (
        not_evaluated(testset, predictions) if evaluated == "false" else (None if len(found) else "no matched boxes")
    )
    accuracy = None if reason else float((found["true"] == found["predicted"]).mean())
    return {"n": len(found), "accuracy": accuracy, "evaluated": evaluated, "reason": reason}


def recall_by_kind(testset: TestSet, matches: pd.DataFrame) -> dict:
    """Return how many true boxes of each kind were found, by the test set's own kinds (``edge``, ``cluster``)."""
    missed = set(matches.loc[matches["predicted"] == BACKGROUND, "truth_row"])
    found = ~testset.truth.index.isin(missed)
    kinds = testset.truth["kind"].astype(str)
    return {
        kind: {"n_boxes": int(own.sum()), "hits": int((own & found).sum()), "recall": float(found[own].mean())}
        for kind in sorted(set(kinds) - {""})
        for own in [kinds == kind]
    }


def best_f1_block(table: pd.DataFrame, names: Iterable[str]) -> dict:
    """Return where each curve's F1 is largest."""
    points = {name: curves.best_f1(table, name) for name in names}
    meaning = "a description of this test set: the operating point is not chosen from it; null where nothing was found"
    return {**points, "meaning": meaning}


def error_block(table: pd.DataFrame, n_frames: int) -> dict:
    """Return how many errors there are of each kind and, of each kind, in each place."""
    return {
        "kinds": {kind: int((table["kind"] == kind).sum()) for kind in error_kinds.KINDS},
        "places": {
            kind: {
                place: int(((table["kind"] == kind) & (table["place"] == place)).sum()) for place in error_kinds.PLACES
            }
            for kind in error_kinds.KINDS
        },
        "false_positives": {
            word: {**{name: int((own["predicted"] == name).sum()) for name in CLASSES}, "total": len(own)}
            for word, kinds in error_kinds.FALSE_POSITIVES.items()
            for own in [table[table["kind"].isin(kinds)]]
        },
        "background_slippers_at_walls": int(
            ((table["kind"] == "background") & (table["place"] == "wall") & (table["predicted"] == "slipper")).sum()
        ),
        "n_frames": n_frames,
        "meaning": "kinds as in TIDE at the matrix's thresholds; false_positives: the matrix's row background by "
        "predicted class, second (one more box on a cell that is found), misplaced (overlaps a cell, but too little) "
        "and background (no cell there); places: at the frame's left or right end, with the middle half over a row "
        "where the recording's median image has a wall, or elsewhere",
    }


def calibration_block(table: pd.DataFrame, *, named: bool) -> dict:
    """Return the mean distance between confidence and share of right predictions."""
    return {
        "expected_error": calibration.expected_error(table),
        "n": int(table["n"].sum()),
        "floor": calibration.FLOOR,
        "right": "found and classified correctly" if named else "found",
    }
