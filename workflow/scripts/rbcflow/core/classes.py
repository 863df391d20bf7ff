"""The three shape classes of the preprint: one order, one spelling, and every synonym in one place."""

from __future__ import annotations

CLASSES: tuple[str, ...] = ("croissant", "slipper", "other")
"""Class names by id. A croissant is what the literature also calls a parachute."""

CLASS_ID: dict[str, int] = {name: index for index, name in enumerate(CLASSES)}

CELL = "cell"
"""What a detector of one class finds, whatever it calls it: cells of any shape."""

SYNONYMS: dict[str, str] = {
    "parachute": "croissant",
    "croissants": "croissant",
    "parachutes": "croissant",
    "slippers": "slipper",
    "others": "other",
    "sheared": "other",
    "semi-slipper": "other",
    "semi-parachute": "other",
    "rolling": "other",
    "semi-rolling": "other",
}
"""Spellings met in laboratories' folders and annotation files, in lower case, and the class they mean."""


def class_name(label: str) -> str:
    """Return the class that a laboratory's label means.

    Args:
        label: a folder name or an annotation category, in any case, with blanks around it allowed.

    Raises:
        KeyError: the label is neither a class nor a known synonym; the message names both lists.
    """
    key = label.strip().lower()
    key = SYNONYMS.get(key, key)
    if key not in CLASS_ID:
        raise KeyError(
            f"unknown class {label!r}; known are {', '.join(CLASSES)} and the synonyms {', '.join(SYNONYMS)}"
        )
    return key
