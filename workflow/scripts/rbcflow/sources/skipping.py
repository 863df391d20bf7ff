"""A source without its bad files (rules ``register_good_files`` and ``download_raw``)."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from pathlib import Path

from rbcflow.sources import layouts
from rbcflow.sources.problems import reason

Skipped = list[dict[str, str]]
"""``file`` (relative to the source's folder) and ``reason`` of each file that is left out."""


def accept(layout: str, folder: Path, links: Path, bad_files: str) -> tuple[Path, Skipped]:
    """Check a folder of raw files and return the folder that later stages read.

    Args:
        layout: a key of ``layouts.READERS``.
        folder: the source's files.
        links: with ``skip``, is filled anew with links to the good files.
        bad_files: ``stop`` or ``skip``.

    Returns:
        With ``stop``, ``folder`` and nothing; with ``skip``, ``links`` and what was left out.

    Raises:
        InputError: with ``stop``, names every bad file; with ``skip``, nothing is left, or what is wrong is not a file
            that could be left out.
    """
    if bad_files == "stop":
        layouts.check(layout, folder)
        return folder, []
    shutil.rmtree(links, ignore_errors=True)
    bad = layouts.bad_files(layout, folder)
    skipped = [{"file": name, "reason": reason(folder, name, error)} for name, error in bad.items()]
    _link(folder, links, set(bad))
    if leave_out := getattr(layouts.READERS[layout], "leave_out", None):
        leave_out(folder, links, set(bad))
    if bad:
        # What is left must be a source of this layout: the last recording may be gone.
        layouts.check(layout, links)
    return links, skipped


def warn(source: str, skipped: Skipped) -> None:
    """Name the files that are left out in the log and on the screen."""
    if not skipped:
        return
    lines = "".join(f"\n    {one['file']}: {one['reason']}" for one in skipped)
    logging.getLogger("rbcflow").warning("%s: %d bad files are left out:%s", source, len(skipped), lines)
    print(f"\n{source}: {len(skipped)} bad files are left out (bad_files: skip):{lines}\n", file=sys.stderr)


def _link(folder: Path, links: Path, bad: set[str]) -> None:
    """Fill a folder with links to the visible files below another, bad ones left out; copies where links cannot be."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or name.as_posix() in bad or any(part.startswith(".") for part in name.parts):
            continue
        link = links / name
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(os.path.relpath(path.resolve(), link.parent.resolve()))
        except OSError:
            shutil.copy2(path, link)
