"""Every bad file of a source at once, for the layouts of stage ``raw``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rbcflow.core.errors import InputError

MOST = 20
"""Bad files that a message lists; the others are counted."""

BadFiles = dict[str, InputError]
"""What is wrong with each bad file, by its path relative to the source's folder."""


def inspect(folder: Path, paths: Iterable[Path], probe: Callable[[Path], object]) -> BadFiles:
    """Try every file and return what is wrong with those that are bad.

    Args:
        folder: the source's files.
        paths: files below it.
        probe: reads a whole file and raises InputError where it is wrong.
    """
    bad: BadFiles = {}
    for path in paths:
        try:
            probe(path)
        except InputError as error:
            bad[path.relative_to(folder).as_posix()] = error
        except OSError as error:
            found = f"a file that does not open ({error.strerror or error})"
            bad[path.relative_to(folder).as_posix()] = InputError(path, found, "a file to read")
    return bad


def reason(folder: Path, name: str, error: InputError) -> str:
    """Return what is wrong with a bad file, without its path where the message starts with it."""
    place = f" ({error.where})" if error.where else ""
    if error.path == str(folder / name):
        return f"{error.where + ': ' if error.where else ''}found {error.found}; expected {error.expected}"
    return f"{error.path}{place}: found {error.found}; expected {error.expected}"


def causes(folder: Path, bad: BadFiles) -> list[tuple[str, InputError]]:
    """Return the bad files without those that are left out with one of them, as a picture is with its labels."""
    found: dict[str, tuple[str, InputError]] = {}
    for name, error in bad.items():
        if str(error) not in found or error.path == str(folder / name):
            found[str(error)] = (name, error)
    return list(found.values())


def refuse(folder: Path, bad: BadFiles) -> None:
    """Raise one error for all bad files; a single one keeps its own message, and none raises nothing.

    Raises:
        InputError: lists up to ``MOST`` files with what is wrong with each.
    """
    own = causes(folder, bad)
    if len(own) == 1:
        raise own[0][1]
    if own:
        lines = [f"\n    {name}: {reason(folder, name, error)}" for name, error in own[:MOST]]
        more = f"\n    and {len(own) - MOST} more" if len(own) > MOST else ""
        raise InputError(
            folder,
            f"{len(own)} bad files:{''.join(lines)}{more}\n",
            "whole files of the source's layout (with `bad_files: skip` in the source's entry they are left out)",
        )
