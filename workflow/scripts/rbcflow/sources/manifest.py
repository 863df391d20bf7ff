"""A source's sha256 manifest, for the rules of stage ``raw``: written on first sight, checked ever after."""

from __future__ import annotations

import re
from pathlib import Path

from rbcflow.core.digests import SHA256
from rbcflow.core.errors import InputError
from rbcflow.runtime.provenance import sha256
from rbcflow.sources.listing import Listing, is_data, shown


def check(listing: Listing, manifest: Path) -> dict[str, str]:
    """Write the manifest of a source if there is none, else compare its files with it.

    The manifest has the format of ``sha256sum``: digest, two blanks, path relative to the folder. Notes, ignored files
    and the manifest itself are left out.

    Args:
        listing: the raw files of one source.
        manifest: the manifest's file, inside the folder or elsewhere.

    Returns:
        The sha256 of each file by name.

    Raises:
        InputError: there are no files; a file changed, is missing or is new since the manifest was written.
    """
    files = {name: path for name, path in listing.data.items() if path.resolve() != manifest.resolve()}
    sums = {name: _sum(path) for name, path in files.items()}
    if not sums:
        raise InputError(listing.folder, "no files", "the raw files of a source")
    found = {shown(name): digest for name, digest in sums.items()}
    if not manifest.is_file():
        manifest.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{digest}  {name}\n" for name, digest in found.items())
        manifest.write_text(text, encoding="utf-8", newline="\n")
    known = _read(manifest)
    ignored = set(map(shown, listing.ignored))
    known = {name: sum_ for name, sum_ in known.items() if (listing.whole or is_data(name)) and name not in ignored}
    _compare(listing.folder, found, known, manifest)
    return sums


def _sum(path: Path) -> str:
    """Return the sha256 of a file."""
    try:
        return sha256(path)
    except OSError as error:
        found = f"a file that does not open ({error.strerror or error})"
        raise InputError(path, found, "a file to read, or `ignore:` with its name in the source's entry") from error


def _read(manifest: Path) -> dict[str, str]:
    """Return the digests of a manifest by relative path."""
    known = {}
    lines = manifest.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.rstrip("\r").partition("  ")
        if not line:
            continue
        if not re.fullmatch(SHA256, digest) or not name:
            raise InputError(manifest, repr(line), "a sha256, two blanks and a path", where=f"line {number}")
        known[name] = digest
    return known


def _compare(folder: Path, found: dict[str, str], known: dict[str, str], manifest: Path) -> None:
    """Name the first file in which a folder differs from its manifest."""
    for name in sorted(found.keys() | known.keys()):
        if name not in found:
            raise InputError(folder / name, "no such file", f"the file listed in {manifest}")
        if name not in known:
            raise InputError(
                folder / name, "a new file", f"only files listed in {manifest} (remove it to accept the folder)"
            )
        if found[name] != known[name]:
            raise InputError(
                folder / name,
                f"changed content (sha256 {found[name]})",
                f"sha256 {known[name]} as in {manifest} (remove it to accept the folder)",
            )
