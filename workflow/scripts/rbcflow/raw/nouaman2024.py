"""The Saarland layout (Nouaman et al. 2024): grey AVI videos by donor, annotated frames, segmented crops.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``; the layout is drawn in ``docs/architecture.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rbcflow.classes import class_name
from rbcflow.errors import InputError
from rbcflow.frames import Frame
from rbcflow.raw.coco import AnnotatedImage, Polygon, read_coco
from rbcflow.raw.image import read_grey
from rbcflow.raw.video import check_video, read_video

LAYOUT = "nouaman2024"
ANNOTATIONS = Path("annotations/result.json")
OTHER_FOLDERS = ("annotations", "frames", "truth", "videos")
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


@dataclass(frozen=True)
class CropFile:
    """A crop that the laboratory already segmented; ``family`` is its day and pressure (``12_8_0300mbar``)."""

    path: Path
    class_: str
    family: str
    number: int


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``blood_donor_1/0300mbar_1``, sorted."""
    return [f"{path.parent.name}/{path.stem}" for path in _videos(folder)]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey frames of a recording, decoded one at a time; raises InputError as ``video`` does."""
    donor, name = recording.split("/")
    for index, image in enumerate(read_video(folder / "videos" / donor / f"{name}.avi")):
        yield Frame(image, source, donor, recording, index, _condition(name))


def annotated_frames(folder: Path) -> list[AnnotatedFrame]:
    """Return the validated annotated frames, sorted by recording and index, frames without polygons included.

    Raises:
        InputError: as ``coco.read_coco``, or a picture whose name is not ``<recording>_<index, 5 digits>``.
    """
    images = read_coco(folder / ANNOTATIONS, folder)
    return sorted((_annotated(folder, image) for image in images), key=lambda frame: (frame.recording, frame.index))


def crop_files(folder: Path) -> list[CropFile]:
    """Return the segmented crops of all class folders, sorted by path.

    Raises:
        InputError: a folder that is named after no class, or a crop that is not ``<day>_<pressure>_<number>.bmp``.
    """
    crops = []
    for class_folder in sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in OTHER_FOLDERS):
        try:
            class_ = class_name(class_folder.name)
        except KeyError as error:
            raise InputError(class_folder, error.args[0], f"a class, or one of {', '.join(OTHER_FOLDERS)}") from error
        for path in sorted(class_folder.glob("*.bmp")):
            match = re.fullmatch(r"(.+_\d+mbar)_(\d+)", path.stem)
            if match is None:
                raise InputError(path, path.name, "a name such as 12_8_0300mbar_0001.bmp")
            crops.append(CropFile(path, class_, match[1], int(match[2])))
    return crops


def check(folder: Path) -> None:
    """Validate the folder before expensive work: videos open, annotations hold, crops are pictures.

    Raises:
        InputError: names the first file that is absent or wrong.
    """
    videos = _videos(folder)
    if not videos:
        raise InputError(folder, "no AVI", "videos/<donor>/<pressure>_<number>.avi")
    for path in videos:
        check_video(path)
    annotated_frames(folder)
    for crop in crop_files(folder):
        read_grey(crop.path)


def _videos(folder: Path) -> list[Path]:
    """Return the paths of all videos, sorted."""
    return sorted(folder.glob("videos/*/*.avi"))


def _condition(name: str) -> str:
    """Return ``300 mbar`` for ``0300mbar_1``, and nothing where the name does not start with a pressure."""
    match = re.match(r"(\d+)mbar", name)
    return f"{int(match[1])} mbar" if match else ""


def _annotated(folder: Path, image: AnnotatedImage) -> AnnotatedFrame:
    """Return an image of the export with the recording and index that its name tells."""
    match = re.fullmatch(r"(.+)_(\d{5})", image.path.stem)
    if match is None:
        raise InputError(folder / image.path, image.path.name, "a name such as 0300mbar_1_00012.png")
    donor, name = image.path.parent.name, match[1]
    return AnnotatedFrame(
        donor, f"{donor}/{name}", int(match[2]), _condition(name), folder / image.path, image.polygons
    )
