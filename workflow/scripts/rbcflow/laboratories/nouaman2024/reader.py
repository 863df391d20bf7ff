"""The Saarland layout (Nouaman et al. 2024): grey AVI videos by donor, annotated frames, segmented and raw crops.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``; the layout is drawn in ``docs/architecture.md``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.laboratories.nouaman2024.arrange import ANNOTATIONS, EXPECTED, PRESSURE, RAW_CROPS, arrange
from rbcflow.sources import listing
from rbcflow.sources.coco import AnnotatedImage, Polygon, read_coco, without_images
from rbcflow.sources.croplists import CropFile, pictures, pressure, subfolders
from rbcflow.sources.exports import FRAMES, VIDEOS
from rbcflow.sources.image import read_equal_grey, read_grey, read_segmented, require_size
from rbcflow.sources.problems import BadFiles, inspect
from rbcflow.sources.video import check_video, numbered_frames

__all__ = ["EXPECTED", "arrange"]

LAYOUT = "nouaman2024"
RAW_CROP_SIZE = 92
OTHER_FOLDERS = ("annotations", FRAMES, "truth", VIDEOS, RAW_CROPS)
"""Folders of the layout that are not named after a class of crops."""


@dataclass(frozen=True)
class AnnotatedFrame:
    """An annotated frame: where it comes from, its picture's path and its polygons in pixels."""

    donor: str
    recording: str
    index: int
    condition: str
    path: Path
    polygons: tuple[Polygon, ...]

    def load(self, source: str = LAYOUT) -> Frame:
        """Read the picture; raises InputError as ``image.read_grey`` does."""
        return Frame(read_grey(self.path), source, self.donor, self.recording, self.index, self.condition)


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``blood_donor_1/0300mbar_1``, sorted."""
    return sorted(_videos(folder))


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey frames of a recording, or the raw crops of a folder, one at a time.

    Args:
        folder: the source's files.
        recording: one of ``recordings`` or of ``raw_crop_recordings``.
        source: a key of ``config/sources.yaml``.

    Raises:
        InputError: as ``video.numbered_frames`` or ``image.read_equal_grey``.
    """
    if recording.startswith(f"{RAW_CROPS}/"):
        yield from _read_raw_crops(folder, recording, source)
        return
    file = _videos(folder).get(recording) or folder / VIDEOS / f"{recording}.avi"
    for number, image in numbered_frames(file):
        yield Frame(image, source, recording.split("/")[0], recording, number, _condition(recording))


def raw_crop_recordings(folder: Path) -> list[str]:
    """Return the names of all folders of raw crops, ``raw_crops/12_8/Slipper/0300mbar``, sorted."""
    below = listing.files(folder / RAW_CROPS) if (folder / RAW_CROPS).is_dir() else {}
    return sorted({f"{RAW_CROPS}/{Path(name).parent.as_posix()}" for name in below})


