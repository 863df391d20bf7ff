"""The files of a retraining between its rules (``retraining.smk``): read, put together, written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rbcflow.core.tables import read_csv, read_object
from rbcflow.detector.weights import recorded
from rbcflow.recordings import corrected, detect, kept, labels, link, media, retrain, stage
from rbcflow.recordings.corrected import Corrected, Known
from rbcflow.recordings.network import CORNERS, CellFinder
from rbcflow.recordings.places import field_of
from rbcflow.recordings.retrain import Blocks, Part

BOXES = ("recording", "frame", "class", *CORNERS)


def pack_labels(folders: list[Path], output: Path) -> pd.DataFrame:
    """Write the archive of frames to correct; returns what ``labels.write`` does.

    Args:
        folders: of the recordings that were linked, in the order of the sheet.
        output: zip file.
    """
    probes = {folder.name: stage.read_probe(folder) for folder in folders}
    asked = labels.shares({name: probe["n_frames"] for name, probe in probes.items()})
    frames = [frame for folder in folders for frame in _frames(folder, probes[folder.name], asked[folder.name])]
    return labels.write(frames, output, detector=detect.read_record(folders[0] / "boxes.parquet")["detector"])


def _frames(folder: Path, probe: dict[str, Any], count: int) -> list[labels.Frame]:
    """Return the frames of a recording to correct."""
    if not count:
        return []
    boxes, numbers = stage.read_table(folder / "boxes.parquet"), stage.read_table(folder / "frames.parquet")["frame"]
    chosen = labels.choose(np.sort(numbers.to_numpy()), labels.doubts(boxes, link.read(folder)), count)
    found = []
    for number, image in media.frames_of(probe, whole=True):
        if number in chosen:
            own = boxes[boxes["frame"] == number].reset_index(drop=True)
            found.append(labels.Frame(folder.name, number, chosen[number], image, own))
    return found


def cut_corrected(folders: list[Path], source: Path, shard: Path, output: Path, *, side: float, variant: str) -> None:
    """Write the images of a retraining, what is held out with its truth, and ``blocks.json``.

    Args:
        folders: of the recordings of the sheet, linked.
        source: folder or zip file with the corrected labels.
        shard: images of the project's own with their labels.
        output: folder to write.
        side: of the cells the detector knows, pixels as it sees them.
        variant: what the project's images are of.

    Raises:
        InputError: the labels are wrong or too few.
    """
    probes = {folder.name: stage.read_probe(folder) for folder in folders}
    frames = corrected.read(source, {folder.name: _known(folder, probes[folder.name]) for folder in folders})
    flows = {folder.name: read_object(folder / "flow.json", "the flow of a recording") for folder in folders}
    blocks = retrain.blocks(frames, {name: retrain.passage(flows[name], probe) for name, probe in probes.items()})
    own = _parts(blocks, probes, side)
    project = list(retrain.of_project(shard, side, len(own["train"])))
    retrain.write(output, own, project)
    fields = {frame.recording: field_of(probes[frame.recording]) for frame in blocks.held}
    true = retrain.truth(list(blocks.held), fields)
    true.to_csv(output / "truth.csv", index=False)
    retrain.write_json(output / "blocks.json", _described(blocks, own, project, true, variant))


def _known(folder: Path, probe: dict[str, Any]) -> Known:
    numbers = stage.read_table(folder / "frames.parquet")["frame"]
    return Known(probe["width"], probe["height"], frozenset(numbers.tolist()))


def _parts(blocks: Blocks, probes: dict[str, dict[str, Any]], side: float) -> dict[str, list[Part]]:
    """Return the images to learn from and to choose the epoch by."""
    chosen = {(frame.recording, frame.number): (kind, frame) for kind in ("train", "val") for frame in
              getattr(blocks, kind)}  # fmt: skip
    found: dict[str, list[Part]] = {"train": [], "val": []}
    for name in dict.fromkeys(recording for recording, _ in chosen):
        own = [frame for kind in ("train", "val") for frame in getattr(blocks, kind) if frame.recording == name]
        factor = retrain.factor(own, side, probes[name]["scale"])
        for number, image in media.frames_of(probes[name]):
            if (name, number) in chosen:
                kind, frame = chosen[name, number]
                boxes, classes = retrain.inside(frame, field_of(probes[name]))
                found[kind] += retrain.parts(image, boxes, classes, factor)
    return found


def _described(
    blocks: Blocks, own: dict[str, list[Part]], project: list[Part], true: pd.DataFrame, variant: str
) -> dict[str, Any]:
    """Return what went where."""
    kinds = {"train": blocks.train, "val": blocks.val, "held": blocks.held, "dropped": blocks.dropped}
    return {
        "frames": {kind: _numbers(frames) for kind, frames in kinds.items()},
        "boxes": {kind: corrected.counts(frames) for kind, frames in kinds.items()},
        "held_boxes": len(true),
        "parts": {kind: len(parts) for kind, parts in own.items()},
        "project": {"variant": variant, "images": len(project)},
    }


def _numbers(frames: tuple[Corrected, ...]) -> dict[str, list[int]]:
    names = dict.fromkeys(frame.recording for frame in frames)
    return {name: [frame.number for frame in frames if frame.recording == name] for name in names}


def evaluate_retraining(
    folders: list[Path], data: Path, candidate: Path, output: Path, *, old: CellFinder, new: CellFinder, start: str,
    start_sha256: str,
) -> None:  # fmt: skip
    """Evaluate both detectors on the held-out frames; write ``retraining.json`` and the card; keep the better one.

    Args:
        folders: of the recordings.
        data: folder of ``cut_corrected``.
        candidate: model folder of the retrained detector.
        output: folder of the detector, whose name is the detector's.
        old, new: the detectors.
        start: name of the old one.
        start_sha256: of its checkpoint.
    """
    described = read_object(data / "blocks.json", "the blocks of a retraining", ["frames", "parts", "project"])
    held = described["frames"]["held"]
    true = read_csv(data / "truth.csv", "the true boxes of held-out frames", BOXES, dtype={"recording": str})
    probes = [stage.read_probe(folder) for folder in folders if folder.name in held]
    looked = {name: kept.look(finder, probes, held) for name, finder in ((start, old), (output.name, new))}
    before, after = (kept.evaluate(name, true, found, held, factors) for name, (found, factors) in looked.items())
    is_better = kept.better(before, after)
    (found_before, _), (found_after, _) = looked.values()
    named = before.map50 is not None and after.map50 is not None
    interval = kept.difference(true, found_before, found_after, held, named=named)
    record = read_object(candidate / "training.json", "the record of a training", ["epochs", "best_epoch"])
    facts = _facts(described, record) | {"interval": interval, "start_sha256": start_sha256}
    facts["sha256"] = recorded(candidate / "weights" / "best.pt")["sha256"]
    if is_better:
        kept.keep(candidate, output)
    (output / "README.md").write_text(kept.card(before, after, facts, kept=is_better), encoding="utf-8")
    told = {"kept": is_better, "sentence": kept.verdict(before, after, kept=is_better)}
    numbers = {"before": asdict(before), "after": asdict(after), "difference_low": interval[0]}
    retrain.write_json(output / "retraining.json", told | numbers | {"difference_high": interval[1]} | described)


def _facts(described: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return what the card says of blocks and training."""
    frames, boxes = described["frames"], described["boxes"]["held"]
    count = {kind: sum(map(len, own.values())) for kind, own in frames.items()}
    spans = [f"{len(own)} frames of {name} from {own[0]} to {own[-1]}" for name, own in frames["held"].items()]
    return {
        **{kind: count[kind] for kind in ("train", "val", "dropped")},
        "train_parts": described["parts"]["train"],
        "val_parts": described["parts"]["val"],
        "side": retrain.SIDE,
        "project": described["project"]["images"],
        "variant": described["project"]["variant"],
        "held_frames": "; ".join(spans),
        "held_boxes": ", ".join(f"{number} {name}" for name, number in boxes.items()),
        "best_epoch": record["best_epoch"],
        "epochs": record["epochs"],
        "side_seen": record["cells"]["side_seen_px"],
        "share": retrain.SHARES["held"],
    }


def told_labels(table: pd.DataFrame, archive: str) -> str:
    """Return the last words of the target ``labels``."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in table["reason"].value_counts().items())
    return (
        f"\n{len(table)} frames of {table['recording'].nunique()} recordings to correct ({reasons}) in {archive}.\n"
        "docs/correcting.md says how Label Studio, CVAT and X-AnyLabeling open it, and what comes then.\n"
    )


def told_retraining(record: Path) -> str:
    """Return the last words of the target ``retrain``."""
    found = json.loads(record.read_text(encoding="utf-8"))
    return f"\n{found['sentence']}\nThe card is {record.parent}/README.md.\n"
