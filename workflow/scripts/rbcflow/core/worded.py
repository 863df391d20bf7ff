"""Closed sets of values that files hold, each value with what it means for readers."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Worded(StrEnum):
    """A set of values: ``NAME = "value", "what it means"``.

    What it means is for docs and page alone: a changed explanation reruns no job (``runtime.logic``).

    Attributes:
        says: the explanation.
    """

    says: str

    def __new__(cls, value: str, says: str) -> Self:
        """Take a value and its explanation."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.says = says
        return member
