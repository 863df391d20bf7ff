"""Folders of images and label files as Ultralytics reads them, whoever made them (imported datasets and test sets).

What Ultralytics reads is read alike: pictures in folders of any depth, names with blanks and brackets, suffixes in any
case, pictures without a label file, polygons, doubled lines. What it drops with a warning is an error here.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.classes import CLASS_ID, class_name
from rbcflow.core.errors import InputError
from rbcflow.core.textfile import read_text
from rbcflow.core.yamlfile import parse_yaml
from rbcflow.sources.jpeg import check_jpeg
from rbcflow.sources.listing import files, hidden

PICTURES = frozenset((".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
OTHER_PICTURES = frozenset((".avif", ".dng", ".gif", ".heic", ".heif", ".mpo"))
"""Pictures that other programs read and this one does not."""
LISTS = ("classes.txt", "obj.names", "predefined_classes.txt", "_darknet.labels", "notes.json")
"""Files with a class a line, in small letters: of Label Studio, labelImg, darknet, CVAT and Roboflow; and what Label
Studio writes beside its own."""
SPLITS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
"""What the folders of the splits are called."""
TOLERANCE = 0.01
"""By how much a coordinate may leave 0..1, as in Ultralytics."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Label:
    """One object: the class's number in the folder's own order, and centre and size of its box, shares of the image."""

    class_: int
    box: tuple[float, float, float, float]

    def text(self, class_: int) -> str:
        """Return its line of a label file under another number."""
        return f"{class_} " + " ".join(f"{value:.10g}" for value in self.box) + "\n"


@dataclass(frozen=True)
class Picture:
    """A picture and its label file, None where it has none: it shows nothing."""

    path: Path
    label: Path | None


@dataclass(frozen=True)
class YoloFolder:
    """A folder of pictures and labels.

    Attributes:
        root: the folder.
        splits: its pictures by split, sorted by path; under ``""`` where it has no splits.
        names: its classes in the order of their numbers, None where no file says so.
        said_by: that file.
    """

    root: Path
    splits: Mapping[str, Sequence[Picture]]
    names: tuple[str, ...] | None = None
    said_by: Path | None = field(default=None)

    @property
    def shapeless(self) -> bool:
        """Whether the one class there is says nothing of shape, as `RBC` does."""
        return self.names is not None and len(self.names) == 1 and known_class(self.names[0]) is None

    def remarks(self) -> list[str]:
        """Return what is assumed of the folder because it does not say so, one sentence each."""
        said = []
        if self.names is None:
            ours = ", ".join(f"{number} {name}" for name, number in CLASS_ID.items())
            said.append(f"no data.yaml or classes.txt: the numbers of classes are taken for {ours}")
        for split, pictures in self.splits.items():
            if count := sum(picture.label is None for picture in pictures):
                where = f" of {split}" if split else ""
                said.append(
                    f"{count} of {len(pictures)} pictures{where} have no label file: they count as showing nothing"
                )
        return said

    def class_ids(self) -> dict[int, int] | None:
        """Return this workflow's number for each of the folder's, None where no file names them: they are ours.

        Raises:
            InputError: a name is no class, or two mean the same one.
        """
        if self.names is None:
            return None
        found = {}
        for number, name in enumerate(self.names):
            try:
                found[number] = CLASS_ID[class_name(name)]
            except KeyError as error:
                known = f"one of {', '.join(CLASS_ID)} or a synonym"
                raise InputError(self.said_by, f"class {number} {name!r}", known, "class names") from error
        if len(set(found.values())) < len(found):
            raise InputError(self.said_by, f"classes {', '.join(self.names)}", "each class once", "class names")
        return found


def known_class(name: str) -> str | None:
    """Return the class a name means, None where it means none."""
    try:
        return class_name(name)
    except KeyError:
        return None


def read_folder(root: Path) -> YoloFolder:
    """Return what a folder holds; no picture is decoded yet.

    Pictures are found by the folder's ``data.yaml``, else in ``<split>/images`` or ``images/<split>``, else in
    ``images``, else anywhere in it.

    Raises:
        InputError: no such folder, no picture, pictures of a kind that is not read, labels without their picture, not a
            single label, or class names that contradict each other.
    """
    if not root.is_dir():
        raise InputError(root, "no such folder", "a folder of images and labels")
    described = _description(root)
    names, said_by = _names(root, described)
    splits = {
        split: [Picture(path, _label_of(path, root)) for path in sorted(paths)]
        for split, paths in (_by_description(root, *described) or _by_folder(root)).items()
    }
    pictures = [picture for own in splits.values() for picture in own]
    if not pictures:
        raise InputError(root, "no picture", f"pictures ({' '.join(sorted(PICTURES))}) and their labels")
    _check_labels(root, pictures)
    return YoloFolder(root, splits, names, said_by)


