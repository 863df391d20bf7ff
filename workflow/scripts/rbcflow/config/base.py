"""Types of the configuration's models, and the base of its tables' rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from rbcflow.core.digests import SHA256
from rbcflow.core.places import expanded
from rbcflow.core.strict import Strict

M = TypeVar("M", bound=BaseModel)

Place = Annotated[str, AfterValidator(expanded)]
"""A path as users write it: ``~`` and ``$NAME`` stand for what they stand for in a shell."""


def _sum(value: object) -> object:
    """Return the digits of a sha256 as tools print it: in capitals, behind ``sha256:``, before the file's name."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("64 hexadecimal digits in quotes: YAML takes digits alone for a number")
    if not isinstance(value, str):
        return value
    digits = value.strip().lower().removeprefix("sha256:").partition(" ")[0]
    if not re.fullmatch(SHA256, digits):
        raise ValueError("64 hexadecimal digits, as `sha256sum` prints them before the file's name")
    return digits


Sum = Annotated[str, Field(pattern=f"^{SHA256}$"), BeforeValidator(_sum)]
"""A sha256."""


def each_once(row: M, key: str) -> M:
    values = getattr(row, key)
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"`{key}` names {twice[0]} twice: its cells would be taken twice")
    return row


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Labelled(Strict):
    """A row of a table that readers meet: its title, and a short name for axes and legends."""

    title: str
    label: str | None = Field(
        None, max_length=26, description="short name in figures and on the page; left out: the row's name in words"
    )


def one_of(value: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    if value not in names:
        raise ValueError(f"{', '.join(map(repr, names[:-1]))} or {names[-1]!r}")
    return value
