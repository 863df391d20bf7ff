"""Names as wildcards take them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel


def alternatives(names: Iterable[str]) -> str:
    """Return a regular expression that matches one of the names and nothing else."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def rows(table: Mapping[str, BaseModel]) -> dict[str, dict[str, Any]]:
    """Return the rows of a table as params carry them."""
    return {name: row.model_dump() for name, row in table.items()}
