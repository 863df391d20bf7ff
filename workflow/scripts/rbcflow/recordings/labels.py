"""Frames of own recordings to be corrected by hand, packed with the detector's boxes (rule ``pack_labels``).

The archive holds whole frames and three descriptions of the same boxes, so that Label Studio, CVAT and X-AnyLabeling
open it as it is. What is known of a frame stands in its name: ``corrected`` reads nothing else.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rbcflow.core.boxes import to_yolo
from rbcflow.core.classes import CLASSES
from rbcflow.figures.style import COLOURS
from rbcflow.recordings.link import LinkResult
from rbcflow.recordings.network import CELL, CORNERS

FRAMES, MOST = 30, 40
"""Frames in all, and the most there are where a sheet has more recordings than that: one of each."""

REASONS = ("spread", "unsure", "broken")
"""Why a frame is asked for: evenly spread over time, boxes of low confidence, cells that could not be followed."""

APART = 4
"""Frames chosen are at least the recording's length over so many times their number apart: neighbours show the same."""

README = """\
Frames to correct. Outside a region of interest that the sheet names, nothing needs a box.

images/            the frames; a name is <recording>_f<number of the frame>
labels/            the detector's boxes as YOLO has them, class by its line in classes.txt; data.yaml says the same
annotations.json   the same boxes as COCO has them
label_studio.json  the same boxes as tasks of Label Studio; label_studio.xml is its labelling interface
frames.csv         why each frame is here

How to open it in Label Studio, CVAT or X-AnyLabeling, and how corrected labels come back: docs/correcting.md
"""


@dataclass(frozen=True)
class Frame:
    """A frame to correct.

    Attributes:
        recording, number: which.
        reason: one of ``REASONS``.
        image: (H, W) uint8.
        boxes: of the detector: ``class, conf, cell`` and corners in pixels.
    """

    recording: str
    number: int
    reason: str
    image: NDArray[np.uint8]
    boxes: pd.DataFrame

    @property
    def name(self) -> str:
        """Its file's name without the suffix."""
        return frame_name(self.recording, self.number)


def frame_name(recording: str, number: int) -> str:
    """Return what the files of a frame are called."""
    return f"{recording}_f{number:06d}"


def shares(lengths: dict[str, int]) -> dict[str, int]:
    """Return how many frames of each recording are asked for: equally many, as far as it has them.

    Args:
        lengths: frames by recording, in the order of the sheet.
    """
    wanted = min(max(FRAMES, len(lengths)), MOST, sum(lengths.values()))
    asked = dict.fromkeys(lengths, 0)
    while sum(asked.values()) < wanted:
        for name in [name for name in lengths if asked[name] < lengths[name]]:
            if sum(asked.values()) < wanted:
                asked[name] += 1
    return asked


