"""A folder's sha256 manifest, for the rules of stage ``raw``: written on first sight, checked ever after."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.runtime.provenance import sha256


def check(folder: Path, manifest: Path) -> str:
    """Write the manifest of a folder if there is none, else compare the folder with it.

    The manifest has the format of ``sha256sum``: digest, two blanks, path relative to the folder. Hidden files and the
    manifest itself are left out.

    Args:
        folder: the raw files of one source.
        manifest: the manifest's file, inside the folder or elsewhere.

    Returns:
        The sha256 over the manifest: a fingerprint of the folder.

    Raises:
        InputError: the folder has no files; a file changed, is missing or is new since the manifest was written.
    """
    found = _digests(folder, manifest)
    if not found:
        raise InputError(folder, "no files", "the raw files of a source")
    text = "".join(f"{digest}  {name}\n" for name, digest in found.items())
    if not manifest.is_file():
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(text, encoding="utf-8")
    _compare(folder, found, _read(manifest), manifest)
    return hashlib.sha256(text.encode()).hexdigest()


def _digests(folder: Path, manifest: Path) -> dict[str, str]:
    """Return the sha256 of every visible file by its relative path, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.resolve() != manifest.resolve())
    names = {path.relative_to(folder): path for path in files}
    return {
        name.as_posix(): sha256(path)
        for name, path in names.items()
        if not any(part.startswith(".") for part in name.parts)
    }


def _read(manifest: Path) -> dict[str, str]:
    """Return the digests of a manifest by relative path."""
    known = {}
    for number, line in enumerate(manifest.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not re.fullmatch("[0-9a-f]{64}", digest) or not name:
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