def read_labels(path: Path, classes: int | None = None) -> list[Label]:
    """Return the objects in a label file, each line once.

    Args:
        path: the file: ``class xc yc w h`` a line, or ``class x y x y x y ...`` where objects are outlined.
        classes: how many there are, None where that is not known.

    Raises:
        InputError: a line is something else; names it.
    """
    lines = [(number, line.split()) for number, line in enumerate(read_text(path, "labels").splitlines(), start=1)]
    lines = [(number, fields) for number, fields in lines if fields]
    outlines = [number for number, fields in lines if len(fields) > 6]
    if outlines and (boxes := [number for number, fields in lines if len(fields) == 5]):
        found = f"an outline, and a box in line {boxes[0]}"
        raise InputError(path, found, "outlines or boxes alone in a file", f"line {outlines[0]}")
    seen: dict[tuple[float, ...], Label] = {}
    for number, fields in lines:
        values = _values(path, number, fields, classes)
        seen.setdefault(tuple(np.float32(values).tolist()), Label(int(values[0]), _box(path, number, values[1:])))
    if doubled := len(lines) - len(seen):
        log.info("%s: %d doubled lines, taken once", path, doubled)
    return list(seen.values())


def decode(path: Path) -> NDArray[np.uint8]:
    """Return a picture as Ultralytics sees it, turned as its file says: (H, W) grey or (H, W, 3) R, G, B uint8.

    Raises:
        InputError: no picture, one of more than 8 bits or several pages, or transparent parts.
    """
    content = np.frombuffer(path.read_bytes(), np.uint8)
    stored = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if stored is None:
        raise InputError(path, "no readable picture", "a picture")
    if stored.dtype != np.uint8:
        raise InputError(path, f"{stored.dtype} pixels", "8-bit pixels")
    if stored.ndim == 3 and stored.shape[2] == 4 and (lowest := int(stored[..., 3].min())) < 255:
        raise InputError(path, f"transparent pixels (alpha down to {lowest})", "opaque pixels")
    if path.suffix.lower() in (".tif", ".tiff") and (pages := cv2.imcount(str(path))) > 1:
        raise InputError(path, f"{pages} pages", "one picture a file, as only the first would be seen")
    check_jpeg(path, content.tobytes())
    image = cv2.imdecode(content, cv2.IMREAD_ANYCOLOR)
    return image if image.ndim == 2 else image[..., ::-1]


def _values(path: Path, number: int, fields: list[str], classes: int | None) -> list[float]:
    """Return the numbers of a line after they were checked as Ultralytics checks them."""
    where, text = f"line {number}", " ".join(fields)
    expected = "a class's number and centre and size of a box, or the corners of an outline, as shares of the image"
    try:
        values = [float(value) for value in fields]
    except ValueError:
        raise InputError(path, f"{text!r:.80}", expected, where) from None
    if len(values) == 6:
        raise InputError(path, f"{text!r:.80}", f"{expected}; a sixth column is what predictions have", where)
    if len(values) < 5 or len(values) % 2 == 0 or not np.isfinite(values).all():
        raise InputError(path, f"{text!r:.80}", expected, where)
    if values[0] != int(values[0]) or not 0 <= values[0] < (classes or np.inf):
        among = f"a whole number from 0 to {classes - 1}" if classes else "a whole number from 0"
        raise InputError(path, f"class {fields[0]}", among, where)
    if min(values[1:]) < -TOLERANCE or max(values[1:]) > 1 + TOLERANCE:
        raise InputError(path, f"{text!r:.80}", f"{expected}: 0 to 1", where)
    return values


def _box(path: Path, number: int, values: list[float]) -> tuple[float, float, float, float]:
    """Return centre and size of a box or around an outline, no number outside 0..1."""
    if len(values) == 4:
        xc, yc, w, h = values
    else:
        x, y = values[0::2], values[1::2]
        xc, yc, w, h = (min(x) + max(x)) / 2, (min(y) + max(y)) / 2, max(x) - min(x), max(y) - min(y)
    if min(w, h) <= 0:
        raise InputError(path, f"a box of {w:g} by {h:g}", "a box with some area", f"line {number}")
    return tuple(min(max(value, 0.0), 1.0) for value in (xc, yc, w, h))