def _read_raw_crops(folder: Path, recording: str, source: str) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey crops of a folder; the same day and pressure are one group, as in ``crop_files``."""
    _, day, category, name = recording.split("/")[:4]
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_equal_grey(path), source, "", recording, index, pressure(name),
            label=class_name(category), group=f"{day}_{name}", file=f"{recording}/{path.name}",
        )  # fmt: skip


def annotated_frames(folder: Path, without: Collection[str] = ()) -> list[AnnotatedFrame]:
    """Return the validated annotated frames, sorted by recording and index, frames without polygons included.

    Args:
        folder: the source's files.
        without: pictures to leave out, as paths relative to the folder.

    Raises:
        InputError: as ``coco.read_coco``, or a picture whose name is not ``<recording>_<index, 5 digits>``.
    """
    if not (folder / ANNOTATIONS).is_file():
        return []
    images = read_coco(folder / ANNOTATIONS, folder, without)
    return sorted((_annotated(folder, image) for image in images), key=lambda frame: (frame.recording, frame.index))


def crop_files(folder: Path) -> list[CropFile]:
    """Return the segmented crops of all class folders, sorted by path.

    Raises:
        InputError: a folder that is named after no class.
    """
    crops = []
    for class_folder in subfolders(folder, *OTHER_FOLDERS):
        try:
            class_ = class_name(class_folder.name)
        except KeyError as error:
            raise InputError(class_folder, error.args[0], f"a class, or one of {', '.join(OTHER_FOLDERS)}") from error
        numbers: Counter[str] = Counter()
        for name, path in listing.files(class_folder).items():
            family, number = _family(Path(name), numbers)
            crops.append(CropFile(path, class_folder.name, class_, family, number))
    return crops


def _family(name: Path, numbers: Counter[str]) -> tuple[str, int]:
    """Return family and number of a crop, by its name relative to the folder of its class."""
    if match := re.fullmatch(r"(.+_\d+mbar)_(\d+)", name.stem):
        return match[1], int(match[2])
    family = "_".join(name.parts[:-1])
    numbers[family] += 1
    return family, numbers[family] - 1


def bad_files(folder: Path) -> BadFiles:
    """Return every video that does not decode to its end, and every frame and crop that is no grey picture.

    A frame is bad, too, that its video does not have.

    Raises:
        InputError: there is nothing to read, a folder is named wrongly, or an annotation is wrong: the annotations are
            one file.
    """
    videos, crops, raw_crops = _videos(folder), crop_files(folder), _checked_raw_crops(folder)
    annotated = (folder / ANNOTATIONS).is_file()
    if not (videos or crops or raw_crops or annotated):
        raise InputError(folder, "no video, no annotation and no crop", EXPECTED)
    numbers: dict[str, set[int]] = {}

    def decode(path: Path) -> None:
        numbers[path.relative_to(folder / VIDEOS).with_suffix("").as_posix()] = set(check_video(path))

    bad = inspect(folder, videos.values(), decode)
    pictures_ = sorted(listing.files(folder / FRAMES).values()) if (folder / FRAMES).is_dir() else []
    frames = inspect(folder, pictures_, read_grey)
    for frame in annotated_frames(folder, without=frames):
        known = numbers.get(frame.recording, {frame.index})
        if frame.index not in known:
            expected = f"one of the video's {len(known)} frames, {min(known)} to {max(known)}"
            frames[frame.path.relative_to(folder).as_posix()] = InputError(
                frame.path, f"frame {frame.index} of {frame.recording}", expected
            )
    return {
        **bad,
        **frames,
        **inspect(folder, [crop.path for crop in crops], read_segmented),
        **inspect(folder, [path for name in raw_crops for path in pictures(folder / name)], _probe_raw_crop),
    }


def leave_out(folder: Path, names: Collection[str]) -> None:
    """Write the annotations of a folder of links without the frames that are left out, if any are.

    Args:
        folder: of links to a source's files.
        names: what is left out, relative to the folder.
    """
    if not any(name.startswith(f"{FRAMES}/") for name in names):
        return
    text = without_images(folder / ANNOTATIONS, names)
    (folder / ANNOTATIONS).unlink()
    (folder / ANNOTATIONS).write_text(text, encoding="utf-8")


def _checked_raw_crops(folder: Path) -> list[str]:
    """Return ``raw_crop_recordings`` after the names of their folders were verified."""
    names = raw_crop_recordings(folder)
    for name in names:
        parts = Path(name).parts
        if len(parts) < 4 or not PRESSURE.fullmatch(parts[3]):
            found = f"the folder name {parts[-1]!r}"
            raise InputError(
                folder / name, found, f"{RAW_CROPS}/<day>/<class>/<pressure>, such as 12_8/Slipper/0300mbar"
            )
        try:
            class_name(parts[2])
        except KeyError as error:
            raise InputError(folder / Path(*parts[:3]), f"the folder name {parts[2]!r}", str(error.args[0])) from error
    return names


def _probe_raw_crop(path: Path) -> None:
    require_size(path, read_equal_grey(path), (RAW_CROP_SIZE, RAW_CROP_SIZE))


def _videos(folder: Path) -> dict[str, Path]:
    """Return the paths of all videos by the names of their recordings, sorted by path."""
    if not (folder / VIDEOS).is_dir():
        return {}
    found = listing.files(folder / VIDEOS)
    return {
        Path(name).with_suffix("").as_posix(): path for name, path in found.items() if listing.kind_of(name) == "video"
    }


def _condition(recording: str) -> str:
    """Return ``300 mbar`` for ``blood_donor_1/0300mbar_1``, and nothing where no part of the name has a pressure."""
    for part in reversed(recording.split("/")):
        if match := re.search(r"(\d+) ?mbar", part, re.IGNORECASE):
            return f"{int(match[1])} mbar"
    return ""


def _annotated(folder: Path, image: AnnotatedImage) -> AnnotatedFrame:
    """Return an image of the export with the recording and index that its place tells."""
    match = re.fullmatch(r"(.+)_(\d{5,})", image.path.stem)
    place = image.path.parent
    if match is None or len(place.parts) < 2 or place.parts[0] != FRAMES:
        expected = f"{FRAMES}/<donor>/<video>_<number, 5 digits>, such as 0300mbar_1_00012.png"
        raise InputError(folder / image.path, image.path.name, expected)
    recording = "/".join((*place.parts[1:], match[1]))
    donor = place.parts[1]
    return AnnotatedFrame(donor, recording, int(match[2]), _condition(recording), folder / image.path, image.polygons)
