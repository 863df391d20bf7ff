"""Modules that take seconds to import, for test modules that are collected even where none of their tests runs."""

from __future__ import annotations

import importlib
from typing import Any


class Lazy:
    """A module that is imported when something of it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        # pytest asks all that a module holds for `__test__`, which must not import it
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