def _description(root: Path) -> tuple[Path | None, dict]:
    """Return the folder's YAML that names classes or splits, and what it says.

    Raises:
        InputError: there are two.
    """
    found = []
    for path in sorted(root.iterdir()):
        described = path.suffix.lower() in (".yaml", ".yml") and not hidden(path.name) and path.is_file()
        said = parse_yaml(path) if described else None
        if isinstance(said, dict) and {"names", *SPLITS} & set(said):
            found.append((path, said))
    if len(found) > 1 and any(said != found[0][1] for _, said in found):
        raise InputError(root, f"{found[0][0].name} and {found[1][0].name}", "one data.yaml")
    for path, said in found[:1]:
        _check_description(path, said)
    return found[0] if found else (None, {})


def _check_description(path: Path, said: dict) -> None:
    """Refuse a description that contradicts itself, and labels of points, whose columns are no outline's."""
    if said.get("kpt_shape"):
        expected = "labels of boxes or outlines: points after a box would be taken for an outline"
        raise InputError(path, f"kpt_shape {said['kpt_shape']!r:.40}", expected, "key kpt_shape")
    names, count = said.get("names"), said.get("nc")
    if isinstance(names, list | dict) and count is not None and count != len(names):
        raise InputError(path, f"nc {count!r} and {len(names)} names", "as many classes as names", "key nc")


def _names(root: Path, described: tuple[Path | None, dict]) -> tuple[tuple[str, ...] | None, Path | None]:
    """Return the classes in the order of their numbers and the file that says so."""
    said: list[tuple[Path, tuple[str, ...]]] = []
    path, description = described
    if description.get("names") is not None:
        said.append((path, _in_order(path, description["names"])))
    for list_ in (file for file in files(root).values() if file.name.lower() in LISTS):
        said += [(list_, names)] if (names := _listed_names(list_)) else []
    for other, names in said[1:]:
        if [known_class(name) or name for name in names] != [known_class(name) or name for name in said[0][1]]:
            found = f"classes {', '.join(names)}"
            first = said[0][0].relative_to(root)
            raise InputError(other, found, f"{', '.join(said[0][1])}, as in {first}", "class names")
    return (said[0][1], said[0][0]) if said else (None, None)


def _listed_names(path: Path) -> tuple[str, ...]:
    """Return the classes in a list; a class's number is that of its line, so no line between two may be empty."""
    if path.suffix.lower() == ".json":
        return _noted_names(path)
    lines = [line.strip() for line in read_text(path, "a class a line").rstrip().splitlines()]
    if "" in lines:
        expected = "a class in each line, as the number of its line is the class's"
        raise InputError(path, "an empty line between classes", expected, f"line {lines.index('') + 1}")
    return tuple(lines)


def _noted_names(path: Path) -> tuple[str, ...]:
    """Return the classes in Label Studio's ``notes.json``, none where it is another program's."""
    said = parse_yaml(path, "Label Studio's notes on its classes")
    entries = said.get("categories") if isinstance(said, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(one, dict) and {"id", "name"} <= one.keys() for one in entries
    ):
        return ()
    return _in_order(path, {one["id"]: one["name"] for one in entries}) if entries else ()


def _in_order(path: Path, names: object) -> tuple[str, ...]:
    """Return the classes of a ``data.yaml``, a list or a mapping of numbers."""
    if isinstance(names, dict):
        numbers = {int(key) if re.fullmatch(r"\d+", str(key)) else -1: name for key, name in names.items()}
        if sorted(numbers) != list(range(len(names))):
            raise InputError(path, f"names {names!r:.80}", "a name for each number from 0", "key names")
        names = [numbers[number] for number in range(len(numbers))]
    if not isinstance(names, list) or not names:
        raise InputError(path, f"names {names!r:.80}", "a list of classes, or numbers with their classes", "key names")
    return tuple(str(name) for name in names)


