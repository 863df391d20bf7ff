"""Paths as users write them: ``~``, ``$NAME``, and accents in either of Unicode's two spellings."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path


def expanded(text: str, folder: Path = Path()) -> str:
    """Return a path with ``~`` and ``$NAME`` replaced; one that exists as it is written stays.

    Args:
        text: as a user wrote it.
        folder: from which it is seen.

    Raises:
        ValueError: a variable that is not set, or the home folder of nobody; a phrase that says what was expected.
    """
    if os.path.lexists(folder / text):
        return text
    # blanks, quotes and `file://` come along when a path is copied from elsewhere
    text = text.strip().strip("\"'").removeprefix("file://")
    if windows := re.search(r"%[A-Za-z_]\w*%", text):
        raise ValueError(f"a variable written ${windows[0].strip('%')}; {windows[0]} is for Windows alone")
    found = os.path.expandvars(text)
    if unset := re.search(r"\$([A-Za-z_]\w*|\{\w+\}?)", found):
        raise ValueError(f"a variable that is set; {unset[0]} is not")
    try:
        home = str(Path(found).expanduser()) if found.startswith("~") else found
    except RuntimeError:
        raise ValueError(f"a home folder that there is; nobody here has {Path(found).parts[0]}") from None
    return home if home.isascii() else _as_on_disk(home, folder)


def _as_on_disk(text: str, folder: Path) -> str:
    """Return a path in the spelling that exists, part by part: disks of Macs take é apart into e and its accent."""
    place = Path()
    for part in Path(text).parts:
        spellings = (part, *(unicodedata.normalize(form, part) for form in ("NFC", "NFD")))
        place /= next((one for one in spellings if os.path.lexists(folder / place / one)), part)
    return str(place)
