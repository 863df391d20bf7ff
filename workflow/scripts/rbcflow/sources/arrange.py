"""From a laboratory's folders as they lie to the places of a layout (rules ``register_raw`` and ``download_raw``).

A layout's ``arrange`` gives every file that it takes a place; links there are what later stages read. A recognisable
file that gets none is bad: nothing is passed over in silence.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from rbcflow.core.classes import class_name
from rbcflow.core.errors import InputError
from rbcflow.sources.image import READ
from rbcflow.sources.listing import (  # fmt: skip
    ARCHIVES,
    TRUTH,
    Listing,
    check_name,
    kind_by_content,
    kind_of,
    same_name,
    shown,
)
from rbcflow.sources.problems import BadFiles

NAMED = 3
"""Files that a message names of a folder that nothing is read from."""


@dataclass
class Arrangement:
    """Where each file of a source goes.

    Attributes:
        listing: the source's files.
        places: the name below the source's folder of the file at each place of the layout.
        texts: what is written at a place instead of a link, where an export names pictures by other places.
        bad: what is wrong with files that have no place, by name; by folder where nothing in it has one.
        remarks: what a user should know.
        annotated: how many annotated pictures have a polygon, and how many have none.
    """

    listing: Listing
    places: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    bad: BadFiles = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    annotated: tuple[int, int] | None = None
    _taken: dict[str, str] = field(default_factory=dict)
    _spelt: dict[str, str] = field(default_factory=dict)

    def put(self, place: str | PurePosixPath, name: str) -> None:
        """Give a file its place; a second one there, under whatever suffix, is bad."""
        place = str(place)
        folder = str(PurePosixPath(place).parent)
        if (spelt := self._spelt.setdefault(same_name(folder), folder)) != folder:
            self.refuse(name, f"the folder {folder!a}, which also is {spelt!a}", "one spelling of its accents")
            return
        key = same_name(str(PurePosixPath(place).with_suffix("")))
        if first := self._taken.get(key):
            self.refuse(name, f"a second file for {key}", f"one; the other is {first} (`ignore:` one of them)")
        else:
            self._taken[key] = self.places[place] = name

    def refuse(self, name: str, found: str, expected: str) -> None:
        """Say what is wrong with a file that gets no place."""
        self.bad[name] = InputError(self.listing.folder / name, found, expected)


def arranged(listing: Listing, arrange: Callable[..., None], expected: str, **options: str) -> Arrangement:
    """Return where each file of a source goes.

    Args:
        listing: the source's files.
        arrange: of the layout; is given the arrangement, the recognisable files' names, and the options.
        expected: what the layout takes, for the message on other files.
        options: of the layout.

    Raises:
        InputError: what is wrong is not a file that could be left out.
    """
    result = Arrangement(listing)
    for name in listing.lost:
        # one without suffix may have led to a folder
        if kind_of(name) or not PurePosixPath(name).suffix:
            result.refuse(name, "a link that leads nowhere", "a file or folder, or `ignore:` with its name")
    _remark_archives(result)
    first: dict[Path, str] = {}
    names = []
    for name, path in listing.files.items():
        if name.startswith(f"{TRUTH}/"):
            result.places[name] = name
        elif kind_of(name):
            try:
                check_name(path, name)
                if (other := first.setdefault(path.resolve(), name)) != name:
                    result.refuse(name, f"a link to {other}, the same file under another name", "each file once")
                else:
                    names.append(name)
            except InputError as error:
                result.bad[name] = error
        elif kind := kind_by_content(path):
            found = f"a {kind} by its content, which its suffix {path.suffix!r} does not say"
            result.refuse(name, found, "the file renamed, or `ignore:` with its name in the source's entry")
    arrange(result, names, **options)
    placed = set(result.places.values())
    _refuse_unread(result, [name for name in names if name not in placed and name not in result.bad], expected)
    return result


def as_it_lies(listing: Listing) -> Arrangement:
    """Return every file of a source at its own place, for layouts that read folders as they are."""
    result = Arrangement(listing)
    for name, path in listing.files.items():
        try:
            check_name(path, name)
            result.places[name] = name
        except InputError as error:
            result.bad[name] = error
    return result


def _remark_archives(result: Arrangement) -> None:
    """Say that archives are not unpacked."""
    if packed := [name for name in result.listing.files if PurePosixPath(name).suffix.lower() in ARCHIVES]:
        result.remarks.append(f"nothing is read of archives, {shown(packed[0])} first of {len(packed)}: unpack them")


def is_picture(name: str) -> bool:
    """Return whether a file is read as a single picture, by its suffix."""
    return PurePosixPath(name).suffix.lower() in READ


def class_folder(name: str) -> int | None:
    """Return the place, among the folders of a relative name, of the nearest that is named after a class."""
    folders = PurePosixPath(name).parts[:-1]
    for number in range(len(folders) - 1, -1, -1):
        try:
            class_name(folders[number])
        except KeyError:
            continue
        return number
    return None


def of_class(folder: str) -> bool:
    """Return whether a folder is named after a class."""
    return class_folder(f"{folder}/x") is not None


def _refuse_unread(result: Arrangement, names: list[str], expected: str) -> None:
    """Refuse what no reader takes, folder by folder."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(str(PurePosixPath(name).parent), []).append(name)
    for folder, files in folders.items():
        kinds = " and ".join(sorted({kind_of(name) for name in files}))
        listed = ", ".join(PurePosixPath(name).name for name in files[:NAMED]) + (", ..." if len(files) > NAMED else "")
        key = files[0] if len(files) == 1 else f"{folder}/"
        found = f"a {kinds} that is not read" if len(files) == 1 else f"{len(files)} files ({kinds}: {listed}) not read"
        hint = yaml.safe_dump(
            _patterns(result, folder, files), default_flow_style=True, allow_unicode=True, width=10**6
        )
        result.refuse(
            key, found, f"{expected}; what is not meant to be read: `ignore: {hint.strip()}` in the source's entry"
        )


def _patterns(result: Arrangement, folder: str, files: list[str]) -> list[str]:
    """Return patterns that leave out files of a folder and nothing that has a place."""
    taken = list(result.places.values())
    above = "" if folder == "." else f"{folder}/"
    if len(files) == 1:
        return [glob.escape(files[0])]
    if above and not any(name.startswith(above) for name in taken):
        return [glob.escape(folder)]
    suffixes = sorted({PurePosixPath(name).suffix for name in files})
    if any(name.startswith(above) and name.endswith(tuple(suffixes)) for name in taken):
        return [glob.escape(name) for name in files]
    return [f"{glob.escape(above)}*{suffix}" for suffix in suffixes]


def link_files(result: Arrangement, links: Path) -> None:
    """Fill a folder with links to the files, and with the texts, at their places."""
    for place, name in result.places.items():
        make_link(links / place, result.listing.files[name])
    for place, text in result.texts.items():
        target = links / place
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def make_link(link: Path, file: Path) -> None:
    """Link a file from another place; a copy where there are no links."""
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        link.symlink_to(os.path.relpath(file.resolve(), link.parent.resolve()))
    except OSError:
        shutil.copy2(file, link)