def _by_description(root: Path, path: Path | None, said: dict) -> dict[str, list[Path]]:
    """Return the pictures of the splits that a ``data.yaml`` names, none where it names none that is here."""
    bases = [root, Path(os.path.normpath(root / str(said.get("path") or "")))]
    found = {}
    for split, aliases in SPLITS.items():
        entries = next((said[alias] for alias in aliases if said.get(alias)), [])
        entries = [str(entry) for entry in (entries if isinstance(entries, list) else [entries])]
        places = [_place(entry, root, bases) for entry in entries]
        if places and all(places):
            found[split] = list(dict.fromkeys(itertools.chain.from_iterable(_listed(place, root) for place in places)))
        elif any(places):
            missing = entries[places.index(None)]
            raise InputError(path, f"{missing}, which is not there", f"folders or lists inside {root}", f"key {split}")
    return found


def _place(entry: str, root: Path, bases: Sequence[Path]) -> Path | None:
    """Return where an entry lies inside the folder, None where it does not.

    Some write the path from a folder below, and a path of another machine's ends like one of the folder's.
    """
    entry = entry.replace("\\", "/")
    ways = [entry, entry.removeprefix("../").removeprefix("./")]
    parts = [part for part in entry.split("/") if part]
    ends = (
        ["/".join(parts[start:]) for start in range(1, len(parts) - 1)] if entry.startswith("/") or ":" in entry else []
    )
    tries = [base / way for base in bases for way in ways] + [root / end for end in ends]
    inside = (Path(os.path.normpath(place)) for place in tries)
    return next((place for place in inside if place.is_relative_to(os.path.normpath(root)) and place.exists()), None)


def _listed(place: Path, root: Path) -> list[Path]:
    """Return the pictures in a folder, or those that a text file lists."""
    if place.is_dir():
        return _pictures(place)
    lines = [line.strip() for line in read_text(place, "a list of pictures").splitlines()]
    found = {line: _place(line, root, [place.parent, root]) for line in lines if line}
    if missing := [line for line, picture in found.items() if picture is None]:
        raise InputError(place, f"{missing[0]}, which is not there", f"pictures inside {root}, one a line")
    return list(found.values())


def _by_folder(root: Path) -> dict[str, list[Path]]:
    """Return the pictures of the splits by the names of folders, else all of them under ``""``."""
    found: dict[str, list[Path]] = {}
    for split, aliases in SPLITS.items():
        for place in (place for alias in aliases for place in (root / alias, root / "images" / alias)):
            if place.is_dir() and (pictures := _pictures(place)):
                found[split] = [*found.get(split, []), *pictures]
    if found:
        return found
    return {"": _pictures(root / "images" if (root / "images").is_dir() else root)}


def _pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder and those below it."""
    found = files(folder).values()
    if strange := [path for path in found if path.suffix.lower() in OTHER_PICTURES]:
        raise InputError(strange[0], "a picture of a kind that is not read", f"one of {' '.join(sorted(PICTURES))}")
    return [path for path in found if path.suffix.lower() in PICTURES]


def _label_of(picture: Path, root: Path) -> Path | None:
    """Return a picture's label file: in ``labels`` in place of the last ``images`` of its path, or beside it."""
    parts, inside = list(picture.parts), picture.parts
    if picture.is_relative_to(root):
        inside = picture.relative_to(root).parts
    tries = [] if "images" in inside else [picture]
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        tries.append(Path(*parts[:last], "labels", *parts[last + 1 :]))
    places = (place.with_suffix(suffix) for place in tries for suffix in (".txt", ".TXT"))
    return next((file for file in places if file.is_file()), None)


def _check_labels(root: Path, pictures: Sequence[Picture]) -> None:
    """Refuse labels whose picture is not there, and pictures of which none has a label.

    Raises:
        InputError: names the first.
    """
    used = {picture.label for picture in pictures if picture.label}
    if not used:
        found = f"{len(pictures)} pictures and no label file of theirs"
        raise InputError(root, found, "labels/<name>.txt for images/<name>.png")
    known = used | {_label_of(path, root) for path in files(root).values() if path.suffix.lower() in PICTURES}
    beside = {path for folder in {label.parent for label in used} for path in folder.iterdir()}
    stray = sorted(
        path for path in beside - known
        if path.suffix.lower() == ".txt" and path.name.lower() not in LISTS and not hidden(path.name)
        and path.with_suffix("").name not in (*SPLITS, "README")
    )  # fmt: skip
    if stray:
        raise InputError(stray[0], "labels without their picture", f"a picture of that name ({len(stray)} such files)")


def labels_of(picture: Picture, classes: int | None) -> Iterator[Label]:
    """Yield the objects of a picture."""
    if picture.label is not None:
        yield from read_labels(picture.label, classes)
