"""Zip archives from the network: verified and unpacked without trust (rule ``download_raw``)."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from rbcflow.core.errors import InputError

MOST_BYTES = 4 * 2**30
"""Largest sum of the unpacked files."""
PIECE = 2**20

Place = Callable[[PurePosixPath], PurePosixPath | None]
"""Where a member goes, relative to the target folder; None leaves it out."""


def unpack(archive: Path, folder: Path, *, place: Place, instead: str, most_bytes: int = MOST_BYTES) -> None:
    """Verify every member of a zip file, then unpack those that have a place.

    Args:
        archive: the zip file.
        folder: where to; made if absent.
        place: where each member goes.
        instead: what the user can do where this fails, for the message.
        most_bytes: largest sum of the unpacked files.

    Raises:
        InputError: no zip file, one cut short or damaged; a member that leads out of the folder, is a link or another
            special file, is encrypted, or would overwrite another; more than ``most_bytes``; no member has a place.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            for member in opened.infolist():
                _verify(archive, member)
            total = sum(member.file_size for member in members)
            if total > most_bytes:
                raise InputError(archive, f"{total} bytes unpacked", f"at most {most_bytes}")
            places = _places(archive, members, place, instead)
            for member, target in places:
                _write(opened, member, folder / target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(archive, f"a damaged zip file ({error})", f"a whole zip file; {instead}") from error


def _verify(archive: Path, member: zipfile.ZipInfo) -> None:
    """Refuse a member whose name leads elsewhere or that is no plain file or folder."""
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:[\\/]", name) or "\0" in name:
        raise InputError(archive, "a path that leads out of the folder", "paths inside it", where=repr(name))
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(archive, "a link or special file", "plain files", where=repr(name))
    if member.flag_bits & 1:
        raise InputError(archive, "an encrypted file", "plain files", where=repr(name))


def _places(
    archive: Path, members: list[zipfile.ZipInfo], place: Place, instead: str
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Return the members that are wanted with where each goes."""
    taken: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for member in members:
        target = place(PurePosixPath(member.filename))
        if target is None:
            continue
        if target in taken:
            raise InputError(archive, f"two files for {target}", "one", where=repr(member.filename))
        taken[target] = member
    if not taken:
        raise InputError(archive, "no file of the source's layout", f"the files of the source; {instead}")
    return [(member, target) for target, member in taken.items()]


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one member; zipfile reads no more than the size it states and verifies its checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file, PIECE)
