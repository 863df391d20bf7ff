"""Test sets of pictures that somebody annotated for YOLO (rule ``build_testset``, kind ``yolo_folder``)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rbcflow.cells.bank import touches_edge
from rbcflow.core.boxes import clip, from_yolo
from rbcflow.core.classes import CLASS_ID, CLASSES
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.core.textfile import read_text, rows
from rbcflow.sources.labelled import Label, Picture, YoloFolder, decode, labels_of, read_folder
from rbcflow.testsets.composed import evenly
from rbcflow.testsets.files import Labelled, TestSet, TrueBox, write_testset
from rbcflow.testsets.labels import Labels

FACTS = ("donor", "recording", "condition", "frame")
"""What a picture's name or a table's row may say of it."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Facts:
    """What is known of a picture besides its pixels; ``frame`` is its number in the recording."""

    donor: str
    recording: str
    condition: str
    frame: int


def build_yolo_folder(
    raw: Path,
    folder: Path,
    *,
    name: str,
    source: str,
    origin: Sequence[str],
    pattern: str | None,
    table: Path | None,
    classes: bool | None,
    max_frames: int,
) -> TestSet:
    """Build the set of the pictures in a folder, those of its test split where it has splits.

    A picture without a label file shows nothing, as Ultralytics takes it. Where neither pattern nor table says of which
    recording a picture is, all are of one: no interval is made of pictures that may be neighbours.

    Args:
        raw: the source's files.
        folder: gets the test set.
        name: of the test set.
        source: a key of ``config/sources.yaml``.
        origin: of the source's files.
        pattern: regular expression for a picture's path inside the folder, without suffix, with groups of ``FACTS``.
        table: of the columns ``file`` and some of ``FACTS``.
        classes: whether the labels tell classes; None: unless all are of class other, or of one that means no shape.
        max_frames: pictures to keep, evenly spaced.

    Raises:
        InputError: a picture, a label or the table is wrong, or one of them does not fit the others.
    """
    found = read_folder(raw)
    for remark in found.remarks():
        log.warning("%s: %s", raw, remark)
    pictures = _evaluated(found)
    facts = _facts(raw, source, pictures, pattern, table)
    objects = {
        picture.path: list(labels_of(picture, len(found.names) if found.names else None)) for picture in pictures
    }
    ids, evaluated = _meaning(found, objects, classes)
    return write_testset(
        folder, _labelled(evenly(pictures, max_frames), facts, objects, ids, source),
        name=name, source=source, origin=origin, labels=Labels.GIVEN,
        classes_evaluated="true" if evaluated else "false",
        unlabelled=sum(picture.label is None for picture in evenly(pictures, max_frames)),
    )  # fmt: skip


def _evaluated(found: YoloFolder) -> Sequence[Picture]:
    """Return the pictures to evaluate on: all, or those of the test split."""
    if "" in found.splits:
        return found.splits[""]
    if "test" not in found.splits:
        expected = "a test split, or pictures without splits in images/"
        raise InputError(found.root, f"the splits {', '.join(found.splits)}", expected)
    return found.splits["test"]


def _labelled(
    pictures: Sequence[Picture],
    facts: Mapping[Path, Facts],
    objects: Mapping[Path, list[Label]],
    ids: Mapping[int, int],
    source: str,
) -> Iterator[Labelled]:
    """Yield pictures with their true boxes in pixels."""
    for picture in pictures:
        known, image = facts[picture.path], decode(picture.path)
        frame = Frame(image, source, known.donor, known.recording, known.frame, known.condition)
        boxes = []
        for label in objects[picture.path]:
            box = tuple(clip(from_yolo(list(label.box), *frame.size), *frame.size)[0].tolist())
            boxes.append(
                TrueBox(CLASSES[ids[label.class_]], box, "edge" if touches_edge(box, *frame.size) else "single")
            )
        yield frame, boxes


