"""Which files a source has: the one listing for its manifest, record, digest, links and readers (stage ``raw``).

Hidden files never count, nor does what systems leave behind beside pictures (``LEFT_BEHIND``). Links are followed; one
that leads back to a folder above it is passed over, since all that is there has its own place. A source's ``take`` and
``ignore`` are patterns as in a shell: one without ``/`` is a name at any depth, one with ``/`` starts at the folder.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rbcflow.core.errors import InputError, printable

SUFFIXES = {
    "picture": (".bmp", ".dib", ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".pgm", ".ppm", ".pnm",
                ".jp2", ".jxl", ".heic", ".heif", ".avif", ".dng", ".tga"),
    "video": (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".flv", ".wmv", ".asf", ".mpg", ".mpeg", ".vob", ".ts",
              ".m2ts", ".mts", ".3gp", ".ogv", ".mxf", ".dv", ".y4m", ".h264", ".cine", ".mraw", ".seq"),
    "stack": (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk", ".nd2", ".czi", ".lif", ".ims", ".oib", ".oif", ".vsi"),
    "hdf5": (".h5", ".hdf5", ".hdf", ".rtdc"),
}  # fmt: skip
"""Suffixes, in small letters, of the files that are recognised as data, by kind; not all of them are read."""
BEGINNINGS = {
    b"\x89PNG": "picture", b"\xff\xd8\xff": "picture", b"GIF8": "picture", b"BM": "picture", b"\x1aE\xdf\xa3": "video",
    b"\x30\x26\xb2\x75": "video", b"OggS": "video", b"FLV\1": "video", b"\0\0\1\xba": "video",
    b"II*\0": "stack", b"MM\0*": "stack", b"II+\0": "stack", b"MM\0+": "stack", b"\x89HDF": "hdf5",
}  # fmt: skip
"""How files begin that are data by their content."""
KIND_OF = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}

TRUTH = "truth"
"""Folder with what is known of every object, of phantoms and of those who declare it."""

WHOLE = ("yolo_folder",)
"""Layouts of which every file counts: pictures have their labels beside them, as texts."""

LEFT_BEHIND = (
    "__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot", "$recycle.bin", "recycler",
    "system volume information", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini",
)  # fmt: skip
"""Names, in small letters, that Macs, network drives and Windows leave in folders; they are hidden there."""
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")
"""Suffixes, in small letters, of files that may hold data and are not unpacked."""


@dataclass(frozen=True)
class Listing:
    """What lies below a source's folder.

    Attributes:
        folder: the source's folder.
        files: visible files that are not ignored, by their name relative to the folder with ``/``, sorted.
        ignored: the names of those that are, sorted.
        lost: links to nothing, by name.
        whole: whether results may depend on every file, texts too.
    """

    folder: Path
    files: dict[str, Path]
    ignored: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    whole: bool = False

    @property
    def data(self) -> dict[str, Path]:
        """The files on which results may depend: no notes that lie beside them."""
        return {name: path for name, path in self.files.items() if self.whole or is_data(name)}


def kind_of(name: str | Path) -> str:
    """Return ``picture``, ``video``, ``stack`` or ``hdf5`` by a file's suffix in any case, and "" for any other."""
    return KIND_OF.get(Path(name).suffix.lower(), "")


def kind_by_content(path: Path) -> str:
    """Return the kind of a file by how it begins, and "" for any other; a text may begin with ``BM``, no bitmap."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(16)
        if (head[:4] == b"RIFF" and head[8:12] == b"AVI ") or head[4:8] == b"ftyp":
            return "video"
        if head[:2] == b"BM" and int.from_bytes(head[2:6], "little") != path.stat().st_size:
            return ""
        return next((kind for beginning, kind in BEGINNINGS.items() if head.startswith(beginning)), "")
    return ""


def is_data(name: str) -> bool:
    """Return whether results may depend on a file, by its relative name: a recognised one, an export, or truth."""
    return bool(kind_of(name)) or name.lower().endswith(".json") or name.startswith(f"{TRUTH}/")


def shown(name: str) -> str:
    """Return a name as one line of text: bytes that are not UTF-8 and signs that do not print are written out."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in printable(name))


def files(folder: Path) -> dict[str, Path]:
    """Return all visible files below a folder by their relative names, sorted."""
    return listed(folder).files


def listed(folder: Path, layout: str = "", *, take: Collection[str] = (), ignore: Collection[str] = ()) -> Listing:
    """Return what lies below a folder.

    Args:
        folder: the source's files; may itself be a link.
        layout: of them.
        take: patterns of what alone is taken; none takes all.
        ignore: patterns of what is ignored, with all that is below.

    Raises:
        InputError: a folder that may not be read.
    """
    found: dict[str, Path] = {}
    ignored, lost = [], []
    for name, path in sorted(_walk(folder)):
        if (take and not _matches(name, take)) or _matches(name, ignore):
            ignored.append(name)
        elif path.is_file():
            found[name] = path
        elif path.is_symlink():
            lost.append(name)
    return Listing(folder, found, tuple(ignored), tuple(lost), layout in WHOLE)


def hidden(name: str) -> bool:
    """Return whether a file or folder of this name is hidden, on some system or other."""
    return name.startswith((".", "~$")) or name.lower() in LEFT_BEHIND


def same_name(name: str) -> str:
    """Return a name as it is compared: composed, as a Mac stores letters and their accents one by one."""
    return unicodedata.normalize("NFC", name)


def check_name(path: Path, name: str) -> None:
    """Refuse a name that cannot be written into tables and logs.

    Raises:
        InputError: bytes that are not UTF-8, or a line break or another sign that does not print.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(path, "a name that is not UTF-8", "the file renamed, with letters in UTF-8") from None
    if not all(sign.isprintable() for sign in name):
        raise InputError(path, f"a name with a sign that does not print ({name!r})", "the file renamed") from None


def _matches(name: str, patterns: Collection[str]) -> bool:
    """Return whether a relative name, or a folder above it, fits one of the patterns."""
    parts = same_name(name).split("/")
    above = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    for pattern in (same_name(pattern).strip("/") for pattern in patterns):
        places = above if "/" in pattern else parts
        if any(fnmatchcase(place, pattern) for place in places):
            return True
    return False


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield relative name and path of all visible entries below a folder that are no folders."""
    waiting: list[tuple[Path, str, tuple[tuple[int, int], ...]]] = [(folder, "", ())]
    while waiting:
        place, prefix, above = waiting.pop()
        try:
            stat = place.stat()
            entries = list(os.scandir(place))
        except OSError as error:
            raise InputError(place, f"a folder that does not open ({error.strerror})", "a folder to read") from error
        if (stat.st_dev, stat.st_ino) in above:
            continue
        for entry in entries:
            if hidden(entry.name):
                continue
            if _is_folder(entry):
                waiting.append((Path(entry.path), f"{prefix}{entry.name}/", (*above, (stat.st_dev, stat.st_ino))))
            else:
                yield f"{prefix}{entry.name}", Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    # links that lead to each other lead nowhere
    except OSError:
        return False
