"""The layout of pictures with boxes, ``images/`` and ``labels/``: frames that somebody annotated for YOLO.

Used by the rules of stages ``raw`` and ``test sets``. What a picture's donor, recording and condition are is said by
the table of test sets; here a recording is a folder of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.core.frames import Frame
from rbcflow.sources.labelled import Picture, YoloFolder, decode, read_folder, read_labels
from rbcflow.sources.problems import BadFiles

LAYOUT = "yolo_folder"


def recordings(folder: Path) -> list[str]:
    """Return the folders of pictures, relative to the source's, sorted."""
    return list(labelled_pictures(folder, read_folder(folder)))


def read(folder: Path, recording: str, source: str = LAYOUT) -> Iterator[Frame]:
    """Yield the (H, W) grey or (H, W, 3) R, G, B uint8 pictures of a folder; raises InputError as ``decode`` does."""
    own = labelled_pictures(folder, read_folder(folder))
    for index, picture in enumerate(own.get(recording, [])):
        yield Frame(decode(picture.path), source, "", recording, index, file=name_of(folder, picture.path))


def bad_files(folder: Path) -> BadFiles:
    """Return every picture that cannot be read, and every label file that is wrong, with its picture.

    Raises:
        InputError: as ``labelled.read_folder``: what is wrong is no file that could be left out.
    """
    found, bad = read_folder(folder), {}
    for picture in pictures(found):
        for path, probe in ((picture.path, decode), (picture.label, lambda path: labels(found, path))):
            try:
                if path is not None:
                    probe(path)
            except InputError as error:
                # without its labels a picture would count as one that shows nothing
                bad |= {name_of(folder, one): error for one in (picture.path, picture.label) if one is not None}
                break
    return bad


def labels(found: YoloFolder, path: Path) -> list:
    """Return the objects of a label file; raises InputError as ``read_labels`` does."""
    return read_labels(path, len(found.names) if found.names else None)


def labelled_pictures(folder: Path, found: YoloFolder) -> dict[str, list[Picture]]:
    """Return the pictures that ``found`` has of a folder by recording, recordings sorted."""
    own: dict[str, list[Picture]] = {}
    for picture in pictures(found):
        own.setdefault(place(folder, picture), []).append(picture)
    return dict(sorted(own.items()))


def pictures(found: YoloFolder) -> list[Picture]:
    """Return the pictures of all splits, each once."""
    return list({picture.path: picture for own in found.splits.values() for picture in own}.values())


def name_of(folder: Path, path: Path) -> str:
    """Return a file's path relative to the source's folder, or as it is where a list names one elsewhere."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def place(folder: Path, picture: Picture) -> str:
    """Return the recording of a picture: its folder."""
    return name_of(folder, picture.path.parent)