def _meaning(
    found: YoloFolder, objects: Mapping[Path, list[Label]], classes: bool | None
) -> tuple[dict[int, int], bool]:
    """Return our number for each of the folder's classes, and whether classes are evaluated."""
    used = sorted({label.class_ for own in objects.values() for label in own})
    other = CLASS_ID["other"]
    if classes is False or (classes is None and found.shapeless):
        return dict.fromkeys(used, other), False
    ids = found.class_ids() or {number: number for number in range(len(CLASSES))}
    if unknown := [number for number in used if number not in ids]:
        expected = f"numbers of {', '.join(CLASSES)}, or a classes.txt that names them"
        raise InputError(found.root, f"labels of class {unknown[0]}", expected)
    # the preprint's own labels of Naples are all of class 2: whoever wrote them told no shapes apart
    shapes = {ids[number] for number in used} != {other}
    if not shapes and classes is None:
        log.warning(
            "%s: every label is of class other: these boxes tell no shapes, classes are not evaluated", found.root
        )
    return ids, shapes if classes is None else classes


def _facts(
    raw: Path, source: str, pictures: Sequence[Picture], pattern: str | None, table: Path | None
) -> dict[Path, Facts]:
    """Return what is known of each picture."""
    names = {picture.path: _name(raw, picture.path) for picture in pictures}
    said = {path: {} for path in names}
    if table or pattern:
        said = _by_table(names, table) if table else _by_pattern(names, pattern)
    counted: dict[str, int] = {}
    facts = {}
    for path, own in said.items():
        parts = [own[key] for key in ("donor", "condition") if own.get(key)]
        recording = own.get("recording") or "/".join(parts) or source
        number = counted[recording] = counted.get(recording, -1) + 1
        frame = _number(own.get("frame"), names[path], number)
        facts[path] = Facts(own.get("donor") or "", recording, own.get("condition") or "", frame)
    if pattern is None and table is None:
        log.warning("%s: neither pattern nor table says of which recordings the pictures are: taken for one", raw)
    return facts


def _number(text: str | None, name: str, count: int) -> int:
    if text in (None, ""):
        return count
    if not re.fullmatch(r"\d+", text):
        raise InputError(name, f"frame {text!r}", "a whole number")
    return int(text)


def _name(raw: Path, path: Path) -> str:
    """Return a picture's path without suffix, inside the folder of pictures where there is one."""
    inside = path.relative_to(raw) if path.is_relative_to(raw) else Path(path.name)
    parts = inside.with_suffix("").parts
    return "/".join(parts[parts.index("images") + 1 :] if "images" in parts else parts)


def _by_pattern(names: Mapping[Path, str], pattern: str) -> dict[Path, dict[str, str]]:
    """Return what names say by a regular expression that each of them has to fit."""
    matches = {path: re.fullmatch(pattern, name) for path, name in names.items()}
    if missing := [path for path, match in matches.items() if match is None]:
        found = f"the name {names[missing[0]]!r}"
        raise InputError(missing[0], found, f"one that fits {pattern!r}, as {len(missing)} of {len(names)} do not")
    return {path: {key: value or "" for key, value in match.groupdict().items()} for path, match in matches.items()}


def _by_table(names: Mapping[Path, str], table: Path) -> dict[Path, dict[str, str]]:
    """Return what the rows of a table say; a picture is named by its file's name or path, with suffix or without."""
    known: dict[str, dict[str, str]] = {}
    lines = rows(table, read_text(table, f"a table of {', '.join(('file', *FACTS))}"), ("file", *FACTS))
    line, header = next(lines, (1, []))
    if "file" not in header or not set(filter(None, header)) <= {"file", *FACTS}:
        found = f"columns {', '.join(filter(None, header))}"
        raise InputError(table, found, f"file and some of {', '.join(FACTS)}", f"line {line}")
    for number, cells in lines:
        row = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        key = re.sub(r"\.[A-Za-z]{3,4}$", "", row.get("file", "").replace("\\", "/"))
        if known.get(key, row) != row:
            raise InputError(table, f"{key!r} twice", "each picture once", f"line {number}, column file")
        known[key] = row
    found = {path: known.get(name, known.get(name.rpartition("/")[2])) for path, name in names.items()}
    if missing := [path for path, row in found.items() if row is None]:
        raise InputError(
            table, f"no row for {missing[0].name}", f"every picture; {len(missing)} have none", "column file"
        )
    return found
