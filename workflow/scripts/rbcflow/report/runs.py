"""Validation runs and their test sets as the page shows them: the one place that knows the keys of ``metrics.json``.

Used by rule ``render_report``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.core.tables import ANEW
from rbcflow.report.records import read_json
from rbcflow.report.stages import read_table
from rbcflow.runtime.origin import NOTHING, Basis, words
from rbcflow.testsets.labels import Labels


@dataclass(frozen=True)
class TestSetSummary:
    """A test set; ``status`` is ``available``, ``unavailable`` or ``absent`` (never built)."""

    name: str
    title: str
    published_as: str
    status: str
    reason: str
    origins: tuple[str, ...]
    labels: str
    evaluated: str
    n_frames: int
    n_boxes: int
    n_recordings: int = 0
    n_donors: int = 0
    fingerprint: str = ""

    @property
    def label_text(self) -> str:
        """What the true boxes are, in words."""
        return Labels(self.labels).says if self.labels else ""


@dataclass(frozen=True)
class Run:
    """A model evaluated on a test set. Ratios are in 0..1; None is a number that cannot be had.

    Attributes:
        status: ``evaluated``, ``unavailable`` (the test set is) or ``absent`` (never counted).
        basis: what it was evaluated on, and what its model learned from.
        found: class-agnostic counts at the operating point, keys as in ``metrics.json``.
        false_positives: by what is at their place (``second``, ``misplaced``, ``background``), counts by predicted
            class.
        left_out: classes with true boxes that the model cannot name: no part of mAP.
        one_box: the same where each object has one box, whatever its class.
        one_box_ap50: average precision of these boxes, classes ignored.
        nms_iou: overlap above which boxes are of one object.
        classes: rows (class, counts at the operating point, COCO numbers) of the evaluated classes.
        kinds: recall by the test set's own kinds of box.
        size: at which the detector saw the frames, and the cells' size beside the training's.
        iou_first: by how many counts the matrix differs where pairs of the highest overlap are matched first.
    """

    name: str
    model: str
    testset: TestSetSummary
    published_as: str
    status: str
    reason: str = ""
    basis: Basis = NOTHING
    interpretable: bool = False
    caveats: list[str] = field(default_factory=list)
    n_frames: int = 0
    n_empty_frames: int = 0
    n_boxes: int = 0
    conf: float | None = None
    iou: float | None = None
    map50: float | None = None
    map75: float | None = None
    map50_95: float | None = None
    ap50: float | None = None
    ap75: float | None = None
    ap50_95: float | None = None
    found: dict[str, Any] = field(default_factory=dict)
    false_positives: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    one_box: dict[str, Any] = field(default_factory=dict)
    one_box_ap50: float | None = None
    nms_iou: float | None = None
    localisation: dict[str, Any] = field(default_factory=dict)
    classification: dict[str, Any] = field(default_factory=dict)
    classes: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)
    size: dict[str, Any] = field(default_factory=dict)
    frames_per_second: float | None = None
    iou_first: int | None = None

    @property
    def size_text(self) -> str:
        """At what size the detector saw the frames, in words."""
        return " ".join(filter(None, (_seen(self.size), _cells(self.size))))


def _seen(size: dict[str, Any]) -> str:
    """Say at what size frames were seen; nothing where there were none."""
    low, high = size.get("factor") or (None, None)
    if low is None:
        return ""
    grey = ", in grey" if size.get("input") == "grey" else ""
    if "fits" in size:
        return f"{_fitted(size['fits'])}{grey}."
    factor = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    if size["imgsz"] is None:
        larger = f", enlarged {factor} times" if low != 1 else ""
        return f"Frames seen at their own pixels{larger}{grey}."
    why = "the size of the training" if size["asked"] == "trained" else "the size asked for"
    return f"Frames seen at {why}: long side {size['imgsz']} px, {factor} times the frame's{grey}."


def _fitted(fits: dict[str, dict[str, Any]]) -> str:
    """Say which frames were brought to the size of the training's cells, and why."""
    brought = [
        f"{name} {fit['factor']:.3g} times the frame’s (median of {fit['n']} boxes {fit['median_px']:.0f} px)"
        for name, fit in fits.items()
        if fit["factor"] != 1
    ]
    own = f"{len(fits) - len(brought)} of {len(fits)} recordings or conditions at their own pixels"
    return f"Frames seen at the size fitted to the boxes on them: {', '.join([own, *brought])}"


def _cells(size: dict[str, Any]) -> str:
    """Say how large cells are at that size, beside the training's."""
    if size.get("cell_side_px") is None:
        return ""
    own = f"The median cell is then {size['cell_side_px']:.1f} px across"
    if size["cell_side_ratio"] is None:
        return f"{own}; the training's is not recorded."
    return f"{own}, {size['cell_side_ratio']:.2f} times the training's {size['training_cell_side_px']:.1f} px."


