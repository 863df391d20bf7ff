"""Errors a user can act on: they name the file, the place in it, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path


class InputError(Exception):
    """Bad input, described so that the user can fix it without reading the code.

    Args:
        path: the file or folder that is wrong.
        found: what is there.
        expected: what should be there.
        where: the row, key, page or frame inside the file, if the trouble has a place.
    """

    def __init__(self, path: Path | str, found: str, expected: str, where: str | None = None) -> None:
        self.path, self.found, self.expected, self.where = printable(str(path)), found, expected, where
        place = f" ({where})" if where else ""
        super().__init__(printable(f"{path}{place}: found {found}; expected {expected}"))


def printable(text: str) -> str:
    """Return a text that can be written: bytes of names that are not UTF-8, and line breaks in them, as signs."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
