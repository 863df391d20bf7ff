"""Which picture an entry of a labelling program's export means, and which video's frame it is (layout ``nouaman2024``).

An export names pictures by the labeller's own disk, by a web address, or with eight digits put before each name at the
upload. A picture is found by the end of its path, and by its name alone where that is unique. Splits rely on videos and
donors: a picture is taken only where both are certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from rbcflow.core.errors import InputError
from rbcflow.sources.listing import same_name

UPLOAD = re.compile(r"^(?!(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])-)[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of an uploaded picture; a date tells recordings apart and stays."""
NUMBER = r"[ _.-]+(?:frame[ _.-]*)?(\d+)"
"""What follows the name of a video in the name of its frame."""
DONOR = re.compile(r"donor(?!s)[ _.-]*[0-9a-z]", re.IGNORECASE)
"""In the name of a donor's folder."""
FRAMES, VIDEOS = "frames", "videos"


def donor_folder(name: str, above: str) -> int | None:
    """Return the place of the donor's folder among those of a file's relative name.

    It has ``donor`` and a letter or number in its name, or is the only folder between ``above`` and the file.
    """
    folders = PurePosixPath(name).parts[:-1]
    for number, folder in enumerate(folders):
        if DONOR.search(folder):
            return number
    return len(folders) - 1 if len(folders) > 1 and folders[-2].lower() == above else None


class Pictures:
    """The pictures below a source's folder, to be found by what an export calls them.

    Args:
        names: relative names.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._known = {form(name): name for form in (_key, same_name) for name in self._names}
        self._by_base: dict[str, list[str]] = {}
        for name in self._names:
            base = _key(PurePosixPath(name).name)
            for form in dict.fromkeys((base, UPLOAD.sub("", base))):
                self._by_base.setdefault(form, []).append(name)

    def find(self, export: Path, where: str, stated: object, beside: str) -> str:
        """Return the relative name of the picture that an entry means.

        Args:
            export: the export's file, for messages.
            where: the entry, for messages.
            stated: its ``file_name``.
            beside: the export's folder, relative to the source's: pictures may lie below it.

        Raises:
            InputError: there is none, more than one that it could be, or one of another donor.
        """
        parts = _parts(stated)
        if not parts:
            raise InputError(export, f"file_name {stated!r}", "the name of a picture", where=where)
        for own in (parts, _parts(stated, decode=False)):
            for place in ("/".join(own), "/".join([*PurePosixPath(beside).parts, *own])):
                if found := self._known.get(same_name(place)) or self._known.get(_key(place)):
                    return found
        found = self._by_name(export, where, stated, parts)
        donors = [next((part for part in path[:-1] if DONOR.search(part)), None) for path in (parts, found.split("/"))]
        if None not in donors and _key(donors[0]) != _key(donors[1]):
            expected = f"a picture of {donors[0]}; the only one of that name is {found}"
            raise InputError(export, f"missing image {stated}", expected, where=where)
        return found

    def _by_name(self, export: Path, where: str, stated: object, parts: list[str]) -> str:
        """Return the one picture of a name, or the one whose folders are most alike."""
        base = _key(parts[-1])
        candidates = self._by_base.get(base) or self._by_base.get(UPLOAD.sub("", base)) or []
        if not candidates:
            expected = "a picture of that name anywhere below the source's folder"
            raise InputError(export, f"missing image {stated}", expected, where=where)
        alike = [_alike(name, parts) for name in candidates]
        best = [name for name, share in zip(candidates, alike, strict=True) if share == max(alike)]
        if len(best) > 1:
            found = f"file_name {stated!r}, which {len(best)} pictures have: {', '.join(best[:3])}"
            raise InputError(export, found, "a path that tells them apart", where=where)
        return best[0]


class Videos:
    """The videos of a source, to be found by what their frames are called.

    Args:
        recordings: their names, ``blood_donor_1/0300mbar_1``.
    """

    def __init__(self, recordings: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for recording in recordings:
            donor, video = _key(recording.split("/")[0]), _key(recording.rsplit("/", 1)[1])
            for name in (video, *(f"{donor}{sign}{video}" for sign in "_-. ")):
                self._by_name.setdefault(name, []).append(recording)

    def frame(self, folder: Path, name: str) -> tuple[str, int]:
        """Return recording and number of the frame that a picture shows.

        Args:
            folder: the source's.
            name: of the picture, relative to the folder.

        Raises:
            InputError: no video, no donor's folder or no number that it could be, or several.
        """
        folders = [_key(part) for part in PurePosixPath(name).parts[:-1]]
        found, number = self._named(_key(PurePosixPath(name).stem))
        donor = donor_folder(name, FRAMES)
        if donor is not None:
            found = [recording for recording in found if _key(recording.split("/")[0]) == folders[donor]]
        if len(found) > 1:
            nearer = [rec for rec in found if {_key(part) for part in rec.split("/")[:-1]} <= set(folders)]
            found = nearer or found
        if len(found) > 1:
            # two that differ in small and large letters alone
            spelt = [rec for rec in found if set(same_name(rec).split("/")[:-1]) <= set(same_name(name).split("/"))
                     and same_name(PurePosixPath(name).stem).startswith(same_name(rec.rsplit("/", 1)[1]))]  # fmt: skip
            found = spelt if len(spelt) == 1 else found
        if len(found) == 1:
            return found[0], number
        if not found:
            told = f"of {PurePosixPath(name).parts[donor]}" if donor is not None else "in the source"
            expected = f"<video>_<number>, such as 0300mbar_1_00012.png, after a video {told}"
            raise InputError(folder / name, "a picture that is no video's frame by its name", expected)
        which = ", ".join(sorted(found)[:3])
        raise InputError(folder / name, f"a frame that {len(found)} videos could have: {which}", "its donor's folder")

    def _named(self, stem: str) -> tuple[list[str], int]:
        """Return the recordings after which a picture could be named, and the number of the frame."""
        for form in (stem, UPLOAD.sub("", stem)):
            match = re.fullmatch(rf"(.+?){NUMBER}", form)
            if match and (found := self._by_name.get(match[1])):
                return found, int(match[2])
        return [], -1


def _key(name: str) -> str:
    """Return a name as it is looked up: composed letters, small ones."""
    return same_name(name).casefold()


def _parts(stated: object, *, decode: bool = True) -> list[str]:
    """Return the folders and the name in what an export calls a picture; ``%20`` is a blank, or stays as it is."""
    text = stated if isinstance(stated, str) else ""
    # Label Studio's local storage: /data/local-files/?d=frames/a.png
    text = text.rpartition("?d=")[2]
    if re.match("https?://", text):
        text = text.partition("?")[0]
    text = unquote(text) if decode else text
    return [part for part in re.split(r"[\\/]+", text) if part not in ("", ".", "..")]


def _alike(name: str, parts: list[str]) -> int:
    """Return how many folders right above the file two paths have in common."""
    count = 0
    for ours, theirs in zip(reversed(PurePosixPath(name).parts[:-1]), reversed(parts[:-1]), strict=False):
        if _key(ours) != _key(theirs):
            break
        count += 1
    return count
