"""YAML tables, read so that a broken one is named (configuration, registry of figures, weights, published values)."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from rbcflow.core.errors import InputError


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the one in C takes a tenth of the time
    """The safe loader, which by itself takes the last of two equal keys and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping with each key once."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} twice", key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


def parse_yaml(path: Path, meaning: str = "a YAML table") -> Any:
    """Return what a YAML file holds.

    Raises:
        InputError: the file is missing, no text, no YAML, or has a key twice; names the line.
    """
    if not path.is_file():
        raise InputError(path, "no such file", meaning)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except UnicodeDecodeError as error:
        raise InputError(path, f"bytes that are not UTF-8 ({error.reason})", meaning) from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"line {mark.line + 1}" if mark else None
        if problem and problem.endswith("twice"):
            raise InputError(path, problem, "each key once", where) from None
        found = f"text that is not YAML ({problem})" if problem else "text that is not YAML"
        raise InputError(path, found, "valid YAML", where) from None


def read_yaml(path: Path) -> dict:
    """Return a YAML mapping.

    Raises:
        InputError: as ``parse_yaml``, or the file is not a mapping.
    """
    data = parse_yaml(path)
    if not isinstance(data, dict) or not data:
        raise InputError(path, type(data).__name__, "a mapping of names to entries")
    return data
