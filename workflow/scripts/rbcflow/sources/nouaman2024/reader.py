"""The Saarland layout (Nouaman et al. 2024): grey AVI videos by donor, annotated frames, segmented and raw crops.

Used by the rules of stages ``raw``, ``cells`` and ``test sets``; the layout is drawn in ``docs/architecture.md``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.coco import AnnotatedImage, Polygon, read_coco, without_images
from rbcflow.sources.croplists import pictures, require_names, subfolders
from rbcflow.sources.image import read_equal_grey, read_grey, require_size
from rbcflow.sources.problems import BadFiles, inspect
from rbcflow.sources.video import check_video, read_video

LAYOUT = "nouaman2024"
ANNOTATIONS = Path("annotations/result.json")
RAW_CROPS = "raw_crops"
VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".mkv", ".wmv", ".mpg", ".mpeg")
CATEGORIES = ("Croissant", "Other", "Slipper")
"""Folders by shape of the raw crops of a day."""
RAW_CROP_SIZE = 92
OTHER_FOLDERS = ("annotations", "frames", "truth", "videos", RAW_CROPS)
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

    @property
    def recording(self) -> str:
        """The class folder and the family, ``croissant/12_8_0300mbar``."""
        return f"{self.path.parent.name}/{self.family}"


def recordings(folder: Path) -> list[str]:
    """Return the names of all recordings, ``blood_donor_1/0300mbar_1``, sorted."""
    return [f"{path.parent.name}/{path.stem}" for path in _videos(folder)]


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey frames of a recording, or the raw crops of a folder, one at a time.

    Args:
        folder: the source's files.
        recording: one of ``recordings`` or of ``raw_crop_recordings``.
        source: a key of ``config/sources.yaml``.

    Raises:
        InputError: as ``video.read_video`` or ``image.read_equal_grey``.
    """
    if recording.startswith(f"{RAW_CROPS}/"):
        yield from _read_raw_crops(folder, recording, source)
        return
    donor, name = recording.split("/")
    for index, image in enumerate(read_video(folder / "videos" / donor / f"{name}.avi")):
        yield Frame(image, source, donor, recording, index, _condition(name))


def raw_crop_recordings(folder: Path) -> list[str]:
    """Return the names of all folders of raw crops, ``raw_crops/12_8/Slipper/0300mbar``, sorted."""
    places = (folder / RAW_CROPS).glob("*/*/*")
    return sorted(path.relative_to(folder).as_posix() for path in places if path.is_dir())


def _read_raw_crops(folder: Path, recording: str, source: str) -> Iterator[Frame]:
    """Yield the (H, W) uint8 grey crops of a folder; the same day and pressure are one group, as in ``crop_files``."""
    _, day, category, name = recording.split("/")
    for index, path in enumerate(pictures(folder / recording)):
        yield Frame(
            read_equal_grey(path), source, "", recording, index, _condition(name),
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
    images = read_coco(folder / ANNOTATIONS, folder, without)
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
        for path in pictures(class_folder):
            match = re.fullmatch(r"(.+_\d+mbar)_(\d+)", path.stem)
            if match is None:
                raise InputError(path, path.name, "a name such as 12_8_0300mbar_0001.bmp")
            crops.append(CropFile(path, class_, match[1], int(match[2])))
    return crops


def bad_files(folder: Path) -> BadFiles:
    """Return every video that does not decode to its end, and every frame and crop that is no grey picture.

    Raises:
        InputError: there is no video, a folder or crop is named wrongly, or an annotation is wrong: the annotations are
            one file.
    """
    videos = _videos(folder)
    if not videos:
        raise InputError(folder, "no AVI", "videos/<donor>/<pressure>_<number>.avi")
    for path in sorted(folder.glob("videos/*/*")):
        if path.suffix.lower() in VIDEO_SUFFIXES and path.suffix != ".avi":
            raise InputError(path, f"the suffix {path.suffix!r}", ".avi, as other files would be passed over")
    frames = inspect(folder, sorted(folder.glob("frames/*/*.png")), read_grey)
    annotated_frames(folder, without=frames)
    crops = [crop.path for crop in crop_files(folder)]
    raw_crops = [path for name in _checked_raw_crops(folder) for path in pictures(folder / name)]
    return {
        **inspect(folder, videos, check_video),
        **frames,
        **inspect(folder, crops, read_grey),
        **inspect(folder, raw_crops, _probe_raw_crop),
    }


def leave_out(folder: Path, links: Path, names: Collection[str]) -> None:
    """Write the annotations without the frames that are left out, if any are, in place of the link to them.

    Args:
        folder: the source's files.
        links: a folder of links to the good ones.
        names: the bad ones, relative to the folder.
    """
    if not any(name.startswith("frames/") for name in names):
        return
    text = without_images(folder / ANNOTATIONS, names)
    (links / ANNOTATIONS).unlink()
    (links / ANNOTATIONS).write_text(text, encoding="utf-8")


def _checked_raw_crops(folder: Path) -> list[str]:
    """Return ``raw_crop_recordings`` after the names of their folders were verified."""
    for day in subfolders(folder / RAW_CROPS):
        require_names(subfolders(day), CATEGORIES)
    names = raw_crop_recordings(folder)
    for name in names:
        if not re.fullmatch(r"\d+mbar", Path(name).name):
            raise InputError(folder / name, f"the folder name {Path(name).name!r}", "a pressure such as 0300mbar")
    return names


def _probe_raw_crop(path: Path) -> None:
    require_size(path, read_equal_grey(path), (RAW_CROP_SIZE, RAW_CROP_SIZE))


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