def read_testset(results: Path, name: str, row: dict[str, Any]) -> TestSetSummary:
    """Return what ``testset.json`` says of a test set.

    Args:
        results: the results folder.
        name: name of the test set.
        row: its row in ``config/testsets.yaml``, empty for a variant's own test split.
    """
    path = results / "testsets" / name / "testset.json"
    data = read_json(path)
    status = "absent" if data is None else str(data.get("status", "available"))
    data = data or {}
    boxes = data.get("n_boxes") or 0
    frames = read_table(path.with_name("frames.csv"), {"recording", "donor"})
    return TestSetSummary(
        name=name,
        title=str(row.get("title") or ""),
        published_as=str(row.get("published_as") or ""),
        status=status,
        reason=str(data.get("reason") or ("" if data else "the test set was not built")).rstrip("."),
        origins=words(data.get("origin")),
        labels=str(data.get("labels") or ""),
        evaluated=str(data.get("classes_evaluated", "")).lower(),
        n_frames=int(data.get("n_frames") or 0),
        n_boxes=int(boxes.get("total", sum(boxes.values())) if isinstance(boxes, dict) else boxes),
        n_recordings=0 if frames is None else frames["recording"].nunique(),
        n_donors=0 if frames is None else len(set(frames["donor"]) - {""}),
        fingerprint=str(data.get("fingerprint") or ""),
    )


def read_run(results: Path, row: dict[str, Any], testset: TestSetSummary) -> Run:
    """Return a row of ``config/runs.tsv`` with the numbers of its ``metrics.json``.

    Raises:
        InputError: ``metrics.json`` lacks a key.
    """
    name = str(row["run"])
    path = results / "validation" / name / "metrics.json"
    identity = {
        "name": name,
        "model": str(row["model"]),
        "testset": testset,
        "published_as": str(row.get("published_as") or ""),
    }
    data = read_json(path)
    if testset.status == "unavailable":
        return Run(**identity, status="unavailable", reason=testset.reason, basis=Basis(testset.origins))
    if data is None:
        return Run(**identity, status="absent", reason=testset.reason or f"{path.relative_to(results)} does not exist")
    try:
        numbers = _numbers(data)
    except KeyError as error:
        raise InputError(path, f"no key {error}", f"the keys that the metrics stage writes; {ANEW}") from error
    except (AttributeError, TypeError, StopIteration) as error:
        raise InputError(path, f"a value of another kind ({error!r:.80})", "what the metrics stage writes") from error
    return Run(**identity, **numbers, status="evaluated", basis=Basis.of_metrics(data))


def _numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of ``Run`` that stand in ``metrics.json``."""
    coco, agnostic, thresholds = data["coco"], data["agnostic"], data["thresholds"]
    found = next(at for at in agnostic["at"] if at["iou"] == thresholds["iou"])
    point, single = data["operating_point"], data["one_box_a_cell"]
    return {
        "interpretable": data["interpretable"],
        "caveats": data["caveats"],
        "n_frames": data["n_frames"],
        "n_empty_frames": data["n_empty_frames"],
        "n_boxes": data["n_boxes"]["total"],
        "conf": thresholds["conf"],
        "iou": thresholds["iou"],
        "map50": coco["map50"],
        "map75": coco["map75"],
        "map50_95": coco["map50_95"],
        "ap50": agnostic["ap50"],
        "ap75": agnostic["ap75"],
        "ap50_95": agnostic["ap50_95"],
        "found": found,
        "false_positives": data["errors"]["false_positives"],
        "left_out": coco["left_out"],
        "one_box": single["at"][0],
        "one_box_ap50": single["ap50"],
        "nms_iou": single["nms_iou"],
        "localisation": data["localisation"],
        "classification": data["classification"],
        "classes": [(name, point[name], coco["classes"][name]) for name in coco["classes"] if name in point],
        "kinds": data["recall_by_kind"],
        "size": {**data["size"], "input": data["input"]},
        "frames_per_second": data["frames_per_second"],
        "iou_first": data["matrix"]["iou_first"]["difference"],
    }


def read_runs(
    results: Path, rows: list[dict[str, Any]], testsets: dict[str, dict]
) -> list[tuple[TestSetSummary, list[Run]]]:
    """Return the runs of the table, grouped by test set; test sets without a run come last, if they were made."""
    made = [name for name in testsets if (results / "testsets" / name / "testset.json").is_file()]
    names = dict.fromkeys([*(str(row["testset"]) for row in rows), *made])
    groups = []
    for name in names:
        testset = read_testset(results, name, testsets.get(name, {}))
        groups.append((testset, [read_run(results, row, testset) for row in rows if row["testset"] == name]))
    return groups