def choose(numbers: NDArray[np.int64], scores: dict[str, pd.Series], count: int) -> dict[int, str]:
    """Return the frames of a recording to correct, in their order, each with its reason.

    A third each is spread evenly, unsure and broken; where there is too little of one, the largest gaps are filled.

    Args:
        numbers: (N,) of the frames, rising.
        scores: under ``unsure`` and ``broken``, by frame number how much so; frames at zero are not taken for it.
        count: how many.
    """
    count = min(count, len(numbers))
    if not count:
        return {}
    even = np.linspace(0, len(numbers) - 1, -(-count // 3)).round().astype(int)
    taken = dict.fromkeys(even.tolist(), "spread")
    apart = len(numbers) // (APART * count)
    for reason, share in (("broken", count // 3), ("unsure", count // 3)):
        score = scores[reason].reindex(numbers).fillna(0).to_numpy(dtype=float)
        for place in np.argsort(-score, kind="stable"):
            if share and score[place] > 0 and min(abs(place - other) for other in taken) > apart:
                taken[int(place)] = reason
                share -= 1
    while len(taken) < count:
        free = np.setdiff1d(np.arange(len(numbers)), list(taken))
        distance = np.abs(free[:, None] - np.array(list(taken))).min(axis=1)
        taken[int(free[distance.argmax()])] = "spread"
    return {int(numbers[place]): taken[place] for place in sorted(taken)}


def doubts(boxes: pd.DataFrame, links: LinkResult) -> dict[str, pd.Series]:
    """Return how unsure the boxes of a frame are and how many links break there, by frame number.

    Args:
        boxes: of the detector.
        links: of the recording.

    Returns:
        ``unsure``: the sum over boxes of what their class's score lacks to 1. ``broken``: cells not found between two
        frames that show them, and boxes of moving things that belong to no cell; empty where none could be followed.
    """
    unsure = (1 - boxes["conf"]).groupby(boxes["frame"]).sum()
    if not links.flow.linkable:
        return {"unsure": unsure, "broken": pd.Series(dtype=float)}
    tracks = links.tracks[~(links.tracks["repeated"] | links.tracks["still"] | links.tracks["double"])]
    loose = tracks[tracks["cell"].isna()].groupby("frame").size()
    numbers = np.sort(links.frames.loc[~links.frames["repeated"].astype(bool), "frame"].to_numpy())
    lost = []
    for _, own in tracks[tracks["cell"].notna()].groupby("cell")["frame"]:
        passed = numbers[(numbers > own.min()) & (numbers < own.max())]
        lost += np.setdiff1d(passed, own).tolist()
    gaps = pd.Series(lost, dtype="int64").value_counts()
    return {"unsure": unsure, "broken": loose.add(gaps, fill_value=0)}


def write(frames: Iterable[Frame], output: Path, *, detector: str) -> pd.DataFrame:
    """Write the archive; equal frames give equal bytes.

    Args:
        frames: to correct.
        output: zip file.
        detector: name of what made the boxes.

    Returns:
        ``file, recording, frame, reason, boxes`` of every frame.
    """
    frames = list(frames)
    names = [*CLASSES, *([CELL] if any((frame.boxes["class"] == CELL).any() for frame in frames) else [])]
    rows = [
        {"file": f"images/{frame.name}.png", "recording": frame.recording, "frame": frame.number}
        | {"reason": frame.reason, "boxes": len(frame.boxes)}
        for frame in frames
    ]
    table = pd.DataFrame(rows, columns=["file", "recording", "frame", "reason", "boxes"])
    files: dict[str, bytes | str] = {
        "README.txt": README,
        "classes.txt": "".join(f"{name}\n" for name in names),
        "data.yaml": _data(names),
        "frames.csv": table.to_csv(index=False),
        "annotations.json": json.dumps(coco(frames, names), indent=1),
        "label_studio.json": json.dumps(tasks(frames, detector), indent=1),
        "label_studio.xml": interface(names),
    }
    for frame in frames:
        files[f"images/{frame.name}.png"] = cv2.imencode(".png", frame.image)[1].tobytes()
        files[f"labels/{frame.name}.txt"] = yolo_text(frame, names)
    part = output.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # a member without the time of its making
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    part.replace(output)
    return table


def yolo_text(frame: Frame, names: list[str]) -> str:
    """Return a frame's label file: ``class xc yc w h`` a line, normalised; eight decimals hold a pixel's thousandth."""
    height, width = frame.image.shape[:2]
    rows = to_yolo(frame.boxes[list(CORNERS)].to_numpy(dtype=float), width, height)
    lines = io.StringIO()
    for name, row in zip(frame.boxes["class"], rows, strict=True):
        lines.write(f"{names.index(name)} {' '.join(f'{value:.8f}' for value in row)}\n")
    return lines.getvalue()


def _data(names: list[str]) -> str:
    """Return the description that Ultralytics reads; both splits are all frames, as nobody trains by it here."""
    listed = "".join(f"  {number}: {name}\n" for number, name in enumerate(names))
    return f"train: images\nval: images\nnames:\n{listed}"


def coco(frames: list[Frame], names: list[str]) -> dict[str, Any]:
    """Return the boxes as COCO has them: categories count from 1, ``bbox`` is ``x y w h`` in pixels."""
    images, annotations = [], []
    for number, frame in enumerate(frames, start=1):
        height, width = frame.image.shape[:2]
        images.append({"id": number, "file_name": f"{frame.name}.png", "width": width, "height": height})
        for row in frame.boxes.itertuples():
            x0, y0, x1, y1 = (round(float(getattr(row, corner)), 3) for corner in CORNERS)
            category = names.index(frame.boxes.at[row.Index, "class"]) + 1
            box = [x0, y0, round(x1 - x0, 3), round(y1 - y0, 3)]
            own = {"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": box}
            annotations.append(own | {"area": round(box[2] * box[3], 3), "iscrowd": 0, "segmentation": []})
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(names, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def tasks(frames: list[Frame], detector: str) -> list[dict[str, Any]]:
    """Return the boxes as tasks of Label Studio, as predictions: a frame counts as corrected once it was submitted.

    Places are percentages of the image (labelstud.io/guide/predictions); images are served from the local files below
    the folder the archive was unpacked into (labelstud.io/guide/storage).
    """
    return [
        {
            "data": {"image": f"/data/local-files/?d=images/{frame.name}.png"},
            "predictions": [{"model_version": detector, "result": [_region(frame, row) for row in frame.boxes.index]}],
        }
        for frame in frames
    ]


def _region(frame: Frame, row: Any) -> dict[str, Any]:
    """Return a box as a region of Label Studio."""
    height, width = frame.image.shape[:2]
    x0, y0, x1, y1 = (float(frame.boxes.at[row, corner]) for corner in CORNERS)
    value = {"x": x0 / width * 100, "y": y0 / height * 100, "rotation": 0}
    value |= {"width": (x1 - x0) / width * 100, "height": (y1 - y0) / height * 100}
    return {
        "id": f"{frame.name}-{row}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value | {"rectanglelabels": [frame.boxes.at[row, "class"]]},
        "score": round(float(frame.boxes.at[row, "conf"]), 4),
    }


def interface(names: list[str]) -> str:
    """Return the labelling interface of Label Studio that the tasks fit."""
    labels = "".join(f'    <Label value="{name}" background="{_colour(name)}"/>\n' for name in names)
    return (
        '<View>\n  <Image name="image" value="$image" zoomControl="true"/>\n'
        f'  <RectangleLabels name="label" toName="image">\n{labels}  </RectangleLabels>\n</View>\n'
    )


def _colour(name: str) -> str:
    return COLOURS["unnamed" if name == CELL else name]
